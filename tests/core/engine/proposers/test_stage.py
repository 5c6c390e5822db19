"""A proposer's boxes become candidates, detections and masks, and every cut leaves its trace."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.document.geometry import bounds
from core.engine.lens_rerun import Rerunner
from core.engine.predict import Predictor
from core.engine.proposers.base import ProposerError
from core.engine.proposers.stage import channels_of
from core.engine.stages import features, masks
from core.engine.weights import LoadedModel, with_proposer
from core.lens.trace import PROPOSER_STAGES, STAGES, Fate, Trace, to_numpy
from core.lens.views import VIEWS, counts
from tests.core.engine.networks import loaded, picture
from tests.core.engine.proposers.fakes import FakeProposer

ROWS = (
    (10.0, 10.0, 60.0, 70.0, 1, 0.9),
    (12.0, 11.0, 61.0, 70.0, 1, 0.8),  # suppressed by the first
    (12.0, 11.0, 61.0, 70.0, 2, 0.7),  # another label
    (70.0, 20.0, 120.0, 80.0, 2, 0.6),
    (70.0, 20.0, 120.0, 80.0, 1, 0.2),  # below the score
    (100.0, 60.0, 180.0, 140.0, 1, 0.5),  # reaches out of the image
)
IMAGE = picture()


def paired(*rows: tuple[float, float, float, float, int, float]) -> LoadedModel:
    return with_proposer(loaded(), FakeProposer(*rows), "pair")


def predictor_of(*rows: tuple[float, float, float, float, int, float]) -> Predictor:
    return Predictor(paired(*rows), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(*ROWS)


@pytest.fixture(scope="module")
def trace(predictor: Predictor) -> Trace:
    found = predictor.predict(IMAGE, keep_trace=True).trace
    assert found is not None
    return found


def test_the_pair_is_told_from_its_halves(predictor: Predictor) -> None:
    pair = predictor.loaded
    assert pair.name == "pair"
    assert pair.revision.startswith("pair@")
    assert pair.class_names == ("apple", "pear")
    assert pair.network is loaded()
    assert pair.config.settings == loaded().config.settings.with_(score=0.3, nms=0.5)
    other = FakeProposer()
    other.revision = "fake@2"
    assert with_proposer(loaded(), other, "pair").revision != pair.revision
    assert predictor.stages == PROPOSER_STAGES


def test_detections_are_the_proposer_s_boxes_with_its_names(predictor: Predictor) -> None:
    found = predictor.predict(IMAGE)
    assert found.label_names == ("apple", "pear", "pear", "apple")
    np.testing.assert_allclose(found.scores, [0.9, 0.7, 0.6, 0.5], rtol=1e-6)
    wanted = [ROWS[0][:4], ROWS[2][:4], ROWS[3][:4], (100, 60, 130, 90)]
    np.testing.assert_allclose(found.boxes, wanted, atol=1e-3)
    for instance, index in zip(found.instances, found.instance_detections, strict=True):
        assert instance.label == found.label_names[index]
        around, box = bounds(instance.polygons), found.boxes[index]
        assert around.x0 >= box[0] - 3
        assert around.x1 <= box[2] + 3


def test_every_box_has_a_fate(trace: Trace) -> None:
    fates = [Fate(int(each)) for each in trace.candidates.fate]
    kept, gone, low = Fate.KEPT, Fate.SUPPRESSED, Fate.LOW_SCORE
    assert fates == [kept, gone, kept, kept, low, kept]
    assert trace.candidates.suppressor is not None
    assert trace.candidates.suppressor.tolist() == [-1, 0, -1, -1, -1, -1]
    assert trace.detections.candidate_index.tolist() == [0, 2, 3, 5]
    assert trace.detections.proposal_index.tolist() == [0, 2, 3, 5]
    assert trace.detections.anchor_index.tolist() == [-1] * 4


def test_idle_stages_hold_nothing(trace: Trace) -> None:
    assert trace.stages == PROPOSER_STAGES
    counted = counts(trace)
    idle = set(STAGES) - set(PROPOSER_STAGES) - {"proposals"}
    assert not idle & counted.keys()
    assert {VIEWS[name].count(trace) for name in idle} == {0}
    assert counted["proposer"] == len(ROWS)
    assert counted["detections"] == 4
    assert set(trace.milliseconds) == set(PROPOSER_STAGES)
    plain = to_numpy(trace)
    assert plain.proposer is not None
    assert isinstance(plain.proposer.boxes, np.ndarray)


def test_a_label_that_the_model_knows_takes_its_mask_and_another_the_largest_of_all() -> None:
    assert channels_of(("apple", "dog", "cat"), loaded().config.class_names) == (-1, 2, 1)
    fruit_and_dog = FakeProposer(*ROWS)
    fruit_and_dog.class_names = ("apple", "dog")
    pair = with_proposer(loaded(), fruit_and_dog, "pair")
    predictor = Predictor(pair, device="cpu", precision="float32")
    found = predictor.predict(IMAGE, keep_trace=True).trace
    assert found is not None
    assert found.mask_logits.channel is not None
    assert found.mask_logits.channel.tolist() == [-1, 2, 2, -1]
    logits, levels = found.mask_logits.logits, features.maps_of([found.pyramid])
    with torch.inference_mode():
        boxes = [found.detections.resized_boxes]
        again = masks.run_mask_head(predictor.module, features.roi_maps(levels), boxes)
    torch.testing.assert_close(logits, again)
    made = found.mask_logits.probabilities
    torch.testing.assert_close(made[1:3], again[1:3, 2].sigmoid())
    torch.testing.assert_close(made[[0, 3]], again[[0, 3], 1:].amax(dim=1).sigmoid())


def test_stages_are_told_in_their_order(predictor: Predictor) -> None:
    seen: list[tuple[str, int]] = []
    predictor.predict(IMAGE, on_stage=lambda name, place: seen.append((name, place)))
    assert seen == [(name, place) for place, name in enumerate(PROPOSER_STAGES)]


@pytest.mark.parametrize(
    "change",
    [{"score": 0.65}, {"nms": 0.99}, {"detections_per_image": 1}, {"mask": 0.3}, {"score": 1.0}],
    ids=str,
)
def test_a_rerun_equals_a_full_prediction(
    predictor: Predictor, trace: Trace, change: dict[str, float]
) -> None:
    changed = trace.settings.with_(**change)
    again = Rerunner(predictor, trace).run(changed)
    full = predictor.predict(IMAGE, changed, keep_trace=True).trace
    assert full is not None
    assert torch.equal(again.candidates.fate, full.candidates.fate)
    assert torch.equal(again.detections.boxes, full.detections.boxes)
    assert torch.equal(again.mask_logits.probabilities, full.mask_logits.probabilities)
    assert again.polygons == full.polygons
    quick = Rerunner(predictor, trace).quick(changed)
    assert torch.equal(quick.detections.boxes, full.detections.boxes)


def test_tiles_make_the_proposer_look_again() -> None:
    predictor = predictor_of((5, 5, 25, 25, 1, 0.9))
    proposer = predictor.loaded.proposer
    assert isinstance(proposer, FakeProposer)
    trace = predictor.predict(IMAGE, keep_trace=True).trace
    assert trace is not None
    four = trace.settings.with_(proposer_tiles=4)
    full = predictor.predict(IMAGE, four, keep_trace=True).trace
    assert full is not None
    assert len(full.detections.boxes) == 4  # the whole and the first tile say the same
    rerunner = Rerunner(predictor, trace, IMAGE)
    looks = len(proposer.sizes)
    again = rerunner.run(four)
    assert len(proposer.sizes) == looks + 5
    assert torch.equal(again.detections.boxes, full.detections.boxes)
    assert again.proposer is not None
    assert len(again.proposer.tiles) == 4
    rerunner.run(four.with_(score=0.5))
    assert len(proposer.sizes) == looks + 5
    with pytest.raises(ValueError, match="without the pixels"):
        Rerunner(predictor, trace).run(four)


def test_nothing_proposed_is_no_error() -> None:
    found = predictor_of().predict(IMAGE, keep_trace=True)
    assert len(found.boxes) == 0
    assert found.instances == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ((1.0, 1.0, float("nan"), 9.0, 1, 0.9), "not finite"),
        ((1.0, 1.0, 5.0, 9.0, 3, 0.9), "a label has no name"),
        ((1.0, 1.0, 5.0, 9.0, 0, 0.9), "a label has no name"),
    ],
)
def test_an_answer_without_sense_is_refused(
    row: tuple[float, float, float, float, int, float], problem: str
) -> None:
    with pytest.raises(ProposerError, match=problem):
        predictor_of(row).predict(IMAGE)


def test_a_network_alone_is_as_it_was() -> None:
    plain = Predictor(loaded(), device="cpu", precision="float32").predict(IMAGE, keep_trace=True)
    assert plain.trace is not None
    assert plain.trace.proposer is None
    assert plain.trace.mask_logits.channel is None
    assert plain.trace.stages == STAGES
