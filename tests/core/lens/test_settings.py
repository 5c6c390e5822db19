"""Knobs are typed, bounded and told apart by name."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lens.settings import CHOICES, NAMES, SettingError, StageSettings

some = st.builds(
    StageSettings,
    **{name: st.sampled_from(values) for name, values in CHOICES.items()},
    anchor_scale=st.floats(0.1, 10),
    rpn_pre_nms_top_n=st.integers(1, 5000),
    rpn_post_nms_top_n=st.integers(1, 5000),
    rpn_nms=st.floats(0, 1),
    rpn_min_size=st.floats(0, 50),
    rpn_score=st.floats(0, 1),
    score=st.floats(0, 1),
    nms=st.floats(0, 1),
    detections_per_image=st.integers(1, 5000),
    box_min_size=st.floats(0, 50),
    mask=st.floats(0, 1),
)


@given(some)
def test_round_trip(settings: StageSettings) -> None:
    assert StageSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    texts = [f"{name}={getattr(settings, name)}" for name in NAMES]
    assert StageSettings().with_text(texts) == settings


def test_defaults_are_torchvisions() -> None:
    import inspect

    from torchvision.models.detection import MaskRCNN

    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(MaskRCNN).parameters.items()
    }
    ours = StageSettings()
    assert ours.rpn_pre_nms_top_n == defaults["rpn_pre_nms_top_n_test"]
    assert ours.rpn_post_nms_top_n == defaults["rpn_post_nms_top_n_test"]
    assert ours.rpn_nms == defaults["rpn_nms_thresh"]
    assert ours.rpn_score == defaults["rpn_score_thresh"]
    assert ours.score == defaults["box_score_thresh"]
    assert ours.nms == defaults["box_nms_thresh"]
    assert ours.detections_per_image == defaults["box_detections_per_img"]


def test_what_changed_is_named_in_the_order_of_the_stages() -> None:
    settings = StageSettings().with_(nms=0.4, rpn_nms=0.6)
    assert settings.changed_from(StageSettings()) == ("rpn_nms", "nms")
    assert settings.changed_from(settings) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("score", "NAME=VALUE"),
        ("scores=0.3", "no setting named 'scores'"),
        ("score=high", "score cannot be 'high'"),
        ("score=1.5", "from 0 to 1"),
        ("score=nan", "from 0 to 1"),
        ("nms=-0.1", "from 0 to 1"),
        ("detections_per_image=0", "whole number"),
        ("detections_per_image=1.5", "a whole number"),
        ("roi_pool=roi", "one of roialign, roipool, roiwarp, crop"),
        ("anchor_scale=0", "from 0.1 to 10"),
        ("rpn_min_size=inf", "pixels"),
        ("rpn_min_size=-1", "pixels"),
    ],
)
def test_a_bad_assignment_says_what_it_takes(text: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        StageSettings().with_text([text])


@pytest.mark.parametrize("value", [True, "0.5", None, math.inf, math.nan, 2])
def test_wrong_types_are_refused(value: object) -> None:
    with pytest.raises(SettingError):
        StageSettings.from_json({"score": value})


def test_unknown_names_and_shapes_are_refused() -> None:
    with pytest.raises(SettingError, match="no setting"):
        StageSettings.from_json({"speed": 1})
    with pytest.raises(SettingError, match="JSON object"):
        StageSettings.from_json([0.5])
