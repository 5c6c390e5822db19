"""Whose label file it is, so that a model's work never takes the place of a person's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.formats.errors import FormatError, read_json
from core.formats.labelme_extras import KEY

# The key, among ours at the top of the file, of the hash over all that a prediction wrote.
PREDICTED: Final = "predicted"


class Provenance(StrEnum):
    """Where a label file comes from."""

    ABSENT = "absent"  # there is no file
    PREDICTED = "predicted"  # a model's suggestions as masklens wrote them, touched by nobody
    OURS = "ours"  # masklens wrote it with a person's work, or another program changed it since
    FOREIGN = "foreign"  # another program wrote it, or it cannot be read


def provenance(path: Path | str) -> Provenance:
    """Where a label file comes from. Never raises; what cannot be read counts as foreign."""
    path = Path(path)
    try:
        if not path.exists() and not path.is_symlink():
            return Provenance.ABSENT
        value = read_json(path)
    except (FormatError, OSError, ValueError):
        return Provenance.FOREIGN
    marks = value.get(KEY) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(marks, dict):
        return Provenance.FOREIGN
    mark = marks.get(PREDICTED)
    return Provenance.PREDICTED if mark == digest(value) else Provenance.OURS


def may_overwrite(path: Path | str) -> bool:
    """Whether a model may write its suggestions to this label file without anybody losing work."""
    return provenance(path) in (Provenance.ABSENT, Provenance.PREDICTED)


def digest(top: Mapping[str, object]) -> str:
    """A hash over a whole label file but for the hash itself; any edit or re-saving changes it."""
    marks = top.get(KEY)
    rest = dict(marks) if isinstance(marks, dict) else {}
    rest.pop(PREDICTED, None)
    text = json.dumps({**top, KEY: rest}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
