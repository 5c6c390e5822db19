"""The configuration survives its JSON and refuses what cannot be built."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.config import ConfigError, ModelConfig, TrainingSettings
from core.lens.settings import NETWORK_SETTINGS, StageSettings

names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5).map(tuple)
sizes = st.floats(1, 600, allow_nan=False)
levels = st.integers(1, 3).flatmap(lambda n: st.tuples(*[st.tuples(*[sizes] * n)] * 5))
configs = st.builds(
    ModelConfig,
    arch=st.sampled_from(["resnet18", "custom"]),
    version=st.sampled_from([1, 2]),
    class_names=names,
    min_size=st.integers(1, 500),
    max_size=st.integers(500, 2000),
    least_factor=st.none() | st.floats(0.01, 100),
    anchor_sizes=levels,
    aspect_ratios=st.lists(st.floats(0.1, 10), min_size=1, max_size=4).map(tuple),
    fpn_channels=st.integers(1, 512),
    mask_layers=st.integers(1, 32),
    mask_outputs=st.sampled_from(["per_class", "agnostic"]),
    norm=st.sampled_from(["frozen", "batch"]),
    trainable_layers=st.integers(0, 5),
    settings=st.builds(StageSettings, score=st.floats(0, 1), nms=st.floats(0, 1)),
    training=st.builds(TrainingSettings, roi_samples=st.integers(1, 600)),
)


@given(configs)
def test_round_trip(config: ModelConfig) -> None:
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_absent_fields_take_their_default() -> None:
    assert ModelConfig.from_json({}) == ModelConfig()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"arch": ""}, "arch"),
        ({"arch": 5}, "arch"),
        ({"version": 3}, "version"),
        ({"class_names": "cat"}, "class_names"),
        ({"class_names": []}, "class_names"),
        ({"class_names": ["a", 3]}, "class_names"),
        ({"min_size": 0}, "min_size"),
        ({"min_size": True}, "min_size"),
        ({"min_size": 2000}, "max_size"),
        ({"least_factor": 0}, "least_factor"),
        ({"least_factor": "2"}, "least_factor"),
        ({"image_std": [1, 1, 0]}, "image_std"),
        ({"image_mean": [1, 1]}, "image_mean"),
        ({"anchor_sizes": [[32]]}, "anchor_sizes"),
        ({"anchor_sizes": [[8], [16], [32], [64], [128, 256]]}, "anchor_sizes"),
        ({"anchor_sizes": [[8], [16], [32], [64], ["x"]]}, "anchor_sizes"),
        ({"aspect_ratios": []}, "aspect_ratios"),
        ({"aspect_ratios": [float("nan")]}, "aspect_ratios"),
        ({"norm": "group"}, "norm"),
        ({"norm_eps": -1}, "norm_eps"),
        ({"trainable_layers": 6}, "trainable_layers"),
        ({"settings": {"nms": 2}}, "settings"),
        ({"settings": 3}, "settings"),
        ({"training": {"roi_samples": 0}}, "roi_samples"),
        ({"training": {"other": 0}}, "training"),
        ({"training": {"roi_background_iou": 0.6}}, "roi_background_iou"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        ModelConfig.from_json(fields)


def test_only_an_object_is_a_configuration() -> None:
    with pytest.raises(ConfigError):
        ModelConfig.from_json([1])


def test_label_indices_begin_after_the_background() -> None:
    config = ModelConfig(class_names=("cat", "dog"))
    assert config.num_classes == 3
    assert config.class_name(1) == "cat"
    for label in (0, 3):
        with pytest.raises(IndexError):
            config.class_name(label)


def test_settings_that_a_model_never_looks_at() -> None:
    usual = ModelConfig(arch="resnet18", class_names=("a",))
    assert set(usual.idle_settings(proposed=False)) == {"proposer_tiles"}
    assert set(usual.idle_settings(proposed=True)) == set(NETWORK_SETTINGS)
    one = replace(usual, arch="vgg16", one_map=True, settings=StageSettings(fpn="C4"))
    assert {"roi_level", "fpn"} <= set(one.idle_settings(proposed=False))
    assert {"roi_level", "rpn_nms"} <= set(one.idle_settings(proposed=True))
    agnostic = replace(usual, mask_outputs="agnostic").idle_settings(proposed=False)
    assert agnostic["mask_activation"] == "a mask for each class"
    assert "mask" not in agnostic
    boxes = replace(usual, mask_outputs="none").idle_settings(proposed=False)
    assert {"mask", "mask_colours", "mask_activation"} <= set(boxes)
