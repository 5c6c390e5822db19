"""The document: the instances of one image, changed by edits alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from core.document.edits import (
    Add,
    Batch,
    Edit,
    EditError,
    Relabel,
    Remove,
    Reshape,
    SetDone,
    SetFields,
    SetRejected,
)
from core.document.geometry.measure import Rect, bounds, union_rect
from core.document.instance import Instance, Polygons, source_after_change
from core.sentences import say

_ID_TWICE: Final = say("edits.id_twice", "An instance would be in the image twice.")
_PLACES: Final = say("edits.places", "The places for the new instances do not fit the image.")


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit touched.

    `ids` are the instances added, removed or altered. `rect` (image pixels) covers them as they
    were and as they are; None when nothing visible changed. `order` says that the z order is
    another (instances came, went or moved), `done` that the finished mark was set or taken back,
    `rejected` that suggestions were turned down or taken back.
    """

    ids: frozenset[str] = frozenset()
    rect: Rect | None = None
    order: bool = False
    done: bool = False
    rejected: bool = False

    def __or__(self, other: Changed) -> Changed:
        """Both changes together."""
        return Changed(
            self.ids | other.ids,
            union_rect(self.rect, other.rect),
            self.order or other.order,
            self.done or other.done,
            self.rejected or other.rejected,
        )


