"""A tiny model and a folder of small images for the tests of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.models import save_tiny_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of different kinds, and a file that only pretends to be one."""
    images = tmp_path / "images"
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(images / "a1.png")
    Image.fromarray(noise[:40]).save(images / "a2.jpg")
    Image.fromarray(noise[:, :, 0]).save(images / "a10.png")
    return images
