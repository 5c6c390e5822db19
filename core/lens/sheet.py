"""Drawing over the dimmed image with Pillow: boxes, arrows, outlines, pictures and a legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.document.instance import Polygons
from core.lens.colours import Colour
from core.lens.pictures import Picture

LONG_SIDE: Final = 1280
"""Pixels of the longer side of a sheet."""
_FINE: Final = 2
"""Lines are drawn so many times larger and then made smaller, which smooths them."""
_INK: Final = (18, 20, 26)
_PAPER: Final = (238, 240, 244)
_BAR: Final = 30
_TEXT: Final = 15

Key = tuple[Colour, str]
"""One entry of a legend."""


class Sheet:
    """The image, dimmed, with an overlay that is drawn in pixels of the image."""

    def __init__(
        self, pixels: NDArray[np.uint8], *, long_side: int = LONG_SIDE, dim: float = 0.45
    ) -> None:
        """`pixels` is the upright image, uint8 H×W×3; `dim` 0 leaves it as it is."""
        height, width = pixels.shape[:2]
        self.scale = long_side / max(height, width)
        size = (max(round(width * self.scale), 1), max(round(height * self.scale), 1))
        self._base = dimmed(pixels, size, dim)
        self._over = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._over, "RGBA")

    def picture(self, picture: Picture, *, opacity: float = 1.0, smooth: bool = True) -> None:
        """Lay a picture under the lines."""
        place = picture.place
        box = [round(v * self.scale) for v in (place.x0, place.y0, place.x1, place.y1)]
        size = (max(box[2] - box[0], 1), max(box[3] - box[1], 1))
        method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        drawn = Image.fromarray(picture.pixels).resize(size, method)
        if opacity < 1:
            drawn.putalpha(drawn.getchannel("A").point(lambda value: round(value * opacity)))
        layer = Image.new("RGBA", self._base.size, (0, 0, 0, 0))
        layer.paste(drawn, (box[0], box[1]))
        self._base = Image.alpha_composite(self._base.convert("RGBA"), layer).convert("RGB")

    def boxes(
        self,
        boxes: NDArray[Any],
        colours: Sequence[Colour],
        *,
        width: float = 1.5,
        opacity: float = 1.0,
    ) -> None:
        """Outlines of boxes N×4 in image pixels, the first on top."""
        alpha = round(255 * opacity)
        for box, colour in reversed(list(zip(boxes, colours, strict=True))):
            x0, y0, x1, y1 = self._at(box)
            if x1 - x0 >= 1 and y1 - y0 >= 1:
                outline = (*colour, alpha)
                self._draw.rectangle((x0, y0, x1, y1), outline=outline, width=self._wide(width))

    def lines(
        self, starts: NDArray[Any], ends: NDArray[Any], colours: Sequence[Colour], width: float = 2
    ) -> None:
        """Arrows from points N×2 to points N×2 in image pixels."""
        for start, end, colour in zip(starts, ends, colours, strict=True):
            x0, y0 = (float(v) * self.scale * _FINE for v in start)
            x1, y1 = (float(v) * self.scale * _FINE for v in end)
            self._draw.line((x0, y0, x1, y1), fill=colour, width=self._wide(width))
            self._head(x0, y0, x1, y1, colour, width)

    def _head(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour, width: float
    ) -> None:
        length = float(np.hypot(x1 - x0, y1 - y0))
        size = min(7 * _FINE * width / 2, length * 0.6)
        if length < 1:
            return
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        left = (x1 - size * (ux + uy * 0.5), y1 - size * (uy - ux * 0.5))
        right = (x1 - size * (ux - uy * 0.5), y1 - size * (uy + ux * 0.5))
        self._draw.polygon([(x1, y1), left, right], fill=colour)

    def dots(self, points: NDArray[Any], colours: Sequence[Colour], size: float = 2) -> None:
        """Dots at points N×2 in image pixels."""
        radius = size * _FINE
        for point, colour in zip(points, colours, strict=True):
            x, y = (float(v) * self.scale * _FINE for v in point)
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def outline(
        self, polygons: Polygons, colour: Colour, *, fill: float = 0.35, width: float = 2
    ) -> None:
        """An outline with its holes, filled with some opacity."""
        if not polygons:
            return
        stencil = Image.new("L", self._over.size, 0)
        draw = ImageDraw.Draw(stencil)
        for polygon in polygons:
            draw.polygon(self._ring(polygon.outer), fill=255)
        for polygon in polygons:
            for hole in polygon.holes:
                draw.polygon(self._ring(hole), fill=0)
        tint = Image.new("RGBA", self._over.size, (*colour, 0))
        tint.putalpha(stencil.point(lambda value: round(value * fill)))
        self._over.alpha_composite(tint)
        for polygon in polygons:
            for ring in polygon.rings:
                points = self._ring(ring)
                self._draw.line([*points, points[0]], fill=colour, width=self._wide(width))

    def text(self, x: float, y: float, words: str, colour: Colour) -> None:
        """A caption whose lower left corner is at a point of the image, kept on the sheet."""
        typeface = font(_TEXT * _FINE - 4)
        left, top, right, bottom = self._draw.textbbox((0, 0), words, font=typeface)
        wide, high = right - left + 8, bottom - top + 8
        at_x = min(max(x * self.scale * _FINE, 0), max(self._over.width - wide, 0))
        at_y = min(max(y * self.scale * _FINE - high, 0), max(self._over.height - high, 0))
        self._draw.rectangle((at_x, at_y, at_x + wide, at_y + high), fill=(*_INK, 190))
        self._draw.text((at_x + 4 - left, at_y + 4 - top), words, font=typeface, fill=colour)

    def finished(self, title: str = "", keys: Iterable[Key] = ()) -> Image.Image:
        """The sheet as RGB with a bar below that holds a title and a legend."""
        over = self._over.resize(self._base.size, Image.Resampling.BOX)
        image = Image.alpha_composite(self._base.convert("RGBA"), over).convert("RGB")
        return with_legend(image, title, list(keys))

    def _at(self, box: NDArray[Any]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = (float(value) * self.scale * _FINE for value in box)
        return x0, y0, x1, y1

    def _ring(self, ring: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale * _FINE, y * self.scale * _FINE) for x, y in ring]

    def _wide(self, width: float) -> int:
        return max(1, round(width * _FINE))


def dimmed(pixels: NDArray[np.uint8], size: tuple[int, int], dim: float) -> Image.Image:
    """The image in another size, part of its colour and light taken out."""
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    grey = image.convert("L").convert("RGB")
    duller = Image.blend(image, grey, min(1.0, dim * 1.3))
    return Image.blend(duller, Image.new("RGB", size, _INK), dim)


def with_legend(image: Image.Image, title: str, keys: Sequence[Key]) -> Image.Image:
    """An image with a bar below for a title and coloured keys, as many lines as they need."""
    typeface = font(_TEXT)
    words = ([(None, title)] if title else []) + [(colour, text) for colour, text in keys]
    if not words:
        return image
    lines: list[list[tuple[float, Colour | None, str]]] = [[]]
    x = 12.0
    for colour, text in words:
        wide = typeface.getlength(text) + (40 if colour else 24)
        if x + wide > image.width and lines[-1]:
            lines.append([])
            x = 12.0
        lines[-1].append((x, colour, text))
        x += wide
    sheet = Image.new("RGB", (image.width, image.height + _BAR * len(lines)), _INK)
    sheet.paste(image)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        middle = image.height + _BAR * number + _BAR / 2
        for at, colour, text in line:
            if colour:
                draw.rounded_rectangle((at, middle - 6, at + 12, middle + 6), 3, fill=colour)
            start = at + (18 if colour else 0)
            draw.text((start, middle), text, font=typeface, fill=_PAPER, anchor="lm")
    return sheet


def tiled(images: Sequence[Image.Image], columns: int, gap: int = 4) -> Image.Image:
    """Images of one size side by side in rows."""
    wide, high = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (wide + gap) - gap, rows * (high + gap) - gap), _INK)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet.paste(image, (column * (wide + gap), row * (high + gap)))
    return sheet


@cache
def font(size: int) -> Any:
    """Pillow's own typeface in a size."""
    return ImageFont.load_default(size)
