"""matterport's Mask R-CNN: `.h5` files, and its definitions reckoned here anew with numpy."""

from __future__ import annotations

import builtins
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.cli import main
from core.engine import matterport
from core.engine.config import ModelConfig
from core.engine.keras import load_keras
from core.engine.losses import box_shares, training_pass
from core.engine.mask_targets import mask_targets, mini_mask
from core.engine.model_reading import ModelFileError
from core.engine.predict import Predictor
from core.engine.stages.features import own_settings, run_rpn
from core.engine.stages.roi import Refined, best_of_proposal, find_candidates
from core.engine.targets import sample_rois
from core.engine.weights import LoadedModel, load_file
from core.engine.zoo import build_model
from core.lens.settings import StageSettings
from core.lens.trace import Fate

Values = NDArray[np.float32]
Weights = dict[tuple[str, str], Values]
FPN, BOX, MASK, CLASSES = 8, 12, 8, 3
EPS = 1e-3


# A file in Keras 2's layout, written from the names in the notes.


def made_weights() -> Weights:
    rng = np.random.default_rng(0)
    weights: Weights = {}

    def conv(layer: str, *shape: int) -> None:
        scale = 1 / np.sqrt(np.prod(shape[:-1]))
        weights[layer, "kernel"] = rng.standard_normal(shape, np.float32) * np.float32(scale)
        bias = shape[-2] if layer == "mrcnn_mask_deconv" else shape[-1]
        weights[layer, "bias"] = rng.standard_normal(bias, np.float32) * np.float32(0.1)

    def norm(layer: str, channels: int) -> None:
        for name, low, high in (
            ("gamma", 0.5, 1.0),
            ("beta", -0.2, 0.2),
            ("moving_mean", -0.2, 0.2),
            ("moving_variance", 0.5, 2.0),
        ):
            weights[layer, name] = rng.uniform(low, high, channels).astype(np.float32)

    conv("conv1", 7, 7, 3, 64)
    norm("bn_conv1", 64)
    before = 64
    for stage, blocks, narrow in ((2, 3, 64), (3, 4, 128), (4, 6, 256), (5, 3, 512)):
        for block in "abcdef"[:blocks]:
            branches = [("2a", 1, before, narrow), ("2b", 3, narrow, narrow)]
            branches.append(("2c", 1, narrow, 4 * narrow))
            if block == "a":
                branches.append(("1", 1, before, 4 * narrow))
            for branch, side, given, wide in branches:
                conv(f"res{stage}{block}_branch{branch}", side, side, given, wide)
                norm(f"bn{stage}{block}_branch{branch}", wide)
            before = 4 * narrow
        conv(f"fpn_c{stage}p{stage}", 1, 1, before, FPN)
        conv(f"fpn_p{stage}", 3, 3, FPN, FPN)
    conv("rpn_conv_shared", 3, 3, FPN, 512)
    conv("rpn_class_raw", 1, 1, 512, 6)
    conv("rpn_bbox_pred", 1, 1, 512, 12)
    conv("mrcnn_class_conv1", 7, 7, FPN, BOX)
    conv("mrcnn_class_conv2", 1, 1, BOX, BOX)
    conv("mrcnn_class_logits", BOX, CLASSES)
    conv("mrcnn_bbox_fc", BOX, 4 * CLASSES)
    for number in (1, 2, 3, 4):
        conv(f"mrcnn_mask_conv{number}", 3, 3, FPN if number == 1 else MASK, MASK)
        norm(f"mrcnn_mask_bn{number}", MASK)
    for number in (1, 2):
        norm(f"mrcnn_class_bn{number}", BOX)
    conv("mrcnn_mask_deconv", 2, 2, MASK, MASK)
    conv("mrcnn_mask", 1, 1, MASK, CLASSES)
    return weights