class Document:
    """The instances of an image of `width` x `height` pixels, lowest first, and the finished mark.

    `rejected` holds the ids of suggestions that the person turned down. Raises EditError when two
    instances share an id or one has a broken outline.
    """

    def __init__(
        self,
        width: int,
        height: int,
        instances: Iterable[Instance] = (),
        done: bool = False,
        rejected: Iterable[str] = (),
    ) -> None:
        self.width = width
        self.height = height
        self._instances: tuple[Instance, ...] = tuple(instances)
        self._by_id = {instance.id: instance for instance in self._instances}
        self._done = done
        self._rejected = frozenset(rejected)
        if len(self._by_id) != len(self._instances):
            raise EditError(_ID_TWICE)
        for instance in self._instances:
            check_instance(instance)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances in z order, the lowest first."""
        return self._instances

    @property
    def done(self) -> bool:
        """Whether a person marked the image as finished."""
        return self._done

    @property
    def rejected(self) -> frozenset[str]:
        """The ids of the suggestions that the person turned down."""
        return self._rejected

    def get(self, id: str) -> Instance | None:
        """The instance with this id, or None."""
        return self._by_id.get(id)

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def apply(self, edit: Edit) -> tuple[Edit, Changed]:
        """Change the document; return the edit that takes the change back and what was touched.

        Raises EditError, and leaves the document as it was, when the edit does not fit.
        """
        draft = _Draft(list(self._instances), dict(self._by_id), self._done, self._rejected)
        inverse, changed = draft.apply(edit)
        if changed.ids or changed.order:
            self._instances = tuple(draft.instances)
        self._by_id = draft.by_id
        self._done = draft.done
        self._rejected = draft.rejected
        return inverse, changed


@dataclass(slots=True)
class _Draft:
    """A working copy: thrown away when an edit fails half-way."""

    instances: list[Instance]
    by_id: dict[str, Instance]
    done: bool
    rejected: frozenset[str]

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
            case SetFields():
                return self._set_fields(edit)
            case SetRejected():
                return self._set_rejected(edit)
            case Batch():
                return self._batch(edit)
            case _:
                assert_never(edit)

    def _find(self, id: str) -> Instance:
        found = self.by_id.get(id)
        if found is None:
            raise EditError(
                say("edits.unknown_instance", "There is no instance {id} in this image.", id=id)
            )
        return found

    def _swap(self, old: dict[str, Instance], new: dict[str, Instance]) -> Changed:
        """Put altered instances in the place of the old ones."""
        if len(new) == 1:
            ((id, instance),) = new.items()
            place = next(k for k, each in enumerate(self.instances) if each is old[id])
            self.instances[place] = instance
        else:
            self.instances = [new.get(instance.id, instance) for instance in self.instances]
        self.by_id.update(new)
        moved = [each for each in new.values() if each.polygons is not old[each.id].polygons]
        return Changed(ids=frozenset(new), rect=_rect_of([*old.values(), *moved]))

    def _add(self, edit: Add) -> tuple[Edit, Changed]:
        ids = [instance.id for instance in edit.instances]
        if len(set(ids)) != len(ids) or any(id in self.by_id for id in ids):
            raise EditError(_ID_TWICE)
        for instance in edit.instances:
            check_instance(instance)
        if edit.at:
            self._insert(edit)
        else:
            self.instances.extend(edit.instances)
        self.by_id.update(zip(ids, edit.instances, strict=True))
        return Remove(tuple(ids)), Changed(frozenset(ids), _rect_of(edit.instances), order=True)

    def _insert(self, edit: Add) -> None:
        count = len(self.instances) + len(edit.instances)
        rising = all(a < b for a, b in zip(edit.at, edit.at[1:], strict=False))
        if len(edit.at) != len(edit.instances) or not rising:
            raise EditError(_PLACES)
        if edit.at[0] < 0 or edit.at[-1] >= count:
            raise EditError(_PLACES)
        old = iter(self.instances)
        new = dict(zip(edit.at, edit.instances, strict=True))
        self.instances = [new[place] if place in new else next(old) for place in range(count)]

    def _remove(self, edit: Remove) -> tuple[Edit, Changed]:
        gone = set(edit.ids)
        if len(gone) != len(edit.ids):
            raise EditError(_ID_TWICE)
        for id in edit.ids:
            self._find(id)
        places = tuple(k for k, instance in enumerate(self.instances) if instance.id in gone)
        removed = tuple(self.instances[place] for place in places)
        self.instances = [instance for instance in self.instances if instance.id not in gone]
        for id in gone:
            del self.by_id[id]
        return Add(removed, places), Changed(frozenset(gone), _rect_of(removed), order=bool(gone))

    def _reshape(self, edit: Reshape) -> tuple[Edit, Changed]:
        old = self._find(edit.id)
        source = edit.source or source_after_change(old.source)
        new = replace(old, polygons=edit.polygons, source=source)
        check_instance(new)
        return Reshape(old.id, old.polygons, old.source), self._swap({old.id: old}, {new.id: new})

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
        new = replace(
            old,
            flags=edit.flags,
            description=edit.description,
            crowd=edit.crowd,
            group_id=edit.group_id,
        )
        inverse = SetFields(old.id, old.flags, old.description, old.crowd, old.group_id)
        return inverse, self._swap({old.id: old}, {new.id: new})

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


def check_instance(instance: Instance) -> None:
    """Raise EditError unless it has an id, polygons, and finite rings of three or more points."""
    if not instance.id:
        raise EditError(say("edits.no_id", "An instance without an id cannot be kept."))
    if not instance.polygons:
        raise EditError(say("edits.no_polygon", "Instance {id} has no outline.", id=instance.id))
    _check_rings(instance.id, instance.polygons)


def _check_rings(id: str, polygons: Polygons) -> None:
    for polygon in polygons:
        for ring in polygon.rings:
            if len(ring) < 3:
                raise EditError(
                    say(
                        "edits.short_ring",
                        "An outline of instance {id} has fewer than three points.",
                        id=id,
                    )
                )
            # A sum is finite only when all its terms are; this is the fast way to look at all.
            if not math.isfinite(sum(x + y for x, y in ring)):
                raise EditError(
                    say(
                        "edits.not_finite",
                        "A coordinate of instance {id} is not a finite number.",
                        id=id,
                    )
                )


def _rect_of(instances: Iterable[Instance]) -> Rect | None:
    rect: Rect | None = None
    for instance in instances:
        rect = union_rect(rect, bounds(instance))
    return rect
