"""What a project remembers: its labels with their colours, and the active label."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.document.fields import FieldError, as_list, as_object, as_text, get, wrong
from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, make_folder, write_atomic

_BROKEN: Final = say("project.broken", "The project settings in {path} cannot be used. {problem}")


_VERSION = 1
_COLOUR = re.compile(r"#[0-9a-f]{6}")

# Told apart by most colour-blind people when near each other in this order; after the palette of
# Okabe and Ito (2008), lightened where needed to be seen on dark images, then more hues.
PALETTE: Final = (
    "#e69f00",
    "#56b4e9",
    "#00b386",
    "#f0e442",
    "#3d8fd1",
    "#e8661c",
    "#d98ab8",
    "#b3de69",
    "#a78bfa",
    "#fb7185",
    "#2dd4bf",
    "#c4a484",
)


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """A label and its colour, `#rrggbb` in lower case."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The labels of a project in their order (the number keys follow it) and the active one.

    `kept` holds what a newer version wrote, as JSON text; it survives a round trip.
    """

    labels: tuple[LabelStyle, ...] = ()
    active: str | None = None
    kept: tuple[tuple[str, str], ...] = ()

    def colours(self) -> dict[str, str]:
        return {label.name: label.colour for label in self.labels}

    def with_labels(self, names: Iterable[str]) -> ProjectSettings:
        """The same with labels that it lacked at the end, each in the least used colour."""
        labels = list(self.labels)
        for name in dict.fromkeys(names):
            if name and all(label.name != name for label in labels):
                labels.append(LabelStyle(name, _next_colour(labels)))
        active = self.active or (labels[0].name if labels else None)
        return replace(self, labels=tuple(labels), active=active)

    def with_colour(self, name: str, colour: str) -> ProjectSettings:
        """The same with another colour for a label. Raises FieldError for what is no colour."""
        styled = LabelStyle(name, _colour(colour, "colour"))
        labels = tuple(styled if label.name == name else label for label in self.labels)
        return replace(self, labels=labels)

    def renamed(self, old: str, new: str) -> ProjectSettings:
        """The same with a label under another name, which must not be in use."""
        labels = tuple(
            replace(label, name=new) if label.name == old else label for label in self.labels
        )
        return replace(self, labels=labels, active=new if self.active == old else self.active)

    def without_label(self, name: str) -> ProjectSettings:
        labels = tuple(label for label in self.labels if label.name != name)
        first = labels[0].name if labels else None
        return replace(self, labels=labels, active=first if self.active == name else self.active)


def save_settings(path: Path, settings: ProjectSettings) -> None:
    """Write the settings in one piece. Raises StorageError."""
    value: dict[str, object] = {
        "masklens_project": _VERSION,
        "labels": [{"name": label.name, "colour": label.colour} for label in settings.labels],
        "active": settings.active,
    }
    value.update((name, json.loads(text)) for name, text in settings.kept)
    make_folder(path.parent)
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=2).encode())


def load_settings(path: Path) -> ProjectSettings:
    """Read the settings, each field checked; the defaults when there are none.

    Raises StorageError when the file cannot be read or is not as we write it.
    """
    try:
        return _from_json(as_object(json.loads(inside.read(path)), "project"))
    except FileNotFoundError:
        return ProjectSettings()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            say(
                "project.unreadable",
                "The project settings in {path} cannot be read ({reason}).",
                path=str(path),
                reason=reason,
            )
        ) from error
    except FieldError as error:
        raise StorageError(_BROKEN.given(path=str(path), problem=str(error))) from error
    except (ValueError, RecursionError) as error:
        raise StorageError(_BROKEN.given(path=str(path), problem="It is not JSON.")) from error


def _from_json(fields: Mapping[str, object]) -> ProjectSettings:
    if fields.get("masklens_project") != _VERSION:
        raise wrong("project.masklens_project", f"expected {_VERSION}")
    labels: dict[str, LabelStyle] = {}
    for k, item in enumerate(as_list(get(fields, "labels", "project"), "project.labels")):
        where = f"project.labels[{k}]"
        label = as_object(item, where)
        name = as_text(get(label, "name", where), f"{where}.name", empty=False)
        if name in labels:
            raise wrong(f"{where}.name", "used twice")
        labels[name] = LabelStyle(name, _colour(get(label, "colour", where), f"{where}.colour"))
    active = get(fields, "active", "project")
    if active is not None and as_text(active, "project.active") not in labels:
        raise wrong("project.active", "expected one of the labels")
    known = {"masklens_project", "labels", "active"}
    return ProjectSettings(
        labels=tuple(labels.values()),
        active=None if active is None else as_text(active, "project.active"),
        kept=tuple((name, json.dumps(item)) for name, item in fields.items() if name not in known),
    )


def _colour(value: object, where: str) -> str:
    colour = as_text(value, where).lower()
    if _COLOUR.fullmatch(colour) is None:
        raise wrong(where, "expected a colour such as #e69f00")
    return colour


def _next_colour(labels: Iterable[LabelStyle]) -> str:
    used = [label.colour for label in labels]
    return min(PALETTE, key=used.count)
