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
