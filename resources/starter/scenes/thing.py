"""A thing: parts of different surfaces that together are one instance, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from resources.starter.scenes.canvas import Patch
from resources.starter.scenes.colour import Surface, Textures, pick_surface
from resources.starter.scenes.noise import Field


@dataclass(frozen=True, slots=True)
class Part:
    """One outline of a thing. `surface` names a kind, digits after it tell slots of a kind apart.

    `light` says how the part is rounded: "flat", "tube" or "ball". `cut` makes it a hole instead.
    """

    ring: Field
    surface: str
    light: str = "flat"
    cut: bool = False


Parts = Sequence[Part]
Surfaces = dict[str, Surface]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where and how a thing stands: middle of its box and longer side in pixels, turn, mirror."""

    x: float
    y: float
    size: float
    turn: float = 0.0
    mirrored: bool = False
    squeeze: float = 1.0
    shear: float = 0.0


def one_of(rng: np.random.Generator, *names: str) -> str:
    """One of the names."""
    return names[int(rng.integers(len(names)))]


def choose_surfaces(rng: np.random.Generator, parts: Iterable[Part], size: float) -> Surfaces:
    """A surface for each slot that the parts name."""
    names = dict.fromkeys(part.surface for part in parts)
    return {name: pick_surface(rng, name.rstrip("0123456789"), size) for name in names}


def placed(rng: np.random.Generator, parts: Parts, pose: Pose, wobble: float) -> list[Field]:
    """The parts' rings in pixels: boxed to size, bent a little, turned and moved."""
    every = np.concatenate([part.ring for part in parts])
    low, high = every.min(axis=0), every.max(axis=0)
    middle = (low + high) / 2
    scale = np.float32(pose.size / max(float((high - low).max()), 1e-6))
    points = (every - middle) * scale
    points[:, 0] *= (-1 if pose.mirrored else 1) * pose.squeeze
    points[:, 0] += pose.shear * points[:, 1]
    if wobble > 0:
        waves = rng.uniform(0, 2 * np.pi, 2)
        rate = np.float32(rng.uniform(3, 8) / pose.size)
        bent = np.sin(points[:, ::-1] * rate + waves.astype(np.float32))
        points += np.float32(wobble * pose.size) * bent
    cos, sin = np.float32(np.cos(pose.turn)), np.float32(np.sin(pose.turn))
    turned = np.stack(
        [points[:, 0] * cos - points[:, 1] * sin, points[:, 0] * sin + points[:, 1] * cos], axis=1
    )
    turned += np.array([pose.x, pose.y], dtype=np.float32)
    ends = np.cumsum([len(part.ring) for part in parts])
    return np.split(turned, ends[:-1])


def cover(ring: Field, height: int, width: int) -> Field:
    """How much of each pixel of a (height, width) window a ring covers, 0..1."""
    picture = Image.new("L", (2 * width, 2 * height))
    ImageDraw.Draw(picture).polygon((ring * 2).ravel().tolist(), fill=255)
    return np.asarray(picture.reduce(2), dtype=np.float32) * np.float32(1 / 255)


def draw(
    parts: Parts,
    rings: Sequence[Field],
    surfaces: Surfaces,
    textures: Textures,
    frame: tuple[int, int],
    light: float,
) -> Patch | None:
    """Paint a thing into a patch cut to the frame (height, width); None if it lies outside.

    `light` is where the light comes from, -1 (left) to 1 (right).
    """
    every = np.concatenate(list(rings))
    left, top = np.maximum(np.floor(every.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(every.max(axis=0)).astype(int), (frame[1], frame[0]))
    if right - left < 1 or bottom - top < 1:
        return None
    alpha: Field = np.zeros((bottom - top, right - left), dtype=np.float32)
    colour: Field = np.zeros((bottom - top, right - left, 3), dtype=np.float32)
    origin = np.array([left, top], dtype=np.float32)
    for part, ring in zip(parts, rings, strict=True):
        local = ring - origin
        x0, y0 = np.maximum(np.floor(local.min(axis=0)).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(local.max(axis=0)).astype(int), (right - left, bottom - top))
        if x1 <= x0 or y1 <= y0:
            continue
        corner = np.array([x0, y0], dtype=np.float32)
        local = local - corner
        covered = cover(local, int(y1 - y0), int(x1 - x0))
        window = (slice(y0, y1), slice(x0, x1))
        if part.cut:
            alpha[window] *= 1 - covered
            continue
        fill = textures.fill(surfaces[part.surface], int(y1 - y0), int(x1 - x0))
        if part.light != "flat":
            fill = fill * _lit(local, int(y1 - y0), int(x1 - x0), part.light, light)
        view = colour[window]
        view += covered[..., None] * (fill - view)
        alpha[window] += covered * (1 - alpha[window])
    return Patch(int(left), int(top), alpha, colour)


def _lit(ring: Field, height: int, width: int, kind: str, light: float) -> Field:
    """A factor (height, width or 1, 1) that makes a part look round."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    half = np.maximum((high - low) / 2, 0.5)
    middle = (low + high) / 2
    x = (np.arange(width, dtype=np.float32) + 0.5 - middle[0]) / half[0] - np.float32(light * 0.4)
    factor = x[None, :, None] ** 2
    if kind == "ball":
        y = (np.arange(height, dtype=np.float32) + 0.5 - middle[1]) / half[1] + np.float32(0.3)
        factor = factor + y[:, None, None] ** 2
    return np.asarray(1.2 - 0.45 * np.minimum(factor, 2), dtype=np.float32)
