"""What sets two states of an image's labels apart, instance by instance, and the way between them.

An instance is the same in both when it has the same id, or else the same outline, or else overlaps
by an IoU of `SAME`: other programs drop our ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from core.document.document import Document
from core.document.edits import Add, Batch, Edit, Remove, SetDetails, SetDone, SetRejected
from core.document.geometry import polygon_iou
from core.document.geometry.measure import bounds
from core.document.instance import NO_DETAILS, ImageDetails, Shape
from core.formats.label_file import LabelFile

SAME: Final = 0.5
MOST_COMPARED: Final = 200_000
"""Pairs of boxes that are compared to find what was moved; beyond, it counts as another one."""


class Kind(Enum):
    """What the other state has in comparison with the present one."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One instance or region that differs: as it is now, and as the other state has it.

    `ours` says that the present state alone has moved away from what both began with, so that
    taking the other's would undo a person's work; `both` that each changed it in its own way.
    """

    kind: Kind
    now: Shape | None
    other: Shape | None
    ours: bool = False
    both: bool = False

    @property
    def id(self) -> str:
        shape = self.now or self.other
        assert shape is not None
        return shape.id

    @property
    def shape(self) -> Shape:
        """The one to show: the other's, or the one that it lacks."""
        shape = self.other or self.now
        assert shape is not None
        return shape


@dataclass(frozen=True, slots=True)
class Compared:
    """The other state, as it was read and under the ids of the present one, and what differs."""

    read: LabelFile
    other: LabelFile
    differences: tuple[Difference, ...]
    done: bool
    """Whether the marks "finished" differ."""
    details: bool = False
    """Whether what is said of the whole image differs."""

    @property
    def same(self) -> bool:
        return not (self.differences or self.done or self.details)


def compare(
    now: Sequence[Shape],
    done: bool,
    other: LabelFile,
    base: LabelFile | None = None,
    details: ImageDetails = NO_DETAILS,
) -> Compared:
    """Hold another state against the present one; `base` is what both of them began with."""
    read, other = other, _under_our_ids(other, now)
    mine = {each.id: each for each in now}
    theirs = {each.id: each for each in other.shapes}
    before = {} if base is None else {s.id: s for s in _under_our_ids(base, now).shapes}
    found = [
        difference
        for id in dict.fromkeys((*mine, *theirs))
        if (difference := _difference(mine.get(id), theirs.get(id), before.get(id), base))
    ]
    return Compared(read, other, tuple(found), done != other.done, details != other.details)


def merge(
    document: Document,
    compared: Compared,
    taken: Collection[str],
    *,
    take_done: bool,
    take_details: bool = True,
    name: str,
) -> Edit | None:
    """The edit that takes over those differences whose ids are in `taken`; None for nothing."""
    chosen = [each for each in compared.differences if each.id in taken]
    wanted = {each.id: each.other for each in chosen}
    gone = tuple(each.id for each in chosen if each.now is not None)
    places = {shape.id: place for place, shape in enumerate(document.shapes)}
    kept = [shape for shape in document.shapes if shape.id not in wanted]
    new = sorted(
        (shape for shape in wanted.values() if shape is not None),
        key=lambda shape: places.get(shape.id, len(places)),
    )
    edits: list[Edit] = []
    if gone:
        edits.append(Remove(gone))
    if new:
        edits.append(Add(tuple(new), _at(new, kept, places)))
    if take_done and compared.done:
        edits.append(SetDone(compared.other.done))
    if take_details and compared.details:
        edits.append(SetDetails(compared.other.details))
    return Batch(tuple(edits), name) if edits else None


