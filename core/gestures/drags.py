"""What a drag with the select tool does: move instances, a vertex, an edge, or span a band."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from core.document.edits import Add, Batch, Edit, Reshape
from core.document.geometry import GeometryError, insert_vertex, move_vertex, translate
from core.document.geometry.boxes import middle, turned, with_corner, with_side
from core.document.geometry.measure import Rect, bounds_of
from core.document.hit import Hit
from core.document.instance import Keypoints, Line, Point, Polygon, Polygons, Shape, new_id
from core.document.skeleton import shifted
from core.gestures.base import Cursor, Outcome, PointerEvent, Preview
from core.gestures.scene import Scene
from core.gestures.shaping import settle
from core.sentences import Sentence, say

MIDPOINT_FROM = 5.0
"""Edges of this many tolerances and more offer their middle for a new vertex."""

_TURNS = 12
"""Halvings of an angle that is too wide for the image."""


class Drag(Protocol):
    """One kind of drag, from the press on."""

    @property
    def cursor(self) -> Cursor:
        """What the pointer looks like meanwhile."""

    def preview(self, dx: float, dy: float) -> Preview:
        """What to show when the hand has moved by (dx, dy) pixels since the press."""

    def finish(self, dx: float, dy: float) -> Outcome:
        """The end, `offset` from the press."""


@dataclass(frozen=True, slots=True)
class MoveDrag:
    """Moves shapes, or copies of them, never beyond the image."""

    scene: Scene
    shapes: Sequence[Shape]
    copying: bool = False

    @property
    def cursor(self) -> Cursor:
        return Cursor.COPY if self.copying else Cursor.MOVE

    def preview(self, dx: float, dy: float) -> Preview:
        """The selection at another place."""
        return Preview(offset=self._limited(dx, dy), copying=self.copying)

    def finish(self, dx: float, dy: float) -> Outcome:
        """One edit for all, or none where nothing moved."""
        dx, dy = self._limited(dx, dy)
        if not self.shapes or (dx, dy) == (0.0, 0.0):
            return Outcome()
        moved = [
            replace(
                each,
                polygons=translate(each.polygons, dx, dy),
                keypoints=shifted(each.keypoints, dx, dy),
            )
            for each in self.shapes
        ]
        if self.copying:
            return self._copies(moved)
        edits: list[Edit] = [
            Reshape(each.id, each.polygons, keypoints=each.keypoints or None) for each in moved
        ]
        edit = edits[0] if len(edits) == 1 else Batch(tuple(edits))
        return Outcome(edit=edit, name=say("gestures.move", "move"))

    def _copies(self, moved: Sequence[Shape]) -> Outcome:
        copies = tuple(copied(each, new_id(), each.polygons) for each in moved)
        ids = frozenset(copy.id for copy in copies)
        return Outcome(edit=Add(copies), name=say("gestures.copy", "copy"), selection=ids)

    def _limited(self, dx: float, dy: float) -> Point:
        box = bounds_of(self.shapes)
        if box is None:
            return 0.0, 0.0
        return (
            _limit(dx, -box.x0, self.scene.width - box.x1),
            _limit(dy, -box.y0, self.scene.height - box.y1),
        )


@dataclass(frozen=True, slots=True)
class VertexDrag:
    """Moves one vertex; with `inserted` the vertex is new, `shape` having it already.

    `at` is the place of a neighbour's outline that it has snapped to.
    """

    scene: Scene
    shape: Shape
    hit: Hit
    inserted: bool = False
    cursor: Cursor = Cursor.POINT
    at: Point | None = None

    def snapping(self, dx: float, dy: float, event: PointerEvent) -> VertexDrag:
        """The same drag with the vertex on a neighbour's outline, where one is near."""
        x, y = vertex_point(self.shape, self.hit)
        return replace(self, at=self.scene.snapped(event, (x + dx, y + dy), {self.shape.id}))

    def preview(self, dx: float, dy: float) -> Preview:
        """The shape with the vertex at its new place."""
        changed = replace(self.shape, polygons=self._polygons(dx, dy))
        return Preview(changed=(changed,), hover=self.hit, vertex=self.hit, snapped=self.at)

    def finish(self, dx: float, dy: float) -> Outcome:
        """A reshape, unless the vertex is where it was."""
        if (dx, dy) == (0.0, 0.0) and not self.inserted:
            return Outcome(preview=Preview(vertex=self.hit))
        inserted = say("gestures.insert_vertex", "insert vertex")
        name = inserted if self.inserted else say("gestures.move_vertex", "move vertex")
        return reshaped(self.scene, self.shape.id, self._polygons(dx, dy), name)

    def _polygons(self, dx: float, dy: float) -> Polygons:
        hit = self.hit
        x, y = vertex_point(self.shape, hit)
        to = self.at or self.scene.clamp(x + dx, y + dy)
        if self.shape.box and not self.inserted:
            return (Polygon(with_corner(self.shape.polygons[0].outer, hit.index, to)),)
        return move_vertex(self.shape.polygons, hit.polygon, hit.ring, hit.index, to)


@dataclass(frozen=True, slots=True)
class ShapeDrag:
    """Gives a shape the polygons that go with how far the hand has moved."""

    scene: Scene
    shape: Shape
    polygons: Callable[[float, float], Polygons]
    name: Sentence
    hover: Hit | None = None
    cursor: Cursor = Cursor.MOVE

    def preview(self, dx: float, dy: float) -> Preview:
        """The shape as it would stand."""
        changed = replace(self.shape, polygons=self.polygons(dx, dy))
        return Preview(changed=(changed,), hover=self.hover)

    def finish(self, dx: float, dy: float) -> Outcome:
        """A reshape, unless nothing moved."""
        if (dx, dy) == (0.0, 0.0):
            return Outcome()
        return reshaped(self.scene, self.shape.id, self.polygons(dx, dy), self.name)


