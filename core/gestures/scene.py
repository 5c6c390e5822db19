"""What gestures work on: the instances and suggestions in sight and what is selected of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_

from core.document.document import Document
from core.document.geometry import nearest_edge
from core.document.geometry.boxes import turn_handle
from core.document.geometry.measure import Rect, bounds
from core.document.hit import Hit, HitIndex
from core.document.instance import Instance, Line, Point, Polygon, Ring, Shape
from core.document.regions import is_done
from core.document.skeleton import Skeleton
from core.gestures.base import Modifier, PointerEvent
from core.gestures.boxes import BoxTable
from core.gestures.livewire import Wire
from core.sentences import say

EDGE_REACH = 0.6
"""Edges are taken from this share of the tolerance, so that a body keeps room to be dragged by."""

SNAP_REACH = 8.0
"""A vertex snaps to a neighbour within this many pixels of the screen."""

HINT_SNAPPED = say(
    "gestures.hint_snapped", "On the outline of a neighbour; Ctrl or Alt held down lets go of it."
)

TURN_AWAY = 3.0
"""The handle that turns a box is this many tolerances away from its side."""
_HANDLES_WHEN_SELECTED = 2.5
_HANDLES_WHEN_HOVERED = 6.0
_MANY_SELECTED = 32
_ON = 1e-6
"""Pixels between a box and a point that is said to lie on it."""
_AT_ONCE = 8
"""So many edges of a line are looked around together."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A ring of an instance, a region or a suggestion that the pointer is on."""

    shape: Shape
    polygon: int
    ring: int
    suggested: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An instance, a region, or a suggestion, under the pointer."""

    id: str
    suggested: bool = False


class Scene:
    """The document with what is selected, picked, shown, the label of what is drawn next, and what
    the keypoints of each label are called.

    `wire` leads outlines along the edges of the image. `prompts_ready` says that a model has seen
    the image and answers at once, `snapping` that vertices go onto the outlines of neighbours.
    """

    def __init__(self) -> None:
        self.document: Document | None = None
        self.wire: Wire | None = None
        self.label = ""
        self.skeletons: Mapping[str, Skeleton] = {}
        self.selection: frozenset[str] = frozenset()
        self.picked: frozenset[str] = frozenset()
        self.instances_shown = True
        self.suggestions_shown = True
        self.prompts_ready = False
        self.snapping = False
        self._hidden: frozenset[str] = frozenset()
        self._suggestions: dict[str, Instance] = {}
        self._shapes = Shapes()
        self._indexed: Sequence[Shape] | None = None
        self._suggested = Shapes()

    @property
    def width(self) -> float:
        """Width of the image in pixels; 0 without a document."""
        return self.document.width if self.document else 0

    @property
    def height(self) -> float:
        """Height of the image in pixels; 0 without a document."""
        return self.document.height if self.document else 0

    def set_suggestions(self, suggestions: Sequence[Instance]) -> None:
        """The suggestions in sight, lowest first."""
        self._suggestions = {each.id: each for each in suggestions}
        self._suggested.set(suggestions)

    def set_hidden(self, ids: frozenset[str]) -> None:
        """Instances that are hidden one by one, and so cannot be taken."""
        self._hidden = ids
        self._indexed = None

    def suggestion(self, id: str) -> Instance | None:
        """The suggestion in sight with that id, or None."""
        return self._suggestions.get(id)

    def get(self, id: str) -> Shape | None:
        """The instance or region with that id, or None."""
        return self.document.get(id) if self.document else None

    def known(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of the ids that the document has."""
        return self.document.known(ids) if self.document else frozenset()

    def selected(self) -> tuple[Shape, ...]:
        """What is selected and may be changed."""
        found = (self.get(id) for id in sorted(self.selection))
        return tuple(each for each in found if each is not None and not each.locked)

    def outlines(self) -> tuple[Shape, ...]:
        """What is selected, may be changed, and has an area."""
        return tuple(each for each in self.selected() if not isinstance(each, Line))

    def clamp(self, x: float, y: float) -> tuple[float, float]:
        """The nearest point on the image."""
        return min(max(x, 0.0), self.width), min(max(y, 0.0), self.height)

    def handle_at(self, x: float, y: float, tolerance: float) -> Hit | None:
        """The vertex or edge that a press would take: one whose handles are shown."""
        if not self.instances_shown:
            return None
        index = self._near(x, y, tolerance)
        hit = index.at(x, y, tolerance, first=self.selection) if self.selection else None
        if hit is not None and hit.id in self.selection and hit.kind != "body":
            if not self.offers_handles(hit.id, tolerance):
                return None
            near = index.at(x, y, tolerance * EDGE_REACH, first=self.selection)
            return hit if hit.kind == "vertex" else _edge_of(near, hit.id)
        return self._hovered_vertex(index, x, y, tolerance)

    def _hovered_vertex(self, index: HitIndex, x: float, y: float, tolerance: float) -> Hit | None:
        """A vertex or edge of an instance that is not selected but large enough to show handles."""
        target = self.target_at(x, y, tolerance)
        if target is None or target.suggested or target.id in self.selection:
            return None
        if not self.offers_handles(target.id, tolerance):
            return None
        hit = index.at(x, y, tolerance * EDGE_REACH, first={target.id})
        return hit if hit is not None and hit.id == target.id and hit.kind != "body" else None

    def offers_handles(self, id: str, tolerance: float) -> bool:
        """Whether an instance is large enough on the screen for its vertices to be taken singly."""
        instance = self.get(id)
        if instance is None or instance.locked or len(self.selection) > _MANY_SELECTED:
            return False
        least = _HANDLES_WHEN_SELECTED if id in self.selection else _HANDLES_WHEN_HOVERED
        box = bounds(instance)
        return max(box.width, box.height) >= least * tolerance

    def box_turned_at(self, x: float, y: float, tolerance: float) -> Shape | None:
        """The selected box that a press on its handle would turn."""
        boxes = self.selected() if len(self.selection) == 1 else ()
        if not boxes or not boxes[0].box or not self.offers_handles(boxes[0].id, tolerance):
            return None
        _, handle = turn_handle(boxes[0].polygons[0].outer, TURN_AWAY * tolerance)
        return boxes[0] if math.dist(handle, (x, y)) <= tolerance else None

    def target_at(self, x: float, y: float, tolerance: float) -> Target | None:
        """The instance or suggestion that a click takes: the first of `targets_at`."""
        found = self.targets_at(x, y, tolerance)
        return found[0] if found else None

    def targets_at(self, x: float, y: float, tolerance: float) -> tuple[Target, ...]:
        """What lies under a point, the smallest first.

        The smallest, because a large one on top would hide those below for good. Where nothing
        covers the point, what has its outline within reach. A done region is taken by its
        outline only: what is inside it is there to be worked on.
        """
        found = self._suggestions_at(x, y, tolerance)
        reach = tolerance * EDGE_REACH
        if self.instances_shown:
            for place, hit in enumerate(self._near(x, y, reach).all_at(x, y, reach)):
                shape = self.get(hit.id)
                inside = hit.kind == "body"
                if shape is not None and shape.locked:
                    continue
                if inside and shape is not None and is_done(shape):
                    if nearest_edge(shape.polygons, x, y).distance > reach:
                        continue
                    inside = False
                found.append((not inside, _size(shape), place, Target(hit.id)))
        return tuple(each[3] for each in sorted(found, key=lambda each: each[:3]))

    def suggestion_at(self, x: float, y: float, tolerance: float) -> str | None:
        """The suggestion that a click takes where no instance is in the way."""
        found = self._suggestions_at(x, y, tolerance)
        return min(found, key=lambda each: each[:3])[3].id if found else None

    def _suggestions_at(
        self, x: float, y: float, tolerance: float
    ) -> list[tuple[bool, float, int, Target]]:
        """Suggestions within reach: whether by the outline only, size, place in the order."""
        if not self.suggestions_shown:
            return []
        reach = tolerance * EDGE_REACH
        hits = self._suggested.near(x, y, reach).all_at(x, y, reach)
        return [
            (
                hit.kind != "body",
                _size(self._suggestions[hit.id]),
                place,
                Target(hit.id, suggested=True),
            )
            for place, hit in enumerate(hits)
        ]

    def outline_at(self, x: float, y: float, tolerance: float) -> Aim | None:
        """The outline within reach: one of what is selected or picked, else the nearest."""
        found: list[tuple[bool, float, Aim]] = []
        if self.suggestions_shown:
            for hit in self._suggested.near(x, y, tolerance).all_at(x, y, tolerance):
                shape: Shape | None = self._suggestions[hit.id]
                found += _aims(shape, (x, y), tolerance, hit.id in self.picked, suggested=True)
        if self.instances_shown:
            for hit in self._near(x, y, tolerance).all_at(x, y, tolerance):
                shape = self.get(hit.id)
                if shape is not None and not (shape.locked or isinstance(shape, Line)):
                    found += _aims(shape, (x, y), tolerance, hit.id in self.selection)
        return min(found, key=lambda each: each[:2])[2] if found else None

    def shapes_in(self, rect: Rect) -> tuple[Shape, ...]:
        """The outlines in sight whose box meets a rectangle."""
        there = self._updated().meeting(rect) if self.instances_shown else ()
        return tuple(each for each in there if not isinstance(each, Line))

    def all_in(self, rect: Rect) -> tuple[Shape, ...]:
        """All of the document whose box meets a rectangle, hidden or not."""
        hidden = [each for each in map(self.get, self._hidden) if each is not None]
        return (
            *self._updated().meeting(rect),
            *(each for each in hidden if bounds(each).intersects(rect)),
        )

    def rings_along(
        self, line: Sequence[Point], reach: float, but: Collection[str]
    ) -> tuple[Ring, ...]:
        """The rings of instances whose box a line comes near; those named in `but` left out."""
        there: dict[str, Shape] = {}
        for k in range(0, len(line), _AT_ONCE):
            box = bounds((Polygon(tuple(line[k : k + _AT_ONCE + 1])),)).grown(reach)
            there.update((each.id, each) for each in self.shapes_in(box) if each.id not in but)
        return _rings(there.values())

    def rings_with(self, a: Point, b: Point, but: Collection[str]) -> tuple[Ring, ...]:
        """The rings of instances whose box has both points; those named in `but` left out."""
        at, end = (Rect(*point, *point).grown(_ON) for point in (a, b))
        there = [each for each in self.shapes_in(at) if each.id not in but]
        return _rings(each for each in there if bounds(each).intersects(end))

    def snapped(self, event: PointerEvent, at: Point, but: Collection[str] = ()) -> Point | None:
        """The place of a neighbour's outline that a vertex at `at` takes; None where it is free.

        Neighbours are the instances in sight, those named in `but` left out.
        """
        if not self.snaps(event) or not self.instances_shown:
            return None
        reach = SNAP_REACH * event.pixel
        return self._near(*at, reach).place_at(*at, reach, but=but)

    def snaps(self, event: PointerEvent) -> bool:
        """Whether vertices are to snap now: Ctrl or Alt lets go of it."""
        free = event.holds(Modifier.CTRL) or event.holds(Modifier.ALT)
        return self.snapping and not free

    def enclosed(self, band: Rect) -> tuple[frozenset[str], frozenset[str]]:
        """The ids of instances, and of suggestions, that lie wholly inside a rectangle."""
        nothing: frozenset[str] = frozenset()
        return (
            self._unlocked(self._updated().inside(band)) if self.instances_shown else nothing,
            self._suggested.inside(band) if self.suggestions_shown else nothing,
        )

    def _unlocked(self, ids: frozenset[str]) -> frozenset[str]:
        found = ((id, self.get(id)) for id in ids)
        return frozenset(id for id, shape in found if shape is not None and not shape.locked)

    def _near(self, x: float, y: float, tolerance: float) -> HitIndex:
        return self._updated().near(x, y, tolerance)

    def know(self, boxes: BoxTable) -> None:
        """Boxes that were made already: those of the shapes among them are not made again."""
        self._shapes.know(boxes)
        self._indexed = None

    def _updated(self) -> Shapes:
        shapes = self.document.shapes if self.document else ()
        if shapes is not self._indexed:
            hidden = self._hidden
            seen = [each for each in shapes if each.id not in hidden] if hidden else shapes
            self._shapes.set(seen)
            self._indexed = shapes
        return self._shapes


