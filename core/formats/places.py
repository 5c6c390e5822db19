"""Names and places of the files that a conversion writes: inside the folder that was named, apart
from each other, and such that every system takes them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from core.formats.format import Located, Sink
from core.sentences import say

_FORBIDDEN: Final = re.compile(r'[<>:"|?*\\]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def inside(file_name: str) -> PurePosixPath:
    """The name as a path that cannot leave a folder: by its last part when it tries to."""
    parts = [part for part in PureWindowsPath(file_name).parts if part not in ("", ".")]
    windows = PureWindowsPath(file_name)
    if not parts or windows.anchor or ".." in parts:
        parts = [windows.name]
    return PurePosixPath(*map(_portable, parts))


def _portable(part: str) -> str:
    """One part of a path as Windows, macOS and Linux all take it."""
    clean = "".join(c if c.isprintable() else "_" for c in part)
    clean = _FORBIDDEN.sub("_", clean).rstrip(" .")
    if not clean or clean == "..":
        return "_"
    return f"_{clean}" if _RESERVED.match(clean) else clean


def relative(path: Path, folder: Path) -> str:
    """The path as seen from a folder, with forward slashes; absolute when on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def name_from(image: Located, folder: Path) -> str:
    """How a file in `folder` names the image: by its place where it was found, else as before."""
    return image.labels.file_name if image.path is None else relative(image.path, folder)


def renamed(image: Located, sink: Sink) -> PurePosixPath:
    """The image's name as a path inside a folder, telling when it could not stay as it is."""
    name, file = image.labels.file_name, str(image.labels.label_file)
    clean = inside(name)
    if clean.as_posix() != PurePosixPath(name).as_posix():
        sink.notes.append(
            say(
                "convert.renamed",
                "{path} names the image {name}, which lies outside of the folder; its labels "
                "were written as {target}.",
                path=file,
                name=name,
                target=clean.as_posix(),
            )
        )
    return clean


def stems(images: Sequence[Located], sink: Sink, *, flat: bool = False) -> list[PurePosixPath]:
    """For each image a path inside a folder without an ending, no two alike on any system.

    With `flat` the names of folders become part of the name.
    """
    taken: set[str] = set()
    found: list[PurePosixPath] = []
    for image in images:
        clean = renamed(image, sink)
        if flat:
            clean = PurePosixPath("_".join(clean.parts))
        # What a name ends in is part of it where two images share the rest.
        stem = clean.with_suffix("")
        if stem.as_posix().casefold() in taken:
            stem = clean.with_name(clean.name.replace(".", "_"))
        while stem.as_posix().casefold() in taken:
            stem = stem.with_name(f"{stem.name}~")
        taken.add(stem.as_posix().casefold())
        found.append(stem)
    return found
