"""Words that can be translated, and columns of a table that is sorted without formatting."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.evidence import BoxKind

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Text:
    """English words with arguments; whoever shows them may translate the template.

    Whole numbers are counts, other numbers have two decimals, and texts stand as they are.
    """

    template: str
    args: tuple[tuple[str, Words | int | float], ...] = ()

    def __str__(self) -> str:
        """The words in English."""
        return self.said(str, "{:,}".format, "{:.2f}".format)

    def said(
        self,
        translate: Callable[[str], str],
        count: Callable[[int], str],
        number: Callable[[float], str],
    ) -> str:
        """The words in another language: of the template, of a count, of another number."""
        values: dict[str, str] = {}
        for name, value in self.args:
            match value:
                case Text():
                    values[name] = value.said(translate, count, number)
                case int():
                    values[name] = count(value)
                case float():
                    values[name] = number(value)
                case _:
                    values[name] = value
        return translate(self.template).format(**values)


Words = str | Text
"""What a person reads; only a `Text` is translated."""


def text(template: str, /, **args: Words | int | float) -> Text:
    """Words with arguments: `text("{n} proposals", n=12)`."""
    return Text(template, tuple(args.items()))


_COMPARED: Final = re.compile(r"^(\w+)(<=|>=|<|>|=)(-?[\d.]+)$")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values of one column; with `words` a value is a place in them."""

    title: Words
    values: NDArray[Any]
    words: tuple[Words, ...] = ()
    digits: int = 0
    optional: bool = False
    """0 stands for nothing."""

    def text(self, row: int) -> str:
        """The cell as a person reads it."""
        value = self.values[row]
        if self.words:
            return str(self.words[int(value)])
        if self.optional and not value:
            return ""
        return f"{float(value):.{self.digits}f}" if self.digits else f"{int(value):d}"

    def longest(self) -> str:
        """The longest of the title and the cells, or near to it."""
        cells = [str(word) for word in self.words]
        if not cells and len(self.values):
            cells = [self.text(int(np.argmax(self.values))), self.text(int(np.argmin(self.values)))]
        return max([str(self.title), *cells], key=len)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length. `kind` says what box a row stands for, `index` which one."""

    columns: tuple[Column, ...]
    index: Ints
    kind: BoxKind | None = None
    sort: int = 0
    """The column to sort by at first."""
    descending: bool = True

    def said(self, say: Callable[[Words], str]) -> Table:
        """The table with its words in another language."""
        columns = tuple(
            replace(each, title=say(each.title), words=tuple(map(say, each.words)))
            for each in self.columns
        )
        return replace(self, columns=columns)

    def only(self, rows: Ints) -> Table:
        """Some of the rows, in that order."""
        columns = tuple(replace(each, values=each.values[rows]) for each in self.columns)
        return replace(self, columns=columns, index=self.index[rows])

    def matching(self, words: str) -> Ints:
        """Rows that all words of a filter hold for: `score>0.5`, `suppressed`, `person`.

        A comparison names the beginning of a column; any other word is looked for among the words
        of labels, fates and levels.
        """
        holds = np.ones(len(self.index), dtype=np.bool_)
        for word in words.lower().split():
            holds &= self._holds(word)
        return np.flatnonzero(holds)

    def _holds(self, word: str) -> NDArray[np.bool_]:
        compared = _COMPARED.match(word)
        if compared is not None:
            name, sign, number = compared.groups()
            for column in self.columns:
                if str(column.title).lower().startswith(name) and not column.words:
                    return _compare(column.values, sign, float(number))
        holds = np.zeros(len(self.index), dtype=np.bool_)
        for column in self.columns:
            places = [n for n, each in enumerate(column.words) if word in str(each).lower()]
            if places:
                holds |= np.isin(column.values, places)
        return holds


def _compare(values: NDArray[Any], sign: str, number: float) -> NDArray[np.bool_]:
    found = {
        "<": values < number,
        ">": values > number,
        "<=": values <= number,
        ">=": values >= number,
        "=": values == number,
    }[sign]
    return np.asarray(found, dtype=np.bool_)
