"""The shapes of labelme and its relatives: what each kind stands for, as polygons.

Point counts follow labelme: two corners for a rectangle, centre and rim for a circle, the inclusive
box and a PNG for a mask. X-AnyLabeling writes rectangles with four corners, and rotated boxes and
quadrilaterals as kinds of their own.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from math import isfinite
from typing import Annotated, Any, Final

import numpy as np
from msgspec import Meta
from PIL import Image

from core.codec import wrong
from core.document.geometry import signed_area
from core.document.instance import Point, Polygon, Polygons
from core.document.runs import Mask
from core.formats.fields import as_list, as_number
from core.formats.masks import MOST_TRACED, trace
from core.storage.image_limits import MOST_A_BYTE

# The kinds that outline an object; all others but LINES are kept as they are.
_CORNERS: Final = ("polygon", "rectangle", "oriented_rectangle", "rotation", "quadrilateral")
OUTLINES: Final = (*_CORNERS, "circle", "mask")
LINES: Final = {"point": 1, "line": 2, "linestrip": None}
"""Kinds without an area, with their numbers of points; a line strip has two or more."""
BOXES: Final = ("rectangle", "oriented_rectangle", "rotation")
"""Kinds that are rectangles and stay so while they are edited: upright, and turned ones as labelme
and X-AnyLabeling call them."""
# How far, in pixels, the edges of a polygon for a circle may cut into it.
_SAGITTA: Final = 0.05
FAR: Final = 1e7
"""No coordinate of a file is beyond this: areas stay finite."""
Near = Annotated[float, Meta(ge=-FAR, le=FAR)]
NearPoint = tuple[Near, Near]


def points_of(value: object, where: str) -> tuple[Point, ...]:
    """The points of a shape, finite numbers. Raises FieldError."""
    points: Sequence[Any] = as_list(value, where)
    try:
        found = tuple([(float(x), float(y)) for x, y in points])
        # A JSON number is exactly one of these; a text that reads as a number is not.
        if {type(number) for point in points for number in point} <= {int, float} and all(
            -FAR < x < FAR and -FAR < y < FAR for x, y in found
        ):
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    # Something is wrong; look again, slowly, for where.
    for k, point in enumerate(points):
        pair = as_list(point, f"{where}[{k}]")
        if len(pair) != 2:
            raise wrong(f"{where}[{k}]", "expected two numbers")
        for number in pair:
            if abs(as_number(number, f"{where}[{k}]")) >= FAR:
                raise wrong(f"{where}[{k}]", f"expected a place within {FAR:g} pixels")
    raise wrong(where, "expected a list of points")


def line_kind(points: Sequence[Point], wanted: str = "") -> str:
    """What a line of so many points is called: as wanted, where that has as many."""
    if LINES.get(wanted, 0) == len(points) or (wanted == "linestrip" and len(points) > 1):
        return wanted
    return next((kind for kind, count in LINES.items() if count == len(points)), "linestrip")


def outline(kind: str, points: tuple[Point, ...], mask: object, where: str) -> Polygons:
    """What a shape of one of the OUTLINES covers; nothing without an area. Raises FieldError.

    The points are not beyond FAR.
    """
    if kind == "mask":
        return _mask(points, mask, where)
    if kind == "circle":
        if len(points) != 2:
            raise wrong(f"{where}.points", "expected the centre and a point of the rim")
        radius = math.dist(points[0], points[1])
        return ellipse(points[0], radius, radius)
    if kind == "rectangle" and len(points) == 2:
        return rectangle(points[0], points[1])
    return polygon(points, near=True)


def polygon(points: tuple[Point, ...], *, near: bool = False) -> Polygons:
    """The polygon through the points, the first not repeated; nothing when it has no area, or
    reaches beyond FAR.

    `near` says that no coordinate does.
    """
    ring = points[:-1] if len(points) > 3 and points[0] == points[-1] else points
    if len(ring) < 3:
        return ()
    if near:
        (ax, ay), (bx, by), (cx, cy) = ring[:3]
        if (bx - ax) * (cy - ay) != (by - ay) * (cx - ax):
            return (Polygon(ring),)  # as nearly all: the first corner is one
    elif not all(-FAR <= x <= FAR and -FAR <= y <= FAR for x, y in ring):
        return ()
    area = signed_area(ring)
    # A figure of eight can have a signed area of zero and still enclose something.
    if not isfinite(area) or (area == 0 and _straight(ring)):
        return ()
    return (Polygon(ring),)


def _straight(ring: tuple[Point, ...]) -> bool:
    """Whether all points lie on one line."""
    ox, oy = ring[0]
    dx, dy = max(((x - ox, y - oy) for x, y in ring), key=lambda d: d[0] ** 2 + d[1] ** 2)
    return all((x - ox) * dy == (y - oy) * dx for x, y in ring)


def rectangle(a: Point, b: Point) -> Polygons:
    """The rectangle with these opposite corners; nothing when it has no area."""
    x0, x1, y0, y1 = min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
    return polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def ellipse(centre: Point, rx: float, ry: float, turn: float = 0.0) -> Polygons:
    """The ellipse with half axes along x and y, turned clockwise by radians, as a polygon.

    The polygon has the area of the ellipse and is nowhere over 0.05 pixels away. Nothing when it
    has no area.
    """
    radius = max(rx, ry)
    if not 0 < radius <= FAR or min(rx, ry) <= 0:
        return ()
    step = math.acos(max(1 - _SAGITTA / radius, 0.5))
    count = min(max(math.ceil(math.pi / step), 12), 720)
    cos, sin = math.cos(turn), math.sin(turn)
    angles = (2 * math.pi * k / count for k in range(count))
    # Vertices on the rim would enclose less than the ellipse; this far out they enclose as much.
    wider = math.sqrt(2 * math.pi / count / math.sin(2 * math.pi / count))
    rim = ((wider * rx * math.cos(angle), wider * ry * math.sin(angle)) for angle in angles)
    return polygon(
        tuple((centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in rim)
    )


def _mask(points: tuple[Point, ...], mask: object, where: str) -> Polygons:
    if len(points) != 2:
        raise wrong(f"{where}.points", "expected the two corners of the mask")
    x, y = min(points[0][0], points[1][0]), min(points[0][1], points[1][1])
    if not isinstance(mask, str):
        raise wrong(f"{where}.mask", "expected a text")
    return trace(_decode_mask(mask, f"{where}.mask"), x, y)


def _decode_mask(text: str, where: str) -> Mask:
    problem = "expected a PNG of one channel in base64"
    try:
        with Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)) as image:
            if image.width * image.height > min(MOST_TRACED, len(text) * MOST_A_BYTE["PNG"]):
                raise wrong(where, "too large a mask")
            mask = np.asarray(image)
    except (OSError, ValueError, SyntaxError, EOFError, LookupError) as error:
        raise wrong(where, problem) from error
    if mask.ndim != 2:
        raise wrong(where, problem)
    return np.asarray(mask != 0)
