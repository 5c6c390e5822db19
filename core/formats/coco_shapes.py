"""The outline of an annotation of COCO's: lists of numbers, run lengths, or its box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from core.codec import wrong
from core.document.instance import Polygons
from core.formats.coco_image import CocoImage
from core.formats.errors import NO_AREA_DROPPED
from core.formats.fields import as_int, as_list, as_number, get, number_of
from core.formats.labelme_shapes import polygon, rectangle
from core.formats.limits import MAX_COORDINATE, whole
from core.formats.masks import trace_runs
from core.formats.remarks import Remarks
from core.formats.said import BOXES
from core.sentences import say

_FLAT: Final = say(
    "formats.flat_polygon",
    "{path}: {count} outlines are lists of numbers instead of lists of polygons; each became one "
    "polygon.",
)
_NO_GEOMETRY: Final = say(
    "formats.no_geometry",
    "{path}: {count} annotations have neither an outline nor a box and were left out.",
)

_UNUSUAL: Final = say(
    "formats.unusual_outline",
    "{path}: {count} outlines or boxes are written in an unusual way (lists in lists, numbers as "
    "texts); they were read all the same.",
)


def outline_of(
    annotation: Mapping[str, object], image: CocoImage, where: str, remarks: Remarks
) -> Polygons:
    """What an annotation outlines; nothing where that has no area, which is noted.

    Raises FieldError.
    """
    shape = annotation.get("segmentation")
    place = f"{where}.segmentation"
    if isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], dict):
        remarks.count(_UNUSUAL)
        shape = shape[0]
    if isinstance(shape, dict) and shape:
        polygons = _from_runs(shape, image, place, remarks)
    elif shape:
        parts = as_list(shape, place)
        if all(isinstance(part, int | float) for part in parts):
            remarks.count(_FLAT)  # a flat list can only be one polygon
            parts = [parts]
        polygons = tuple(
            each
            for k, part in enumerate(parts)
            for ring in _rings(part, f"{place}[{k}]", remarks)
            for each in polygon(ring, near=True)
        )
    else:
        polygons = _from_box(annotation.get("bbox"), f"{where}.bbox", remarks)
        remarks.count(BOXES if polygons else _NO_GEOMETRY)
        return polygons
    remarks.count(NO_AREA_DROPPED, not polygons)
    return polygons


_NUMBERS: Final = frozenset((int, float))
Ring = tuple[tuple[float, float], ...]


def _rings(part: object, where: str, remarks: Remarks) -> Iterator[Ring]:
    """The ring that a part is; several where lists are nested deeper than COCO has them."""
    if part is None:
        return
    if not isinstance(part, list) or not part or not isinstance(part[0], list | str):
        yield _flat_points(part, where)
        return
    remarks.count(_UNUSUAL)
    pairs = all(isinstance(point, list) and len(point) == 2 for point in part)
    if pairs:
        part = [number for point in part for number in point]
    if pairs or isinstance(part[0], str):
        yield _flat_points([number_of(number) for number in part], where)
        return
    for k, inner in enumerate(part):
        yield _flat_points(inner, f"{where}[{k}]")


def _flat_points(value: object, where: str) -> tuple[tuple[float, float], ...]:
    """The points in a list of x, y, x, y and so on. Raises FieldError."""
    flat: Sequence[Any] = as_list(value, where)
    if len(flat) % 2:
        raise wrong(where, "expected pairs of numbers")
    kinds = {*map(type, flat)}
    if kinds <= _NUMBERS:
        if not flat:
            return ()
        # Comparing passes over NaN, but a sum does not.
        if max(flat) <= MAX_COORDINATE and min(flat) >= -MAX_COORDINATE and isfinite(sum(flat)):
            numbers = flat if kinds == {float} else [*map(float, flat)]
            return tuple(zip(numbers[::2], numbers[1::2], strict=True))
    # Something is wrong; look again, slowly, for where.
    for k, number in enumerate(flat):
        if abs(as_number(number, f"{where}[{k}]")) > MAX_COORDINATE:
            raise wrong(f"{where}[{k}]", "too far from the image")
    raise wrong(where, "expected a list of numbers")


def _from_runs(
    runs: Mapping[str, object], image: CocoImage, where: str, remarks: Remarks
) -> Polygons:
    width, height = image.width, image.height
    size = as_list(get(runs, "size", where), f"{where}.size")
    if len(size) != 2:
        raise wrong(f"{where}.size", "expected height and width")
    counts = runs.get("counts")
    if not all(type(side) is int for side in size) or (
        isinstance(counts, list) and counts and type(counts[0]) is not int
    ):
        remarks.count(_UNUSUAL)
        size = [whole(side, f"{where}.size[{k}]", least=1) for k, side in enumerate(size)]
        if isinstance(counts, list):
            counts = [whole(n, f"{where}.counts[{k}]", least=0) for k, n in enumerate(counts)]
        runs = {"size": size, "counts": counts}
    if width is None or height is None:
        height, width = (as_int(side, f"{where}.size[{k}]", least=1) for k, side in enumerate(size))
    return trace_runs(runs, width, height, where)


def _from_box(value: object, where: str, remarks: Remarks) -> Polygons:
    if not value:
        return ()
    sides = as_list(value, where)
    if any(isinstance(side, str) for side in sides):
        remarks.count(_UNUSUAL)
        sides = [number_of(side) for side in sides]
    numbers = [as_number(n, f"{where}[{k}]") for k, n in enumerate(sides)]
    if len(numbers) != 4:
        raise wrong(where, "expected left, top, width and height")
    x, y, width, height = numbers
    return rectangle((x, y), (x + width, y + height)) if width > 0 and height > 0 else ()
