"""A seed and a number give a scene, always the same one."""

from __future__ import annotations

from typing import Final

import numpy as np

from resources.starter.scenes.cells import microscopy
from resources.starter.scenes.heaps import heap
from resources.starter.scenes.photo import photo
from resources.starter.scenes.scene import Scene

TRAINING_SEED: Final = 20_261
"""Scenes that the starter model learns from."""
UNSEEN_SEED: Final = 77_003
"""Scenes that it is measured on."""
SAMPLE_SEED: Final = 4_117
"""Scenes shipped as sample images."""


def make_scene(seed: int, number: int, size: int = 256) -> Scene:
    """Scene `number` of the series `seed`, `size` pixels square, with at least one instance."""
    rng = np.random.default_rng((seed, number, size))
    while True:
        pick = rng.random()
        if pick < 0.42:
            scene = microscopy(rng, size)
        elif pick < 0.5:
            scene = heap(rng, size)
        else:
            scene = photo(rng, size)
        if scene.labels:
            return scene
