"""Polygon algebra: repair, simplify, clip, union, difference and overlap, with shapely.

All functions take and return tuples of polygons in image pixels. Results have open rings without
repeated vertices and are valid: rings do not cross themselves or each other, holes lie inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from core.document.geometry.errors import GeometryError
from core.document.geometry.measure import Outline, bounds, polygons_of, ring_contains
from core.document.instance import Point, Polygon, Polygons, Ring
from core.sentences import say

__all__ = [
    "GeometryError",
    "clip_to_image",
    "differ",
    "exclusive",
    "hull",
    "intersect",
    "is_valid",
    "middle",
    "polygon_iou",
    "repair",
    "repair_ring",
    "simplify",
    "subtract",
    "union",
    "without_holes",
]

# Parts smaller than this, in square pixels, are rounding dust of the algebra and not objects.
_DUST = 1e-6
# The finest grid to which a stubborn result is snapped, in pixels.
_GRID = 1e-6
# Edges of a quarter of a circle around a corner that grows.
_ROUND = 8


def is_valid(outline: Outline) -> bool:
    """Whether no ring crosses itself or another, and each hole lies inside its outer ring."""
    return all(bool(shapely.is_valid(_shape(polygon))) for polygon in polygons_of(outline))


def repair_ring(ring: Iterable[tuple[float, float]]) -> Polygons:
    """Valid polygons that cover what a ring encloses: a figure of eight becomes two parts.

    Repeated vertices and those in the middle of a straight edge go. Raises GeometryError, saying
    why, when nothing with an area remains.
    """
    return repair((Polygon(tuple(ring)),))


def repair(polygons: Polygons) -> Polygons:
    """The polygons with broken rings repaired, each for itself; valid ones keep their vertices.

    Repeated vertices and those in the middle of a straight edge go, and so do holes without an
    area. Raises GeometryError, saying why, when nothing with an area remains.
    """
    repaired: list[Polygon] = []
    reason = say("geometry.no_area", "The outline encloses no area.")
    for polygon in polygons:
        outer = _clean(polygon.outer)
        if len(outer) < 3:
            if len(set(polygon.outer)) < 3:
                reason = say(
                    "geometry.few_points", "The outline has fewer than three different points."
                )
            continue
        holes = tuple(ring for ring in map(_clean, polygon.holes) if len(ring) >= 3)
        clean = Polygon(outer, holes)
        if is_valid((clean,)):
            repaired.append(clean)
        else:
            repaired.extend(_polygons(_covered(clean)))
    if not repaired:
        raise GeometryError(reason)
    return tuple(repaired)


def simplify(polygons: Polygons, tolerance: float) -> Polygons:
    """The polygons with fewer vertices, none of the removed ones over `tolerance` pixels away.

    Douglas and Peucker's method as shapely does it, topology kept. Invalid input is repaired first.
    """
    return _polygons(shapely.simplify(_geometry(polygons), tolerance, preserve_topology=True))


def clip_to_image(polygons: Polygons, width: int, height: int) -> Polygons:
    """The part of the polygons inside the image, maybe none; those wholly inside stay untouched."""
    kept: list[Polygon] = []
    for polygon in polygons:
        box = bounds((polygon,))
        if box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height:
            kept.append(polygon)
        else:
            frame = shapely.box(0, 0, width, height)
            kept.extend(_polygons(shapely.intersection(_geometry((polygon,)), frame)))
    return tuple(kept)


def union(*outlines: Outline) -> Polygons:
    """What any of the outlines covers."""
    return _polygons(shapely.union_all([_geometry(polygons_of(each)) for each in outlines]))


def subtract(outline: Outline, *others: Outline) -> Polygons:
    """What the outline covers and none of the others does; empty when nothing remains."""
    rest = _geometry(polygons_of(outline))
    for other in others:
        rest = shapely.difference(rest, _geometry(polygons_of(other)))
    return _polygons(rest)


def middle(outline: Outline) -> Point:
    """The place inside the largest part that lies farthest from its border."""
    part = max(_parts(_geometry(polygons_of(outline))), key=lambda each: float(each.area))
    centre = shapely.get_point(shapely.maximum_inscribed_circle(part), 0)
    return float(shapely.get_x(centre)), float(shapely.get_y(centre))


def intersect(outline: Outline, *others: Outline) -> Polygons:
    """What all of the outlines cover; empty when there is no such place."""
    shared = _geometry(polygons_of(outline))
    for other in others:
        shared = shapely.intersection(shared, _geometry(polygons_of(other)))
    return _polygons(shared)


def exclusive(outline: Outline, *others: Outline) -> Polygons:
    """What an odd number of the outlines covers; empty when there is no such place."""
    rest = _geometry(polygons_of(outline))
    for other in others:
        rest = shapely.symmetric_difference(rest, _geometry(polygons_of(other)))
    return _polygons(rest)


def differ(a: Outline, b: Outline, width: float) -> bool:
    """Whether only one of them covers some place that is at least `width` pixels wide."""
    both = _geometry(polygons_of(a)), _geometry(polygons_of(b))
    apart = shapely.symmetric_difference(*both)
    return not shapely.buffer(apart, -width / 2, join_style="mitre").is_empty


def shared_areas(pairs: Sequence[tuple[Outline, Outline]]) -> list[float]:
    """The square pixels that both of each pair cover."""
    known: dict[int, BaseGeometry] = {}
    for pair in pairs:
        for each in map(polygons_of, pair):
            if id(each) not in known:
                known[id(each)] = _geometry(each)
    sides = ([known[id(polygons_of(pair[side]))] for pair in pairs] for side in (0, 1))
    return [float(each) for each in shapely.area(shapely.intersection(*map(np.array, sides)))]


def wide(polygons: Polygons, width: float) -> Polygons:
    """Those of the polygons that somewhere hold a disc of that width."""
    return tuple(
        each for each in polygons if not shapely.buffer(_geometry((each,)), -width / 2).is_empty
    )


def threads(outline: Outline, width: float, beside: Outline) -> Polygons:
    """What of an outline is nowhere `width` pixels wide and touches another outline."""
    whole, other = _geometry(polygons_of(outline)), _geometry(polygons_of(beside))
    inner = shapely.buffer(whole, -width / 2, join_style="mitre")
    # A little more than before, so that rounding leaves no crumbs along straight edges.
    thick = shapely.buffer(inner, width / 2 * 1.01, join_style="mitre")
    thin = _parts(shapely.difference(whole, thick))
    return _polygons(MultiPolygon([part for part in thin if shapely.dwithin(part, other, _GRID)]))


def grown(polygons: Polygons, by: float) -> Polygons:
    """Outlines moved outwards by so many pixels, inwards below 0; holes become smaller, or larger.

    Empty when nothing is left.
    """
    return _polygons(_geometry(polygons).buffer(by, quad_segs=_ROUND)) if by else polygons


def hull(outline: Outline) -> Polygons:
    """The smallest outline without dents around all parts."""
    return _polygons(shapely.convex_hull(_geometry(polygons_of(outline))))


def split(outline: Outline, line: Sequence[Point]) -> tuple[Polygons, ...]:
    """The pieces that a line cuts an outline into; the outline alone where it cuts nothing.

    Each part that the line crosses falls into pieces. Parts that it does not cross stay together.
    """
    cut = shapely.LineString(line)
    pieces: list[Polygons] = []
    untouched: list[Polygon] = []
    for polygon in polygons_of(outline):
        body = _geometry((polygon,))
        edges = shapely.union_all([shapely.boundary(body), cut])
        faces = [
            face
            for face in shapely.get_parts(shapely.polygonize([edges]))
            if shapely.contains(body, shapely.point_on_surface(face))
        ]
        if len(faces) < 2:
            untouched.append(polygon)
        else:
            pieces += [found for face in faces if (found := _polygons(face))]
    return (*pieces, tuple(untouched)) if untouched else tuple(pieces)


def without_holes(outline: Outline) -> Polygons:
    """The parts with their holes filled; one inside the hole of another goes with it."""
    filled = tuple(Polygon(polygon.outer) for polygon in polygons_of(outline))
    return union(filled) if len(filled) > 1 else filled


def polygon_iou(a: Outline, b: Outline) -> float:
    """Overlap of two outlines: shared area divided by covered area, 0 to 1."""
    if not bounds(a).intersects(bounds(b)):
        return 0.0
    first, second = _geometry(polygons_of(a)), _geometry(polygons_of(b))
    shared = float(shapely.intersection(first, second).area)
    covered = float(first.area) + float(second.area) - shared
    return shared / covered if covered > 0 else 0.0


def _clean(ring: Ring) -> Ring:
    """The ring without repeated vertices, spikes, and vertices in the middle of a straight edge."""
    points = list(ring)
    k = 0
    seen_fine = 0
    # Walk round until a whole lap removes nothing: a removal can make its neighbours removable.
    while len(points) >= 3 and seen_fine < len(points):
        k %= len(points)
        (ax, ay), (bx, by), (cx, cy) = points[k - 1], points[k], points[(k + 1) % len(points)]
        if (bx - ax) * (cy - by) == (by - ay) * (cx - bx):
            del points[k]
            k = max(k - 1, 0)
            seen_fine = 0
        else:
            k += 1
            seen_fine += 1
    return tuple(points)


def _shape(polygon: Polygon) -> Shape:
    # From arrays: shapely takes tuples point by point.
    return Shape(np.array(polygon.outer), [np.array(hole) for hole in polygon.holes])


def _geometry(polygons: Polygons) -> BaseGeometry:
    """One valid shapely geometry that covers what the polygons cover."""
    shapes = [_shape(polygon) for polygon in polygons]
    valid = [
        shape if shape.is_valid else _covered(polygon)
        for shape, polygon in zip(shapes, polygons, strict=True)
    ]
    return _areal(valid[0] if len(valid) == 1 else shapely.union_all(valid))


def _covered(polygon: Polygon) -> BaseGeometry:
    """What a polygon with crossing rings covers: what its outer ring encloses, less its holes.

    On a grid, since crossings leave edges so close to each other that the algebra takes one side
    for the other and gives areas that are wrong.
    """
    covered = _enclosed(polygon.outer)
    for hole in polygon.holes:
        covered = shapely.difference(covered, _enclosed(hole))
    return _areal(shapely.set_precision(covered, _GRID))


def _enclosed(ring: Ring) -> BaseGeometry:
    """What a ring encloses by the even-odd rule, as hit test and masks have it."""
    outline = shapely.LineString([*ring, ring[0]])
    # The outline cut at each crossing divides the plane into faces, each wholly in or out.
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([outline])]))
    points = _places_inside(faces)
    inside = [
        face
        for face, point in zip(faces, points, strict=True)
        if ring_contains(ring, point.x, point.y)
    ]
    return _areal(shapely.union_all(inside))


def _places_inside(faces: np.ndarray) -> np.ndarray:
    """A point inside each face; where a face is narrower than numbers can tell, beside it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(shapely.point_on_surface(faces))


