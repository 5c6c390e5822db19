"""Colour splash: what outlines cover keeps its colour, the rest of the image turns to grey."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.document.instance import Polygons
from core.document.runs import rasterise


def grey_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels H×W×3 as H×W in grey (ITU-R 601 luma)."""
    return np.asarray(Image.fromarray(pixels).convert("L"))


def covered(outlines: Iterable[Polygons], width: int, height: int) -> NDArray[np.bool_]:
    """Where any of the outlines lies, H×W."""
    return rasterise(tuple(chain.from_iterable(outlines)), width, height)


def splash(pixels: NDArray[np.uint8], cover: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The image, uint8 H×W×3, in grey but where it is covered, bool H×W."""
    return np.where(cover[:, :, None], pixels, grey_of(pixels)[:, :, None]).astype(np.uint8)


def splash_png(pixels: NDArray[np.uint8], outlines: Iterable[Polygons]) -> bytes:
    """The colour splash of an image H×W×3 as a PNG file."""
    height, width = pixels.shape[:2]
    buffer = io.BytesIO()
    Image.fromarray(splash(pixels, covered(outlines, width, height))).save(buffer, "png")
    return buffer.getvalue()
