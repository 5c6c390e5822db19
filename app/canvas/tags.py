"""Name tags beside instances, where there is room for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from app.canvas.outlines import Outline, OutlineTable
from app.canvas.style import DASH, INK, PAPER, REGION, Palette, faded, ink_on
from app.canvas.view import View
from core.document.geometry.measure import Rect
from core.document.instance import Shape
from core.document.regions import is_done, is_ignored
from core.lru import Lru

CANDIDATES = 400
"""Instances that are looked at when tags are chosen."""
LEAST_SIDE = 28.0
"""Instances narrower or lower than this many logical pixels have no room for any tag."""
_PAD = 5.0
_HEIGHT_PAD = 2.0
_ROUND = 3.0
_ROOM = 0.75
"""A tag needs an instance at least this much of its own width wide."""
_KEPT = 500
_CELL = 128
_Rows = NDArray[np.float64]
_NO_ROWS: _Rows = np.empty((0, 6))


@dataclass(frozen=True, slots=True)
class _Face:
    text: str
    colour: int
    suggested: bool
    dpr: float


class Tags:
    """Chooses, places and paints tags; their pictures are kept.

    Which instances get one is decided when the canvas has come to rest; while it moves, the tags
    chosen before move along.
    """

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.font = QFont()
        self._faces: Lru[_Face, QImage] = Lru(_KEPT)
        self._chosen: list[_Tag] = []
        self._known: dict[int, _Tag] = {}  # by the outline, as long as pictures are kept
        self._done_for: tuple[float, Rect] | None = None
        self._rows = _NO_ROWS  # of those chosen: box, width and height of the tag
        self._placed: tuple[View, list[tuple[_Tag, int, int]]] | None = None

    def clear(self) -> None:
        """Forget the pictures, for instance when the font is another."""
        self._faces.clear()
        self._known.clear()
        self.outdate()

    def outdate(self) -> None:
        """The instances are others: tags are to be chosen anew, and those of gone ones vanish."""
        self._done_for = None
        kept = [tag.is_current() for tag in self._chosen]
        if not all(kept):
            self._take(list(compress(self._chosen, kept)), self._rows[kept])

    def _take(self, chosen: list[_Tag], rows: _Rows) -> None:
        self._chosen, self._rows, self._placed = chosen, rows, None

    def is_chosen(self, view: View) -> bool:
        """Whether the choice that was made serves a view."""
        if self._done_for is None:
            return False
        scale, around = self._done_for
        return scale == view.device_scale and _covers(around, view.visible())

    def choose(self, view: View, tables: Sequence[OutlineTable]) -> None:
        """Decide which instances in sight, and a little around, get a tag: the largest first."""
        if self.is_chosen(view):
            return
        sight = view.visible()
        around = sight.grown(max(sight.width, sight.height) / 3)
        self._done_for = (view.device_scale, around)
        side = LEAST_SIDE / view.scale
        found = [
            (each, table) for table in tables for each in table.largest(around, side, CANDIDATES)
        ]
        if len(tables) > 1:
            found.sort(key=lambda pair: -pair[0].box.width * pair[0].box.height)
        known, tags = self._known, []
        self._known = {}
        for outline, table in found[:CANDIDATES]:
            tag = known.get(id(outline))
            if tag is None or not tag.shows(outline, view.dpr):
                tag = self._tag(outline, table, view.dpr)
            self._known[id(outline)] = tag
            tags.append(tag)
        rows = np.array([tag.row for tag in tags]).reshape(-1, 6)
        plan, scale = _Plan(), view.device_scale
        wide, high = (rows[:, 2] - rows[:, 0]) * scale, (rows[:, 3] - rows[:, 1]) * scale
        room = (wide >= rows[:, 4] * _ROOM) & (high >= rows[:, 5] * 1.5)
        places = _places_above(rows, view).tolist()
        kept = [k for k in np.flatnonzero(room).tolist() if plan.take(*places[k])]
        self._take([tags[k] for k in kept], rows[kept])

    def paint(
        self,
        painter: QPainter,
        view: View,
        forced: Sequence[Outline],
        hidden: Collection[str] | None,
    ) -> None:
        """Paint the tags that were chosen, but for `hidden` (None: all of them), and `forced`."""
        if hidden is not None:
            for tag, x, y in self._places(view):
                if tag.instance.id not in hidden:
                    painter.drawImage(x, y, tag.image)
        taken: list[QRectF] = []
        for outline in forced:
            tag = self._tag(outline, None, view.dpr)
            place = tag.place_within(view)
            if place is not None:
                # These are never left out: one that would cover another goes above it.
                while any(place.intersects(other) for other in taken):
                    place.translate(0, -place.height())
                taken.append(place)
                painter.drawImage(place.topLeft(), tag.image)

    def _places(self, view: View) -> list[tuple[_Tag, int, int]]:
        """Where the tags that were chosen go, of those that are seen."""
        if self._placed is None or self._placed[0] != view:
            places = _places_within(self._rows, view).astype(np.intp).tolist()
            pairs = zip(self._chosen, places, strict=True)
            self._placed = view, [(tag, x, y) for tag, (x, y, seen) in pairs if seen]
        return self._placed[1]

    def _tag(self, outline: Outline, table: OutlineTable | None, dpr: float) -> _Tag:
        image, box = self._face(outline.instance, dpr), outline.box
        row = box.x0, box.y0, box.x1, box.y1, image.width(), image.height()
        return _Tag(outline, outline.instance, image, row, table, dpr)

    def _face(self, instance: Shape, dpr: float) -> QImage:
        text = tag_text(instance)
        suggested = instance.source == "suggested"
        if suggested and instance.score is not None:
            text = f"{text}  {round(100 * instance.score)} %"
        colour = REGION if is_done(instance) else self.palette.of(instance)
        key = _Face(text, colour.rgba(), suggested, dpr)
        image = self._faces.get(key)
        if image is None:
            image = self._faces[key] = _drawn(key, colour, self.font)
        return image


def tag_text(instance: Shape) -> str:
    """The name of an instance, with what sets it apart from an ordinary one."""
    translate = QCoreApplication.translate
    if is_done(instance):
        return translate("words", "✓ done region")
    name = instance.label or "?"
    if is_ignored(instance):
        return translate("words", "{name} · ignored").format(name=name)
    return translate("words", "{name} · crowd").format(name=name) if instance.crowd else name


def _drawn(face: _Face, colour: QColor, base: QFont) -> QImage:
    """A tag: filled for an instance; dark with a dashed rim for a suggestion."""
    font = QFont(base)
    font.setPointSizeF(max(base.pointSizeF() * 0.92, 7.5))
    font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    width = round((metrics.horizontalAdvance(face.text) + 2 * _PAD) * face.dpr)
    height = round((metrics.height() + 2 * _HEIGHT_PAD) * face.dpr)
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(face.dpr, face.dpr)
    frame = QRectF(0, 0, width / face.dpr, height / face.dpr)
    inner = frame.adjusted(0.75, 0.75, -0.75, -0.75)
    shape = QPainterPath()
    shape.addRoundedRect(inner, _ROUND, _ROUND)
    if face.suggested:
        pen = QPen(colour, 1.5)
        pen.setDashPattern(list(DASH))
        painter.fillPath(shape, faded(INK, 0.82))
        painter.strokePath(shape, pen)
        painter.setPen(PAPER)
    else:
        painter.fillPath(shape, faded(colour, 0.94))
        painter.setPen(ink_on(colour))
    painter.setFont(font)
    painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, face.text)
    painter.end()
    return image


@dataclass(frozen=True, slots=True)
class _Tag:
    """The tag of an outline; `table` says whether the outline is still what is shown."""

    outline: Outline
    instance: Shape
    image: QImage
    row: tuple[float, float, float, float, int, int]  # the box; width and height of the image
    table: OutlineTable | None
    dpr: float

    def shows(self, outline: Outline, dpr: float) -> bool:
        """Whether it is right for an outline, whose instance may be another by now."""
        same = self.outline is outline and self.instance is outline.instance
        return same and self.dpr == dpr

    def is_current(self) -> bool:
        outline = self.outline
        shown = self.table is not None and self.table.holds(outline)
        return shown and self.instance is outline.instance

    def place_within(self, view: View) -> QRectF | None:
        """The place moved into the viewport, so that what reaches out of sight keeps its name.

        None where nothing of the instance is in sight.
        """
        x, y, seen = _places_within(np.array([self.row]), view)[0].tolist()
        return QRectF(x, y, self.image.width(), self.image.height()) if seen else None


def _places_above(rows: _Rows, view: View) -> _Rows:
    """Left, top, right and bottom of tags above the top left of their boxes, wherever that is."""
    left, top = view.origin
    x = np.rint(left + rows[:, 0] * view.device_scale)
    y = np.rint(top + rows[:, 1] * view.device_scale - rows[:, 5] - 2 * view.dpr)
    return np.stack((x, y, x + rows[:, 4], y + rows[:, 5]), axis=1)


def _places_within(rows: _Rows, view: View) -> _Rows:
    """Where tags go: x, y and whether they are seen, by box (x0, y0, x1, y1), width and height."""
    left, top = view.origin
    across, down = view.device_size
    scale, gap = view.device_scale, 2 * view.dpr
    width, height = rows[:, 4], rows[:, 5]
    x, y = left + rows[:, 0] * scale, top + rows[:, 1] * scale
    seen = (x <= across) & (y <= down)
    seen &= (left + rows[:, 2] * scale >= 0) & (top + rows[:, 3] * scale >= 0)
    x = np.minimum(np.maximum(x, gap), np.maximum(across - width - gap, 0))
    y = np.minimum(np.maximum(y - height - gap, gap), np.maximum(down - height - gap, 0))
    return np.stack((np.rint(x), np.rint(y), seen), 1)


class _Plan:
    """Rectangles that must not overlap, found by the cells of a coarse grid."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}

    def take(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Take a place, if it is free."""
        cells = [
            (column, row)
            for column in range(int(x0) // _CELL, int(x1) // _CELL + 1)
            for row in range(int(y0) // _CELL, int(y1) // _CELL + 1)
        ]
        for cell in cells:
            for left, top, right, bottom in self._cells.get(cell, ()):
                if left < x1 and x0 < right and top < y1 and y0 < bottom:
                    return False
        for cell in cells:
            self._cells.setdefault(cell, []).append((x0, y0, x1, y1))
        return True


def _covers(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x0 <= inner.x0
        and outer.y0 <= inner.y0
        and outer.x1 >= inner.x1
        and outer.y1 >= inner.y1
    )
