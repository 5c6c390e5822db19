"""One image of a COCO file, read or to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.document.instance import Instance
from core.formats.label_file import Json
from core.formats.labelled import Box

KEY: Final = "masklens"
"""The key for what COCO has no place for."""

INFO: Final = {"description": "Instances labelled with masklens", "version": "1.0"}
"""What a file that masklens wrote says of itself."""

Id = int | str


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One image: its size (None where the file does not say), and the instances on it.

    `file_name` is as the file has it, with forward slashes. `extra` are the keys of its entry, and
    `extras` those of annotations by instance, that have no field here; `boxes` are those it gives.
    """

    id: Id
    file_name: str
    width: int | None
    height: int | None
    instances: Sequence[Instance] = ()
    extra: Json = field(default_factory=dict)
    extras: Mapping[str, Json] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