def write_h5(path: Path, weights: Mapping[tuple[str, str], Values]) -> Path:
    groups: dict[str, list[tuple[str, str]]] = {"input_image": []}
    for layer, weight in weights:
        groups.setdefault("rpn_model" if layer.startswith("rpn_") else layer, []).append(
            (layer, weight)
        )
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in groups]
        file.attrs["keras_version"] = b"2.0.8"
        for name, members in groups.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{a}/{b}:0".encode() for a, b in members]
            for layer, weight in members:
                group.create_dataset(f"{layer}/{weight}:0", data=weights[layer, weight])
    return path


@pytest.fixture(scope="module")
def weights() -> Weights:
    return made_weights()


@pytest.fixture(scope="module")
def h5(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_h5(tmp_path_factory.mktemp("keras") / "balloon.h5", weights)


@pytest.fixture(scope="module")
def loaded(h5: Path) -> LoadedModel:
    return load_file(h5)


# The forward pass in numpy: maps H×W×C, as Keras has them.


def conv(x: Values, weights: Weights, layer: str, stride: int = 1) -> Values:
    kernel = weights[layer, "kernel"]
    side = kernel.shape[0] // 2
    grown = np.pad(x, ((side, side), (side, side), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(grown, kernel.shape[:2], axis=(0, 1))
    found = np.einsum("yxcij,ijco->yxo", windows[::stride, ::stride], kernel)
    return np.asarray(found + weights[layer, "bias"], np.float32)


def norm(x: Values, weights: Weights, layer: str) -> Values:
    mean, variance = weights[layer, "moving_mean"], weights[layer, "moving_variance"]
    straight = (x - mean) / np.sqrt(variance + EPS)
    return np.asarray(straight * weights[layer, "gamma"] + weights[layer, "beta"], np.float32)


def relu(x: Values) -> Values:
    return np.maximum(x, 0)


def torched(x: Values) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None]


def like_keras(x: torch.Tensor) -> Values:
    return np.asarray(x[0].detach().numpy().transpose(1, 2, 0))


def random_map(*shape: int) -> Values:
    return np.random.default_rng(1).standard_normal(shape, np.float32)


def test_a_block_strides_in_its_first_convolution(loaded: LoadedModel, weights: Weights) -> None:
    x = random_map(8, 6, 256)
    y = relu(norm(conv(x, weights, "res3a_branch2a", 2), weights, "bn3a_branch2a"))
    y = relu(norm(conv(y, weights, "res3a_branch2b"), weights, "bn3a_branch2b"))
    y = norm(conv(y, weights, "res3a_branch2c"), weights, "bn3a_branch2c")
    shortcut = norm(conv(x, weights, "res3a_branch1", 2), weights, "bn3a_branch1")
    with torch.no_grad():
        found = like_keras(loaded.module.backbone.body.layer2[0](torched(x)))
    assert found.shape == (4, 3, 512)
    np.testing.assert_allclose(found, relu(y + shortcut), atol=2e-4)


def test_the_stem_pools_as_tensorflow_does(loaded: LoadedModel, weights: Weights) -> None:
    x = random_map(16, 16, 3)
    kernel = weights["conv1", "kernel"]
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, ((3, 3), (3, 3), (0, 0))), (7, 7), axis=(0, 1)
    )[::2, ::2]
    y = np.einsum("yxcij,ijco->yxo", windows, kernel) + weights["conv1", "bias"]
    y = relu(norm(y, weights, "bn_conv1"))
    y = np.pad(y, ((0, 1), (0, 1), (0, 0)))  # "same": what is lacking goes to the far side
    pooled = np.lib.stride_tricks.sliding_window_view(y, (3, 3), axis=(0, 1))[::2, ::2]
    body = loaded.module.backbone.body
    with torch.no_grad():
        found = body.maxpool(body.relu(body.bn1(body.conv1(torched(x)))))
    np.testing.assert_allclose(like_keras(found), pooled.max(axis=(-2, -1)), atol=1e-4)


