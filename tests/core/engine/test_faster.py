"""Faster R-CNN: boxes alone, from torchvision's weights, through the stages and in training."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

from core.engine.losses import training_pass
from core.engine.predict import Predictor
from core.engine.stages import masks
from core.engine.train.rows import with_classes
from core.engine.weights import LoadedModel, ModelFileError, load_file, save_model

PIXELS = np.random.default_rng(3).integers(0, 255, (90, 120, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def theirs() -> FasterRCNN:
    torch.manual_seed(4)
    trunk = resnet_fpn_backbone(backbone_name="resnet18", weights=None)
    model = FasterRCNN(trunk, 4, min_size=96, max_size=160, box_score_thresh=0.05).eval()
    with torch.no_grad():
        model.rpn.head.cls_logits.weight.mul_(20)
        model.roi_heads.box_predictor.cls_score.weight.mul_(8)
    return model


@pytest.fixture(scope="module")
def file(theirs: FasterRCNN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faster") / "boxes.pth"
    torch.save(theirs.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def loaded(file: Path) -> LoadedModel:
    found = load_file(file)  # its tensors tell
    config = replace(found.config, min_size=96, max_size=160)
    found.module.transform.min_size, found.module.transform.max_size = (96,), 160
    return replace(found, config=config)


def test_its_boxes_are_torchvisions_and_each_outline_is_its_box(
    theirs: FasterRCNN, loaded: LoadedModel
) -> None:
    assert (loaded.config.arch, loaded.config.mask_outputs) == ("resnet18", "none")
    assert not any("mask" in name for name in loaded.module.state_dict())
    image = torch.from_numpy(PIXELS).permute(2, 0, 1) / 255
    with torch.no_grad():
        wanted = theirs([image])[0]
    predictor = Predictor(loaded, device="cpu", precision="float32")
    trace = predictor.predict(PIXELS, keep_trace=True).trace
    assert trace is not None
    assert len(wanted["boxes"]) > 3
    np.testing.assert_array_equal(trace.detections.boxes, wanted["boxes"])
    np.testing.assert_array_equal(trace.detections.label, wanted["labels"])
    np.testing.assert_array_equal(trace.detections.score, wanted["scores"])
    for box, (part,) in zip(trace.detections.boxes.tolist(), trace.polygons.outlines, strict=True):
        assert part.outer == (
            (box[0], box[1]),
            (box[2], box[1]),
            (box[2], box[3]),
            (box[0], box[3]),
        )


def test_it_learns_boxes_and_no_mask(loaded: LoadedModel, tmp_path: Path) -> None:
    module, config = with_classes(loaded.module, loaded.config, ("balloon",), {})
    image = torch.from_numpy(PIXELS).permute(2, 0, 1) / 255
    target = {
        "boxes": torch.tensor([[20.0, 20, 70, 70]]),
        "labels": torch.tensor([1]),
        "masks": torch.ones(1, 90, 120, dtype=torch.uint8),
    }
    module.train()
    done = training_pass(module, config, [image], [target], items=True)
    losses = {name: float(each.detach()) for name, each in done.losses.items()}
    assert losses["loss_mask"] == 0.0
    assert losses["loss_box_reg"] > 0
    assert done.traces[0].losses.mask.sum() < 1e-6
    done.total.backward()
    assert module.roi_heads.box_predictor.bbox_pred.weight.grad is not None
    save_model(tmp_path / "boxes.pt", module, config)
    assert load_file(tmp_path / "boxes.pt").config == config


def test_nothing_is_read_for_masks_that_are_whole_boxes(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which took most of the time of a network with 512 channels."""
    monkeypatch.delattr(masks, "pool_rois")
    levels = OrderedDict((name, torch.zeros(1, 256, 2, 2)) for name in ("0", "1", "2", "3"))
    boxes = [torch.zeros(3, 4), torch.zeros(0, 4), torch.zeros(2, 4)]
    found = masks.run_mask_head(loaded.module, levels, boxes)
    assert found.shape == (5, 4, 28, 28)
    assert torch.equal(found, loaded.module.roi_heads.mask_predictor(torch.zeros(5, 256, 14, 14)))


def test_a_network_with_masks_is_asked_for_in_vain(file: Path) -> None:
    with pytest.raises(ModelFileError, match="mask_fcn_logits"):
        load_file(file, arch="maskrcnn_resnet18_fpn")
