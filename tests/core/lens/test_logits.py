"""Probabilities and overlaps in numpy are those that torch and torchvision give."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_iou

from core.lens.boxes import pair_iou
from core.lens.logits import sigmoid, softmax

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 40))
def test_softmax_and_sigmoid_are_torchs(seed, classes):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 30, (20, classes)).astype(np.float32)
    tensor = torch.from_numpy(logits)
    np.testing.assert_allclose(softmax(logits), tensor.softmax(-1).numpy(), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(sigmoid(logits), tensor.sigmoid().numpy(), rtol=1e-5, atol=1e-12)


@given(seeds)
def test_the_overlap_of_pairs_is_torchvisions_to_the_last_digit(seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 200, (60, 2))
    boxes = np.hstack([corner, corner + rng.uniform(1, 60, (60, 2))]).astype(np.float32)
    theirs = box_iou(torch.from_numpy(boxes), torch.from_numpy(boxes[:1]))[:, 0].numpy()
    assert pair_iou(boxes, boxes[0]).tolist() == theirs.tolist()
