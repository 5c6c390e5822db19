"""The real labelme opens what we write, and what it saves keeps what is ours.

Needs labelme: importable here, or through the interpreter that MASKLENS_LABELME_PYTHON names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance, Polygon, Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from tests.core.formats.making import HOLE, SQUARE, ring
from tests.data import shared_data


@pytest.fixture(scope="module")
def labelme_python() -> str:
    """An interpreter that has labelme."""
    named = os.environ.get("MASKLENS_LABELME_PYTHON")
    if named:
        return named
    if importlib.util.find_spec("labelme") is None:
        pytest.skip("labelme is not installed and MASKLENS_LABELME_PYTHON names no interpreter")
    return sys.executable


def opened(python: str, *paths: Path) -> list[list[dict]]:
    """What labelme reads from the files, which it also saves again."""
    script = Path(__file__).with_name("real_labelme.py")
    done = subprocess.run(
        [python, str(script), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def test_labelme_opens_and_keeps_our_files(labelme_python: str, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((80, 100, 3), np.uint8)).save(tmp_path / "ä 猫.png")
    instances = (
        Instance("i1", "cell", (Polygon(SQUARE, (HOLE,)),), source=Source.ACCEPTED, score=0.5),
        Instance("i2", "Zelle ü", (Polygon(ring(80, 40, 5, 6)), Polygon(ring(80, 60, 5, 6)))),
        Instance("i3", "cell", (Polygon(HOLE),), source=Source.SUGGESTED, score=0.2, model="m@1"),
        Instance("i4", "crowd", (Polygon(HOLE),), crowd=True, flags=(("far", True),)),
    )
    full, empty, guess = (tmp_path / f"{name}.json" for name in ("full", "empty", "guess"))
    file = LabelFile("ä 猫.png", 100, 80, instances, done=True)
    full.write_bytes(labelme.dumps(file))
    empty.write_bytes(labelme.dumps(replace(file, shapes=())))
    guessed = LabelFile("ä 猫.png", 100, 80, instances[2:3])
    guess.write_bytes(labelme.dumps(guessed, predicted=True))

    shapes, none, _ = opened(labelme_python, full, empty, guess)
    assert none == []
    assert [shape["label"] for shape in shapes] == ["cell", "Zelle ü", "Zelle ü", "cell", "crowd"]
    assert shapes[1]["group_id"] == shapes[2]["group_id"] is not None
    assert shapes[0]["points"] == [list(point) for point in SQUARE]

    # labelme has saved them: holes, provenance and the mark are still there.
    back = labelme.read(full)
    assert back.done
    assert back.notes == ()
    assert tuple(replace(i, group_id=None) for i in back.instances) == instances
    assert labelme.read(empty).done
    assert not labelme.may_overwrite(guess)


def test_labelme_opens_real_files_after_we_saved_them(labelme_python: str, tmp_path: Path) -> None:
    folder = shared_data("formats", "labelme", "v5.7.0_primitives_with_mask")
    (tmp_path / "primitives.jpg").write_bytes((folder / "primitives.jpg").read_bytes())
    read = labelme.read(folder / "primitives.json")
    renamed = replace(read, shapes=tuple(replace(each, label="x") for each in read.shapes))
    bent = replace(
        read,
        shapes=tuple(
            replace(each, polygons=(Polygon(HOLE[:3]),)) if isinstance(each, Instance) else each
            for each in read.shapes
        ),
    )
    paths = []
    for name, file in (("same", read), ("renamed", renamed), ("bent", bent)):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_bytes(labelme.dumps(file))
    same, names, outlines = opened(labelme_python, *paths)
    kinds = ["rectangle", "circle", "rectangle", "polygon", "line", "point", "linestrip", "mask"]
    assert [shape["shape_type"] for shape in same] == kinds
    assert [shape["shape_type"] for shape in names] == kinds
    assert sum(shape["shape_type"] == "polygon" for shape in outlines) == 5


def test_labelme_opens_upright_images(labelme_python: str, tmp_path: Path) -> None:
    from core.storage.images import image_size

    source = shared_data("awkward", "exif_photo", "Landscape_6.jpg")
    (tmp_path / source.name).write_bytes(source.read_bytes())
    width, height = image_size(source)
    path = tmp_path / "Landscape_6.json"
    instance = Instance("i", "cell", (Polygon(SQUARE),))
    path.write_bytes(labelme.dumps(LabelFile(source.name, width, height, (instance,))))
    # labelme compares the size in the file with that of the image, turned upright.
    assert len(opened(labelme_python, path)[0]) == 1
