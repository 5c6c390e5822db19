"""What one model finds in an image and another does not: gained, lost, kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.document.instance import Instance
from core.learning.effort import overlaps

_OVERLAP: Final = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """A detection that only one of the two models has, and whether it is among the labels."""

    instance: Instance
    gained: bool
    labelled: bool

    @property
    def good(self) -> bool:
        """Whether the change is for the better, as far as the labels tell."""
        return self.gained is self.labelled


@dataclass(frozen=True, slots=True)
class Gains:
    """The changes of an image, gained before lost, the surest first."""

    changes: tuple[Change, ...] = ()
    kept: int = 0
    """Detections that both have."""
    labels: int = 0
    """Instances that are labelled in the image."""

    @property
    def gained(self) -> int:
        """How many only the new model has."""
        return sum(change.gained for change in self.changes)

    @property
    def lost(self) -> int:
        """How many only the old model had."""
        return len(self.changes) - self.gained


def compare(
    before: Sequence[Instance],
    after: Sequence[Instance],
    labels: Iterable[Instance],
    width: int,
    height: int,
    reused: Mapping[str, str] | None = None,
) -> Gains:
    """Compare what two models see in an image of that size.

    Two detections are the same object when their masks overlap by an IoU of one half or more and
    their labels fit; each takes part once, the surest first. `reused` gives for a label of the new
    model the class of the old one that it took over. Whether a detection is among the labels is
    told by its mask alone.
    """
    known = {one.label for one in before} & {one.label for one in after}
    names = reused or {}

    def fit(new: Instance, old: Instance) -> bool:
        if new.label == old.label or names.get(new.label) == old.label:
            return True
        # A class that the other model does not have says nothing against it.
        return new.label not in known and old.label not in known

    table = overlaps(after, before, width, height)
    free = set(range(len(before)))
    gained: list[Instance] = []
    for row in sorted(range(len(after)), key=lambda n: -(after[n].score or 0.0)):
        fitting = [k for k in free if table[row, k] >= _OVERLAP and fit(after[row], before[k])]
        best = max(fitting, key=lambda k: table[row, k], default=None)
        if best is None:
            gained.append(after[row])
        else:
            free.remove(best)
    lost = sorted((before[k] for k in free), key=lambda one: -(one.score or 0.0))
    objects = [one for one in labels if not one.crowd]
    changed = [*gained, *lost]
    hits = overlaps(changed, objects, width, height)
    changes = tuple(
        Change(one, row < len(gained), bool(objects) and bool(hits[row].max() >= _OVERLAP))
        for row, one in enumerate(changed)
    )
    return Gains(changes, len(after) - len(gained), len(objects))
