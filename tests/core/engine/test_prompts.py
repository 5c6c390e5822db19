"""Prompts: a box and points of an encoded image get the masks that a prediction would have."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from core.document.geometry import area, bounds, contains, polygon_iou, subtract, union
from core.document.instance import Instance, Polygon, Polygons, Source
from core.engine import prompts
from core.engine.alike import answer_alike
from core.engine.box_fit import as_large, fitted
from core.engine.clicks import add_click_head
from core.engine.colours import RAISED, led_by_colours
from core.engine.encodings import (
    ENCODING_STAGES,
    PROPOSER_ENCODING_STAGES,
    Encoding,
    Encodings,
    ImageKey,
    encode,
    prediction_of,
)
from core.engine.mending import mend, satisfied
from core.engine.pipeline import PredictionCancelled, Watch
from core.engine.predict import Predictor
from core.engine.prompt_points import answer_points, boxes_under, drawn_under
from core.engine.prompt_pool import CANDIDATES_AT_MOST, Pool
from core.engine.prompts import (
    WAYS,
    answer_boxes,
    channels,
    draw_masks,
    name_boxes,
    seen_in,
    steadiness,
    without_specks,
)
from core.engine.tightening import tighten
from core.engine.weights import with_proposer
from core.lens.detail import Detail, count_vertices, detailed_outline
from core.lens.outline import outline
from core.lens.trace import Fate
from core.lru import Lru
from core.protocol.messages.prompts import PromptOrigin
from tests.core.engine.networks import SMALL, loaded, picture
from tests.core.engine.proposers.fakes import FakeProposer

PLAIN = Detail()
SIZE = (90, 130)


def square(x0: float, y0: float, x1: float, y1: float) -> Polygons:
    return (Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1))),)


@cache
def predictor() -> Predictor:
    return Predictor(loaded(), device="cpu", precision="float32")


@cache
def encoding() -> Encoding:
    return encode(predictor(), picture())


@cache
def proposed() -> Encoding:
    proposer = FakeProposer((20, 20, 70, 60, 1, 0.9), (80, 10, 120, 50, 2, 0.8))
    both = with_proposer(loaded(), proposer, "both")
    return encode(Predictor(both, device="cpu", precision="float32"), picture())


def test_an_encoding_holds_the_numbers_of_a_prediction() -> None:
    trace = predictor().predict(picture(), keep_trace=True).trace
    assert trace is not None
    mine = encoding()
    for name in ("rpn", "decoded", "proposals", "box_head", "candidates", "detections"):
        theirs, ours = getattr(trace, name), getattr(mine.own, name)
        for field in theirs.__dataclass_fields__:
            if field != "suppressor":  # nobody asks for it here
                assert torch.equal(getattr(theirs, field), getattr(ours, field)), (name, field)
    for level, kept in zip(trace.pyramid.maps[:4], mine.levels.values(), strict=True):
        assert torch.equal(level, kept[0])
    assert mine.prepared.size == trace.input.size
    assert tuple(mine.milliseconds) == ENCODING_STAGES
    assert mine.found is mine.own


def test_boxes_of_detections_get_the_masks_of_a_prediction_bit_for_bit() -> None:
    trace = predictor().predict(picture(), keep_trace=True).trace
    assert trace is not None
    assert len(trace.detections.label)
    mine = draw_masks(encoding(), trace.detections.resized_boxes, trace.detections.label)
    assert torch.equal(mine, trace.mask_logits.probabilities)


def test_names_of_proposals_are_those_of_the_box_head() -> None:
    own = encoding().own
    named = name_boxes(encoding(), own.proposals.boxes)
    score = torch.softmax(own.box_head.logits, -1)[:, 1:]
    assert torch.equal(named.label, score.argmax(1) + 1)
    assert torch.equal(named.score, score.max(1).values)
    rows = torch.arange(len(score)) * score.shape[1] + named.label - 1
    assert torch.equal(named.refined, own.candidates.boxes[rows])


@pytest.mark.parametrize(("score", "label"), [(0.9, 2), (0.6, 1)])
def test_a_box_is_named_by_score_and_fit_and_put_right_by_fit_alone(
    score: float, label: int
) -> None:
    # IoUs of 0.92 and 0.77 with the box that is asked about.
    both = FakeProposer((20, 20, 66, 60, 1, 0.35), (30, 20, 72, 60, 2, score))
    model = with_proposer(loaded(), both, "both")
    mine = encode(Predictor(model, device="cpu", precision="float32"), picture())
    asked, fitting = np.array([[[20, 20, 70, 60]], [[20, 20, 66, 60]]], np.float32)
    named = name_boxes(mine, mine.to_resized(asked))
    assert named.label.tolist() == [label]
    assert named.score.tolist() == pytest.approx([{1: 0.35, 2: score}[label]])
    assert torch.allclose(named.refined, mine.to_resized(fitting), atol=1e-3)


def test_each_box_gets_what_both_masks_agree_on_then_the_steadier() -> None:
    boxes = np.array([[10, 10, 60, 70], [5, 5, 5.2, 40], [70, 20, 125, 80]], np.float32)
    answers = answer_boxes(encoding(), boxes, PLAIN)
    assert len(answers) == 3
    assert answers[1] == []  # too narrow to hold anything
    for each in (answers[0], answers[2]):
        first, *rest = each
        assert first.origin is PromptOrigin.AGREED
        assert {one.origin for one in rest} == {PromptOrigin.DRAWN, PromptOrigin.REFINED}
        steady = [one.steadiness for one in rest]
        assert steady == sorted(steady, reverse=True)
    for one in answers[0]:
        assert one.label in SMALL.class_names
        assert one.score is not None
        if one.origin is PromptOrigin.DRAWN:
            assert one.box == pytest.approx(boxes[0], abs=1e-3)


@pytest.mark.parametrize("which", [encoding, proposed])
def test_what_is_not_asked_for_is_not_outlined_and_the_rest_is_the_same(
    which: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = np.array([[10, 10, 60, 70], [70, 20, 125, 80]], np.float32)
    every = answer_boxes(which(), boxes, PLAIN)
    assert [len(each) for each in every] == [WAYS, WAYS]
    outlined: list[np.ndarray] = []

    def counted(*given: Any) -> Polygons:
        outlined.append(given[1])
        return detailed_outline(*given)

    monkeypatch.setattr("core.engine.prompts.detailed_outline", counted)
    for most in range(1, WAYS + 1):
        outlined.clear()
        found = answer_boxes(which(), boxes, PLAIN, most)
        assert len(outlined) == 2 * most
        for few, all_ in zip(found, every, strict=True):
            assert [(one.origin, one.polygons) for one in few] == [
                (one.origin, one.polygons) for one in all_[:most]
            ]


def test_what_is_shown_of_a_box_is_fitted_to_it_and_near_its_edges_where_it_is_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits = list[tuple[torch.Tensor, torch.Tensor]]()

    def filled(mask: torch.Tensor, place: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
        fits.append((place, box))
        return torch.ones_like(mask)

    monkeypatch.setattr("core.engine.prompts.fitted", filled)
    boxes = np.array([[20, 20, 44, 40], [20, 20, 90, 80]], np.float32)
    small, large = answer_boxes(encoding(), boxes, PLAIN, 1)
    for (place, box), each in zip(fits, boxes, strict=True):
        assert encoding().to_image(box) == pytest.approx(each, abs=1e-3)
        assert float(place[0]) < float(box[0])  # the place has a margin, which the mask fills
    near, far = bounds(small[0].polygons), bounds(large[0].polygons)
    assert 20 - near.x0 == pytest.approx(0.06 * 24, abs=0.05)
    assert near.x1 - 44 == pytest.approx(0.06 * 24, abs=0.05)
    assert 20 - far.x0 > 0.07 * 70


def test_where_the_first_outline_is_empty_the_next_one_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.engine.prompts.without_specks", lambda _polygons: ())
    box = np.array([[10, 10, 60, 70]], np.float32)
    (one,) = answer_boxes(encoding(), box, PLAIN, 1)[0]
    assert one.origin is not PromptOrigin.AGREED
    assert one.polygons


@pytest.mark.parametrize("lean", [-1.5, 0.0, 1.5])
def test_a_mask_becomes_as_large_as_the_box_drawn_around_it(lean: float) -> None:
    steps = (torch.arange(64) + 0.5) / 64
    x, y = 20 + 40 * steps, 10 + 20 * steps  # the place is x 20 to 60, y 10 to 30
    off = torch.maximum((x - 40).abs()[None] / 12, (y - 20).abs()[:, None] / 6)
    place, box = torch.tensor([20.0, 10, 60, 30]), torch.tensor([28.0, 14, 52, 26])
    mask = torch.sigmoid(6 * (1 - off) + lean)  # at a half where `off` is 1 + lean / 6
    found = fitted(mask, place, box) >= 0.5
    columns, rows = (torch.where(found.any(dim=axis))[0] for axis in (0, 1))
    assert 20 + 40 * float(columns[0]) / 64 == pytest.approx(28, abs=1.3)
    assert 20 + 40 * float(columns[-1] + 1) / 64 == pytest.approx(52, abs=1.3)
    assert 10 + 20 * float(rows[0]) / 64 == pytest.approx(14, abs=0.7)
    assert 10 + 20 * float(rows[-1] + 1) / 64 == pytest.approx(26, abs=0.7)


def test_a_mask_moves_by_little_and_a_faint_one_not_at_all() -> None:
    place = torch.tensor([0.0, 0, 64, 64])
    faint = torch.full((64, 64), 1e-3)
    assert torch.equal(fitted(faint, place, place), faint)
    sure = torch.zeros(64, 64)
    sure[20:40, 20:40] = 1.0  # the same at every level
    assert torch.equal(fitted(sure, place, place) >= 0.5, sure >= 0.5)
    found = fitted(torch.full((64, 64), 0.2), place, place)  # logits of -1.39, raised by 1.5
    assert float(found.min()) == pytest.approx(1 / (1 + 4 * np.exp(-1.5)), abs=1e-3)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1, (101.2, 50.28, 118.8, 59.4)),  # 20 pixels
        (2, (103.2, 50.68, 128.8, 66.4)),  # 40: half as much
        (2.4, (104.8, 50.96, 124.0, 66.8)),  # 48: as it was
        (20, (140.0, 58.0, 300.0, 190.0)),
    ],
)
def test_the_outline_of_something_small_comes_near_the_edges_of_its_box(
    scale: float, expected: tuple[float, ...]
) -> None:
    box = np.array([100, 50, 100 + 20 * scale, 50 + 10 * scale], np.float32)
    drawn = square(100 + 2 * scale, 50 + 0.4 * scale, 100 + 10 * scale, 50 + 7 * scale)
    found = bounds(as_large(drawn, box, (600, 600)))
    assert (found.x0, found.y0, found.x1, found.y1) == pytest.approx(expected, abs=1e-4)


def test_an_outline_as_large_as_its_box_stays_within_the_image() -> None:
    box = np.array([-4, 0, 20, 30], np.float32)
    found = bounds(as_large(square(6, 2, 14, 20), box, (25, 600)))
    assert (found.x0, found.y0, found.y1) == pytest.approx((0, 1.4, 25), abs=1e-4)
    assert as_large((), box, (25, 600)) == ()


def test_a_click_correct_head_draws_what_lies_in_a_box_from_the_mask_of_that_box_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = loaded()
    torch.nn.init.constant_(add_click_head(model.module, SMALL).last[-2].bias, 1.5)
    mine = encode(Predictor(model, device="cpu", precision="float32"), picture())
    masks = [0]
    run = prompts.draw_masks

    def counted(*given: Any) -> torch.Tensor:
        masks[0] += len(given[1])
        return run(*given)

    monkeypatch.setattr(prompts, "draw_masks", counted)
    boxes = np.array([[10, 10, 60, 70], [70, 20, 125, 80]], np.float32)
    for most, drawn in ((1, 2), (WAYS, 6)):
        masks[0] = 0
        found = answer_boxes(mine, boxes, PLAIN, most)
        assert masks[0] == drawn
    monkeypatch.setattr("core.engine.prompts.click_head", lambda _module: None)
    for with_head, without in zip(found, answer_boxes(mine, boxes, PLAIN), strict=True):
        assert with_head[0].polygons != without[0].polygons
        assert [one.polygons for one in with_head[1:]] == [one.polygons for one in without[1:]]


def test_specks_go_and_parts_and_holes_that_matter_stay() -> None:
    hole, pinhole = square(10, 10, 30, 30)[0].outer, square(40, 40, 44, 44)[0].outer
    whole = Polygon(square(0, 0, 60, 60)[0].outer, (hole, pinhole))
    part, speck = square(70, 0, 90, 20)[0], square(70, 40, 75, 45)[0]
    assert without_specks((speck, whole, part)) == (Polygon(whole.outer, (hole,)), part)
    assert without_specks(()) == ()


def test_the_colours_of_an_encoding_are_those_of_the_image() -> None:
    mine = encoding()
    assert tuple(mine.colours.shape) == (3, *mine.prepared.size)
    size = mine.prepared.size
    whole = torch.from_numpy(picture().transpose(2, 0, 1).astype(np.float32))[None]
    again = torch.nn.functional.interpolate(whole, size, mode="bilinear", align_corners=False)[0]
    assert (mine.colours.float() - again).abs().mean() < 2


def test_a_box_outside_of_the_image_is_cut_and_one_beside_it_gets_nothing() -> None:
    boxes = np.array([[-50, -50, 60, 70], [200, 200, 300, 300]], np.float32)
    inside, beside = answer_boxes(encoding(), boxes, PLAIN)
    assert beside == []
    drawn = [one for one in inside if one.origin is PromptOrigin.DRAWN]
    assert all(one.box == pytest.approx([0, 0, 60, 70], abs=1e-3) for one in drawn)
    for one in inside:
        box = bounds(one.polygons)
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= SIZE[1]
        assert box.y1 <= SIZE[0]


def test_with_a_proposer_its_box_gives_the_label_and_elsewhere_there_is_none() -> None:
    mine = proposed()
    assert tuple(mine.milliseconds) == PROPOSER_ENCODING_STAGES
    assert mine.found is not mine.own
    assert len(mine.own.proposals.boxes)
    boxes = torch.from_numpy(np.array([[22, 21, 69, 61], [0, 60, 30, 89]], np.float32) * mine.scale)
    named = name_boxes(mine, boxes)
    assert named.label.tolist() == [1, 0]
    assert float(named.score[0]) == pytest.approx(0.9)
    assert named.refined[0] / torch.from_numpy(mine.scale) == pytest.approx(
        torch.tensor([20.0, 20, 70, 60]), abs=1e-3
    )
    answers = answer_boxes(mine, np.array([[0, 60, 30, 89]], np.float32), PLAIN)
    for one in answers[0]:
        assert (one.label, one.score) == ("", None)


@pytest.mark.parametrize("which", [encoding, proposed])
@pytest.mark.parametrize("spot", [(40.0, 40.0), (100.0, 30.0), (3.0, 86.0)])
def test_points_lie_as_they_were_set_and_answers_go_by_size(
    which: Any, spot: tuple[float, float]
) -> None:
    points = np.array([spot, (64.0, 5.0)], np.float32)
    inside = np.array([True, False])
    found, best = answer_points(which(), points, inside, PLAIN, 6)
    assert found
    assert 0 <= best < len(found)
    areas = [area(one.polygons) for one in found]
    assert areas == sorted(areas)
    for one in found:
        assert contains(one.polygons, *spot)
        assert not contains(one.polygons, 64.0, 5.0)


def test_points_find_also_what_was_suppressed_and_what_is_no_detection() -> None:
    pool = encoding().pool
    spans = [int((pool.origin == kind).sum()) for kind in range(4)]
    assert spans[0] == len(encoding().found.detections.label)
    assert all(spans[1:])
    own = encoding().own
    fates = own.candidates.fate[own.candidates.score > 0.05]
    assert spans[1] == min(int((fates != Fate.KEPT).sum()), CANDIDATES_AT_MOST)
    assert (pool.boxes[pool.origin == 3, 2] <= encoding().prepared.size[1]).all()


def test_boxes_under_points_hold_them_and_are_told_apart() -> None:
    points, inside = np.array([[40, 40]], np.float32), np.array([True])
    rows = boxes_under(encoding(), points, inside, 9)
    assert len(rows) > 1
    for x0, y0, x1, y1 in (encoding().to_image(encoding().pool.boxes[rows])).tolist():
        assert x0 <= 40 <= x1
        assert y0 <= 40 <= y1
    assert boxes_under(encoding(), points, inside, 1) == rows[:1]
    assert boxes_under(encoding(), points, ~inside, 9) == []


def test_what_lies_under_a_point_is_led_by_the_colours_once() -> None:
    points, inside = np.array([[40, 40]], np.float32), np.array([True])
    one = replace(encoding(), known=Lru(9), outlines=Lru(9))
    drawn = drawn_under(one, points, inside, PLAIN, 2)
    row = boxes_under(one, points, inside, 2)[0]
    kept = one.known[row]
    box = one.pool.boxes[[row]]
    mask = draw_masks(one, box, channels(one, torch.tensor([kept.label])))
    led, place = led_by_colours(one.colours, box[None], mask[None], RAISED)
    assert torch.allclose(kept.mask, led[0], atol=1e-5)
    assert torch.equal(kept.place, place[0])
    assert kept.steadiness == pytest.approx(steadiness(mask[0].numpy()))
    assert drawn[0].steadiness == kept.steadiness
    again = drawn_under(one, points, inside, PLAIN, 2)
    assert one.known[row] is kept
    assert [each.polygons for each in again] == [each.polygons for each in drawn]
    assert again[0].polygons is drawn[0].polygons, "nor is it outlined again"
    coarse = drawn_under(one, points, inside, replace(PLAIN, threshold=0.3), 2)
    assert coarse[0].polygons != drawn[0].polygons


def test_a_box_without_width_lies_under_no_point() -> None:
    one = replace(encoding())
    x, y = (40 * one.scale[:2]).tolist()
    boxes = torch.tensor([[x, y - 20, x, y + 20], [x - 20, y - 20, x + 20, y + 20]])
    ones = torch.ones(2)
    one.__dict__["pool"] = Pool(boxes, ones.long(), ones, torch.zeros(2).long())
    points, inside = np.array([[40, 40]], np.float32), np.array([True])
    assert boxes_under(one, points, inside, 9) == [1]


def test_a_present_outline_is_mended_and_stays_elsewhere() -> None:
    present = square(10, 10, 50, 50)
    points = np.array([[45, 45], [70, 30]], np.float32)
    (one,), best = answer_points(encoding(), points, np.array([False, True]), PLAIN, 6, present)
    assert best == 0
    assert one.origin is PromptOrigin.MENDED
    assert not contains(one.polygons, 45, 45)
    assert contains(one.polygons, 70, 30)
    nothing, first = answer_points(encoding(), points[:1], np.array([False]), PLAIN, 6)
    assert nothing == []
    assert first == -1


def test_an_outline_is_mended_as_it_is_seen_in_the_box_around_it_and_inner_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[Any]()

    def seen(*given: Any) -> Any:
        looked.append(given[1])
        return seen_in(*given)

    monkeypatch.setattr("core.engine.prompt_points.seen_in", seen)
    points = np.array([[45, 45], [70, 30], [90, 90]], np.float32)
    kinds = np.array([False, True, False])
    answer_points(encoding(), points, kinds, PLAIN, 6, square(10, 12, 50, 52))
    (box,) = looked
    assert encoding().to_image(box)[0] == pytest.approx((10, 12, 70, 52), abs=1e-3)


def no_others() -> list[Polygons]:
    raise AssertionError("others are asked for only where nothing better is known")


def test_mending_takes_the_piece_under_a_point_and_leaves_the_rest() -> None:
    present, size = square(0, 0, 40, 40), (200, 200)
    better = (*square(0, 0, 40, 60), *square(50, 0, 60, 10))
    more = mend(present, [(20.0, 50.0)], [True], better, no_others, size)
    assert area(more) == pytest.approx(40 * 60)  # not the part that lies elsewhere
    less = mend(present, [(35.0, 20.0)], [False], square(0, 0, 30, 60), no_others, size)
    assert area(less) == pytest.approx(30 * 40)
    others = [square(0, 0, 100, 100), square(50, 0, 60, 10)]
    small = mend(present, [(55.0, 5.0)], [True], present, lambda: others, size)
    assert area(small) == pytest.approx(40 * 40 + 100)
    large = mend(present, [(55.0, 5.0)], [True], present, lambda: others[:1], size)
    assert area(large) < 40 * 40 + 200, "a much larger thing is not taken for a piece of this one"
    mostly = mend(present, [(20.0, 20.0)], [False], (), lambda: [square(0, 0, 5, 40)], size)
    assert area(mostly) > 40 * 40 / 2, "nor does an outer point take most of it away"


def test_two_edges_that_nearly_meet_leave_no_thread() -> None:
    tail = square(100, 40, 120, 41)
    present, size = union(square(0, 0, 100, 100), tail), (200, 200)
    without = subtract(present, square(1.5, 50, 60, 100))  # leaves a strip along the edge
    less = mend(present, [(30.0, 80.0)], [False], without, no_others, size)
    assert polygon_iou(less, subtract(present, square(0, 50, 60, 100))) > 0.9999
    assert contains(less, 119.0, 40.5), "what is narrow elsewhere stays"
    beside = square(101.5, 50, 140, 100)
    more = mend(present, [(130.0, 80.0)], [True], beside, no_others, size)
    assert polygon_iou(more, union(present, square(100, 50, 140, 100))) > 0.9999


def test_where_nothing_better_is_known_a_point_takes_a_disc() -> None:
    present, size = square(0, 0, 40, 40), (200, 200)
    less = mend(present, [(20.0, 20.0)], [False], (), list, size)
    assert 0 < area(present) - area(less) < 200
    assert satisfied(less, [(20.0, 20.0), (1.0, 1.0)], [False, True])
    close, kinds = [(20.0, 20.0), (20.5, 20.0), (45.0, 20.0)], [True, False, True]
    assert satisfied(mend(present, close, kinds, (), list, size), close, kinds)
    whole = square(0, 0, 100, 100)
    crossed = [(70.0, 70.0), (80.0, 80.0)]
    found = mend(present, crossed, [True, False], whole, lambda: [whole], size)
    assert satisfied(found, crossed, [True, False])
    assert area(found) < 2000, "a piece with an outer point on it is not taken"
    assert mend((), [(5.0, 5.0)], [False], (), list, size) == ()


def test_a_mask_of_one_kind_is_steady_and_one_on_the_edge_is_not() -> None:
    sure = np.where(np.eye(28, dtype=bool), np.float32(0.99), np.float32(0.01))
    assert steadiness(sure) == 1.0
    assert steadiness(np.full((28, 28), 0.5, np.float32)) == 0.0
    assert steadiness(np.zeros((28, 28), np.float32)) == 0.0


def test_detail_changes_what_it_says_and_nothing_by_default() -> None:
    rng = np.random.default_rng(3)
    mask = np.zeros((28, 28), np.float32)
    mask[6:22, 6:22] = 0.9
    mask = np.clip(mask + rng.normal(0, 0.3, mask.shape), 0, 1).astype(np.float32)
    box = np.array([10, 10, 110, 80], np.float32)
    plain = outline(mask, box, SIZE, 0.5)
    assert detailed_outline(mask, box, SIZE, PLAIN) == plain
    smooth = detailed_outline(mask, box, SIZE, Detail(smoothing=1.5))
    assert count_vertices(smooth) < count_vertices(plain)
    assert area(detailed_outline(mask, box, SIZE, Detail(threshold=0.8))) < area(plain)
    coarse = detailed_outline(mask, box, SIZE, Detail(tolerance=3))
    assert count_vertices(coarse) < count_vertices(plain)
    assert polygon_iou(coarse, plain) > 0.8
    few = detailed_outline(mask, box, SIZE, Detail(smoothing=1.5, vertices=12))
    assert count_vertices(few) <= 12
    for wrong in ({"threshold": 1.0}, {"smoothing": -1}, {"tolerance": -1}, {"vertices": -1}):
        with pytest.raises(ValueError):
            Detail(**wrong)


def test_encodings_are_kept_within_room_and_never_answer_for_another_image_or_model() -> None:
    one = encoding()
    kept, first, second = Encodings(2 * one.nbytes), ImageKey("a", "1"), ImageKey("b", "1")
    kept.keep(first, one)
    kept.keep(second, one)
    assert kept.get(predictor(), first) is one
    assert kept.get(predictor(), ImageKey("a", "2")) is None
    kept.keep(ImageKey("c", "1"), one)
    assert len(kept) == 2
    assert kept.get(predictor(), second) is None
    kept.set_limit(1)
    assert len(kept) == 1
    other = Predictor(replace(loaded()), device="cpu", precision="float32")
    assert kept.get(other, ImageKey("c", "1")) is None
    assert kept.get(predictor(), ImageKey("c", "1")) is None  # nor when the old one comes back


def test_encoding_stops_when_nobody_wants_it() -> None:
    seen: list[str] = []
    watch = Watch(lambda: "pyramid" in seen, lambda name, _: seen.append(name))
    with pytest.raises(PredictionCancelled):
        encode(predictor(), picture(), watch)
    assert seen == ["input", "backbone", "pyramid"]


def test_answers_are_instances_that_a_person_prompted() -> None:
    from core.engine.prompts import Drawn
    from core.engine.serve_prompts import as_instance

    box = np.zeros(4, np.float32)
    one = as_instance(
        Drawn(square(0, 0, 4, 4), "cat", 0.5, PromptOrigin.DRAWN, 1.0, box), "small@0"
    )
    assert one.source is Source.PROMPTED
    assert one.model == "small@0"
    assert one.score == 0.5


def instance(label: str, polygons: Polygons) -> Instance:
    return Instance("i", label, polygons)


def test_tightening_draws_the_mask_of_the_outline_s_box() -> None:
    x0, y0, x1, y1 = 10.0, 10.0, 50.0, 60.0
    box = encoding().to_resized(np.array([[x0, y0, x1, y1]], np.float32))
    mask = draw_masks(encoding(), box, torch.tensor([2]))[0].numpy()
    expected = outline(mask, np.array([x0, y0, x1, y1], np.float32), SIZE, 0.5)
    assert polygon_iou(expected, square(x0, y0, x1, y1)) < 0.5, "the network sees something else"
    kept = tighten(encoding(), instance("dog", square(x0, y0, x1, y1)), PLAIN)
    assert (kept.polygons, kept.label) == (square(x0, y0, x1, y1), "dog")
    assert kept.origin is PromptOrigin.TIGHTENED


def test_a_large_outline_is_tightened_in_tiles_that_agree_with_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def blobs(encoding: Encoding, boxes: torch.Tensor, channel: torch.Tensor) -> torch.Tensor:
        """Everything but the left quarter of the image, whatever the box."""
        seen.append(len(boxes))
        cells = (torch.arange(28) + 0.5) / 28
        x = boxes[:, 0, None] + cells * (boxes[:, 2] - boxes[:, 0])[:, None]
        inside = (x / float(encoding.scale[0]) > 30.4).float()
        return inside[:, None, :].expand(-1, 28, -1).contiguous()

    monkeypatch.setattr("core.engine.tightening.draw_masks", blobs)
    monkeypatch.setattr("core.engine.tightening.TILE", 40.0)
    drawn = tighten(encoding(), instance("none of these", square(0, 0, 130, 90)), PLAIN)
    assert seen == [1, 16]
    assert drawn.label == "none of these"
    assert bounds(drawn.polygons).x0 == pytest.approx(30.4, abs=0.7)
    assert bounds(drawn.polygons).x1 == pytest.approx(130, abs=1)


def test_everything_like_an_example_comes_without_what_is_there() -> None:
    mine = encoding()
    boxes = mine.to_image(mine.own.proposals.boxes[:3])
    example, taken, no = (
        Instance(str(k), "a new label", square(*map(float, box))) for k, box in enumerate(boxes)
    )
    found, line = answer_alike(mine, [example], [], [], PLAIN, 9, 0.0)
    assert line == 0.0
    assert 1 < len(found) <= 9
    values = [one.likeness for one in found]
    assert values == sorted(values, reverse=True)
    assert {one.label for one in found} == {"a new label"}
    assert all(one.score == one.likeness for one in found)
    own_line = answer_alike(mine, [example], [no], [taken], PLAIN, 9)[1]
    assert 0 < own_line <= 1
    none, high = answer_alike(mine, [example], [], [], PLAIN, 9, 1.0)
    assert high == 1.0
    assert len(none) <= 1


def test_features_are_what_the_box_head_names() -> None:
    mine = encoding()
    hidden = torch.from_numpy(mine.proposed_features[len(mine.found.detections.label) :])
    logits, _ = predictor().module.roi_heads.box_predictor(hidden)
    assert torch.allclose(logits, mine.own.box_head.logits, atol=1e-4)


@pytest.mark.parametrize("which", [encoding, proposed])
def test_a_prediction_from_an_encoding_is_the_prediction(which: Any) -> None:
    mine = prediction_of(which())
    theirs = which().predictor.predict(picture())
    for name in ("boxes", "labels", "scores", "mask_probs"):
        assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
    assert len(mine.instances) > 0
    for ours, other in zip(mine.instances, theirs.instances, strict=True):
        assert replace(ours, id="") == replace(other, id="")
    assert set(mine.ms) >= set(theirs.ms)
