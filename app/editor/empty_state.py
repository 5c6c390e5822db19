"""What stands in the middle while there is no image: a welcome, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon, pixmap
from app.widgets.banners import Kind, kind_colour

ROWS = 5


class EmptyState(QWidget):
    """Two buttons and the recent folders. `folder_chosen` carries a recent folder."""

    folder_chosen = Signal(object)

    def __init__(self, open_folder: QAction, try_sample: QAction) -> None:
        super().__init__()
        self._sign = QLabel()
        self._sign.setPixmap(icon("app").pixmap(QSize(64, 64)))
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel("masklens")
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 1.9)
        font.setWeight(QFont.Weight.DemiBold)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint = QLabel(self.tr("Open a folder of images, or drop one here."))
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for action in (open_folder, try_sample):
            button = QPushButton(action.icon(), action.text().rstrip("…"))
            button.setIconSize(QSize(20, 20))
            button.setMinimumSize(150, 36)
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            buttons.addWidget(button)
            self._buttons = [*getattr(self, "_buttons", []), (button, action)]
        buttons.addStretch(1)
        self._recent_head = QLabel(self.tr("Recent"))
        self._recent_head.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._recent_head.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.addStretch(2)
        for widget in (self._sign, title, hint):
            column.addWidget(widget)
            column.addSpacing(4)
        column.addSpacing(10)
        column.addLayout(buttons)
        column.addSpacing(24)
        column.addWidget(self._recent_head)
        column.addLayout(self._recent)
        column.addStretch(3)
        self.set_recent([])

    def set_recent(self, folders: Sequence[str]) -> None:
        """List the folders opened last, as far as they exist."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._recent_head.setVisible(bool(folders))
        for folder in folders[:ROWS]:
            self._recent.addWidget(self._recent_button(folder), 0, Qt.AlignmentFlag.AlignHCenter)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            for button, action in self._buttons:
                button.setIcon(action.icon())
        super().changeEvent(event)

    def _recent_button(self, folder: str) -> QPushButton:
        metrics = self.fontMetrics()
        text = metrics.elidedText(_short(folder), Qt.TextElideMode.ElideMiddle, 460)
        button = QPushButton(text)
        button.setFlat(True)
        button.setToolTip(folder)
        button.setAccessibleName(folder)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.folder_chosen.emit(Path(folder)))
        return button


class MessagePage(QWidget):
    """A sign and a sentence in the middle: why there is no image to see."""

    def __init__(self) -> None:
        super().__init__()
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = QLabel()
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 24, 48, 24)
        column.addStretch(2)
        column.addWidget(self._sign)
        column.addSpacing(8)
        column.addWidget(self._text)
        column.addStretch(3)

    def show_message(self, kind: Kind, text: str) -> None:
        """Say it."""
        self._sign.setPixmap(pixmap(kind.value, 32, kind_colour(kind), self.devicePixelRatioF()))
        self._text.setText(text)
        self.setAccessibleName(text)

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()


def _short(folder: str) -> str:
    home = str(Path.home())
    return "~" + folder[len(home) :] if folder.startswith(home) else folder
