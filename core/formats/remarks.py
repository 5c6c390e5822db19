"""What a reader noticed in one file: entries left out or repaired, each with its place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from core.codec import FieldError
from core.sentences import Sentence, english, say

_MORE: Final = say(
    "formats.left_out_more",
    "{path}: {count} more entries could not be read and were left out.",
)
_NAMED: Final = 20
"""So many entries are named one by one; the rest is counted."""


class Remarks:
    """Collects what there is to say of a file."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._left_out: list[str] = []
        self._counts: Counter[tuple[Sentence, tuple[tuple[str, str], ...]]] = Counter()
        self._others: list[Sentence] = []

    def entry(self) -> Remarks:
        """Read one entry inside; when a field of it is wrong, it is left out and named."""
        return self

    def __enter__(self) -> None:
        """An entry begins."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """An entry ends; only errors of fields end here."""
        if isinstance(error, FieldError):
            self._left_out.append(english(error.sentence))
            return True
        return False

    def left_out(self, problem: str) -> None:
        """Name an entry that was left out: its place and what is wrong there."""
        self._left_out.append(problem)

    def count(self, said: Sentence, by: int = 1, **more: str) -> None:
        """Count something that is said once with the number of times."""
        if by:
            self._counts[said, tuple(more.items())] += by

    def add(self, *sentences: Sentence) -> None:
        """Say something once."""
        self._others += sentences

    def notes(self) -> tuple[Sentence, ...]:
        """Everything, what was left out first."""
        named = [
            say(
                "formats.left_out",
                "{path}: {problem} It was left out.",
                path=self._path,
                problem=problem,
            )
            for problem in self._left_out[:_NAMED]
        ]
        more = len(self._left_out) - len(named)
        if more:
            named.append(_MORE.given(path=self._path, count=more))
        counted = [
            said.given(path=self._path, count=n, **dict(args))
            for (said, args), n in self._counts.items()
        ]
        return (*named, *self._others, *counted)
