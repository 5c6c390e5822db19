"""YOLOX-Nano answers as the published network does in onnxruntime, and its boxes are decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import resources
from core.engine.proposers import yolox
from core.engine.proposers.base import ProposerError
from core.engine.proposers.yolox import SIDE, decode, letterbox, load_bundled
from core.storage.images import read_image

REFERENCE = Path(__file__).parent / "yolox_nano.npz"
SAMPLE = Path(resources.__file__).parent / "sample" / "things-1.jpg"
BLACK = torch.zeros((3, 100, 200), dtype=torch.uint8)


def answer_of(cells: int = 3549, classes: int = 2) -> torch.Tensor:
    return torch.zeros((cells, 5 + classes))


def test_it_answers_as_onnxruntime_does() -> None:
    """The reference was written by `tests.bench.bench_yolox --write`.

    Scores agree to 1e-4. Offsets agree to 3e-4 cells: onnxruntime is as far from itself when its
    optimisations are off, and a whole box from float64.
    """
    with np.load(REFERENCE) as stored:
        rows, wanted = stored["rows"], stored["answer"]
    image = letterbox(torch.from_numpy(read_image(SAMPLE).pixels.copy()).permute(2, 0, 1))[0]
    with torch.inference_mode():
        found = load_bundled().module(image)[0].numpy()
    assert found.shape == (3549, 85)
    np.testing.assert_allclose(found[rows][:, 4:], wanted[:, 4:], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found[rows][:, :4], wanted[:, :4], rtol=0, atol=3e-4)


def test_an_image_lies_at_the_top_left_of_a_grey_square_in_bgr() -> None:
    image = BLACK.clone()
    image[0] = 200  # red
    square, factor = letterbox(image)
    assert factor == pytest.approx(2.08)
    assert square.shape == (1, 3, SIDE, SIDE)
    assert square[0, 2, 207, 415] == 200
    assert square[0, 0, 207, 415] == 0
    assert (square[0, :, 208:] == 114).all()


def test_a_cell_s_numbers_are_offsets_and_logarithms_of_sides() -> None:
    answer = answer_of()
    # The second cell of the second row at stride 8, and the last at stride 32.
    answer[53] = torch.tensor([0.5, 0.25, np.log(2), np.log(4), 0.5, 0.2, 0.8])
    answer[-1] = torch.tensor([0, 0, 0, 0, 1, 1, 0])
    boxes, scores = decode(answer, SIDE, SIDE)
    assert boxes[53].tolist() == pytest.approx([4, -6, 20, 26], abs=1e-4)
    assert scores[53].tolist() == pytest.approx([0.1, 0.4])
    assert boxes[-1].tolist() == pytest.approx([12 * 32 - 16, 12 * 32 - 16, 400, 400])


def test_boxes_come_back_in_pixels_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    proposer = load_bundled()
    answer = answer_of(classes=80)
    answer[0] = torch.tensor([10.4, 5.2, np.log(4), np.log(2), 0.5, *[0.1] * 80])
    answer[0, 5 + 6] = 0.9
    monkeypatch.setattr(type(proposer.module), "forward", lambda self, image: answer[None])
    found = proposer.propose(BLACK)
    assert found.boxes[0].tolist() == pytest.approx([32.32, 16.16, 47.68, 23.84], abs=0.02)
    assert proposer.class_names[int(found.label[0]) - 1] == "train"
    assert float(found.score[0]) == pytest.approx(0.45)
    assert len(found.boxes) == 3549


def test_it_knows_coco_s_names() -> None:
    names = load_bundled().class_names
    assert len(names) == len(set(names)) == 80
    assert (names[0], names[-1]) == ("person", "toothbrush")


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolox, "FILE", "gone.pt")
    with pytest.raises(ProposerError, match=r"gone\.pt is missing"):
        load_bundled()
