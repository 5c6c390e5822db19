"""Splitting instances by a line that is drawn across them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.document.edits import Add, Batch, Edit, Reshape
from core.document.geometry import area
from core.document.geometry.algebra import split
from core.document.geometry.measure import bounds
from core.document.instance import Point, Polygon, Shape, new_id, source_after_change
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.polygon import thinned
from core.gestures.scene import Scene
from core.gestures.shaping import SMALLEST_AREA
from core.sentences import Sentence, say

HINT: Final = say(
    "gestures.hint_split",
    "Draw a line across: the selected instances, or all that it crosses where none is selected, "
    "are split by it.",
)
CROSSES_NOTHING: Final = say("gestures.crosses_nothing", "The line does not cross any instance.")
_ERROR: Final = 0.5


class SplitGesture:
    """The split as a tool: a line drawn freehand; its ends need to lie outside."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._line: list[Point] = []

    @property
    def busy(self) -> bool:
        return bool(self._line)

    @property
    def hint(self) -> Sentence:
        return HINT

    def press(self, event: PointerEvent) -> Outcome:
        if event.button is not Button.LEFT:
            return Outcome(cursor=Cursor.CROSS, menu=not self.busy)
        self._line = [event.point]
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        if self._line and event.point != self._line[-1]:
            self._line.append(event.point)
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """The largest piece stays the instance, each other one becomes one of its own."""
        if event.button is not Button.LEFT or not self._line:
            return self._show()
        self.move(event)
        line = thinned(self._line, _ERROR * event.pixel)
        self._line = []
        if len(line) < 2:
            return Outcome(cursor=Cursor.CROSS)
        return replace(self._split(line), cursor=Cursor.CROSS)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Escape while drawing."""
        return self.busy and key is Key.ESCAPE

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Escape drops the line."""
        return self.cancel() if self.wants(key) else None

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._line = []
        return Outcome(cursor=Cursor.CROSS)

    def _show(self) -> Outcome:
        preview = Preview(stroke=tuple(self._line))
        return Outcome(preview, cursor=Cursor.CROSS, finished=not self.busy)

    def _meant(self, line: list[Point]) -> tuple[Shape, ...]:
        if self._scene.selection:
            return self._scene.outlines()
        there = self._scene.shapes_in(bounds((Polygon(tuple(line)),)))
        return tuple(each for each in there if not each.locked)

    def _split(self, line: list[Point]) -> Outcome:
        edits: list[Edit] = []
        ids: set[str] = set()
        for shape in self._meant(line):
            pieces = [each for each in split(shape, line) if area(each) >= SMALLEST_AREA]
            if len(pieces) < 2:
                continue
            first, *others = sorted(pieces, key=area, reverse=True)
            made = tuple(
                replace(
                    shape,
                    id=new_id(),
                    polygons=each,
                    source=source_after_change(shape.source),
                    keypoints=(),  # they stay with the largest piece
                )
                for each in others
            )
            edits += [Reshape(shape.id, first), Add(made)]
            ids |= {shape.id, *(each.id for each in made)}
        if not edits:
            return Outcome(refusal=CROSSES_NOTHING)
        name = say("gestures.split", "split")
        return Outcome(edit=Batch(tuple(edits)), name=name, selection=frozenset(ids))
