"""Outlines as float32 rings (N, 2) in the unit frame of a thing: x right, y down."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.noise import Field


def ring_of(points: list[tuple[float, float]]) -> Field:
    """A ring from plain pairs."""
    return np.array(points, dtype=np.float32)


def ellipse(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, n: int = 20) -> Field:
    """An ellipse, turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False, dtype=np.float32)
    x, y = rx * np.cos(t), ry * np.sin(t)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=1).astype(np.float32)


def box(x0: float, y0: float, x1: float, y1: float) -> Field:
    """An upright rectangle."""
    return ring_of([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Field:
    """A rectangle with round corners."""
    radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = ((x1, y0, -1, 1, -90), (x1, y1, -1, -1, 0), (x0, y1, 1, -1, 90), (x0, y0, 1, 1, 180))
    points: list[tuple[float, float]] = []
    for x, y, sx, sy, start in corners:
        for step in (0, 30, 60, 90):
            angle = np.deg2rad(start + step)
            points.append(
                (x + sx * radius + radius * np.cos(angle), y + sy * radius + radius * np.sin(angle))
            )
    return ring_of(points)


def capsule(ax: float, ay: float, bx: float, by: float, ra: float, rb: float) -> Field:
    """A limb: from a to b, `ra` thick (radius) at a and `rb` at b, with round ends."""
    angle = np.arctan2(by - ay, bx - ax)
    t = np.linspace(np.pi / 2, 3 * np.pi / 2, 6) + angle
    first = np.stack([ax + ra * np.cos(t), ay + ra * np.sin(t)], axis=1)
    t = np.linspace(-np.pi / 2, np.pi / 2, 6) + angle
    last = np.stack([bx + rb * np.cos(t), by + rb * np.sin(t)], axis=1)
    return np.concatenate([first, last]).astype(np.float32)


def blob(rng: np.random.Generator, cx: float, cy: float, radius: float, rough: float) -> Field:
    """A wobbly round outline; `rough` 0 is a circle, 0.5 is ragged."""
    n = 32
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    r = np.ones(n)
    for k in range(2, 7):
        r += rough * rng.normal(0, 0.55) / k * np.cos(k * t + rng.uniform(0, 2 * np.pi))
    r = radius * np.clip(r, 0.3, 1.8)
    return np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], axis=1).astype(np.float32)


def star(rng: np.random.Generator, cx: float, cy: float, radius: float) -> Field:
    """A star with 3 to 9 points."""
    points = int(rng.integers(3, 10))
    inner = rng.uniform(0.3, 0.75)
    t = np.arange(2 * points) * np.pi / points + rng.uniform(0, np.pi)
    r = np.where(np.arange(2 * points) % 2 == 0, radius, radius * inner)
    return np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], axis=1).astype(np.float32)


def polygon(rng: np.random.Generator, cx: float, cy: float, radius: float) -> Field:
    """A convex or nearly convex polygon of 3 to 8 corners."""
    n = int(rng.integers(3, 9))
    t = (np.arange(n) + rng.uniform(-0.3, 0.3, n)) * 2 * np.pi / n + rng.uniform(0, np.pi)
    r = radius * rng.uniform(0.7, 1.1, n)
    return np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], axis=1).astype(np.float32)


def stroke(path: Field, radius: Field | float) -> Field:
    """The outline of a thick line along `path` (N, 2), with a radius at each point."""
    step = np.gradient(path, axis=0)
    length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-6)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / length[:, None]
    offset = normal * np.broadcast_to(np.asarray(radius, dtype=np.float32), length.shape)[:, None]
    return np.concatenate([path + offset, (path - offset)[::-1]]).astype(np.float32)


def curve(rng: np.random.Generator, bend: float) -> Field:
    """A path from (-0.5, 0) to (0.5, 0) that wanders sideways by about `bend`."""
    t = np.linspace(0, 1, 14)
    y = np.zeros_like(t)
    for k in (1, 2, 3):
        y += rng.normal(0, bend / k) * np.sin(k * np.pi * t)
    return np.stack([t - 0.5, y], axis=1).astype(np.float32)


def profile(widths: list[tuple[float, float]]) -> Field:
    """A body of revolution seen from the side: half widths at heights, from top to bottom."""
    right = [(half, y) for y, half in widths]
    left = [(-half, y) for y, half in reversed(widths)]
    return ring_of(right + left)
