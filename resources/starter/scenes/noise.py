"""Random fields: the raw stuff of textures, uneven light and wobbly outlines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]


def enlarge(field: Field, height: int, width: int) -> Field:
    """Resample a float32 field of any size to (height, width) with a bicubic kernel."""
    picture = Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.float32)


def smooth(rng: np.random.Generator, height: int, width: int, cells: int) -> Field:
    """Smooth noise, about 0..1, with `cells` bumps along the longer side."""
    longer = max(height, width)
    rows = max(2, round(cells * height / longer))
    columns = max(2, round(cells * width / longer))
    return enlarge(rng.random((rows, columns), dtype=np.float32), height, width)


def fractal(
    rng: np.random.Generator, height: int, width: int, cells: int, octaves: int, gain: float = 0.55
) -> Field:
    """Sum of smooth noises of doubling frequency, stretched to 0..1."""
    total = np.zeros((height, width), dtype=np.float32)
    weight = 1.0
    for octave in range(octaves):
        count = cells << octave
        if count > 2 * max(height, width):
            break
        total += np.float32(weight) * smooth(rng, height, width, count)
        weight *= gain
    return stretch(total)


def stretch(field: Field) -> Field:
    """Shift and scale to 0..1; a constant field becomes 0.5."""
    low, high = float(field.min()), float(field.max())
    if high - low < 1e-6:
        return np.full_like(field, 0.5)
    return (field - np.float32(low)) * np.float32(1.0 / (high - low))


def ramp(rng: np.random.Generator, height: int, width: int) -> Field:
    """A linear gradient, 0..1 over the frame, in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    return stretch(x + y)


def soften(field: Field, radius: float) -> Field:
    """Cheap wide blur: shrink by about `radius` and enlarge again."""
    height, width = field.shape
    rows, columns = max(2, round(height / radius)), max(2, round(width / radius))
    small = Image.fromarray(field).resize((columns, rows), Image.Resampling.BOX)
    return enlarge(np.asarray(small, dtype=np.float32), height, width)
