"""Colours and surfaces: what things in a scene are made of."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Final

import numpy as np

from resources.starter.scenes.noise import Field, fractal, smooth

# Hue, saturation and value ranges, by what the surface is.
_RANGES: Final[dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]] = {
    "skin": ((0.02, 0.09), (0.25, 0.65), (0.25, 0.95)),
    "hair": ((0.03, 0.12), (0.2, 0.7), (0.03, 0.5)),
    "wood": ((0.04, 0.11), (0.3, 0.75), (0.2, 0.8)),
    "leaf": ((0.18, 0.42), (0.25, 0.85), (0.12, 0.65)),
    "metal": ((0.5, 0.7), (0.0, 0.12), (0.3, 0.95)),
    "white": ((0.05, 0.6), (0.0, 0.12), (0.75, 1.0)),
    "dark": ((0.0, 1.0), (0.0, 0.4), (0.02, 0.22)),
    "grey": ((0.0, 1.0), (0.0, 0.15), (0.15, 0.85)),
    "vivid": ((0.0, 1.0), (0.6, 1.0), (0.4, 1.0)),
    "dull": ((0.0, 1.0), (0.1, 0.5), (0.2, 0.85)),
    "sky": ((0.52, 0.64), (0.05, 0.6), (0.6, 1.0)),
    "stone": ((0.05, 0.15), (0.02, 0.3), (0.3, 0.8)),
    "food": ((0.0, 0.17), (0.4, 0.95), (0.35, 0.95)),
    "fur": ((0.03, 0.12), (0.05, 0.6), (0.1, 0.9)),
}
_ANY: Final = ("vivid", "dull", "dull", "grey", "dark", "white", "wood", "metal", "leaf", "food")
_CLOTH: Final = ("vivid", "dull", "dull", "dark", "white", "grey")
_PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    "skin": ("plain", "noise"),
    "hair": ("fine", "noise", "grain"),
    "wood": ("grain", "grain", "noise", "plain"),
    "leaf": ("fine", "noise", "blotch"),
    "metal": ("gleam", "gleam", "noise", "plain"),
    "cloth": ("plain", "noise", "noise", "stripes", "checker", "blotch", "dots", "fine"),
    "fur": ("fine", "noise", "blotch", "plain"),
    "food": ("noise", "fine", "blotch", "plain"),
    "stone": ("noise", "fine"),
}
_DEFAULT_PATTERNS: Final = (
    "plain",
    "plain",
    "noise",
    "noise",
    "fine",
    "stripes",
    "checker",
    "blotch",
    "gleam",
    "grain",
    "dots",
)

Colour = Field


def pick_colour(rng: np.random.Generator, kind: str) -> Colour:
    """A colour, float32 (3,) 0..1, of a kind such as "skin" or "any"."""
    if kind == "any":
        kind = _ANY[int(rng.integers(len(_ANY)))]
    elif kind == "cloth":
        kind = _CLOTH[int(rng.integers(len(_CLOTH)))]
    hue, saturation, value = (float(rng.uniform(*span)) for span in _RANGES[kind])
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Surface:
    """Two colours and the pattern that mixes them; `scale` is the pattern's period in pixels."""

    low: Colour
    high: Colour
    pattern: str
    scale: float
    angle: float

    def recoloured(self, rng: np.random.Generator, amount: float) -> Surface:
        """The same surface a little different, for the members of a group."""
        shift = rng.normal(0, amount, 3).astype(np.float32)
        return Surface(self.low + shift, self.high + shift, self.pattern, self.scale, self.angle)


def pick_surface(rng: np.random.Generator, kind: str, size: float) -> Surface:
    """A surface of a kind for a thing of `size` pixels."""
    low = pick_colour(rng, kind)
    patterns = _PATTERNS.get(kind, _DEFAULT_PATTERNS)
    pattern = patterns[int(rng.integers(len(patterns)))]
    if rng.random() < (0.5 if pattern in ("stripes", "checker", "dots") else 0.15):
        high = pick_colour(rng, kind)
    else:
        high = np.clip(low * rng.uniform(0.55, 1.5) + rng.uniform(-0.1, 0.1), 0, 1)
    scale = float(np.clip(size * rng.uniform(0.04, 0.4), 3, 60))
    return Surface(low, high.astype(np.float32), pattern, scale, float(rng.uniform(0, np.pi)))


class Textures:
    """A few random fields made once a scene, from which surfaces take their windows."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._rng = rng
        self._fields: dict[str, Field] = {
            "noise": fractal(rng, size, size, 5, 4, 0.6),
            "fine": fractal(rng, size, size, 40, 3, 0.8),
            "blotch": np.clip(smooth(rng, size, size, 14) * 6 - 2.5, 0, 1),
        }

    def window(self, name: str, height: int, width: int) -> Field:
        """A random window (height, width) of a field; too small a field is tiled."""
        field = self._fields[name]
        rows, columns = field.shape
        if height > rows or width > columns:
            field = np.tile(field, (-(-height // rows), -(-width // columns)))
            rows, columns = field.shape
        top = int(self._rng.integers(rows - height + 1))
        left = int(self._rng.integers(columns - width + 1))
        return field[top : top + height, left : left + width]

    def fill(self, surface: Surface, height: int, width: int) -> Field:
        """Colours (height, width, 3) of a surface, unlit; may broadcast from (1, 1, 3)."""
        if surface.pattern == "plain" or height * width < 30:
            return surface.low[None, None]
        mix = self._mix(surface, height, width)
        return surface.low + mix[..., None] * (surface.high - surface.low)

    def _mix(self, surface: Surface, height: int, width: int) -> Field:
        if surface.pattern in self._fields:
            return self.window(surface.pattern, height, width)
        across = np.float32(np.cos(surface.angle) / surface.scale)
        down = np.float32(np.sin(surface.angle) / surface.scale)
        x = np.arange(width, dtype=np.float32)[None, :]
        y = np.arange(height, dtype=np.float32)[:, None]
        u = x * across + y * down
        if surface.pattern == "gleam":
            return np.asarray(np.exp(-(((u - u.mean()) * 2) ** 2)), dtype=np.float32)
        if surface.pattern == "grain":
            return np.asarray((u * 2 + 2 * self.window("noise", height, width)) % 1.0)
        if surface.pattern == "stripes":
            return np.asarray((u % 1.0 > 0.5), dtype=np.float32)
        v = y * across - x * down
        if surface.pattern == "checker":
            return np.asarray(((u % 1.0 > 0.5) ^ (v % 1.0 > 0.5)), dtype=np.float32)
        return np.asarray(((u % 1.0 - 0.5) ** 2 + (v % 1.0 - 0.5) ** 2 < 0.07), dtype=np.float32)
