"""Edits: frozen descriptions of one change to a document.

Applying an edit with `Document.apply` yields the edit that takes it back. All changes of a
document are edits, undo and redo included, so that a journal of edits is the whole story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from core.document.fields import (
    as_bool,
    as_choice,
    as_int,
    as_list,
    as_object,
    as_text,
    get,
    wrong,
)
from core.document.instance import Polygons, Shape, Source
from core.document.instance_json import (
    flags_from_json,
    instance_from_json,
    instance_to_json,
    polygons_from_json,
    polygons_to_json,
    source_from_json,
)
from core.document.regions import by_flags
from core.sentences import MasklensError


class EditError(MasklensError):
    """An edit does not fit the document; the document is as it was."""


@dataclass(frozen=True, slots=True)
class Add:
    """Put instances or regions in. `at` gives the place of each in the resulting z order, rising.

    With an empty `at` they go on top, in the order given. The ids must be new to the document.
    """

    shapes: tuple[Shape, ...]
    at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Remove:
    """Take instances out, by id."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reshape:
    """Give an instance other polygons.

    With `source` None the rule of provenance decides: what a model proposed becomes "edited".
    """

    id: str
    polygons: Polygons
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Relabel:
    """Give instances another label: pairs of id and label.

    With `sources` empty the rule of provenance decides, else it holds one source a pair.
    """

    labels: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...] = ()

    @staticmethod
    def to(label: str, ids: Iterable[str]) -> Relabel:
        """Give all of `ids` the same label."""
        return Relabel(tuple((id, label) for id in ids))


@dataclass(frozen=True, slots=True)
class SetDone:
    """Mark the image as finished, or take the mark back."""

    done: bool


@dataclass(frozen=True, slots=True)
class SetFields:
    """Replace what an instance carries beside its outline, label and provenance."""

    id: str
    flags: tuple[tuple[str, bool], ...]
    description: str
    crowd: bool
    group_id: int | None


