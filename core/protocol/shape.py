"""The shape that an array of a message must have, as part of its annotation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """`Shape(None, 4)`: two dimensions, the first of any length."""

    sides: tuple[int | None, ...]

    def __init__(self, *sides: int | None) -> None:
        object.__setattr__(self, "sides", sides)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape is as demanded."""
        return len(shape) == len(self.sides) and all(
            want is None or want == have for want, have in zip(self.sides, shape, strict=True)
        )
