"""The suggestions of an image: what a model proposes, kept apart from the label file."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from core.document.fields import (
    FieldError,
    as_bool,
    as_list,
    as_number,
    as_object,
    as_text,
    get,
    wrong,
)
from core.document.instance import Instance, Source
from core.document.instance_json import instance_from_json, instance_to_json
from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, make_folder, write_atomic

_BROKEN: Final = say("suggestions.broken", "The suggestions in {path} cannot be used. {problem}")


_VERSION = 1

Setting = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class SuggestionSet:
    """Suggestions of one model for one image.

    `model` is the model revision that made them, `settings` what it ran with, by name. `rejected`
    are the ids that a person turned down; they stay in `instances`. `seen_label_file` is the
    SHA-256 of the label file there was when the set was written (None when there was none):
    suggestions inside that very file are older than these.
    """

    model: str | None = None
    settings: tuple[tuple[str, Setting], ...] = ()
    instances: tuple[Instance, ...] = ()
    rejected: frozenset[str] = field(default_factory=frozenset)
    seen_label_file: str | None = None

    def pending(self, taken: Container[str] = ()) -> tuple[Instance, ...]:
        """The suggestions nobody has answered: not rejected, and no instance in `taken`."""
        return tuple(
            each for each in self.instances if each.id not in self.rejected and each.id not in taken
        )


def save_suggestions(path: Path, suggestions: SuggestionSet) -> None:
    """Write a set to its file, in one piece. Raises StorageError."""
    value = {
        "masklens_suggestions": _VERSION,
        "model": suggestions.model,
        "settings": dict(suggestions.settings),
        "instances": [instance_to_json(instance) for instance in suggestions.instances],
        "rejected": sorted(suggestions.rejected),
        "seen_label_file": suggestions.seen_label_file,
    }
    make_folder(path.parent)
    write_atomic(path, json.dumps(value, allow_nan=False, separators=(",", ":")).encode())


def load_suggestions(path: Path) -> SuggestionSet | None:
    """Read a set, each field checked; None when there is no file. Raises StorageError."""
    try:
        value: object = json.loads(inside.read(path))
        return _from_json(value)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            say(
                "suggestions.unreadable",
                "The suggestions in {path} cannot be read ({reason}).",
                path=str(path),
                reason=reason,
            )
        ) from error
    except FieldError as error:
        raise StorageError(_BROKEN.given(path=str(path), problem=str(error))) from error
    except (ValueError, RecursionError) as error:
        raise StorageError(_BROKEN.given(path=str(path), problem="It is not JSON.")) from error


def _from_json(value: object) -> SuggestionSet:
    where = "suggestions"
    fields = as_object(value, where)
    if fields.get("masklens_suggestions") != _VERSION:
        raise wrong(f"{where}.masklens_suggestions", f"expected {_VERSION}")
    model = get(fields, "model", where)
    seen = get(fields, "seen_label_file", where)
    settings = as_object(get(fields, "settings", where), f"{where}.settings")
    rejected = as_list(get(fields, "rejected", where), f"{where}.rejected")
    return SuggestionSet(
        model=None if model is None else as_text(model, f"{where}.model"),
        settings=tuple(
            (name, _setting(item, f"{where}.settings.{name}")) for name, item in settings.items()
        ),
        instances=_instances(get(fields, "instances", where), f"{where}.instances"),
        rejected=frozenset(
            as_text(item, f"{where}.rejected[{k}]") for k, item in enumerate(rejected)
        ),
        seen_label_file=None if seen is None else as_text(seen, f"{where}.seen_label_file"),
    )


def _instances(value: object, where: str) -> tuple[Instance, ...]:
    found: dict[str, Instance] = {}
    for k, item in enumerate(as_list(value, where)):
        instance = instance_from_json(item, f"{where}[{k}]")
        if instance.id in found:
            raise wrong(f"{where}[{k}].id", "used twice")
        found[instance.id] = replace(instance, source=Source.SUGGESTED)
    return tuple(found.values())


def _setting(value: object, where: str) -> Setting:
    if value is None:
        return None
    if isinstance(value, bool):
        return as_bool(value, where)
    if isinstance(value, str):
        return as_text(value, where)
    if isinstance(value, int):
        return value
    return as_number(value, where)
