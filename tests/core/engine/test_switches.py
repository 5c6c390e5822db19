"""Each choice of the stages against its definition, written down from papers and references."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.ops import MultiScaleRoIAlign, box_iou
from torchvision.ops.poolers import initLevelMapper

from core.engine.config import ConfigError
from core.engine.losses import TORCHVISION, mask_loss, training_pass
from core.engine.pipeline import run
from core.engine.stages.features import pyramid_step
from core.engine.stages.masks import probabilities_of
from core.engine.stages.nms import soft_nms
from core.engine.stages.pooling import level_of, pool_rois, read
from core.lens.sampling import pool as pool_in_numpy
from core.lens.sampling import sample_points
from core.lens.settings import StageSettings
from core.lens.trace import Fate
from tests.core.engine.networks import SMALL, network, picture, target, tensor

RAMP = torch.arange(25.0).reshape(1, 1, 5, 5)
IMAGE = tensor(picture())


def pooler(bins: int = 7) -> MultiScaleRoIAlign:
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], bins, 2)
    pool.scales = [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    pool.map_levels = initLevelMapper(2, 5)
    return pool


def one(box: list[float], bins: int, scale: float = 1.0, **choices: object) -> torch.Tensor:
    settings = StageSettings().with_(**choices)  # type: ignore[arg-type]
    return read(RAMP, torch.tensor([[0.0, *box]]), scale, bins, settings)[0, 0]


def test_roialign_has_the_published_values() -> None:
    box = [1.0, 1.0, 3.0, 3.0]
    rows = one(box, 4, roi_sampling=0)[0].tolist()
    assert rows == pytest.approx([7.5, 8, 8.5, 9])
    assert one(box, 4, roi_sampling=0, roi_aligned="yes")[0].tolist() == pytest.approx(
        [4.5, 5, 5.5, 6]
    )
    assert one(box, 4, roi_sampling=0)[3].tolist() == pytest.approx([15, 15.5, 16, 16.5])


def test_roipool_takes_the_largest_of_whole_cells() -> None:
    # Corners 1.4 and 3.4 round to cells 1 to 3; the two bins are cells 1 to 2 and 2 to 3.
    assert one([1.4, 1.4, 3.4, 3.4], 2, roi_pool="roipool").tolist() == [[12, 13], [17, 18]]


def test_roiwarp_is_roialign_of_rounded_corners() -> None:
    warped = one([1.4, 0.6, 3.4, 3.4], 3, roi_pool="roiwarp")
    assert torch.equal(warped, one([1.0, 1.0, 3.0, 3.0], 3))
    assert not torch.allclose(warped, one([1.4, 0.6, 3.4, 3.4], 3))


def test_crop_samples_from_corner_to_corner() -> None:
    # On a 5×5 input x0 = 1 is 1/4 of the way and x1 - 1 = 3 is 3/4: cells 1, 2 and 3.
    assert one([1.0, 1.0, 4.0, 4.0], 3, roi_pool="crop").tolist() == [
        [6, 7, 8],
        [11, 12, 13],
        [16, 17, 18],
    ]
    # On an input of 10×10 over the same map, 2/9 and 5/9 of the way from cell 0 to cell 4.
    ends = one([2.0, 2.0, 6.0, 6.0], 2, scale=0.5, roi_pool="crop")
    assert ends[0].tolist() == pytest.approx([6 * 8 / 9, 5 * 8 / 9 + 20 / 9])


def test_the_usual_pooling_is_torchvisions_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = {str(k): torch.randn(2, 8, 64 >> k, 64 >> k, generator=generator) for k in range(4)}
    corners = torch.rand(40, 2, generator=generator) * 128
    sides = torch.rand(40, 2, generator=generator) * 250 + 1
    boxes = [torch.cat([corners, corners + sides], 1)[:25], torch.cat([corners, corners + 9], 1)]
    pool = pooler()
    assert torch.equal(pool_rois(pool, maps, boxes), pool(maps, boxes, []))
    together = torch.cat(boxes)
    assert torch.equal(level_of(pool, together, StageSettings()), pool.map_levels([together]))
    assert len(set(level_of(pool, together, StageSettings()).tolist())) > 2


@pytest.mark.parametrize(
    ("side", "down", "nearest"),
    [
        *((79, 0, 0), (80, 0, 1), (111, 0, 1), (112, 1, 1), (159, 1, 2), (224, 2, 2), (317, 2, 3)),
        *((3, 0, 0), (1800, 3, 3)),  # never below P2, never above P5
    ],
)
def test_levels_by_both_rules(side: float, down: int, nearest: int) -> None:
    box = torch.tensor([[10.0, 10, 10 + side, 10 + side]])
    levels = [
        int(level_of(pooler(), box, StageSettings(roi_level=rule))) for rule in ("floor", "round")
    ]
    assert levels == [down, nearest]
    half = StageSettings(roi_canonical=112)
    assert int(level_of(pooler(), box, half)) == (min(down + 1, 3) if side > 56 else 0)
    assert int(level_of(pooler(), box, StageSettings(fpn="C5"))) == 3


@pytest.mark.parametrize(
    "choices",
    [
        {"roi_pool": "roialign", "roi_aligned": "yes"},
        {"roi_pool": "roialign", "roi_sampling": 0},
        {"roi_pool": "roialign", "roi_sampling": 3, "roi_aligned": "yes"},
        {"roi_pool": "roiwarp"},
        {"roi_pool": "crop"},
    ],
)
def test_the_points_that_the_lens_shows_are_those_that_are_read(choices: dict[str, object]) -> None:
    settings = StageSettings().with_(**choices)  # type: ignore[arg-type]
    values = torch.randn(1, 3, 16, 20, generator=torch.Generator().manual_seed(1))
    box = np.array([13, 9, 77, 101], np.float32)
    seen = read(values, torch.tensor([[0.0, *box.tolist()]]), 1 / 8, 7, settings)[0].numpy()
    points = sample_points(box, 1 / 8, 7, settings, grid=(16, 20))
    np.testing.assert_allclose(pool_in_numpy(values[0].numpy(), points), seen, atol=2e-5)


def test_soft_nms_lowers_by_the_gaussian_of_the_overlap() -> None:
    # IoU 0.5 with the strongest, none with the third; another class is left alone.
    boxes = torch.tensor([[0.0, 0, 10, 10], [0.0, 0, 10, 5], [50.0, 50, 60, 60], [0.0, 0, 10, 10]])
    scores, groups = torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([1, 1, 1, 2])
    kept, lowered, blame = soft_nms(boxes, scores, groups, 0.05)
    wanted = 0.8 * math.exp(-(0.5**2) / 0.5)
    assert lowered.tolist() == pytest.approx([0.9, wanted, 0.7, 0.6])
    assert kept.tolist() == [0, 2, 3, 1]
    kept, _, blame = soft_nms(boxes, scores, groups, 0.5)
    assert kept.tolist() == [0, 2, 3]
    assert blame.tolist() == [-1, 0, -1, -1]


def test_classes_compete_for_a_mask_when_asked_to() -> None:
    logits = torch.randn(2, 4, 28, 28, generator=torch.Generator().manual_seed(2))
    label = torch.tensor([3, 1])
    likely = probabilities_of(logits, label, StageSettings(mask_activation="softmax"))
    exponents = logits.double().exp()
    wanted = (exponents / exponents.sum(1, keepdim=True))[torch.arange(2), label]
    torch.testing.assert_close(likely.double(), wanted)
    alone = probabilities_of(logits, label, StageSettings())
    torch.testing.assert_close(alone, logits[torch.arange(2), label].sigmoid())


def test_the_softmax_loss_is_the_cross_entropy_with_the_background() -> None:
    logits = torch.zeros(1, 3, 2, 2)
    logits[0, 0], logits[0, 2] = 1.0, 2.0
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[:, :, 2:] = 1
    box = [torch.tensor([[0.0, 0, 4, 4]])]
    labels, rows = [torch.tensor([2])], [torch.tensor([0])]
    target = {"masks": mask, "labels": labels[0]}
    softmax = StageSettings(mask_activation="softmax")
    loss = mask_loss(logits, box, rows, [target], softmax, TORCHVISION)
    total = math.log(math.exp(1) + 1 + math.exp(2))
    # The unaligned RoIAlign of the mask: 0 and 1/4 in the left cells... as torchvision projects it.
    from torchvision.models.detection.roi_heads import project_masks_on_boxes

    share = float(project_masks_on_boxes(mask, box[0], rows[0], 2).mean())
    assert float(loss) == pytest.approx(total - 2 * share - 1 * (1 - share))
    # Of two RoIs each is asked for its own instance: the second for nothing of class 1.
    both = {"masks": torch.cat([mask, 0 * mask]), "labels": torch.tensor([2, 1])}
    two = mask_loss(
        logits.repeat(2, 1, 1, 1),
        [box[0].repeat(2, 1)],
        [torch.tensor([0, 1])],
        [both],
        softmax,
        TORCHVISION,
    )
    assert float(two) == pytest.approx((float(loss) + total - 1) / 2)
    no_rows = [rows[0][:0]]
    nothing = mask_loss(logits[:0], [box[0][:0]], no_rows, [target], softmax, TORCHVISION)
    assert float(nothing) == 0.0


def test_one_mask_for_all_classes_cannot_compete() -> None:
    with pytest.raises(ConfigError, match="compete"):
        replace(SMALL, mask_outputs="agnostic", settings=StageSettings(mask_activation="softmax"))


def traced(**choices: object):
    settings = SMALL.settings.with_(**choices)  # type: ignore[arg-type]
    return run(network(), [IMAGE], settings, keep=True)[0].trace


def test_top_k_of_all_levels_together() -> None:
    trace = traced(rpn_levels="together", rpn_pre_nms_top_n=50)
    strongest = trace.rpn.logits.topk(50).indices
    alive = torch.where(trace.decoded.fate != Fate.BELOW_TOP_K)[0]
    assert sorted(alive.tolist()) == sorted(strongest.tolist())
    for levels, least, most in (("together", 0.0, 0.7 + 1e-4), ("apart", 0.75, 1.0)):
        boxes = traced(rpn_levels=levels).proposals.boxes
        shared = box_iou(boxes, boxes).fill_diagonal_(0).max()
        assert least <= shared <= most  # together also those of two levels suppress each other
    apart = traced(rpn_pre_nms_top_n=50)
    assert (apart.decoded.fate != Fate.BELOW_TOP_K).sum() > 50


def test_without_the_pyramid_one_map_answers_everything() -> None:
    trace, usual = traced(fpn="C4"), traced()
    starts = np.cumsum([0, *trace.anchors.level_counts])
    looked = torch.where(trace.decoded.fate != Fate.BELOW_TOP_K)[0]
    assert starts[2] <= int(looked.min()) <= int(looked.max()) < starts[3]
    assert set(trace.roi_levels.level.tolist()) == {2}
    assert set(trace.mask_logits.level.tolist()) <= {2}
    fpn = network().backbone.fpn
    with torch.inference_mode():
        alone = fpn.layer_blocks[2](fpn.inner_blocks[2](usual.backbone.maps[2][None]))[0]
    torch.testing.assert_close(trace.pyramid.maps[2], alone)
    assert torch.equal(trace.pyramid.maps[1], usual.pyramid.maps[1])


def test_anchors_are_scaled_and_stretched() -> None:
    larger, taller, usual = (
        each.anchors.boxes
        for each in (traced(anchor_scale=2.0), traced(anchor_stretch=4.0), traced())
    )
    sides, twice = usual[:, 2:] - usual[:, :2], larger[:, 2:] - larger[:, :2]
    torch.testing.assert_close(twice, 2 * sides, atol=2.0, rtol=0)  # corners are rounded
    ratio = (taller[:, 3] - taller[:, 1]) / (taller[:, 2] - taller[:, 0])
    assert float(ratio[-1]) == pytest.approx(8.0, rel=0.05)
    assert float(ratio[-3]) == pytest.approx(2.0, rel=0.05)
    assert len(larger) == len(taller) == len(usual)


@pytest.mark.parametrize(
    "choices",
    [
        {"mask_activation": "softmax"},
        {"roi_pool": "roipool"},
        {"roi_pool": "roiwarp"},
        {"roi_pool": "crop"},
        {"fpn": "C4"},
        {"rpn_levels": "together", "roi_level": "round"},
    ],
)
def test_a_network_learns_with_every_choice(choices: dict[str, object]) -> None:
    config = replace(SMALL, settings=SMALL.settings.with_(**choices))  # type: ignore[arg-type]
    module, targets = network(config).train(), [target(90, 130, 3)]
    plain = training_pass(network().train(), SMALL, [IMAGE], targets, items=True)
    torch.manual_seed(5)
    found = training_pass(module, config, [IMAGE], targets, items=True)
    found.total.backward()
    grown = [p.grad for p in module.roi_heads.parameters() if p.grad is not None]
    assert any(float(each.abs().sum()) > 0 for each in grown)
    for name, share in (("loss_mask", "mask"), ("loss_classifier", "classifier")):
        shares = getattr(found.traces[0].losses, share).sum()
        torch.testing.assert_close(shares, found.losses[name])
    assert float(found.total.detach()) != float(plain.total.detach())
    if choices.get("fpn") == "C4":
        counts = network().rpn.anchor_generator.num_anchors_per_location()
        assert len(counts) == 5
        sampled = torch.cat([found.traces[0].anchors.positive, found.traces[0].anchors.negative])
        label = found.traces[0].anchors.label
        assert int((label >= 0).sum()) < len(label) // 4
        assert bool((label[sampled] >= 0).all())


@torch.inference_mode()
def test_the_steps_of_the_pyramid_lead_to_its_maps() -> None:
    module, trace = network(), traced()
    for level in range(4):
        summed = pyramid_step(module, trace.backbone.maps, level, True)
        whole = module.backbone.fpn.layer_blocks[level](summed[None])[0]
        torch.testing.assert_close(whole, trace.pyramid.maps[level])
        lateral = pyramid_step(module, trace.backbone.maps, level, False)
        alone = module.backbone.fpn.inner_blocks[level](trace.backbone.maps[level][None])[0]
        assert torch.equal(lateral, alone)
        assert torch.equal(lateral, summed) is (level == 3)
