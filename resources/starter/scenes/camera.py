"""What happens to a painted scene on its way to a file: optics, sensor, compression."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from resources.starter.scenes.noise import Field, ramp, smooth

Pixels = NDArray[np.uint8]


def expose(rng: np.random.Generator, painted: Field) -> Field:
    """Uneven light, vignette, colour cast, contrast, gamma, and at times greyscale."""
    height, width = painted.shape[:2]
    pixels: NDArray[np.floating] = painted
    if rng.random() < 0.35:
        pixels = pixels * (1 + rng.uniform(0.1, 0.7) * (ramp(rng, height, width) - 0.6))[..., None]
    if rng.random() < 0.2:
        pixels = pixels * (0.5 + 0.8 * smooth(rng, height, width, 3))[..., None]
    if rng.random() < 0.2:
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        pixels = pixels * (1 - rng.uniform(0.1, 0.45) * (x * x + y * y) / 1.5)[..., None]
    if rng.random() < 0.4:
        pixels = pixels * rng.uniform(0.75, 1.2, 3).astype(np.float32)
    if rng.random() < 0.5:
        middle = pixels.mean()
        pixels = middle + (pixels - middle) * rng.uniform(0.5, 1.3)
    if rng.random() < 0.4:
        pixels = np.clip(pixels, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.35)))
    if rng.random() < 0.12:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(pixels, dtype=np.float32)


def capture(rng: np.random.Generator, pixels: Field, softest: float = 1.6) -> Pixels:
    """Blur, resampling, sensor noise and JPEG: floats 0..1 in, uint8 out."""
    height, width = pixels.shape[:2]
    blur = float(rng.uniform(0.3, softest)) if rng.random() < 0.6 else 0.0
    picture = Image.fromarray(to_bytes(pixels))
    if blur > 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    noisy = rng.random() < 0.6
    if rng.random() < 0.3:
        # Enlarged small images are what the network sees of small files.
        factor = rng.uniform(0.4, 0.8)
        small = picture.resize((int(width * factor), int(height * factor)), Image.Resampling.BOX)
        if noisy and rng.random() < 0.5:
            small, noisy = Image.fromarray(_noise(rng, np.asarray(small))), False
        picture = small.resize((width, height), Image.Resampling.BILINEAR)
    if noisy:
        picture = Image.fromarray(_noise(rng, np.asarray(picture)))
    if rng.random() < 0.35:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(25, 92)))
        picture = Image.open(buffer)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def to_bytes(pixels: Field) -> Pixels:
    """Floats 0..1 to uint8, clipped."""
    return np.asarray(np.clip(pixels, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _noise(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Sensor noise, coloured or grey. One short random strip is reused: it is fast and enough."""
    spread = abs(rng.normal(0, 4.5)) + 0.5
    strip = rng.standard_normal(40_009, dtype=np.float32) * np.float32(spread)
    channels = 3 if rng.random() < 0.5 else 1
    needed = pixels.shape[0] * pixels.shape[1] * channels
    grain = np.resize(strip, needed).reshape(*pixels.shape[:2], channels)
    return np.asarray(np.clip(pixels + grain, 0, 255), dtype=np.uint8)
