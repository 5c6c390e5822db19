"""The points that a person has set on outlines, which a further point must not undo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.document.geometry import area
from core.document.instance import Point, Polygons
from core.gestures.base import Asked

_CHANGED_MIND: Final = 0.12
"""Share of the root of an outline's area within which a point replaces one of the other kind."""


class Pointed:
    """The points of one image, kept by the outline that came of them.

    So an outline that was shaped otherwise has none, and one whose last point was undone has those
    before it.
    """

    def __init__(self) -> None:
        self._asked: dict[Polygons, Asked] = {}

    def clear(self) -> None:
        """Forget all: another image is shown."""
        self._asked.clear()

    def note(self, made: Polygons, asked: Asked) -> None:
        """An outline came of what was asked, which `with_earlier` completes."""
        self._asked[made] = self.with_earlier(asked)

    def with_earlier(self, asked: Asked) -> Asked:
        """What is asked about an outline that is mended, with the points that it was made by."""
        mended = asked.mends
        before = None if mended is None else self._asked.get(mended.polygons)
        if mended is None or before is None:
            return asked
        near = _CHANGED_MIND * math.sqrt(area(mended))
        return replace(
            asked,
            inside=(*_apart(before.inside, asked.outside, near), *asked.inside),
            outside=(*_apart(before.outside, asked.inside, near), *asked.outside),
        )


def _apart(points: Sequence[Point], others: Sequence[Point], near: float) -> tuple[Point, ...]:
    return tuple(p for p in points if all(math.dist(p, each) > near for each in others))


__all__ = ["Pointed"]
