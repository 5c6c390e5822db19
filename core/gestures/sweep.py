"""Sweeping: the left button accepts suggestions that it brushes over, the right one rejects."""

from __future__ import annotations

import math

from core.document.instance import Point
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.scene import Scene
from core.sentences import Sentence, say

HINT = say(
    "gestures.hint_sweep",
    "Brush over suggestions: with the left button to accept them, with the right one to reject "
    "them.",
)
HINT_SWEEPING = say(
    "gestures.hint_sweeping", "Release answers what is marked, in one step. Escape drops it."
)
_STEP = 0.5
"""Along a quick move the hand is taken to have been at every such share of the tolerance."""


class SweepGesture:
    """The sweep as a tool. What is answered is one edit; a click answers what is under it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._button: Button | None = None
        self._last: Point = (0.0, 0.0)
        self._swept: set[str] = set()

    @property
    def busy(self) -> bool:
        return self._button is not None

    @property
    def hint(self) -> Sentence:
        return HINT if self._button is None else HINT_SWEEPING

    def press(self, event: PointerEvent) -> Outcome:
        if self._button is None:
            self._button, self._last = event.button, event.point
            self._brush(event)
        return self._show(event)

    def move(self, event: PointerEvent) -> Outcome:
        if self._button is not None:
            self._brush(event)
        return self._show(event)

    def release(self, event: PointerEvent) -> Outcome:
        """Answer all that was brushed over."""
        if event.button is not self._button:
            return self._show(event)
        self._brush(event)
        return self._end()

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """While sweeping: Enter and Escape."""
        return self.busy and key in (Key.ENTER, Key.ESCAPE)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Enter answers what was brushed over so far, Escape drops it."""
        if not self.wants(key):
            return None
        return self.cancel() if key is Key.ESCAPE else self._end()

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._button = None
        self._swept.clear()
        return Outcome(cursor=Cursor.POINT)

    def _brush(self, event: PointerEvent) -> None:
        (x0, y0), (x1, y1) = self._last, event.point
        steps = math.ceil(math.dist(self._last, event.point) / (_STEP * event.tolerance)) or 1
        for k in range(1, steps + 1):
            x, y = x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps
            found = self._scene.suggestion_at(x, y, event.tolerance)
            if found is not None:
                self._swept.add(found)
        self._last = event.point

    def _end(self) -> Outcome:
        swept, button = frozenset(self._swept), self._button
        self.cancel()
        nothing: frozenset[str] = frozenset()
        accepts = button is Button.LEFT
        return Outcome(
            accepted=swept if accepts else nothing,
            rejected=nothing if accepts else swept,
            cursor=Cursor.POINT,
        )

    def _show(self, event: PointerEvent) -> Outcome:
        if self._button is None:
            under = self._scene.suggestion_at(event.x, event.y, event.tolerance)
            return Outcome(Preview(hover_suggestion=under), cursor=Cursor.POINT)
        swept = frozenset(self._swept)
        accepts = self._button is Button.LEFT
        preview = Preview(accepting=swept) if accepts else Preview(rejecting=swept)
        return Outcome(preview, cursor=Cursor.POINT, finished=False)
