"""The brush: painting adds to the selected instance, or makes a new one; erasing takes away."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.document.edits import Edit, Reshape
from core.document.geometry import GeometryError, simplify, subtract, union
from core.document.geometry.smoothing import painted
from core.document.instance import Instance, Point, Polygons, Shape
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.purpose import Purpose, edit_for
from core.gestures.scene import Scene
from core.gestures.shaping import settle
from core.sentences import Sentence, say

HINT: Final = say(
    "gestures.hint_brush",
    "Paint: the left button adds to the selected instance or begins one, the right one erases. "
    "Wheel, + and - change the size.",
)
NOTHING_TO_ERASE: Final = say(
    "gestures.nothing_to_erase", "Select the instance first that you erase from."
)
_ERASE: Final = say("gestures.erase", "erase")
FIRST_SIZE: Final = 12.0
"""Radius at first, in pixels of the screen."""
SMALLEST, LARGEST = 1.0, 400.0
_FACTOR: Final = 1.25
_ERROR: Final = 0.5
"""How far, in pixels of the screen, a vertex that is left out may lie off the painted edge."""


class BrushGesture:
    """The brush as a tool. Its size is one on the screen, whatever the zoom."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._size = FIRST_SIZE
        self._button: Button | None = None
        self._at: PointerEvent | None = None
        self._painted: Polygons = ()

    @property
    def busy(self) -> bool:
        return self._button is not None

    @property
    def hint(self) -> Sentence:
        return HINT

    def press(self, event: PointerEvent) -> Outcome:
        """Begin to paint or to erase."""
        if self._button is not None:
            return self._show()
        self._at = event
        if event.button is Button.RIGHT and not self._scene.outlines():
            return replace(self._show(), refusal=NOTHING_TO_ERASE)
        self._button, self._painted = event.button, ()
        self._paint(event.point, event)
        return self._show()

    def move(self, event: PointerEvent) -> Outcome:
        if self._button is not None and self._at is not None:
            self._paint(self._at.point, event)
        self._at = event
        return self._show()

    def release(self, event: PointerEvent) -> Outcome:
        """One edit for the whole stroke."""
        if event.button is not self._button:
            return self._show()
        self.move(event)
        stroke, erases = self._stroke(), self._button is Button.RIGHT
        self._button, self._painted = None, ()
        shown = self._show()
        outcome = self._erase(stroke) if erases else self._add(stroke)
        return replace(outcome, preview=shown.preview, cursor=shown.cursor)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """The size at any time; Escape while painting."""
        return key in (Key.LARGER, Key.SMALLER) or (self.busy and key is Key.ESCAPE)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Plus and minus change the size, Escape drops the stroke."""
        if not self.wants(key):
            return None
        return self.cancel() if key is Key.ESCAPE else self.turn(1 if key is Key.LARGER else -1)

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def turn(self, steps: int) -> Outcome | None:
        """The wheel: a larger or a smaller brush."""
        self._size = min(max(self._size * _FACTOR**steps, SMALLEST), LARGEST)
        return self._show()

    def cancel(self) -> Outcome:
        self._button, self._painted = None, ()
        return self._show()

    def _paint(self, start: Point, event: PointerEvent) -> None:
        added = painted((start, event.point), self._size * event.pixel)
        self._painted = union(self._painted, added) if self._painted else added

    def _stroke(self) -> Polygons:
        """What was painted, with no more vertices than the screen can show."""
        pixel = self._at.pixel if self._at is not None else 0.0
        return simplify(self._painted, _ERROR * pixel) if self._painted else ()

    def _add(self, stroke: Polygons) -> Outcome:
        selected = self._scene.outlines()
        name = say("gestures.brush", "paint")
        if len(selected) != 1:
            return edit_for(Purpose.NEW, self._scene, stroke, name)
        return self._reshaped(selected[0], union(selected[0], stroke), name)

    def _erase(self, stroke: Polygons) -> Outcome:
        found = edit_for(Purpose.CUT, self._scene, stroke, _ERASE)
        return found if found.edit is None else replace(found, name=_ERASE)

    def _reshaped(self, shape: Shape, polygons: Polygons, name: Sentence) -> Outcome:
        try:
            settled = settle(polygons, self._scene.width, self._scene.height)
        except GeometryError as error:
            return Outcome(refusal=error.sentence)
        edit: Edit = Reshape(shape.id, settled)
        return Outcome(edit=edit, name=name)

    def _show(self) -> Outcome:
        if self._at is None:
            return Outcome(cursor=Cursor.CROSS)
        brush = (self._at.point, self._size * self._at.pixel)
        preview = Preview(changed=self._changed(), brush=brush)
        return Outcome(preview, cursor=Cursor.CROSS, finished=not self.busy)

    def _changed(self) -> tuple[Shape, ...]:
        """The instances as they would become."""
        if not self._painted:
            return ()
        selected = self._scene.outlines()
        if self._button is Button.RIGHT:
            cut = [(each, subtract(each, self._painted)) for each in selected]
            return tuple(replace(each, polygons=rest) for each, rest in cut if rest)
        if len(selected) == 1:
            return (replace(selected[0], polygons=union(selected[0], self._painted)),)
        return (Instance("", self._scene.label, self._painted),)
