"""Which images are held out for measuring: whole groups, and the same ones when images are added.

Each image draws a number from its key. An image that was on one side in an earlier run stays
there, and takes its near-duplicates along.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

FEW: Final = 8
"""With fewer images, before and after cannot be trusted."""
_LEAST: Final = 3


def hold_out(
    keys: Sequence[str],
    groups: Sequence[int],
    share: float,
    earlier: Mapping[str, bool] | None = None,
) -> list[bool]:
    """For each image whether it is held out.

    `groups` numbers groups of near-duplicates; `earlier` tells the sides of an earlier run. Where
    a new image joins groups of both sides, all of them are learned from. With three images or
    more and a share above 0, one group at least is held out and one at least is not.
    """
    known = earlier or {}
    members: dict[int, list[str]] = {}
    for key, group in zip(keys, groups, strict=True):
        members.setdefault(group, []).append(key)
    if share <= 0 or len(keys) < _LEAST or len(members) < 2:
        return [False] * len(keys)
    sides = {group: _side(names, share, known) for group, names in members.items()}
    drawn = sorted(members, key=lambda group: _draw(members[group]))
    if not any(sides.values()):
        free = [group for group in drawn if not any(name in known for name in members[group])]
        sides[(free or drawn)[0]] = True
    if all(sides.values()):
        sides[drawn[-1]] = False
    return [sides[group] for group in groups]


def _side(names: Sequence[str], share: float, known: Mapping[str, bool]) -> bool:
    before = {known[name] for name in names if name in known}
    if before:
        return before == {True}
    return _draw(names) < share


def _draw(names: Sequence[str]) -> float:
    """A number from 0 to 1 that a group draws from the first of its names."""
    digest = hashlib.sha256(min(names).encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
