"""What a project remembers: its labels with their colours, and the active label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Raw

from core.codec import Codec, FieldError, Name, encode, members, pretty
from core.document.edits import Overlap
from core.document.limits import MOST_LABELS, MOST_LETTERS
from core.document.skeleton import Skeleton
from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, if_there, make_folder, write_atomic

_UNREADABLE: Final = say(
    "project.unreadable", "The project settings in {path} cannot be read ({reason})."
)
_BROKEN: Final = say("project.broken", "The project settings in {path} cannot be used. {problem}")


MOST_ATTRIBUTES: Final = 50
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
    # Each as far as can be, in CIELAB, from all before it, and seen on light and dark.
    *("#f91ff9", "#1ff91f", "#f91fa2", "#5151fb", "#1ff98c", "#598131"),
    *("#c8e7ea", "#26ae04", "#318181", "#e00631", "#98661b", "#e467e4"),
    *("#fcd783", "#9ee006", "#bfdca3", "#a21ff9", "#c9bef4", "#98981b"),
    *("#c06d59", "#0673e0", "#59c063", "#e0065d", "#f4bec9", "#06cae0"),
    *("#c059ab", "#ac3cdd", "#7bae04", "#1ff9b8", "#318159", "#fca783"),
    *("#dd8c3c", "#f91fce", "#817931", "#e393ec", "#93eca4", "#84fb51"),
)


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """A label and its colour, `#rrggbb` in lower case."""

    name: Name
    colour: str
    skeleton: Skeleton | None = None
    """What its keypoints are called; None for a label without any."""

    def __post_init__(self) -> None:
        if len(self.name) > MOST_LETTERS:
            raise ValueError(f"expected at most {MOST_LETTERS} characters")
        object.__setattr__(self, "colour", self.colour.lower())
        if _COLOUR.fullmatch(self.colour) is None:
            raise ValueError("expected a colour such as #e69f00")


class AttributeKind(StrEnum):
    """What an attribute of instances holds."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """An attribute that is asked for: its name and kind, and the values of a choice."""

    name: Name
    kind: AttributeKind = AttributeKind.TEXT
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.name) > MOST_LETTERS:
            raise ValueError(f"expected at most {MOST_LETTERS} characters")
        if len(self.choices) > MOST_LABELS:
            raise ValueError(f"expected at most {MOST_LABELS} choices")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The labels of a project in their order (the number keys follow it) and the active one.

    `kept` holds what a newer version wrote, as JSON text; it survives a round trip. With
    `subfolders` images in folders within belong to the project. Label files lie beside the images,
    or in `labels_folder`, a path below the project's folder with forward slashes.
    """

    labels: tuple[LabelStyle, ...] = ()
    active: str | None = None
    kept: tuple[tuple[str, str], ...] = ()
    subfolders: bool = True
    labels_folder: str = ""
    attributes: tuple[AttributeRow, ...] = ()
    """What is asked of each instance beside its label."""
    image_attributes: tuple[AttributeRow, ...] = ()
    """What is asked of each image."""
    overlap: Overlap = Overlap.KEEP
    renames: tuple[tuple[Name, Name], ...] = ()
    """What labels were called before they got another name or became one with another, each with
    what it is now: a model goes on to say the old name."""

    def __post_init__(self) -> None:
        check_labels_folder(self.labels_folder)

    def colours(self) -> dict[str, str]:
        return {label.name: label.colour for label in self.labels}

    def with_labels(self, names: Iterable[str]) -> ProjectSettings:
        """The same with labels that it lacked at the end, each in the least used colour.

        What is longer, or more, than a window can show is left out.
        """
        labels = list(self.labels)
        known = {label.name for label in labels}
        used = Counter(label.colour for label in labels)
        for name in dict.fromkeys(names):
            if name and name not in known and _fits(name, labels):
                colour = min(PALETTE, key=lambda each: used[each])
                used[colour] += 1
                labels.append(LabelStyle(name, colour))
        active = self.active or (labels[0].name if labels else None)
        return replace(self, labels=tuple(labels), active=active)

    def with_colour(self, name: str, colour: str) -> ProjectSettings:
        """The same with another colour for a label. Raises ValueError for what is no colour."""
        labels = tuple(
            replace(label, colour=colour) if label.name == name else label for label in self.labels
        )
        return replace(self, labels=labels)

    def with_skeleton(self, name: str, skeleton: Skeleton | None) -> ProjectSettings:
        """The same with other keypoints for a label."""
        labels = tuple(
            replace(label, skeleton=skeleton) if label.name == name else label
            for label in self.labels
        )
        return replace(self, labels=labels)

    def skeletons(self) -> dict[str, Skeleton]:
        return {each.name: each.skeleton for each in self.labels if each.skeleton is not None}

    def renamed(self, old: str, new: str) -> ProjectSettings:
        """The same with a label under another name, which must not be in use."""
        labels = tuple(
            replace(label, name=new) if label.name == old else label for label in self.labels
        )
        active = new if self.active == old else self.active
        return replace(self, labels=labels, active=active, renames=self._renames(old, new))

    def _renames(self, old: str, new: str) -> tuple[tuple[str, str], ...]:
        """What was called differently when `old` is `new` from now on."""
        taken_back = dict(self.renames).get(new) == old
        renames = {was: new if now == old else now for was, now in self.renames if was != new}
        if not taken_back:
            renames[old] = new
        return tuple(renames.items())[-MOST_LABELS:]

    def with_style(self, style: LabelStyle, place: int) -> ProjectSettings:
        """The same with a label that it lacks, as it was, at a place of the list."""
        if any(label.name == style.name for label in self.labels) or not _fits(
            style.name, self.labels
        ):
            return self
        return replace(self, labels=(*self.labels[:place], style, *self.labels[place:]))

    def merged(self, old: str, new: str) -> ProjectSettings:
        """The same without the one of two labels; the other stays as it is."""
        active = new if self.active == old else self.active
        renames = self._renames(old, new)
        return replace(self.without_label(old), active=active, renames=renames)

    def without_label(self, name: str) -> ProjectSettings:
        labels = tuple(label for label in self.labels if label.name != name)
        first = labels[0].name if labels else None
        return replace(self, labels=labels, active=first if self.active == name else self.active)


