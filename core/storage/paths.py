"""Where the files of each image lie, also when two images would share a label file."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from core.storage import inside

# The longest file name, in bytes, that all common file systems take.
_LONGEST = 255


def assign_label_files(images: Sequence[Path]) -> dict[Path, Path]:
    """The label file of each image: `<stem>.json` beside it, as labelme has it.

    Where several images share a stem (a.jpg, a.png), the one that the label file names in its
    `imagePath` keeps it, or the first of them when the file names none or is not there yet; the
    others get `<name>.json` (a.png.json), so that no image can take the labels of another.
    """
    shared = Counter(image.with_suffix(".json") for image in images)
    taken: dict[Path, Path] = {}
    waiting: dict[Path, list[Path]] = {}
    for image in images:
        plain = image.with_suffix(".json")
        if shared[plain] == 1:
            taken[_of_one(image, plain)] = image
        else:
            waiting.setdefault(plain, []).append(image)
    for plain, group in waiting.items():
        named = _image_named_in(plain)
        taken[plain] = next((image for image in group if image.name == named), group[0])
    for group in waiting.values():
        for image in group:
            if taken[image.with_suffix(".json")] is not image:
                taken[_free_name(image, taken)] = image
    return {image: label_file for label_file, image in taken.items()}


def _of_one(image: Path, plain: Path) -> Path:
    """The label file of the only image of its stem: its own from when there was another one."""
    own = image.with_name(f"{image.name}.json")
    if os.path.isfile(own) and _image_named_in(plain) not in (None, image.name):
        return own
    return plain


def _free_name(image: Path, taken: dict[Path, Path]) -> Path:
    """`<name>.json`, with as many tildes as keep it apart from the files of other images."""
    name = f"{image.name}.json"
    while image.with_name(name) in taken:
        name = f"{name.removesuffix('.json')}~.json"
    return image.with_name(name)


def _image_named_in(label_file: Path) -> str | None:
    """The file name in a label file's `imagePath`; None when there is none that can be read."""
    try:
        value = json.loads(inside.read_named(label_file))
    except (OSError, ValueError, RecursionError):
        return None
    path = value.get("imagePath") if isinstance(value, dict) else None
    # Some tools write backslashes; the Windows reading takes both kinds.
    return PureWindowsPath(path).name if isinstance(path, str) else None


def own_name(relative: str, suffix: str) -> str:
    """A file name of ours for an image: its own name and a suffix, cut where it grows too long."""
    name = relative + suffix
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= _LONGEST:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return f"{relative[:40]}~{digest}{suffix}"
