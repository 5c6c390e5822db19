"""Keypoints of instances: what the points of a label are called and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.codec import Name
from core.document.instance import Keypoint, Keypoints, Point, Seen
from core.document.limits import MOST_KEYPOINTS, MOST_LETTERS

ABSENT: Final[Keypoint] = (0.0, 0.0, Seen.ABSENT)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The keypoints of a label in their order, and which are joined, by their places from 0.

    Raises ValueError when names are not fit to be typed and told apart, or a line joins nothing.
    """

    names: tuple[Name, ...]
    edges: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.names) <= MOST_KEYPOINTS or len(set(self.names)) < len(self.names):
            raise ValueError("expected keypoints of different names")
        for name in self.names:
            odd = name != name.strip() or set(name) & set(":,") or len(name.splitlines()) != 1
            if odd or len(name) > MOST_LETTERS:
                raise ValueError("expected a name without a colon, a comma or spaces around it")
        if any(not 0 <= k < len(self.names) for edge in self.edges for k in edge):
            raise ValueError("expected lines between keypoints")

    def text(self) -> str:
        """A keypoint a line: its name, and behind a colon those that it is joined with."""
        lines = []
        for place, name in enumerate(self.names):
            joined = ", ".join(self.names[b] for a, b in self.edges if a == place)
            lines.append(f"{name}: {joined}" if joined else name)
        return "\n".join(lines)

    @staticmethod
    def from_text(text: str) -> Skeleton:
        """What `text` wrote or a person typed. Raises ValueError, with the line that is wrong."""
        lines = [line.partition(":") for line in text.splitlines() if line.strip()]
        names = tuple(name.strip() for name, _, _ in lines)
        edges = []
        for place, (_, _, others) in enumerate(lines):
            for other in filter(None, map(str.strip, others.split(","))):
                if other not in names:
                    raise ValueError(other)
                edges.append((place, names.index(other)))
        return Skeleton(names, tuple(edges))


_SIDES: Final = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
PERSON: Final = Skeleton(
    ("nose", *(f"{side}_{part}" for part in _SIDES for side in ("left", "right"))),
    (
        *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7)),
        *((6, 8), (7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    ),
)
"""COCO's keypoints of a person and the lines between them."""


def shifted(keypoints: Keypoints, dx: float, dy: float) -> Keypoints:
    """The keypoints (dx, dy) pixels further on; those that nobody has set stay as they are."""
    return tuple((x + dx, y + dy, seen) if seen else (x, y, seen) for x, y, seen in keypoints)


def with_keypoint(keypoints: Keypoints, place: int, point: Keypoint) -> Keypoints:
    """The keypoints with another one at a place from 0, absent ones before it where none were."""
    filled = [*keypoints, *[ABSENT] * (place + 1 - len(keypoints))]
    filled[place] = point
    return tuple(filled) if any(seen for _, _, seen in filled) else ()


def labelled_count(keypoints: Keypoints) -> int:
    """How many keypoints have a place: COCO's `num_keypoints`."""
    return sum(seen != Seen.ABSENT for _, _, seen in keypoints)


def next_place(keypoints: Keypoints, skeleton: Skeleton) -> int | None:
    """The first keypoint of the skeleton that has no place yet; None when all have one."""
    there = {place for place, (_, _, seen) in enumerate(keypoints) if seen}
    return next((place for place in range(len(skeleton.names)) if place not in there), None)


def nearest_keypoint(keypoints: Keypoints, at: Point, within: float) -> int | None:
    """The place of the nearest keypoint that is set, of equals the later; None without any."""
    found = [
        ((x - at[0]) ** 2 + (y - at[1]) ** 2, -place)
        for place, (x, y, seen) in enumerate(keypoints)
        if seen
    ]
    distance, place = min(found, default=(float("inf"), 0))
    return -place if distance <= within * within else None


def flat(keypoints: Keypoints) -> list[float]:
    """x, y, visibility and so on as COCO writes them, whole numbers as such."""
    numbers = [number for point in keypoints for number in point]
    return [int(number) if float(number).is_integer() else number for number in numbers]


def from_flat(numbers: object, count: int | None, most: float) -> Keypoints | None:
    """The keypoints in COCO's list of `count` triples, None for any; None where it is no such list.

    No coordinate may be beyond `most`.
    """
    if not isinstance(numbers, Sequence) or isinstance(numbers, str) or not numbers:
        return None
    if len(numbers) % 3 or (count is not None and len(numbers) != 3 * count):
        return None
    if len(numbers) > 3 * MOST_KEYPOINTS or {*map(type, numbers)} - {int, float}:
        return None
    triples = tuple(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))
    for x, y, seen in triples:
        if not (-most <= x <= most and -most <= y <= most) or seen not in tuple(Seen):
            return None
    found: Keypoints = tuple((float(x), float(y), int(seen)) for x, y, seen in triples)
    return found if labelled_count(found) else None