@dataclass(frozen=True, slots=True)
class SetRejected:
    """Turn suggestions down, or take that back, by the id of the suggestion."""

    ids: tuple[str, ...]
    rejected: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Several edits that happen, and are undone, together; `name` tells a person what they are."""

    edits: tuple[Edit, ...]
    name: str = ""


Edit = Add | Remove | Reshape | Relabel | SetDone | SetFields | SetRejected | Batch

# A batch inside a batch is fine; a file that nests them deeper than this is not ours.
_DEEPEST = 16


def edit_to_json(edit: Edit) -> dict[str, object]:
    """The edit as a JSON object; `do` names its kind."""
    match edit:
        case Add():
            return {
                "do": "add",
                "instances": [instance_to_json(shape) for shape in edit.shapes],
                "at": list(edit.at),
            }
        case Remove():
            return {"do": "remove", "ids": list(edit.ids)}
        case Reshape():
            return {
                "do": "reshape",
                "id": edit.id,
                "polygons": polygons_to_json(edit.polygons),
                "source": None if edit.source is None else edit.source.value,
            }
        case Relabel():
            return {
                "do": "relabel",
                "labels": [list(pair) for pair in edit.labels],
                "sources": [source.value for source in edit.sources],
            }
        case SetDone():
            return {"do": "set_done", "done": edit.done}
        case SetFields():
            return {
                "do": "set_fields",
                "id": edit.id,
                "flags": [list(pair) for pair in edit.flags],
                "description": edit.description,
                "crowd": edit.crowd,
                "group_id": edit.group_id,
            }
        case SetRejected():
            return {"do": "set_rejected", "ids": list(edit.ids), "rejected": edit.rejected}
        case Batch():
            return {
                "do": "batch",
                "edits": [edit_to_json(part) for part in edit.edits],
                "name": edit.name,
            }
        case _:
            assert_never(edit)


def edit_from_json(value: object, where: str = "edit") -> Edit:
    """Read what `edit_to_json` wrote, each field checked. Raises FieldError."""
    return _read(value, where, _DEEPEST)


def _read(value: object, where: str, depth: int) -> Edit:
    fields = as_object(value, where)
    kind = as_choice(get(fields, "do", where), f"{where}.do", (*_READERS, "batch"))
    if kind != "batch":
        return _READERS[kind](fields, where)
    if depth == 0:
        raise wrong(where, "too many batches inside each other")
    parts = as_list(get(fields, "edits", where), f"{where}.edits")
    return Batch(
        tuple(_read(part, f"{where}.edits[{k}]", depth - 1) for k, part in enumerate(parts)),
        as_text(get(fields, "name", where), f"{where}.name"),
    )


def _read_add(fields: Mapping[str, object], where: str) -> Edit:
    instances = as_list(get(fields, "instances", where), f"{where}.instances")
    places = as_list(get(fields, "at", where), f"{where}.at")
    return Add(
        tuple(
            by_flags(instance_from_json(item, f"{where}.instances[{k}]"))
            for k, item in enumerate(instances)
        ),
        tuple(as_int(item, f"{where}.at[{k}]", least=0) for k, item in enumerate(places)),
    )


def _read_remove(fields: Mapping[str, object], where: str) -> Edit:
    return Remove(_ids(fields, where))


def _read_reshape(fields: Mapping[str, object], where: str) -> Edit:
    source = get(fields, "source", where)
    return Reshape(
        _id(fields, where),
        polygons_from_json(get(fields, "polygons", where), f"{where}.polygons"),
        None if source is None else source_from_json(source, f"{where}.source"),
    )


def _read_relabel(fields: Mapping[str, object], where: str) -> Edit:
    labels: list[tuple[str, str]] = []
    for k, item in enumerate(as_list(get(fields, "labels", where), f"{where}.labels")):
        pair = as_list(item, f"{where}.labels[{k}]")
        if len(pair) != 2:
            raise wrong(f"{where}.labels[{k}]", "expected an id and a label")
        id, label = (as_text(part, f"{where}.labels[{k}]") for part in pair)
        labels.append((id, label))
    sources = as_list(get(fields, "sources", where), f"{where}.sources")
    return Relabel(
        tuple(labels),
        tuple(source_from_json(item, f"{where}.sources[{k}]") for k, item in enumerate(sources)),
    )


def _read_set_done(fields: Mapping[str, object], where: str) -> Edit:
    return SetDone(as_bool(get(fields, "done", where), f"{where}.done"))


def _read_set_fields(fields: Mapping[str, object], where: str) -> Edit:
    group = get(fields, "group_id", where)
    return SetFields(
        id=_id(fields, where),
        flags=flags_from_json(get(fields, "flags", where), f"{where}.flags"),
        description=as_text(get(fields, "description", where), f"{where}.description"),
        crowd=as_bool(get(fields, "crowd", where), f"{where}.crowd"),
        group_id=None if group is None else as_int(group, f"{where}.group_id"),
    )


def _read_set_rejected(fields: Mapping[str, object], where: str) -> Edit:
    rejected = as_bool(get(fields, "rejected", where), f"{where}.rejected")
    return SetRejected(_ids(fields, where), rejected)


def _id(fields: Mapping[str, object], where: str) -> str:
    return as_text(get(fields, "id", where), f"{where}.id", empty=False)


def _ids(fields: Mapping[str, object], where: str) -> tuple[str, ...]:
    ids = as_list(get(fields, "ids", where), f"{where}.ids")
    return tuple(as_text(id, f"{where}.ids[{k}]", empty=False) for k, id in enumerate(ids))


_READERS: Final[Mapping[str, Callable[[Mapping[str, object], str], Edit]]] = {
    "add": _read_add,
    "remove": _read_remove,
    "reshape": _read_reshape,
    "relabel": _read_relabel,
    "set_done": _read_set_done,
    "set_fields": _read_set_fields,
    "set_rejected": _read_set_rejected,
}
