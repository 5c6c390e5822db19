"""Image files looked at a few at a time: the same numbers, in their order, whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.engine.files import predict_file, predict_files
from core.engine.predict import Predictor
from core.storage.images import ImageError
from tests.core.engine.networks import loaded, picture


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(loaded(), device="cpu", precision="float32")


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture(60 + 7 * number, 120 - 5 * number, number)).save(path)
        made.append(path)
    made[3].write_bytes(b"no image")
    return made


def test_the_same_numbers_in_the_same_order(predictor: Predictor, paths: list[Path]) -> None:
    settings = predictor.loaded.config.settings.with_(detections_per_image=12)
    one_by_one = {
        path: predict_file(predictor, path, settings)[0] for path in paths if path is not paths[3]
    }
    for workers in (1, 2, 4):
        found = list(predict_files(predictor, paths, settings, workers))
        assert len(found) == len(paths)
        with pytest.raises(ImageError):
            found[3].result()
        for path, alone in one_by_one.items():
            together = found[paths.index(path)].result().prediction
            assert (together.width, together.height) == (alone.width, alone.height)
            assert np.array_equal(together.boxes, alone.boxes)
            assert np.array_equal(together.mask_probs, alone.mask_probs)
            assert [one.polygons for one in together.instances] == [
                one.polygons for one in alone.instances
            ]


def test_threads_are_given_back_and_work_ends(predictor: Predictor, paths: list[Path]) -> None:
    before, threads = torch.get_num_threads(), threading.active_count()
    found = predict_files(predictor, paths, predictor.loaded.config.settings, 2)
    next(found).result()
    found.close()
    assert torch.get_num_threads() == before
    assert threading.active_count() == threads


def test_few_are_in_work_ahead(predictor: Predictor, paths: list[Path]) -> None:
    begun: list[Path] = []

    def each() -> Iterator[Path]:
        for path in paths:
            begun.append(path)
            yield path

    found = predict_files(predictor, each(), predictor.loaded.config.settings, 2)
    next(found)
    assert len(begun) == 3, "one for each worker and one that waits"
    found.close()
