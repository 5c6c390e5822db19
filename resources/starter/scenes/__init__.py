"""Scenes that the project draws itself, with exact visible masks. Needs numpy and pillow only."""

from resources.starter.scenes.generator import SAMPLE_SEED, TRAINING_SEED, UNSEEN_SEED, make_scene
from resources.starter.scenes.scene import CLASS_NAMES, Scene

__all__ = ["CLASS_NAMES", "SAMPLE_SEED", "TRAINING_SEED", "UNSEEN_SEED", "Scene", "make_scene"]
