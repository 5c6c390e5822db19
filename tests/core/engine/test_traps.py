"""The fourteen traps of building on torchvision's Mask R-CNN, each as a test."""

from __future__ import annotations

import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.detection import maskrcnn_resnet50_fpn
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign, box_iou, roi_align
from torchvision.ops.boxes import clip_boxes_to_image

from core.engine.bare import COCO_V1_HASH, config_of_bare
from core.engine.config import ModelConfig
from core.engine.freezing import start_training
from core.engine.fusing import lowered_copy
from core.engine.losses import training_pass
from core.engine.paste import encode, paste
from core.engine.pipeline import run
from core.engine.stages import features, inputs, proposals, roi
from core.engine.stages.numerics import Numerics, Part
from core.engine.weights import load_file, save_model
from core.engine.zoo import build_model
from core.lens.outline import outline
from core.lens.trace import Fate, Trace, numpy_of, to_numpy
from tests.core.engine.networks import SMALL, network, picture, target, tensor

SETTINGS = SMALL.settings.with_(rpn_pre_nms_top_n=300, rpn_post_nms_top_n=200, score=0.1)


@pytest.fixture(scope="module")
def trace() -> Trace:
    traced = run(network(), [tensor(picture())], SETTINGS, keep=True)[0].trace
    assert traced is not None
    return traced


def test_1_every_index_is_carried_from_anchor_to_detection(trace: Trace) -> None:
    kept = trace.proposals.anchor_index
    clipped = clip_boxes_to_image(trace.decoded.boxes[kept], trace.input.size)
    assert torch.equal(clipped, trace.proposals.boxes)
    assert torch.equal(torch.sigmoid(trace.rpn.logits[kept]), trace.proposals.score)
    candidates, detections = trace.candidates, trace.detections
    assert torch.equal(candidates.score[detections.candidate_index], detections.score)
    assert torch.equal(
        candidates.proposal_index[detections.candidate_index], detections.proposal_index
    )
    assert torch.equal(kept[detections.proposal_index], detections.anchor_index)


def test_1_one_proposal_can_give_several_detections() -> None:
    settings = SETTINGS.with_(score=0.0, nms=1.0, detections_per_image=600)
    detections = run(network(), [tensor(picture())], settings)[0].detections
    assert len(detections.label) == 600
    proposals = detections.proposal_index
    pairs = torch.stack([proposals, detections.label], 1)
    assert len(torch.unique(pairs, dim=0)) == 600
    assert len(torch.unique(proposals)) == 200


def test_1_sampled_rois_tell_proposals_from_instances() -> None:
    torch.manual_seed(0)
    wanted = target(90, 130, 3)
    passed = training_pass(network().train(), SMALL, [tensor(picture())], [wanted], items=True)
    rois = passed.traces[0].rois
    given = rois.source >= rois.proposal_count
    assert int(given.sum()) == 3
    numbers = rois.source[given] - rois.proposal_count
    assert torch.equal(rois.match[given], numbers)


@pytest.mark.parametrize("stage", ["decoded", "candidates"])
def test_2_every_suppressed_box_names_its_suppressor(trace: Trace, stage: str) -> None:
    if stage == "decoded":
        boxes = clip_boxes_to_image(trace.decoded.boxes, trace.input.size)
        holder, score, threshold = trace.decoded, torch.sigmoid(trace.rpn.logits), SETTINGS.rpn_nms
        group = torch.tensor([trace.anchors.cell(i).level for i in range(len(boxes))])
    else:
        holder, threshold = trace.candidates, SETTINGS.nms
        boxes, score, group = holder.boxes, holder.score, holder.label
    suppressed = torch.where(holder.fate == Fate.SUPPRESSED)[0]
    assert len(suppressed) > 10
    blamed = holder.suppressor[suppressed]
    assert bool((blamed >= 0).all())
    assert torch.equal(torch.where(holder.suppressor >= 0)[0], suppressed)
    survivors = {Fate.KEPT, Fate.OVER_LIMIT}
    assert {Fate(int(f)) for f in holder.fate[blamed]} <= survivors
    assert torch.equal(group[blamed], group[suppressed])
    assert bool((score[blamed] >= score[suppressed]).all())
    overlap = box_iou(boxes[blamed], boxes[suppressed]).diagonal()
    assert bool((overlap > threshold - 1e-4).all())


