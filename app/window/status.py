"""The status bar: pixel, size, zoom, jobs, model, device, engine, save state."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.base.icons import icon
from app.widgets.elided import ElidedLabel
from app.window.job_strip import JobStrip

LOOK_WIDTH = 190


class StatusBar(QWidget):
    """Plain cells with thin rules between them.

    Where the hint of the tool has no room, what other places say as well goes first: the size of
    the image, then model and device. What still does not fit, its tool tip says.

    `look_wanted` follows a click on the sign that the image is shown otherwise than it is.
    """

    look_wanted = Signal()

    def __init__(self, jobs: JobStrip) -> None:
        super().__init__()
        self._rules: dict[QLabel, QFrame] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 0, 10, 0)
        self._row.setSpacing(8)
        self._pixel = self._cell(self.tr("Pixel under the pointer"), 27)
        self._size = self._cell(self.tr("Size of the image"), 12)
        self._zoom = self._cell(self.tr("Zoom"), 7)
        self._look = QToolButton()
        self._look.setAutoRaise(True)
        self._look.setIcon(icon("adjust"))
        self._look.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._look.setAccessibleName(self.tr("The view is changed"))
        self._look.clicked.connect(self.look_wanted)
        self._look.hide()
        self._row.addWidget(self._look)
        self._hint = self._cell(self.tr("What the tool in the hand does"), 0)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignLeft)
        # Work is told whole, the hint takes what is left.
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row.setStretchFactor(self._hint, 1)
        self._row.addWidget(jobs)
        self._engine = self._cell(self.tr("Model, device and state of the engine"), 0)
        self._engine_text = ""
        self._save = self._cell(self.tr("Whether all is saved"), 10)
        # As high as a row of the job strip, so that the canvas does not jump when one appears.
        self._row.addStrut(self.fontMetrics().height() + 12)

    def set_pixel(self, text: str) -> None:
        """Where the pointer is and what the image holds there."""
        self._pixel.setText(text)

    def set_size(self, text: str) -> None:
        """Width and height of the image."""
        self._size.setText(text)
        self._fit()

    def set_zoom(self, text: str) -> None:
        """The zoom in per cent."""
        self._set(self._zoom, text)

    def set_look(self, text: str, tip: str) -> None:
        """How the image is shown otherwise than it is; empty where it is not."""
        metrics = self.fontMetrics()
        self._look.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, LOOK_WIDTH))
        self._look.setToolTip(tip)
        self._look.setVisible(bool(text))

    def set_hint(self, text: str) -> None:
        """What mouse and keys do with the tool in the hand."""
        self._hint.setText(text)
        self._hint.setToolTip(text)
        self._fit()

    def set_engine(self, text: str, tip: str) -> None:
        """Model, device and what the engine does."""
        self._engine_text = text
        self._engine.setToolTip(f"{text}\n{tip}" if text else tip)
        self._fit()

    def set_save(self, text: str, tip: str = "") -> None:
        """Saved, unsaved, saving or failed."""
        self._set(self._save, text)
        self._save.setToolTip(tip)

    def texts(self) -> dict[str, str]:
        """All cells by name, for tests and for people who ask for help."""
        return {
            "pixel": self._pixel.text(),
            "size": self._size.text(),
            "zoom": self._zoom.text(),
            "look": self._look.text(),
            "hint": self._hint.text(),
            "engine": self._engine_text,
            "save": self._save.text(),
        }

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width: more or less of it all fits."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        whole = self._engine_text
        state = whole.rpartition(" · ")[2]
        for size, engine in ((self._size.text(), whole), ("", whole), ("", state)):
            for each in (self._size, self._rules[self._size]):
                each.setVisible(bool(size))
            self._engine.setText(engine)
            if self._taken() + self._hint.sizeHint().width() <= self.width():
                return

    def _taken(self) -> int:
        """Pixels that all but the hint want."""
        items = (self._row.itemAt(place) for place in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        others = [each for each in widgets if each and each is not self._hint]
        wanted = [
            max(each.sizeHint().width(), each.minimumWidth()) + self._row.spacing()
            for each in others
            if not each.isHidden()
        ]
        margins = self._row.contentsMargins()
        return sum(wanted) + margins.left() + margins.right()

    def _set(self, cell: QLabel, text: str) -> None:
        cell.setText(text)
        self._rules[cell].setVisible(bool(text))

    def _cell(self, name: str, letters: int) -> QLabel:
        label = QLabel() if letters else ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        if self._row.count() and letters != 0:
            rule = QFrame()
            rule.setFrameShape(QFrame.Shape.VLine)
            rule.setForegroundRole(QPalette.ColorRole.Mid)
            rule.setFixedHeight(self.fontMetrics().height())
            self._row.addWidget(rule)
            rule.hide()
            self._rules[label] = rule
        label.setAccessibleName(name)
        label.setToolTip(name)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        label.setMinimumWidth(self.fontMetrics().averageCharWidth() * letters)
        if letters == 0:
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._row.addWidget(label)
        return label
