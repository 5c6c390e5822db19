"""Which known class a new label seems to be: what accepted suggestions were called before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.learning.classes import likely_class
from core.learning.frozen import FrozenImage
from core.project.project import ImageEntry, Project
from core.project.suggestions import load_suggestions
from core.storage.atomic import StorageError

_LEAST: Final = 0.5
"""Share of a label's accepted suggestions that must have been of one class."""
_LOOKED_AT: Final = 20


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label that the model does not know."""

    label: str
    instances: int
    likely: str | None
    """The class that it seems to be; None when nothing tells."""
    came: int = 0
    """How many of its instances the model had suggested as that class."""


def new_labels(
    project: Project,
    images: Sequence[FrozenImage],
    counts: Mapping[str, int],
    known: Sequence[str],
) -> tuple[NewLabel, ...]:
    """The labels among `counts` that are not among the model's `known` classes.

    An accepted suggestion keeps its id, so the suggestions tell what the model had called it; a
    name that means the same is the next best hint. Reads files.
    """
    new = [label for label in counts if label not in known]
    votes = _votes(project, images[:_LOOKED_AT], set(new), set(known)) if new else {}
    return tuple(_judged(label, counts[label], votes.get(label), known) for label in new)


def _judged(
    label: str, instances: int, votes: Counter[str] | None, known: Sequence[str]
) -> NewLabel:
    if votes:
        kind, count = votes.most_common(1)[0]
        if count >= _LEAST * votes.total():
            return NewLabel(label, instances, kind, count)
    return NewLabel(label, instances, likely_class(label, known))


def _votes(
    project: Project, images: Iterable[FrozenImage], labels: set[str], known: set[str]
) -> dict[str, Counter[str]]:
    votes: dict[str, Counter[str]] = {}
    for image in images:
        entry = ImageEntry(image.path, image.key, image.path.parent, f"{image.path.stem}.json")
        try:
            found = load_suggestions(project.suggestions_path(entry))
        except StorageError:
            continue
        called = {} if found is None else {one.id: one.label for one in found.instances}
        for instance in image.objects:
            kind = called.get(instance.id)
            if instance.label in labels and kind in known:
                votes.setdefault(instance.label, Counter())[str(kind)] += 1
    return votes
