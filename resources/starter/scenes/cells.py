"""What a microscope shows: nuclei glowing on black, stained tissue, grey bright field, sheets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resources.starter.scenes.camera import capture
from resources.starter.scenes.canvas import Canvas, Patch
from resources.starter.scenes.colour import Textures
from resources.starter.scenes.noise import Field, fractal, ramp, smooth
from resources.starter.scenes.scene import CELL, Scene


@dataclass(frozen=True, slots=True)
class Outline:
    """A cell's place, radius, flatness, turn and the waves of its rim."""

    x: float
    y: float
    radius: float
    flat: float
    turn: float
    waves: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class Habit:
    """What the cells of one picture have in common."""

    radius: float
    spread: float
    flat: float
    rough: float
    grain: float
    rim: float
    soft: float


def habit(rng: np.random.Generator, size: int, largest: float = 0.14) -> Habit:
    """Random common traits; radii follow a log scale from 2.5 pixels to `largest` of the frame."""
    return Habit(
        radius=float(np.exp(rng.uniform(np.log(3.0), np.log(largest * size)))),
        spread=float(rng.uniform(0.05, 0.35)),
        flat=float(rng.uniform(0.45, 1.0)),
        rough=float(rng.uniform(0.0, 0.22)),
        grain=float(rng.uniform(0.0, 0.7)),
        rim=float(rng.uniform(-0.3, 0.4)),
        soft=float(rng.uniform(0.06, 0.3)),
    )


def places(rng: np.random.Generator, size: int, radius: float, most: int) -> Field:
    """Centres (N, 2): even, clustered, in a band or in a ring, with little or much touching."""
    fill = float(np.exp(rng.uniform(np.log(0.03), np.log(0.75))))
    count = int(np.clip(fill * size * size / (np.pi * radius * radius), 1, most))
    tries = count * 4
    pick = rng.random()
    if pick < 0.5:
        points = rng.uniform(-0.03, 1.03, (tries, 2)) * size
    elif pick < 0.8:
        hubs = rng.uniform(0, size, (int(rng.integers(1, 7)), 2))
        reach = size * rng.uniform(0.06, 0.22)
        points = hubs[rng.integers(len(hubs), size=tries)] + rng.normal(0, reach, (tries, 2))
    else:
        along = rng.uniform(-0.2, 1.2, tries) * size
        bend = size * rng.uniform(0, 0.3) * np.sin(along / size * rng.uniform(1, 6))
        across = size * rng.uniform(0.2, 0.8) + bend + rng.normal(0, size * 0.1, tries)
        points = np.stack([along, across], axis=1)
        if rng.random() < 0.5:
            points = points[:, ::-1]
    # Keep a point only if it stands clear enough of those kept before it.
    clear = (radius * rng.uniform(1.1, 2.3)) ** 2
    kept = np.empty((most, 2))
    used = 0
    for point in points:
        if used == count:
            break
        gap = kept[:used] - point
        if used == 0 or float((gap * gap).sum(axis=1).min()) > clear:
            kept[used] = point
            used += 1
    return kept[:used].astype(np.float32)


def outline(rng: np.random.Generator, common: Habit, x: float, y: float, turn: float) -> Outline:
    """One cell of a habit at a place."""
    radius = max(1.8, common.radius * float(np.exp(rng.normal(0, common.spread))))
    flat = float(np.clip(common.flat + rng.normal(0, 0.12), 0.25, 1.0))
    waves = tuple(
        (k, float(rng.normal(0, common.rough) / k * 1.6), float(rng.uniform(0, 6.283)))
        for k in ((2, 3, 4) if common.rough > 0.03 else ())
    )
    return Outline(x, y, radius, flat, turn, waves)


def level(cell: Outline) -> tuple[int, int, Field]:
    """Left, top, and how far out each pixel lies: 0 at the middle, 1 on the rim, above outside."""
    reach = int(cell.radius / np.sqrt(cell.flat) * 1.5) + 3
    left, top = int(cell.x) - reach, int(cell.y) - reach
    axis = np.arange(2 * reach + 1, dtype=np.float32) + np.float32(0.5)
    dx = (axis + np.float32(left - cell.x))[None, :]
    dy = (axis + np.float32(top - cell.y))[:, None]
    cos, sin = np.float32(np.cos(cell.turn)), np.float32(np.sin(cell.turn))
    stretch = np.float32(np.sqrt(cell.flat))
    u = (dx * cos + dy * sin) * stretch
    v = (dy * cos - dx * sin) / stretch
    out = np.sqrt(u * u + v * v)
    if cell.waves:
        angle = np.arctan2(v, u)
        rim = np.ones_like(out)
        for k, height, phase in cell.waves:
            rim += np.float32(height) * np.cos(k * angle + np.float32(phase))
        out = out / np.maximum(rim, 0.4)
    return left, top, np.asarray(out / np.float32(cell.radius), dtype=np.float32)


