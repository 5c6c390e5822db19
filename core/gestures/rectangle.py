"""Drawing a rectangle: one drag, or a click on each of two corners."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.document.geometry import Rect
from core.document.geometry.boxes import ellipse
from core.document.instance import Point, Polygon, Ring
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import Scene
from core.sentences import Sentence, say

HINT_ELLIPSE = say(
    "gestures.hint_ellipse",
    "Drag from corner to corner of the box around it; Shift makes a circle, Escape drops it.",
)
HINT = say("gestures.hint_rectangle", "Drag from corner to corner, or click both; Escape drops it.")


@dataclass(slots=True)
class RectangleGesture:
    """The rectangle tool: a drag from corner to corner, or a click on each."""

    scene: Scene
    purpose: Purpose = Purpose.NEW
    ellipse: bool = False
    _start: Point | None = None
    _dragging: bool = False
    _end: Point | None = None

    @property
    def busy(self) -> bool:
        return self._start is not None

    @property
    def hint(self) -> Sentence:
        return HINT_ELLIPSE if self.ellipse else HINT

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
        self._note(event)
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

    def _note(self, event: PointerEvent) -> None:
        """The opposite corner; with Shift as far across as down."""
        self._end = self.scene.clamp(event.x, event.y)
        if self._start is None or not event.holds(Modifier.SHIFT):
            return
        (x0, y0), (x, y) = self._start, self._end
        side = min(abs(x - x0), abs(y - y0))
        self._end = x0 + math.copysign(side, x - x0), y0 + math.copysign(side, y - y0)

    def _ring(self, band: Rect) -> Ring:
        return ellipse(band) if self.ellipse else _corners(band)

    def _show(self) -> Outcome:
        if self._start is None or self._end is None:
            return Outcome(cursor=Cursor.CROSS)
        band = _rect(self._start, self._end)
        line = self._ring(band)
        preview = Preview(line=line, next=line[0], closes=True)
        return Outcome(preview=preview, cursor=Cursor.CROSS, finished=False)

    def _close(self, event: PointerEvent) -> Outcome:
        assert self._start is not None
        self._note(event)
        ring = self._ring(_rect(self._start, self._end or self._start))
        self._start = None
        self._dragging = False
        name = say("gestures.draw_rectangle", "draw rectangle")
        if self.ellipse:
            name = say("gestures.draw_ellipse", "draw ellipse")
        return edit_for(self.purpose, self.scene, (Polygon(ring),), name, box=not self.ellipse)


def _rect(a: Point, b: Point) -> Rect:
    return Rect(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def _corners(rect: Rect) -> Ring:
    return (rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1)
