"""Brushes: one that paints and erases area, and one that takes vertices from outlines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.edits import Batch, Edit, Reshape
from core.document.geometry import GeometryError, simplify, subtract, union
from core.document.geometry.measure import ring_array
from core.document.geometry.smoothing import painted
from core.document.instance import Instance, Point, Polygon, Polygons, Ring, Shape
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import Scene
from core.gestures.shaping import settle
from core.sentences import Sentence, say

HINT: Final = say(
    "gestures.hint_brush",
    "Paint: the left button adds to the selected instance or begins one, the right one erases. "
    "Wheel, + and - change the size; Escape lets go of the instance, for the next one.",
)
HINT_VERTICES: Final = say(
    "gestures.hint_vertex_brush",
    "Brush over an outline: the left button takes its vertices, the right one thins them to the "
    "brush’s radius. Wheel, + and - change the size.",
)
NO_VERTICES: Final = say(
    "gestures.no_vertices", "The brush is on no vertex: begin on an outline, or select it first."
)
_THIN: Final = say("gestures.thin_vertices", "thin out vertices")
_ERASE_VERTICES: Final = say("gestures.erase_vertices", "erase vertices")
NOTHING_TO_ERASE: Final = say(
    "gestures.nothing_to_erase", "Select the instance first that you erase from."
)
_ERASE: Final = say("gestures.erase", "erase")
FIRST_SIZE: Final = 12.0
"""Radius at first, in pixels of the screen."""
SMALLEST, LARGEST = 1.0, 400.0
_FACTOR: Final = 1.25
_ERROR: Final = 0.5
"""How far, in pixels of the screen, a vertex that is left out may lie off the painted edge."""


class _Sized:
    """A brush: its size is one on the screen, whatever the zoom; wheel and keys change it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._size = FIRST_SIZE
        self._button: Button | None = None
        self._at: PointerEvent | None = None

    @property
    def busy(self) -> bool:
        return self._button is not None

    def wants(self, key: Key) -> bool:
        """The size at any time; Escape while a stroke is under way."""
        return key in (Key.LARGER, Key.SMALLER) or (self.busy and key is Key.ESCAPE)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Plus and minus change the size, Escape drops the stroke."""
        if not self.wants(key):
            return None
        return self.cancel() if key is Key.ESCAPE else self.turn(1 if key is Key.LARGER else -1)

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def turn(self, steps: int) -> Outcome | None:
        """The wheel: a larger or a smaller brush."""
        self._size = min(max(self._size * _FACTOR**steps, SMALLEST), LARGEST)
        return self._show()

    def cancel(self) -> Outcome:
        self._button = None
        return self._show()

    def _show(self) -> Outcome:
        if self._at is None:
            return Outcome(cursor=Cursor.CROSS)
        brush = (self._at.point, self._size * self._at.pixel)
        preview = Preview(changed=self._changed(), brush=brush)
        return Outcome(preview, cursor=Cursor.CROSS, finished=not self.busy)

    def move(self, event: PointerEvent) -> Outcome:
        if self._button is not None and self._at is not None:
            self._passed(self._at.point, event)
        self._at = event
        return self._show()

    def _passed(self, start: Point, event: PointerEvent) -> None:
        """Note what the brush goes over from one place to another."""
        raise NotImplementedError

    def _changed(self) -> tuple[Shape, ...]:
        """The instances as they would become."""
        raise NotImplementedError


class BrushGesture(_Sized):
    """The brush that paints and erases, as a tool."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._painted: Polygons = ()

    @property
    def hint(self) -> Sentence:
        return HINT

    def press(self, event: PointerEvent) -> Outcome:
        """Begin to paint or to erase."""
        if self._button is not None:
            return self._show()
        self._at = event
        if event.button is Button.RIGHT and not self._scene.outlines():
            return replace(self._show(), refusal=NOTHING_TO_ERASE)
        self._button, self._painted = event.button, ()
        self._passed(event.point, event)
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """One edit for the whole stroke."""
        if event.button is not self._button:
            return self._show()
        self.move(event)
        stroke, erases = self._stroke(), self._button is Button.RIGHT
        self._button, self._painted = None, ()
        shown = self._show()
        outcome = self._erase(stroke) if erases else self._add(stroke)
        return replace(outcome, preview=shown.preview, cursor=shown.cursor)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def cancel(self) -> Outcome:
        self._painted = ()
        return super().cancel()

    def _passed(self, start: Point, event: PointerEvent) -> None:
        added = painted((start, event.point), self._size * event.pixel)
        self._painted = union(self._painted, added) if self._painted else added

    def _stroke(self) -> Polygons:
        """What was painted, with no more vertices than the screen can show."""
        pixel = self._at.pixel if self._at is not None else 0.0
        return simplify(self._painted, _ERROR * pixel) if self._painted else ()

    def _add(self, stroke: Polygons) -> Outcome:
        selected = self._scene.outlines()
        name = say("gestures.brush", "paint")
        if len(selected) != 1:
            return edit_for(Purpose.NEW, self._scene, stroke, name)
        return self._reshaped(selected[0], union(selected[0], stroke), name)

    def _erase(self, stroke: Polygons) -> Outcome:
        found = edit_for(Purpose.CUT, self._scene, stroke, _ERASE)
        return found if found.edit is None else replace(found, name=_ERASE)

    def _reshaped(self, shape: Shape, polygons: Polygons, name: Sentence) -> Outcome:
        try:
            settled = settle(polygons, self._scene.width, self._scene.height)
        except GeometryError as error:
            return Outcome(refusal=error.sentence)
        edit: Edit = Reshape(shape.id, settled)
        return Outcome(edit=edit, name=name)

    def _changed(self) -> tuple[Shape, ...]:
        if not self._painted:
            return ()
        selected = self._scene.outlines()
        if self._button is Button.RIGHT:
            cut = [(each, subtract(each, self._painted)) for each in selected]
            return tuple(replace(each, polygons=rest) for each, rest in cut if rest)
        if len(selected) == 1:
            return (replace(selected[0], polygons=union(selected[0], self._painted)),)
        return (Instance("", self._scene.label, self._painted),)


