"""Figures, animals and plants: jointed things, each one instance."""

from __future__ import annotations

import numpy as np

from resources.starter.scenes.noise import Field
from resources.starter.scenes.shapes import blob, box, capsule, ellipse, polygon, ring_of
from resources.starter.scenes.thing import Part

Point = tuple[float, float]


def _joint(start: Point, length: float, angle: float) -> Point:
    """The end of a bone; angle 0 hangs down, positive swings to the right."""
    return start[0] + length * float(np.sin(angle)), start[1] + length * float(np.cos(angle))


def _limb(
    rng: np.random.Generator, start: Point, bone: float, spread: float, thick: float, bend: float
) -> tuple[Point, Point, list[Part]]:
    """Two bones: the joint, the end, and bare parts to be given surfaces by the caller."""
    first = float(rng.normal(0, spread))
    middle = _joint(start, bone, first)
    end = _joint(middle, bone, first + float(rng.normal(0, bend)))
    parts = [
        Part(capsule(*start, *middle, thick, thick * 0.8), "", "tube"),
        Part(capsule(*middle, *end, thick * 0.8, thick * 0.6), "", "tube"),
    ]
    return middle, end, parts


def _dressed(parts: list[Part], *surfaces: str) -> list[Part]:
    return [Part(part.ring, name, part.light) for part, name in zip(parts, surfaces, strict=True)]


def _head(rng: np.random.Generator, x: float, y: float, radius: float) -> list[Part]:
    """Hair, face and at times features or a hat, round (x, y)."""
    parts: list[Part] = []
    long_hair = rng.random() < 0.35
    if long_hair:
        parts.append(Part(blob(rng, x, y + radius * 0.5, radius * 1.45, 0.15), "hair"))
    parts.append(Part(ellipse(x, y, radius * 0.82, radius * 1.1), "skin", "ball"))
    cap = [
        (x + radius * 0.95 * np.cos(t), y - radius * (0.25 + 0.95 * np.sin(t)))
        for t in np.linspace(-0.2, np.pi + 0.2, 9)
    ]
    parts.append(Part(ring_of(cap), "hair" if rng.random() < 0.7 else "cloth3"))
    if rng.random() < 0.5:
        for side in (-0.33, 0.33):
            eye = ellipse(x + side * radius, y, radius * 0.13, radius * 0.09, n=8)
            parts.append(Part(eye, "dark"))
        parts.append(Part(ellipse(x, y + radius * 0.55, radius * 0.28, radius * 0.09, n=8), "food"))
    return parts


def person(rng: np.random.Generator) -> list[Part]:
    """A whole figure: standing, walking, sitting or reaching."""
    seated = rng.random() < 0.25
    lean = float(rng.normal(0, 0.12))
    wide = float(rng.uniform(0.8, 1.3))
    neck = (0.0, 0.0)
    hips = _joint(neck, 0.32, -lean)
    shoulder, hip = 0.095 * wide, 0.07 * wide
    head_at = _joint(neck, -0.1, -lean * 1.5)
    sleeve = "cloth1" if rng.random() < 0.6 else "skin"
    leg = "skin" if rng.random() < 0.2 else "cloth2"
    reach = float(rng.choice([0.25, 0.5, 1.4]))
    arms: list[list[Part]] = []
    for side in (-1, 1):
        start = (neck[0] + side * shoulder, neck[1] + 0.04)
        _, hand, bones = _limb(rng, start, 0.16, reach, 0.032 * wide, 0.9)
        arm = _dressed(bones, "cloth1", sleeve)
        arms.append([*arm, Part(ellipse(*hand, 0.028, 0.03, n=10), "skin")])
    legs: list[Part] = []
    for side in (-1, 1):
        start = (hips[0] + side * hip * 0.6, hips[1])
        first = float(rng.normal(1.2 * rng.choice([-1, 1]) if seated else 0.0, 0.3))
        knee = _joint(start, 0.24 * (0.6 if seated else 1), first)
        foot = _joint(knee, 0.24, float(rng.normal(0, 0.25)) if seated else first * 0.5)
        legs.append(Part(capsule(*start, *knee, 0.06 * wide, 0.045 * wide), "cloth2", "tube"))
        legs.append(Part(capsule(*knee, *foot, 0.045 * wide, 0.03 * wide), leg, "tube"))
        toe = foot[0] + 0.05 * float(rng.choice([-1, 1]))
        legs.append(Part(capsule(*foot, toe, foot[1] + 0.015, 0.03, 0.022), "dark2"))
    flank = hip * float(rng.uniform(0.8, 1.4))
    torso = ring_of(
        [
            (neck[0] - shoulder * 0.5, neck[1] - 0.01),
            (neck[0] + shoulder * 0.5, neck[1] - 0.01),
            (neck[0] + shoulder, neck[1] + 0.03),
            (hips[0] + flank, hips[1] + 0.03),
            (hips[0] - flank, hips[1] + 0.03),
            (neck[0] - shoulder, neck[1] + 0.03),
        ]
    )
    body = [Part(capsule(*head_at, *neck, 0.03, 0.04), "skin"), Part(torso, "cloth1", "tube")]
    if rng.random() < 0.25:
        skirt = ring_of(
            [
                (hips[0] - flank, hips[1] - 0.05),
                (hips[0] + flank, hips[1] - 0.05),
                (hips[0] + 2 * flank, hips[1] + 0.25),
                (hips[0] - 2 * flank, hips[1] + 0.25),
            ]
        )
        body.append(Part(skirt, "cloth2", "tube"))
    if rng.random() < 0.25:
        body.append(Part(box(-shoulder * 0.7, 0.04, shoulder * 0.7, 0.3), "cloth4"))
    return [*arms[0], *legs, *body, *_head(rng, *head_at, 0.068), *arms[1]]