def beyond(compared: Compared, document: Document, rejected: frozenset[str]) -> tuple[Edit, ...]:
    """The edits from the other state, as it is read from its file, and from the suggestions that
    were rejected when they were stored, to the document; none when it has nothing beyond.
    """
    edits: list[Edit] = []
    file = compared.read
    if compared.other.shapes != document.shapes:
        if file.shapes:
            edits.append(Remove(tuple(each.id for each in file.shapes)))
        if document.shapes:
            edits.append(Add(document.shapes))
    if file.done != document.done:
        edits.append(SetDone(document.done))
    if file.details != document.details:
        edits.append(SetDetails(document.details))
    if turned := document.rejected - rejected:
        edits.append(SetRejected(tuple(sorted(turned)), True))
    return tuple(edits)


def _at(new: Sequence[Shape], kept: Sequence[Shape], places: Mapping[str, int]) -> tuple[int, ...]:
    """Where the new shapes go in the resulting order: each where it was, unknown ones on top."""
    merged = sorted((*kept, *new), key=lambda shape: places.get(shape.id, len(places)))
    ids = {shape.id for shape in new}
    return tuple(place for place, shape in enumerate(merged) if shape.id in ids)


def _difference(
    now: Shape | None, other: Shape | None, before: Shape | None, base: LabelFile | None
) -> Difference | None:
    if now is not None and other is not None and _equal(now, other):
        return None
    kind = Kind.CHANGED if now and other else Kind.ADDED if other else Kind.REMOVED
    if base is None:
        return Difference(kind, now, other)
    ours = not _same_or_none(now, before)
    theirs = not _same_or_none(other, before)
    return Difference(kind, now, other, ours=ours and not theirs, both=ours and theirs)


def _same_or_none(a: Shape | None, b: Shape | None) -> bool:
    return a is b if a is None or b is None else _equal(a, b)


def _equal(a: Shape, b: Shape) -> bool:
    """Whether two shapes say the same of the image; where they come from does not count."""
    return _said(a) == _said(b)


def _said(shape: Shape) -> tuple[object, ...]:
    marks = shape.line, shape.locked, shape.flags, shape.crowd, shape.description, shape.attributes
    return shape.label, shape.polygons, *marks


def _under_our_ids(file: LabelFile, now: Sequence[Shape]) -> LabelFile:
    """The file with the ids of the present state, where it has the same instance."""
    ours = {each.id for each in now}
    strange = [each for each in file.shapes if each.id not in ours]
    named = {each.id for each in file.shapes}
    free = [each for each in now if each.id not in named]
    ids = _pairs(strange, free)
    if not ids:
        return file
    kept = replace(
        file.kept,
        shapes=tuple((ids.get(id or "", id), shape) for id, shape in file.kept.shapes),
        read={ids.get(id, id): _renamed(each, ids) for id, each in file.kept.read.items()},
    )
    return replace(file, shapes=tuple(_renamed(each, ids) for each in file.shapes), kept=kept)


def _renamed(shape: Shape, ids: Mapping[str, str]) -> Shape:
    return replace(shape, id=ids[shape.id]) if shape.id in ids else shape


def _pairs(strange: Iterable[Shape], free: Sequence[Shape]) -> dict[str, str]:
    """The present id of each strange shape that is one of the free ones."""
    ids: dict[str, str] = {}
    by_outline: dict[object, list[Shape]] = {}
    for each in free:
        by_outline.setdefault(each.polygons, []).append(each)
    left: list[Shape] = []  # a line of another course is another line
    for each in strange:
        equal = by_outline.get(each.polygons)
        if equal:
            ids[each.id] = equal.pop(0).id
        elif not each.line:
            left.append(each)
    used = set(ids.values())
    rest = [(bounds(each), each) for each in free if not (each.line or each.id in used)]
    if len(left) * len(rest) > MOST_COMPARED:
        return ids
    for each in left:
        box = bounds(each)
        near = [
            (polygon_iou(each, there), place)
            for place, (other, there) in enumerate(rest)
            if box.intersects(other)
        ]
        best = max(near, default=(0.0, 0))
        if best[0] >= SAME:
            ids[each.id] = rest.pop(best[1])[1].id
    return ids
