"""Model files: saved whole, loaded safely, refused with a reason."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from torch.nn import functional
from torchvision.models import resnet18
from torchvision.models.detection import maskrcnn_resnet50_fpn

from core.engine.backbones import BACKBONES, PUBLISHED
from core.engine.bare import guess_archs
from core.engine.config import ConfigError, ModelConfig
from core.engine.pipeline import run
from core.engine.weights import (
    ModelFileError,
    load_backbone_weights,
    load_file,
    load_model,
    save_model,
)
from core.engine.zoo import build_model
from core.lens.settings import StageSettings
from core.sentences import MasklensError
from tests.core.engine.networks import SMALL, network, picture, tensor
from tests.data import shared_data


def test_saved_and_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    digest = save_model(path, network(), SMALL, {"seed": 3, "figures": {"ap": 0.5}})
    loaded = load_model(path)
    assert loaded.name == "mine"
    assert loaded.revision == f"mine@{digest[:12]}"
    assert loaded.extra == {"seed": 3, "figures": {"ap": 0.5}}
    assert loaded.config == SMALL
    assert not loaded.module.training
    for (name, one), two in zip(
        network().state_dict().items(), loaded.module.state_dict().values(), strict=True
    ):
        assert torch.equal(one, two), name
    assert list(tmp_path.iterdir()) == [path]


def test_half_size_files_come_back_as_float32(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.pt", tmp_path / "half.pt"
    save_model(whole, network(), SMALL)
    save_model(half, network(), SMALL, store="float16")
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    loaded = load_file(half).module
    for (name, one), two in zip(
        network().state_dict().items(), loaded.state_dict().values(), strict=True
    ):
        assert one.dtype == two.dtype
        if one.dim() < 2:
            assert torch.equal(one, two), name
        else:
            torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-3)


def test_the_same_file_has_the_same_revision_under_any_name(tmp_path: Path) -> None:
    save_model(tmp_path / "a.pt", network(), SMALL)
    (tmp_path / "b.pt").write_bytes((tmp_path / "a.pt").read_bytes())
    one, two = load_file(tmp_path / "a.pt"), load_file(tmp_path / "b.pt", name="a")
    assert one.revision == two.revision


class Evil:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("ran"),))


def write(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


BAD: dict[str, Callable[[Path], object]] = {
    "a text": lambda path: path.write_text("hello"),
    "nothing": lambda path: path.write_bytes(b""),
    "a pickle with code": lambda path: torch.save({"state": Evil()}, path),
    "a plain pickle": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "a list": lambda path: torch.save([1, 2], path),
    "numbers": lambda path: torch.save({"a": 1}, path),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_model_is_refused(tmp_path: Path, kind: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.pt"
    BAD[kind](path)
    with pytest.raises(ModelFileError, match="bad"):
        load_file(path, arch="maskrcnn_resnet18_fpn")
    assert not (tmp_path / "ran").exists()


def content(**fields: object) -> dict[str, object]:
    whole = {
        "format": "masklens-model",
        "format_version": 1,
        "config": SMALL.to_json(),
        "extra": {},
        "state": network().state_dict(),
    }
    return {**whole, **fields}


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"format_version": 99}, ModelFileError, "newer"),
        ({"format_version": "x"}, ModelFileError, "format_version"),
        ({"state": 3}, ModelFileError, "state"),
        ({"config": {"version": 9}}, ConfigError, "version"),
        ({"config": {**SMALL.to_json(), "fpn_channels": 8}}, ModelFileError, "do not fit"),
        ({"config": {**SMALL.to_json(), "arch": "resnet34"}}, ModelFileError, "missing"),
        ({"config": {**SMALL.to_json(), "arch": "custom"}}, ConfigError, "--backbone"),
    ],
)
def test_a_damaged_file_says_where(
    tmp_path: Path, fields: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        load_file(write(tmp_path / "m.pt", content(**fields)))


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("fuzz") / "m.pt"
    small = {"conv.weight": torch.ones(2, 2), "norm.bias": torch.zeros(2)}
    return write(path, content(state=small)).read_bytes()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_mixed_up_bytes_give_a_sentence(tmp_path: Path, whole_file: bytes, data) -> None:
    broken = bytearray(whole_file)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    (tmp_path / "m.pt").write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    with pytest.raises(MasklensError) as caught:
        load_file(tmp_path / "m.pt", arch="resnet18")
    assert str(caught.value)


def test_widths_that_differ_are_found_before_memory_is_taken(tmp_path: Path) -> None:
    vast = {**SMALL.to_json(), "fpn_channels": 65536, "box_head_width": 65536}
    with pytest.raises(ModelFileError, match="16 channels of the pyramid instead of 65536"):
        load_file(write(tmp_path / "m.pt", content(config=vast)))


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "m.pt", network(), SMALL)
    whole = (tmp_path / "m.pt").read_bytes()
    (tmp_path / "m.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFileError):
        load_file(tmp_path / "m.pt")


def test_a_folder_is_no_place_for_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="folder"):
        save_model(tmp_path, network(), SMALL)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no model file"):
        load_file(tmp_path / "none.pt")


def test_bare_torchvision_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=4, min_size=96, max_size=160
    )
    path = write(tmp_path / "bare.pth", model.state_dict())
    with pytest.raises(ModelFileError, match="do not fit"):
        load_file(path, arch="maskrcnn_resnet18_fpn")
    with pytest.raises(ModelFileError, match="do not fit"):
        load_file(path, arch="maskrcnn_resnet50_fpn_v2")
    loaded = load_file(path)
    assert (loaded.config.arch, loaded.config.version) == ("resnet50", 1)
    assert loaded.config.class_names == ("class 1", "class 2", "class 3")
    assert (loaded.config.min_size, loaded.config.norm) == (800, "batch")
    loaded.module.transform.min_size, loaded.module.transform.max_size = (96,), 160
    image = tensor(picture())
    with torch.no_grad():
        wanted = model.eval()([image])[0]
    found = run(loaded.module, [image], StageSettings())[0]
    assert len(wanted["boxes"]) > 5
    assert torch.equal(found.detections.boxes, wanted["boxes"])
    assert torch.equal(found.detections.score, wanted["scores"])
    saved = write(
        tmp_path / "ckpt.pth",
        {"model": model.state_dict(), "epoch": 3, "args": argparse.Namespace(lr=0.02)},
    )
    again = load_file(saved, arch="maskrcnn_resnet50_fpn")
    assert torch.equal(again.module.rpn.head.cls_logits.weight, model.rpn.head.cls_logits.weight)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_tensors_of_bare_weights_tell_the_network(backbone: str, version: int) -> None:
    with torch.device("meta"):
        state = build_model(replace(SMALL, arch=backbone, version=version)).state_dict()
    suffix = "_v2" if version == 2 else ""
    assert guess_archs(state) == (f"maskrcnn_{backbone}_fpn{suffix}",)


def test_bare_weights_of_a_trunk_that_is_not_known_are_asked_about(tmp_path: Path) -> None:
    state = network().state_dict()
    state["backbone.body.layer4.7.conv1.weight"] = torch.zeros(1)
    assert guess_archs(state) == ()
    with pytest.raises(ModelFileError, match=r"--arch.*maskrcnn_resnet50_fpn.*--backbone"):
        load_file(write(tmp_path / "odd.pth", state))
    with pytest.raises(ModelFileError, match="roi_heads"):
        load_file(write(tmp_path / "classifier.pth", resnet18(weights=None).state_dict()))


def test_old_key_names_load(tmp_path: Path) -> None:
    state = network().state_dict()
    old = {}
    for key, value in state.items():
        key = key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        for block in ("inner_blocks", "layer_blocks"):
            for index in range(4):
                key = key.replace(f"{block}.{index}.0.", f"{block}.{index}.")
        for index in range(4):
            key = key.replace(
                f"roi_heads.mask_head.{index}.0.", f"roi_heads.mask_head.mask_fcn{index + 1}."
            )
        old[key] = value
    assert set(old) != set(state)
    loaded = load_file(write(tmp_path / "old.pth", old), arch="maskrcnn_resnet18_fpn")
    assert all(torch.equal(value, state[key]) for key, value in loaded.module.state_dict().items())
    assert loaded.config.fpn_channels == 16
    assert loaded.config.box_head_width == 32
    assert loaded.config.mask_channels == 16


def test_a_state_dict_with_91_classes_gets_the_names_of_coco(tmp_path: Path) -> None:
    config = ModelConfig.from_json({**SMALL.to_json(), "class_names": ["x"] * 90})
    path = write(tmp_path / "coco.pth", build_model(config).state_dict())
    names = load_file(path, arch="resnet18").config.class_names
    assert names[0] == "person"
    assert names[89] == "toothbrush"


@pytest.mark.parametrize("prefix", ["", "module.", "backbone."])
def test_backbone_weights_of_a_classifier(tmp_path: Path, prefix: str) -> None:
    torch.manual_seed(9)
    classifier = resnet18(weights=None)
    state = {prefix + key: value for key, value in classifier.state_dict().items()}
    model = network()
    used = load_backbone_weights(model, write(tmp_path / "r18.pth", state))
    assert used > 100
    assert torch.equal(
        model.backbone.body.layer3[0].conv1.weight, classifier.layer3[0].conv1.weight
    )
    frozen = build_model(ModelConfig.from_json({**SMALL.to_json(), "norm": "frozen"}))
    load_backbone_weights(frozen, tmp_path / "r18.pth")
    assert torch.equal(frozen.backbone.body.bn1.weight, classifier.bn1.weight)


def test_backbone_weights_of_a_mobilenet(tmp_path: Path) -> None:
    from torchvision.models import mobilenet_v3_small

    classifier = mobilenet_v3_small(weights=None)
    path = write(tmp_path / "v3.pth", classifier.state_dict())
    model = build_model(ModelConfig.from_json({**SMALL.to_json(), "arch": "mobilenet_v3_small"}))
    load_backbone_weights(model, path)
    assert torch.equal(model.backbone.body["12"][0].weight, classifier.features[12][0].weight)


def test_bare_weights_tell_one_mask_for_all_and_a_deeper_head(tmp_path: Path) -> None:
    config = ModelConfig.from_json(
        {**SMALL.to_json(), "mask_outputs": "agnostic", "mask_layers": 6}
    )
    state = build_model(config).state_dict()
    loaded = load_file(write(tmp_path / "w.pth", state), arch="resnet18")
    assert loaded.config.mask_outputs == "agnostic"
    assert loaded.config.mask_layers == 6
    assert loaded.config.num_classes == 4


def test_a_file_whose_masks_are_not_those_of_its_description_is_refused(tmp_path: Path) -> None:
    config = ModelConfig.from_json({**SMALL.to_json(), "mask_outputs": "agnostic"})
    save_model(tmp_path / "m.pt", network(), config)
    with pytest.raises(ModelFileError, match="4 outputs of the mask head instead of 1"):
        load_file(tmp_path / "m.pt")


def test_published_weights_of_efficientnet_lite2_know_a_zebra() -> None:
    file = shared_data("weights", "efficientnet_lite2_imagenet.pth")
    photo = shared_data("photos_unannotated")
    found = next(photo.rglob("*3627527276*"))
    fields = {**SMALL.to_json(), "arch": "efficientnet_lite2", **PUBLISHED["efficientnet_lite2"]}
    model = build_model(ModelConfig.from_json(fields)).eval()
    assert load_backbone_weights(model, file) == 378
    state = torch.load(file, weights_only=True)
    with Image.open(found) as picture:
        side = min(picture.size)
        square = ImageOps.fit(picture.convert("RGB"), (side, side)).resize((256, 256))
    image = model.transform.normalize(tensor(np.array(square)))[None]
    with torch.inference_mode():
        maps = model.backbone.body(image)["3"]
        norm = [state[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        wide = functional.batch_norm(
            functional.conv2d(maps, state["_conv_head.weight"]), *norm, eps=1e-3
        )
        pooled = functional.relu6(wide).mean((2, 3))
        classes = functional.linear(pooled, state["_fc.weight"], state["_fc.bias"])
    zebra = 340
    assert classes.argmax(1).item() == zebra
    assert classes.softmax(1)[0, zebra] > 0.4


def test_backbone_weights_that_do_not_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "w.pth", {"conv1.weight": torch.zeros(64, 3, 7, 7)})
    with pytest.raises(ModelFileError, match="missing"):
        load_backbone_weights(network(), path)
    state = resnet18(weights=None).state_dict()
    state["layer1.0.conv1.weight"] = torch.zeros(1, 2, 3, 3)
    with pytest.raises(ModelFileError, match="has the shape"):
        load_backbone_weights(network(), write(tmp_path / "w.pth", state))
