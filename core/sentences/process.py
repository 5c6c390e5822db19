"""Sentences of the engine process and of the protocol between it and the window."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "process.broken_message": "The engine sent something that is not a message ({detail}).",
    "process.version_mismatch": (
        "The engine speaks version {theirs} of the protocol and this program version {ours}. "
        "Install the same masklens on both sides."
    ),
    "process.hung": "The engine gave no sign of life for {seconds} seconds and was ended.",
    "process.not_started": "The engine could not be started: {why}.",
    "process.killed": (
        "The engine crashed or was ended from outside. If this happens with large images, "
        "memory may be short."
    ),
    "process.exited": "The engine ended by itself with exit code {code}.",
    "process.died_on_it": "The engine ended while it worked on this.",
    "process.no_torch": "The engine cannot load torch: {why}.",
    "process.no_model": "No model is loaded yet.",
    "process.model_finds_nothing": "It finds nothing at all in {image}.",
    "process.model_not_finite": (
        "The model gives numbers that are not finite, so it is not taken into use."
    ),
    "process.no_such_precision": "{name} is not a precision; use auto, float32 or bf16.",
    "process.out_of_memory": (
        "Memory ran out. Close other programs, or choose a smaller model or image."
    ),
    "process.unexpected": "Something unforeseen went wrong in the engine: {error}.",
    "process.gave_up": "The engine ended several times in a row and is not started again.",
}
