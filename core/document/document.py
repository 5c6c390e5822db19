"""The document: the instances, regions and lines of one image, changed by edits alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import is_
from typing import Final, assert_never, cast

from core.document.checks import check_shape
from core.document.edits import (
    Add,
    Batch,
    Edit,
    EditError,
    Relabel,
    Remove,
    Reshape,
    SetDetails,
    SetDone,
    SetFields,
    SetRejected,
)
from core.document.geometry.boxes import is_box
from core.document.geometry.measure import Rect, bounds_of, union_rect
from core.document.instance import (
    NO_DETAILS,
    Held,
    ImageDetails,
    Instance,
    Line,
    Region,
    Shape,
    source_after_change,
)
from core.document.regions import by_flags
from core.sentences import say

_ID_TWICE: Final = say("edits.id_twice", "An instance would be in the image twice.")
_PLACES: Final = say("edits.places", "The places for the new instances do not fit the image.")


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit touched.

    `ids` are the shapes added, removed or altered. `rect` (image pixels) covers them as they
    were and as they are; None when nothing visible changed. `order` says that the z order is
    another (shapes came, went or moved), `done` that the finished mark was set or taken back,
    `rejected` that suggestions were turned down or taken back, `details` that something else is
    said of the image.
    """

    ids: frozenset[str] = frozenset()
    rect: Rect | None = None
    order: bool = False
    done: bool = False
    rejected: bool = False
    details: bool = False

    def __or__(self, other: Changed) -> Changed:
        """Both changes together."""
        return Changed(
            self.ids | other.ids,
            union_rect(self.rect, other.rect),
            self.order or other.order,
            self.done or other.done,
            self.rejected or other.rejected,
            self.details or other.details,
        )


