"""A person with strokes, boxes, clicks and sweeps: gestures are counted, outlines measured."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from core.document.geometry import Rect, area, bounds, contains, polygon_iou
from core.document.geometry.boxes import ellipse
from core.document.instance import Instance, Point, Polygon, Polygons
from core.learning.assist import AssistedImage, jittered, next_click
from core.learning.curve import Labelled, means
from core.learning.strokes import stroked
from tests.core.learning.making import square

SIZE = (100, 100)
TRUTH = square("t", 10, 10, 40)


def ring(*points: Point) -> Polygons:
    return (Polygon(tuple(points)),)


def sure(polygons: Polygons, score: float = 0.9) -> Instance:
    return Instance("s", "square", polygons, score=score)


# A square whose upper right quarter is missing: IoU 0.75.
DENTED = ring(*((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (50.0, 30.0), (50.0, 50.0), (10.0, 50.0)))
FAR = ring((60.0, 60.0), (90.0, 60.0), (90.0, 90.0), (60.0, 90.0))


@dataclass
class Fake:
    """A helper that gives the same outlines for a box and for clicks, and counts."""

    boxed: Polygons = ()
    clicked: Polygons = ()
    other: Polygons = ()
    boxes: int = 0
    clicks: int = 0

    def box(self, box: Rect) -> Sequence[Polygons]:
        self.boxes += 1
        return [each for each in (self.boxed, self.other) if each]

    def under(self, point: Point) -> tuple[Sequence[Polygons], int]:
        self.clicks += 1
        return ([self.other, self.clicked], 1) if self.clicked else ([], -1)

    def click(self, points: Sequence[Point], inside: Sequence[bool], present: Polygons) -> Polygons:
        self.clicks += 1
        return self.clicked


def labelled(suggestions, helper, truths=(TRUTH,), threshold=0.0):
    # By this name the box of `TRUTH` comes out no larger, so that no ellipse in it fits the square.
    return AssistedImage(truths, suggestions, SIZE, helper, "small").label(threshold)


def overlap_with(truth: Polygons):
    return lambda found: polygon_iou(found, truth)


def test_a_stroke_puts_one_run_right_and_leaves_the_rest() -> None:
    wobbly = ring((10.0, 10.0), (50.0, 10.0), (50.0, 50.0), (30.0, 49.0), (10.0, 50.0))
    dented = ring(
        *((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (50.0, 30.0), (50.0, 50.0), (30.0, 49.0)),
        (10.0, 50.0),
    )
    results = list(stroked(wobbly, dented, overlap_with(wobbly)))
    assert len(results) == 1
    assert polygon_iou(results[0], wobbly) > 0.99
    assert (30.0, 49.0) in results[0][0].outer


def test_two_runs_take_two_strokes_and_a_ring_without_a_fit_one() -> None:
    cross = ring(
        *((10.0, 10.0), (40.0, 10.0), (50.0, 20.0), (50.0, 50.0), (20.0, 50.0), (10.0, 40.0)),
    )
    cut = ring(
        *((10.0, 10.0), (30.0, 10.0), (30.0, 25.0), (50.0, 25.0), (50.0, 50.0), (30.0, 50.0)),
        *((30.0, 35.0), (10.0, 35.0)),
    )
    results = list(stroked(cross, cut, overlap_with(cross)))
    assert len(results) == 2
    assert polygon_iou(results[1], cross) > polygon_iou(results[0], cross)
    (redrawn,) = stroked(cross, FAR, overlap_with(cross))
    assert polygon_iou(redrawn, cross) > 0.99


def test_accepting_costs_one_and_what_nearly_fits_a_stroke() -> None:
    fits = labelled([sure(ring((10.0, 10.0), (49.0, 10.0), (49.0, 50.0), (10.0, 50.0)))], Fake())
    assert (fits.actions, fits.accept, fits.reached) == (1, 1, 1)
    found = labelled([sure(DENTED)], Fake())
    assert (found.actions, found.accept, found.strokes) == (2, 1, 1)
    assert found.reached == 1
    assert found.overlap[0] > 0.95
    assert not any(found.saved.values())  # one vertex lay off


def test_the_least_of_stroke_click_and_vertices_is_taken() -> None:
    corners = ring((10.0, 10.0), (38.0, 10.0), (38.0, 50.0), (10.0, 50.0))
    by_stroke = labelled([sure(corners)], None)
    assert (by_stroke.strokes, by_stroke.vertices) == (1, 0)
    assert by_stroke.saved["stroke"] == 1  # two corners lie off
    zigzag = ring(
        *((10.0, 10.0), (25.0, 10.0), (30.0, 24.0), (35.0, 10.0), (50.0, 10.0), (36.0, 30.0)),
        *((50.0, 50.0), (30.0, 38.0), (10.0, 50.0), (24.0, 30.0)),
    )
    truth = replace(
        TRUTH,
        polygons=ring(
            *((10.0, 10.0), (30.0, 8.0), (50.0, 10.0), (52.0, 30.0), (50.0, 50.0), (30.0, 52.0)),
            *((10.0, 50.0), (8.0, 30.0)),
        ),
    )
    helper = Fake(clicked=truth.polygons)
    by_click = labelled([sure(zigzag)], helper, (truth,))
    assert (by_click.clicks, by_click.strokes, helper.clicks) == (1, 0, 1)
    assert by_click.saved["click"] > 0
    without = labelled([sure(zigzag)], None, (truth,))
    assert without.strokes > 1 or without.vertices > 1
    assert without.reached == 1


def test_what_is_missing_is_clicked_where_the_preview_fits_else_boxed() -> None:
    shown = labelled([], Fake(clicked=TRUTH.polygons))
    assert (shown.actions, shown.clicks, shown.saved["click"]) == (1, 1, 3)
    helper = Fake(boxed=TRUTH.polygons, clicked=FAR)
    boxed = labelled([], helper)
    assert (boxed.actions, boxed.boxes, helper.boxes) == (2, 2, 1)
    assert boxed.saved["box"] == 2
    dented = labelled([], Fake(boxed=DENTED))
    assert (dented.boxes, dented.strokes, dented.actions) == (2, 1, 3)
    redrawn = labelled([], Fake(boxed=FAR))
    assert (redrawn.boxes, redrawn.strokes, redrawn.reached) == (2, 1, 1)
    turned = labelled([], Fake(boxed=DENTED, clicked=FAR, other=TRUTH.polygons))
    assert (turned.clicks, turned.boxes, turned.saved["click"]) == (2, 0, 2)
    tabbed = labelled([], Fake(boxed=DENTED, other=TRUTH.polygons))
    assert (tabbed.boxes, tabbed.strokes, tabbed.clicks) == (3, 0, 0)
    drawn = labelled([], Fake())
    assert (drawn.boxes, drawn.vertices, drawn.actions) == (2, 4, 6)
    assert drawn.saved["box"] == -2
    assert drawn.reached == 1
    nobody = labelled([], None)
    assert (nobody.vertices, nobody.actions) == (4, 4)


SPECK = square("t", 10, 10, 8)


def test_a_speck_takes_a_stroke_though_nothing_lies_two_pixels_off() -> None:
    wide = square("w", 8.5, 8.5, 11).polygons  # IoU 0.53
    repaired = labelled([sure(wide)], None, (SPECK,))
    assert (repaired.strokes, repaired.vertices, repaired.actions) == (1, 0, 2)
    assert repaired.reached == 1
    boxed = labelled([], Fake(boxed=wide), (SPECK,))
    assert (boxed.boxes, boxed.strokes, boxed.reached) == (2, 1, 1)
    fits = square("f", 10.3, 10, 8).polygons
    assert list(stroked(SPECK.polygons, fits, overlap_with(SPECK.polygons))) == []


def test_outlines_that_are_all_too_narrow_grow_together() -> None:
    truths = [square(f"t{k}", 5 + 18 * k, 40, 12) for k in range(5)]
    narrow = [sure(square("s", 6.2 + 18 * k, 41.2, 9.6).polygons) for k in range(5)]  # IoU 0.64
    found = labelled(narrow, None, truths)
    assert (found.accept, found.grow, found.strokes, found.actions) == (1, 3, 0, 4)
    assert found.saved["grow"] == 5 - 3
    assert (found.reached, found.instances) == (5, 5)
    few = labelled(narrow[:3], None, truths[:3])
    assert (few.grow, few.strokes, few.saved["grow"]) == (0, 3, 0)
    mixed = labelled([*narrow[:2], *(sure(one.polygons) for one in truths[2:])], None, truths)
    assert (mixed.grow, mixed.strokes) == (0, 2)
    wide = [sure(square("w", 3.2 + 18 * k, 38.2, 15.6).polygons) for k in (2, 3)]
    both = labelled([*narrow[:2], *wide, sure(truths[4].polygons)], None, truths)
    assert (both.grow, both.strokes) == (0, 4)  # growing would spoil as many as it mends


def test_a_round_speck_is_an_ellipse_for_two() -> None:
    truth = replace(SPECK, polygons=(Polygon(ellipse(Rect(21.0, 21.0, 39.0, 39.0))),))
    found = labelled([], Fake(boxed=FAR), (truth,))
    assert (found.ellipses, found.boxes, found.actions, found.reached) == (2, 0, 2, 1)
    assert found.saved["ellipse"] == found.by_hand - 2
    assert labelled([], Fake(boxed=truth.polygons), (truth,)).boxes == 2


def test_neighbouring_false_ones_are_swept_but_not_over_what_is_kept() -> None:
    def at(x: float, y: float) -> Instance:
        return sure(square("f", x, y, 6).polygons)

    row = [at(4 + 8 * k, 60) for k in range(7)]
    swept = labelled([sure(TRUTH.polygons), *row], Fake())
    assert (swept.sweeps, swept.saved["sweep"], swept.actions) == (2, 5, 3)
    apart = labelled([sure(TRUTH.polygons), at(60, 10), at(90, 90)], Fake())
    assert apart.sweeps == 2
    between = labelled([sure(TRUTH.polygons), at(2, 27), at(52, 27)], Fake())
    assert between.sweeps == 2
    hidden = labelled([sure(TRUTH.polygons), replace(row[0], score=0.1)], Fake(), threshold=0.5)
    assert (hidden.sweeps, hidden.actions) == (0, 1)


def test_boxes_are_off_by_up_to_the_share_and_the_same_for_a_seed() -> None:
    box = Rect(20.0, 30.0, 60.0, 50.0)
    for seed in range(30):
        off = jittered(box, 0.05, random.Random(seed), SIZE)
        assert off == jittered(box, 0.05, random.Random(seed), SIZE)
        assert abs(off.x0 - box.x0) <= 2
        assert abs(off.y1 - box.y1) <= 1
    edge = jittered(Rect(0.0, 0.0, 100.0, 100.0), 0.5, random.Random(1), SIZE)
    assert min(edge.x0, edge.y0) >= 0
    assert max(edge.x1, edge.y1) <= 100


def test_the_next_click_goes_into_the_largest_piece_that_is_wrong() -> None:
    first = next_click(TRUTH.polygons, ())
    assert first is not None
    assert first[1]
    assert contains(TRUTH.polygons, *first[0])
    more = next_click(TRUTH.polygons, DENTED)
    assert more == (pytest.approx((40.0, 20.0), abs=0.2), True)
    wide = ring((10.0, 10.0), (90.0, 10.0), (90.0, 50.0), (10.0, 50.0))
    less = next_click(TRUTH.polygons, wide)
    assert less is not None
    assert not less[1]
    assert less[0][0] > 50
    assert next_click(TRUTH.polygons, TRUTH.polygons) is None


def test_a_guess_learns_from_what_was_labelled() -> None:
    image = AssistedImage([TRUTH], [], SIZE, Fake(boxed=TRUTH.polygons), "image")
    before = image.effort(0.5)
    image.label(0.5)
    after = image.effort(0.5)
    assert (before.actions, after.actions, after.by_hand) == (3.0, 2.0, 4)
    row = [sure(square("f", 4 + 8 * k, 60, 6).polygons) for k in range(5)]
    crowded = AssistedImage([TRUTH], [sure(TRUTH.polygons), *row], SIZE, None, "image")
    before = crowded.effort(0.5)
    crowded.label(0.5)
    assert (before.actions, crowded.effort(0.5).actions) == (1 + 5 * 0.5, 1 + 1)


def test_the_curve_tells_both_and_what_was_saved() -> None:
    image = AssistedImage([TRUTH], [sure(DENTED)], SIZE, Fake(), "image")
    plain = image.match.effort()
    one = Labelled("image", 1, plain, plain, 0.5, image.label(0.0))
    row = means([one])
    assert row["unassisted"] == plain.actions
    assert row["loop"] == image.label(0.0).actions
    assert row["reached"] == 1.0
    assert {"saved_sweep", "saved_stroke", "saved_click", "saved_box"} <= set(row)
    entry = one.to_json()
    assert entry["unassisted"] == plain.to_json()
    loop = entry["loop"]
    assert isinstance(loop, dict)
    assert loop["actions"] == row["loop"]
    without = replace(one, assisted=None)
    assert "unassisted" not in without.to_json()
    assert set(means([without])) == {"by_hand", "never", "loop"}


def test_areas_of_the_example_are_as_the_tests_say() -> None:
    assert area(DENTED) / area(TRUTH) == pytest.approx(0.75)
    assert bounds(DENTED) == bounds(TRUTH)