def test_a_level_of_the_pyramid(loaded: LoadedModel, weights: Weights) -> None:
    rng = np.random.default_rng(2)
    maps = {
        level: rng.standard_normal((side, side, 256 * 2 ** (level - 2)), np.float32)
        for level, side in ((2, 16), (3, 8), (4, 4), (5, 2))
    }
    p5 = conv(maps[5], weights, "fpn_c5p5")
    p4 = conv(maps[4], weights, "fpn_c4p4") + p5.repeat(2, axis=0).repeat(2, axis=1)
    with torch.no_grad():
        levels = loaded.module.backbone.fpn(
            {str(level - 2): torched(each) for level, each in maps.items()}
        )
    np.testing.assert_allclose(like_keras(levels["2"]), conv(p4, weights, "fpn_p4"), atol=2e-4)
    p6 = conv(p5, weights, "fpn_p5")[::2, ::2]
    np.testing.assert_allclose(like_keras(levels["pool"]), p6, atol=2e-4)


def test_the_rpn_is_a_softmax_and_boxes_move_in_normalised_coordinates(
    loaded: LoadedModel, weights: Weights
) -> None:
    x = random_map(2, 3, FPN)
    shared = relu(conv(x, weights, "rpn_conv_shared"))
    logits = conv(shared, weights, "rpn_class_raw").reshape(-1, 2)
    deltas = conv(shared, weights, "rpn_bbox_pred").reshape(-1, 4)  # dy, dx, log dh, log dw
    likely = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    with torch.no_grad():
        found = run_rpn(loaded.module, {"0": torched(x)})  # type: ignore[arg-type]
    np.testing.assert_allclose(found.logits.sigmoid()[:, 0], likely[:, 1], atol=1e-5)

    side = 64.0  # of the padded image
    anchors = np.tile(np.array([[8.0, 4, 40, 20]], np.float32), (len(deltas), 1))  # y, x, y, x
    normal = (anchors - [0, 0, 1, 1]) / (side - 1)
    step = deltas * [0.1, 0.1, 0.2, 0.2]
    high, wide = normal[:, 2] - normal[:, 0], normal[:, 3] - normal[:, 1]
    y = normal[:, 0] + high / 2 + step[:, 0] * high
    x_ = normal[:, 1] + wide / 2 + step[:, 1] * wide
    high, wide = high * np.exp(step[:, 2]), wide * np.exp(step[:, 3])
    moved = np.stack([y - high / 2, x_ - wide / 2, y + high / 2, x_ + wide / 2], 1)
    pixels = moved * (side - 1) + [0, 0, 1, 1]
    swapped = torch.from_numpy(anchors[:, [1, 0, 3, 2]])
    boxes = loaded.module.rpn.box_coder.decode(found.deltas, [swapped])[:, 0]
    np.testing.assert_allclose(boxes, pixels[:, [1, 0, 3, 2]], atol=1e-4)


