"""What it costs a careful person to label an image who has strokes, boxes, clicks and sweeps.

The person is the one of `core.learning.effort`, and each gesture is one action. All suggestions are
accepted by one, and where they are all too narrow or too wide, made larger or smaller by three. Up
to five neighbouring false ones are swept away by one. A suggestion that nearly fits is put right by
a stroke for each run of vertices that lie off it, by clicks, or vertex by vertex, whichever is
least. What is missing is taken by one click where an outline under the pointer fits, or gets a box,
drawn a little off, for two; each step of the wheel and each `Tab` to another outline is one more.
An ellipse in such a box is two as well. Where none fits, strokes or clicks follow on the box, or
all its vertices are drawn where that is less. Every outline is measured in the end; nothing is
taken for good.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from core.document.geometry import (
    Rect,
    bounds,
    middle,
    nearest_edge,
    simplify,
    subtract,
)
from core.document.geometry.algebra import grown
from core.document.geometry.boxes import ellipse
from core.document.geometry.measure import area
from core.document.instance import Instance, Point, Polygon, Polygons
from core.learning.effort import GOOD, NEAR, TOLERANCE, Match, far_from, match, overlaps
from core.learning.strokes import stroked
from core.learning.sweeps import swept

JITTER: Final = 0.05
BOX_ACTIONS: Final = 2
GROW_ACTIONS: Final = 3
"""Select all, set the slider, apply."""
GROWN_BY: Final = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Pixels that a person tries."""
TOOLS: Final = ("sweep", "stroke", "click", "box", "ellipse", "grow")
_CLICKS: Final = 2
"""Clicks that a person tries on an outline before taking another tool."""
_GUESSED_REPAIR: Final = 2.0
_GUESSED_MISSING: Final = 3.0


class Helper(Protocol):
    """The model that answers prompts for one image; an empty outline where it sees nothing."""

    def box(self, box: Rect) -> Sequence[Polygons]:
        """What lies in a box: the outline that is shown, then those that `Tab` takes."""

    def under(self, point: Point) -> tuple[Sequence[Polygons], int]:
        """The outlines under a point, by size, and which of them is shown."""

    def click(self, points: Sequence[Point], inside: Sequence[bool], present: Polygons) -> Polygons:
        """What lies under the points; the present outline put right when there is one."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one instance costs, by tool, and how well its outline fits in the end."""

    strokes: int = 0
    boxes: int = 0
    """Actions, two a box."""
    ellipses: int = 0
    """Actions, two an ellipse."""
    clicks: int = 0
    vertices: int = 0
    overlap: float = 1.0
    saved: tuple[tuple[str, int], ...] = ()
    """Actions that a tool saved against moving or drawing vertices."""

    @property
    def actions(self) -> int:
        """All together."""
        return self.strokes + self.boxes + self.ellipses + self.clicks + self.vertices


@dataclass(frozen=True, slots=True)
class Assisted:
    """Actions that an image costs with the tools, and what each of them saved."""

    instances: int
    by_hand: int
    accept: int
    grow: int
    """Actions for making all accepted outlines larger or smaller, `GROW_ACTIONS` or none."""
    sweeps: int
    strokes: int
    boxes: int
    ellipses: int
    clicks: int
    vertices: int
    saved: dict[str, int]
    """By each of `TOOLS`."""
    overlap: tuple[float, ...] = ()
    """Of each outline with its instance in the end."""

    @property
    def actions(self) -> int:
        """All actions together."""
        tools = self.accept + self.grow + self.sweeps + self.strokes + self.boxes + self.ellipses
        return tools + self.clicks + self.vertices

    @property
    def reached(self) -> int:
        """Instances whose outline has an IoU of 0.8 or more in the end."""
        return sum(each >= GOOD for each in self.overlap)

    def to_json(self) -> dict[str, object]:
        """The numbers by their names."""
        names = ("instances", "by_hand", "actions", "accept", "grow", "sweeps", "strokes")
        more = ("boxes", "ellipses", "clicks", "vertices", "reached")
        numbers: dict[str, object] = {name: getattr(self, name) for name in (*names, *more)}
        lowest = min(self.overlap, default=None)
        mean = sum(self.overlap) / len(self.overlap) if self.overlap else None
        return {**numbers, "saved": self.saved, "lowest_iou": lowest, "mean_iou": mean}


