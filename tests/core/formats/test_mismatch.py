"""Labels made for another size than their image has: marked until somebody answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance, Polygon
from core.document.runs import rasterise
from core.formats import labelme
from core.formats.collect import collect
from core.formats.convert import convert
from core.formats.dataset import open_dataset
from core.formats.mismatch import Answer, Mismatch
from core.formats.names import FORMAT_NAMES
from core.formats.registry import BY_NAME
from core.learning.errors import LearningError
from core.learning.gather import gather_project
from core.project.project import Project
from core.session.fit import answer, take_back
from core.storage.atomic import StorageError
from tests.core.formats.making import SQUARE

STORED = (60, 40)  # width and height of the pixels as they lie in the file


def marked(size: tuple[int, int]) -> np.ndarray:
    """A picture with one bright block that is not symmetric in any way."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[4:12, 6:26] = 255
    return pixels


BLOCK = ((6.0, 4.0), (26.0, 4.0), (26.0, 12.0), (6.0, 12.0))


def photo(path: Path, orientation: int, size: tuple[int, int] = STORED) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(marked(size)).save(path, exif=exif)
    return path


def labels(path: Path, size: tuple[int, int], **more: object) -> Path:
    shape = {"label": "block", "points": BLOCK, "shape_type": "polygon", "group_id": None}
    tip = {"label": "tip", "points": [[6, 4]], "shape_type": "point", "kie_linking": [[1, 2]]}
    content = {
        "version": "5.2.1",
        "shapes": [{**shape, "difficult": True}, tip],
        "imagePath": path.with_suffix(".png").name,
        "imageData": None,
        "imageWidth": size[0],
        "imageHeight": size[1],
        **more,
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_turned_labels_lie_on_what_was_labelled(orientation: int, tmp_path: Path) -> None:
    photo(tmp_path / "a.png", orientation)
    labels(tmp_path / "a.json", STORED)
    assert open_dataset(tmp_path).items == ()
    (item,) = open_dataset(tmp_path, mismatch=Answer.TURN).items
    from core.storage.images import read_image

    bright = read_image(tmp_path / "a.png").pixels[..., 0] > 128
    assert (rasterise(item.instances[0].polygons, *STORED[::-1]) == bright).all()
    report = convert(tmp_path, "labelme", tmp_path / "out", mismatch=Answer.TURN)
    assert [note.id for note in report.notes if "mismatch" in note.id] == ["mismatch.fitted"]
    written = json.loads((tmp_path / "out" / "a.json").read_text())
    assert (written["imageWidth"], written["imageHeight"]) == STORED[::-1]
    assert written["shapes"][0]["difficult"] is True
    # A point is no outline, and moves with the rest.
    (x, y) = written["shapes"][1]["points"][0]
    xs, ys = zip(*written["shapes"][0]["points"], strict=True)
    assert x in (min(xs), max(xs))
    assert y in (min(ys), max(ys))
    assert written["shapes"][1]["kie_linking"] == [[1, 2]]


def test_scaled_labels(tmp_path: Path) -> None:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED, imageData="AAAA")
    convert(tmp_path, "labelme", tmp_path / "out", mismatch=Answer.SCALE)
    file = labelme.read(tmp_path / "out" / "a.json")
    assert file.instances[0].polygons[0].outer == tuple((x / 2, y / 2) for x, y in BLOCK)
    assert json.loads((tmp_path / "out" / "a.json").read_text())["imageData"] is None


@pytest.mark.parametrize(
    ("made", "real", "orientation", "answers"),
    [
        ((60, 40), (30, 20), 1, "scale keep detach"),
        ((60, 40), (40, 60), 6, "turn keep detach"),
        ((60, 40), (40, 60), 1, "turn-right turn-left keep detach"),
        ((60, 40), (80, 120), 6, "turn scale keep detach"),
        ((60, 40), (64, 64), 1, "scale keep detach"),
    ],
)
def test_what_may_be_right(made, real, orientation: int, answers: str) -> None:
    assert " ".join(Mismatch(made, real, orientation).answers) == answers


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_no_export_hides_it(kind: str, tmp_path: Path) -> None:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED)
    out = tmp_path / f"out{BY_NAME[kind].ending}"
    report = convert(tmp_path, kind, out)
    if "size" not in BY_NAME[kind].carries:
        assert [problem.id for problem in report.problems] == ["convert.mismatch_hidden"]
        assert report.instances == 0
        return
    again = open_dataset(out)
    assert again.items == ()
    assert [problem.id for problem in again.problems] == ["mismatch.left_out"]
    assert [item.width for item in open_dataset(out, mismatch=Answer.SCALE).items] == [30]


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_a_kept_answer_is_written_everywhere(kind: str, tmp_path: Path) -> None:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED)
    out = tmp_path / f"out{BY_NAME[kind].ending}"
    report = convert(tmp_path, kind, out, mismatch=Answer.KEEP)
    assert report.problems == ()
    (image,) = collect(out).images
    assert (image.width or 30, image.height or 20) == (30, 20)


def test_detached_labels_go_nowhere(tmp_path: Path) -> None:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED)
    report = convert(tmp_path, "coco", tmp_path / "o.json", mismatch=Answer.DETACH)
    assert (report.images, report.instances) == (0, 0)
    assert [note.id for note in report.notes if "mismatch" in note.id] == ["mismatch.detached"]


def project_with(tmp_path: Path) -> Project:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED)
    project = Project(tmp_path)
    project.lock()
    return project


@pytest.mark.parametrize("given", [Answer.SCALE, Answer.KEEP, Answer.DETACH])
def test_an_answer_keeps_the_file_as_it_was(given: Answer, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    before = (tmp_path / "a.json").read_bytes()
    (entry,) = project.images()
    fitted = answer(project, entry, given)
    assert fitted is not None
    assert fitted.kept.read_bytes() == before
    assert (tmp_path / "a.json").exists() == (given is not Answer.DETACH)
    assert answer(project, entry, given) is None
    take_back(project, entry, fitted)
    assert (tmp_path / "a.json").read_bytes() == before
    assert not fitted.kept.exists()


def test_an_answer_is_not_taken_back_over_work(tmp_path: Path) -> None:
    project = project_with(tmp_path)
    (entry,) = project.images()
    fitted = answer(project, entry, Answer.SCALE)
    assert fitted is not None
    file = labelme.read(entry.label_file)
    more = Instance("new", "cell", (Polygon(SQUARE),))
    mine = labelme.dumps(replace(file, shapes=(*file.shapes, more)))
    entry.label_file.write_bytes(mine)
    with pytest.raises(StorageError):
        take_back(project, entry, fitted)
    assert entry.label_file.read_bytes() == mine
    assert fitted.kept.exists()


def test_a_project_learns_from_none_that_does_not_fit(tmp_path: Path) -> None:
    project = project_with(tmp_path)
    marks = {"masklens": {"status": "done"}}
    labels(tmp_path / "a.json", STORED, **marks)
    with pytest.raises(LearningError):
        gather_project(project, share=0)
    Image.fromarray(marked(STORED)).save(tmp_path / "b.png")
    labels(tmp_path / "b.json", STORED, **marks)
    found = gather_project(project, share=0)
    assert [image.key for image in found.images] == ["b.png"]
    assert [problem.id for problem in found.problems] == ["mismatch.left_out"]


def test_labels_without_shapes_fit_any_image(tmp_path: Path) -> None:
    Image.fromarray(marked((30, 20))).save(tmp_path / "a.png")
    labels(tmp_path / "a.json", STORED, shapes=[])
    (item,) = open_dataset(tmp_path).items
    assert (item.width, item.height) == (30, 20)
