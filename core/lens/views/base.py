"""What a view is made of: words, tables, boxes and other marks, lines of a legend.

Frozen values over the arrays of a trace, without Qt and Pillow; painters draw them. Everything that
has a place has it in pixels of the image unless it says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.boxes import scaled
from core.lens.colours import Colour, Style
from core.lens.evidence import BoxKind
from core.lens.trace import Trace

Ints = NDArray[np.int64]
Boxes = NDArray[np.float64]
"""N×4 of x0, y0, x1, y1."""


# Words


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


# Tables

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


# Lines of a legend


@dataclass(frozen=True, slots=True)
class Entry:
    """Words behind a line in a colour and style, behind a filled field, or behind nothing."""

    text: Words
    colour: Colour | None = None
    style: Style = Style.SOLID
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours from a low value to a high one."""

    low: Words
    high: Words
    colours: tuple[Colour, ...]


Line = Entry | Scale


# Marks


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Boxes that look alike. `index` are their numbers in the stage.

    On paper they are as wide and opaque as it says; on the canvas thin and opaque.
    """

    boxes: Boxes
    index: Ints
    colour: Colour
    style: Style = Style.SOLID
    width: float = 1.5
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Link:
    """One box on the way of a chosen one."""

    box: tuple[float, float, float, float]
    text: Words
    colour: Colour
    style: Style


@dataclass(frozen=True, slots=True, eq=False)
class BoxesView:
    """Boxes one can point at: later groups lie above earlier ones; `total` is what there is."""

    groups: tuple[Group, ...]
    total: int
    legend: tuple[Line, ...] = ()


# What is looked at


@dataclass(frozen=True, slots=True)
class Part:
    """Which boxes of a stage are wanted: at most so many, and only these numbers unless None."""

    most: int
    only: Ints | None = None

    def of(self, rank: NDArray[Any]) -> Ints:
        """The wanted ones of some numbers of boxes, best first."""
        wanted = rank if self.only is None else rank[np.isin(rank, self.only)]
        return np.asarray(wanted[: self.most], dtype=np.int64)


def in_image(trace: Trace, boxes: NDArray[Any]) -> Boxes:
    """Resized pixels as pixels of the image."""
    across, down = trace.input.scale
    return scaled(boxes, (1 / across, 1 / down))


# Pictures on paper


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture over the dimmed image: marks, later ones above, a title and a legend below."""

    title: Words
    marks: tuple[Group, ...]
    legend: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage shows. Every function takes a trace with arrays."""

    name: str
    """The field of the trace."""
    title: Text
    """For a list of stages."""
    heading: Text
    about: Text
    """For somebody who has read only the paper's abstract."""
    kind: BoxKind
    """What its boxes are."""
    count: Callable[[Trace], int]
    table: Callable[[Trace], Table]
    boxes: Callable[[Trace, Part], BoxesView]
    describe: Callable[[Trace, int], Words]
    """One box in a few words, by its number."""
    tiles: Callable[[Trace], tuple[Tile, ...]]
    document: Callable[[Trace], Mapping[str, object]]
    """What is particular to it, for JSON."""
    details: Callable[[Trace], tuple[tuple[str, str], ...]] | None = None
    """Fates and how many boxes have them, for the page."""
