"""Drawing a rectangle: one drag, or a click on each of two corners."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.document.geometry import Rect
from core.document.instance import Point, Polygon, Ring
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import Scene
from core.sentences import Sentence, say

HINT = say("gestures.hint_rectangle", "Drag from corner to corner, or click both; Escape drops it.")


@dataclass(slots=True)
class RectangleGesture:
    """The rectangle tool: a drag from corner to corner, or a click on each."""

    scene: Scene
    purpose: Purpose = Purpose.NEW
    _start: Point | None = None
    _dragging: bool = False
    _end: Point | None = None

    @property
    def busy(self) -> bool:
        return self._start is not None

    @property
    def hint(self) -> Sentence:
        return HINT

    def press(self, event: PointerEvent) -> Outcome:
        """The first corner, or the second one."""
        if event.button is not Button.LEFT:
            return self._show() if self.busy else Outcome(cursor=Cursor.CROSS, menu=True)
        if self._start is not None:
            return self._close(event)
        self._start = self._end = self.scene.clamp(event.x, event.y)
        self._dragging = True
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        self._end = self.scene.clamp(event.x, event.y)
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """The second corner of a drag; after a mere click the second corner is still to come."""
        if event.button is not Button.LEFT or self._start is None or not self._dragging:
            return self._show()
        self._dragging = False
        if math.dist(self._start, event.point) <= event.tolerance / 2:
            return self._show()
        return self._close(event)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Once the first corner is set: the keys that end or drop the rectangle."""
        return self.busy and key in (Key.ENTER, Key.ESCAPE, Key.BACKSPACE, Key.UNDO)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Enter sets the second corner at the pointer; Escape, Backspace or undo drop the first."""
        if not self.wants(key):
            return None
        if key is Key.ENTER and self._end is not None:
            return self._close(PointerEvent(*self._end))
        return self.cancel()

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._start = None
        self._dragging = False
        return Outcome(cursor=Cursor.CROSS)

    def _show(self) -> Outcome:
        if self._start is None or self._end is None:
            return Outcome(cursor=Cursor.CROSS)
        band = _rect(self._start, self._end)
        line = _corners(band)
        preview = Preview(line=line, next=line[0], closes=True)
        return Outcome(preview=preview, cursor=Cursor.CROSS, finished=False)

    def _close(self, event: PointerEvent) -> Outcome:
        assert self._start is not None
        ring = _corners(_rect(self._start, self.scene.clamp(event.x, event.y)))
        self._start = None
        self._dragging = False
        name = say("gestures.draw_rectangle", "draw rectangle")
        return edit_for(self.purpose, self.scene, (Polygon(ring),), name)


def _rect(a: Point, b: Point) -> Rect:
    return Rect(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def _corners(rect: Rect) -> Ring:
    return (rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1)
