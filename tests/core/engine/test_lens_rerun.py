"""A rerun from kept values is the same, bit for bit, as a full prediction with those settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.document.runs import mask_iou
from core.engine.colours import colours_of
from core.engine.lens_rerun import Rerunner
from core.engine.paste import run_length
from core.engine.predict import Predictor
from core.engine.stages import masks
from core.lens.reading import read
from core.lens.trace import to_numpy
from tests.core.engine.networks import SMALL, loaded, picture

CHANGES = [
    {"score": 0.01},
    {"nms": 0.1},
    {"detections_per_image": 3},
    {"box_min_size": 20.0},
    {"mask": 0.3},
    {"mask_colours": "yes", "mask": 0.4},
    {"rpn_pre_nms_top_n": 40},
    {"rpn_post_nms_top_n": 12},
    {"rpn_nms": 0.3},
    {"rpn_min_size": 12.0},
    {"rpn_score": 0.6},
    {"rpn_nms": 1.0, "score": 0.0},
    {"score": 1.0},
    {"rpn_min_size": 1e6},
    {"fpn": "C4"},
    {"anchor_scale": 1.5, "anchor_stretch": 0.5},
    {"rpn_levels": "together"},
    {"roi_level": "round", "roi_canonical": 60},
    {"roi_pool": "roipool"},
    {"roi_pool": "roiwarp", "roi_sampling": 3},
    {"roi_pool": "crop"},
    {"roi_aligned": "yes", "roi_sampling": 0},
    {"suppression": "soft"},
    {"mask_activation": "softmax"},
]

BOX_STAGES = ("decoded", "proposals", "roi_levels", "box_head", "candidates", "detections")


def stages(trace):
    flat = {}
    for name in (
        "anchors",
        "rpn",
        "decoded",
        "proposals",
        "roi_levels",
        "box_head",
        "candidates",
        "detections",
    ):
        stage = getattr(trace, name)
        for field in stage.__dataclass_fields__:
            flat[name, field] = getattr(stage, field)
    flat |= {("pyramid", str(n)): each for n, each in enumerate(trace.pyramid.maps)}
    flat["masks"] = trace.mask_logits.logits
    flat["own"] = trace.mask_logits.probabilities
    flat["level"] = trace.mask_logits.level
    return flat


def assert_same(one, other):
    for key, value in stages(one).items():
        theirs = stages(other)[key]
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, theirs), key
        else:
            assert value == theirs, key
    assert one.polygons == other.polygons
    assert one.settings == other.settings


@pytest.fixture(scope="module")
def predictor():
    config = replace(SMALL, settings=SMALL.settings.with_(detections_per_image=24))
    return Predictor(loaded(config), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def rerunner(predictor):
    trace = predictor.predict(picture(), keep_trace=True).trace
    return Rerunner(predictor, trace)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_rerun_equals_a_full_prediction_and_a_quick_answer_nearly(predictor, rerunner, change):
    changed = rerunner.trace.settings.with_(**change)
    full = predictor.predict(picture(), changed, keep_trace=True).trace
    assert_same(rerunner.run(changed), full)
    quick = rerunner.quick(changed)
    assert torch.equal(quick.detections.boxes, full.detections.boxes)
    ours, theirs = quick.mask_logits.logits, full.mask_logits.logits
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_going_back_gives_the_first_answer(rerunner):
    own = rerunner.trace.settings
    rerunner.run(own.with_(rpn_nms=0.2, score=0.0))
    assert_same(rerunner.run(own), rerunner.trace)


def test_an_answer_without_suppressors_does_not_spoil_the_next(rerunner):
    own = rerunner.trace.settings
    rerunner.boxes(own.with_(rpn_nms=0.4), explain=False)
    assert rerunner.boxes(own.with_(rpn_nms=0.4, score=0.1)).decoded.suppressor is not None


@pytest.mark.parametrize("change", CHANGES[:6], ids=str)
def test_a_lazy_reading_shows_the_masks_of_the_full_trace(rerunner, change):
    changed = rerunner.trace.settings.with_(**change)
    lazy = rerunner.reading(changed)
    full = read(to_numpy(rerunner.run(changed)), run_length)
    assert lazy.detections.tolist() == full.detections.tolist()
    for one, other in zip(lazy.detection_masks(), full.detection_masks(), strict=True):
        assert one == other or mask_iou([one], [other])[0, 0] > 0.999


def test_a_trace_changes_nothing(predictor):
    plain, traced = predictor.predict(picture()), predictor.predict(picture(), keep_trace=True)
    for name in ("boxes", "labels", "scores", "mask_probs"):
        assert (getattr(plain, name) == getattr(traced, name)).all()
    assert [i.polygons for i in plain.instances] == [i.polygons for i in traced.instances]


def test_kept_outlines_are_those_of_their_masks(predictor):
    # One of its own: masks that other tests have led came of other batches, whose last bits differ
    # where a processor's vectors are wide.
    rerunner = Rerunner(predictor, predictor.predict(picture(), keep_trace=True).trace)
    own = rerunner.trace.settings
    led = {"mask_colours": "yes"}
    colours = colours_of(rerunner._model, rerunner.trace.input)
    for change in ({"score": 0.1}, {"mask": 0.6}, {"score": 0.1}, led, {**led, "score": 0.1}, {}):
        trace = rerunner.quick(own.with_(**change))
        size, settings = trace.input.image_size, trace.settings
        expected = masks.trace_outlines(
            trace.mask_logits, trace.detections, size, settings, colours
        )
        assert trace.polygons == expected
        assert (trace.polygons.led is not None) == (settings.mask_colours == "yes")
        if expected.led is not None:
            assert torch.equal(trace.polygons.led, expected.led)
            assert torch.equal(trace.polygons.led_boxes, expected.led_boxes)
