"""Layers that show what views draw: switched, drawn when they are out of date, and explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.cells import CellLayer
from app.canvas.layers.chain import ChainLayer, OutlineLayer
from app.canvas.layers.legend import LegendLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import DrawingLayer, PlainLayer
from app.canvas.layers.roi import ArrowLayer, BarsLayer, SamplingLayer
from app.canvas.viewport import Viewport
from core.lens.views.marks import (
    AnchorsShown,
    ArrowsShown,
    BarsShown,
    BoxesShown,
    CellsShown,
    ChainShown,
    Drawing,
    Later,
    Line,
    OutlinesShown,
    Pending,
    PictureAsked,
    PictureShown,
    SamplingShown,
)

FORMS: Final[dict[type[Any], type[DrawingLayer[Any]]]] = {
    BoxesShown: BoxLayer,
    AnchorsShown: AnchorLayer,
    CellsShown: CellLayer,
    PictureShown: PictureLayer,
    SamplingShown: SamplingLayer,
    BarsShown: BarsLayer,
    ArrowsShown: ArrowLayer,
    OutlinesShown: OutlineLayer,
    ChainShown: ChainLayer,
}
"""What paints each kind of drawing."""


class DrawnLayers(QObject):
    """Layers by their names, and a legend for those that are seen.

    `changed` follows counts and switches.
    """

    changed = Signal()

    def __init__(
        self, viewport: Viewport, layers: Mapping[str, DrawingLayer[Any]], legend: str
    ) -> None:
        """`legend` is the name of the board that explains the others."""
        super().__init__(viewport)
        self._viewport = viewport
        self._layers = dict(layers)
        self._lines: dict[str, tuple[Line, ...]] = {}
        self._stale: set[str] = set()
        self.legend = LegendLayer()
        self.all: dict[str, PlainLayer] = {**layers, legend: self.legend}
        self.boxes = {n: each for n, each in layers.items() if isinstance(each, BoxLayer)}
        for layer in self.all.values():
            viewport.add_layer(layer)

    def set_visible(self, name: str, visible: bool) -> None:
        """Switch a layer."""
        self.all[name].visible = visible
        self.refresh()

    def set_opacity(self, name: str, opacity: float) -> None:
        """Let the image shine through a layer, 0 to 1."""
        self.all[name].opacity = opacity
        self._viewport.layer_changed()

    def see(self, names: tuple[str, ...]) -> None:
        """Let exactly these layers be seen, without drawing them yet."""
        for name, layer in self.all.items():
            layer.visible = name in names

    @property
    def ready(self) -> bool:
        """Whether there is anything to draw."""
        raise NotImplementedError

    def draw(self, name: str) -> Drawing | None:
        """What a layer shows now."""
        raise NotImplementedError

    def drawn(self) -> None:
        """Layers were drawn again: mark what stands out."""

    def refresh(self) -> None:
        """Draw the layers that are seen and out of date."""
        if self.ready:
            seen = {name for name, layer in self._layers.items() if layer.visible}
            due = seen & self._stale
            for name in due:
                self.take(name, self.draw(name))
            self._stale -= due
            if due:
                self.drawn()
        self.tell()

    def tell(self) -> None:
        """Explain what is seen, and let it be painted."""
        seen = (name for name, layer in self.all.items() if layer.visible)
        # Two layers may share a scale.
        lines = dict.fromkeys(line for name in seen for line in self._lines.get(name, ()))
        self.legend.show(tuple(lines) if self.ready else ())
        self.changed.emit()
        self._viewport.layer_changed()

    def take(self, name: str, drawing: Drawing | None) -> None:
        """Show a drawing on its layer."""
        match drawing:
            case None:
                self._lines.pop(name, None)
                self._layers[name].clear()
            case Pending() | Later() | PictureAsked():
                pass
            case _:
                self._layers[name].show(drawing)
                self._lines[name] = drawing.legend

    def clear(self) -> None:
        """Show nothing."""
        for layer in self._layers.values():
            layer.clear()
        self._lines.clear()
