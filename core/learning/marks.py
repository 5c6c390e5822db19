"""The instances of an image, sorted by what their marks mean for learning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.document.instance import Instance, Polygons, Source
from core.document.marks import is_ignored, is_region


@dataclass(frozen=True, slots=True)
class Sorted:
    """The instances of an image, sorted by what they mean for learning."""

    instances: tuple[Instance, ...]
    """Objects, and as crowds the areas to ignore."""
    regions: tuple[Polygons, ...]
    """The regions in which everything is labelled."""


def sort_marks(instances: Iterable[Instance], *, leave_out_accepted: bool = False) -> Sorted:
    """Tell objects, areas to ignore and finished regions apart; suggestions are dropped.

    With `leave_out_accepted`, instances that a person accepted without a change become areas to
    ignore: neither an example nor background.
    """
    kept: list[Instance] = []
    regions: list[Polygons] = []
    for instance in instances:
        if is_region(instance):
            regions.append(instance.polygons)
        elif instance.source is Source.SUGGESTED:
            continue
        elif is_ignored(instance) or (leave_out_accepted and instance.source is Source.ACCEPTED):
            kept.append(replace(instance, crowd=True))
        else:
            kept.append(instance)
    return Sorted(tuple(kept), tuple(regions))
