"""Checkpoints: the state of a run after a step, whole on the disk or the one before it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from core.engine.model_reading import ModelFileError, read_checked
from core.learning.errors import LearningError
from core.sentences import say
from core.storage import inside
from core.storage.atomic import write_atomic

FORMAT: Final = "masklens-checkpoint"
VERSION: Final = 1


@dataclass(slots=True)
class Best:
    """The best weights seen so far, by the AP of held-out images that the network is judged by."""

    ap: float = -1.0
    step: int = 0
    averaged: bool = True
    weights: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was saved."""

    state: Mapping[str, Any]
    best: Best
    seconds: float


def save_checkpoint(path: Path, state: Mapping[str, Any], best: Best, seconds: float) -> None:
    """Write a checkpoint beside and rename it. Raises StorageError; the old one is then intact."""
    buffer = io.BytesIO()
    content = {
        "format": FORMAT,
        "version": VERSION,
        "seconds": seconds,
        "state": dict(state),
        "best": {
            "ap": best.ap,
            "step": best.step,
            "averaged": best.averaged,
            "weights": dict(best.weights),
        },
    }
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint without running code in it; None when there is none.

    Raises LearningError when it is not ours or damaged.
    """
    if not inside.exists(path):
        return None
    damaged = LearningError(
        say("learning.checkpoint_damaged", "The checkpoint {path} cannot be read.", path=str(path))
    )
    try:
        content = read_checked(path)
    except ModelFileError as error:
        raise damaged from error
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        raise damaged
    try:
        kept = dict(content["best"])
        kept.setdefault("ap", kept.pop("mask_ap", -1.0))  # its name in checkpoints of before
        best = Best(**kept)
        return Checkpoint(content["state"], best, float(content["seconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged from error
