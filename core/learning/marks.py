"""Marks on instances that say how to learn from an image: finished regions, areas to ignore.

They are flags of instances, so they travel in label files like any other flag.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from core.document.instance import Instance, Polygons, Source

DONE_REGION: Final = "done_region"
"""The outline is no object: inside it, everything is labelled."""
IGNORE: Final = "ignore"
"""The outline is an area from which nothing is to be learned."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The instances of an image, sorted by what they mean for learning."""

    instances: tuple[Instance, ...]
    """Objects, and as crowds the areas to ignore."""
    regions: tuple[Polygons, ...]
    """The regions in which everything is labelled."""


def is_marked(instance: Instance, flag: str) -> bool:
    """Whether a flag is set on an instance."""
    return dict(instance.flags).get(flag, False)


def sort_marks(instances: Iterable[Instance], *, leave_out_accepted: bool = False) -> Sorted:
    """Tell objects, areas to ignore and finished regions apart; suggestions are dropped.

    With `leave_out_accepted`, instances that a person accepted without a change become areas to
    ignore: neither an example nor background.
    """
    kept: list[Instance] = []
    regions: list[Polygons] = []
    for instance in instances:
        if is_marked(instance, DONE_REGION):
            regions.append(instance.polygons)
        elif instance.source is Source.SUGGESTED:
            continue
        elif is_marked(instance, IGNORE) or (
            leave_out_accepted and instance.source is Source.ACCEPTED
        ):
            kept.append(replace(instance, crowd=True))
        else:
            kept.append(instance)
    return Sorted(tuple(kept), tuple(regions))
