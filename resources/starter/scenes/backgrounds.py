"""What lies behind the things of a photo: never labelled, never plain enough to be easy."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.canvas import Canvas
from resources.starter.scenes.colour import Textures, pick_colour, pick_surface
from resources.starter.scenes.noise import Field, fractal, ramp
from resources.starter.scenes.shapes import blob, box, capsule, polygon
from resources.starter.scenes.thing import Part, Pose, choose_surfaces, draw, placed


def backdrop(rng: np.random.Generator, textures: Textures, size: int) -> Field:
    """A background (size, size, 3), 0..1: wall and floor, landscape, table top, texture, plain."""
    pick = rng.random()
    if pick < 0.35:
        pixels = _room(rng, textures, size)
    elif pick < 0.6:
        pixels = _landscape(rng, textures, size)
    elif pick < 0.85:
        kind = ("wood", "stone", "any", "any", "dark", "white", "leaf")[int(rng.integers(7))]
        pixels = _sheet(rng, textures, kind, size, size)
    else:
        pixels = _wash(rng, size)
    return np.array(pixels, dtype=np.float32)


def _sheet(
    rng: np.random.Generator, textures: Textures, kind: str, height: int, width: int
) -> Field:
    surface = pick_surface(rng, kind, height * rng.uniform(0.3, 1.5))
    filled = np.broadcast_to(textures.fill(surface, height, width), (height, width, 3))
    shade = 1 + rng.uniform(0, 0.6) * (ramp(rng, height, width) - 0.5)
    return np.asarray(filled * shade[..., None], dtype=np.float32)


def _wash(rng: np.random.Generator, size: int) -> Field:
    """Out-of-focus colours melting into each other."""
    mix = fractal(rng, size, size, int(rng.integers(2, 5)), 2)[..., None]
    more = fractal(rng, size, size, int(rng.integers(2, 9)), 1)[..., None]
    low, high, third = (pick_colour(rng, "any") for _ in range(3))
    pixels = low + mix * (high - low)
    return np.asarray(pixels + more * (third - pixels) * rng.uniform(0, 0.8), dtype=np.float32)


def _room(rng: np.random.Generator, textures: Textures, size: int) -> Field:
    """A wall, or two that meet, above a floor."""
    edge = int(size * rng.uniform(0.4, 0.9))
    wall = ("white", "dull", "grey", "any", "wood")[int(rng.integers(5))]
    floor = ("wood", "stone", "grey", "cloth", "any")[int(rng.integers(5))]
    pixels = np.empty((size, size, 3), dtype=np.float32)
    pixels[:edge] = _sheet(rng, textures, wall, edge, size)
    pixels[edge:] = _sheet(rng, textures, floor, size - edge, size)
    if rng.random() < 0.4:
        corner = int(size * rng.uniform(0.1, 0.9))
        pixels[:edge, corner:] *= np.float32(rng.uniform(0.6, 0.95))
    if rng.random() < 0.3:
        pixels[max(0, edge - size // 40) : edge] = pick_colour(rng, "any")
    return pixels


def _landscape(rng: np.random.Generator, textures: Textures, size: int) -> Field:
    """Sky, perhaps far trees or buildings, and ground."""
    horizon = int(size * rng.uniform(0.1, 0.75))
    top, bottom = pick_colour(rng, "sky"), pick_colour(rng, "sky")
    fade = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    pixels = np.array(np.broadcast_to(top + fade * (bottom - top), (size, size, 3)))
    if rng.random() < 0.5:
        clouds = np.clip(textures.window("noise", horizon, size) * 2.5 - 1, 0, 1)[..., None]
        pixels[:horizon] += clouds * np.float32(rng.uniform(0.1, 0.6)) * (1 - pixels[:horizon])
    ground = ("leaf", "stone", "grey", "wood", "leaf")[int(rng.integers(5))]
    pixels[horizon:] = _sheet(rng, textures, ground, size - horizon, size)
    if rng.random() < 0.7:
        height = max(2, int(size * rng.uniform(0.05, 0.35)))
        ridge = np.asarray(textures.window("noise", 1, size))[0] * height
        rows = np.arange(horizon, dtype=np.float32)[:, None]
        far = rows > horizon - ridge
        kind = ("leaf", "leaf", "stone", "grey")[int(rng.integers(4))]
        cover = _sheet(rng, textures, kind, horizon, size)
        pixels[:horizon][far] = cover[far]
    return pixels


def litter(rng: np.random.Generator, canvas: Canvas, textures: Textures, amount: int) -> None:
    """Unlabelled clutter: faint panels, lines, smudges and patches that are part of the set."""
    size = canvas.width
    for _ in range(amount):
        x, y = rng.uniform(0, size, 2)
        extent = size * rng.uniform(0.05, 0.5)
        pick = rng.random()
        if pick < 0.35:
            half = rng.uniform(0.1, 0.5)
            ring = box(-0.5, -half, 0.5, half)
        elif pick < 0.65:
            thin = rng.uniform(0.003, 0.02)
            angle = rng.uniform(0, np.pi) if rng.random() < 0.4 else rng.choice([0.0, np.pi / 2])
            ring = capsule(0, 0, float(np.cos(angle)), float(np.sin(angle)), thin, thin)
            extent *= 2.5
        elif pick < 0.85:
            ring = blob(rng, 0, 0, 0.5, 0.6)
        else:
            ring = polygon(rng, 0, 0, 0.5)
        parts = [Part(ring, "any")]
        surfaces = choose_surfaces(rng, parts, extent)
        rings = placed(rng, parts, Pose(float(x), float(y), float(extent)), 0.0)
        patch = draw(parts, rings, surfaces, textures, (size, size), 0.0)
        if patch is not None:
            # Faint: it takes on most of the colour that is already there.
            faint = np.float32(rng.uniform(0.06, 0.3))
            canvas.paint(type(patch)(patch.x, patch.y, patch.alpha * faint, patch.colour), None)
