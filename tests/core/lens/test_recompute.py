"""Plain numpy gives the next stage from the values of the one before."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import boxes as box_ops
from torchvision.ops.poolers import initLevelMapper

from core.lens import recompute
from core.lens.nms import grouped_nms
from core.lens.settings import StageSettings
from core.lens.trace import Candidates


def random_boxes(rng, count, extent=200.0, side=60.0):
    corner = rng.uniform(0, extent, (count, 2))
    return np.hstack([corner, corner + rng.uniform(1, side, (count, 2))]).astype(np.float32)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 400), st.integers(1, 6), st.sampled_from([0.2, 0.5, 0.7, 1.0]))
def test_nms_keeps_the_same_boxes_as_torchvision(seed, count, groups, threshold):
    rng = np.random.default_rng(seed)
    boxes = random_boxes(rng, count)
    scores = (rng.integers(0, 50, count) / 50).astype(np.float32)  # with ties
    group = rng.integers(0, groups, count)
    kept, _ = grouped_nms(boxes, scores, group, threshold)
    theirs = box_ops.batched_nms(
        torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(group), threshold
    )
    assert kept.tolist() == theirs.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_nms_over_many_boxes_takes_the_groups_one_by_one_like_torchvision(seed):
    rng = np.random.default_rng(seed)
    boxes, scores = random_boxes(rng, 3000), rng.random(3000, dtype=np.float32)
    group = rng.integers(0, 5, 3000)
    kept, _ = grouped_nms(boxes, scores, group, 0.5)
    theirs = box_ops.batched_nms(
        torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(group), 0.5
    )
    # torch leaves the order of equal scores open here, so only the scores must agree in order.
    assert sorted(kept.tolist()) == sorted(theirs.tolist())
    assert scores[kept].tolist() == scores[theirs.numpy()].tolist()


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 80), st.sampled_from([0.2, 0.5, 0.8]))
def test_a_box_is_gone_when_a_stronger_survivor_of_its_group_overlaps_it(seed, count, threshold):
    rng = np.random.default_rng(seed)
    boxes, scores = random_boxes(rng, count), rng.random(count, dtype=np.float32)
    group = np.zeros(count, dtype=np.int64)
    kept, blame = grouped_nms(boxes, scores, group, threshold)
    overlap = box_ops.box_iou(torch.from_numpy(boxes), torch.from_numpy(boxes)).numpy()
    for i in range(count):
        above = [k for k in kept if scores[k] > scores[i] and overlap[k, i] > threshold]
        assert blame[i] == (max(above, key=lambda k: scores[k]) if above else -1)
        assert (i in kept) == (not above)


def test_an_overlap_equal_to_the_threshold_survives():
    boxes = np.array([[0, 0, 2, 1], [0, 0, 1, 1]], dtype=np.float32)  # IoU exactly 0.5
    scores, group = np.array([0.9, 0.8], dtype=np.float32), np.zeros(2, dtype=np.int64)
    assert grouped_nms(boxes, scores, group, 0.5)[0].tolist() == [0, 1]
    assert grouped_nms(boxes, scores, group, 0.49)[0].tolist() == [0]


def test_nms_of_nothing_is_nothing():
    kept, blame = grouped_nms(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), 0.5
    )
    assert len(kept) == len(blame) == 0


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from([recompute.RPN_WEIGHTS, recompute.BOX_WEIGHTS]), st.integers(1, 4))
def test_decoding_is_torchvisions(seed, weights, classes):
    rng = np.random.default_rng(seed)
    boxes = random_boxes(rng, 50)
    deltas = rng.normal(0, 2, (50, 4 * classes)).astype(np.float32)
    theirs = BoxCoder(weights).decode_single(torch.from_numpy(deltas), torch.from_numpy(boxes))
    np.testing.assert_allclose(
        recompute.decode(deltas, boxes, weights), theirs.numpy(), rtol=1e-5, atol=1e-3
    )


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_roi_levels_are_torchvisions(seed):
    rng = np.random.default_rng(seed)
    boxes = random_boxes(rng, 100, 1000, 1200)
    theirs = initLevelMapper(2, 5)([torch.from_numpy(boxes)])
    assert recompute.roi_level(boxes).tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("side", "level"), [(111, 0), (112, 1), (223, 1), (224, 2), (448, 3), (0, 0)]
)
def test_levels_change_at_112_224_and_448_pixels(side, level):
    assert recompute.roi_level(np.array([[0, 0, side, side]], np.float32)).tolist() == [level]


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 40))
def test_softmax_and_sigmoid_are_torchs(seed, classes):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 30, (20, classes)).astype(np.float32)
    tensor = torch.from_numpy(logits)
    np.testing.assert_allclose(
        recompute.softmax(logits), tensor.softmax(-1).numpy(), rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(
        recompute.sigmoid(logits), tensor.sigmoid().numpy(), rtol=1e-5, atol=1e-12
    )


def candidate_stage(seed, proposals=60, classes=5):
    rng = np.random.default_rng(seed)
    count = proposals * classes
    return Candidates(
        boxes=random_boxes(rng, count),
        label=np.arange(count) % classes + 1,
        score=rng.random(count, dtype=np.float32),
        proposal_index=np.arange(count) // classes,
        fate=np.zeros(count, np.int8),
        suppressor=None,
    )


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from([0.01, 0.3, 0.9]), st.sampled_from([0.3, 0.5]), st.integers(1, 100))
def test_detecting_again_gives_torchvisions_rows(seed, score, nms, limit):
    stage = candidate_stage(seed)
    ours = recompute.detect(stage, StageSettings(score=score, nms=nms, detections_per_image=limit))
    index = np.flatnonzero(stage.score > score)
    kept = box_ops.batched_nms(
        *(torch.from_numpy(part[index]) for part in (stage.boxes, stage.score, stage.label)), nms
    )
    assert ours.tolist() == index[kept.numpy()[:limit]].tolist()
