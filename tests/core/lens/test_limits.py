"""What counts exactly at a limit: an IoU at the threshold, ranks among equals, suppressors."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from core.engine.paste import run_length
from core.engine.stages.nms import grouped_nms, suppressors
from core.lens.evidence import (
    BoxKind,
    Closest,
    detection_rank,
    level_rank,
    offers,
    proposal_rank,
)
from core.lens.life import Cut, Overlaps, live, measure, subject_of
from core.lens.reading import Reading, read
from core.lens.trace import Fate
from tests.core.lens.cases import case


def reading() -> Reading:
    return read(case(0).trace, run_length)


def overlaps(of: Reading, **values: object) -> Overlaps:
    nothing = Overlaps(
        anchors=np.zeros(len(of.anchors)),
        decoded=np.zeros(len(of.decoded)),
        boxes=np.zeros(len(of.boxes)),
        right=np.ones(len(of.boxes), bool),
        wins=np.ones(len(of.boxes), bool),
        masks={},
    )
    return replace(nothing, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("iou", "lives"), [(0.5, True), (np.nextafter(0.5, 0), False)])
def test_an_iou_of_exactly_a_half_is_alive(iou: float, lives: bool) -> None:
    of = reading()
    for name, cut in (("anchors", Cut.ANCHORS), ("decoded", Cut.ANCHORS), ("boxes", Cut.BOX_HEAD)):
        values = np.zeros(len(getattr(of, name)))
        values[0] = iou
        life = live(of, overlaps(of, **{name: values}))
        assert life.alive[life.cuts.index(cut)] is lives, name
    life = live(of, overlaps(of, masks={0: float(iou)}))
    assert life.found is lives


def test_equals_count_as_stronger_in_every_rank() -> None:
    of = reading()
    counts = of.grid.level_counts
    same = replace(of, logits=np.zeros_like(of.logits), score=np.full_like(of.score, 0.5))
    assert level_rank(same, 0) == counts[0]
    assert level_rank(same, counts[0]) == counts[1]
    survived = np.isin(of.anchor_fate, (Fate.KEPT, Fate.OVER_LIMIT))
    assert proposal_rank(same, int(np.flatnonzero(survived)[0])) == survived.sum() > 1
    ends = np.isin(of.fate, (Fate.KEPT, Fate.OVER_LIMIT))
    assert detection_rank(same, int(np.flatnonzero(ends)[-1])) == ends.sum() > 1


def test_a_score_that_is_offered_lies_below_that_of_the_candidate() -> None:
    # A candidate must exceed the score, so one of exactly 0.25 would still be lost.
    of, masks = reading(), reading().detection_masks()
    same = replace(
        of, score=np.full_like(of.score, 0.25), fate=np.full_like(of.fate, Fate.LOW_SCORE)
    )
    subject = subject_of(same, case(0).instances[0])
    seen = Closest(BoxKind.CANDIDATE, 0, 1.0)
    right = replace(measure(same, subject, masks), right=np.ones(len(of.boxes), bool))
    (offer,) = offers(same, subject, right, Cut.SCORE, seen)
    assert offer.name == "score"
    assert 0.24 <= offer.value < 0.25


def test_an_overlap_of_exactly_the_threshold_suppresses_nobody() -> None:
    # The strongest box overlaps the last by exactly 0.5, the second by 0.8; see the Analytic cases
    # of NMS: at a threshold of 0.5 an IoU of 0.5 survives.
    boxes = torch.tensor([[0.0, 0, 5, 10], [0.0, 0, 10, 8], [0.0, 0, 10, 10]])
    scores, groups = torch.tensor([0.9, 0.8, 0.7]), torch.zeros(3, dtype=torch.int64)
    kept = grouped_nms(boxes, scores, groups, 0.5)
    assert kept.tolist() == [0, 1]
    assert suppressors(boxes, scores, groups, kept, 0.5).tolist() == [-1, -1, 1]
    alone = grouped_nms(boxes[[0, 2]], scores[[0, 2]], groups[:2], 0.5)
    assert alone.tolist() == [0, 1]


def test_every_overlap_has_a_case_here() -> None:
    assert {one.name for one in fields(Overlaps)} == {
        "anchors", "decoded", "boxes", "right", "wins", "masks"
    }  # fmt: skip