@dataclass(slots=True)
class _Known:
    """What has been found out about an image so far."""

    repairs: dict[tuple[int, float], Work] = field(default_factory=dict)
    """Of suggestions that go with an instance, by how much larger they were made."""
    missing: dict[int, Work] = field(default_factory=dict)
    sweep: float = 0.5
    """Actions that a false suggestion cost; before there was any, half of what it costs alone."""


class AssistedImage:
    """One image, its suggestions, and a helper that answers prompts (None: nobody does).

    `key` and `seed` decide how far off each box is drawn.
    """

    def __init__(
        self,
        truths: Sequence[Instance],
        suggestions: Sequence[Instance],
        size: tuple[int, int],
        helper: Helper | None,
        key: str = "",
        seed: int = 0,
    ) -> None:
        """`size` is the width and height of the image."""
        self.match: Match = match(truths, suggestions, *size)
        self._truths = tuple(truths)
        self._outlines = [simplify(one.polygons, TOLERANCE) or one.polygons for one in truths]
        self._suggestions = sorted(suggestions, key=lambda one: -(one.score or 0.0))
        self._size, self._helper, self._key = size, helper, f"{seed} {key}"
        self._known = _Known()

    def effort(self, threshold: float) -> Guess:
        """About what the image would cost at a threshold, from what is known of it so far."""
        plain = self.match.effort(threshold)
        known = self._known
        repairs = _mean([one for one in known.repairs.values() if one.actions], _GUESSED_REPAIR)
        missing = _mean(list(known.missing.values()), _GUESSED_MISSING)
        false = plain.false * self._known.sweep
        actions = plain.accept + false + plain.usable * repairs + plain.missing * missing
        return Guess(actions, plain.by_hand)

    def label(self, threshold: float) -> Assisted:
        """Label the image with the suggestions of at least this score."""
        plain, partners = self.match.effort(threshold), self.match.partners
        shown = [k for k, score in enumerate(self.match.scores) if score >= threshold]
        found = {k: partner for k in shown if (partner := partners[k]) is not None}
        works, grow = self._kept(found)
        missing = set(range(len(self._truths))) - set(found.values())
        works += [self._drawn(k) for k in sorted(missing)]
        boxes = {k: bounds(self._suggestions[k].polygons) for k in shown}
        kept = [box for k, box in boxes.items() if partners[k] is not None]
        sweeps = swept(kept, [box for k, box in boxes.items() if partners[k] is None])
        if plain.false:
            self._known.sweep = sweeps / plain.false
        saved = dict.fromkeys(TOOLS, 0) | {"sweep": plain.false - sweeps, "grow": grow}
        for work in works:
            for name, count in work.saved:
                saved[name] += count
        return Assisted(
            instances=plain.instances,
            by_hand=plain.by_hand,
            accept=plain.accept,
            grow=GROW_ACTIONS if grow else 0,
            sweeps=sweeps,
            strokes=sum(one.strokes for one in works),
            boxes=sum(one.boxes for one in works),
            ellipses=sum(one.ellipses for one in works),
            clicks=sum(one.clicks for one in works),
            vertices=sum(one.vertices for one in works),
            saved=saved,
            overlap=tuple(one.overlap for one in works),
        )

    def _kept(self, found: Mapping[int, int]) -> tuple[list[Work], int]:
        """What the accepted suggestions cost that go with instances, as they are or all made larger
        or smaller by the step with which most fit, whichever is less; and what that saves."""
        alone = [self._repaired(k, partner, 0.0) for k, partner in found.items()]
        cost = sum(one.actions for one in alone)
        if cost <= GROW_ACTIONS:
            return alone, 0

        def fitting(by: float) -> int:
            return sum(self._overlap(p, self._grown(k, by)) >= GOOD for k, p in found.items())

        by = max(GROWN_BY, key=fitting)
        together = [self._repaired(k, partner, by) for k, partner in found.items()]
        saved = cost - sum(one.actions for one in together) - GROW_ACTIONS
        return (together, saved) if saved > 0 else (alone, 0)

    def _repaired(self, k: int, partner: int, by: float) -> Work:
        known = self._known.repairs
        if (k, by) not in known:
            outline = self._grown(k, by)
            overlap = self._overlap(partner, outline)
            known[k, by] = (
                Work(overlap=overlap)
                if overlap >= GOOD
                else self._repair(outline, partner, far_from(self._outlines[partner], outline))
            )
        return known[k, by]

    def _grown(self, k: int, by: float) -> Polygons:
        """The outline of a suggestion, larger by so many pixels; empty where nothing is left."""
        return grown(self._suggestions[k].polygons, by)

    def _repair(self, outline: Polygons, partner: int, far: int) -> Work:
        """Put right a suggestion of which `far` vertices lie off; the least of three ways.

        Where it does not fit once these are moved, all its vertices are drawn instead.
        """
        by_vertices = Work(
            vertices=far, overlap=self._overlap(partner, self._moved(outline, partner))
        )
        if by_vertices.overlap < GOOD:
            by_vertices = self._by_vertices(partner, self.match.vertices[partner])
        far, ways = by_vertices.vertices, list[Work]()
        strokes = self._strokes(outline, partner)
        if strokes is not None:
            count, overlap = strokes
            ways.append(Work(strokes=count, overlap=overlap, saved=(("stroke", far - count),)))
        if min((way.actions for way in ways), default=far) > 1:
            clicks = self._clicks(outline, partner)
            if clicks is not None:
                count, overlap = clicks
                ways.append(Work(clicks=count, overlap=overlap, saved=(("click", far - count),)))
        return min((*ways, by_vertices), key=lambda way: way.actions)

    def _drawn(self, partner: int) -> Work:
        known = self._known.missing
        if partner not in known:
            known[partner] = self._draw(partner)
        return known[partner]

    def _draw(self, partner: int) -> Work:
        """Take a missing instance by a click or a box, or draw it; whichever is least."""
        whole, helper = self.match.vertices[partner], self._helper
        if helper is None:
            return self._by_vertices(partner, whole)
        under, shown = helper.under(middle(self._truths[partner].polygons))
        box = self._box(partner)
        boxed = helper.box(box)
        ways = [
            Work(clicks=1 + steps, overlap=overlap, saved=(("click", whole - 1 - steps),))
            for steps, overlap in self._fitting(
                partner, ((abs(k - shown), each) for k, each in enumerate(under))
            )
        ]
        ways += [
            Work(boxes=BOX_ACTIONS + tabs, overlap=overlap, saved=(("box", whole - 2 - tabs),))
            for tabs, overlap in self._fitting(partner, enumerate(boxed))
        ]
        ways += [
            Work(ellipses=BOX_ACTIONS, overlap=overlap, saved=(("ellipse", whole - BOX_ACTIONS),))
            for _, overlap in self._fitting(partner, [(0, (Polygon(ellipse(box)),))])
        ]
        if not ways and boxed:
            ways = self._boxed(partner, boxed[0], whole)
        failed = self._by_vertices(partner, whole)
        by_hand = replace(failed, boxes=BOX_ACTIONS, saved=(("box", -BOX_ACTIONS),))
        return min((*ways, by_hand), key=lambda way: way.actions)

    def _fitting(
        self, partner: int, outlines: Iterable[tuple[int, Polygons]]
    ) -> Iterator[tuple[int, float]]:
        """Of the outlines that fit: how many steps away each is, and how well it fits."""
        for steps, outline in outlines:
            overlap = self._overlap(partner, outline)
            if overlap >= GOOD:
                yield steps, overlap

    def _boxed(self, partner: int, outline: Polygons, whole: int) -> list[Work]:
        """Ways to put right what came of a box."""
        ways = list[Work]()
        strokes, clicks = self._strokes(outline, partner), self._clicks(outline, partner)
        if strokes is not None:
            count, overlap = strokes
            saved = (("box", whole - BOX_ACTIONS - count),)
            ways.append(Work(strokes=count, boxes=BOX_ACTIONS, overlap=overlap, saved=saved))
        if clicks is not None:
            count, overlap = clicks
            saved = (("box", whole - BOX_ACTIONS - count),)
            ways.append(Work(clicks=count, boxes=BOX_ACTIONS, overlap=overlap, saved=saved))
        return ways

    def _moved(self, outline: Polygons, partner: int) -> Polygons:
        """The outline with those vertices moved that lie off, and the others left on it."""

        def at(x: float, y: float) -> Point:
            place = nearest_edge(outline, x, y)
            return (x, y) if place.distance > NEAR else place.point

        rings = [[tuple(at(*p) for p in r) for r in one.rings] for one in self._outlines[partner]]
        return tuple(Polygon(outer, tuple(holes)) for outer, *holes in rings)

    def _by_vertices(self, partner: int, count: int) -> Work:
        return Work(vertices=count, overlap=self._overlap(partner, self._outlines[partner]))

    def _strokes(self, outline: Polygons, partner: int) -> tuple[int, float] | None:
        """Strokes until the outline fits, and how well it then does; None when it never does."""
        truth = self._outlines[partner]
        results = stroked(truth, outline, lambda each: self._overlap(partner, each))
        for count, result in enumerate(results, start=1):
            overlap = self._overlap(partner, result)
            if overlap >= GOOD:
                return count, overlap
        return None

    def _clicks(self, outline: Polygons, partner: int) -> tuple[int, float] | None:
        """Clicks until the outline fits; None when it does not after a few."""
        if self._helper is None:
            return None
        points, inside = list[Point](), list[bool]()
        for count in range(1, _CLICKS + 1):
            click = next_click(self._truths[partner].polygons, outline)
            if click is None:
                return None
            points.append(click[0])
            inside.append(click[1])
            outline = self._helper.click(points, inside, outline) or outline
            overlap = self._overlap(partner, outline)
            if overlap >= GOOD:
                return count, overlap
        return None

    def _box(self, partner: int) -> Rect:
        """The box of an instance as a hand draws it."""
        rng = random.Random(f"{self._key} {partner}")
        return jittered(bounds(self._truths[partner].polygons), JITTER, rng, self._size)

    def _overlap(self, partner: int, outline: Polygons) -> float:
        if not outline:
            return 0.0
        one = Instance("one", "", outline)
        return float(overlaps([one], [self._truths[partner]], *self._size)[0, 0])


