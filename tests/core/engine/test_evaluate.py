"""AP against a brute-force reckoning written from COCO's definition, on small scenes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.document.instance import Instance, Polygon
from core.engine.evaluate import Evaluation, Evaluator, Matching
from core.engine.predict import Prediction

SIZE = 48
IOUS = np.linspace(0.5, 0.95, 10)
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Truth:
    box: Box
    label: str
    crowd: bool = False


@dataclass(frozen=True)
class Found:
    box: Box
    label: int
    score: float


def to_instance(truth: Truth) -> Instance:
    x0, y0, x1, y1 = (float(side) for side in truth.box)
    ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return Instance("i", truth.label, (Polygon(ring),), crowd=truth.crowd)


def to_prediction(found: list[Found]) -> Prediction:
    """Detections, strongest first as the network gives them; masks that fill their boxes."""
    found = sorted(found, key=lambda one: -one.score)
    return Prediction(
        width=SIZE,
        height=SIZE,
        boxes=np.array([one.box for one in found], np.float32).reshape(-1, 4),
        labels=np.array([one.label for one in found], np.int64),
        label_names=("",) * len(found),
        scores=np.array([one.score for one in found], np.float32),
        mask_probs=np.ones((len(found), 28, 28), np.float32),
        mask_boxes=np.array([one.box for one in found], np.float32).reshape(-1, 4),
        instances=(),
        instance_detections=(),
        trace=None,
        ms={},
    )


def pixels(box: Box) -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def overlap(found: Box, truth: Truth) -> float:
    """IoU; over the detection's own area for a crowd."""
    a, b = pixels(found), pixels(truth.box)
    whole = a.sum() if truth.crowd else (a | b).sum()
    return float((a & b).sum() / whole)


def average_precision(
    images: list[tuple[list[Truth], list[Found]]], limit: float
) -> tuple[float, float]:
    """AP over 101 recall points, and recall, of one category at one IoU."""
    hits: list[tuple[float, bool]] = []
    total = sum(not truth.crowd for truths, _ in images for truth in truths)
    for truths, found in images:
        taken: set[int] = set()
        for one in sorted(found, key=lambda each: -each.score):
            fits = [(overlap(one.box, t), k) for k, t in enumerate(truths) if not t.crowd]
            fits = [(iou, k) for iou, k in fits if k not in taken and iou >= min(limit, 1 - 1e-10)]
            if fits:
                best = max(iou for iou, _ in fits)
                taken.add(max(k for iou, k in fits if iou == best))
                hits.append((one.score, True))
            elif not any(t.crowd and overlap(one.box, t) >= limit for t in truths):
                hits.append((one.score, False))
    hits.sort(key=lambda hit: -hit[0])
    right = np.cumsum([hit for _, hit in hits])
    recalls = right / total
    precisions = right / np.arange(1, len(hits) + 1)
    points = [
        max((p for p, r in zip(precisions, recalls, strict=True) if r >= point), default=0.0)
        for point in np.linspace(0, 1, 101)
    ]
    return float(np.mean(points)), float(recalls[-1]) if len(hits) else 0.0


def expected(images: list[tuple[list[Truth], list[Found]]], names: list[str]) -> dict[str, float]:
    table = []
    for index, name in enumerate(names, start=1):
        mine = [
            ([t for t in truths if t.label == name], [f for f in found if f.label == index])
            for truths, found in images
        ]
        if any(not t.crowd for truths, _ in mine for t in truths):
            table.append([average_precision(mine, iou) for iou in IOUS])
    values = np.array(table)  # category × IoU × (AP, recall)
    return {
        "AP": values[..., 0].mean(),
        "AP50": values[:, 0, 0].mean(),
        "AP75": values[:, 5, 0].mean(),
        "AR": values[..., 1].mean(),
    }


def evaluate(images: list[tuple[list[Truth], list[Found]]], names: list[str]) -> Evaluation:
    evaluator = Evaluator(names)
    for truths, found in images:
        evaluator.add([to_instance(truth) for truth in truths], to_prediction(found))
    return evaluator.evaluate()