def test_3_a_tiny_first_image_does_not_change_the_pooling_scales() -> None:
    fresh, used = network(), network()
    run(used, [tensor(picture(33, 33))], SETTINGS)
    with torch.no_grad():
        used([torch.rand(3, 33, 33)])
    big = tensor(picture(150, 180))
    one, two = (run(module, [big], SETTINGS)[0] for module in (fresh, used))
    assert torch.equal(one.detections.boxes, two.detections.boxes)
    assert used.roi_heads.box_roi_pool.scales == [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    # What torchvision would have inferred from that image, and kept for life:
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    maps = OrderedDict((str(i), torch.zeros(1, 1, 64 >> i + 2, 64 >> i + 2)) for i in range(4))
    pool(maps, [torch.tensor([[0.0, 0, 9, 9]])], [(33, 33)])
    assert pool.scales[0] == 0.5


def test_4_strides_come_from_the_padded_size() -> None:
    module = network()
    batch = inputs.Batch(torch.zeros(1, 3, 800, 1088), ((777, 1070),), ((777, 1070),))
    grids = [(200, 272), (100, 136), (50, 68), (25, 34), (13, 17)]
    levels = OrderedDict(
        (str(i), torch.empty(1, 1, *grid, dtype=torch.bfloat16)) for i, grid in enumerate(grids)
    )
    anchors = features.make_anchors(module, batch, levels)
    assert anchors.boxes.dtype == torch.float32
    assert (len(anchors.boxes), anchors.per_cell) == (sum(anchors.level_counts), 3)
    level = proposals.level_of(anchors, torch.device("cpu"))
    assert [int((level == place).sum()) for place in range(5)] == list(anchors.level_counts)
    assert anchors.strides == ((4, 4), (8, 8), (16, 16), (32, 32), (61, 64))
    last = anchors.boxes[anchors.cell_index(4, 1, 1)]
    centre = (last[:2] + last[2:]) / 2
    assert centre.tolist() == [64.0, 61.0]


def test_5_bare_weights_say_which_normalisation_they_need() -> None:
    torch.manual_seed(0)
    live = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4).state_dict()
    config = config_of_bare(live, "maskrcnn_resnet50_fpn", "0" * 64)
    assert (config.norm, config.norm_eps, config.num_classes) == ("batch", 1e-5, 4)
    frozen = {k: v for k, v in live.items() if not k.endswith("num_batches_tracked")}
    config = config_of_bare(frozen, "maskrcnn_resnet50_fpn", "0" * 64)
    assert (config.norm, config.norm_eps) == ("frozen", 1e-5)
    config = config_of_bare(frozen, "maskrcnn_resnet50_fpn", COCO_V1_HASH + "0" * 56)
    assert (config.norm, config.norm_eps) == ("frozen", 0.0)
    norms = [m for m in build_model(config).modules() if isinstance(m, FrozenBatchNorm2d)]
    assert len(norms) == 53
    assert {norm.eps for norm in norms} == {0.0}


@pytest.mark.parametrize("layers", [0, 2])
def test_6_frozen_stages_keep_their_statistics(layers: int) -> None:
    config = ModelConfig.from_json({**SMALL.to_json(), "version": 2, "trainable_layers": layers})
    module = network(config)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    start_training(module, config, still_norms=False)
    training_pass(module, config, [tensor(picture())], [target(90, 130, 2)])
    moved = {
        name
        for name, value in module.state_dict().items()
        if "running" in name and not torch.equal(value, before[name])
    }
    frozen = ("backbone.body.bn1", "backbone.body.layer1", "backbone.body.layer2")
    assert moved
    assert not any(name.startswith(frozen) for name in moved)
    assert any(name.startswith("backbone.body.layer4") for name in moved) == (layers > 0)
    start_training(module, config, still_norms=True)
    held = {n: v.clone() for n, v in module.state_dict().items()}
    training_pass(module, config, [tensor(picture())], [target(90, 130, 2)])
    assert all(torch.equal(v, held[n]) for n, v in module.state_dict().items())


