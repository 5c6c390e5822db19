"""Keypoints under the hand: dragged, hidden and taken away with any tool that selects, and set one
after the other, in the order of the label's skeleton, with a tool of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from core.document.edits import Reshape
from core.document.instance import Keypoints, Seen, Shape
from core.document.skeleton import ABSENT, nearest_keypoint, next_place, with_keypoint
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.scene import Scene
from core.sentences import Sentence, say

HINT_SELECT: Final = say(
    "gestures.hint_keypoints",
    "Click the instance whose keypoints are to be set.",
)
HINT_NEXT: Final = say(
    "gestures.hint_keypoint",
    "Click sets {name} ({place} of {count}), right click says that it is hidden there, Shift+click "
    "takes one away, Backspace the last. Tab leaves {name} out.",
)
HINT_ALL: Final = say(
    "gestures.hint_keypoints_all",
    "All keypoints are set. Drag moves one, Alt+click hides or shows it, Shift+click takes it "
    "away.",
)
NO_SKELETON: Final = say(
    "gestures.no_skeleton",
    "The label {label} has no keypoints yet. Say what they are called with “Keypoints of the "
    "label…” in the menu Labels.",
)
TAKE_AWAY: Final = say("gestures.remove_keypoint", "take keypoint away")
NO_INSTANCE: Final = say("gestures.no_keypoint_owner", "No instance is there to set keypoints of.")


@dataclass(frozen=True, slots=True)
class KeypointDrag:
    """Moves one keypoint, within the image."""

    scene: Scene
    shape: Shape
    place: int
    cursor: Cursor = Cursor.POINT

    def preview(self, dx: float, dy: float) -> Preview:
        """The shape with the keypoint at its new place."""
        changed = replace(self.shape, keypoints=self._moved(dx, dy))
        return Preview(changed=(changed,), keypoint=(self.shape.id, self.place))

    def finish(self, dx: float, dy: float) -> Outcome:
        """One edit, unless the keypoint is where it was."""
        if (dx, dy) == (0.0, 0.0):
            return Outcome(preview=Preview(keypoint=(self.shape.id, self.place)))
        return _changed(
            self.shape, self._moved(dx, dy), say("gestures.move_keypoint", "move keypoint")
        )

    def _moved(self, dx: float, dy: float) -> Keypoints:
        x, y, seen = self.shape.keypoints[self.place]
        to = self.scene.clamp(x + dx, y + dy)
        return with_keypoint(self.shape.keypoints, self.place, (*to, seen))


def keypoint_at(scene: Scene, event: PointerEvent) -> tuple[Shape, int] | None:
    """The keypoint of a selected shape that a press would take, of all the nearest."""
    if not scene.instances_shown:
        return None
    for shape in scene.selected():
        place = nearest_keypoint(shape.keypoints, event.point, event.tolerance)
        if place is not None:
            return shape, place
    return None


def clicked(shape: Shape, place: int, event: PointerEvent) -> Outcome | None:
    """What a mere click on a keypoint does: Shift takes it away, Alt hides or shows it."""
    x, y, seen = shape.keypoints[place]
    if event.holds(Modifier.SHIFT):
        return _changed(
            shape,
            with_keypoint(shape.keypoints, place, ABSENT),
            TAKE_AWAY,
        )
    if event.holds(Modifier.ALT):
        hides = seen == Seen.VISIBLE
        turned = with_keypoint(
            shape.keypoints, place, (x, y, Seen.HIDDEN if hides else Seen.VISIBLE)
        )
        hide = say("gestures.hide_keypoint", "mark keypoint as hidden")
        show = say("gestures.show_keypoint", "mark keypoint as visible")
        return _changed(shape, turned, hide if hides else show)
    return None


def _changed(shape: Shape, keypoints: Keypoints, name: Sentence) -> Outcome:
    return Outcome(edit=Reshape(shape.id, shape.polygons, keypoints=keypoints), name=name)


class KeypointGesture:
    """The tool that sets the keypoints of the selected instance one after the other."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._drag: tuple[KeypointDrag, PointerEvent] | None = None
        self._pressed: PointerEvent | None = None
        self._left_out: tuple[str, frozenset[int]] = ("", frozenset())

    @property
    def busy(self) -> bool:
        return self._drag is not None

    @property
    def hint(self) -> Sentence:
        shape = self._owner()
        if shape is None:
            return HINT_SELECT
        skeleton = self._scene.skeletons.get(shape.label)
        if skeleton is None:
            return NO_SKELETON.given(label=shape.label)
        place = self._next(shape)
        if place is None:
            return HINT_ALL
        names = skeleton.names
        return HINT_NEXT.given(name=names[place], place=place + 1, count=len(names))

    def press(self, event: PointerEvent) -> Outcome:
        if self._pressed is not None:
            return Outcome(finished=False)
        self._pressed = event
        found = keypoint_at(self._scene, event)
        if found is not None and event.button is Button.LEFT:
            self._drag = KeypointDrag(self._scene, *found), event
        return Outcome(cursor=Cursor.CROSS, finished=False)

    def move(self, event: PointerEvent) -> Outcome:
        """Drag a keypoint, or show which a press would take."""
        if self._drag is not None:
            drag, start = self._drag
            preview = drag.preview(event.x - start.x, event.y - start.y)
            return Outcome(preview, cursor=drag.cursor, finished=False)
        found = keypoint_at(self._scene, event)
        preview = Preview() if found is None else Preview(keypoint=(found[0].id, found[1]))
        return Outcome(preview, cursor=Cursor.CROSS if found is None else Cursor.POINT)

    def release(self, event: PointerEvent) -> Outcome:
        """Set the next keypoint, end a drag, or take another instance."""
        start, self._pressed = self._pressed, None
        drag, self._drag = self._drag, None
        if start is None:
            return self.move(event)
        if drag is not None:
            outcome = clicked(drag[0].shape, drag[0].place, start)
            way = event.x - start.x, event.y - start.y
            if outcome is not None or way != (0.0, 0.0) or self._next(drag[0].shape) is None:
                return outcome or drag[0].finish(*way)
            # A mere click sets the next one, however near the others are.
        shape = self._owner()
        if shape is None:
            return self._take(start)
        if self._scene.skeletons.get(shape.label) is None:
            return Outcome(refusal=NO_SKELETON.given(label=shape.label))
        place = self._next(shape)
        if place is None:
            return self._take(start)
        seen = Seen.VISIBLE if start.button is Button.LEFT else Seen.HIDDEN
        point = (*self._scene.clamp(*start.point), seen)
        keypoints = with_keypoint(shape.keypoints, place, point)
        outcome = _changed(shape, keypoints, say("gestures.set_keypoint", "set keypoint"))
        return replace(outcome, cursor=Cursor.CROSS)

    def double_click(self, event: PointerEvent) -> Outcome:
        """Two quick clicks set two keypoints."""
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Backspace and Tab with an instance; Escape while something is dragged or selected."""
        shape = self._owner()
        if key is Key.BACKSPACE:
            return shape is not None and bool(shape.keypoints)
        if key is Key.TAB:
            return shape is not None and self._next(shape) is not None
        return key is Key.ESCAPE and (self.busy or shape is not None)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Backspace takes the last keypoint back, Tab leaves the next out, Escape lets go."""
        shape = self._owner()
        if not self.wants(key):
            return None
        if key is Key.ESCAPE:
            return self.cancel() if self.busy else Outcome(selection=frozenset())
        if shape is None:
            return None
        if key is Key.TAB:
            place = self._next(shape)
            left_out = self._left_out[1] if self._left_out[0] == shape.id else frozenset()
            self._left_out = shape.id, left_out | ({place} if place is not None else set())
            return Outcome(cursor=Cursor.CROSS)
        self._left_out = "", frozenset()
        last = max(place for place, (_, _, seen) in enumerate(shape.keypoints) if seen)
        keypoints = with_keypoint(shape.keypoints, last, ABSENT)
        return _changed(shape, keypoints, TAKE_AWAY)

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._drag = self._pressed = None
        return Outcome(cursor=Cursor.CROSS)

    def _owner(self) -> Shape | None:
        """The one instance that is selected."""
        chosen = self._scene.outlines()
        return chosen[0] if len(chosen) == 1 else None

    def _next(self, shape: Shape) -> int | None:
        """The place that a click sets: the first without a point that was not left out."""
        skeleton = self._scene.skeletons.get(shape.label)
        if skeleton is None:
            return None
        keypoints = shape.keypoints
        if self._left_out[0] == shape.id:
            for place in self._left_out[1]:  # as if they were set
                if place >= len(keypoints) or not keypoints[place][2]:
                    keypoints = with_keypoint(keypoints, place, (0.0, 0.0, Seen.HIDDEN))
        return next_place(keypoints, skeleton)

    def _take(self, event: PointerEvent) -> Outcome:
        target = self._scene.target_at(event.x, event.y, event.tolerance)
        if target is None or target.suggested:
            return Outcome(refusal=NO_INSTANCE)
        return Outcome(selection=frozenset({target.id}), cursor=Cursor.CROSS)
