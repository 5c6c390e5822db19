"""One image of a COCO file, read or to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.document.instance import Instance

KEY: Final = "masklens"
"""The key for what COCO has no place for."""

Id = int | str


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One image: its size (None where the file does not say), and the instances on it.

    `file_name` is as the file has it, with forward slashes.
    """

    id: Id
    file_name: str
    width: int | None
    height: int | None
    instances: tuple[Instance, ...] = ()
