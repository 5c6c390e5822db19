"""Predicting one image from pixels to suggestions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.document.geometry import bounds
from core.document.instance import Source
from core.engine.precision import DeviceError, choose_device
from core.engine.predict import PredictionCancelled, Predictor
from core.lens.trace import STAGES
from tests.core.engine.networks import SMALL, loaded, network, picture, tensor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(loaded(), device="cpu", precision="float32")


def test_detections_equal_torchvisions_forward(predictor: Predictor) -> None:
    pixels = picture()
    found = predictor.predict(pixels)
    with torch.no_grad():
        wanted = network()([tensor(pixels)])[0]
    assert len(found.scores) > 3
    assert np.array_equal(found.boxes, wanted["boxes"].numpy())
    assert np.array_equal(found.scores, wanted["scores"].numpy())
    assert np.array_equal(found.labels, wanted["labels"].numpy())
    assert (found.width, found.height) == (130, 90)
    assert found.label_names == tuple(SMALL.class_names[i - 1] for i in found.labels)


def test_suggestions_of_detections(predictor: Predictor) -> None:
    found = predictor.predict(picture())
    assert found.instances
    assert len({instance.id for instance in found.instances}) == len(found.instances)
    for instance, index in zip(found.instances, found.instance_detections, strict=True):
        assert instance.source is Source.SUGGESTED
        assert instance.score == float(found.scores[index])
        assert instance.label == found.label_names[index]
        assert instance.model == "small@0"
        frame, box = bounds(instance), found.boxes[index]
        assert frame.x0 >= box[0] - 2
        assert frame.x1 <= box[2] + 2
        assert frame.y0 >= max(box[1] - 2, 0)
        assert frame.y1 <= min(box[3] + 2, 90)


def test_settings_replace_the_models_own(predictor: Predictor) -> None:
    all_of_them = predictor.predict(picture()).scores
    middle = float(all_of_them[len(all_of_them) // 2])
    strict = predictor.predict(picture(), SMALL.settings.with_(score=middle)).scores
    few = predictor.predict(picture(), SMALL.settings.with_(detections_per_image=2)).scores
    assert strict.tolist() == [s for s in all_of_them.tolist() if s > middle]
    assert 0 < len(strict) < len(all_of_them)
    assert few.tolist() == all_of_them[:2].tolist()


def test_an_image_without_detections(predictor: Predictor) -> None:
    found = predictor.predict(picture(), SMALL.settings.with_(score=1.0), keep_trace=True)
    assert found.boxes.shape == (0, 4)
    assert found.mask_probs.shape == (0, 28, 28)
    assert found.instances == ()
    assert found.trace is not None
    assert found.trace.mask_logits.logits.shape == (0, 4, 28, 28)
    assert len(found.trace.detections.boxes) == 0


def test_stages_are_told_in_order_and_timed(predictor: Predictor) -> None:
    seen: list[tuple[str, int]] = []
    found = predictor.predict(picture(), on_stage=lambda name, place: seen.append((name, place)))
    assert [name for name, _ in seen] == list(STAGES)
    assert [place for _, place in seen] == list(range(len(STAGES)))
    assert set(found.ms) == set(STAGES)
    assert all(taken >= 0 for taken in found.ms.values())


@pytest.mark.parametrize("after", [0, 1, 4, len(STAGES) - 1])
def test_cancelled_between_stages(predictor: Predictor, after: int) -> None:
    seen: list[str] = []
    with pytest.raises(PredictionCancelled):
        predictor.predict(
            picture(),
            cancelled=lambda: len(seen) >= after,
            on_stage=lambda name, _: seen.append(name),
        )
    assert seen == list(STAGES[:after])
    assert len(predictor.predict(picture()).scores) > 3


def test_traced_and_untraced_predictions_are_the_same(predictor: Predictor) -> None:
    one, two = (predictor.predict(picture(), keep_trace=keep) for keep in (False, True))
    assert np.array_equal(one.boxes, two.boxes)
    assert np.array_equal(one.mask_probs, two.mask_probs)
    assert two.trace is not None
    assert two.trace.model == "small@0"
    assert two.trace.class_names == SMALL.class_names
    assert len(two.trace.detections.boxes) == len(two.scores)


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (33, 33)])
def test_odd_sizes(predictor: Predictor, shape: tuple[int, int]) -> None:
    found = predictor.predict(picture(*shape))
    assert (found.height, found.width) == shape
    assert (found.boxes[:, 2] <= shape[1]).all()
    assert (found.boxes[:, 3] <= shape[0]).all()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(predictor: Predictor, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        predictor.predict(pixels)


def test_bf16_finds_the_same_things() -> None:
    low = Predictor(loaded(), device="cpu", precision="bf16")
    assert low.numerics.autocast == torch.bfloat16
    found = low.predict(picture())
    assert found.boxes.dtype == np.float32
    assert found.mask_probs.dtype == np.float32
    exact = Predictor(loaded(), device="cpu", precision="float32").predict(picture())
    # Random heads amplify rounding, so only the strongest are compared here.
    assert abs(found.scores[0] - exact.scores[0]) < 0.1


def test_devices() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(DeviceError, match="not the name"):
        choose_device("abacus")
    for absent in ("cuda:7", "xpu"):
        with pytest.raises(DeviceError, match="not available"):
            choose_device(absent)
