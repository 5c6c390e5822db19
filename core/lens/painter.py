"""Views on paper: their pictures, drawn over the dimmed image with Pillow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.lens.colours import Colour
from core.lens.views.base import Scene, Tile
from core.lens.views.marks import Dots, Entry, Group, Label, Laid, Mark, Outline, Pointers
from core.lens.views.table import Words

LONG_SIDE: Final = 1280
"""Pixels of the longer side of a picture."""
_FINE: Final = 2
"""Lines are drawn so many times larger and then made smaller, which smooths them."""
_INK: Final = (18, 20, 26)
_PAPER: Final = (238, 240, 244)
_BAR: Final = 30
_TEXT: Final = 15
_LACKING: Final = str.maketrans({"×": "x", "√": "root of "})
"""What Pillow's own typeface has no sign for, and what stands in its place."""


def paint(scene: Scene, tiles: Sequence[Tile]) -> Image.Image:
    """The tiles of a view as one picture; two in a row when there are more."""
    images = [_tile(scene, tile) for tile in tiles]
    return images[0] if len(images) == 1 else _tiled(images, 2)


def _tile(scene: Scene, tile: Tile) -> Image.Image:
    pixels = scene.pixels
    if tile.room is not None:
        wide, high = (max(round(side), 1) for side in tile.room)
        pixels = np.zeros((high, wide, 3), dtype=np.uint8)
        pixels[: scene.pixels.shape[0], : scene.pixels.shape[1]] = scene.pixels[:high, :wide]
    canvas = _Canvas(pixels, LONG_SIDE // 2 if tile.small else LONG_SIDE, tile.dim)
    for mark in tile.marks:
        canvas.put(mark)
    lines = [line for line in tile.legend if isinstance(line, Entry)]
    keys = [(line.colour, _written(line.text)) for line in lines]
    return _with_legend(canvas.finished(), [(None, _written(tile.title)), *keys])


def _written(words: Words) -> str:
    """Words as Pillow's own typeface can write them."""
    return str(words).translate(_LACKING)


class _Canvas:
    """The image, dimmed, with an overlay that is drawn in pixels of the image."""

    def __init__(self, pixels: NDArray[np.uint8], long_side: int, dim: float) -> None:
        height, width = pixels.shape[:2]
        self.scale = long_side / max(height, width)
        size = (max(round(width * self.scale), 1), max(round(height * self.scale), 1))
        self._base = _dimmed(pixels, size, dim)
        self._over = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._over, "RGBA")

    def put(self, mark: Mark) -> None:
        """Draw a mark above those before; pictures lie below all others."""
        match mark:
            case Group():
                self._boxes(mark)
            case Laid():
                self._picture(mark)
            case Outline():
                self._outline(mark)
            case Pointers():
                self._pointers(mark)
            case Dots():
                self._dots(mark)
            case Label():
                self._label(mark)

    def finished(self) -> Image.Image:
        """All together."""
        over = self._over.resize(self._base.size, Image.Resampling.BOX)
        return Image.alpha_composite(self._base.convert("RGBA"), over).convert("RGB")

    def _picture(self, laid: Laid) -> None:
        place = laid.picture.place
        box = [round(v * self.scale) for v in (place.x0, place.y0, place.x1, place.y1)]
        size = (max(box[2] - box[0], 1), max(box[3] - box[1], 1))
        method = Image.Resampling.BILINEAR if laid.smooth else Image.Resampling.NEAREST
        drawn = Image.fromarray(laid.picture.pixels).resize(size, method)
        if laid.opacity < 1:
            drawn.putalpha(drawn.getchannel("A").point(lambda v: round(v * laid.opacity)))
        layer = Image.new("RGBA", self._base.size, (0, 0, 0, 0))
        layer.paste(drawn, (box[0], box[1]))
        self._base = Image.alpha_composite(self._base.convert("RGBA"), layer).convert("RGB")

    def _boxes(self, group: Group) -> None:
        """The first box of a group lies on top."""
        outline = (*group.colour, round(255 * group.opacity))
        for box in group.boxes[::-1]:
            x0, y0, x1, y1 = self._at(box)
            if x1 - x0 >= 1 and y1 - y0 >= 1:
                wide = self._wide(group.width)
                self._draw.rectangle((x0, y0, x1, y1), outline=outline, width=wide)

    def _pointers(self, lines: Pointers) -> None:
        for start, end, colour in zip(lines.starts, lines.ends, lines.colours, strict=True):
            x0, y0 = (float(v) * self.scale * _FINE for v in start)
            x1, y1 = (float(v) * self.scale * _FINE for v in end)
            self._draw.line((x0, y0, x1, y1), fill=colour, width=self._wide(lines.width))
            self._head(x0, y0, x1, y1, colour, lines.width)

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

    def _dots(self, dots: Dots) -> None:
        radius = dots.size * _FINE
        for point in dots.points:
            x, y = (float(v) * self.scale * _FINE for v in point)
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=dots.colour)

    def _outline(self, outline: Outline) -> None:
        if not outline.polygons:
            return
        stencil = Image.new("L", self._over.size, 0)
        draw = ImageDraw.Draw(stencil)
        for polygon in outline.polygons:
            draw.polygon(self._ring(polygon.outer), fill=255)
        for polygon in outline.polygons:
            for hole in polygon.holes:
                draw.polygon(self._ring(hole), fill=0)
        tint = Image.new("RGBA", self._over.size, (*outline.colour, 0))
        tint.putalpha(stencil.point(lambda value: round(value * outline.fill)))
        self._over.alpha_composite(tint)
        for polygon in outline.polygons:
            for ring in polygon.rings:
                points, wide = self._ring(ring), self._wide(outline.width)
                self._draw.line([*points, points[0]], fill=outline.colour, width=wide)

    def _label(self, label: Label) -> None:
        """Words on a dark field, kept inside the picture."""
        typeface, words = _font(_TEXT * _FINE - 4), _written(label.text)
        left, top, right, bottom = self._draw.textbbox((0, 0), words, font=typeface)
        wide, high = right - left + 8, bottom - top + 8
        at_x = min(max(label.x * self.scale * _FINE, 0), max(self._over.width - wide, 0))
        at_y = min(max(label.y * self.scale * _FINE - high, 0), max(self._over.height - high, 0))
        self._draw.rectangle((at_x, at_y, at_x + wide, at_y + high), fill=(*_INK, 190))
        at = (at_x + 4 - left, at_y + 4 - top)
        self._draw.text(at, words, font=typeface, fill=label.colour)

    def _at(self, box: NDArray[Any]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = (float(value) * self.scale * _FINE for value in box)
        return x0, y0, x1, y1

    def _ring(self, ring: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale * _FINE, y * self.scale * _FINE) for x, y in ring]

    def _wide(self, width: float) -> int:
        return max(1, round(width * _FINE))


