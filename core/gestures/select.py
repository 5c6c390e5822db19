"""The select tool: select, move, copy, nudge, and edit vertices and edges."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from core.document.geometry import GeometryError, delete_vertex
from core.document.hit import Hit
from core.document.instance import Line, Point, Shape
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.drags import (
    BandDrag,
    Drag,
    MoveDrag,
    VertexDrag,
    begin_insert,
    edge_drag,
    middle_of,
    reshaped,
    turn_drag,
)
from core.gestures.keypoints import KeypointDrag, clicked, keypoint_at
from core.gestures.scene import EDGE_REACH, HINT_SNAPPED, Scene, Target
from core.gestures.stretch import HINT_DRAWING, StretchDrag, begin_stretch, choosing
from core.sentences import Sentence, say

DRAG_FROM = 0.35
"""A press becomes a drag after this share of the tolerance; less is a shaking hand."""
_FAR = 10.0

HINT = say(
    "gestures.hint_select",
    "Click selects, again what lies below; drag moves; Alt+click sets a vertex, Shift+click "
    "removes it; Ctrl+drag redraws a stretch.",
)
_STEPS = {Key.LEFT: (-1.0, 0.0), Key.RIGHT: (1.0, 0.0), Key.UP: (0.0, -1.0), Key.DOWN: (0.0, 1.0)}


@dataclass(slots=True)
class _Press:
    """A button that is down: what a drag would do, and what a mere click would lead to.

    `early` says that the selection of the click holds from the press on, so that what a drag
    moves is shown as selected.
    """

    start: PointerEvent
    drag: Drag | None
    click: Outcome
    early: bool = False
    dragging: bool = False

    def snap(self, event: PointerEvent) -> None:
        """Let a vertex that is dragged go onto a neighbour's outline."""
        if isinstance(self.drag, VertexDrag):
            self.drag = self.drag.snapping(event.x - self.start.x, event.y - self.start.y, event)


@dataclass(slots=True)
class _Nudge:
    """Arrow keys held or pressed until they come up."""

    drag: Drag
    dx: float = 0.0
    dy: float = 0.0


