"""Prompts: a box or points, and the outline that a model draws for them while the hand moves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from core.document.geometry import Rect, contains
from core.document.geometry.measure import bounds
from core.document.hit import Hit
from core.document.instance import Instance, Point, Shape
from core.gestures.base import (
    Answered,
    Asked,
    Button,
    Cursor,
    Gesture,
    Kept,
    Key,
    Modifier,
    Outcome,
    PointerEvent,
    Preview,
)
from core.gestures.scene import Scene, Target
from core.sentences import Sentence, say

HINT_BOX: Final = say(
    "gestures.hint_box", "Drag a box around an object: the model draws its outline."
)
HINT_BOX_DRAGGING: Final = say(
    "gestures.hint_box_dragging",
    "Release keeps what is shown. Tab takes another outline, Escape drops it.",
)
HINT_CLICK: Final = say(
    "gestures.hint_click",
    "Click keeps what is shown; wheel or Tab for larger and smaller. Shift+click: must be inside; "
    "right click: must be outside.",
)
HINT_POINTS: Final = say(
    "gestures.hint_points",
    "Click or Enter keeps what is shown. Shift+click: inside; right click: outside; Backspace "
    "takes a point back.",
)
HINT_WAIT: Final = say(
    "gestures.hint_wait", "The model is looking at the image; what you point at is drawn then."
)
_MENDS_WITHIN: Final = 0.5
"""A point that must be inside may lie this share of an instance's size off it."""


@runtime_checkable
class Prompter(Gesture, Protocol):
    """A gesture that asks a model, and is told the answers."""

    def hear(self, answered: Answered) -> Outcome:
        """An answer to what was asked."""


class _Choices:
    """The answers there are, and which of them is shown."""

    def __init__(self) -> None:
        self.answered: Answered | None = None
        self.turned = 0

    @property
    def shown(self) -> Instance | None:
        """The outline that is shown."""
        return None if self.answered is None else self.answered.choice(self.turned)

    def clear(self) -> None:
        """Forget all."""
        self.answered, self.turned = None, 0

    def kept(self, asked: Asked) -> Kept:
        """What is to be kept: what is shown, else what will answer `asked`."""
        return Kept(asked if self.answered is None else self.answered.asked, self.turned)

    def preview(self) -> Preview:
        """The outline that is shown, with its label and score."""
        return Preview(changed=() if self.shown is None else (self.shown,))


