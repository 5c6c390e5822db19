"""What an error in training means to a person."""

from __future__ import annotations

from core.engine.jobs import is_memory_short
from core.sentences import MasklensError, Sentence, say


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