def test_deltas_lead_back_to_the_box(loaded: LoadedModel) -> None:
    proposals, boxes = torch.tensor([[4.0, 8, 20, 40]]), torch.tensor([[6.0, 8, 30, 44]])
    coder = loaded.module.roi_heads.box_coder
    deltas = coder.encode_single(boxes, proposals)
    torch.testing.assert_close(coder.decode_single(deltas, proposals), boxes)
    # The anchors' targets are reckoned in pixels: (dx, dy, dw, dh) over (0.1, 0.1, 0.2, 0.2).
    wanted = torch.tensor(
        [[6 / 16 / 0.1, 2 / 32 / 0.1, math.log(1.5) / 0.2, math.log(36 / 32) / 0.2]]
    )
    found = loaded.module.rpn.box_coder.encode_single(boxes, proposals)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_the_heads(loaded: LoadedModel, weights: Weights) -> None:
    heads = loaded.module.roi_heads
    x = random_map(7, 7, FPN)
    y = np.einsum("ijc,ijco->o", x, weights["mrcnn_class_conv1", "kernel"])
    y = relu(norm(y + weights["mrcnn_class_conv1", "bias"], weights, "mrcnn_class_bn1"))
    y = y @ weights["mrcnn_class_conv2", "kernel"][0, 0] + weights["mrcnn_class_conv2", "bias"]
    y = relu(norm(y, weights, "mrcnn_class_bn2"))
    logits = y @ weights["mrcnn_class_logits", "kernel"] + weights["mrcnn_class_logits", "bias"]
    moves = y @ weights["mrcnn_bbox_fc", "kernel"] + weights["mrcnn_bbox_fc", "bias"]
    with torch.no_grad():
        found = heads.box_predictor(heads.box_head(torched(x)))
    np.testing.assert_allclose(found[0][0], logits, atol=1e-4)
    np.testing.assert_allclose(
        found[1][0].reshape(CLASSES, 4), moves.reshape(CLASSES, 4)[:, [1, 0, 3, 2]], atol=1e-4
    )

    x = random_map(14, 14, FPN)
    for number in (1, 2, 3, 4):
        x_conv = conv(x if number == 1 else y, weights, f"mrcnn_mask_conv{number}")
        y = relu(norm(x_conv, weights, f"mrcnn_mask_bn{number}"))
    kernel = weights["mrcnn_mask_deconv", "kernel"]  # 2×2×out×in
    up = np.einsum("yxc,ijoc->yixjo", y, kernel).reshape(28, 28, MASK)
    up = relu(up + weights["mrcnn_mask_deconv", "bias"])
    with torch.no_grad():
        masks = heads.mask_predictor(heads.mask_head(torched(x)))
    np.testing.assert_allclose(like_keras(masks), conv(up, weights, "mrcnn_mask"), atol=2e-4)


def test_the_preset_has_the_numbers_of_its_configuration(loaded: LoadedModel) -> None:
    config, model = loaded.config, loaded.module
    assert (config.arch, config.class_names) == ("resnet50", ("class 1", "class 2"))
    own = own_settings(model)
    assert (own.rpn_levels, own.rpn_pre_nms_top_n, own.rpn_post_nms_top_n) == (
        "together",
        6000,
        1000,
    )
    assert (own.roi_level, own.roi_pool, own.rpn_nms, own.nms, own.score) == (
        "round",
        "crop",
        0.7,
        0.3,
        0.7,
    )
    assert config.training.roi_samples == 200
    assert config.training.rpn_post_nms_top_n == 2000
    # A ratio of 0.5 is a tall anchor: width 32·√0.5, height 32/√0.5, about the cell's corner.
    first = model.rpn.anchor_generator.cell_anchors[0][0]
    wide, high = 32 * 0.5**0.5, 32 / 0.5**0.5
    np.testing.assert_allclose(first, [-wide / 2, -high / 2, wide / 2, high / 2], rtol=1e-6)
    assert len(matterport.preset("resnet101", ("a",)).anchor_sizes) == 5


@pytest.mark.parametrize(
    ("size", "resized"),
    [
        ((500, 400), (1000, 800)),  # the shorter side becomes 800
        ((1000, 900), (1000, 900)),  # nothing is made smaller for its sake
        ((2048, 1024), (1024, 512)),  # but nothing exceeds 1024
    ],
)
def test_the_input_is_a_black_square(size: tuple[int, int], resized: tuple[int, int]) -> None:
    transform = build_transform()
    listed, _ = transform([torch.ones(3, *size)])
    assert listed.image_sizes == [resized]
    assert listed.tensors.shape == (1, 3, 1024, 1024)
    mean = torch.tensor([123.7, 116.8, 103.9])
    torch.testing.assert_close(listed.tensors[0, :, 1, 1], 255 - mean)
    torch.testing.assert_close(listed.tensors[0, :, -1, -1], -mean)


def test_in_training_the_input_is_padded_to_a_multiple_of_64() -> None:
    transform = build_transform().train()
    transform._skip_resize = True  # crops keep their size
    listed, _ = transform([torch.ones(3, 70, 130)])
    assert listed.tensors.shape == (1, 3, 128, 192)


