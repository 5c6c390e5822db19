"""What core says to a person: an id, the English text and its arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final

Argument = str | int | float


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that is said to a person.

    The text stands beside the id where it is said and travels with it, so that whoever reads a
    sentence from a file or from another process can show it. What was said is told apart by id
    and arguments alone.
    """

    id: str
    args: tuple[tuple[str, Argument], ...] = ()
    text: str = field(default="", compare=False)
    """English, with `{name}` or `{name:.2f}` where an argument goes."""

    def given(self, **args: Argument) -> Sentence:
        """The sentence with its arguments."""
        return Sentence(self.id, tuple(args.items()), self.text)

    def to_json(self) -> dict[str, object]:
        """The sentence as a JSON object `{"id", "text", "args"}`."""
        return {"id": self.id, "text": self.text, "args": dict(self.args)}

    @staticmethod
    def from_json(value: object) -> Sentence:
        """Read what `to_json` wrote; the text may be missing.

        Raises ValueError when a field is missing or of the wrong type.
        """
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise ValueError("a sentence needs a text id")
        args, text = value.get("args", {}), value.get("text", "")
        if not isinstance(args, dict) or not isinstance(text, str):
            raise ValueError("the arguments of a sentence are an object, its text is a text")
        for name, argument in args.items():
            if not isinstance(name, str) or not isinstance(argument, str | int | float):
                raise ValueError("an argument of a sentence is a text or a number")
        return Sentence(value["id"], tuple(args.items()), text)


def say(id: str, text: str, /, **args: Argument) -> Sentence:
    """Make a sentence: `say("images.missing", "{path} is not there.", path="a.jpg")`.

    One that is said in several places is a constant without arguments; `given` adds them.
    """
    return Sentence(id, tuple(args.items()), text)


def english(sentence: Sentence) -> str:
    """The sentence in English. Never raises."""
    return filled(sentence.text, sentence)


def filled(text: str, sentence: Sentence) -> str:
    """A text, English or a translation, with the arguments of the sentence.

    Never raises: a text from a file may be missing or damaged. Then id and arguments are shown.
    """
    try:
        shown = _FORMATTER.vformat(text, (), dict(sentence.args))
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        shown = ""
    if shown:
        return shown
    args = ", ".join(f"{name}: {value}" for name, value in sentence.args)
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