_Place = tuple[str, int, int]
"""A ring: the id of its shape, its part, its number there."""


class VertexBrush(_Sized):
    """The brush that takes vertices: with the left button those under it go, with the right one
    they are thinned, so that none is nearer to the next than the radius.

    It is for what is selected; with nothing selected, for what the press is on. A ring keeps three
    vertices, a line two, and what the brush does not touch stays as it is.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._shapes: tuple[Shape, ...] = ()
        self._under: dict[_Place, NDArray[np.bool_]] = {}

    @property
    def hint(self) -> Sentence:
        return HINT_VERTICES

    def press(self, event: PointerEvent) -> Outcome:
        """Begin; what the brush is on is selected where nothing is."""
        if self._button is not None:
            return self._show()
        self._at = event
        self._shapes = self._scene.selected() or self._pressed(event)
        if not self._shapes:
            return replace(self._show(), refusal=NO_VERTICES)
        self._button = event.button
        self._under.clear()
        self._passed(event.point, event)
        return replace(self._show(), selection=frozenset(each.id for each in self._shapes))

    def release(self, event: PointerEvent) -> Outcome:
        """One edit for the whole stroke."""
        if event.button is not self._button:
            return self._show()
        self.move(event)
        changed, name = self._changed(), _THIN if self._button is Button.RIGHT else _ERASE_VERTICES
        self._button = None
        edits: list[Edit] = []
        for shape in changed:
            try:
                settled = self._settled(shape)
            except GeometryError as error:
                return replace(self._show(), refusal=error.sentence)
            edits.append(Reshape(shape.id, settled))
        shown = self._show()
        if not edits:
            return replace(shown, refusal=NO_VERTICES)
        edit = edits[0] if len(edits) == 1 else Batch(tuple(edits))
        return replace(shown, edit=edit, name=name)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def _settled(self, shape: Shape) -> Polygons:
        width, height = self._scene.width, self._scene.height
        return shape.polygons if shape.line else settle(shape.polygons, width, height)

    def _pressed(self, event: PointerEvent) -> tuple[Shape, ...]:
        aim = self._scene.outline_at(*event.point, max(event.tolerance, self._size * event.pixel))
        return () if aim is None or aim.suggested else (aim.shape,)

    def _rings(self) -> Iterator[tuple[_Place, Ring]]:
        for shape in self._shapes:
            for part, polygon in enumerate(shape.polygons):
                for number, ring in enumerate(polygon.rings):
                    yield (shape.id, part, number), ring

    def _passed(self, start: Point, event: PointerEvent) -> None:
        """Note the vertices that the brush passes on its way from one place to another."""
        a, step = np.array(start), np.subtract(event.point, start)
        length = float(step @ step) or 1.0
        for place, ring in self._rings():
            away = ring_array(ring) - a
            along = np.clip(away @ step / length, 0.0, 1.0)
            near = np.hypot(*(away - along[:, None] * step).T) <= self._size * event.pixel
            if near.any():
                self._under[place] = self._under.get(place, False) | near

    def _changed(self) -> tuple[Shape, ...]:
        if self._button is None or self._at is None:
            return ()
        spacing = self._size * self._at.pixel if self._button is Button.RIGHT else 0.0
        return tuple(
            replace(shape, polygons=polygons)
            for shape in self._shapes
            if (polygons := self._without(shape, spacing)) != shape.polygons
        )

    def _without(self, shape: Shape, spacing: float) -> Polygons:
        least = 2 if shape.line else 3

        def left(part: int, number: int, ring: Ring) -> Ring:
            under = self._under.get((shape.id, part, number))
            return ring if under is None else _fewer(ring, under, spacing, least)

        return tuple(
            Polygon(left(part, 0, each.outer), _holes(each, part, left))
            for part, each in enumerate(shape.polygons)
        )


def _holes(polygon: Polygon, part: int, left: Callable[[int, int, Ring], Ring]) -> tuple[Ring, ...]:
    return tuple(left(part, number, hole) for number, hole in enumerate(polygon.holes, 1))


def _fewer(ring: Ring, under: NDArray[np.bool_], spacing: float, least: int) -> Ring:
    """A ring without the vertices `under` a brush; with a spacing, of those stay that are as far
    from the last that stayed. `least` stay in any case."""
    kept: list[int] = []
    for k, point in enumerate(ring):
        far = kept and math.dist(ring[kept[-1]], point) >= spacing
        if not under[k] or (spacing > 0 and (far or not kept)):
            kept.append(k)
    if len(kept) < least:
        gone = [k for k in range(len(ring)) if k not in kept]
        wanted = min(least, len(ring)) - len(kept)
        kept += [gone[len(gone) * k // wanted] for k in range(wanted)]
    return ring if len(kept) == len(ring) else tuple(ring[k] for k in sorted(kept))