class Document:
    """The shapes of an image of `width` x `height` pixels, lowest first, the finished mark,
    and what is said of the whole image.

    The shape itself says whether it is an instance, a region or a line. `rejected` holds the ids of
    suggestions that the person turned down. Raises EditError when two shapes share an id or one
    has a broken outline, which is not looked for where all were `checked`.
    """

    def __init__(
        self,
        width: int,
        height: int,
        shapes: Iterable[Shape] = (),
        done: bool = False,
        rejected: Iterable[str] = (),
        details: ImageDetails = NO_DETAILS,
        checked: bool = False,
    ) -> None:
        self.width = width
        self.height = height
        self._shapes = tuple(map(by_flags, shapes))
        self._by_id = {shape.id: shape for shape in self._shapes}
        self._done = done
        self._rejected = frozenset(rejected)
        self._details = details
        self._others: frozenset[str] = frozenset()
        if len(self._by_id) != len(self._shapes):
            raise EditError(_ID_TWICE)
        for shape in () if checked else self._shapes:
            check_shape(shape)
        self._sort(self._by_id)

    def _sort(self, ids: Iterable[str]) -> None:
        """Tell instances from the others, after the shapes with these ids came, went or changed."""
        others = [
            each for each in map(self._by_id.get, ids) if each and not isinstance(each, Instance)
        ]
        self._others = self._others.difference(ids).union([each.id for each in others])
        shapes = self._shapes
        self._instances = cast("tuple[Instance, ...]", shapes)
        self._regions: tuple[Region, ...] = ()
        if self._others:  # as in few images
            self._instances = tuple([each for each in shapes if isinstance(each, Instance)])
            self._regions = tuple([each for each in shapes if isinstance(each, Region)])

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All in z order, the lowest first: what is drawn, taken and saved."""
        return self._shapes

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects, in z order."""
        return self._instances

    @property
    def regions(self) -> tuple[Region, ...]:
        """The done regions and the areas to ignore, in z order."""
        return self._regions

    @property
    def lines(self) -> tuple[Line, ...]:
        """The points, lines and line strips, in z order."""
        return tuple([each for each in self._shapes if isinstance(each, Line)])

    @property
    def done(self) -> bool:
        """Whether a person marked the image as finished."""
        return self._done

    @property
    def details(self) -> ImageDetails:
        """What is said of the whole image."""
        return self._details

    @property
    def held(self) -> Held:
        """All that a label file holds of it."""
        return self._shapes, self._done, self._details

    @property
    def rejected(self) -> frozenset[str]:
        """The ids of the suggestions that the person turned down."""
        return self._rejected

    def get(self, id: str) -> Shape | None:
        return self._by_id.get(id)

    def known(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of the ids that are here."""
        return frozenset(filter(self._by_id.__contains__, ids))

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def locked_by(self, edit: Edit) -> Shape | None:
        """A locked shape that an edit would change; None without any. To unlock it is none."""
        match edit:
            case Batch():
                return next(filter(None, map(self.locked_by, edit.edits)), None)
            case Remove():
                ids = edit.ids
            case Relabel():
                ids = tuple(id for id, _ in edit.labels)
            case Reshape():
                ids = (edit.id,)
            case SetFields():
                ids = (edit.id,) if edit.locked else ()
            case _:
                return None
        found = (self._by_id.get(id) for id in ids)
        return next((each for each in found if each is not None and each.locked), None)

    def apply(self, edit: Edit) -> tuple[Edit, Changed]:
        """Change the document; return the edit that takes the change back and what was touched.

        Raises EditError, and leaves the document as it was, when the edit does not fit.
        """
        draft = _Draft(
            list(self._shapes), dict(self._by_id), self._done, self._rejected, self._details
        )
        inverse, changed = draft.apply(edit)
        self._by_id = draft.by_id
        if changed.ids or changed.order:
            self._shapes = tuple(draft.shapes)
            self._sort(changed.ids)
        self._done = draft.done
        self._rejected = draft.rejected
        self._details = draft.details
        return inverse, changed


@dataclass(slots=True)
class _Draft:
    """A working copy: thrown away when an edit fails half-way."""

    shapes: list[Shape]
    by_id: dict[str, Shape]
    done: bool
    rejected: frozenset[str]
    details: ImageDetails

    def apply(self, edit: Edit) -> tuple[Edit, Changed]:
        match edit:
            case Add():
                return self._add(edit)
            case Remove():
                return self._remove(edit)
            case Reshape():
                return self._reshape(edit)
            case Relabel():
                return self._relabel(edit)
            case SetDone():
                return self._set_done(edit)
            case SetDetails():
                inverse, self.details = SetDetails(self.details), edit.details
                return inverse, Changed(details=inverse != edit)
            case SetFields():
                return self._set_fields(edit)
            case SetRejected():
                return self._set_rejected(edit)
            case Batch():
                return self._batch(edit)
            case _:
                assert_never(edit)

    def _find(self, id: str) -> Shape:
        found = self.by_id.get(id)
        if found is None:
            raise EditError(
                say("edits.unknown_instance", "There is no instance {id} in this image.", id=id)
            )
        return found

    def _swap(self, old: Mapping[str, Shape], new: Mapping[str, Shape]) -> Changed:
        """Put altered shapes in the place of the old ones."""
        if len(new) == 1:
            ((id, shape),) = new.items()
            places = map(is_, self.shapes, itertools.repeat(old[id]))
            self.shapes[list(places).index(True)] = shape
        else:
            self.shapes = [new.get(shape.id, shape) for shape in self.shapes]
        self.by_id.update(new)
        moved = [each for each in new.values() if each.polygons is not old[each.id].polygons]
        return Changed(ids=frozenset(new), rect=bounds_of([*old.values(), *moved]))

    def _add(self, edit: Add) -> tuple[Edit, Changed]:
        shapes = edit.shapes
        ids = [shape.id for shape in shapes]
        if len(set(ids)) != len(ids) or any(id in self.by_id for id in ids):
            raise EditError(_ID_TWICE)
        for shape in shapes:
            check_shape(shape)
        if edit.at:
            self._insert(shapes, edit.at)
        else:
            self.shapes.extend(shapes)
        self.by_id.update(zip(ids, shapes, strict=True))
        return Remove(tuple(ids)), Changed(frozenset(ids), bounds_of(shapes), order=True)

    def _insert(self, shapes: tuple[Shape, ...], at: tuple[int, ...]) -> None:
        count = len(self.shapes) + len(shapes)
        rising = all(a < b for a, b in itertools.pairwise(at))
        if len(at) != len(shapes) or not rising:
            raise EditError(_PLACES)
        if at[0] < 0 or at[-1] >= count:
            raise EditError(_PLACES)
        old = iter(self.shapes)
        new = dict(zip(at, shapes, strict=True))
        self.shapes = [new[place] if place in new else next(old) for place in range(count)]

    def _remove(self, edit: Remove) -> tuple[Edit, Changed]:
        gone = set(edit.ids)
        if len(gone) != len(edit.ids):
            raise EditError(_ID_TWICE)
        for id in edit.ids:
            self._find(id)
        places = tuple(k for k, shape in enumerate(self.shapes) if shape.id in gone)
        removed = tuple(self.shapes[place] for place in places)
        self.shapes = [shape for shape in self.shapes if shape.id not in gone]
        for id in gone:
            del self.by_id[id]
        return Add(removed, places), Changed(frozenset(gone), bounds_of(removed), order=bool(gone))

    def _reshape(self, edit: Reshape) -> tuple[Edit, Changed]:
        old = self._find(edit.id)
        source = edit.source or source_after_change(old.source)
        box = old.box and is_box(edit.polygons) if edit.box is None else edit.box
        points = old.keypoints if edit.keypoints is None else edit.keypoints
        new = replace(old, polygons=edit.polygons, source=source, box=box, keypoints=points)
        check_shape(new)
        inverse = Reshape(old.id, old.polygons, old.source, old.box, old.keypoints)
        return inverse, self._swap({old.id: old}, {new.id: new})

    def _relabel(self, edit: Relabel) -> tuple[Edit, Changed]:
        ids = [id for id, _ in edit.labels]
        if len(set(ids)) != len(ids):
            raise EditError(_ID_TWICE)
        if edit.sources and len(edit.sources) != len(ids):
            raise EditError(say("edits.sources", "The sources do not fit the labels."))
        old = {id: self._find(id) for id in ids}
        sources = edit.sources or tuple(source_after_change(old[id].source) for id in ids)
        new = {
            id: replace(old[id], label=label, source=source)
            for (id, label), source in zip(edit.labels, sources, strict=True)
        }
        inverse = Relabel(
            tuple((id, old[id].label) for id in ids), tuple(old[id].source for id in ids)
        )
        return inverse, self._swap(old, new)

    def _set_done(self, edit: SetDone) -> tuple[Edit, Changed]:
        inverse = SetDone(self.done)
        self.done = edit.done
        return inverse, Changed(done=edit.done != inverse.done)

    def _set_fields(self, edit: SetFields) -> tuple[Edit, Changed]:
        old = self._find(edit.id)
        new = by_flags(
            replace(
                old,
                flags=edit.flags,
                description=edit.description,
                crowd=edit.crowd,
                group_id=edit.group_id,
                attributes=edit.attributes,
                locked=edit.locked,
            )
        )
        return SetFields.of(old), self._swap({old.id: old}, {new.id: new})

    def _set_rejected(self, edit: SetRejected) -> tuple[Edit, Changed]:
        # Only ids that really change sides are taken back later.
        moving = tuple(
            id for id in dict.fromkeys(edit.ids) if (id in self.rejected) != edit.rejected
        )
        self.rejected = self.rejected ^ frozenset(moving)
        return SetRejected(moving, not edit.rejected), Changed(rejected=bool(moving))

    def _batch(self, edit: Batch) -> tuple[Edit, Changed]:
        inverses: list[Edit] = []
        changed = Changed()
        for part in edit.edits:
            inverse, more = self.apply(part)
            inverses.append(inverse)
            changed = changed | more
        return Batch(tuple(reversed(inverses)), edit.name), changed
