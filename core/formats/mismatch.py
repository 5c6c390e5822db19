"""Labels made for an image of another size than the one there is, and what a person can answer.

Nothing is guessed: until somebody answers, the size that the file says stays with the labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.codec import loads
from core.document.instance import Point, Polygon, Polygons, Ring, Shape
from core.formats.label_file import LabelFile
from core.sentences import Sentence, say
from core.storage.images import image_orientation

_ALIKE: Final = 0.02
"""Sizes whose ratios of sides differ by less are one picture, larger or smaller."""

UNANSWERED: Final = say(
    "mismatch.unanswered",
    "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
    "{real_height}; its labels may not fit. Answer in the window, or with --mismatch ANSWER: "
    "{answers}.",
)
LEFT_OUT: Final = say(
    "mismatch.left_out",
    "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
    "{real_height}; its labels may not fit, so it was left out. Answer in the window, or with "
    "--mismatch ANSWER: {answers}.",
)
DETACHED: Final = say(
    "mismatch.detached",
    "{path} was made for an image of {width} x {height} pixels and so not for {name} of "
    "{real_width} x {real_height}; it was left out.",
)
FITTED: Final = say(
    "mismatch.fitted",
    "{path} was made for an image of {width} x {height} pixels; its labels were fitted to {name} "
    "of {real_width} x {real_height} ({answers}).",
)


class Answer(StrEnum):
    """What becomes of labels whose image has another size."""

    SCALE = "scale"  # the image was scaled: so are they
    TURN = "turn"  # they were made on the pixels as stored; EXIF turns the image, and them
    RIGHT = "turn-right"  # the image was turned clockwise and saved so
    LEFT = "turn-left"
    KEEP = "keep"  # they fit as they are
    DETACH = "detach"  # they belong to another image


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The (width, height) that labels were made for, and that of the upright image, with the EXIF
    orientation by which it was turned."""

    made: tuple[int, int]
    real: tuple[int, int]
    orientation: int = 1

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What may be right, the likeliest first."""
        turned = self.real[1], self.real[0]
        found: list[Answer] = []
        if _alike(self.made, turned) and not _alike(self.made, self.real):
            found = [Answer.TURN] if self.orientation >= 5 else [Answer.RIGHT, Answer.LEFT]
        if self.made != turned:
            found.append(Answer.SCALE)
        return (*found, Answer.KEEP, Answer.DETACH)

    def point(self, point: Point, answer: Answer) -> Point:
        """Where a point of the labels lies on the image."""
        if answer in (Answer.KEEP, Answer.DETACH):
            return point
        orientation = {Answer.TURN: self.orientation, Answer.RIGHT: 6, Answer.LEFT: 8}.get(answer)
        x, y = point
        width, height = self.made
        if orientation is not None:
            x, y, width, height = _turned(x, y, width, height, orientation)
        return x * self.real[0] / width, y * self.real[1] / height

    def polygons(self, polygons: Polygons, answer: Answer) -> Polygons:
        """The outlines on the image."""

        def moved(ring: Ring) -> Ring:
            return tuple(self.point(point, answer) for point in ring)

        return tuple(Polygon(moved(p.outer), tuple(map(moved, p.holes))) for p in polygons)

    def said(self, sentence: Sentence, path: Path, name: str, answer: str = "") -> Sentence:
        """A sentence about a label file and its image, with sizes and answers put in."""
        return sentence.given(
            path=str(path),
            name=name,
            width=self.made[0],
            height=self.made[1],
            real_width=self.real[0],
            real_height=self.real[1],
            answers=answer or ", ".join(self.answers),
        )


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(one[0] * other[1] - one[1] * other[0]) <= _ALIKE * one[0] * other[1]


def _turned(
    x: float, y: float, width: int, height: int, orientation: int
) -> tuple[float, float, int, int]:
    """A place on stored pixels, and their size, after EXIF 2.32, tag 0x0112, turned them."""
    if orientation >= 5:
        x, y, width, height = y, x, height, width
    if orientation in (2, 3, 6, 7):
        x = width - x
    if orientation in (3, 4, 7, 8):
        y = height - y
    return x, y, width, height


def mismatch_of(
    width: int | None, height: int | None, real: tuple[int, int], image: Path
) -> Mismatch | None:
    """What is wrong with the size that a label file says; None when nothing is, or it says none."""
    made = (width or real[0], height or real[1])
    return None if made == real else Mismatch(made, real, image_orientation(image))


def refitted(file: LabelFile, mismatch: Mismatch, answer: Answer) -> LabelFile:
    """A label file of labelme's fitted to its image: the shapes that are no outlines too.

    A copy of the image inside the file is of the old size and goes.
    """
    shapes = tuple(fitted_shapes(file.shapes, mismatch, answer))
    top = loads(file.kept.source, "file", constants=True)
    entries = top.get("shapes") if isinstance(top, dict) else None
    if isinstance(top, dict) and isinstance(entries, list):
        for id, kept in file.kept.shapes:
            if id is None:
                entry = entries[kept.number]
                with suppress(KeyError, TypeError, ValueError):  # a shape that cannot be read
                    points = [mismatch.point((x, y), answer) for x, y in entry["points"]]
                    entries[kept.number] = {**entry, "points": points}
        if "imageData" in top:
            top["imageData"] = None
    width, height = mismatch.real
    kept_now = replace(file.kept, source=json.dumps(top).encode("ascii"))
    return replace(file, width=width, height=height, shapes=shapes, kept=kept_now)


def fitted_shapes(shapes: Iterable[Shape], mismatch: Mismatch, answer: Answer) -> tuple[Shape, ...]:
    """Instances and regions with their outlines where they lie on the image."""
    return tuple(
        replace(
            each,
            polygons=mismatch.polygons(each.polygons, answer),
            keypoints=tuple(
                (*mismatch.point((x, y), answer), seen) if seen else (x, y, seen)
                for x, y, seen in each.keypoints
            ),
        )
        for each in shapes
    )