def _areal(geometry: BaseGeometry) -> BaseGeometry:
    """The same area without a collection around it: GEOS fails on some empty collections."""
    if isinstance(geometry, (Shape, MultiPolygon)):
        return geometry
    return MultiPolygon([each for each in _flat(geometry) if not each.is_empty])


def _flat(geometry: BaseGeometry) -> list[Shape]:
    """The polygons of a geometry; its lines and points have no area."""
    if isinstance(geometry, Shape):
        return [geometry]
    return [part for each in getattr(geometry, "geoms", ()) for part in _flat(each)]


def _polygons(geometry: BaseGeometry) -> Polygons:
    """The parts of a geometry that have an area, as valid polygons."""
    found: list[Polygon] = []
    for part in _parts(geometry):
        polygon = _polygon(part)
        if polygon is not None and _shape(polygon).is_valid:
            found.append(polygon)
            continue
        # Rounding can leave rings that touch themselves; on a grid they come apart.
        for snapped in _parts(shapely.set_precision(part, _GRID)):
            again = _polygon(snapped)
            if again is not None and _shape(again).is_valid:
                found.append(again)
    return tuple(found)


def _parts(geometry: BaseGeometry) -> list[Shape]:
    return [part for part in _flat(geometry) if part.area > _DUST]


def _polygon(shape: Shape) -> Polygon | None:
    outer = _clean(_open(shape.exterior.coords))
    holes = tuple(_clean(_open(ring.coords)) for ring in shape.interiors)
    if len(outer) < 3:
        return None
    return Polygon(outer, tuple(hole for hole in holes if len(hole) >= 3))


def _open(coords: Iterable[tuple[float, ...]]) -> Ring:
    ring = tuple((float(point[0]), float(point[1])) for point in coords)
    return ring[:-1]
