"""A small scene to try gestures on, and a hand to try them with."""

from __future__ import annotations

from core.document.document import Document
from core.document.instance import Instance, Polygon, Ring, Source
from core.gestures.base import Button, Gesture, Key, Modifier, Outcome, PointerEvent
from core.gestures.scene import Scene

SQUARE = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0), (10.0, 50.0))
HOLE = ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0), (20.0, 30.0))
TRIANGLE = ((60.0, 60.0), (90.0, 60.0), (60.0, 90.0))
FAR_PART = ((70.0, 10.0), (90.0, 10.0), (90.0, 30.0), (70.0, 30.0))


def instance(id: str, *parts: Ring, holes: tuple[Ring, ...] = (), **fields) -> Instance:
    polygons = tuple(Polygon(ring, holes if k == 0 else ()) for k, ring in enumerate(parts))
    return Instance(id, fields.pop("label", "cell"), polygons, **fields)


def make_scene(*instances: Instance, selection: tuple[str, ...] = (), label: str = "cell") -> Scene:
    scene = Scene()
    scene.document = Document(100, 100, instances)
    scene.selection = frozenset(selection)
    scene.label = label
    return scene


def suggestion(id: str, ring: Ring) -> Instance:
    return instance(id, ring, source=Source.SUGGESTED, score=0.8)


class Hand:
    """Moves a pointer, applies what comes out of a gesture, and remembers it."""

    def __init__(self, scene: Scene, gesture: Gesture, tolerance: float = 3.0) -> None:
        self.scene = scene
        self.gesture = gesture
        self.tolerance = tolerance
        self.outcomes: list[Outcome] = []

    def _event(self, x, y, button=Button.LEFT, held=Modifier.NONE) -> PointerEvent:
        return PointerEvent(float(x), float(y), button, held, self.tolerance)

    def _take(self, outcome: Outcome | None) -> Outcome | None:
        if outcome is None:
            return None
        self.outcomes.append(outcome)
        if outcome.edit is not None:
            self.scene.document.apply(outcome.edit)
        if outcome.selection is not None:
            self.scene.selection = outcome.selection
        if outcome.picked is not None:
            self.scene.picked = outcome.picked
        return outcome

    def press(self, x, y, **how) -> Outcome:
        return self._take(self.gesture.press(self._event(x, y, **how)))

    def move(self, x, y, **how) -> Outcome:
        return self._take(self.gesture.move(self._event(x, y, **how)))

    def release(self, x, y, **how) -> Outcome:
        return self._take(self.gesture.release(self._event(x, y, **how)))

    def click(self, x, y, **how) -> Outcome:
        self.move(x, y, **how)
        self.press(x, y, **how)
        return self.release(x, y, **how)

    def double_click(self, x, y) -> Outcome:
        self.click(x, y)
        self._take(self.gesture.double_click(self._event(x, y)))
        return self.release(x, y)

    def drag(self, *points, **how) -> Outcome:
        self.move(*points[0])
        self.press(*points[0], **how)
        for point in points[1:]:
            self.move(*point, **how)
        return self.release(*points[-1], **how)

    def key(self, key: Key, held: Modifier = Modifier.NONE) -> Outcome | None:
        outcome = self._take(self.gesture.key(key, held))
        return self._take(self.gesture.key_release(key)) or outcome

    @property
    def edits(self) -> list:
        return [outcome.edit for outcome in self.outcomes if outcome.edit is not None]

    @property
    def names(self) -> list[str]:
        return [outcome.name.id for outcome in self.outcomes if outcome.name is not None]

    def outer(self, id: str, part: int = 0) -> Ring:
        return self.scene.get(id).polygons[part].outer