@dataclass(frozen=True, slots=True)
class Guess:
    """About what an image costs at some threshold."""

    actions: float
    by_hand: int


def next_click(truth: Polygons, found: Polygons) -> tuple[Point, bool] | None:
    """Where a person clicks next: into the largest piece that is wrong; and whether it is missing.

    None when nothing is wrong any more.
    """
    missing = subtract(truth, found) if found else truth
    surplus = subtract(found, truth) if found else ()
    pieces = [((one,), True) for one in missing] + [((one,), False) for one in surplus]
    if not pieces:
        return None
    piece, wanted = max(pieces, key=lambda each: area(each[0]))
    return middle(piece), wanted


def jittered(box: Rect, share: float, rng: random.Random, size: tuple[int, int]) -> Rect:
    """A box whose edges are each off by up to a share of its side, within an image of a size."""
    across, down = share * box.width, share * box.height
    x0, x1 = (edge + rng.uniform(-across, across) for edge in (box.x0, box.x1))
    y0, y1 = (edge + rng.uniform(-down, down) for edge in (box.y0, box.y1))
    return Rect(max(x0, 0.0), max(y0, 0.0), min(x1, float(size[0])), min(y1, float(size[1])))


def _mean(works: Sequence[Work], guess: float) -> float:
    return sum(one.actions for one in works) / len(works) if works else guess