corners = st.tuples(*[st.integers(0, SIZE - 13)] * 2, *[st.integers(6, 12)] * 2)
boxes = corners.map(lambda c: (c[0], c[1], c[0] + c[2], c[1] + c[3]))
truths = st.builds(Truth, boxes, st.sampled_from(["a", "b"]), st.just(False) | st.booleans())


@st.composite
def scenes(draw: st.DrawFn) -> list[tuple[list[Truth], list[Found]]]:
    """Images with detections near their truths and elsewhere; all scores differ."""
    images, rank = [], itertools.count(1)
    for _ in range(draw(st.integers(1, 3))):
        there = draw(st.lists(truths, max_size=4))
        near = [
            tuple(side + draw(st.integers(-1, 1)) for side in t.box)
            for t in there
            if draw(st.booleans())
        ]
        places = draw(st.permutations([*near, *draw(st.lists(boxes, max_size=3))]))
        found = [
            Found(
                tuple(min(max(side, 0), SIZE) for side in box),  # type: ignore[arg-type]
                draw(st.integers(1, 2)),
                1 / (1 + next(rank)),
            )
            for box in places
        ]
        images.append((there, found))
    return images


@settings(max_examples=25, deadline=None)
@given(scenes())
def test_figures_are_those_of_the_definition(
    images: list[tuple[list[Truth], list[Found]]],
) -> None:
    if all(t.crowd for truths, _ in images for t in truths):
        with pytest.raises(ValueError):
            evaluate(images, ["a", "b"])
        return
    outcome = evaluate(images, ["a", "b"])
    assert outcome.box.to_json() == pytest.approx(expected(images, ["a", "b"]), abs=1e-9)
    assert outcome.matching is Matching.BY_LABEL


def test_masks_are_compared_not_their_boxes() -> None:
    """A full box against a cross-shaped truth: the box fits, the mask does not."""
    ring = ((10, 19), (19, 19), (19, 10), (31, 10), (31, 19), (40, 19), (40, 31), (31, 31))
    ring += ((31, 40), (19, 40), (19, 31), (10, 31))
    cross = Instance("i", "a", (Polygon(tuple((float(x), float(y)) for x, y in ring)),))
    evaluator = Evaluator(["a"])
    evaluator.add([cross], to_prediction([Found((10, 10, 40, 40), 1, 0.9)]))
    outcome = evaluator.evaluate()
    assert outcome.box.ap == pytest.approx(1.0)
    assert outcome.mask.ap50 == pytest.approx(1.0)
    # Pasted as torchvision does it the mask covers 32×32 pixels: 576 of 1024, above 0.55.
    assert outcome.mask.ap == pytest.approx(0.2)