def test_7_boxes_stay_float32_under_lower_precision() -> None:
    module, images = network(), [tensor(picture())]
    exact = run(module, images, SETTINGS, keep=True)[0].trace
    low = run(module, images, SETTINGS, keep=True, numerics=Numerics(torch.bfloat16))[0].trace
    assert exact is not None
    assert low is not None
    assert low.backbone.maps[0].dtype == torch.bfloat16
    assert low.pyramid.maps[0].dtype == torch.bfloat16
    assert torch.equal(low.anchors.boxes, exact.anchors.boxes)
    light = Numerics(torch.bfloat16, frozenset({Part.PYRAMID, Part.MASK_HEAD}))
    partly = run(lowered_copy(module, light), images, SETTINGS, keep=True, numerics=light)[0].trace
    assert partly is not None
    assert partly.backbone.maps[0].dtype == torch.float32
    assert partly.pyramid.maps[0].dtype == torch.bfloat16
    assert partly.rpn.logits.dtype == torch.float32
    for value in (
        low.decoded.boxes,
        low.proposals.boxes,
        low.candidates.boxes,
        low.rpn.logits,
        low.box_head.logits,
        low.detections.boxes,
        low.mask_logits.logits,
    ):
        assert value.dtype == torch.float32


def test_8_what_the_weights_do_not_say_travels_with_them(tmp_path) -> None:
    module = network()
    save_model(tmp_path / "m.pt", module, SMALL)
    loaded = load_file(tmp_path / "m.pt")
    assert loaded.config == SMALL
    assert loaded.module.transform.min_size == (96,)
    assert loaded.module.transform.max_size == 160
    assert loaded.module.rpn.anchor_generator.sizes == SMALL.anchor_sizes
    image = [tensor(picture())]
    one, two = (run(m, image, SETTINGS)[0] for m in (module, loaded.module))
    assert torch.equal(one.detections.boxes, two.detections.boxes)


def test_9_small_images_grow_and_each_axis_has_its_own_ratio() -> None:
    module = network()
    pixels = picture(50, 71)
    found = run(module, [tensor(pixels)], SETTINGS)[0]
    assert found.prepared.size == (96, 136)
    assert found.prepared.padded == (96, 160)
    assert found.prepared.scale == (136 / 71, 96 / 50)
    boxes, resized = found.detections.boxes, found.detections.resized_boxes
    scale = torch.tensor(found.prepared.scale).repeat(2)
    torch.testing.assert_close(boxes * scale, resized)
    assert not found.prepared.tensor[:, :, 136:].any()
    listed, _ = module.transform([tensor(pixels)])
    assert torch.equal(found.prepared.tensor, listed.tensors[0])


def test_9_uint8_pixels_are_divided_by_255() -> None:
    pixels = torch.from_numpy(picture(50, 71)).permute(2, 0, 1)
    module = network()
    listed, _ = module.transform([tensor(picture(50, 71))])
    assert torch.equal(inputs.prepare(module, [pixels]).tensors, listed.tensors)


