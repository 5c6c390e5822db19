"""Faster R-CNN with VGG-16 on one map, against a forward pass written down from the papers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import vgg16
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign, roi_align

from core.document.instance import Instance, Polygon
from core.engine.config import IMAGENET_MEAN as MEAN
from core.engine.config import IMAGENET_STD as STD
from core.engine.losses import training_pass
from core.engine.paste import run_length
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel, load_file
from core.lens.life import measure, subject_of
from core.lens.reading import read
from core.lens.settings import StageSettings
from core.lens.trace import Fate, Trace, to_numpy
from core.lens.views import LAYERS, VIEWS
from core.lens.views.base import Look, Scene

PIXELS = np.random.default_rng(3).integers(0, 255, (70, 95, 3), dtype=np.uint8)
# Simonyan and Zisserman 2014, table 1, column D: channels, and P where the size is halved.
COLUMN_D = (64, 64, "P", 128, 128, "P", 256, 256, 256, "P", 512, 512, 512, "P", 512, 512, 512)


@pytest.fixture(scope="module")
def theirs() -> FasterRCNN:
    """As torchvision's tutorial makes it, with a narrow box head."""
    torch.manual_seed(4)
    trunk = vgg16(weights=None).features
    trunk.out_channels = 512
    model = FasterRCNN(
        trunk,
        rpn_anchor_generator=AnchorGenerator(((128, 256, 512),), ((0.5, 1.0, 2.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 7, 2),
        box_head=torch.nn.Identity(),
        box_predictor=torch.nn.Identity(),
    )
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead

    model.roi_heads.box_head = TwoMLPHead(512 * 49, 24)
    model.roi_heads.box_predictor = FastRCNNPredictor(24, 3)
    return model.eval()


@pytest.fixture(scope="module")
def loaded(theirs: FasterRCNN, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    path = tmp_path_factory.mktemp("vgg") / "bare.pth"
    torch.save(theirs.state_dict(), path)
    found = load_file(path)
    found.module.transform.min_size, found.module.transform.max_size = (96,), 160
    return replace(found, config=replace(found.config, min_size=96, max_size=160))


@pytest.fixture(scope="module")
def trace(loaded: LoadedModel) -> Trace:
    predictor = Predictor(loaded, device="cpu", precision="float32")
    found = predictor.predict(PIXELS, keep_trace=True).trace
    assert found is not None
    return found


def conv5_3(state: dict[str, Tensor], image: Tensor) -> Tensor:
    layers = iter(sorted({int(k.split(".")[1]) for k in state if k.startswith("backbone.")}))
    for step in COLUMN_D:
        if step == "P":
            image = functional.max_pool2d(image, 2, 2)
            continue
        place = f"backbone.{next(layers)}"
        image = functional.conv2d(
            image, state[f"{place}.weight"], state[f"{place}.bias"], padding=1
        ).relu()
    return image


def test_the_tensors_tell_and_the_anchors_are_the_published_ones(loaded: LoadedModel) -> None:
    config = loaded.config
    assert (config.arch, config.one_map, config.mask_outputs) == ("vgg16", True, "none")
    assert config.anchor_sizes[2] == (128.0, 256.0, 512.0)
    assert (config.settings.fpn, config.fpn_channels, config.box_head_width) == ("C4", 512, 24)


def test_trunk_rpn_and_heads_are_those_of_the_papers(theirs: FasterRCNN, trace: Trace) -> None:
    state = theirs.state_dict()
    with torch.no_grad():
        wanted = conv5_3(state, trace.input.tensor[None])
        torch.testing.assert_close(trace.backbone.maps[2], wanted[0], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(trace.pyramid.maps[2], trace.backbone.maps[2])
        head = "rpn.head."
        hidden = functional.conv2d(
            wanted, state[f"{head}conv.0.0.weight"], state[f"{head}conv.0.0.bias"], padding=1
        ).relu()
        score = functional.conv2d(
            hidden, state[f"{head}cls_logits.weight"], state[f"{head}cls_logits.bias"]
        )
        rows, columns = wanted.shape[-2:]
        start = sum(trace.anchors.level_counts[:2])
        count = rows * columns * 9
        flat = score[0].permute(1, 2, 0).flatten()
        torch.testing.assert_close(
            trace.rpn.logits[start : start + count], flat, rtol=1e-4, atol=1e-5
        )
        rois = trace.proposals.boxes
        pooled = roi_align(wanted, [rois], (7, 7), 1 / 16, 2)
        answer = pooled.flatten(1)
        for name in ("fc6", "fc7"):
            place = f"roi_heads.box_head.{name}"
            answer = functional.linear(
                answer, state[f"{place}.weight"], state[f"{place}.bias"]
            ).relu()
        place = "roi_heads.box_predictor.cls_score"
        answer = functional.linear(answer, state[f"{place}.weight"], state[f"{place}.bias"])
        torch.testing.assert_close(trace.box_head.logits, answer, rtol=1e-3, atol=1e-5)


def test_nothing_comes_from_the_other_levels(trace: Trace) -> None:
    found = to_numpy(trace)
    start = sum(found.anchors.level_counts[:2])
    end = start + found.anchors.level_counts[2]
    assert len(found.proposals.anchor_index) > 10
    assert found.proposals.anchor_index.min() >= start
    assert found.proposals.anchor_index.max() < end
    others = np.r_[found.decoded.fate[:start], found.decoded.fate[end:]]
    assert set(others) == {Fate.BELOW_TOP_K}
    assert set(found.roi_levels.level) == {2}
    empty = [found.pyramid.maps[place] for place in (0, 1, 3, 4)]
    assert {each.shape[-2:] for each in empty} == {(1, 1)}
    assert not any(each.any() for each in empty)
    # An anchor of 256 by 256 in the corner of the image, as published.
    np.testing.assert_allclose(found.anchors.boxes[start + 4], (-128, -128, 128, 128), atol=0.5)


def test_what_nothing_reads_is_neither_shown_nor_counted(trace: Trace) -> None:
    found = to_numpy(trace)
    seen, scene = Look(found, stage="pyramid"), Scene(found, PIXELS, MEAN, STD)
    assert len(VIEWS["pyramid"].tiles(scene)) == 2  # length of the features, and their components
    assert len(VIEWS["rpn"].tiles(scene)) == 2  # objectness of the map, and the strongest anchors
    assert len(VIEWS["anchors"].tiles(scene)[0].legend) == 1
    assert VIEWS["pyramid"].count(found) == 1
    assert [str(line.text) for line in LAYERS["roi_levels"].draw(seen).legend[1:]] == [
        f"P4, all proposals: {len(found.proposals.boxes)}"
    ]
    (said,) = LAYERS["polygons"].draw(seen).legend
    assert "in place of masks" in str(said.text)
    assert LAYERS["features"].draw(seen).level == 4 + 2
    assert LAYERS["anchors"].draw(seen).level == 2
    assert len(VIEWS["rpn"].table(found).index) == found.anchors.level_counts[2]
    reading = read(found, run_length)
    masks = reading.detection_masks()
    counts = found.anchors.level_counts
    assert reading.read_anchors.sum() == counts[2]
    # An instance that only the one anchor of another level has the size for.
    x0, y0, x1, y1 = (float(value) for value in found.anchors.boxes[4])
    across, down = found.input.scale
    ring = tuple((x / across, y / down) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    overlaps = measure(reading, subject_of(reading, Instance("a", "x", (Polygon(ring),))), masks)
    assert not overlaps.anchors[: counts[0]].any()
    assert not overlaps.decoded[: counts[0]].any()


def test_no_setting_can_ask_for_a_pyramid(loaded: LoadedModel, trace: Trace) -> None:
    predictor = Predictor(loaded, device="cpu", precision="float32")
    asked = StageSettings(fpn="on", score=loaded.config.settings.score)
    again = predictor.predict(PIXELS, asked, keep_trace=True).trace
    assert again is not None
    torch.testing.assert_close(again.detections.boxes, trace.detections.boxes, rtol=0, atol=0)


def test_it_trains_three_steps(loaded: LoadedModel) -> None:
    image = torch.from_numpy(PIXELS).permute(2, 0, 1) / 255
    target = {
        "boxes": torch.tensor([[10.0, 10.0, 60.0, 60.0]]),
        "labels": torch.tensor([1]),
        "masks": torch.ones((1, 70, 95), dtype=torch.uint8),
    }
    module = loaded.module.train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    learning = [*module.rpn.parameters(), *module.roi_heads.parameters()]
    optimiser, seen = torch.optim.SGD(learning, 0.01), []
    try:
        for _ in range(3):
            torch.manual_seed(0)
            total = training_pass(module, loaded.config, [image], [target]).total
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            seen.append(float(total.detach()))
    finally:
        module.load_state_dict(before)
        module.eval()
    assert seen[2] < seen[0]


def test_a_file_of_ours_brings_it_back(loaded: LoadedModel, tmp_path: Path) -> None:
    from core.engine.weights import save_model

    save_model(tmp_path / "m.pt", loaded.module, loaded.config)
    assert load_file(tmp_path / "m.pt").config == loaded.config