def build_transform() -> Any:
    from core.engine.input_size import InputTransform

    config = matterport.preset("resnet50", ("a",))
    return InputTransform(
        config.min_size, config.max_size, config.image_mean, config.image_std, square=True
    ).eval()


def test_only_the_best_class_of_a_proposal_counts() -> None:
    # Proposal 0: 0.5 and 0.2, background 0.3. Proposal 1: 0.3 and 0.2, background 0.5.
    score, proposal = torch.tensor([0.5, 0.2, 0.3, 0.2]), torch.tensor([0, 0, 1, 1])
    assert best_of_proposal(score, proposal).tolist() == [True, False, False, False]
    assert best_of_proposal(score[:0], proposal[:0]).tolist() == []
    boxes = torch.tensor([[0.0, 0, 9, 9]]).repeat(4, 1)
    refined = Refined(boxes, torch.tensor([1, 2, 1, 2]), score, proposal)
    found, kept = find_candidates(refined, StageSettings(roi_classes="best", score=0.25))
    assert kept.tolist() == [0]
    fates = [Fate.KEPT, Fate.LOW_SCORE, Fate.NOT_BEST, Fate.LOW_SCORE]
    assert found.fate.tolist() == fates


def test_mini_masks() -> None:
    mask = torch.zeros(1, 40, 40, dtype=torch.uint8)
    mask[0, 10:20, 10:30] = 1
    mask[0, 10:15, 10:20] = 0  # the upper left quarter of the box is free
    mini, box = mini_mask(mask[0])
    assert box.tolist() == [10, 10, 30, 20]
    assert mini[:26, :26].sum() == 0  # its corner is rounded on the way
    assert mini[28:].min() == mini[:, 28:].min() == 1
    rules = matterport.preset("resnet50", ("a",)).training
    rois = torch.tensor([[10.0, 10, 30, 20], [0, 0, 9, 9], [20, 10, 40, 20]])
    whole, beside, right = mask_targets(mask, rois, torch.zeros(3, dtype=torch.int64), 28, rules)
    assert abs(whole.sum() - 28 * 28 * 3 / 4) <= 3
    assert set(whole.unique().tolist()) == {0.0, 1.0}
    assert beside.sum() == 0
    assert right[:, 1:13].min() == 1  # the instance ends in the middle
    assert right[:, 15:].max() == 0


def test_a_mini_mask_is_read_from_its_first_to_its_last_cell() -> None:
    mask = torch.zeros(1, 56, 56, dtype=torch.uint8)
    mask[0, :, 0] = mask[0, :, 55] = 1
    rules = matterport.preset("resnet50", ("a",)).training
    box, row = torch.tensor([[0.0, 0, 56, 56]]), torch.tensor([0])
    (target,) = mask_targets(mask, box, row, 28, rules)
    assert target.sum(0).tolist() == [28, *[0] * 26, 28]


def test_the_box_loss_is_a_mean_over_the_positive_ones() -> None:
    found = torch.tensor([[2.0, 0, 0, 0], [0.5, 0, 0, 0]])
    rules = matterport.preset("resnet50", ("a",)).training
    shares = box_shares(found, torch.zeros(2, 4), 256, 2, rules)
    assert shares.tolist() == [1.5 / 8, 0.125 / 8]  # 2 - 1/2 and 0.5² / 2


def test_negative_rois_are_only_as_many_as_the_positive_ones_allow() -> None:
    config = small()
    model = build_model(config)
    near, far = torch.tensor([[10.0, 10, 30, 30]]), torch.tensor([[40.0, 40, 60, 60]])
    target = {"boxes": near, "labels": torch.tensor([1])}

    def counts(positive: int) -> tuple[int, int]:
        proposals = torch.cat([near.repeat(positive, 1), far.repeat(500, 1)])
        (rois,) = sample_rois(model, [proposals], [target], config.training)
        return int((rois.label > 0).sum()), int((rois.label == 0).sum())

    assert counts(300) == (66, 134)
    assert counts(10) == (10, 20)
    assert counts(0) == (0, 0)  # instances are not drawn from
    both = [far[:0], near]
    nothing, one = sample_rois(model, both, [target, target], config.training)
    assert (len(nothing.boxes), one.label.tolist()) == (0, [1])