def test_10_masks_never_take_the_size_of_the_image() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((28, 28), dtype=np.float32)
    box = np.array([9000.0, 9000, 9200, 9300], dtype=np.float32)
    tracemalloc.start()
    crop = paste(mask, box, (20_000, 20_000))
    encode(crop, (20_000, 20_000))
    outline(mask, box, (20_000, 20_000), 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_11_logits_of_every_class_are_recorded(trace: Trace) -> None:
    logits, label = trace.mask_logits.logits, trace.detections.label
    assert logits.shape == (len(label), 4, 28, 28)
    own = torch.sigmoid(logits)[torch.arange(len(label)), label]
    assert torch.equal(own, trace.mask_logits.probabilities)


def test_12_eval_mode_gives_a_repeatable_validation_loss() -> None:
    module = network()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    totals = []
    for _ in range(2):
        torch.manual_seed(0)
        with torch.no_grad():
            passed = training_pass(module, SMALL, [tensor(picture())], [target(90, 130, 2)])
        totals.append(passed.total)
    assert torch.equal(totals[0], totals[1])
    assert all(torch.equal(v, before[n]) for n, v in module.state_dict().items())


def test_12_a_box_without_width_is_refused() -> None:
    bad = target(90, 130, 2)
    bad["boxes"][1, 2] = bad["boxes"][1, 0]
    with pytest.raises(ValueError, match="target 0"):
        training_pass(network().train(), SMALL, [tensor(picture())], [bad])


def test_13_only_a_trace_keeps_features_and_it_leaves_as_numpy(trace: Trace) -> None:
    plain = run(network(), [tensor(picture())], SETTINGS)[0]
    assert plain.trace is None
    assert plain.masks.logits is None
    outside = to_numpy(trace)
    for stage in (
        outside.input.tensor,
        *outside.backbone.maps,
        *outside.pyramid.maps,
        outside.anchors.boxes,
        outside.decoded.suppressor,
        outside.mask_logits.logits,
    ):
        assert isinstance(stage, np.ndarray)
    assert np.array_equal(outside.proposals.boxes, trace.proposals.boxes.numpy())
    assert not trace.rpn.logits.requires_grad
    assert numpy_of(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32


def test_14_roi_align_is_unaligned(trace: Trace) -> None:
    module = network()
    levels = features.maps_of([trace.pyramid])
    pooled = roi.pool_rois(module.roi_heads.box_roi_pool, levels, [trace.proposals.boxes])
    level = trace.roi_levels.level
    for index in range(0, len(level), 17):
        feature = trace.pyramid.maps[int(level[index])][None]
        box = [trace.proposals.boxes[index : index + 1]]
        scale = trace.roi_levels.scales[int(level[index])]
        alone = roi_align(feature, box, 7, scale, 2, aligned=False)
        torch.testing.assert_close(pooled[index], alone[0])
        aligned = roi_align(feature, box, 7, scale, 2, aligned=True)
        assert not torch.allclose(alone, aligned)


def test_14_mask_targets_are_soft() -> None:
    torch.manual_seed(0)
    passed = training_pass(
        network().train(), SMALL, [tensor(picture())], [target(90, 130, 3)], items=True
    )
    wanted = passed.traces[0].mask_targets
    assert len(wanted) >= 3
    assert bool(((wanted > 0.01) & (wanted < 0.99)).any())


def test_paste_in_the_engine_equals_the_paste_that_takes_gigabytes(trace: Trace) -> None:
    boxes, masks = trace.detections.boxes, trace.mask_logits.probabilities
    size = trace.input.image_size
    whole = paste_masks_in_image(masks[:, None], boxes, size)[:, 0] >= 0.5
    assert len(whole) > 3
    for box, mask, wanted in zip(boxes.numpy(), masks.numpy(), whole.numpy(), strict=True):
        crop = paste(mask, box, size)
        full = np.zeros(size, dtype=bool)
        rows, columns = crop.bits.shape
        full[crop.y : crop.y + rows, crop.x : crop.x + columns] = crop.bits
        assert np.array_equal(full, wanted)


def test_a_norm_in_eval_stays_so(trace: Trace) -> None:
    module = network()
    start_training(module, SMALL, still_norms=True)
    assert module.training
    assert not any(m.training for m in module.modules() if isinstance(m, nn.BatchNorm2d))
