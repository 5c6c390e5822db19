"""A cache that keeps what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Values by key, up to a limit of what they cost together; the longest unused ones go first.

    Without `cost` each counts as one. The newest is kept even when it alone is over the limit.
    """

    def __init__(self, limit: int, cost: Callable[[V], int] | None = None) -> None:
        self.limit = limit
        self.total = 0
        """What all values cost."""
        self._cost = cost
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[K]:
        """The keys, the longest unused first."""
        return iter(self._kept)

    def __getitem__(self, key: K) -> V:
        """A value, which counts as used now. Raises KeyError when it is not there."""
        self._kept.move_to_end(key)
        return self._kept[key]

    def __setitem__(self, key: K, value: V) -> None:
        self.drop(key)
        self._kept[key] = value
        self.total += self._cost_of(value)
        self._shrink()

    def set_limit(self, limit: int) -> None:
        """From now on keep values up to another limit."""
        self.limit = limit
        self._shrink()

    def get(self, key: K) -> V | None:
        """A value, which counts as used now, or None when it is not there."""
        return self[key] if key in self._kept else None

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        if key in self._kept:
            self.total -= self._cost_of(self._kept.pop(key))

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.total = 0

    def _shrink(self) -> None:
        while self.total > self.limit and len(self._kept) > 1:
            self.drop(next(iter(self._kept)))

    def _cost_of(self, value: V) -> int:
        return 1 if self._cost is None else self._cost(value)
