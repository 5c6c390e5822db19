"""Which side of a data set an image is on: as the files say it, and dealt out anew."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import Final

from core.formats.labelled import Labelled
from core.sentences import MasklensError, say

SPLITS: Final = ("train", "val", "test")
_NAMES: Final = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_WORD: Final = re.compile(r"[a-z]+")


class SplitError(MasklensError):
    """The shares of a split are no shares."""


def split_of(path: PurePath) -> str | None:
    """The split that a path speaks of: a folder called so, or a word of the file's name."""
    for part in reversed(path.parts[:-1]):
        if part.lower() in _NAMES:
            return _NAMES[part.lower()]
    words = _WORD.findall(path.stem.lower())
    return next((_NAMES[word] for word in reversed(words) if word in _NAMES), None)


def are_splits(files: Sequence[PurePath], folder: PurePath) -> bool:
    """Whether each of these files within a folder is for a split of its own."""
    splits = [split_of(file.relative_to(folder)) for file in files]
    return None not in splits and len(set(splits)) == len(splits)


def shares(text: str) -> tuple[float, float, float]:
    """The shares in a text such as `80,10,10`, the last of which may be left out.

    Raises SplitError.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 2 <= len(numbers) <= 3 or not all(0 <= n < 1e6 for n in numbers) or sum(numbers) <= 0:
        raise SplitError(
            say(
                "convert.split",
                "{text} is no split: give the shares of train, val and test, for example 80,10,10.",
                text=text,
            )
        )
    total = sum(numbers)
    train, val, test = ([n / total for n in numbers] + [0.0])[:3]
    return train, val, test


Grouping = Callable[[str], str]
"""Tells from the name of an image which group it belongs to."""


def grouping(text: str) -> Grouping:
    """Groups by `folder`, or by what a regular expression finds in the name of an image.

    That is its first group, or all that it matches; images in which it finds nothing are grouped
    as without it. Raises SplitError.
    """
    if text == "folder":
        return lambda name: PurePosixPath(name).parent.as_posix()
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise SplitError(
            say(
                "convert.group_by",
                "{text} is neither folder nor a regular expression ({reason}).",
                text=text,
                reason=str(error),
            )
        ) from error

    def group(name: str) -> str:
        found = pattern.search(name)
        key = None if found is None else next((each for each in found.groups() if each), found[0])
        return f"\0{key}" if key else version_group(name)

    return group


def dealt(
    images: Sequence[Labelled],
    parts: tuple[float, float, float],
    group: Grouping | None = None,
) -> tuple[Labelled, ...]:
    """The images with splits of about these shares, always the same for the same names.

    Images of one group stay together; without `group`, see `version_group`.
    """
    groups: dict[str, list[int]] = {}
    for place, image in enumerate(images):
        groups.setdefault((group or version_group)(image.file_name), []).append(place)
    order = sorted(groups, key=lambda name: hashlib.sha256(name.encode(errors="replace")).digest())
    ends = (parts[0] * len(images), (parts[0] + parts[1]) * len(images))
    splits = [""] * len(images)
    seen = 0
    for name in order:
        middle = seen + len(groups[name]) / 2
        split = SPLITS[sum(middle > end for end in ends)]
        seen += len(groups[name])
        for place in groups[name]:
            splits[place] = split
    return tuple(replace(i, split=split) for i, split in zip(images, splits, strict=True))


def version_group(file_name: str) -> str:
    """What several versions of one picture share (`name.rf.*`, as Roboflow writes them), and the
    same stem with other endings."""
    path = PurePosixPath(file_name)
    return path.with_name(path.name.split(".rf.")[0]).with_suffix("").as_posix()
