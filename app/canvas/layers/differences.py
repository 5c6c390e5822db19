"""The layer of what another state of the labels has, and the present one has not, or otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from app.canvas.layers.base import LayerView
from app.canvas.layers.plain import HALO, PlainLayer, pen_of, tag
from app.canvas.outlines import is_heavy, make_path
from app.canvas.style import PAPER
from core.document.geometry.measure import Rect, bounds
from core.lens.colours import Style
from core.session.difference import Difference, Kind

COLOURS: Final = {
    Kind.ADDED: QColor("#3ddc97"),
    Kind.REMOVED: QColor("#ff6fb5"),
    Kind.CHANGED: QColor("#ffd166"),
}
SIGNS: Final = {Kind.ADDED: "+", Kind.REMOVED: "\N{MINUS SIGN}", Kind.CHANGED: "~"}
STYLES: Final = {Kind.ADDED: Style.SOLID, Kind.REMOVED: Style.DASH, Kind.CHANGED: Style.SOLID}
_WIDTH: Final = 2.6
_MOST: Final = 2000
"""Outlines that are drawn; more of them say nothing more."""
_MOST_TAGS: Final = 60

_Row = tuple[Difference, Rect, QPainterPath]


class DifferencesLayer(PlainLayer):
    """What would come with a solid line and a plus, what would go dashed with a minus, what would
    be another as it would be.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lit: str | None = None
        """The id of the one that stands out."""
        self._rows: tuple[_Row, ...] = ()

    @property
    def count(self) -> int:
        """How many outlines there are."""
        return len(self._rows)

    def show(self, differences: Sequence[Difference]) -> None:
        """Show other outlines."""
        self.lit = None
        self.visible = bool(differences)
        self._rows = tuple(
            (each, bounds(each.shape), make_path(each.shape)) for each in differences[:_MOST]
        )

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Rims first, so that no line hides under the rim of another; then lines; then signs."""
        shown = [each for each in self._rows if each[1].intersects(view.visible)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for difference, _, path in shown:
            lit = difference.id == self.lit
            if not is_heavy(path, view.scale):
                rim = PAPER if lit else HALO
                painter.setPen(pen_of(rim, (_WIDTH + (5.0 if lit else 2.4)) * view.dpr))
                painter.drawPath(path)
        for difference, _, path in shown:
            width = 1.0 if is_heavy(path, view.scale) else _WIDTH * view.dpr
            kind = difference.kind
            painter.setPen(pen_of(COLOURS[kind], width, STYLES[kind]))
            painter.drawPath(path)
        for difference, box, _ in shown[:_MOST_TAGS]:
            kind = difference.kind
            tag(painter, view, (box.x0, box.y0), [(SIGNS[kind], COLOURS[kind])])