def portrait(rng: np.random.Generator) -> list[Part]:
    """Head, shoulders and chest, as when someone stands near the camera."""
    wide = float(rng.uniform(0.8, 1.25))
    low = float(rng.uniform(0.4, 1.0))
    torso = ring_of(
        [
            (-0.1, 0.2),
            (0.1, 0.2),
            (0.34 * wide, 0.32),
            (0.42 * wide, 0.5),
            (0.44 * wide, low + 0.3),
            (-0.44 * wide, low + 0.3),
            (-0.42 * wide, 0.5),
            (-0.34 * wide, 0.32),
        ]
    )
    parts = [Part(torso, "cloth1", "tube")]
    if rng.random() < 0.4:
        parts.append(Part(ring_of([(-0.12, 0.2), (0.12, 0.2), (0.0, 0.45)]), "cloth2"))
    parts.append(Part(capsule(0, 0.05, 0, 0.24, 0.09, 0.1), "skin", "tube"))
    parts += _head(rng, float(rng.normal(0, 0.05)), 0.0, 0.19)
    if rng.random() < 0.5:
        side = float(rng.choice([-1, 1]))
        start, elbow = (side * 0.36 * wide, 0.4), (side * 0.45 * wide, 0.75)
        hand = (float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.1, 0.7)))
        parts.append(Part(capsule(*start, *elbow, 0.09, 0.08), "cloth1", "tube"))
        parts.append(Part(capsule(*elbow, *hand, 0.08, 0.05), "skin", "tube"))
    return parts


def quadruped(rng: np.random.Generator) -> list[Part]:
    """A dog, cow, horse or cat, from the side."""
    long, tall = float(rng.uniform(0.25, 0.4)), float(rng.uniform(0.1, 0.2))
    leg = float(rng.uniform(0.1, 0.32))
    thick = float(rng.uniform(0.025, 0.06))
    far: list[Part] = []
    near: list[Part] = []
    for x in (-long * 0.75, long * 0.75):
        for legs in (far, near):
            start = (x + float(rng.normal(0, 0.03)), tall * 0.5)
            _, _, bones = _limb(rng, start, (tall * 0.5 + leg) / 2, 0.25, thick, 0.4)
            legs += _dressed(bones, "fur", "fur")
    rise = float(rng.uniform(-0.2, 0.35))
    chest = (long * 0.85, -tall * 0.3)
    head = (long + float(rng.uniform(0.08, 0.2)), chest[1] - rise)
    size = float(rng.uniform(0.07, 0.13))
    snout = (head[0] + size * float(rng.uniform(0.6, 1.6)), head[1] + size * 0.5)
    tail = _joint((-long, -tall * 0.3), 0.2, float(rng.uniform(-2.5, -0.2)))
    body = [
        Part(capsule(-long, -tall * 0.3, *tail, 0.03, 0.015), "fur"),
        Part(capsule(*chest, *head, tall * 0.7, size * 0.8), "fur", "tube"),
        Part(ellipse(0, 0, long * 1.15, tall), "fur", "ball"),
    ]
    if rng.random() < 0.4:
        spot = blob(rng, float(rng.uniform(-long, long)) * 0.6, 0, tall * 0.7, 0.5)
        body.append(Part(spot, "fur2"))
    face = [Part(capsule(*head, *snout, size, size * 0.5), "fur", "ball")]
    for side in (-0.5, 0.3):
        ear = _joint((head[0] + side * size, head[1] - size * 0.6), -size * 0.9, side)
        face.append(
            Part(
                capsule(head[0] + side * size, head[1] - size * 0.5, *ear, size * 0.3, size * 0.12),
                "fur2",
            )
        )
    return [*far, *body, *near, *face]


