"""Photos and cells are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from core.lens.scores import CELLS, PHOTOS
from core.session.kinds import LOOKED_AT, figures, kind_of, share_of_cells

SAMPLE = Path(resources.__file__).parent / "sample"


@pytest.mark.parametrize("name", ["nuclei", "tissue", "smear"])
def test_cells(name: str) -> None:
    assert kind_of(sorted(SAMPLE.glob(f"{name}*.jpg"))) == CELLS


def test_everyday_scenes() -> None:
    assert kind_of(sorted(SAMPLE.glob("things*.jpg"))) == PHOTOS


def test_a_mixture_is_not_told() -> None:
    mixed = [*SAMPLE.glob("things-[12].jpg"), *SAMPLE.glob("nuclei*.jpg")]
    assert len(mixed) == 4
    assert kind_of(mixed) == ""


def test_what_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    assert kind_of([]) == kind_of([tmp_path / "broken.jpg", tmp_path / "gone.png"]) == ""
    cells = [tmp_path / "broken.jpg", SAMPLE / "nuclei-1.jpg"]
    assert kind_of(cells) == CELLS


def test_few_images_of_many_are_read() -> None:
    asked: list[None] = []
    many = [SAMPLE / "nuclei-2.jpg"] * 1000
    kind_of(many, lambda: asked.append(None))
    assert len(asked) == LOOKED_AT


def test_it_can_be_stopped() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kind_of([SAMPLE / "nuclei-1.jpg"], stop)


@given(st.integers(1, 130), st.integers(1, 130), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_any_image_has_figures(height: int, width: int, least: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(least, 256, (height, width, 3), dtype=np.uint8)
    between, entropy, strongest = figures(pixels)
    assert 0 <= between <= 1.01
    assert 0 <= entropy <= 9
    assert 0 < strongest <= 1
    assert 0 <= share_of_cells(pixels) <= 1