def body(
    rng: np.random.Generator, cell: Outline, common: Habit, textures: Textures
) -> tuple[int, int, Field, Field]:
    """Left, top, cover 0..1 (0.5 on the rim) and inner brightness (about 1) of a cell."""
    left, top, out = level(cell)
    # At least a pixel of softness, so that the rim falls where the outline says.
    soft = np.float32(max(common.soft, 0.8 / cell.radius))
    cover = np.clip((1 - out) / soft + 0.5, 0, 1)
    inner = 1 + np.float32(common.rim) * (np.minimum(out, 1) ** 2 - np.float32(0.4))
    if common.grain > 0.05 and cell.radius > 3.5:
        name = "fine" if rng.random() < 0.5 else "noise"
        grain = textures.window(name, *out.shape)
        inner = inner + np.float32(common.grain) * (grain - np.float32(0.5))
    return left, top, cover, np.asarray(inner, dtype=np.float32)


def _turns(rng: np.random.Generator, count: int) -> Field:
    """Directions of the cells' long axes: all alike, or each its own."""
    if rng.random() < 0.3:
        return np.asarray(rng.normal(rng.uniform(0, np.pi), 0.35, count), dtype=np.float32)
    return np.asarray(rng.uniform(0, np.pi, count), dtype=np.float32)


def fluorescence(rng: np.random.Generator, size: int) -> Scene:
    """Bright nuclei on a dark ground, some dim, some blazing, some dividing."""
    textures = Textures(rng, size)
    common = habit(rng, size)
    floor = rng.uniform(0.0, 0.12)
    pixels = np.full((size, size, 3), floor, dtype=np.float32)
    if rng.random() < 0.5:
        haze = fractal(rng, size, size, int(rng.integers(2, 6)), 2) * rng.uniform(0.0, 0.12)
        pixels += haze[..., None]
    canvas = Canvas(pixels)
    typical = float(np.exp(rng.uniform(np.log(0.06), np.log(0.8))))
    uneven = rng.uniform(0.05, 0.6)
    tint = _tint(rng)
    points = places(rng, size, common.radius, 180)
    for (x, y), turn in zip(points, _turns(rng, len(points)), strict=True):
        cell = outline(rng, common, float(x), float(y), float(turn))
        left, top, cover, inner = body(rng, cell, common, textures)
        strength = np.float32(min(1.2, typical * np.exp(rng.normal(0, uneven))))
        light = (floor + strength * inner)[..., None] * tint
        if rng.random() < 0.25:
            _halo(canvas, cell, strength * np.float32(rng.uniform(0.05, 0.25)), tint)
        canvas.paint(Patch(left, top, cover, light), CELL)
        if rng.random() < 0.02:
            _divide(rng, canvas, cell, strength, tint)
    if rng.random() < 0.3:
        _specks(rng, canvas, typical, tint)
    return _developed(rng, canvas, dark=True)


def _tint(rng: np.random.Generator) -> Field:
    """The colour of the dye: mostly grey, sometimes blue, green, red."""
    if rng.random() < 0.75:
        return np.ones(3, dtype=np.float32)
    return np.asarray(np.clip(rng.uniform(-0.3, 1.2, 3), 0.05, 1), dtype=np.float32)


def _halo(canvas: Canvas, cell: Outline, strength: Field | np.float32, tint: Field) -> None:
    """Light from above and below the focus, around a cell."""
    wide = Outline(cell.x, cell.y, cell.radius * 1.5, cell.flat, cell.turn, ())
    left, top, out = level(wide)
    glow = np.clip(1.3 - out, 0, 1) ** 2 * np.float32(strength)
    canvas.glow(Patch(left, top, glow, np.broadcast_to(tint, (*glow.shape, 3))))


def _divide(
    rng: np.random.Generator, canvas: Canvas, cell: Outline, strength: np.float32, tint: Field
) -> None:
    """A pair of bright bars beside a cell: two daughters of a division."""
    gap = cell.radius * rng.uniform(0.5, 0.8)
    for side in (-1, 1):
        x, y = cell.x - side * gap * np.sin(cell.turn), cell.y + side * gap * np.cos(cell.turn)
        bar = Outline(float(x), float(y), cell.radius * 0.6, 0.4, cell.turn, ())
        left, top, out = level(bar)
        cover = np.clip((1 - out) * 3 + 0.5, 0, 1)
        bright = np.minimum(1.0, (strength * 1.7 - out * strength * 0.3))[..., None] * tint
        canvas.paint(Patch(left, top, cover, bright.astype(np.float32)), CELL)


