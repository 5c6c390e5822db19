"""What kind of images a folder holds: photos, or cells under a microscope.

Three figures of a small copy of an image decide. In a micrograph much of the area is of few shades,
there are few colours, and what varies varies within a small distance; in a photo one part of the
frame differs from another. How they are weighed was fitted to every second of 227 micrographs and
139 photos (figures in docs/benchmarks.md). Whether a file is a JPEG
or has EXIF says nothing here: people convert either.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.lens.scores import CELLS, PHOTOS
from core.sentences import MasklensError
from core.storage.images import read_image

SIDE: Final = 96
"""Longer side of the small copy in pixels."""
LOOKED_AT: Final = 8
"""Images of a folder that are looked at, spread over it."""
WEIGHTS: Final = (-6.46, -0.864, 6.03)
OFFSET: Final = 0.719
SURE: Final = 0.3
"""A folder whose mean share is nearer than this to 0 or 1 is told."""
_SHADES, _STRONGEST, _BLOCKS, _LEVELS = 32, 3, 4, 8


def figures(pixels: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Of an image, uint8 H×W×3: the share of its variance between sixteen large blocks, the
    entropy of its colours in bits, the share of its area that has one of three shades of grey."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    small = np.asarray(image, np.float32) / 255
    grey = small.mean(axis=2)
    height, width = (max(side // _BLOCKS, 1) * _BLOCKS for side in grey.shape)
    even = np.resize(grey, (height, width)) if min(grey.shape) < _BLOCKS else grey[:height, :width]
    blocks = even.reshape(_BLOCKS, height // _BLOCKS, _BLOCKS, width // _BLOCKS).mean(axis=(1, 3))
    between = float(blocks.var() / (grey.var() + 1e-6))
    levels = (small * (_LEVELS - 0.01)).astype(np.int64)
    codes = (levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
    shares = np.unique(codes, return_counts=True)[1] / codes.size
    entropy = float(-(shares * np.log2(shares)).sum())
    shades = np.histogram(grey, _SHADES, (0, 1))[0] / grey.size
    return between, entropy, float(np.sort(shades)[-_STRONGEST:].sum())


def share_of_cells(pixels: NDArray[np.uint8]) -> float:
    """How much an image looks like cells rather than a photo, 0 to 1."""
    total = OFFSET + sum(w * f for w, f in zip(WEIGHTS, figures(pixels), strict=True))
    return 1 / (1 + math.exp(-total))


def kind_of_image(pixels: NDArray[np.uint8]) -> str:
    """`PHOTOS` or `CELLS`, whichever is likelier."""
    return CELLS if share_of_cells(pixels) > 0.5 else PHOTOS


def kind_of(paths: Sequence[Path], check: Callable[[], None] = lambda: None) -> str:
    """`PHOTOS` or `CELLS` for a folder's images; empty where it is not clear. Reads some of them.

    `check` is called before each and may raise.
    """
    step = max(1, len(paths) // LOOKED_AT)
    shares = []
    for path in paths[::step][:LOOKED_AT]:
        check()
        with contextlib.suppress(MasklensError, OSError, MemoryError):  # the opening tells of it
            shares.append(share_of_cells(read_image(path).pixels))
    if not shares:
        return ""
    mean = sum(shares) / len(shares)
    if mean < SURE:
        return PHOTOS
    return CELLS if mean > 1 - SURE else ""
