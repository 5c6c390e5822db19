"""Cases with an answer that can be worked out by hand, for every operation the stages rest on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler, BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou, roi_align

from core.engine.config import ModelConfig
from core.engine.paste import paste
from core.engine.stages import features, inputs
from core.engine.stages.masks import _rows
from core.engine.stages.nms import grouped_nms, suppressors
from core.engine.stages.roi import Refined, find_candidates
from core.engine.targets import match_anchors
from core.engine.zoo import build_model
from core.lens.sampling import pool, sample_points
from core.lens.settings import StageSettings
from core.lens.trace import Fate
from tests.core.engine.networks import SMALL, network


def test_roi_align_unaligned_on_a_ramp() -> None:
    ramp = np.arange(25, dtype=np.float32).reshape(1, 5, 5)
    box = np.array([1, 1, 3, 3], dtype=np.float32)
    expected = np.add.outer([7.5, 10, 12.5, 15], [0, 0.5, 1, 1.5]).astype(np.float32)
    ours = pool(ramp, sample_points(box, 1.0, 4, StageSettings(roi_sampling=1)))
    assert np.allclose(ours[0], expected)
    theirs = roi_align(torch.from_numpy(ramp)[None], [torch.from_numpy(box)[None]], 4, 1.0)
    assert np.allclose(theirs[0, 0].numpy(), expected)
    aligned = roi_align(
        torch.from_numpy(ramp)[None], [torch.from_numpy(box)[None]], 4, 1.0, aligned=True
    )
    rows = np.add.outer([4.5, 7, 9.5, 12], [0, 0.5, 1, 1.5])
    assert np.allclose(aligned[0, 0].numpy(), rows)


@given(
    x=st.floats(1, 10),
    y=st.floats(1, 10),
    w=st.floats(1, 12),
    h=st.floats(1, 12),
    a=st.floats(-2, 2),
    b=st.floats(-2, 2),
)
def test_a_plane_pools_to_its_value_at_each_bin_centre(
    x: float, y: float, w: float, h: float, a: float, b: float
) -> None:
    rows, columns = np.mgrid[0:32, 0:32].astype(np.float32)
    plane = (a * columns + b * rows)[None].astype(np.float32)
    box = np.array([x, y, x + w, y + h], dtype=np.float32)
    got = roi_align(torch.from_numpy(plane)[None], [torch.from_numpy(box)[None]], 7, 1.0, 2)
    centres_x = box[0] + (np.arange(7) + 0.5) * (box[2] - box[0]) / 7
    centres_y = box[1] + (np.arange(7) + 0.5) * (box[3] - box[1]) / 7
    wanted = a * centres_x[None, :] + b * centres_y[:, None]
    # A RoI is at least one cell wide, which rounding of the box could undercut.
    assert np.allclose(got[0, 0].numpy(), wanted, atol=1e-3)


def test_roi_align_of_nothing() -> None:
    maps = torch.rand(1, 3, 5, 5)
    assert roi_align(maps, [torch.zeros(0, 4)], 7, 1.0, 2).shape == (0, 3, 7, 7)


def test_iou_of_the_unit_square() -> None:
    others = torch.tensor([[0, 0, 0.5, 1], [0, 0, 0.5, 0.5], [0.5, 0.5, 1.5, 1.5]])
    found = box_iou(torch.tensor([[0.0, 0, 1, 1]]), others)[0]
    torch.testing.assert_close(found, torch.tensor([0.5, 0.25, 0.25 / 1.75]))


def test_nms_is_strict() -> None:
    boxes = torch.tensor([[0.0, 0, 2, 1], [0, 0, 1, 1]])
    scores, group = torch.tensor([0.9, 0.8]), torch.zeros(2, dtype=torch.int64)
    assert grouped_nms(boxes, scores, group, 0.5).tolist() == [0, 1]
    assert grouped_nms(boxes, scores, group, 0.49).tolist() == [0]
    kept = grouped_nms(boxes, scores, group, 0.49)
    assert suppressors(boxes, scores, group, kept, 0.49).tolist() == [-1, 0]


def test_candidates_of_two_classes_do_not_suppress_each_other() -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9]]).repeat(3, 1)
    score = torch.tensor([0.9, 0.8, 0.7])
    refined = Refined(boxes, torch.tensor([1, 2, 1]), score, torch.arange(3))
    found, kept = find_candidates(refined, StageSettings(), explain=True)
    assert kept.tolist() == [0, 1]
    assert found.fate.tolist() == [Fate.KEPT, Fate.KEPT, Fate.SUPPRESSED]
    assert found.suppressor is not None
    assert found.suppressor.tolist() == [-1, -1, 0]


def test_a_candidate_has_the_score_that_soft_nms_left_it() -> None:
    boxes, score = torch.tensor([[0.0, 0, 9, 9]]).repeat(2, 1), torch.tensor([0.9, 0.8])
    refined = Refined(boxes, torch.tensor([1, 1]), score, torch.arange(2))
    found, kept = find_candidates(refined, StageSettings(suppression="soft"))
    assert kept.tolist() == [0, 1]
    torch.testing.assert_close(found.score, torch.tensor([0.9, 0.8 * math.exp(-2)]))


def test_a_part_of_the_masks_goes_on_in_the_next_image() -> None:
    counts = (100, 60, 200)
    boxes = [torch.arange(n)[:, None] + 1000 * k for k, n in enumerate(counts)]
    parts = [_rows(boxes, start) for start in (0, 128, 256)]
    assert [[len(each) for each in part] for part in parts] == [
        [100, 28, 0],
        [0, 32, 96],
        [0, 0, 104],
    ]
    for image, whole in enumerate(boxes):
        assert torch.equal(torch.cat([part[image] for part in parts]), whole)


def greedy(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> dict[int, int]:
    """Reference NMS: each box with the survivor that suppressed it, or -1."""
    fate: dict[int, int] = {}
    overlap = box_iou(boxes, boxes).numpy() > threshold
    group = groups.tolist()
    for index in scores.sort(descending=True, stable=True).indices.tolist():
        by = [
            k for k, v in fate.items() if v == -1 and group[k] == group[index] and overlap[k, index]
        ]
        fate[index] = by[0] if by else -1
    return fate


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("count", [150, 1010])
def test_nms_and_suppressors_against_a_greedy_reference(
    seed: int, threshold: float, count: int
) -> None:
    torch.manual_seed(seed)
    corners = torch.rand(count, 2) * 100
    boxes = torch.cat([corners, corners + torch.rand(count, 2) * 60 + 1], 1)
    scores, groups = torch.rand(count), torch.randint(0, 3, (count,))
    kept = grouped_nms(boxes, scores, groups, threshold)
    wanted = greedy(boxes, scores, groups, threshold)
    assert sorted(kept.tolist()) == sorted(k for k, v in wanted.items() if v == -1)
    assert kept.tolist() == sorted(kept.tolist(), key=lambda k: -scores[k])
    found = suppressors(boxes, scores, groups, kept, threshold)
    assert found.tolist() == [wanted[k] for k in range(count)]


def test_equal_scores_are_suppressed_by_the_earlier_box() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10]] * 3)
    scores, groups = torch.full((3,), 0.5), torch.zeros(3, dtype=torch.int64)
    kept = grouped_nms(boxes, scores, groups, 0.5)
    assert suppressors(boxes, scores, groups, kept, 0.5).tolist() == [-1, 0, 0]


def test_anchors_of_a_small_grid() -> None:
    generator = AnchorGenerator(((10,),), ((1.0,),))
    boxes = generator(ImageList(torch.zeros(1, 3, 15, 15), [(15, 15)]), [torch.zeros(1, 1, 3, 3)])
    assert boxes[0][0].tolist() == [-5, -5, 5, 5]
    assert boxes[0][1].tolist() == [0, -5, 10, 5]
    assert boxes[0][3].tolist() == [-5, 0, 5, 10]


@pytest.mark.parametrize(
    ("height", "width", "count"), [(1024, 1024, 261_888), (800, 1344, 268_569), (512, 512, 65_472)]
)
def test_how_many_anchors_there_are(height: int, width: int, count: int) -> None:
    module = build_model(ModelConfig.from_json({**SMALL.to_json(), "arch": "mobilenet_v3_small"}))
    grids = [(math.ceil(height / s), math.ceil(width / s)) for s in (4, 8, 16, 32, 64)]
    levels = features.OrderedDict(
        (str(i), torch.empty(1).expand(1, 1, *grid)) for i, grid in enumerate(grids)
    )
    image = torch.empty(1).expand(1, 3, height, width)
    anchors = features.make_anchors(module, inputs.Batch(image, ((1, 1),), ((1, 1),)), levels)
    assert len(anchors.boxes) == count == sum(anchors.level_counts)


def test_matcher_with_forced_matches() -> None:
    overlaps = torch.tensor(
        [[0.15, 0.45, 0.2, 0.6], [0.3, 0.65, 0.05, 0.1], [0.05, 0.4, 0.25, 0.4]]
    )
    match = Matcher(0.7, 0.3, allow_low_quality_matches=True)(overlaps)
    # The third instance gets no anchor: its best one belongs to an instance it fits better.
    assert match.tolist() == [-2, 1, -1, 0]


def test_a_forced_match_can_be_told_from_a_good_one() -> None:
    anchors = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60], [20, 0, 40, 20]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [20, 0, 32, 12]])
    found = match_anchors(network(), anchors, boxes)
    assert found.match.tolist() == [0, -2, -1, 1]
    assert found.label.tolist() == [1, -1, 0, 1]
    assert found.overlap[0] == 1
    assert found.overlap[3] < 0.7  # forced: no anchor fits the second instance better


def test_sampler_fills_up_with_background() -> None:
    label = torch.tensor([0.0] * 6 + [1.0] * 3 + [-1.0] * 2)
    positive, negative = BalancedPositiveNegativeSampler(4, 0.25)([label])
    assert (int(positive[0].sum()), int(negative[0].sum())) == (1, 3)
    assert not positive[0][9:].any()
    assert not negative[0][9:].any()


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_decoding_what_was_encoded_gives_the_box_back(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(2, 20, 2, generator=generator) * 300
    boxes, anchors = torch.cat(
        [corners, corners + torch.rand(2, 20, 2, generator=generator) * 90 + 4], 2
    )
    for weights in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
        coder = BoxCoder(weights)
        again = coder.decode_single(coder.encode_single(boxes, anchors), anchors)
        torch.testing.assert_close(again, boxes, atol=2e-3, rtol=1e-4)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_mask_cropped_to_28_and_pasted_back_hardly_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:160, 0:160]
    cx, cy, rx, ry = rng.uniform(60, 100), rng.uniform(60, 100), *rng.uniform(20, 45, 2)
    mask = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
    rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float32)
    cut = roi_align(
        torch.from_numpy(mask.astype(np.float32))[None, None], [torch.from_numpy(box)[None]], 28
    )
    crop = paste(cut[0, 0].numpy(), box, mask.shape)
    full = np.zeros_like(mask)
    full[crop.y : crop.y + crop.bits.shape[0], crop.x : crop.x + crop.bits.shape[1]] = crop.bits
    # Unaligned pooling and whole-pixel pasting each move a mask by up to half a pixel.
    assert (full & mask).sum() / (full | mask).sum() > 0.92
