"""The entries of the long lists in a large JSON file: found where they lie, read one by one.

A file of half a gigabyte would take several as Python's values. Only brackets outside of texts are
looked at here, in blocks, so that progress can be told and other threads get on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, overload

import numpy as np
import numpy.typing as npt

from core.codec import Codec, FieldError, NotJson, loads

Tell = Callable[[int, int], None]
"""Told how many steps of how many are done, 0 of 0 where that is not known; may raise to stop."""
TOLD_EVERY: Final = 500
"""Entries between two looks at whether anybody wants it to stop."""
_BLOCK: Final = 4_000_000
_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_ANY: Final[Codec[object]] = Codec(object)
_Places = npt.NDArray[np.int64]


def unheard(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


class Entries(Sequence[object]):
    """The objects in a list, each read when it is asked for. Raises NotJson then."""

    def __init__(self, data: bytes, starts: _Places, ends: _Places) -> None:
        self._data, self._starts, self._ends = data, starts, ends

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, k: int) -> object: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[object]: ...
    def __getitem__(self, k: int | slice) -> object:
        if isinstance(k, slice):
            return [self[each] for each in range(*k.indices(len(self)))]
        return value_of(self._data[self._starts[k] : self._ends[k]])

    def is_plain(self) -> bool:
        """Whether nothing but commas lies between the entries."""
        gaps = zip(self._ends[:-1], self._starts[1:], strict=True)
        return all(self._data[end:start].strip() == b"," for end, start in gaps)


@dataclass(frozen=True, slots=True)
class Top:
    """An object of JSON: its lists of objects entry by entry, all else as it is."""

    lists: Mapping[str, Entries]
    others: Mapping[str, object]


def value_of(data: bytes) -> object:
    """The value in some JSON, let through: NaN, 1e999, halves of surrogates. Raises NotJson."""
    try:
        return _ANY.decode_strictly(data, "file")
    except FieldError:
        return loads(data, "file", constants=True)


def top_of(data: bytes, names: Sequence[str], tell: Tell = unheard) -> Top | None:
    """The object in a file, the lists of these names entry by entry.

    None where it is no such object: then it has to be read as a whole, which tells what is wrong.
    """
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if text != b"{":
        return None
    found = [np.concatenate(each) for each in zip(*_brackets(data, tell), strict=True)]
    if not found:
        return None
    at, depth = found
    values = at[(depth == 2) & _opens(data, at)], at[(depth == 1) & ~_opens(data, at)] + 1
    if len(values[0]) != len(values[1]):
        return None
    rest, last = b"", data.find(b"{")
    for number, (start, end) in enumerate(zip(*values, strict=True)):
        rest += data[last:start] + b"[%d]" % number
        last = int(end)
    try:
        top = value_of(rest + data[last:])
        return _told_apart(data, top, values, (at, depth), names)
    except NotJson:
        return None


def _told_apart(
    data: bytes,
    top: object,
    values: tuple[_Places, _Places],
    found: tuple[_Places, _Places],
    names: Sequence[str],
) -> Top | None:
    """The top with a number instead of each value that is a list or an object, put together."""
    if not isinstance(top, dict):
        return None
    if sum(isinstance(value, list) for value in top.values()) < len(values[0]):
        return None  # a key stands twice: what its first value is would not be looked at
    at, depth = found
    opens = _opens(data, at)
    starts, ends = at[(depth == 3) & opens], at[(depth == 2) & ~opens] + 1
    lists: dict[str, Entries] = {}
    others: dict[str, object] = {}
    for key, value in top.items():
        if not isinstance(value, list):
            others[key] = value
            continue
        start, end = (int(each[value[0]]) for each in values)
        first, last = np.searchsorted(starts, start), np.searchsorted(starts, end)
        if key in names and data[start : start + 1] == b"[":
            lists[key] = Entries(data, starts[first:last], ends[first:last])
            inner = data[start + 1 : starts[first] if last > first else end - 1]
            after = data[ends[last - 1] : end - 1] if last > first else b""
            if inner.strip() or after.strip() or not lists[key].is_plain():
                return None
        else:
            others[key] = value_of(data[start:end])
    return Top(lists, others)


def _opens(data: bytes, at: _Places) -> npt.NDArray[np.bool_]:
    """Which of the brackets open something."""
    letters = np.frombuffer(data, np.uint8)[at]
    return np.asarray((letters == ord("{")) | (letters == ord("[")))


def _brackets(data: bytes, tell: Tell) -> Iterator[tuple[_Places, _Places]]:
    """The places of the brackets down to the entries of lists at the top, and how deep it is after
    each."""
    depth, quoted, at = 0, False, 0
    while at < len(data):
        tell(0, 0)
        block = data[at : at + _BLOCK]
        if b"\\" in block:
            block = block.rstrip(b"\\") or block  # they belong to what follows
            block = _ESCAPED.sub(b"__", block)
        letters = np.frombuffer(block, np.uint8)
        inside = np.logical_xor.accumulate(letters == ord('"')) ^ quoted
        quoted = bool(inside[-1])
        places = np.flatnonzero(_BRACKET[letters] & ~inside)
        steps = _STEP[letters[places]]
        after = depth + np.cumsum(steps, dtype=np.int64)
        near = after <= np.where(steps > 0, 3, 2)
        if len(after):
            depth = int(after[-1])
        yield places[near].astype(np.int64) + at, after[near]
        at += len(block)


_STEP: Final = np.zeros(256, np.int8)
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1
_BRACKET: Final = _STEP != 0
