"""What core says to a person: an id with arguments, so that the window can translate it."""

from __future__ import annotations

from dataclasses import dataclass

Argument = str | int | float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its id and arguments; `english` renders it, the window translates it."""

    id: str
    args: tuple[tuple[str, Argument], ...] = ()

    def to_json(self) -> dict[str, object]:
        """The sentence as a JSON object `{"id", "args"}`."""
        return {"id": self.id, "args": dict(self.args)}

    @staticmethod
    def from_json(value: object) -> Sentence:
        """Read what `to_json` wrote.

        Raises ValueError when a field is missing or of the wrong type.
        """
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise ValueError("a sentence needs a text id")
        args = value.get("args", {})
        if not isinstance(args, dict):
            raise ValueError("the arguments of a sentence are an object")
        for name, argument in args.items():
            if not isinstance(name, str) or not isinstance(argument, str | int | float):
                raise ValueError("an argument of a sentence is a text or a number")
        return Sentence(value["id"], tuple(args.items()))


def say(id: str, /, **args: Argument) -> Sentence:
    """Make a sentence: `say("images.truncated", path="a.jpg")`."""
    return Sentence(id, tuple(args.items()))
