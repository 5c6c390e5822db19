"""Things about the house: vessels, furniture, machines, tools, food."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.noise import Field
from resources.starter.scenes.shapes import (
    blob,
    box,
    capsule,
    ellipse,
    polygon,
    profile,
    ring_of,
    rounded,
)
from resources.starter.scenes.thing import Part, one_of


def bottle(rng: np.random.Generator) -> list[Part]:
    """A bottle, a jar or a vase, with or without cap and label."""
    neck, belly = rng.uniform(0.04, 0.12), rng.uniform(0.12, 0.28)
    rise = rng.uniform(0.15, 0.5)
    body = profile(
        [
            (0, neck),
            (rise * 0.6, neck),
            (rise, belly),
            (0.7, belly * rng.uniform(0.8, 1.1)),
            (0.97, belly),
            (1, belly * 0.9),
        ]
    )
    parts = [Part(body, "any", "tube")]
    if rng.random() < 0.6:
        top = rise + 0.08
        label = box(-belly * 0.98, top, belly * 0.98, top + rng.uniform(0.12, 0.35))
        parts.append(Part(label, "any2", "tube"))
    if rng.random() < 0.5:
        parts.append(Part(box(-neck * 1.15, -0.05, neck * 1.15, 0.06), "any3", "tube"))
    if rng.random() < 0.5:
        parts.append(
            Part(capsule(-belly * 0.5, rise + 0.05, -belly * 0.5, 0.9, 0.02, 0.02), "white")
        )
    return parts


def vessel(rng: np.random.Generator) -> list[Part]:
    """A cup, bowl, pot, sink or glass seen from a little above."""
    wide, tall = rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.8)
    foot, flat = wide * rng.uniform(0.4, 1.0), rng.uniform(0.05, 0.35)
    parts: list[Part] = []
    if rng.random() < 0.45:
        side = 1 if rng.random() < 0.5 else -1
        grip = ellipse(side * wide, tall * 0.45, wide * 0.35, tall * 0.28)
        parts.append(Part(grip, "any"))
        parts.append(
            Part(ellipse(side * wide, tall * 0.45, wide * 0.22, tall * 0.17), "any", cut=True)
        )
    elif rng.random() < 0.3:
        parts.append(Part(capsule(0, 0.05, rng.choice([-1, 1]) * 1.1, 0.0, 0.05, 0.04), "dark"))
    hull = profile([(0, wide), (tall * 0.5, (wide * 1.1 + foot) / 2), (tall, foot)])
    parts.append(Part(hull, "any", "tube"))
    parts.append(Part(ellipse(0, tall, foot, flat * foot), "any", "tube"))
    parts.append(Part(ellipse(0, 0, wide, flat * wide), "any"))
    parts.append(
        Part(ellipse(0, 0.01, wide * 0.9, flat * wide * 0.85), one_of(rng, "food", "any2", "dark"))
    )
    if rng.random() < 0.35:
        parts += [
            Part(
                blob(rng, rng.uniform(-0.6, 0.6) * wide, 0, wide * 0.3, 0.4),
                one_of(rng, "food2", "leaf"),
                "ball",
            )
            for _ in range(5)
        ]
    return parts


def plate(rng: np.random.Generator) -> list[Part]:
    """A plate, clock, wheel or pizza: concentric rounds with things on top."""
    flat = rng.uniform(0.35, 1.0)
    parts = [Part(ellipse(0, 0, 0.5, 0.5 * flat, n=28), one_of(rng, "white", "any"))]
    parts.append(Part(ellipse(0, 0, 0.38, 0.38 * flat, n=28), one_of(rng, "white2", "any2")))
    for number in range(int(rng.integers(0, 7))):
        x, y = rng.normal(0, 0.15), rng.normal(0, 0.15) * flat
        piece = blob(rng, x, y, rng.uniform(0.05, 0.2), 0.5)
        parts.append(Part(piece, one_of(rng, "food", "food2", "leaf", f"food{number}"), "ball"))
    return parts


def appliance(rng: np.random.Generator) -> list[Part]:
    """A box with a face: oven, fridge, screen, laptop, book, phone, sign, window."""
    wide, tall = rng.uniform(0.3, 1.0), rng.uniform(0.3, 1.0)
    parts: list[Part] = []
    deep = rng.uniform(0.05, 0.3)
    body = one_of(rng, "metal", "white", "dark", "any", "wood")
    if rng.random() < 0.45:
        slant = deep * rng.choice([-1, 1])
        edge = wide if slant > 0 else 0.0
        parts.append(
            Part(
                ring_of([(0, 0), (wide, 0), (wide + slant, -deep * 0.6), (slant, -deep * 0.6)]),
                body + "7",
            )
        )
        parts.append(
            Part(
                ring_of(
                    [
                        (edge, 0),
                        (edge + slant, -deep * 0.6),
                        (edge + slant, tall - deep * 0.6),
                        (edge, tall),
                    ]
                ),
                body + "8",
            )
        )
    parts.append(Part(rounded(0, 0, wide, tall, rng.uniform(0, 0.08)), body))
    rim = rng.uniform(0.03, 0.12)
    if rng.random() < 0.75:
        low = tall * rng.uniform(0.55, 1.0) - rim
        parts.append(
            Part(box(rim, rim, wide - rim, low), one_of(rng, "dark", "any2", "grey", "sky"))
        )
        if rng.random() < 0.4:
            parts.append(Part(polygon(rng, wide / 2, low / 2, min(wide, low) * 0.25), "vivid"))
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    if rng.random() < 0.6:
        size = min(wide / columns, tall * 0.3 / rows) * 0.3
        for row in range(rows):
            for column in range(columns):
                x, y = (column + 0.5) * wide / columns, tall * (0.72 + 0.3 * row / rows) - size
                parts.append(Part(ellipse(x, y, size, size, n=8), "any3"))
    if rng.random() < 0.4:
        y = tall * rng.uniform(0.1, 0.6)
        parts.append(Part(capsule(wide * 0.2, y, wide * 0.8, y, 0.015, 0.015), "metal2"))
    if rng.random() < 0.25:
        parts.append(Part(box(wide * 0.35, tall, wide * 0.65, tall + 0.12), "dark2"))
        parts.append(Part(box(wide * 0.2, tall + 0.1, wide * 0.8, tall + 0.15), "dark2"))
    return parts


def laptop(rng: np.random.Generator) -> list[Part]:
    """A screen with a keyboard before it."""
    slant, deep = rng.uniform(-0.3, 0.3), rng.uniform(0.15, 0.5)
    base = ring_of([(0, 0.6), (1, 0.6), (1 + slant, 0.6 + deep), (slant, 0.6 + deep)])
    keys = ring_of(
        [
            (0.08, 0.63),
            (0.92, 0.63),
            (0.92 + slant * 0.6, 0.6 + deep * 0.6),
            (0.08 + slant * 0.6, 0.6 + deep * 0.6),
        ]
    )
    return [
        Part(base, "grey"),
        Part(keys, "dark"),
        Part(rounded(0, 0, 1, 0.6, 0.03), "dark2"),
        Part(box(0.05, 0.05, 0.95, 0.54), one_of(rng, "sky", "any", "white")),
    ]


def chair(rng: np.random.Generator) -> list[Part]:
    """A chair, stool or bench with thin legs and gaps between them."""
    wide, deep = rng.uniform(0.35, 0.6), rng.uniform(0.1, 0.25)
    seat, leg = rng.uniform(0.45, 0.6), rng.uniform(0.015, 0.04)
    slant = rng.uniform(-0.15, 0.15)
    frame, soft = one_of(rng, "wood", "dark", "metal", "any"), one_of(rng, "any2", "wood", "cloth")
    parts = [
        Part(capsule(x, seat, x + rng.normal(0, 0.03), 1 + y, leg, leg), frame, "tube")
        for x, y in ((slant, -deep), (wide + slant, -deep))
    ]
    if rng.random() < 0.85:
        back = [
            Part(
                ring_of([(slant, 0), (wide + slant, 0), (wide + slant, seat), (slant, seat)]), soft
            )
        ]
        if rng.random() < 0.5:
            count = int(rng.integers(1, 5))
            for k in range(count):
                left = slant + wide * (k + 0.2) / count
                gap = box(left, 0.08, left + wide * 0.6 / count, seat - 0.08)
                back.append(Part(gap, soft, cut=True))
        parts = [*back, *parts]
    parts.append(
        Part(
            ring_of([(slant, seat - deep), (wide + slant, seat - deep), (wide, seat), (0, seat)]),
            soft,
        )
    )
    parts.append(Part(box(0, seat, wide, seat + 0.05), frame))
    parts += [Part(capsule(x, seat, x, 1, leg, leg), frame, "tube") for x in (leg, wide - leg)]
    return parts


def table(rng: np.random.Generator) -> list[Part]:
    """A table or desk: a slab on legs."""
    deep, slant, tall = rng.uniform(0.05, 0.4), rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.6)
    leg = rng.uniform(0.015, 0.05)
    top = one_of(rng, "wood", "white", "any", "cloth", "stone")
    parts = [
        Part(capsule(x, 0, x, tall * y, leg, leg), "wood2", "tube")
        for x, y in ((0.1 + slant, 0.7), (0.9 + slant, 0.7), (0.03, 1), (0.97, 1))
    ]
    parts.append(Part(ring_of([(slant, -deep), (1 + slant, -deep), (1, 0), (0, 0)]), top))
    parts.append(Part(box(0, 0, 1, rng.uniform(0.02, 0.08)), "wood2"))
    return parts


def sofa(rng: np.random.Generator) -> list[Part]:
    """A sofa or bed with cushions."""
    parts = [
        Part(rounded(0, 0, 1, 0.6, 0.1), "cloth"),
        Part(rounded(0.02, 0.3, 0.98, 0.62, 0.05), "cloth2"),
    ]
    count = int(rng.integers(1, 4))
    cushions = [
        Part(
            rounded(0.08 + 0.84 * k / count, 0.1, 0.08 + 0.84 * (k + 0.9) / count, 0.4, 0.06),
            one_of(rng, "cloth", "cloth3", f"cloth{4 + k}"),
            "ball",
        )
        for k in range(count)
    ]
    return [
        *parts,
        *cushions,
        Part(rounded(-0.06, 0.2, 0.1, 0.65, 0.06), "cloth", "tube"),
        Part(rounded(0.9, 0.2, 1.06, 0.65, 0.06), "cloth", "tube"),
    ]


def utensil(rng: np.random.Generator) -> list[Part]:
    """A spoon, fork, knife, bat, brush, racket or pen."""
    pick = rng.random()
    grip = one_of(rng, "metal", "wood", "any", "dark")
    thick = rng.uniform(0.012, 0.05)
    parts = [Part(capsule(0, 0.2, 0, 1, thick * 0.7, thick), grip, "tube")]
    head = grip if rng.random() < 0.6 else one_of(rng, "metal2", "any2")
    if pick < 0.35:
        parts.append(
            Part(ellipse(0, 0.1, rng.uniform(0.05, 0.14), rng.uniform(0.1, 0.2)), head, "ball")
        )
    elif pick < 0.65:
        edge = rng.uniform(0.04, 0.12)
        parts.append(Part(ring_of([(-0.02, 0), (edge, 0.15), (edge, 0.45), (-0.02, 0.45)]), head))
    elif pick < 0.8:
        parts.append(Part(rounded(-0.08, 0, 0.08, 0.25, 0.03), head))
        parts += [Part(box(x, -0.01, x + 0.025, 0.17), head, cut=True) for x in (-0.045, 0.02)]
    else:
        parts.append(Part(ellipse(0, 0.05, 0.17, 0.23), head))
        if rng.random() < 0.6:
            parts.append(Part(ellipse(0, 0.05, 0.13, 0.19), head, cut=True))
    return parts


def lamp(rng: np.random.Generator) -> list[Part]:
    """A lamp, a sign post, a parasol, a traffic light."""
    pole = Part(capsule(0, 0.2, 0, 1, rng.uniform(0.015, 0.03), 0.03), "grey", "tube")
    pick = rng.random()
    if pick < 0.4:
        wide = rng.uniform(0.2, 0.6)
        dome = [(wide * np.cos(t), 0.25 - 0.3 * np.sin(t)) for t in np.linspace(0, np.pi, 12)]
        return [pole, Part(ring_of([*dome]), "any", "ball")]
    if pick < 0.7:
        return [
            pole,
            Part(polygon(rng, 0, 0.12, rng.uniform(0.12, 0.25)), "any"),
            Part(box(-0.07, 0.08, 0.07, 0.14), "white"),
        ]
    lights = [
        Part(ellipse(0, y, 0.05, 0.05, n=12), name)
        for y, name in ((0.0, "vivid1"), (0.13, "vivid2"), (0.26, "vivid3"))
    ]
    return [pole, Part(rounded(-0.09, -0.09, 0.09, 0.35, 0.03), "dark"), *lights]


def _spot(rng: np.random.Generator) -> Field:
    x, y = rng.normal(0, 0.15, 2)
    return blob(rng, x, y, rng.uniform(0.05, 0.25), 0.3)


def fruit(rng: np.random.Generator) -> list[Part]:
    """A ball, fruit, pebble or loaf: one round lit piece, at times with a mark."""
    parts = [
        Part(
            blob(rng, 0, 0, 0.5, rng.uniform(0, 0.3)),
            one_of(rng, "food", "any", "stone", "vivid"),
            "ball",
        )
    ]
    if rng.random() < 0.3:
        parts.append(Part(_spot(rng), "any2", "ball"))
    if rng.random() < 0.25:
        parts.append(Part(capsule(0, -0.4, rng.normal(0, 0.1), -0.62, 0.03, 0.03), "leaf"))
    return parts


def board(rng: np.random.Generator) -> list[Part]:
    """A bag, cushion, cloth, box, skateboard: a rounded flat piece with trimmings."""
    wide, tall = rng.uniform(0.3, 1.0), rng.uniform(0.12, 0.8)
    parts = [
        Part(rounded(0, 0, wide, tall, rng.uniform(0, 0.25)), "cloth", one_of(rng, "flat", "ball"))
    ]
    if rng.random() < 0.4:
        parts.append(Part(box(wide * 0.1, tall * 0.35, wide * 0.9, tall * 0.55), "cloth2"))
    if rng.random() < 0.3:
        handle: Field = ellipse(wide / 2, 0, wide * 0.25, tall * 0.35)
        hole = Part(ellipse(wide / 2, 0, wide * 0.18, tall * 0.26), "cloth3", cut=True)
        parts = [Part(handle, "cloth3"), hole, *parts]
    return parts
