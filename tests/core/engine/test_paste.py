"""Pasting within the box is torchvision's paste, and its run lengths are pycocotools'."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from torchvision.models.detection.roi_heads import paste_masks_in_image

from core.engine.paste import Crop, encode, paste


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    x0, x1 = sorted(draw(st.tuples(st.floats(0, width), st.floats(0, width))))
    y0, y1 = sorted(draw(st.tuples(st.floats(0, height), st.floats(0, height))))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    mask = rng.random((28, 28), dtype=np.float32) ** draw(st.sampled_from([0.2, 1, 3]))
    return mask.astype(np.float32), np.array([x0, y0, x1, y1], np.float32), (height, width)


@given(cases(), st.sampled_from([0.3, 0.5, 0.9]))
@settings(max_examples=80, deadline=None)
def test_equal_to_torchvision_and_pycocotools(
    case: tuple[np.ndarray, np.ndarray, tuple[int, int]], threshold: float
) -> None:
    mask, box, size = case
    whole = paste_masks_in_image(
        torch.from_numpy(mask)[None, None], torch.from_numpy(box)[None], size
    )[0, 0].numpy()
    crop = paste(mask, box, size, threshold)
    full = np.zeros(size, dtype=bool)
    full[crop.y : crop.y + crop.bits.shape[0], crop.x : crop.x + crop.bits.shape[1]] = crop.bits
    assert np.array_equal(full, whole >= threshold)
    rle = encode(crop, size)
    wanted = coco_mask.encode(np.asfortranarray(full.astype(np.uint8)))
    assert rle["size"] == list(size)
    assert rle["counts"].encode() == wanted["counts"]
    assert coco_mask.area(rle) == full.sum()


def test_runs_that_go_on_in_the_next_column() -> None:
    size = (4, 6)
    for bits in (np.ones((4, 3), bool), np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [1, 0, 1]])):
        full = np.zeros(size, dtype=np.uint8)
        full[:, 2:5] = bits
        rle = encode(Crop(2, 0, bits.astype(bool)), size)
        assert rle["counts"].encode() == coco_mask.encode(np.asfortranarray(full))["counts"]


def test_an_empty_mask_keeps_its_place() -> None:
    rle = encode(
        paste(np.zeros((28, 28), np.float32), np.array([1, 1, 9, 9], np.float32), (20, 30)),
        (20, 30),
    )
    assert coco_mask.area(rle) == 0
    assert rle["size"] == [20, 30]
