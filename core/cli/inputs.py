"""The images that a command line names: files, and folders of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.cli.console import Console, UsageError
from core.sentences import MasklensError, say


@dataclass(frozen=True, slots=True)
class Input:
    """An image to work on; `name` is its path as the person would write it."""

    name: str
    path: Path


def find_images(given: Sequence[str], console: Console) -> list[Input]:
    """The images that are named, and those directly in the folders that are named, in order.

    What is not there, and a folder without images, is reported as failed. An image named twice is
    taken once. Raises UsageError when nothing at all is there.
    """
    found: dict[str, Input] = {}
    for name in given:
        try:
            found |= {one.name: one for one in _expand(name)}
        except MasklensError as error:
            console.fail(name, error.sentence)
    if not found and all(not Path(name).exists() for name in given):
        raise UsageError(say("cli.nothing_there", "There is nothing to work on."))
    return list(found.values())


def _expand(name: str) -> Iterator[Input]:
    path = Path(name)
    if not path.is_dir():
        yield Input(name, path)
        return
    from core.storage.image_tree import list_images
    from core.storage.images import ImageError

    images = list_images(path)
    if not images:
        raise ImageError(
            say("cli.folder_without_images", "The folder {path} holds no images.", path=name)
        )
    for image in images:
        yield Input(str(image), image)
