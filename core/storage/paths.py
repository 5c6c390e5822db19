"""Where the files of each image lie, also when two images would share a label file."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from pathlib import Path, PureWindowsPath

from core.storage import inside
from core.storage.image_tree import ImageFolder

# The longest file name, in bytes, that all common file systems take.
_LONGEST = 255


def assign_label_files(images: Sequence[Path]) -> dict[Path, Path]:
    """The label file of each image: `<stem>.json` beside it, as labelme has it.

    Where several images share a stem (a.jpg, a.png), the one that the label file names in its
    `imagePath` keeps it, or the first of them when the file names none or is not there yet; the
    others get `<name>.json` (a.png.json), so that no image can take the labels of another.
    """
    folders: dict[Path, list[Path]] = {}
    for image in images:
        folders.setdefault(image.parent, []).append(image)
    files: dict[Path, Path] = {}
    for folder, there in folders.items():
        jsons = [name for image in there if os.path.isfile(folder / (name := f"{image.name}.json"))]
        names = label_names(folder, [image.name for image in there], frozenset(jsons))
        files.update((image, folder / name) for image, name in zip(there, names, strict=True))
    return {image: files[image] for image in images}


def label_names(folder: Path, images: Sequence[str], jsons: Container[str]) -> list[str]:
    """As `assign_label_files`, by names, for images of one folder; `jsons` are files there."""
    plains = [os.path.splitext(image)[0] + ".json" for image in images]
    shared = Counter(plains)
    taken: dict[str, str] = {}
    waiting: dict[str, list[str]] = {}
    for image, plain in zip(images, plains, strict=True):
        if shared[plain] == 1:
            taken[_of_one(folder, image, plain, jsons)] = image
        else:
            waiting.setdefault(plain, []).append(image)
    for plain, group in waiting.items():
        named = _image_named_in(folder / plain)
        taken[plain] = named if named in group else group[0]
    for plain, group in waiting.items():
        for image in group:
            if taken[plain] != image:
                taken[_free_name(image, taken)] = image
    file_of = {image: name for name, image in taken.items()}
    return [file_of[image] for image in images]


def _of_one(folder: Path, image: str, plain: str, jsons: Container[str]) -> str:
    """The label file of the only image of its stem: its own from when there was another one."""
    own = f"{image}.json"
    if own in jsons and _image_named_in(folder / plain) not in (None, image):
        return own
    return plain


def _free_name(image: str, taken: Mapping[str, str]) -> str:
    """`<name>.json`, with as many tildes as keep it apart from the files of other images."""
    name = f"{image}.json"
    while name in taken:
        name = f"{name.removesuffix('.json')}~.json"
    return name


def output_names(labels: Path, folders: Sequence[ImageFolder]) -> list[list[str]]:
    """The label files of images that have them in a folder of their own, by path below `labels`.

    They lie there as the images lie below the root. Where an image of a folder within has none
    there, but `labels` itself has one that names it (labelme's output folder), that one is its.
    """
    stems = Counter(os.path.splitext(name)[0] for each in folders for name in each.images)
    found: list[list[str]] = []
    for each in folders:
        here = labels / each.below
        jsons = frozenset(_names_in(here))
        names = [each.below + name for name in label_names(here, each.images, jsons)]
        for place, image in enumerate(each.images):
            flat = os.path.splitext(image)[0] + ".json"
            alone = each.below and stems[os.path.splitext(image)[0]] == 1
            if alone and not os.path.isfile(labels / names[place]):
                names[place] = flat if _image_named_in(labels / flat) == image else names[place]
        found.append(names)
    return found


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


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
    """A file name of ours for an image: its own name and a suffix, where that can be one."""
    name = relative + suffix
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= _LONGEST and "/" not in name:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return f"{relative[:40].replace('/', '~')}~{digest}{suffix}"
