"""The arrays of stages and messages: each annotation says the dtype and the shape it must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    Array = Any
else:
    Array = np.ndarray
"""A torch tensor inside the engine, a numpy array outside; shapes and dtypes are the same."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`Shape(np.float32, None, 4)`: float32, two dimensions, the first of any length."""

    dtype: type[np.generic]
    sides: tuple[int | None, ...]

    def __init__(self, dtype: type[np.generic], *sides: int | None) -> None:
        object.__setattr__(self, "dtype", dtype)
        object.__setattr__(self, "sides", sides)

    def check(self, array: NDArray[Any], where: str) -> None:
        """Raises TypeError or ValueError, which name `where`, for an array that is another one."""
        if array.dtype.type is not self.dtype:
            raise TypeError(f"{where}: an array of {array.dtype}, not {self.dtype.__name__}")
        if len(array.shape) != len(self.sides) or any(
            want not in (None, have) for want, have in zip(self.sides, array.shape, strict=True)
        ):
            raise ValueError(f"{where}: an array of shape {array.shape}, not {self.sides}")


Boxes = Annotated[Array, Shape(np.float32, None, 4)]
"""x0, y0, x1, y1; or dx, dy, dw, dh."""
Floats = Annotated[Array, Shape(np.float32, None)]
Table = Annotated[Array, Shape(np.float32, None, None)]
Map = Annotated[Array, Shape(np.float32, None, None, None)]
Ints = Annotated[Array, Shape(np.int64, None)]
Fates = Annotated[Array, Shape(np.int8, None)]
