"""Drawing a turned box: one side first, then how far the box reaches from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from core.document.geometry.boxes import spanned
from core.document.instance import Point, Polygon, Ring
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import Scene
from core.sentences import Sentence, say

HINT = say("gestures.hint_rotated", "Drag along one side of the box, or click both its ends.")
HINT_WIDTH = say(
    "gestures.hint_rotated_width",
    "Move to where the box ends and click; Backspace takes the side back, Escape drops it.",
)


@dataclass(slots=True)
class RotatedBoxGesture:
    """The tool for turned boxes. The side is drawn by a drag or two clicks, a third click ends."""

    scene: Scene
    _start: Point | None = None
    _end: Point | None = None
    _at: Point = (0.0, 0.0)
    _dragging: bool = False

    @property
    def busy(self) -> bool:
        return self._start is not None

    @property
    def hint(self) -> Sentence:
        return HINT if self._end is None else HINT_WIDTH

    def press(self, event: PointerEvent) -> Outcome:
        """The first end of the side, the second one, or the far side."""
        if event.button is not Button.LEFT:
            return self._show() if self.busy else Outcome(cursor=Cursor.CROSS, menu=True)
        self._at = self.scene.clamp(event.x, event.y)
        if self._end is not None:
            return self._close()
        if self._start is None:
            self._start, self._dragging = self._at, True
        elif math.dist(self._start, self._at) > event.tolerance / 2:
            self._end = self._at
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        self._at = self.scene.clamp(event.x, event.y)
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """The second end of a side that was dragged."""
        if event.button is not Button.LEFT or self._start is None or not self._dragging:
            return self._show()
        self._dragging = False
        if math.dist(self._start, event.point) > event.tolerance / 2:
            self._end = self._at = self.scene.clamp(event.x, event.y)
        return self._show()

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Once the first end is set: the keys that end, take back or drop the box."""
        return self.busy and key in (Key.ENTER, Key.ESCAPE, Key.BACKSPACE, Key.UNDO)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Enter ends the box at the pointer, Backspace and undo take one step back."""
        if not self.wants(key):
            return None
        if key is Key.ENTER and self._end is not None:
            return self._close()
        if key in (Key.BACKSPACE, Key.UNDO) and self._end is not None:
            self._end = None
            return self._show()
        return self._show() if key is Key.ENTER else self.cancel()

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._start = self._end = None
        self._dragging = False
        return Outcome(cursor=Cursor.CROSS)

    def _ring(self) -> Ring | None:
        if self._start is None or self._end is None:
            return None
        ring = spanned(self._start, self._end, self._at)
        # As far as the image reaches: what is cut off would leave no box.
        sizes = self.scene.width, self.scene.height
        share = min(
            _inside(near[axis], far[axis], sizes[axis])
            for near, far in ((ring[0], ring[3]), (ring[1], ring[2]))
            for axis in (0, 1)
        )
        (ax, ay), (dx, dy) = self._start, (ring[3][0] - ring[0][0], ring[3][1] - ring[0][1])
        return ring if share == 1 else spanned(ring[0], ring[1], (ax + share * dx, ay + share * dy))

    def _show(self) -> Outcome:
        if self._start is None:
            return Outcome(cursor=Cursor.CROSS)
        ring = self._ring()
        preview = Preview(line=(self._start,), next=self._at, open=True)
        if ring is not None:
            preview = Preview(line=ring, next=ring[0], closes=True)
        return Outcome(preview, cursor=Cursor.CROSS, finished=False)

    def _close(self) -> Outcome:
        ring = self._ring()
        assert ring is not None
        name = say("gestures.draw_rotated", "draw turned box")
        outcome = edit_for(Purpose.NEW, self.scene, (Polygon(ring),), name, box=True)
        if outcome.refusal is not None:
            return replace(self._show(), refusal=outcome.refusal)
        self._start = self._end = None
        return outcome


def _inside(start: float, end: float, size: float) -> float:
    """Which share of the way from start to end lies between 0 and size, where the start does."""
    border = min(max(end, 0.0), size)
    return 1.0 if border == end else (border - start) / (end - start)
