"""What core says to a person: an id, the English text and its arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final

Argument = str | int | float
MOST_CHARACTERS: Final = 5000
"""What is said at most: a text or an argument may come from a file."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that is said to a person.

    The text stands beside the id where it is said and travels with it, so that whoever reads a
    sentence from a file or from another process can show it. What was said is told apart by id
    and arguments alone.
    """

    id: str
    args: Mapping[str, Argument] = field(default_factory=dict)
    text: str = field(default="", compare=False)
    """English, with `{name}` or `{name:.2f}` where an argument goes."""

    def given(self, **args: Argument) -> Sentence:
        """The sentence with its arguments."""
        return Sentence(self.id, args, self.text)

    def __hash__(self) -> int:
        return hash((self.id, *self.args.items()))


def say(id: str, text: str, /, **args: Argument) -> Sentence:
    """Make a sentence: `say("images.missing", "{path} is not there.", path="a.jpg")`.

    One that is said in several places is a constant without arguments; `given` adds them.
    """
    return Sentence(id, args, text)


def english(sentence: Sentence) -> str:
    """The sentence in English. Never raises."""
    return filled(sentence.text, sentence)


def filled(text: str, sentence: Sentence) -> str:
    """A text, English or a translation, with the arguments of the sentence.

    Never raises: a text from a file may be missing or damaged. Then id and arguments are shown.
    """
    try:
        shown = _FORMATTER.vformat(text, (), sentence.args)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        shown = ""
    if shown:
        return shown if len(shown) <= MOST_CHARACTERS else f"{shown[:MOST_CHARACTERS]}…"
    args = ", ".join(f"{name}: {value}" for name, value in sentence.args.items())
    return f"{sentence.id} ({args})" if args else sentence.id


class _Plain(Formatter):
    """Fills in arguments and nothing else: a text can come from a file that was made to harm."""

    _SPEC: Final = re.compile(r"[,+]?(\.\d)?[dfg%]?")

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if not field_name.isidentifier():  # an attribute, an item
            raise ValueError(f"not the name of an argument: {field_name}")
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if self._SPEC.fullmatch(format_spec) is None:  # a width of a billion
            raise ValueError(f"not a form of an argument: {format_spec}")
        return format(value, format_spec)


_FORMATTER: Final = _Plain()


class MasklensError(Exception):
    """An error that can be shown to a person: what happened, to which file, what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence

    def __str__(self) -> str:
        return english(self.sentence)
