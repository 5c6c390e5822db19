"""Logits as probabilities, in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def sigmoid(logits: NDArray[Any]) -> Float32:
    """1 / (1 + exp(-x)), float32 of any shape, without overflow."""
    small = np.exp(-np.abs(logits.astype(np.float64)))
    exact = np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    return np.asarray(exact, dtype=np.float32)


def softmax(logits: NDArray[Any]) -> Float32:
    """Class probabilities of logits R×K: float32 R×K, each row sums to 1."""
    exact = logits.astype(np.float64)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True)) if exact.size else exact
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def logit(probabilities: NDArray[Any]) -> NDArray[np.float32]:
    """The logits of probabilities, those of 0 and 1 as of a millionth from them."""
    shares = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(shares / (1 - shares)), dtype=np.float32)
