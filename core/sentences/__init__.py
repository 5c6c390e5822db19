"""Sentences for people, kept apart from the code that says them.

Each module in this package holds the English templates of one part in `TEXTS`;
ids begin with the name of the part. The window translates the same templates.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from core.sentences.sentence import Argument, Sentence, say

__all__ = ["Argument", "MasklensError", "Sentence", "english", "say", "templates"]


@cache
def templates() -> Mapping[str, str]:
    """Every English template by its id. Raises ValueError when two parts use one id."""
    merged: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        texts = getattr(importlib.import_module(f"{__name__}.{module.name}"), "TEXTS", {})
        twice = merged.keys() & texts.keys()
        if twice:
            raise ValueError(f"sentence ids used twice: {sorted(twice)}")
        merged.update(texts)
    return MappingProxyType(merged)


def english(sentence: Sentence) -> str:
    """The sentence in English. Raises KeyError when its id or an argument is unknown."""
    return templates()[sentence.id].format(**dict(sentence.args))


class MasklensError(Exception):
    """An error that can be shown to a person: what happened, to which file, what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence

    def __str__(self) -> str:
        return english(self.sentence)