def small(**fields: Any) -> ModelConfig:
    whole = matterport.small_preset("resnet50", ("balloon", "cell"), 64)
    narrow = replace(whole, fpn_channels=8, box_head_width=16, mask_channels=8)
    return replace(narrow, **fields)


def test_it_predicts_traces_and_trains() -> None:
    torch.manual_seed(0)
    config = small(norm="batch")
    config = replace(config, settings=config.settings.with_(score=0.0, detections_per_image=5))
    model = build_model(config)
    pixels = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    target = {
        "boxes": torch.tensor([[10.0, 10, 40, 40]]),
        "labels": torch.tensor([1]),
        "masks": torch.zeros(1, 50, 70, dtype=torch.uint8),
    }
    target["masks"][0, 10:40, 10:40] = 1
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    image = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    model.train()
    for _ in range(3):
        done = training_pass(model, config, [image], [target], items=True)
        assert torch.isfinite(done.total)
        optimiser.zero_grad()
        done.total.backward()
        optimiser.step()
        # The shares of the items add up to the losses.
        shares, names = done.traces[0].losses, list(done.losses)
        sums = [shares.classifier, shares.box_reg, shares.mask, shares.objectness]
        for name, each in zip(names[:4], sums, strict=True):
            torch.testing.assert_close(each.sum(), done.losses[name], rtol=1e-4, atol=1e-6)
    loaded = LoadedModel(model.eval(), config, "m", "m@0", {})
    predictor = Predictor(loaded, device="cpu", precision="float32")
    trace = predictor.predict(pixels, keep_trace=True).trace
    assert trace is not None
    assert trace.input.padded == (128, 128)
    assert len(trace.proposals.boxes) > 0
    assert (trace.roi_levels.level <= 3).all()


# Files that cannot be used.


def test_what_no_layer_takes_is_listed(
    weights: Weights, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    more = {**weights, ("optimizer", "kernel"): np.zeros(3, np.float32)}
    file, out = write_h5(tmp_path / "more.h5", more), tmp_path / "out.pt"
    assert load_keras(file).unused == ("optimizer/kernel",)
    words = ["models", "import", str(file), "--classes", "balloon,basket", "--out", str(out)]
    assert main(words) == 0
    assert "optimizer/kernel" in capfd.readouterr().err
    assert load_file(out).config == replace(
        load_keras(file).config, class_names=("balloon", "basket")
    )


def test_what_does_not_fit_is_named(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    broken = dict(weights)
    del broken["bn4b_branch2a", "gamma"]
    broken["mrcnn_mask", "bias"] = np.zeros(9, np.float32)
    broken["fpn_p3", "bias"] = np.full(FPN, np.nan, np.float32)
    with pytest.raises(ModelFileError) as caught:
        load_file(write_h5(path, broken))
    text = str(caught.value)
    assert "bn4b_branch2a/gamma is missing" in text
    assert "mrcnn_mask/bias has the shape (9,), not (3,)" in text
    assert "fpn_p3/bias holds values that are no numbers" in text

    with h5py.File(path, "a") as file:
        del file["conv1"]["conv1/kernel:0"]
        file["conv1"]["conv1/kernel:0"] = h5py.ExternalLink("other.h5", "/secret")
    with pytest.raises(ModelFileError, match="missing or a link"):
        load_file(path)
    path.write_bytes(path.read_bytes()[:4096])
    with pytest.raises(ModelFileError, match="damaged"):
        load_file(path)
    with pytest.raises(ModelFileError, match="leave it out"):
        load_file(path, arch="matterport_resnet50")


def test_without_h5py_one_is_told_what_to_install(h5: Path, monkeypatch: Any) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "h5py":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelFileError, match="extra `keras`"):
        load_keras(h5)
