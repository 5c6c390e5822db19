"""An image with the outlines of instances over it, for where there is no window."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.document.instance import Instance, Ring

GOLDEN: Final = 0.618033988749895  # steps around the colour circle that keep neighbours apart
FILL: Final = 0.35


def draw_overlay(pixels: NDArray[np.uint8], instances: Sequence[Instance]) -> bytes:
    """A PNG of the image (uint8 H×W×3) with each instance tinted and outlined."""
    picture = Image.fromarray(pixels)
    width = max(1, round(max(picture.size) / 500))
    for number, instance in enumerate(instances):
        red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1.0, 0.85, 1.0)
        colour = (round(red * 255), round(green * 255), round(blue * 255))
        picture.paste(colour, mask=_cover(instance, picture.size))
        pen = ImageDraw.Draw(picture)
        for polygon in instance.polygons:
            for ring in polygon.rings:
                pen.line([*_points(ring), *_points(ring[:1])], colour, width, joint="curve")
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()


def _cover(instance: Instance, size: tuple[int, int]) -> Image.Image:
    """How much of the instance's colour each pixel gets, holes left out."""
    cover = Image.new("L", size, 0)
    pen = ImageDraw.Draw(cover)
    for polygon in instance.polygons:
        pen.polygon(_points(polygon.outer), fill=round(255 * FILL))
        for hole in polygon.holes:
            pen.polygon(_points(hole), fill=0)
    return cover


def _points(ring: Ring) -> list[tuple[float, float]]:
    """A ring in Pillow's coordinates, where whole numbers are the centres of pixels."""
    return [(x - 0.5, y - 0.5) for x, y in ring]
