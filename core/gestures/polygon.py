"""Drawing an outline: by clicks, by dragging freehand, or both in turn."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum, auto

from core.document.geometry.stretch import between, snapped
from core.document.instance import Point, Polygon, Polygons, Ring
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import HINT_SNAPPED, SNAP_REACH, Scene
from core.sentences import Sentence, say

_FREEHAND_FROM = 1.0
_FREEHAND_STEP = 0.25
_FREEHAND_ERROR = 0.12
HINT_DRAWING = say(
    "gestures.hint_outline",
    "Enter or a click on the first vertex closes the outline; Backspace takes a vertex back, "
    "Escape drops all.",
)
_HINTS = {
    Purpose.NEW: say("gestures.hint_polygon", "Click vertices, or drag to draw freehand."),
    Purpose.ADD_PART: say(
        "gestures.hint_add_part", "Draw an outline: what it covers joins the selected instance."
    ),
    Purpose.CUT: say(
        "gestures.hint_cut", "Draw an outline: what it covers is cut out of the selected instances."
    ),
    Purpose.REGION: say(
        "gestures.hint_region", "Draw around a region in which every instance is labelled."
    ),
}
_LINE_HINTS = {
    1: say("gestures.hint_point", "Click where the point is."),
    2: say("gestures.hint_line", "Click both ends of the line, or drag from one to the other."),
    None: say(
        "gestures.hint_linestrip",
        "Click vertices, or drag to draw freehand; Enter or a double click ends the line.",
    ),
}
HINT_LINE_DRAWING = say(
    "gestures.hint_line_drawing",
    "Enter or a double click ends the line; Backspace takes a vertex back, Escape drops all.",
)
_LINE_NAMES = {
    1: say("gestures.draw_point", "set point"),
    2: say("gestures.draw_line", "draw line"),
    None: say("gestures.draw_linestrip", "draw line strip"),
}
HINT_WIRE = say(
    "gestures.hint_wire",
    "The outline follows the edges of the image: click along one. Backspace takes back to the "
    "last click, Enter closes; Ctrl or Alt held down draws straight.",
)
_WIRE_ERROR = 0.5
"""How far, in pixels of the screen, a vertex that is left out may lie off the way along an edge."""
_KEYS = (Key.ENTER, Key.ESCAPE, Key.BACKSPACE, Key.UNDO)


class _State(Enum):
    IDLE = auto()
    PRESSED = auto()  # a vertex was just put down; a long drag turns into freehand
    FREEHAND = auto()
    BETWEEN = auto()  # vertices are there, the next one is awaited


class PolygonGesture:
    """The polygon tool: the outline so far, and what was taken back of it.

    A click adds a vertex; one on the first vertex, Enter or a double click closes the outline.
    A press that is dragged draws freehand. Backspace or undo takes back the last vertex (after
    freehand: the stroke's), redo returns it.

    A vertex snaps to a neighbour's outline where the scene says so; of two on one outline the
    vertices between them come along, so that the border is shared.

    Where the scene has a wire, what lies between two clicks follows the edges of the image, and is
    taken back with the click.

    For Purpose.LINE the line is never closed: it ends with Enter, a double click, or with its
    vertex number `most`.
    """

    def __init__(
        self, scene: Scene, purpose: Purpose = Purpose.NEW, most: int | None = None
    ) -> None:
        self._most = most
        self._open = purpose is Purpose.LINE
        self._scene = scene
        self._purpose = purpose
        self._points: list[Point] = []
        self._undone: list[tuple[Point, ...]] = []
        self._led_to: list[tuple[int, int]] = []  # which vertices came with a click, from and to
        self._wired = False
        self._pixel = 1.0
        self._state = _State.IDLE
        self._stroke_from = 0
        self._pointer: Point | None = None
        self._snapped: Point | None = None  # where the pointer is on a neighbour's outline
        self._tolerance = 1.0

    @property
    def busy(self) -> bool:
        return bool(self._points)

    @property
    def hint(self) -> Sentence:
        if self._snapped is not None:
            return HINT_SNAPPED
        if self._scene.wire is not None and self._most is None:
            return HINT_WIRE
        if self._open:
            return HINT_LINE_DRAWING if self._points else _LINE_HINTS[self._most]
        return HINT_DRAWING if self._points else _HINTS[self._purpose]

    def press(self, event: PointerEvent) -> Outcome:
        """Add a vertex, or close the outline on its first one."""
        if event.button is not Button.LEFT:
            return self._show() if self._points else Outcome(cursor=Cursor.CROSS, menu=True)
        self._note(event)
        if self._closes(event):
            return self._close()
        self._stroke_from = len(self._points)
        self._add(event)
        self._state = _State.PRESSED
        return self._close() if len(self._points) == self._most else self._show()

    def move(self, event: PointerEvent) -> Outcome:
        """Show the next edge, or draw on freehand."""
        self._note(event)
        here = self._scene.clamp(*event.point)
        gone = math.dist(self._points[-1], here) if self._points else 0.0
        freehand = self._most is None
        if freehand and self._state is _State.PRESSED and gone > _FREEHAND_FROM * event.tolerance:
            self._state = _State.FREEHAND
        if self._state is _State.FREEHAND and gone > _FREEHAND_STEP * event.tolerance:
            self._append(here)
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """End a freehand stroke; near the first vertex it closes the outline."""
        if event.button is not Button.LEFT or self._state in (_State.IDLE, _State.BETWEEN):
            return self._show()
        self._note(event)
        stroke = self._state is _State.FREEHAND
        self._state = _State.BETWEEN
        gone = math.dist(self._points[-1], self._at(event)) if self._points else 0.0
        if self._most is not None and gone > _FREEHAND_FROM * event.tolerance:
            self._add(event)  # a line by a drag from end to end
            return self._close()
        if stroke:
            self._append(self._scene.clamp(*event.point))
            closes = self._closes(event)
            self._thin_out(event)
            if closes:
                return self._close()
        return self._show()

    def double_click(self, event: PointerEvent) -> Outcome:
        """Close the outline; the first press of the double click added its last vertex."""
        if event.button is not Button.LEFT:
            return self._show()
        return self._close() if self._points else self.press(event)

    def wants(self, key: Key) -> bool:
        """While drawing: all but the arrows, and redo where something was taken back."""
        if key is Key.REDO:
            return bool(self._points and self._undone)
        return bool(self._points) and key in _KEYS

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Enter closes, Backspace and undo take back, redo returns, Escape drops all."""
        if not self.wants(key):
            return None
        if key is Key.ENTER:
            return self._close()
        if key is Key.ESCAPE:
            return self.cancel()
        return self._redo() if key is Key.REDO else self._take_back()

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._reset()
        return Outcome(cursor=Cursor.CROSS)

    def _note(self, event: PointerEvent) -> None:
        self._pointer = self._scene.clamp(*event.point)
        self._tolerance, self._pixel = event.tolerance, event.pixel
        straight = event.holds(Modifier.CTRL) or event.holds(Modifier.ALT)
        freehand = self._state is _State.FREEHAND or self._most is not None
        self._wired = self._scene.wire is not None and not (straight or freehand)
        self._snapped = None
        if self._state is not _State.FREEHAND and self._purpose is not Purpose.REGION:
            self._snapped = self._scene.snapped(event, event.point, self._own())

    def _own(self) -> frozenset[str]:
        """What the outline is for is no neighbour of it."""
        parts = (Purpose.ADD_PART, Purpose.CUT)
        return self._scene.selection if self._purpose in parts else frozenset()

    def _at(self, event: PointerEvent) -> Point:
        return self._snapped or self._scene.clamp(*event.point)

    def _add(self, event: PointerEvent) -> None:
        start = len(self._points)
        for point in (*self._led(), self._at(event)):
            self._append(point)
        if len(self._points) > start + 1:
            self._led_to.append((start, len(self._points)))

    def _append(self, point: Point) -> None:
        self._undone.clear()
        if not self._points or self._points[-1] != point:
            self._points.append(point)

    def _led(self) -> tuple[Point, ...]:
        """The vertices of a neighbour's outline from the last vertex to where the pointer is."""
        end = self._snapped or self._pointer
        if end is None or not self._points or self._most is not None:
            return ()
        along = self._between(self._points[-1], end) if self._snapped is not None else ()
        return along or self._along_edges(end)

    def _along_edges(self, end: Point) -> tuple[Point, ...]:
        """The way along the edges of the image from the last vertex, with the vertices it needs."""
        if not self._wired or self._scene.wire is None or not self._points:
            return ()
        start = self._points[-1]
        way = self._scene.wire.path(start, end, self._pixel)
        return tuple(thinned([start, *_evened(way), end], _WIRE_ERROR * self._pixel)[1:-1])

    def _between(self, start: Point, end: Point) -> tuple[Point, ...]:
        return between(start, end, self._scene.rings_with(start, end, self._own()))

    def _thin_out(self, event: PointerEvent) -> None:
        """Leave of a freehand stroke only the vertices that its form needs; where it runs along a
        neighbour, those of the neighbour."""
        first = max(self._stroke_from - 1, 0)
        error, stroke = _FREEHAND_ERROR * event.tolerance, tuple(self._points[first:])
        rings: tuple[Ring, ...] = ()
        reach = SNAP_REACH * event.pixel
        if self._purpose is not Purpose.REGION and self._scene.snaps(event):
            rings = self._scene.rings_along(stroke, reach, self._own())
        led = snapped(tuple(thinned(list(snapped(stroke, rings, reach)), error)), rings, reach)
        # Where the stroke began is a vertex that stands already.
        self._points[first:] = (stroke[0], *led[1:])

    def _take_back(self) -> Outcome:
        first, end = self._led_to[-1] if self._led_to else (0, 0)
        if end == len(self._points):
            self._led_to.pop()
        else:
            first = len(self._points) - 1
        self._undone.append(tuple(self._points[first:]))
        del self._points[first:]
        self._state = _State.BETWEEN if self._points else _State.IDLE
        return self._show()

    def _redo(self) -> Outcome:
        again = self._undone.pop()
        if len(again) > 1:
            self._led_to.append((len(self._points), len(self._points) + len(again)))
        self._points += again
        self._state = _State.BETWEEN
        return self._show()

    def _near_first(self, event: PointerEvent) -> bool:
        return math.dist(self._points[0], (event.x, event.y)) <= event.tolerance

    def _closes(self, event: PointerEvent) -> bool:
        return not self._open and len(self._points) >= 3 and self._near_first(event)

    def _show(self) -> Outcome:
        if not self._points:
            return Outcome(Preview(snapped=self._snapped), cursor=Cursor.CROSS)
        near = (
            not self._open
            and len(self._points) >= 3
            and self._pointer is not None
            and self._state is not _State.PRESSED
            and math.dist(self._points[0], self._pointer) <= self._tolerance
        )
        preview = Preview(
            line=(*self._points, *(self._along_edges(self._points[0]) if near else self._led())),
            next=self._points[0] if near else self._snapped or self._pointer,
            closes=near,
            open=self._open,
            snapped=None if near else self._snapped,
        )
        cursor = Cursor.POINT if near else Cursor.CROSS
        return Outcome(preview=preview, cursor=cursor, finished=False)

    def _close(self) -> Outcome:
        if self._open:
            return self._end_line()
        ring = self._ring()
        if len(ring) < 3:
            return replace(
                self._show(),
                refusal=say("gestures.few_points", "An outline needs at least three vertices."),
            )
        name = say("gestures.draw_polygon", "draw polygon")
        return self._made((Polygon(ring),), name)

    def _ring(self) -> Ring:
        """The outline closed: along a neighbour where both its ends lie on one."""
        ring = _without_repeats([*self._points, *self._along_edges(self._points[0])])
        if len(ring) < 3 or not self._scene.snapping or self._purpose is Purpose.REGION:
            return ring
        return (*ring, *self._between(ring[-1], ring[0]))

    def _end_line(self) -> Outcome:
        if len(self._points) < (self._most or 2):
            few = say("gestures.few_ends", "A line needs at least two vertices.")
            return replace(self._show(), refusal=few)
        return self._made((Polygon(tuple(self._points)),), _LINE_NAMES[self._most])

    def _made(self, polygons: Polygons, name: Sentence) -> Outcome:
        outcome = edit_for(self._purpose, self._scene, polygons, name)
        if outcome.refusal is not None:
            # The outline stays, so that it can be mended, or a label chosen for it.
            return replace(self._show(), refusal=outcome.refusal)
        self._reset()
        return outcome

    def _reset(self) -> None:
        self._points.clear()
        self._undone.clear()
        self._led_to.clear()
        self._snapped = None
        self._state = _State.IDLE


def _evened(way: tuple[Point, ...]) -> list[Point]:
    """A way from cell to cell without its stairs: each place the mean of five."""
    return [
        (
            sum(x for x, _ in way[max(k - 2, 0) : k + 3]) / len(way[max(k - 2, 0) : k + 3]),
            sum(y for _, y in way[max(k - 2, 0) : k + 3]) / len(way[max(k - 2, 0) : k + 3]),
        )
        for k in range(len(way))
    ]


def thinned(points: list[Point], error: float) -> list[Point]:
    """An open line with fewer vertices, its ends kept, no removed one over `error` pixels away.

    Douglas and Peucker's method, with a stack in the place of recursion.
    """
    if len(points) < 3:
        return list(points)
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        inner = range(first + 1, last)
        if not inner:
            continue
        far = max(inner, key=lambda k: _distance(points[k], points[first], points[last]))
        if _distance(points[far], points[first], points[last]) > error:
            kept.add(far)
            spans += [(first, far), (far, last)]
    return [points[k] for k in sorted(kept)]


def _distance(point: Point, a: Point, b: Point) -> float:
    """From a point to the line through a and b; to a where the two are the same."""
    length = math.dist(a, b)
    if length == 0:
        return math.dist(point, a)
    return abs((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])) / length


def _without_repeats(points: list[Point]) -> Ring:
    ring = [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    return tuple(ring)