def _dimmed(pixels: NDArray[np.uint8], size: tuple[int, int], dim: float) -> Image.Image:
    """The image in another size, part of its colour and light taken out."""
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    grey = image.convert("L").convert("RGB")
    duller = Image.blend(image, grey, min(1.0, dim * 1.3))
    return Image.blend(duller, Image.new("RGB", size, _INK), dim)


def _with_legend(image: Image.Image, words: Sequence[tuple[Colour | None, str]]) -> Image.Image:
    """An image with a bar below for words, some with a colour, as many lines as they need."""
    typeface = _font(_TEXT)
    lines: list[list[tuple[float, Colour | None, str]]] = [[]]
    x = 12.0
    for colour, text in words:
        wide = typeface.getlength(text) + (40 if colour else 24)
        if x + wide > image.width and lines[-1]:
            lines.append([])
            x = 12.0
        lines[-1].append((x, colour, text))
        x += wide
    whole = Image.new("RGB", (image.width, image.height + _BAR * len(lines)), _INK)
    whole.paste(image)
    draw = ImageDraw.Draw(whole)
    for number, line in enumerate(lines):
        middle = image.height + _BAR * number + _BAR / 2
        for at, colour, text in line:
            if colour:
                draw.rounded_rectangle((at, middle - 6, at + 12, middle + 6), 3, fill=colour)
            start = at + (18 if colour else 0)
            draw.text((start, middle), text, font=typeface, fill=_PAPER, anchor="lm")
    return whole


def _tiled(images: Sequence[Image.Image], columns: int, gap: int = 4) -> Image.Image:
    """Images side by side in rows, as high as the highest."""
    wide, high = images[0].width, max(image.height for image in images)
    rows = -(-len(images) // columns)
    size = (columns * (wide + gap) - gap, rows * (high + gap) - gap)
    whole = Image.new("RGB", size, _INK)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        whole.paste(image, (column * (wide + gap), row * (high + gap)))
    return whole


@cache
def _font(size: int) -> Any:
    """Pillow's own typeface in a size."""
    return ImageFont.load_default(size)
