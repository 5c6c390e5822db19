"""The layer of what a new model finds in the open image and the old did not, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, PlainLayer, pen_of, tag
from app.canvas.outlines import make_path
from app.canvas.style import PAPER
from core.document.geometry.measure import Rect, bounds
from core.learning.gains import Change
from core.lens.colours import Style

GAINED: Final = QColor("#3ddc97")
LOST: Final = QColor("#ff6fb5")
STYLES: Final = {True: Style.SOLID, False: Style.DASH}
SIGNS: Final = {True: "+", False: "\N{MINUS SIGN}"}
_WIDTH: Final = 2.6
_MOST_TAGS: Final = 60


class GainsLayer(PlainLayer):
    """Gained ones with a solid line and a plus, lost ones with a dashed line and a minus."""

    def __init__(self) -> None:
        super().__init__()
        self.lit: str | None = None
        """The id of the one that stands out."""
        self._changes: tuple[tuple[Change, Rect, QPainterPath], ...] = ()

    @property
    def count(self) -> int:
        """How many outlines there are."""
        return len(self._changes)

    def show(self, changes: Sequence[Change]) -> None:
        """Show other outlines."""
        self.lit = None
        self._changes = tuple(
            (one, bounds(one.instance), make_path(one.instance)) for one in changes
        )

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Rims first, so that no line hides under the rim of another; then lines; then signs."""
        shown = [each for each in self._changes if _meets(each[1], view.visible)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for change, _, path in shown:
            lit = change.instance.id == self.lit
            rim = PAPER if lit else HALO
            painter.setPen(pen_of(rim, (_WIDTH + (5.0 if lit else 2.4)) * view.dpr))
            painter.drawPath(path)
        for change, _, path in shown:
            colour = GAINED if change.gained else LOST
            painter.setPen(pen_of(colour, _WIDTH * view.dpr, STYLES[change.gained]))
            painter.drawPath(path)
        for change, box, _ in shown[:_MOST_TAGS]:
            colour = GAINED if change.gained else LOST
            tag(painter, view, (box.x0, box.y0), [(SIGNS[change.gained], colour)])


def _meets(box: Rect, part: Rect) -> bool:
    return box.x0 <= part.x1 and part.x0 <= box.x1 and box.y0 <= part.y1 and part.y0 <= box.y1
