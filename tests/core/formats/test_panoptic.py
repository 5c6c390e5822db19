"""COCO's panoptic files: things come in pixel for pixel, stuff is said to stay out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.runs import rasterise
from core.formats.collect import collect
from core.formats.convert import convert
from core.formats.dataset import open_dataset
from core.sentences import english

SIZE = (40, 30)
NUMBERS = (70_000, 300, 5)  # each needs another band of the picture


def write(folder: Path, **more: object) -> Path:
    """Three blocks: a cat, a crowd of dogs, and sky."""
    values = np.zeros((SIZE[1], SIZE[0]), np.int64)
    for k, number in enumerate(NUMBERS):
        values[3:20, 2 + 12 * k : 12 + 12 * k] = number
    bands = np.stack([values & 255, values >> 8 & 255, values >> 16], -1).astype(np.uint8)
    (folder / "panoptic").mkdir(parents=True)
    Image.fromarray(bands).save(folder / "panoptic" / "a.png")
    Image.fromarray(bands).save(folder / "a.jpg")
    segments = [
        {"id": NUMBERS[0], "category_id": 1, "iscrowd": 0},
        {"id": NUMBERS[1], "category_id": 2, "iscrowd": 1},
        {"id": NUMBERS[2], "category_id": 9, "iscrowd": 0},
    ]
    entry = {"image_id": 4, "file_name": "a.png", "segments_info": segments, **more}
    content = {
        "images": [{"id": 4, "file_name": "a.jpg", "width": SIZE[0], "height": SIZE[1]}],
        "categories": [
            {"id": 1, "name": "cat", "isthing": 1},
            {"id": 2, "name": "dog", "isthing": 1},
            {"id": 9, "name": "sky", "isthing": 0},
        ],
        "annotations": [entry],
    }
    path = folder / "panoptic.json"
    path.write_text(json.dumps(content))
    return path


def test_things_come_in_pixel_for_pixel(tmp_path: Path) -> None:
    path = write(tmp_path)
    (item,) = open_dataset(path).items
    cat, dog = sorted(item.instances, key=lambda each: each.label)
    assert (cat.label, cat.crowd, dog.label, dog.crowd) == ("cat", False, "dog", True)
    wanted = np.zeros((SIZE[1], SIZE[0]), bool)
    wanted[3:20, 2:12] = True
    assert (rasterise(cat.polygons, *SIZE) == wanted).all()
    report = convert(path, "coco", tmp_path / "o.json")
    assert report.instances == 2
    assert any("1 segments are stuff" in english(note) for note in report.notes)
    assert collect(tmp_path / "o.json").labels == ("cat", "dog")


@pytest.mark.parametrize("name", ["../a.png", "/etc/a.png", "b.png"])
def test_a_picture_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    found = collect(write(tmp_path, file_name=name))
    assert found.images == ()
    assert "annotations[0].file_name" in english(found.notes[0])