def _specks(rng: np.random.Generator, canvas: Canvas, typical: float, tint: Field) -> None:
    """Small bright debris; what is large enough to see is labelled."""
    for _ in range(int(rng.integers(1, 15))):
        x, y = rng.uniform(0, canvas.width, 2)
        speck = Outline(float(x), float(y), float(rng.uniform(1.2, 4)), 0.8, 0.0, ())
        left, top, out = level(speck)
        cover = np.clip((1 - out) * speck.radius + 0.5, 0, 1)
        light = np.broadcast_to(np.minimum(1, 2 * typical) * tint, (*cover.shape, 3))
        canvas.paint(Patch(left, top, cover, light), CELL)


def _developed(rng: np.random.Generator, canvas: Canvas, *, dark: bool) -> Scene:
    """Uneven light, sensor and file; labels as the canvas shows them."""
    pixels = canvas.pixels
    size = canvas.width
    if rng.random() < 0.35:
        uneven = ramp(rng, size, size) if rng.random() < 0.5 else smooth(rng, size, size, 3)
        pixels = pixels * (1 - np.float32(rng.uniform(0.1, 0.6)) * uneven)[..., None]
    if dark and rng.random() < 0.06:
        pixels = np.float32(rng.uniform(0.7, 1.0)) - pixels
    index, labels = canvas.visible()
    softest = 2.2 if rng.random() < 0.2 else 1.4
    return Scene(capture(rng, pixels, softest), index, labels)


_STAINS = (
    ((0.32, 0.12, 0.5), (0.88, 0.86, 0.88)),
    ((0.35, 0.15, 0.55), (0.72, 0.64, 0.82)),
    ((0.25, 0.1, 0.7), (0.68, 0.6, 0.82)),
    ((0.5, 0.12, 0.5), (0.9, 0.75, 0.85)),
    ((0.3, 0.3, 0.55), (0.9, 0.85, 0.8)),
    ((0.4, 0.25, 0.15), (0.85, 0.85, 0.9)),
    ((0.3, 0.3, 0.3), (0.8, 0.8, 0.8)),
)


def tissue(rng: np.random.Generator, size: int) -> Scene:
    """Dark stained nuclei in paler tissue with fibres, gaps and washed-out neighbours."""
    textures = Textures(rng, size)
    common = habit(rng, size, 0.12)
    dye, paper = (np.array(c, dtype=np.float32) for c in _STAINS[int(rng.integers(len(_STAINS)))])
    dye = np.clip(dye + rng.normal(0, 0.07, 3), 0, 1).astype(np.float32)
    paper = np.clip(paper + rng.normal(0, 0.05, 3), 0, 1).astype(np.float32)
    pale = paper + (dye - paper) * np.float32(rng.uniform(0.1, 0.45))
    mottle = fractal(rng, size, size, int(rng.integers(2, 8)), 4, 0.6)
    mottle = np.clip((mottle - rng.uniform(0.2, 0.6)) * rng.uniform(1, 5), 0, 1)[..., None]
    pixels = paper + mottle * (pale - paper)
    if rng.random() < 0.5:
        fibres = textures.window("fine", size, size)[..., None] - np.float32(0.5)
        pixels = pixels + fibres * np.float32(rng.uniform(0.03, 0.2))
    canvas = Canvas(np.asarray(pixels, dtype=np.float32))
    points = places(rng, size, common.radius, 160)
    plasma = rng.random() < 0.4
    uneven = rng.uniform(0.05, 0.35)
    for (x, y), turn in zip(points, _turns(rng, len(points)), strict=True):
        cell = outline(rng, common, float(x), float(y), float(turn))
        if plasma:
            _plasma(rng, canvas, cell, pale)
        left, top, cover, inner = body(rng, cell, common, textures)
        depth = float(np.clip(rng.normal(0.85, uneven), 0.25, 1.1))
        ink = paper + (dye - paper) * np.float32(depth)
        colour = np.clip(1 - (1 - ink) * inner[..., None], 0, 1)
        ghost = depth < 0.4 and rng.random() < 0.5
        if ghost:
            cover = cover * np.float32(0.49)
        canvas.paint(Patch(left, top, cover, colour), None if ghost else CELL)
    return _developed(rng, canvas, dark=False)


def _plasma(rng: np.random.Generator, canvas: Canvas, cell: Outline, colour: Field) -> None:
    """A pale body round a nucleus, which is not part of the instance."""
    radius = cell.radius * float(rng.uniform(1.3, 2.5))
    x, y = cell.x + float(rng.normal(0, 2)), cell.y + float(rng.normal(0, 2))
    waves = tuple((k, float(rng.normal(0, 0.15)), float(rng.uniform(0, 6))) for k in (2, 3))
    left, top, out = level(Outline(x, y, radius, min(1.0, cell.flat + 0.2), cell.turn, waves))
    cover = np.clip((1 - out) * 8, 0, 1) * np.float32(rng.uniform(0.15, 0.49))
    canvas.paint(Patch(left, top, cover, np.broadcast_to(colour, (*out.shape, 3))), None)