class Shapes:
    """Shapes that can be hit: boxes of all, and an exact index of those asked for lately."""

    def __init__(self) -> None:
        self._boxes = BoxTable()
        self._found: list[Shape] = []
        self._index = HitIndex()

    def know(self, boxes: BoxTable) -> None:
        """Start from a table with the boxes of the shapes that come."""
        self._boxes = boxes

    def set(self, shapes: Sequence[Shape]) -> None:
        """Other shapes, in z order."""
        if shapes is not self._boxes.shapes:
            self._boxes = self._boxes.updated(shapes)

    def near(self, x: float, y: float, tolerance: float) -> HitIndex:
        """An index of the shapes whose box is within `tolerance` of a point."""
        reach = Rect(x, y, x, y).grown(tolerance)
        found = [self._boxes.shapes[row] for row in self._boxes.meeting(reach)]
        before = self._found
        if len(found) != len(before) or not all(map(is_, found, before)):
            self._found, self._index = found, self._index.updated(found)
        return self._index

    def meeting(self, rect: Rect) -> tuple[Shape, ...]:
        """Those whose box meets a rectangle."""
        return tuple(self._boxes.shapes[row] for row in self._boxes.meeting(rect))

    def inside(self, band: Rect) -> frozenset[str]:
        """The ids of those that lie wholly inside a rectangle."""
        return frozenset(self._boxes.shapes[row].id for row in self._boxes.inside(band))


def _rings(shapes: Iterable[Shape]) -> tuple[Ring, ...]:
    return tuple(ring for each in shapes for part in each.polygons for ring in part.rings)


def _aims(
    shape: Shape | None, at: Point, tolerance: float, preferred: bool, *, suggested: bool = False
) -> list[tuple[bool, float, Aim]]:
    if shape is None:
        return []
    edge = nearest_edge(shape.polygons, *at)
    if edge.distance > tolerance:
        return []
    return [(not preferred, edge.distance, Aim(shape, edge.polygon, edge.ring, suggested))]


def _edge_of(hit: Hit | None, id: str) -> Hit | None:
    return hit if hit is not None and hit.id == id and hit.kind == "edge" else None


def _size(shape: Shape | None) -> float:
    if shape is None:
        return math.inf
    box = bounds(shape)
    return box.width * box.height
