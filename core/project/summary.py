"""A quick look into a label file: finished or not, whose instances, which labels.

It reads the few keys that the image list needs and leaves all judgement of the file to the format:
a file that cannot be read counts as somebody's work.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.document.instance import Source
from core.document.regions import DONE_REGION
from core.document.ring_hash import ring_hash
from core.formats.labelme_extras import KEY
from core.storage import inside


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What a label file holds: the finished mark, its labels with counts, ids by who made them.

    `own` counts instances that a person drew, edited or accepted, and finished regions, which have
    no place in `labels`; nor have lines and points, which `lines` counts by label. With `imported`
    nobody has changed any of them here. `suggested` are the ids of those that nobody has accepted.
    `readable` is False for a file that is not a label file.
    """

    readable: bool = True
    done: bool = False
    own: int = 0
    labels: tuple[tuple[str, int], ...] = ()
    own_ids: frozenset[str] = frozenset()
    imported: bool = False
    suggested: frozenset[str] = frozenset()
    lines: tuple[tuple[str, int], ...] = ()

    def count(self, label: str) -> int:
        """How many instances, lines and points have a label."""
        return sum(count for name, count in (*self.labels, *self.lines) if name == label)


NO_LABELS = LabelSummary()


def summarise(label_file: Path) -> LabelSummary:
    """Look into a label file; NO_LABELS when there is none. Never raises."""
    try:
        value = json.loads(inside.read_named(label_file))
    except FileNotFoundError:
        return NO_LABELS
    except (OSError, ValueError, RecursionError):
        return LabelSummary(readable=False)
    shapes = value.get("shapes") if isinstance(value, dict) else None
    if not isinstance(shapes, list):
        return LabelSummary(readable=False)
    own: set[object] = set()
    labels: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    own_ids: set[str] = set()
    suggested: set[str] = set()
    imported = True
    for k, shape in enumerate(shapes):
        if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
            return LabelSummary(readable=False)
        extra = _ours(shape)
        id, label, group = extra.get("id"), shape["label"], shape.get("group_id")
        if extra.get("source") == Source.SUGGESTED.value and not _touched(shape, extra):
            suggested.add(id if isinstance(id, str) else str(k))
            continue
        imported = imported and extra.get("source") == Source.IMPORTED.value
        # Shapes of one label and group are the parts of one instance.
        line = shape.get("shape_type") in ("point", "line", "linestrip")
        name: object = k if line or not isinstance(group, int) else (label, group)
        if name not in own:
            own.add(name)
            labels[label] += not (line or _is_region(shape))
            lines[label] += line
        if isinstance(id, str):
            own_ids.add(id)
    return LabelSummary(
        done=_ours(value).get("status") == "done",
        own=len(own),
        labels=tuple((name, count) for name, count in labels.items() if count),
        lines=tuple((name, count) for name, count in lines.items() if count),
        own_ids=frozenset(own_ids),
        suggested=frozenset(suggested),
        imported=imported and bool(own),
    )


def _touched(shape: Mapping[str, object], extra: Mapping[str, object]) -> bool:
    """Whether a person made a proposed shape a region, or gave it a new label or outline."""
    if _is_region(shape) or extra.get("label", shape["label"]) != shape["label"]:
        return True
    mark, points = extra.get("ring"), shape.get("points")
    if mark is None or not isinstance(points, list):
        return False
    try:
        return mark != ring_hash(tuple((float(x), float(y)) for x, y in points))
    except (TypeError, ValueError, OverflowError):
        return True


def _is_region(shape: Mapping[str, object]) -> bool:
    flags = shape.get("flags")
    return isinstance(flags, dict) and flags.get(DONE_REGION) is True


def _ours(value: Mapping[str, object]) -> Mapping[str, object]:
    """The object under the key of masklens; empty when there is none."""
    extra = value.get(KEY)
    return extra if isinstance(extra, dict) else {}