def bright_field(rng: np.random.Generator, size: int) -> Scene:
    """Grey cells on pale grey: either whole cells or their darker nuclei are the instances."""
    textures = Textures(rng, size)
    common = habit(rng, size, 0.1)
    ground = float(rng.uniform(0.45, 0.95))
    pixels = np.full((size, size, 3), ground, dtype=np.float32)
    pixels += (fractal(rng, size, size, 3, 4)[..., None] - 0.5) * np.float32(rng.uniform(0, 0.12))
    canvas = Canvas(pixels)
    tint = 1 - np.clip(rng.normal(0, 0.04, 3), -0.1, 0.1).astype(np.float32)
    points = places(rng, size, common.radius * 1.5, 110)
    depth = rng.uniform(0.12, 0.6)
    whole = rng.random() < 0.3
    for (x, y), turn in zip(points, _turns(rng, len(points)), strict=True):
        cell = outline(rng, common, float(x), float(y), float(turn))
        shade = np.float32(ground * (1 - depth * rng.uniform(0.2, 0.6)))
        if not whole and rng.random() < 0.8:
            _plasma(rng, canvas, cell, shade * tint)
        left, top, cover, inner = body(rng, cell, common, textures)
        dark = np.float32(ground * (1 - depth * rng.uniform(0.6, 1.1)))
        colour = np.clip(dark * (2 - inner), 0, 1)[..., None] * tint
        canvas.paint(Patch(left, top, cover, np.asarray(colour, dtype=np.float32)), CELL)
        if whole and cell.radius > 8:
            spot = Outline(cell.x, cell.y, cell.radius * 0.35, 0.9, 0.0, ())
            left, top, out = level(spot)
            inside = np.clip((1 - out) * 4, 0, 1) * np.float32(0.7)
            _tone(canvas, left, top, inside, np.float32(dark * 0.6) * tint)
    return _developed(rng, canvas, dark=False)


def _tone(canvas: Canvas, left: int, top: int, alpha: Field, colour: Field) -> None:
    """Colour part of an instance without hiding it: weights stay below one half a layer."""
    half = Patch(left, top, alpha * np.float32(0.49), np.broadcast_to(colour, (*alpha.shape, 3)))
    canvas.paint(half, None)
    canvas.paint(half, None)


def sheet(rng: np.random.Generator, size: int) -> Scene:
    """A closed layer of cells or grains that share walls: every one an instance."""
    count = int(np.exp(rng.uniform(np.log(6), np.log(120))))
    points = rng.uniform(-0.05, 1.05, (count, 2)).astype(np.float32) * size
    axis = np.arange(size, dtype=np.float32) + np.float32(0.5)
    bend = np.float32(size / np.sqrt(count) * rng.uniform(0, 0.35))
    xs = axis[None, :] + bend * (smooth(rng, size, size, 12) - 0.5)
    ys = axis[:, None] + bend * (smooth(rng, size, size, 12) - 0.5)
    near = np.full((size, size), np.inf, dtype=np.float32)
    second = near.copy()
    owner = np.zeros((size, size), dtype=np.int16)
    for number, (x, y) in enumerate(points, start=1):
        away = (xs - x) ** 2 + (ys - y) ** 2
        closer = away < near
        second = np.where(closer, near, np.minimum(second, away))
        near = np.where(closer, away, near)
        owner[closer] = number
    wall = np.sqrt(second) - np.sqrt(near)
    thick = rng.uniform(1.5, 4.0)
    inside = wall > thick
    low, high = rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)
    if rng.random() < 0.6:
        low, high = np.repeat(low[:1], 3), np.repeat(high[:1], 3)
    tone = rng.normal(0, rng.uniform(0.02, 0.15), (count + 1, 3)) + low
    pixels = tone[owner].astype(np.float32)
    pixels += (fractal(rng, size, size, 20, 3)[..., None] - 0.5) * np.float32(rng.uniform(0, 0.25))
    edge = np.clip(1.5 - wall / np.float32(thick), 0, 1)[..., None]
    pixels += edge * (high.astype(np.float32) - pixels)
    canvas = Canvas(np.clip(pixels, 0, 1).astype(np.float32))
    canvas.index = np.where(inside, owner, 0).astype(np.int16)
    canvas.labels = [CELL] * count
    canvas.areas = [1] * count
    return _developed(rng, canvas, dark=False)


def microscopy(rng: np.random.Generator, size: int) -> Scene:
    """One microscope picture of a random kind."""
    pick = rng.random()
    if pick < 0.55:
        return fluorescence(rng, size)
    if pick < 0.83:
        return tissue(rng, size)
    if pick < 0.93:
        return bright_field(rng, size)
    return sheet(rng, size)