class BoxGesture:
    """The box tool: a drag, or a click on two corners; the outline follows the hand."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._start: Point | None = None
        self._end: Point = (0.0, 0.0)
        self._dragging = False
        self._choices = _Choices()

    @property
    def busy(self) -> bool:
        return self._start is not None

    @property
    def hint(self) -> Sentence:
        if not self._scene.prompts_ready:
            return HINT_WAIT
        return HINT_BOX_DRAGGING if self.busy else HINT_BOX

    def press(self, event: PointerEvent) -> Outcome:
        """The first corner, or the second one."""
        if event.button is not Button.LEFT:
            return self._show() if self.busy else Outcome(cursor=Cursor.CROSS, menu=True)
        self._end = self._scene.clamp(*event.point)
        if self._start is not None:
            return self._keep()
        self._choices.clear()
        self._start, self._dragging = self._end, True
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        """The box grows, and the model is asked about it."""
        self._end = self._scene.clamp(*event.point)
        return self._ask()

    def release(self, event: PointerEvent) -> Outcome:
        """The second corner of a drag; after a mere click it is still to come."""
        if event.button is not Button.LEFT or self._start is None or not self._dragging:
            return self._show()
        self._dragging = False
        self._end = self._scene.clamp(*event.point)
        if math.dist(self._start, self._end) <= event.tolerance / 2:
            return self._show()
        return self._keep()

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Once the first corner is set."""
        return self.busy and key in (Key.ENTER, Key.ESCAPE, Key.BACKSPACE, Key.UNDO, Key.TAB)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Tab shows the next outline, Enter keeps the one that is shown, the others drop it."""
        if not self.wants(key):
            return None
        if key is Key.TAB:
            self._choices.turned += 1
            return self._ask()
        return self._keep() if key is Key.ENTER else self.cancel()

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def hear(self, answered: Answered) -> Outcome:
        if self.busy and answered.asked.box is not None:
            self._choices.answered = answered
        return self._show()

    def cancel(self) -> Outcome:
        self._start, self._dragging = None, False
        self._choices.clear()
        return Outcome(cursor=Cursor.CROSS)

    def _asked(self) -> Asked | None:
        if self._start is None:
            return None
        (x0, y0), (x1, y1) = self._start, self._end
        box = Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if box.width < 1 or box.height < 1:
            return None
        return Asked(box, most=self._choices.turned + 1)

    def _ask(self) -> Outcome:
        asked = self._asked()
        return self._show() if asked is None else replace(self._show(), asks=asked)

    def _keep(self) -> Outcome:
        asked, turned = self._asked(), self._choices.turned
        outcome = self.cancel()
        return outcome if asked is None else replace(outcome, keeps=Kept(asked, turned))

    def _show(self) -> Outcome:
        if self._start is None:
            return Outcome(cursor=Cursor.CROSS)
        asked = self._asked()
        band = None if asked is None else asked.box
        preview = replace(self._choices.preview(), band=band)
        return Outcome(preview, cursor=Cursor.CROSS, finished=False)


class ClickGesture:
    """The click tool: what lies under the pointer is shown, and a click keeps it.

    Points that must be inside or outside are collected until a click or Enter keeps the outline;
    on an instance that is there, a single one mends it at once.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._at: PointerEvent | None = None
        self._pressed: PointerEvent | None = None
        self._mended: Point | None = None
        self._points: list[tuple[Point, bool]] = []
        self._choices = _Choices()

    @property
    def busy(self) -> bool:
        return bool(self._points)

    @property
    def hint(self) -> Sentence:
        if not self._scene.prompts_ready:
            return HINT_WAIT
        return HINT_POINTS if self._points else HINT_CLICK

    def press(self, event: PointerEvent) -> Outcome:
        self._pressed = self._at = event
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        """Ask what is under the pointer, unless points were set."""
        self._at = event
        if self._has_just_mended:
            return self._show()
        self._mended = None
        shown = self._choices.shown
        if shown is not None and not self._points and not self._is_under_pointer(shown):
            self._choices.clear()
        if self._points or not self._on_image(event):
            return self._show()
        return replace(self._show(), asks=Asked(inside=(event.point,)))

    def release(self, event: PointerEvent) -> Outcome:
        """A click: keep what is shown, or set a point."""
        pressed, self._pressed, self._at = self._pressed, None, event
        if pressed is None or event.button is not pressed.button:
            return self._show()
        if not self._on_image(event):
            return self._show()
        if event.button is Button.RIGHT or event.holds(Modifier.ALT):
            return self._set(event.point, inside=False, mended=self._under(event))
        if event.holds(Modifier.SHIFT):
            return self._set(event.point, inside=True, mended=self._beside(event))
        return self._keep(event)

    def double_click(self, event: PointerEvent) -> Outcome:
        """Nothing: the first click kept what was there."""
        return self._show()

    def wants(self, key: Key) -> bool:
        """With points: the keys that end them. Tab where there is another outline."""
        if key is Key.TAB:
            return self._several
        return self.busy and key in (Key.ENTER, Key.ESCAPE, Key.BACKSPACE, Key.UNDO)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Tab shows another outline, Enter keeps it, Backspace takes a point back."""
        if not self.wants(key):
            return None
        if key is Key.TAB:
            return self.turn(-1 if Modifier.SHIFT in modifiers else 1)
        if key is Key.ENTER:
            return self._end(Kept(self._of_points(), self._choices.turned))
        if key is Key.ESCAPE:
            return self.cancel()
        self._points.pop()
        self._choices.clear()
        outcome = self._show()
        return replace(outcome, asks=self._of_points()) if self._points else outcome

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def turn(self, steps: int) -> Outcome | None:
        """Show the next larger outline, or the next smaller one."""
        if not self._several:
            return None
        self._choices.turned += steps
        return self._show()

    def hear(self, answered: Answered) -> Outcome:
        if self._is_for_now(answered.asked):
            self._choices.answered = answered
        return self._show()

    def _is_under_pointer(self, shown: Instance | None) -> bool:
        """Whether it is about the place where the pointer is by now."""
        return shown is not None and self._at is not None and contains(shown, *self._at.point)

    @property
    def _has_just_mended(self) -> bool:
        """Whether the pointer still is where it mended: what came of that is to be seen there."""
        if self._mended is None or self._at is None or self._points:
            return False
        return math.dist(self._mended, self._at.point) <= self._at.tolerance

    def _is_for_now(self, asked: Asked) -> bool:
        """Whether it was asked for these points, or about what lies under the pointer."""
        if asked.box is not None or asked.mends is not None or self._at is None:
            return False
        if self._has_just_mended:
            return False
        return asked == self._of_points() if self._points else not asked.outside

    def cancel(self) -> Outcome:
        self._points.clear()
        self._choices.clear()
        self._pressed = self._mended = None
        return Outcome(cursor=Cursor.CROSS)

    @property
    def _several(self) -> bool:
        answered = self._choices.answered
        return answered is not None and len(answered.choices) > 1

    def _of_points(self) -> Asked:
        return Asked(
            inside=tuple(point for point, inside in self._points if inside),
            outside=tuple(point for point, inside in self._points if not inside),
        )

    def _set(self, point: Point, *, inside: bool, mended: Shape | None) -> Outcome:
        """A point that must be inside or outside; on an instance that is there it mends that."""
        if mended is not None and not self._points:
            points = (point,)
            asked = Asked(None, points, (), mended) if inside else Asked(None, (), points, mended)
            outcome = self._end(Kept(asked))
            self._mended = point
            return outcome
        self._points.append((point, inside))
        self._choices.clear()
        return replace(self._show(), asks=self._of_points())

    def _keep(self, event: PointerEvent) -> Outcome:
        if self._points:
            return self._end(Kept(self._of_points(), self._choices.turned))
        there = self._there(event)
        if there is not None:
            nothing: frozenset[str] = frozenset()
            this = frozenset({there.id})
            answer = this if there.suggested else nothing
            return Outcome(selection=this, picked=nothing, accepted=answer, cursor=Cursor.CROSS)
        if not self._is_under_pointer(self._choices.shown):
            return self._end(Kept(Asked(inside=(event.point,))))
        return self._end(self._choices.kept(Asked(inside=(event.point,))))

    def _end(self, kept: Kept) -> Outcome:
        return replace(self.cancel(), keeps=kept)

    def _on_image(self, event: PointerEvent) -> bool:
        return self._scene.clamp(*event.point) == event.point

    def _there(self, event: PointerEvent) -> Target | None:
        """What is there already under the pointer, unless another outline was asked for."""
        if self._choices.turned or self._points:
            return None
        return self._scene.target_at(event.x, event.y, event.tolerance)

    def _under(self, event: PointerEvent) -> Shape | None:
        """The instance or suggestion that a point must not be in."""
        target = self._scene.target_at(event.x, event.y, event.tolerance)
        if target is None:
            return None
        return self._scene.suggestion(target.id) if target.suggested else self._scene.get(target.id)

    def _beside(self, event: PointerEvent) -> Shape | None:
        """The selected instance, where a point is near enough to be meant as a part of it."""
        selected = self._scene.outlines()
        if len(selected) != 1:
            return None
        box = bounds(selected[0])
        near = box.grown(_MENDS_WITHIN * max(box.width, box.height))
        return selected[0] if near.intersects(Rect(event.x, event.y, event.x, event.y)) else None

    def _show(self) -> Outcome:
        points = tuple(self._points)
        there = None if self._at is None else self._there(self._at)
        if there is None:
            preview = Preview(points=points)
            if points or self._is_under_pointer(self._choices.shown):
                preview = replace(self._choices.preview(), points=points)
            return Outcome(preview, cursor=Cursor.CROSS, finished=not points)
        if there.suggested:
            return Outcome(Preview(hover_suggestion=there.id), cursor=Cursor.POINT)
        return Outcome(Preview(hover=Hit("body", there.id)), cursor=Cursor.POINT)
