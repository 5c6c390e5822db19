"""`masklens shapes` and `masklens splash`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.cli.shapes_scene import KINDS
from core.document.geometry import area, polygon_iou
from core.document.runs import rasterise
from core.formats.dataset import open_dataset
from core.storage.splash import splash


def test_the_shapes_are_where_their_outlines_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "shapes"
    words = ["shapes", "--out", str(out), "--images", "12", "--side", "96", "--seed", "3", "--json"]
    assert main(words) == 0
    said = json.loads(capfd.readouterr().out)
    dataset = open_dataset(out)
    assert len(dataset.items) == said["images"] == 12
    assert set(dataset.labels) == set(KINDS)
    assert sum(len(item.instances) for item in dataset.items) == said["instances"] > 12
    one_colour = 0
    for item in dataset.items:
        pixels = np.array(Image.open(item.image_path))
        for k, one in enumerate(item.instances):
            inside = rasterise(one.polygons, 96, 96)
            colours, counts = np.unique(pixels[inside], axis=0, return_counts=True)
            # Along the outline pixels of a neighbour may be counted in.
            assert counts.max() >= 0.85 * counts.sum()
            one_colour += len(colours) == 1
            assert area(one.polygons) > 20
            others = [each for j, each in enumerate(item.instances) if j != k]
            assert all(polygon_iou(one.polygons, each.polygons) < 1e-6 for each in others)
    assert one_colour > 0
    assert main(words) == 2  # nothing is written over


def test_another_seed_draws_other_shapes_and_the_same_the_same(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        words = ["shapes", "--out", str(tmp_path / name), "--images", "1", "--seed", seed]
        assert main(words) == 0
    first, again, other = (
        (tmp_path / name / "shapes_0000.png").read_bytes() for name in ("a", "b", "c")
    )
    assert first == again != other


def test_splash_keeps_the_colour_where_it_is_covered_and_takes_it_elsewhere() -> None:
    pixels = np.array([[[255, 0, 0], [255, 0, 0]]], np.uint8)
    shown = splash(pixels, np.array([[True, False]]))
    assert shown[0, 0].tolist() == [255, 0, 0]
    assert shown[0, 1].tolist() == [76, 76, 76]  # 0.299 of red


def test_splash_writes_a_picture_an_image(
    folder: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["splash", str(folder), "--model", str(model), "--out", str(out), "--score", "0.05"]
    assert main([*words, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert len(said["images"]) == len(list(out.iterdir())) == 3
    for one in said["images"]:
        source = np.array(Image.open(one["file"]).convert("RGB"))
        shown = np.array(Image.open(one["out"]))
        assert shown.shape == source.shape
        grey = np.array(Image.fromarray(source).convert("L"))
        kept = (shown == source).all(2)
        assert (kept | (shown == grey[:, :, None]).all(2)).all()
    assert main(words) == 1  # they are there already
    assert main([*words, "--label", "zebra"]) == 2
