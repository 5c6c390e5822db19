"""What a layer over the image is: something that paints in image coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QPainter

from core.document.geometry.measure import Rect


@dataclass(frozen=True, slots=True)
class LayerView:
    """What a layer needs to know of the viewport while it paints.

    `visible` is the part of image space in sight, cut to the image; `scale` is device pixels per
    image pixel; `dpr` is device pixels per logical pixel (multiply widths of cosmetic pens by it);
    `room` is the width and height of the viewport in logical pixels, in which a painter counts
    after `resetTransform`.
    """

    visible: Rect
    scale: float
    dpr: float
    room: tuple[int, int]


class Layer(Protocol):
    """A layer. The viewport asks it to paint whenever the canvas is repainted.

    `below_instances` puts it between the image and the instances, else it lies over them.
    After a change of its own a layer's owner calls `Viewport.layer_changed`.
    """

    visible: bool
    opacity: float
    below_instances: bool

    def paint(self, painter: QPainter, view: LayerView) -> None:
        """Paint in image coordinates, clipped to the viewport; use cosmetic pens."""

    def hover(self, x: float, y: float, tolerance: float) -> bool:
        """The pointer is at (x, y) in image pixels. True when the layer wants to be repainted."""

    def leave(self) -> None:
        """The pointer has left; the layer is repainted in any case."""

    def pick(self, x: float, y: float, tolerance: float) -> bool:
        """A click at (x, y) with the select tool. True when the layer took it."""
