"""AP before and after the knobs were turned, on the done images of the folder."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.lens.effect import Effect
from core.lens.words import cut_off
from core.protocol.messages.lens_effect import LensEffect


class EffectBox(QWidget):
    """Seen as long as a knob is off the model's own."""

    def __init__(self, effect: Effect) -> None:
        super().__init__()
        self._effect = effect
        self.button = QPushButton()
        # In a narrow panel its text must not widen the page of the knobs.
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.button.clicked.connect(self._on_button)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self.cells: list[QLabel] = []
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 6)
        column.addWidget(self.button)
        column.addLayout(self._grid)
        column.addWidget(self.said)
        column.addWidget(line)
        effect.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the figures, or why there are none."""
        effect = self._effect
        self.setVisible(effect.off)
        if not effect.off:
            return
        images = effect.done_images
        self.button.setText(
            self.tr("Stop")
            if effect.running
            else self.tr("What it does to AP on %n done image(s)", "", images)
        )
        self.button.setVisible(effect.running or images > 0)
        self._show_rows(effect.found)
        self.said.setText(self._words(images))
        self.said.setVisible(bool(self.said.text()))

    def _words(self, images: int) -> str:
        effect = self._effect
        if effect.problem:
            return effect.problem
        if effect.found is not None:
            parts = [self.tr("%n image(s)", "", effect.found.images)]
            parts.append(self.tr("%n instance(s)", "", effect.found.instances))
            parts.append(self.tr("masks by IoU of pixels, as COCO counts"))
            if effect.failed:
                parts.append(self.tr("%n could not be read", "", effect.failed))
            return " · ".join(parts)
        if not images and not effect.running:
            return self.tr(
                "No image is marked as done. What these settings do to AP is measured on images "
                "that you have marked so, as their labels are whole."
            )
        return ""

    def _show_rows(self, found: LensEffect | None) -> None:
        for cell in self.cells:
            self._grid.removeWidget(cell)
            cell.deleteLater()
        self.cells = []
        if found is None:
            return
        kinds = {
            "box": (self.tr("box AP"), self.tr("box AP50")),
            "mask": (self.tr("mask AP"), self.tr("mask AP50")),
            "keypoints": (self.tr("keypoint AP (OKS)"), self.tr("keypoint AP50 (OKS)")),
        }
        lines = [("", self.tr("before"), self.tr("after"), self.tr("change"))]
        for row in found.rows:
            values = (row.before.ap, row.after.ap), (row.before.ap50, row.after.ap50)
            for title, (before, after) in zip(kinds.get(row.kind, ()), values, strict=False):
                lines.append((title, *figures(before, after)))
        for place, line in enumerate(lines):
            for column, text in enumerate(line):
                cell = QLabel(text)
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                self._grid.addWidget(cell, place, column, side)
                self.cells.append(cell)

    def _on_button(self) -> None:
        if self._effect.running:
            self._effect.cancel()
        else:
            self._effect.measure()


def figures(before: float, after: float) -> tuple[str, str, str]:
    """Both figures with three places, cut off, and their difference with its sign."""
    one, two = cut_off(before, 3), cut_off(after, 3)
    return f"{one:.3f}", f"{two:.3f}", f"{two - one:+.3f}" if one != two else "="
