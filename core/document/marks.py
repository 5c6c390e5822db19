"""Marks on instances that are no objects to count: finished regions, areas to ignore.

They are flags of instances, so they travel in label files like any other flag, and drawing,
undoing and saving them is what it is for any instance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from core.document.instance import Instance

DONE_REGION: Final = "done_region"
"""The outline is no object: inside it, everything is labelled. Also the label of such a region."""
IGNORE: Final = "ignore"
"""The outline is an area in which nothing is learned and nothing is compared."""


def is_marked(instance: Instance, flag: str) -> bool:
    """Whether a flag is set on an instance."""
    return bool(instance.flags) and dict(instance.flags).get(flag, False)


def is_region(instance: Instance) -> bool:
    """Whether an instance is a finished region and no object."""
    return is_marked(instance, DONE_REGION)


def is_ignored(instance: Instance) -> bool:
    """Whether an instance is an area to ignore."""
    return is_marked(instance, IGNORE)


def without_regions(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The instances that are objects or areas to ignore: what lists, counts and exports hold."""
    return tuple(each for each in instances if not is_region(each))


def comparable(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The instances as a model is compared with them: no regions, areas to ignore as crowds."""
    return tuple(
        replace(each, crowd=True) if is_ignored(each) else each
        for each in without_regions(instances)
    )


def with_flag(instance: Instance, flag: str, on: bool) -> tuple[tuple[str, bool], ...]:
    """The flags of an instance with one of them set or taken away; the others stay in order."""
    if not on:
        return tuple(pair for pair in instance.flags if pair[0] != flag)
    if flag in dict(instance.flags):
        return tuple((name, value or name == flag) for name, value in instance.flags)
    return (*instance.flags, (flag, True))