def check_labels_folder(text: str) -> None:
    """Raise ValueError for what is not a path that stays below the project's folder."""
    parts = text.split("/")
    if text and (
        any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        or any(letter in text for letter in "\\:\0")
    ):
        raise ValueError("expected a folder below the folder of the project")


def _fits(name: str, labels: Sequence[LabelStyle]) -> bool:
    return len(name) <= MOST_LETTERS and len(labels) < MOST_LABELS


class _File(msgspec.Struct, frozen=True, tag_field="masklens_project", tag=1, omit_defaults=True):
    """The settings as they lie in their file, without what a newer version added."""

    labels: tuple[LabelStyle, ...]
    active: str | None
    subfolders: bool = True
    labels_folder: str = ""
    attributes: tuple[AttributeRow, ...] = ()
    image_attributes: tuple[AttributeRow, ...] = ()
    overlap: Overlap = Overlap.KEEP
    renames: tuple[tuple[Name, Name], ...] = ()

    def __post_init__(self) -> None:
        check_labels_folder(self.labels_folder)
        if len(self.renames) > MOST_LABELS:
            raise ValueError(f"expected at most {MOST_LABELS} renames")
        for rows in (self.attributes, self.image_attributes):
            asked = {row.name for row in rows}
            if len(rows) > MOST_ATTRIBUTES or len(asked) != len(rows):
                raise ValueError(
                    f"expected at most {MOST_ATTRIBUTES} attributes of different names"
                )
        names = [label.name for label in self.labels]
        if len(names) > MOST_LABELS:
            raise ValueError(f"expected at most {MOST_LABELS} labels")
        if len(set(names)) != len(names):
            raise ValueError("a label is used twice")
        if self.active is not None and self.active not in names:
            raise ValueError("expected one of the labels as the active one")


_FILE: Final[Codec[_File]] = Codec(_File, "project")
_KNOWN: Final = ("masklens_project", *_File.__struct_fields__)


def save_settings(path: Path, settings: ProjectSettings) -> None:
    """Write the settings in one piece. Raises StorageError."""
    own = (settings.labels, settings.active, settings.subfolders, settings.labels_folder)
    asked = (settings.attributes, settings.image_attributes)
    value = members(encode(_File(*own, *asked, settings.overlap, settings.renames)))
    value.update((name, Raw(text.encode())) for name, text in settings.kept)
    make_folder(path.parent)
    write_atomic(path, pretty(value, 2))


def load_settings(path: Path) -> ProjectSettings:
    """Read the settings, each field checked; the defaults when there are none.

    Raises StorageError when the file cannot be read or is not as we write it.
    """
    data = if_there(lambda: inside.read(path), path, _UNREADABLE)
    if data is None:
        return ProjectSettings()
    try:
        found = _FILE.decode(data)
        kept = [item for item in members(data).items() if item[0] not in _KNOWN]
    except FieldError as error:
        raise StorageError(_BROKEN.given(path=str(path), problem=str(error))) from error
    texts = tuple((name, bytes(value).decode()) for name, value in kept)
    return ProjectSettings(
        found.labels,
        found.active,
        texts,
        found.subfolders,
        found.labels_folder,
        found.attributes,
        found.image_attributes,
        found.overlap,
        found.renames,
    )
