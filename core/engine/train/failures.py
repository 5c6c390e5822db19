"""What an error in training means to a person."""

from __future__ import annotations

from typing import Final

import torch

from core.sentences import MasklensError, Sentence, say

_MEMORY_WORDS: Final = ("out of memory", "can't allocate memory", "not enough memory")


def is_memory_short(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device or in the machine."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _MEMORY_WORDS)


def explain(error: BaseException) -> Sentence:
    """The sentence for an error that ended a run."""
    if isinstance(error, MasklensError):
        return error.sentence
    if is_memory_short(error):
        return say(
            "learning.no_memory",
            "There is not enough memory to train, even with the smallest batch and image size.",
        )
    return say(
        "learning.broke",
        "The training broke off: {reason}",
        reason=f"{type(error).__name__}: {error}",
    )
