"""Things that drive, float and fly."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.shapes import blob, box, capsule, ellipse, ring_of, rounded
from resources.starter.scenes.thing import Part, one_of


def _wheel(x: float, y: float, radius: float, rim: float) -> list[Part]:
    return [
        Part(ellipse(x, y, radius, radius), "dark"),
        Part(ellipse(x, y, radius * rim, radius * rim, n=14), "metal"),
    ]


def car(rng: np.random.Generator) -> list[Part]:
    """A car, van, truck or bus from the side."""
    tall = rng.uniform(0.12, 0.4)
    cab0, cab1 = rng.uniform(0.02, 0.3), rng.uniform(0.6, 0.98)
    up = rng.uniform(0.12, 0.25)
    body = rounded(0, 0, 1, tall, 0.06)
    roof = ring_of([(cab0, 0.02), (cab0 + 0.08, -up), (cab1 - 0.12, -up), (cab1, 0.02)])
    parts = [Part(roof, "any"), Part(body, "any", "tube")]
    count = int(rng.integers(2, 6))
    glass = one_of(rng, "dark2", "sky", "grey")
    for k in range(count):
        left = cab0 + 0.09 + (cab1 - cab0 - 0.2) * k / count
        right = left + (cab1 - cab0 - 0.2) / count * 0.85
        parts.append(Part(box(left, -up + 0.03, right, 0.0), glass))
    if rng.random() < 0.5:
        parts.append(Part(box(0, tall * 0.55, 1, tall * 0.7), "any2"))
    wheel = rng.uniform(0.06, 0.11)
    for x in (rng.uniform(0.14, 0.25), rng.uniform(0.72, 0.86)):
        parts += _wheel(x, tall, wheel, 0.55)
    parts.append(Part(ellipse(0.97, tall * 0.35, 0.03, 0.03, n=10), "white"))
    return parts


def car_front(rng: np.random.Generator) -> list[Part]:
    """A car, bus or train, coming or going."""
    up, wide = rng.uniform(0.2, 0.9), rng.uniform(0.3, 0.42)
    parts = [Part(box(x, 0.45, x + 0.12, 0.62), "dark") for x in (-0.44, 0.32)]
    parts.append(
        Part(ring_of([(-wide, -up), (wide, -up), (0.5, 0.05), (-0.5, 0.05)]), "any", "tube")
    )
    parts.append(Part(rounded(-0.5, 0, 0.5, 0.52, 0.08), "any", "tube"))
    glass = ring_of([(-wide * 0.9, -up * 0.85), (wide * 0.9, -up * 0.85), (0.42, 0), (-0.42, 0)])
    parts.append(Part(glass, one_of(rng, "dark2", "sky", "grey")))
    lamp = one_of(rng, "white", "vivid")
    parts += [Part(ellipse(x, 0.2, 0.08, 0.05, n=12), lamp) for x in (-0.36, 0.36)]
    parts.append(Part(box(-0.2, 0.18, 0.2, 0.38), "dark3"))
    return parts


def cycle(rng: np.random.Generator) -> list[Part]:
    """A bicycle or motorcycle: open wheels joined by a frame."""
    wheel, thick = rng.uniform(0.2, 0.26), rng.uniform(0.015, 0.05)
    parts: list[Part] = []
    for x in (-0.32, 0.32):
        parts.append(Part(ellipse(x, 0.25, wheel, wheel, n=26), "dark"))
        inner = wheel - thick * 1.6
        parts.append(Part(ellipse(x, 0.25, inner, inner, n=26), "dark", cut=True))
        parts += [
            Part(
                capsule(
                    x + inner * np.cos(a),
                    0.25 + inner * np.sin(a),
                    x - inner * np.cos(a),
                    0.25 - inner * np.sin(a),
                    0.006,
                    0.006,
                ),
                "metal",
            )
            for a in rng.uniform(0, np.pi, 3)
        ]
    bars = (
        (-0.32, 0.25, -0.1, -0.05),
        (-0.1, -0.05, 0.22, -0.08),
        (-0.08, 0.22, 0.22, -0.08),
        (-0.32, 0.25, -0.08, 0.22),
        (-0.08, 0.22, -0.1, -0.05),
        (0.22, -0.12, 0.32, 0.25),
    )
    parts += [Part(capsule(*bar, thick, thick), "any", "tube") for bar in bars]
    if rng.random() < 0.4:
        parts.append(Part(blob(rng, 0.03, 0.08, 0.17, 0.4), "metal2", "ball"))
    parts.append(Part(ellipse(-0.12, -0.1, 0.11, 0.03), "dark2"))
    parts.append(Part(capsule(0.16, -0.2, 0.26, -0.16, 0.02, 0.02), "dark2"))
    return parts


def boat(rng: np.random.Generator) -> list[Part]:
    """A boat or an aeroplane."""
    if rng.random() < 0.6:
        parts = [
            Part(ring_of([(-0.5, 0), (0.55, -0.05), (0.4, 0.18), (-0.4, 0.18)]), "any", "tube")
        ]
        if rng.random() < 0.6:
            parts.append(
                Part(ring_of([(0, -0.05), (0.03, -0.8), (rng.uniform(0.2, 0.5), -0.1)]), "white")
            )
            return [*parts, Part(capsule(0, 0, 0.02, -0.85, 0.012, 0.01), "wood")]
        return [
            *parts,
            Part(box(-0.25, -0.18, 0.15, 0.0), "white"),
            Part(box(-0.2, -0.13, 0.1, -0.06), "dark"),
        ]
    wing = rng.uniform(0.2, 0.6)
    return [
        Part(ring_of([(-0.1, 0), (0.12, 0), (-0.15, -wing), (-0.25, -wing)]), "grey"),
        Part(capsule(-0.5, 0, 0.45, 0, 0.04, 0.07), "white", "tube"),
        Part(ring_of([(-0.42, 0), (-0.55, -0.22), (-0.48, -0.22), (-0.3, 0)]), "vivid"),
        Part(ring_of([(-0.1, 0.02), (0.15, 0.02), (-0.2, wing), (-0.3, wing)]), "grey2"),
    ]