def test_outside_of_finished_regions_nothing_is_judged() -> None:
    """In each of two images one instance is found; what else was found lies mostly outside."""
    left = (to_instance(Truth((0, 0, SIZE // 2, SIZE), "")).polygons,)
    there = [Truth((2, 2, 10, 10), "a"), Truth((SIZE - 10, 2, SIZE - 2, 10), "a")]
    found = [
        Found((2, 2, 10, 10), 1, 0.5),
        Found((SIZE - 12, 12, SIZE - 4, 20), 1, 0.9),  # a false one, in the part without labels
        Found((SIZE // 2 - 3, 12, SIZE // 2 + 6, 20), 1, 0.8),  # more than half of it outside
    ]
    evaluator, whole = Evaluator(["a"]), Evaluator(["a"])
    for _ in range(2):
        evaluator.add([to_instance(one) for one in there], to_prediction(found), left)
        whole.add([to_instance(one) for one in there], to_prediction(found))
    outcome = evaluator.evaluate()
    assert outcome.instances == 2
    assert (outcome.box.ap50, outcome.box.ar) == (1.0, 1.0)
    assert whole.evaluate().box.ap50 < 0.5


def test_a_false_one_at_the_border_of_a_region_counts() -> None:
    left = (to_instance(Truth((0, 0, SIZE // 2, SIZE), "")).polygons,)
    found = [
        Found((2, 2, 10, 10), 1, 0.5),
        Found((SIZE // 2 - 6, 12, SIZE // 2 + 3, 20), 1, 0.8),  # more than half of it inside
    ]
    evaluator = Evaluator(["a"])
    evaluator.add([to_instance(Truth((2, 2, 10, 10), "a"))], to_prediction(found), left)
    assert evaluator.evaluate().box.ap50 == pytest.approx(0.5)


def test_three_hundred_detections_count() -> None:
    """COCO's summary would drop the last 150 of these."""
    cells = [(4 * k % 48, 4 * (4 * k // 48), 0, 0) for k in range(144)]
    there = [Truth((x, y, x + 4, y + 4), "a") for x, y, _, _ in cells]
    found = [Found(t.box, 1, 0.9 - 0.001 * k) for k, t in enumerate(there)]
    outcome = evaluate([(there, found)], ["a"])
    assert outcome.box.ar == pytest.approx(1.0)
    assert outcome.box.ap == pytest.approx(1.0)


def test_unknown_labels_match_any_class_and_it_is_said() -> None:
    there = [Truth((4, 4, 14, 14), "nucleus"), Truth((20, 20, 30, 30), "other nucleus")]
    found = [Found((4, 4, 14, 14), 1, 0.9), Found((20, 20, 30, 30), 2, 0.8)]
    outcome = evaluate([(there, found)], ["a", "b"])
    assert outcome.box.ap == pytest.approx(1.0)
    assert outcome.matching is Matching.CLASS_AGNOSTIC
    assert outcome.unknown_labels == ("nucleus", "other nucleus")
    assert outcome.to_json()["unknown_labels"] == ["nucleus", "other nucleus"]


def test_known_labels_stand_aside_where_unknown_ones_are_matched() -> None:
    """The detection of a known instance is neither right nor wrong among the unknown."""
    there = [Truth((4, 4, 14, 14), "a"), Truth((20, 20, 30, 30), "new")]
    found = [Found((4, 4, 14, 14), 1, 0.9), Found((20, 20, 30, 30), 2, 0.8)]
    outcome = evaluate([(there, found)], ["a", "b"])
    assert outcome.matching is Matching.MIXED
    assert outcome.box.ap == pytest.approx(1.0)
    stray = Found((35, 35, 45, 45), 2, 0.95)
    worse = evaluate([(there, [*found, stray])], ["a", "b"])
    # Category a is perfect still; in the other the stray one goes before the right one.
    assert worse.box.ap == pytest.approx((1.0 + 0.5) / 2)


def test_labels_that_share_a_name_are_one() -> None:
    there = [Truth((4, 4, 14, 14), "a"), Truth((20, 20, 30, 30), "a")]
    found = [Found((4, 4, 14, 14), 1, 0.9), Found((20, 20, 30, 30), 2, 0.8)]
    assert evaluate([(there, found)], ["a", "a"]).box.ap == pytest.approx(1.0)


def test_no_detections_is_zero_and_no_labels_is_an_error() -> None:
    outcome = evaluate([([Truth((4, 4, 14, 14), "a")], [])], ["a"])
    assert outcome.box.to_json() == {"AP": 0.0, "AP50": 0.0, "AP75": 0.0, "AR": 0.0}
    with pytest.raises(ValueError):
        evaluate([([], [Found((4, 4, 14, 14), 1, 0.9)])], ["a"])


def test_the_box_of_the_label_file_goes_before_that_of_the_outline() -> None:
    truth, found = Truth((10, 10, 30, 30), "cat"), Found((10, 10, 30, 40), 1, 0.9)
    figures = []
    for boxes in ({}, {"i": (10.0, 10.0, 20.0, 30.0)}):
        evaluator = Evaluator(("cat",))
        evaluator.add([to_instance(truth)], to_prediction([found]), boxes=boxes)
        figures.append(evaluator.evaluate())
    assert figures[0].box.ap < 1.0
    assert figures[1].box.ap == pytest.approx(1.0)
    assert figures[0].mask == figures[1].mask
