"""The stretch stroke: draw from one place of an outline to another; the stretch between is new."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from core.document.edits import Add, Edit, Reshape
from core.document.geometry import GeometryError, differ
from core.document.geometry.stretch import Track, joined, nearer, snapped, stretched
from core.document.hit import Hit
from core.document.instance import Point, Polygons, Source
from core.gestures.base import Button, Cursor, Key, Modifier, Outcome, PointerEvent, Preview
from core.gestures.polygon import thinned
from core.gestures.scene import Aim, Scene
from core.gestures.shaping import settle
from core.sentences import Sentence, say

DRAWN_FROM = 0.35
"""A press becomes a stroke after this share of the tolerance; less is a click."""
_ERROR = 0.5
"""How far, in pixels of the screen, a vertex that is left out may lie off the stroke."""
_STEPS = 400
"""Places at which an outline is looked for between two events, at most."""
_BESIDE = 3.0
"""How many times the tolerance the hand may begin beside an outline."""
_RECENT = 64
"""So many points are thinned again with each move; those before are settled."""

UNCHANGED = say(
    "gestures.stretch_unchanged",
    "The stroke leaves the outline as it is. Draw away from the outline and back to another place "
    "of it.",
)
MET_NOTHING = say(
    "gestures.stretch_met_nothing", "The stroke met no outline. Begin on the outline to redraw."
)
HINT = say(
    "gestures.hint_stretch",
    "Draw from one place of an outline to another: that stretch becomes what you draw. "
    "Shift follows neighbours.",
)
HINT_DRAWING = say(
    "gestures.hint_stretch_drawing",
    "Release on the outline. Tab takes the other side, Shift follows neighbours, Escape drops it.",
)


@dataclass(slots=True)
class StretchDrag:
    """A stroke that begins on an outline. `start` and `pixel` (of the screen) in image pixels."""

    scene: Scene
    aim: Aim
    start: Point
    tolerance: float
    pixel: float
    follow: bool = False
    cursor: Cursor = Cursor.CROSS
    _track: Track = field(init=False)
    _settled: list[Point] = field(default_factory=list)
    _recent: list[Point] = field(default_factory=list)
    _way: int | None = None
    _shown: int | None = None

    def __post_init__(self) -> None:
        rings = self.aim.shape.polygons[self.aim.polygon].rings
        self._track = Track(rings[self.aim.ring])
        self._recent = [self.scene.clamp(*self.start)]

    def preview(self, dx: float, dy: float) -> Preview:
        """The outline as it would become when the hand let go here."""
        self._extend(self.scene.clamp(self.start[0] + dx, self.start[1] + dy))
        return self.show()

    def finish(self, dx: float, dy: float) -> Outcome:
        """A reshape; of a suggestion, its acceptance with the new outline.

        Refused where the outline stays within half a pixel of the screen of what it was.
        """
        self._extend(self.scene.clamp(self.start[0] + dx, self.start[1] + dy))
        polygons = self._polygons()
        shape = self.aim.shape
        if polygons is None:
            return Outcome(cursor=self.cursor, refusal=UNCHANGED)
        try:
            polygons = settle(polygons, self.scene.width, self.scene.height)
        except GeometryError as error:
            return Outcome(cursor=self.cursor, refusal=error.sentence)
        if not differ(polygons, shape.polygons, _ERROR * self.pixel):
            return Outcome(cursor=self.cursor, refusal=UNCHANGED)
        edit: Edit = Reshape(shape.id, polygons)
        if self.aim.suggested:
            edit = Add((replace(shape, polygons=polygons, source=Source.EDITED),))
        return Outcome(
            edit=edit,
            name=say("gestures.stretch", "redraw a stretch"),
            selection=frozenset({shape.id}),
            picked=frozenset(),
            cursor=self.cursor,
        )

    def show(self) -> Preview:
        """The outline as it would become, and the line as it was drawn."""
        polygons = self._polygons()
        shape = self.aim.shape
        changed = () if polygons is None else (replace(shape, polygons=polygons),)
        return Preview(changed=changed, stroke=self._line())

    def take_other(self) -> None:
        """Replace the other of the two stretches between the ends, from now on."""
        if self._shown is not None:
            self._way = 1 - self._shown

    def _extend(self, point: Point) -> None:
        if point == self._recent[-1]:
            return
        self._recent.append(point)
        if len(self._recent) > _RECENT:
            self._settled += thinned(self._recent, _ERROR * self.pixel)[:-1]
            self._recent = self._recent[-1:]

    def _line(self) -> tuple[Point, ...]:
        line = (*self._settled, *thinned(self._recent, _ERROR * self.pixel))
        if not self.follow:
            return line
        raw = (*self._settled, *self._recent)
        rings = self.scene.rings_along(raw, self.tolerance, {self.aim.shape.id})
        led = thinned(list(snapped(raw, rings, self.tolerance)), _ERROR * self.pixel / 8)
        return snapped(tuple(led), rings, self.tolerance)  # with the vertices that both share

    def _polygons(self) -> Polygons | None:
        """The outline with what is drawn so far; None where that makes none."""
        aim = self.aim
        join = joined(self._track, self._line(), self.tolerance)
        if join is None:
            return None
        ring = aim.shape.polygons, aim.polygon, aim.ring
        self._shown = nearer(*ring, join) if self._way is None else self._way
        return stretched(*ring, join, self._shown)


def begin_stretch(
    scene: Scene, event: PointerEvent, reach: float | None = None
) -> StretchDrag | None:
    """A stroke from the outline within reach of the pointer; None where there is none."""
    aim = scene.outline_at(event.x, event.y, event.tolerance if reach is None else reach)
    if aim is None:
        return None
    follow = event.holds(Modifier.SHIFT) or (scene.snapping and not event.holds(Modifier.ALT))
    return StretchDrag(scene, aim, event.point, event.tolerance, event.pixel, follow)


class StretchGesture:
    """The stretch stroke as a tool: wherever the hand begins, the first outline it meets is meant.

    A click selects what is under it.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pressed: PointerEvent | None = None
        self._before: PointerEvent | None = None
        self._drag: StretchDrag | None = None
        self._drawing = False

    @property
    def busy(self) -> bool:
        return self._drawing

    @property
    def hint(self) -> Sentence:
        return HINT_DRAWING if self._drawing else HINT

    def press(self, event: PointerEvent) -> Outcome:
        """Begin on the outline under the pointer, which becomes selected."""
        if event.button is not Button.LEFT:
            return Outcome(cursor=Cursor.CROSS, menu=not self._drawing)
        self._pressed = self._before = event
        self._drag = begin_stretch(self._scene, event) or begin_stretch(
            self._scene, event, _BESIDE * event.tolerance
        )
        return self._begun()

    def move(self, event: PointerEvent) -> Outcome:
        """Draw on, or show which outline a press would take."""
        if self._pressed is None:
            return self._hover(event)
        if self._drag is None:
            return self._meet(event)
        dx, dy = event.x - self._pressed.x, event.y - self._pressed.y
        if math.hypot(dx, dy) > DRAWN_FROM * event.tolerance:
            self._drawing = True
        if not self._drawing:
            return Outcome(cursor=Cursor.CROSS, finished=False)
        self._drag.follow = event.holds(Modifier.SHIFT) or self._scene.snaps(event)
        preview = self._drag.preview(dx, dy)
        return Outcome(preview=preview, cursor=Cursor.CROSS, finished=False)

    def _meet(self, event: PointerEvent) -> Outcome:
        """Begin on the first outline on the way here: a fast hand is not seen at each pixel."""
        before = self._before or event
        dx, dy = event.x - before.x, event.y - before.y
        steps = min(math.ceil(math.hypot(dx, dy) / event.tolerance), _STEPS) or 1
        self._before = event
        for k in range(1, steps + 1):
            on_the_way = replace(event, x=before.x + k / steps * dx, y=before.y + k / steps * dy)
            self._drag = begin_stretch(self._scene, on_the_way)
            if self._drag is not None:
                self._pressed = on_the_way
                self._drag.preview(event.x - on_the_way.x, event.y - on_the_way.y)
                return self._begun()
        return Outcome(cursor=Cursor.CROSS, finished=False)

    def release(self, event: PointerEvent) -> Outcome:
        """End the stroke with its edit; after a mere click select what is there."""
        if event.button is not Button.LEFT or self._pressed is None:
            return Outcome(cursor=Cursor.CROSS, finished=not self._drawing)
        pressed, drag, drawn = self._pressed, self._drag, self._drawing
        self._reset()
        if drag is None and math.dist(pressed.point, event.point) > event.tolerance:
            return Outcome(cursor=Cursor.CROSS, refusal=MET_NOTHING)
        if drag is None or not drawn:
            return self._click(event)
        return drag.finish(event.x - pressed.x, event.y - pressed.y)

    def double_click(self, event: PointerEvent) -> Outcome:
        return self.press(event)

    def wants(self, key: Key) -> bool:
        """Tab and Escape while drawing."""
        return self._drawing and key in (Key.TAB, Key.ESCAPE)

    def key(self, key: Key, modifiers: Modifier = Modifier.NONE) -> Outcome | None:
        """Tab takes the other side, Escape drops the stroke."""
        if not self.wants(key) or self._drag is None:
            return None
        if key is Key.ESCAPE:
            return self.cancel()
        self._drag.take_other()
        return Outcome(preview=self._drag.show(), cursor=Cursor.CROSS, finished=False)

    def key_release(self, key: Key) -> Outcome | None:
        """Nothing: keys act when they go down."""
        return None

    def cancel(self) -> Outcome:
        self._reset()
        return Outcome(cursor=Cursor.CROSS)

    def _reset(self) -> None:
        self._pressed = self._before = self._drag = None
        self._drawing = False

    def _begun(self) -> Outcome:
        outcome = Outcome(cursor=Cursor.CROSS, finished=False)
        return outcome if self._drag is None else choosing(outcome, self._drag.aim)

    def _hover(self, event: PointerEvent) -> Outcome:
        aim = self._scene.outline_at(event.x, event.y, event.tolerance)
        if aim is None:
            return Outcome(cursor=Cursor.CROSS)
        hover = None if aim.suggested else Hit("body", aim.shape.id)
        suggestion = aim.shape.id if aim.suggested else None
        return Outcome(Preview(hover=hover, hover_suggestion=suggestion), cursor=Cursor.CROSS)

    def _click(self, event: PointerEvent) -> Outcome:
        target = self._scene.target_at(event.x, event.y, event.tolerance)
        chosen = frozenset() if target is None else frozenset({target.id})
        suggested = target is not None and target.suggested
        return Outcome(
            selection=frozenset() if suggested else chosen,
            picked=chosen if suggested else frozenset(),
            cursor=Cursor.CROSS,
        )


def choosing(outcome: Outcome, aim: Aim) -> Outcome:
    """The outcome, with what is aimed at selected or picked."""
    id = frozenset({aim.shape.id})
    nothing: frozenset[str] = frozenset()
    if aim.suggested:
        return replace(outcome, selection=nothing, picked=id)
    return replace(outcome, selection=id, picked=nothing)