def edge_drag(scene: Scene, shape: Shape, hit: Hit) -> ShapeDrag:
    """A drag of both ends of an edge; of a box, of the whole side."""

    def moved(dx: float, dy: float) -> Polygons:
        polygons = shape.polygons
        if shape.box:
            return (Polygon(with_side(polygons[0].outer, hit.index, dx, dy)),)
        ring = polygons[hit.polygon].rings[hit.ring]
        for index in (hit.index, (hit.index + 1) % len(ring)):
            to = scene.clamp(ring[index][0] + dx, ring[index][1] + dy)
            polygons = move_vertex(polygons, hit.polygon, hit.ring, index, to)
        return polygons

    return ShapeDrag(scene, shape, moved, say("gestures.move_edge", "move edge"), hit)


def turn_drag(scene: Scene, shape: Shape, start: Point) -> ShapeDrag:
    """A drag that turns a box about its middle, as far as the image reaches.

    `start` is where the hand took it.
    """
    ring = shape.polygons[0].outer
    x, y = middle(ring)

    def fits(angle: float) -> bool:
        return all(
            0 <= px <= scene.width and 0 <= py <= scene.height for px, py in turned(ring, angle)
        )

    def moved(dx: float, dy: float) -> Polygons:
        (ax, ay), (bx, by) = start, (start[0] + dx, start[1] + dy)
        angle = math.atan2(by - y, bx - x) - math.atan2(ay - y, ax - x)
        angle = math.remainder(angle, 2 * math.pi)
        reached = angle if fits(angle) else 0.0
        for step in range(1, _TURNS + 1):
            further = reached + angle / 2**step
            reached = further if reached != angle and fits(further) else reached
        return (Polygon(turned(ring, reached) if reached else ring),)

    return ShapeDrag(scene, shape, moved, say("gestures.turn", "turn box"))


@dataclass(frozen=True, slots=True)
class BandDrag:
    """Spans a rectangle and selects what lies wholly inside."""

    scene: Scene
    start: Point
    adding: bool
    cursor: Cursor = Cursor.ARROW

    def preview(self, dx: float, dy: float) -> Preview:
        """The rectangle."""
        return Preview(band=self._band(dx, dy))

    def finish(self, dx: float, dy: float) -> Outcome:
        """No edit: another selection."""
        instances, suggestions = self.scene.enclosed(self._band(dx, dy))
        if self.adding:
            instances, suggestions = (
                instances | self.scene.selection,
                suggestions | self.scene.picked,
            )
        return Outcome(selection=instances, picked=suggestions)

    def _band(self, dx: float, dy: float) -> Rect:
        x, y = self.start
        return Rect(min(x, x + dx), min(y, y + dy), max(x, x + dx), max(y, y + dy))


def begin_insert(scene: Scene, shape: Shape, edge: Hit, event: PointerEvent) -> VertexDrag:
    """A drag of a new vertex in an edge, at the pointer."""
    at = scene.clamp(*event.point)
    polygons = insert_vertex(shape.polygons, edge.polygon, edge.ring, edge.index, at)
    hit = Hit("vertex", edge.id, edge.polygon, edge.ring, edge.index + 1)
    return VertexDrag(scene, replace(shape, polygons=polygons), hit, inserted=True)


def middle_of(shape: Shape, edge: Hit, point: Point, tolerance: float) -> Point | None:
    """The middle of an edge that is long enough to offer it, where the point is near it."""
    ring = shape.polygons[edge.polygon].rings[edge.ring]
    (ax, ay), (bx, by) = ring[edge.index], ring[(edge.index + 1) % len(ring)]
    middle = ((ax + bx) / 2, (ay + by) / 2)
    if math.hypot(bx - ax, by - ay) < MIDPOINT_FROM * tolerance:
        return None
    return middle if math.dist(middle, point) <= tolerance else None


def reshaped(scene: Scene, id: str, polygons: Polygons, name: Sentence) -> Outcome:
    """The edit that gives a shape these polygons, or why it cannot have them."""
    if isinstance(scene.get(id), Line):
        return Outcome(edit=Reshape(id, polygons), name=name)
    try:
        return Outcome(edit=Reshape(id, settle(polygons, scene.width, scene.height)), name=name)
    except GeometryError as error:
        return Outcome(refusal=error.sentence)


def copied(shape: Shape, id: str, polygons: Polygons, keypoints: Keypoints | None = None) -> Shape:
    """A person's copy of an instance, with other polygons and, where given, other keypoints.

    Field by field: `replace` takes twice the time, and there may be thousands.
    """
    return type(shape)(
        id,
        shape.label,
        polygons,
        flags=shape.flags,
        description=shape.description,
        crowd=shape.crowd,
        group_id=shape.group_id,
        attributes=shape.attributes,
        box=shape.box,
        keypoints=shape.keypoints if keypoints is None else keypoints,
        line=shape.line,
    )


def vertex_point(shape: Shape, hit: Hit) -> Point:
    return shape.polygons[hit.polygon].rings[hit.ring][hit.index]


def _limit(value: float, least: float, most: float) -> float:
    return min(max(value, least), most) if least <= most else 0.0
