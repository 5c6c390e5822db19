"""What a model takes instances of a new label for: the class that it gives to most of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from core.document.instance import Instance
from core.learning.effort import overlaps

_CERTAIN: Final = 0.3
_OVERLAP: Final = 0.5
_MOST: Final = 0.3
"""Share of a label's instances that the model must give to one class."""


class Votes:
    """Collects, image by image, what a model finds where there are instances of some labels."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._votes: dict[str, Counter[str]] = {label: Counter() for label in labels}
        self._totals: Counter[str] = Counter()

    def add(
        self, instances: Sequence[Instance], found: Sequence[Instance], width: int, height: int
    ) -> None:
        """The instances of an image, and what the model found there with what score."""
        likely = [one for one in found if (one.score or 0) >= _CERTAIN]
        new = [one for one in instances if one.label in self._votes]
        self._totals.update(one.label for one in new)
        overlap = overlaps(new, likely, width, height)
        for row, instance in enumerate(new):
            if likely and overlap[row].max() >= _OVERLAP:
                self._votes[instance.label][likely[int(overlap[row].argmax())].label] += 1

    def winners(self) -> dict[str, str]:
        """The class of each label for which one stands out."""
        first = {label: count.most_common(1)[0] for label, count in self._votes.items() if count}
        return {
            label: name
            for label, (name, count) in first.items()
            if count >= _MOST * self._totals[label]
        }
