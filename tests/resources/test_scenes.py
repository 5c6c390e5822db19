"""Generated scenes: the same for a seed, exact masks, honest boxes, rich sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.document.geometry import polygon_iou
from core.formats import labelme
from resources.starter.scenes import (
    CLASS_NAMES,
    SAMPLE_SEED,
    TRAINING_SEED,
    UNSEEN_SEED,
    make_scene,
)
from resources.starter.scenes.canvas import Canvas, Patch
from resources.starter.scenes.cells import bright_field, fluorescence, sheet, tissue
from resources.starter.scenes.heaps import heap
from resources.starter.scenes.photo import KINDS, photo
from resources.starter.scenes.sample import LABELLED, SAMPLES, draw_sample, label_sample
from resources.starter.scenes.scene import LEAST_AREA, OBJECT, Scene, boxes_of

ROOT = Path(__file__).resolve().parents[2]


def check(scene: Scene, size: int) -> None:
    assert scene.pixels.shape == (size, size, 3)
    assert scene.pixels.dtype == np.uint8
    assert scene.index.shape == (size, size)
    assert scene.index.max() == len(scene.labels)
    assert set(scene.labels) <= set(range(1, len(CLASS_NAMES) + 1))
    masks, boxes = scene.masks(), scene.boxes()
    assert masks.sum(axis=0).max(initial=0) <= 1
    for mask, box in zip(masks, boxes, strict=True):
        assert mask.sum() >= LEAST_AREA
        ys, xs = np.nonzero(mask)
        assert box.tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), number=st.integers(0, 10**6), size=st.sampled_from([64, 128]))
def test_any_seed_gives_an_exactly_labelled_scene(seed: int, number: int, size: int):
    scene = make_scene(seed, number, size)
    assert scene.labels
    check(scene, size)


@pytest.mark.parametrize("draw", [fluorescence, tissue, bright_field, sheet, heap, photo])
def test_every_family_draws_labelled_scenes(draw):
    scenes = [draw(np.random.default_rng(number), 128) for number in range(6)]
    for scene in scenes:
        check(scene, 128)
    assert sum(len(scene.labels) for scene in scenes) >= 6


def test_a_seed_and_number_always_give_the_same_scene():
    first, again = make_scene(11, 4, 128), make_scene(11, 4, 128)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.index, again.index)
    assert first.labels == again.labels
    assert not np.array_equal(first.pixels, make_scene(11, 5, 128).pixels)
    assert not np.array_equal(first.pixels, make_scene(12, 4, 128).pixels)


def test_the_series_for_training_measuring_and_samples_are_apart():
    assert len({TRAINING_SEED, UNSEEN_SEED, SAMPLE_SEED}) == 3


def test_scenes_cover_small_and_large_few_and_many():
    scenes = [make_scene(TRAINING_SEED, number) for number in range(80)]
    counts = [len(scene.labels) for scene in scenes]
    sides = np.concatenate([np.sqrt(np.bincount(s.index.ravel())[1:]) for s in scenes])
    assert min(counts) <= 4
    assert max(counts) >= 80
    assert np.percentile(sides, 5) < 8
    assert sides.max() > 140
    assert {label for scene in scenes for label in scene.labels} == {1, 2}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.make.__name__)
def test_every_kind_of_thing_has_finite_parts_that_are_not_only_holes(kind):
    for number in range(5):
        parts = kind.make(np.random.default_rng(number))
        assert any(not part.cut for part in parts)
        for part in parts:
            assert part.ring.ndim == 2
            assert len(part.ring) >= 3
            assert np.isfinite(part.ring).all()
            assert part.surface


def patch(x: int, y: int, height: int, width: int) -> Patch:
    alpha = np.ones((height, width), np.float32)
    return Patch(x, y, alpha, np.ones((height, width, 3), np.float32))


def test_what_is_hidden_is_not_labelled():
    canvas = Canvas(np.zeros((40, 40, 3), np.float32))
    canvas.paint(patch(5, 5, 10, 10), OBJECT)
    canvas.paint(patch(20, 20, 10, 10), OBJECT)
    canvas.paint(patch(4, 4, 12, 10), None)
    index, labels = canvas.visible()
    # A tenth of the first square still shows: too little to ask anyone to find it.
    assert labels == (OBJECT,)
    assert boxes_of(index, 1).tolist() == [[20, 20, 30, 30]]


def test_an_occluder_cuts_the_visible_mask():
    canvas = Canvas(np.zeros((40, 40, 3), np.float32))
    canvas.paint(patch(0, 0, 20, 20), OBJECT)
    canvas.paint(patch(10, 0, 20, 20), OBJECT)
    index, labels = canvas.visible()
    assert labels == (OBJECT, OBJECT)
    assert np.bincount(index.ravel()).tolist() == [1600 - 600, 200, 400]


def test_a_patch_over_the_edge_is_cut_and_one_outside_is_ignored():
    canvas = Canvas(np.zeros((20, 20, 3), np.float32))
    canvas.paint(patch(-5, 15, 10, 10), OBJECT)
    canvas.paint(patch(50, 50, 10, 10), OBJECT)
    index, labels = canvas.visible()
    assert labels == (OBJECT,)
    assert boxes_of(index, 1).tolist() == [[0, 15, 5, 20]]


def test_the_shipped_samples_are_those_that_the_code_draws():
    sample = next(one for one in SAMPLES if one.name == "layer")
    with Image.open(ROOT / "resources" / "sample" / f"{sample.name}.jpg") as shipped:
        there = np.asarray(shipped.convert("RGB"), dtype=np.int16)
    here = np.asarray(draw_sample(sample), dtype=np.int16)
    assert here.shape == there.shape
    assert np.abs(here - there).mean() < 6


def test_the_samples_are_complete_and_small():
    files = sorted((ROOT / "resources" / "sample").glob("*.jpg"))
    drawn = [file.stem for file in files if not file.name.startswith("photo-")]
    assert drawn == sorted(sample.name for sample in SAMPLES)
    everything = (ROOT / "resources" / "sample").iterdir()
    assert sum(file.stat().st_size for file in everything) < 3_000_000


def test_every_photo_of_the_sample_is_credited():
    folder = ROOT / "resources" / "sample"
    photos = {file.name for file in folder.glob("photo-*.jpg")}
    lines = (folder / "CREDITS.txt").read_text().splitlines()
    credited = {line.split()[0]: line for line in lines if line.startswith("photo-")}
    assert photos == credited.keys()
    assert photos
    for line in credited.values():
        assert "CC BY 2.0" in line
        assert "http" in line


@pytest.mark.parametrize("name", sorted(LABELLED))
def test_the_labels_of_the_sample_are_those_of_its_scenes(name: str):
    sample = next(one for one in SAMPLES if one.name == name)
    path = ROOT / "resources" / "sample" / f"{name}.json"
    shipped = labelme.read(path)
    drawn = label_sample(sample)
    assert shipped.done
    assert len(shipped.instances) == len(drawn.instances) > 8
    assert {each.label for each in shipped.instances} == {"cell"}
    for a, b in zip(shipped.instances, drawn.instances, strict=True):
        assert polygon_iou(a, b) > 0.99