def face_animal(rng: np.random.Generator) -> list[Part]:
    """A sitting pet or soft toy, from the front."""
    parts = [Part(ellipse(0, 0.45, rng.uniform(0.22, 0.36), 0.34), "fur", "ball")]
    for side in (-1, 1):
        parts.append(Part(ellipse(side * 0.2, 0.7, 0.1, 0.13), "fur", "ball"))
        ear = ellipse(side * 0.18, -0.2, 0.08, rng.uniform(0.08, 0.2), side * 0.4)
        parts.append(Part(ear, "fur2"))
    parts.append(Part(ellipse(0, 0, 0.26, 0.23), "fur", "ball"))
    parts += [Part(ellipse(x, -0.03, 0.03, 0.03, n=10), "dark") for x in (-0.1, 0.1)]
    parts.append(Part(ellipse(0, 0.09, 0.08, 0.055), "fur2"))
    return parts


def bird(rng: np.random.Generator) -> list[Part]:
    """A bird, standing or with its wings out."""
    parts = [Part(ring_of([(-0.25, 0), (-0.6, 0.12), (-0.55, -0.05)]), "fur2")]
    parts.append(Part(ellipse(0, 0, 0.32, rng.uniform(0.14, 0.24), -0.25), "fur", "ball"))
    if rng.random() < 0.5:
        tip = (float(rng.uniform(-0.5, 0.2)), float(rng.uniform(-0.8, 0.5)))
        parts.append(Part(ring_of([(-0.2, -0.05), tip, (0.2, -0.05)]), "fur2"))
    else:
        parts += [Part(capsule(x, 0.1, x, 0.38, 0.02, 0.015), "food") for x in (-0.05, 0.06)]
    parts.append(Part(capsule(0.2, -0.08, 0.32, -0.26, 0.12, 0.1), "fur", "tube"))
    parts.append(Part(ring_of([(0.4, -0.31), (0.54, -0.24), (0.4, -0.21)]), "food"))
    return parts


def _near(rng: np.random.Generator, spread: float, radius: float) -> Field:
    """A small blob near the middle."""
    x, y = rng.normal(0, spread, 2)
    return blob(rng, x, y, radius, 0.3)


def plant(rng: np.random.Generator) -> list[Part]:
    """A tree, a bush, flowers or a potted plant."""
    parts: list[Part] = []
    if rng.random() < 0.5:
        parts.append(Part(capsule(0, 0, float(rng.normal(0, 0.05)), 0.6, 0.03, 0.05), "wood"))
    for _ in range(int(rng.integers(4, 12))):
        x, y = rng.normal(0, 0.22), rng.normal(-0.1, 0.2)
        if rng.random() < 0.4:
            parts.append(Part(capsule(0, 0.35, x * 1.6, y * 1.6, 0.02, 0.04), "leaf"))
        leafy = "leaf" if rng.random() < 0.75 else "leaf2"
        parts.append(Part(blob(rng, x, y, rng.uniform(0.08, 0.25), 0.6), leafy, "ball"))
    if rng.random() < 0.3:
        parts += [Part(_near(rng, 0.25, 0.05), "vivid") for _ in range(6)]
    if rng.random() < 0.5:
        pot = ring_of([(-0.2, 0.3), (0.2, 0.3), (0.15, 0.65), (-0.15, 0.65)])
        parts.append(Part(pot, "any", "tube"))
    return parts


def assemblage(rng: np.random.Generator) -> list[Part]:
    """Anything: two to seven joined pieces of differing colours."""
    parts: list[Part] = []
    at = np.zeros(2)
    reach = 0.3
    for number in range(int(rng.integers(2, 8))):
        size = float(rng.uniform(0.08, 0.35))
        pick = rng.random()
        x, y = float(at[0]), float(at[1])
        if pick < 0.3:
            ring = blob(rng, x, y, size, rng.uniform(0.1, 0.6))
        elif pick < 0.55:
            ring = polygon(rng, x, y, size)
        elif pick < 0.8:
            wide, high = size * rng.uniform(0.4, 1.4), size * rng.uniform(0.4, 1.4)
            ring = box(x - wide, y - high, x + wide, y + high)
        else:
            angle = rng.uniform(0, 2 * np.pi)
            far = at + 1.8 * size * np.array([np.cos(angle), np.sin(angle)])
            ring = capsule(x, y, float(far[0]), float(far[1]), size * 0.35, size * 0.2)
        light = ("flat", "tube", "ball")[int(rng.integers(3))]
        parts.append(Part(ring, f"any{number}" if rng.random() < 0.6 else "any", light))
        reach = size
        at = at + rng.normal(0, reach * 0.8, 2)
    return parts
