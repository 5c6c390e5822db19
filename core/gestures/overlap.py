"""The rule of a folder for instances that would cover each other: what an edit becomes by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Final

from core.document.document import Document
from core.document.edits import Add, Batch, Edit, Overlap, Remove, Reshape, SetFields
from core.document.geometry import area, intersect, subtract, union
from core.document.geometry.algebra import shared_areas, wide
from core.document.geometry.measure import Rect, bounds
from core.document.instance import Instance, Polygon, Polygons, Shape
from core.document.regions import BACKGROUND, IGNORED_LABEL, by_flags
from core.gestures.boxes import BoxTable

SLIVER: Final = 0.01
"""Square pixels that two instances may share: borders drawn along each other differ by rounding."""
NARROW: Final = 1.0
"""Pixels: what a cut leaves over and is nowhere as wide is no part of an object."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An edit as the rule lets it be, and what would have vanished and stays as it is."""

    edit: Edit
    kept: tuple[Shape, ...] = ()


def settled(
    edit: Edit, document: Document, rule: Overlap, near: Callable[[Rect], Iterable[Shape]]
) -> Settled:
    """An edit with the cuts that the rule asks for, in one batch; the edit itself without any.

    `near` gives the shapes of the document whose box meets a rectangle. The rule is for what an
    edit adds: instances that covered each other before still do. What is locked is never cut, so
    it wins over all; regions, lines, and labels that stand for no object take no part. Of several
    that come together the one with the higher score wins. Holes and parts stay; scraps that a cut
    leaves, nowhere a pixel wide, go with it. One that would vanish stays whole. Raises EditError
    for an edit that does not fit.
    """
    if rule is Overlap.KEEP:
        return Settled(edit)
    after = _After(document)
    after.take(edit)
    coming = [shape for id, shape in after.shapes.items() if shape and _grows(document, id, shape)]
    if not coming:
        return Settled(edit)
    last_first = coming[::-1] if rule is Overlap.NEW else coming
    ranked = sorted(last_first, key=lambda each: -1.0 if each.score is None else -each.score)
    there: dict[str, Shape] = {}
    pairs: list[tuple[Shape, Shape]] = []
    table = BoxTable(ranked)
    for row, shape in enumerate(ranked):
        box = table.box(row)
        pairs += [(shape, ranked[other]) for other in table.meeting(box) if other < row]
        found = [each for each in near(box) if each.id not in after.shapes and takes_part(each)]
        there.update((each.id, each) for each in found)
        pairs += [(shape, each) for each in found]
    before = [each for each in map(document.get, after.shapes) if each and takes_part(each)]
    cuts = _Cuts(before)
    met = _met(pairs, there, document)
    for shape in ranked:
        cuts.cut(shape, [each for each in met[shape.id] if _stays(each, there, rule)])
    for shape in there.values():
        if shape.id in met and not _stays(shape, there, rule):
            cuts.cut(shape, [cuts.now.get(each.id, each) for each in met[shape.id]])
    result = Batch((edit, *cuts.edits)) if cuts.edits else edit
    return Settled(result, tuple(cuts.kept))


def _stays(shape: Shape, there: Mapping[str, Shape], rule: Overlap) -> bool:
    """Whether a shape wins over one that comes after it in the ranking."""
    return shape.id not in there or shape.locked or rule is Overlap.OLD


def _met(
    pairs: Sequence[tuple[Shape, Shape]], there: Mapping[str, Shape], document: Document
) -> dict[str, list[Shape]]:
    """By id: those that may cut it. Pairs that covered each other before are left out.

    Of a pair of two that come the first is the later in the ranking.
    """
    met: dict[str, list[Shape]] = defaultdict(list)
    for (later, other), shared in zip(pairs, shared_areas(pairs), strict=True):
        if shared <= SLIVER:
            continue
        olds = document.get(later.id), document.get(other.id)
        moved = other.polygons is not (olds[1].polygons if olds[1] else None)
        if moved and olds[0] and olds[1] and shared_areas([(olds[0], olds[1])])[0] > SLIVER:
            continue  # both changed together
        met[later.id].append(other)
        if other.id in there:
            met[other.id].append(later)
    return met


def takes_part(shape: Shape) -> bool:
    """Whether the rule is for a shape: an instance of something."""
    return isinstance(shape, Instance) and shape.label not in (BACKGROUND, IGNORED_LABEL)


def _grows(document: Document, id: str, shape: Shape) -> bool:
    """Whether a shape is there that was not, or has another outline."""
    old = document.get(id)
    if not takes_part(shape):
        return False
    return old is None or not takes_part(old) or old.polygons != shape.polygons


@dataclass(slots=True)
class _After:
    """The shapes that an edit touches, as it leaves them; None for one that is gone."""

    document: Document
    shapes: dict[str, Shape | None] = field(default_factory=dict)

    def take(self, edit: Edit) -> None:
        match edit:
            case Batch():
                for each in edit.edits:
                    self.take(each)
            case Add():
                self.shapes.update((each.id, each) for each in edit.shapes)
            case Remove():
                self.shapes.update((id, None) for id in edit.ids)
            case Reshape():
                old = self._get(edit.id)
                if old is not None:
                    self.shapes[edit.id] = replace(old, polygons=edit.polygons)
            case SetFields():
                old = self._get(edit.id)
                if old is not None:
                    self.shapes[edit.id] = by_flags(replace(old, flags=edit.flags))

    def _get(self, id: str) -> Shape | None:
        return self.shapes[id] if id in self.shapes else self.document.get(id)


@dataclass(slots=True)
class _Cuts:
    """What is cut so far. `before` are the instances that the edit changes, as they were."""

    before: Sequence[Shape]
    edits: list[Edit] = field(default_factory=list)
    kept: list[Shape] = field(default_factory=list)
    now: dict[str, Shape] = field(default_factory=dict)

    def cut(self, shape: Shape, others: Iterable[Shape]) -> None:
        """Take off a shape what others cover."""
        rest = shape.polygons
        for other in others:
            rest = self._without(rest, self.now.get(other.id, other))
            if not rest:
                self.kept.append(shape)
                return
        if rest is not shape.polygons:
            self.edits.append(Reshape(shape.id, rest))
            self.now[shape.id] = replace(shape, polygons=rest)

    def _without(self, polygons: Polygons, other: Shape) -> Polygons:
        """The polygons less what another covers since this edit; those not met stay as they are."""
        if len(polygons) == 1 and not self.before:
            return wide(subtract(polygons, other), NARROW)  # that they meet is known
        box = bounds(other)
        left: list[Polygon] = []
        for polygon in polygons:
            cut = self._cut_off((polygon,), other, box)
            left += wide(subtract((polygon,), cut), NARROW) if cut else (polygon,)
        same = len(left) == len(polygons) and all(map(is_, left, polygons))
        return polygons if same else tuple(left)

    def _cut_off(self, part: Polygons, other: Shape, box: Rect) -> Polygons:
        """What another takes of a part; nothing where it covered that before."""
        shared = intersect(part, other) if box.intersects(bounds(part)) else ()
        if area(shared) <= SLIVER:
            return ()
        held = [each for each in self.before if bounds(each).intersects(box)]
        if not held or area(intersect(shared, union(*held))) <= SLIVER:
            return other.polygons
        new = subtract(shared, *held)
        return new if area(new) > SLIVER else ()