class SelectGesture:
    """The select tool as a state machine."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pressed: _Press | None = None
        self._nudging: _Nudge | None = None
        self._vertex: Hit | None = None
        self._clicked: Point | None = None  # where the click before was

    @property
    def busy(self) -> bool:
        return self._nudging is not None or (self._pressed is not None and self._pressed.dragging)

    @property
    def hint(self) -> Sentence:
        if self._stroke is not None:
            return HINT_DRAWING
        drag = None if self._pressed is None else self._pressed.drag
        return HINT_SNAPPED if isinstance(drag, VertexDrag) and drag.at else HINT

    @property
    def _stroke(self) -> StretchDrag | None:
        """The stroke that is being drawn."""
        press = self._pressed
        if press is None or not press.dragging or not isinstance(press.drag, StretchDrag):
            return None
        return press.drag

    @property
    def vertex(self) -> Hit | None:
        """The vertex that was clicked last and still exists; keys act on it."""
        hit = self._vertex
        shape = self._scene.get(hit.id) if hit else None
        if hit is None or shape is None or hit.id not in self._scene.selection:
            return None
        rings = shape.polygons[hit.polygon].rings if hit.polygon < len(shape.polygons) else ()
        there = hit.ring < len(rings) and hit.index < len(rings[hit.ring])
        return hit if there else None

    def press(self, event: PointerEvent) -> Outcome:
        if self._pressed is not None or self._nudging is not None:
            return Outcome(finished=False)
        self._pressed = self._begin(event)
        click = self._pressed.click
        if not self._pressed.early:
            return Outcome(preview=Preview(vertex=self.vertex), finished=False)
        return Outcome(
            preview=click.preview, selection=click.selection, picked=click.picked, finished=False
        )

    def move(self, event: PointerEvent) -> Outcome:
        """Drag, or show what a press would take."""
        press = self._pressed
        if press is None:
            return self._hover(event)
        dx, dy = event.x - press.start.x, event.y - press.start.y
        begins = not press.dragging and math.hypot(dx, dy) > DRAG_FROM * event.tolerance
        press.dragging = press.dragging or begins
        if press.drag is None or not press.dragging:
            return Outcome(preview=Preview(vertex=self.vertex), finished=False)
        press.snap(event)
        preview = press.drag.preview(dx, dy)
        outcome = Outcome(preview=preview, cursor=press.drag.cursor, finished=False)
        if begins and isinstance(press.drag, StretchDrag):
            return choosing(outcome, press.drag.aim)
        return outcome

    def release(self, event: PointerEvent) -> Outcome:
        """End the drag with its edit, or the click with its selection."""
        press, self._pressed = self._pressed, None
        self._clicked = None
        if press is None:
            return self._hover(event)
        if not press.dragging:
            self._clicked = press.start.point
            return press.click
        if press.drag is None:
            return Outcome(preview=Preview(vertex=self.vertex))
        press.snap(event)
        return press.drag.finish(event.x - press.start.x, event.y - press.start.y)

    def double_click(self, event: PointerEvent) -> Outcome:
        """A second press like the first, for the same instance."""
        self._clicked = None
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Arrows with a selection, Backspace with a vertex, Escape with either, Tab in a stroke."""
        scene = self._scene
        if key is Key.TAB:
            return self._stroke is not None
        if key in _STEPS:
            return bool(scene.selection) and self._pressed is None
        if key is Key.BACKSPACE:
            return self.vertex is not None
        return key is Key.ESCAPE and bool(self.busy or scene.selection or scene.picked)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Arrows nudge, Backspace deletes the vertex, Escape lets go, Tab takes the other side."""
        if not self.wants(key):
            return None
        if key is Key.TAB and self._stroke is not None:
            self._stroke.take_other()
            return Outcome(self._stroke.show(), cursor=Cursor.CROSS, finished=False)
        if key is Key.ESCAPE:
            return self._escape()
        vertex = self.vertex
        if key is Key.BACKSPACE and vertex is not None:
            return self._delete(vertex)
        return self._nudge(key, modifiers)

    def key_release(self, key: Key) -> Outcome | None:
        """The end of a nudge."""
        if key not in _STEPS or self._nudging is None:
            return None
        nudge, self._nudging = self._nudging, None
        outcome = nudge.drag.finish(nudge.dx, nudge.dy)
        return replace(outcome, preview=replace(outcome.preview, vertex=self.vertex))

    def cancel(self) -> Outcome:
        self._pressed = None
        self._nudging = None
        return Outcome(preview=Preview(vertex=self.vertex))

    def _begin(self, event: PointerEvent) -> _Press:
        scene = self._scene
        if event.button is Button.RIGHT:
            return self._begin_right(event)
        if not event.holds(Modifier.CTRL):
            point = keypoint_at(scene, event)
            if point is not None:
                self._vertex = None
                shape, place = point
                click = clicked(shape, place, event) or Outcome()
                return _Press(event, KeypointDrag(scene, shape, place), click)
            on_handle = self._begin_on_handle(event)
            if on_handle is not None:
                return on_handle
        self._vertex = None
        target = scene.target_at(event.x, event.y, event.tolerance)
        adding = event.holds(Modifier.CTRL) or event.holds(Modifier.SHIFT)
        if target is None:
            nothing = Outcome(selection=frozenset(), picked=frozenset())
            drag = BandDrag(scene, event.point, adding)
            return _Press(event, drag, Outcome() if adding else nothing, early=not adding)
        below = None if adding else self._below(event)
        if below is not None:
            moving = MoveDrag(scene, scene.selected()) if scene.selection else None
            return _Press(event, moving, below)
        if target.suggested:
            picked = scene.picked ^ {target.id} if adding else frozenset({target.id})
            click = Outcome(selection=frozenset(), picked=picked)
            return _Press(event, self._begin_stroke(event, target), click, early=not adding)
        if adding:
            click = Outcome(selection=scene.selection ^ {target.id}, picked=frozenset())
            if not event.holds(Modifier.CTRL):
                return _Press(event, BandDrag(scene, event.point, adding), click)
            return _Press(event, self._begin_stroke(event, target), click)
        return self._begin_move(event, target)

    def _below(self, event: PointerEvent) -> Outcome | None:
        """A click where the one before was takes what lies below what that one took."""
        last = self._clicked
        if last is None or math.dist(last, event.point) > event.tolerance:
            return None
        return next_below(self._scene, event, after=True)

    def _begin_stroke(self, event: PointerEvent, target: Target) -> StretchDrag | None:
        """A stroke from the very outline of what a click would take."""
        near = replace(event, tolerance=EDGE_REACH * event.tolerance)
        aim = self._scene.outline_at(near.x, near.y, near.tolerance)
        on_it = aim is not None and (aim.shape.id, aim.suggested) == (target.id, target.suggested)
        return begin_stretch(self._scene, event) if on_it else None

    def _begin_move(self, event: PointerEvent, target: Target) -> _Press:
        scene = self._scene
        click = Outcome(selection=frozenset({target.id}), picked=frozenset())
        if target.id in scene.selection:
            # A drag moves the whole selection; a click means this one.
            return _Press(event, MoveDrag(scene, scene.selected()), click)
        shape = scene.get(target.id)
        drag = MoveDrag(scene, (shape,)) if shape else None
        return _Press(event, drag, click, early=True)

    def _begin_right(self, event: PointerEvent) -> _Press:
        scene = self._scene
        target = scene.target_at(event.x, event.y, event.tolerance)
        if target is None:
            return _Press(event, None, Outcome(menu=True))
        if target.suggested:
            picked = scene.picked if target.id in scene.picked else frozenset({target.id})
            click = Outcome(menu=True, selection=frozenset(), picked=picked)
            return _Press(event, None, click, early=True)
        shape = scene.get(target.id)
        alone = target.id not in scene.selection and shape is not None
        copied = (shape,) if alone and shape is not None else scene.selected()
        selection = frozenset(each.id for each in copied)
        click = Outcome(menu=True, selection=selection, picked=frozenset())
        return _Press(event, MoveDrag(scene, copied, copying=True), click, early=True)

    def _begin_on_handle(self, event: PointerEvent) -> _Press | None:
        scene = self._scene
        turning = scene.box_turned_at(event.x, event.y, event.tolerance)
        if turning is not None:
            turn = turn_drag(scene, turning, event.point)
            return _Press(event, turn, Outcome(selection=scene.selection), early=True)
        hit = scene.handle_at(event.x, event.y, event.tolerance)
        shape = scene.get(hit.id) if hit else None
        if hit is None or shape is None:
            return None
        selected = hit.id in scene.selection
        drag = self._handle_drag(event, shape, hit, selected)
        if drag is None:
            return None
        selection = scene.selection if selected else frozenset({hit.id})
        click = Outcome(selection=selection, picked=frozenset())
        if hit.kind == "vertex":
            if event.holds(Modifier.SHIFT):
                return _Press(event, None, replace(self._delete(hit), selection=selection))
            self._vertex = hit
            click = replace(click, preview=Preview(vertex=hit))
        elif isinstance(drag, VertexDrag):
            # A click on an edge, without a drag, inserts as well.
            self._vertex = drag.hit
            click = replace(drag.finish(0, 0), selection=selection, picked=frozenset())
        return _Press(event, drag, click, early=True)

    def _handle_drag(
        self, event: PointerEvent, shape: Shape, hit: Hit, selected: bool
    ) -> Drag | None:
        if hit.kind == "vertex":
            return VertexDrag(self._scene, shape, hit)
        if event.holds(Modifier.ALT) or (
            selected and middle_of(shape, hit, event.point, event.tolerance) is not None
        ):
            return begin_insert(self._scene, shape, hit, event)
        return edge_drag(self._scene, shape, hit) if selected else None

    def _hover(self, event: PointerEvent) -> Outcome:
        scene = self._scene
        vertex = self.vertex
        point = keypoint_at(scene, event)
        if point is not None:
            cursor = Cursor.REMOVE if event.holds(Modifier.SHIFT) else Cursor.POINT
            return Outcome(Preview(keypoint=(point[0].id, point[1]), vertex=vertex), cursor=cursor)
        if scene.box_turned_at(event.x, event.y, event.tolerance) is not None:
            return Outcome(Preview(vertex=vertex), cursor=Cursor.MOVE)
        hit = scene.handle_at(event.x, event.y, event.tolerance)
        shape = scene.get(hit.id) if hit else None
        if hit is not None and shape is not None:
            cursor, ghost = self._over_handle(event, shape, hit)
            if cursor is not Cursor.ARROW:
                return Outcome(Preview(hover=hit, ghost=ghost, vertex=vertex), cursor=cursor)
        target = scene.target_at(event.x, event.y, event.tolerance)
        if target is None:
            return Outcome(Preview(vertex=vertex))
        if target.suggested:
            preview = Preview(hover_suggestion=target.id, vertex=vertex)
            return Outcome(preview, cursor=Cursor.POINT)
        cursor = Cursor.MOVE if target.id in scene.selection else Cursor.POINT
        return Outcome(Preview(hover=Hit("body", target.id), vertex=vertex), cursor=cursor)

    def _over_handle(
        self, event: PointerEvent, shape: Shape, hit: Hit
    ) -> tuple[Cursor, Point | None]:
        if hit.kind == "vertex":
            return (Cursor.REMOVE if event.holds(Modifier.SHIFT) else Cursor.POINT), None
        if event.holds(Modifier.ALT):
            return Cursor.INSERT, event.point
        if hit.id not in self._scene.selection:
            return Cursor.ARROW, None
        middle = middle_of(shape, hit, event.point, event.tolerance)
        return (Cursor.INSERT, middle) if middle is not None else (Cursor.MOVE, None)

    def _nudge(self, key: Key, modifiers: Modifier) -> Outcome:
        scene = self._scene
        if self._nudging is None:
            vertex = self.vertex
            shape = scene.get(vertex.id) if vertex else None
            if vertex is not None and shape is not None:
                self._nudging = _Nudge(VertexDrag(scene, shape, vertex))
            else:
                self._nudging = _Nudge(MoveDrag(scene, scene.selected()))
        far = _FAR if Modifier.SHIFT in modifiers else 1.0
        self._nudging.dx += far * _STEPS[key][0]
        self._nudging.dy += far * _STEPS[key][1]
        preview = self._nudging.drag.preview(self._nudging.dx, self._nudging.dy)
        return Outcome(preview=preview, finished=False)

    def _delete(self, hit: Hit) -> Outcome:
        shape = self._scene.get(hit.id)
        if shape is None:
            return Outcome()
        self._vertex = None
        least = 1 if isinstance(shape, Line) else 3
        try:
            polygons = delete_vertex(shape.polygons, hit.polygon, hit.ring, hit.index, least)
        except GeometryError as error:
            return Outcome(refusal=error.sentence)
        return reshaped(
            self._scene, hit.id, polygons, say("gestures.delete_vertex", "delete vertex")
        )

    def _escape(self) -> Outcome:
        """One thing at a time: the drag, then the vertex, then the selection."""
        if self.busy:
            return self.cancel()
        if self.vertex is not None:
            self._vertex = None
            return Outcome()
        return Outcome(selection=frozenset(), picked=frozenset())


def next_below(scene: Scene, event: PointerEvent, *, after: bool = False) -> Outcome | None:
    """Selects what lies below what is selected under a pointer, round about; with `after` only
    where that is one of several that lie there. None where there is nothing to select.
    """
    there = scene.targets_at(event.x, event.y, event.tolerance)
    chosen = scene.selection | scene.picked
    places = [place for place, each in enumerate(there) if chosen == {each.id}]
    if not there or (after and (not places or len(there) < 2)):
        return None
    target = there[(places[0] + 1) % len(there)] if places else there[0]
    only: frozenset[str] = frozenset({target.id})
    if target.suggested:
        return Outcome(selection=frozenset(), picked=only)
    return Outcome(selection=only, picked=frozenset())
