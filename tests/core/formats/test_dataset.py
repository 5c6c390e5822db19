"""Data sets: which labels go with which images, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance, Polygon, Region, Source
from core.document.regions import DONE_REGION, IGNORE
from core.formats import coco, labelme
from core.formats.coco import CocoImage
from core.formats.convert import convert
from core.formats.dataset import Dataset, FormatError, open_dataset
from core.formats.label_file import LabelFile
from core.sentences import english
from tests.core.formats.making import SQUARE
from tests.data import shared_data

CELL = Instance("i", "cell", (Polygon(SQUARE),))

DATUMARO = "formats/datumaro_tests/coco_dataset/coco_instances"


def image(path: Path, width: int = 100, height: int = 80) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)
    return path


def write_coco(path: Path, *names: str, instances: tuple[Instance, ...] = (CELL,)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [CocoImage(k, name, 100, 80, instances) for k, name in enumerate(names, 5)]
    coco.write(path, images, ["none", "cell"])
    return path


def write_labelme(path: Path, name: str, *instances: Instance, **more) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(labelme.dumps(LabelFile(name, 100, 80, instances, **more)))
    return path


def write_via(path: Path, *names: str) -> Path:
    xs, ys = zip(*SQUARE, strict=True)
    shape = {"name": "polygon", "all_points_x": xs, "all_points_y": ys}
    region = {"shape_attributes": shape, "region_attributes": {"label": path.stem}}
    entries = {name: {"filename": name, "size": 1, "regions": [region]} for name in names}
    path.write_text(json.dumps(entries))
    return path


def problems(dataset: Dataset) -> list[str]:
    return [problem.id for problem in dataset.problems]


# Where images are found


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.png", "set/annotations/a.png"),
        ("sub/a.png", "set/annotations/sub/a.png"),
        ("sub/a.png", "set/annotations/a.png"),
        ("a.png", "set/annotations/images/a.png"),
        ("sub/a.png", "set/annotations/images/sub/a.png"),
        ("../images/a.png", "set/images/a.png"),
        ("a.png", "set/train2017/deep/a.png"),
        ("A.PNG", "set/train2017/a.png"),
        ("C:\\somewhere\\a.png", "set/train2017/a.png"),
        ("/elsewhere/a.png", "set/annotations/a.png"),
    ],
)
def test_images_around_the_file(name: str, place: str, tmp_path: Path) -> None:
    there = image(tmp_path / place)
    dataset = open_dataset(write_coco(tmp_path / "set/annotations/c.json", name))
    (item,) = dataset.items
    assert item.image_path.resolve() == there
    assert (item.width, item.height, item.image_id) == (100, 80, 5)
    assert dataset.labels == ("none", "cell")


def test_absolute_names_and_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absolute = image(tmp_path / "far" / "a.png")
    image(tmp_path / "work" / "pics" / "b.png")
    monkeypatch.chdir(tmp_path / "work")
    path = write_coco(tmp_path / "labels" / "new" / "c.json", str(absolute), "pics/b.png")
    items = open_dataset(path).items
    assert [item.image_path.name for item in items] == ["a.png", "b.png"]
    assert items[0].image_path == absolute


def test_a_named_folder_is_the_only_place(tmp_path: Path) -> None:
    image(tmp_path / "set" / "a.png")
    there = image(tmp_path / "other" / "deep" / "x" / "a.png")
    path = write_coco(tmp_path / "set" / "c.json", "x/a.png")
    assert open_dataset(path, tmp_path / "other").items[0].image_path == there
    (tmp_path / "empty").mkdir()
    dataset = open_dataset(path, tmp_path / "empty")
    assert dataset.items == ()
    assert problems(dataset) == ["formats.image_missing"]
    assert "x/a.png" in english(dataset.problems[0])


def test_of_several_images_of_a_name_the_folders_decide(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        image(tmp_path / "set" / folder / "x" / "1.png")
    path = write_coco(tmp_path / "set" / "labels" / "c.json", "b/x/1.png", "z/1.png")
    first, *_ = open_dataset(path).items
    assert first.image_path.parent.parent.name == "b"


def test_sizes_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    image(tmp_path / "a.png", 80, 100)
    (tmp_path / "b.png").write_bytes(b"no image")
    dataset = open_dataset(write_coco(tmp_path / "c.json", "a.png", "b.png"))
    assert dataset.items == ()
    assert problems(dataset) == ["mismatch.left_out", "images.not_an_image"]


def test_crowds_stay_and_suggestions_do_not(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    crowd = Instance("k", "cell", (Polygon(SQUARE),), crowd=True)
    guess = Instance("s", "cell", (Polygon(SQUARE),), source=Source.SUGGESTED, score=0.5)
    for folder, path in (
        ("coco", write_coco(tmp_path / "c.json", "a.png", instances=(CELL, crowd, guess))),
        ("labelme", write_labelme(tmp_path / "l" / "a.json", "../a.png", CELL, crowd, guess)),
    ):
        dataset = open_dataset(path)
        (item,) = dataset.items
        assert [i.crowd for i in item.instances] == [False, True], folder
        assert "formats.suggestions_left_out" in [note.id for note in dataset.notes]


# Folders


def test_a_folder_of_labelme_files(tmp_path: Path) -> None:
    for name in ("b10", "b9", "deep/c"):
        image(tmp_path / f"{name}.png")
        write_labelme(tmp_path / f"{name}.json", f"{Path(name).name}.png", CELL)
    write_labelme(tmp_path / ".masklens" / "old.json", "b9.png", CELL)
    write_coco(tmp_path / "export.json", "b9.png")
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "broken.json").write_text("{")
    dataset = open_dataset(tmp_path)
    assert [item.file_name for item in dataset.items] == ["b9.png", "b10.png", "c.png"]
    assert [item.image_id for item in dataset.items] == [1, 2, 3]
    assert dataset.labels == ("cell",)
    assert problems(dataset) == ["formats.not_json"]
    assert {note.id for note in dataset.notes} == {"formats.other_kind", "formats.unknown"}


def test_an_image_counts_once(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    write_labelme(tmp_path / "0.json", "a.png", Instance("x", "old", (Polygon(SQUARE),)))
    write_labelme(tmp_path / "a.json", "a.png", CELL)
    dataset = open_dataset(tmp_path)
    assert [item.instances[0].label for item in dataset.items] == ["cell"]
    assert [note.id for note in dataset.notes] == ["formats.image_twice"]
    assert dataset.problems == ()


def test_a_folder_of_via_files(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        image(tmp_path / name)
    write_via(tmp_path / "few.json", "a.png")
    write_via(tmp_path / "many.json", "a.png", "b.png", "c.png")
    dataset = open_dataset(tmp_path)
    assert len(dataset.items) == 3
    assert {item.instances[0].label for item in dataset.items} == {"many"}
    assert [(item.width, item.height) for item in dataset.items] == [(100, 80)] * 3


def test_a_folder_with_coco_files(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    write_coco(tmp_path / "annotations" / "one.json", "a.png")
    assert len(open_dataset(tmp_path).items) == 1
    write_coco(tmp_path / "annotations" / "two.json", "a.png")
    with pytest.raises(FormatError, match=r"one\.json, two\.json"):
        open_dataset(tmp_path)


def test_what_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no"):
        open_dataset(tmp_path)
    with pytest.raises(FormatError, match="not there"):
        open_dataset(tmp_path / "none.json")
    path = tmp_path / "a.json"
    for text, match in (("{}", "no format"), ("[]", "results"), ("{", "not valid JSON")):
        path.write_text(text)
        with pytest.raises(FormatError, match=match):
            open_dataset(path)
    with pytest.raises(FormatError, match="not valid JSON"):
        open_dataset(path.parent)


def test_an_image_inside_its_label_file_is_said(tmp_path: Path) -> None:
    path = write_labelme(tmp_path / "a.json", "a.json", CELL)
    value = json.loads(path.read_text())
    value["imageData"] = "AAAA"
    path.write_text(json.dumps(value))
    dataset = open_dataset(tmp_path)
    assert problems(dataset) == ["formats.image_inside"]


# Real files


@pytest.mark.parametrize(
    ("folder", "images", "instances", "labels"),
    [
        ("coco_tiny/annotations/instances_train2017.json", 50, 470, 80),
        ("roofs_via/train19", 19, 198, 1),
        ("grapes_labelme", 6, 17, 2),
        ("formats/same_four_photos/labelme_5.2.1", 4, 23, 6),
        ("formats/coco/icevision_coco6", 6, 36, 80),
        (
            "formats/datumaro_tests/coco_dataset/coco_instances/annotations/instances_val.json",
            1,
            2,
            3,
        ),
    ],
)
def test_real_data_sets(folder: str, images: int, instances: int, labels: int) -> None:
    dataset = open_dataset(shared_data(*folder.split("/")))
    assert dataset.problems == ()
    assert len(dataset.items) == images
    assert sum(len(item.instances) for item in dataset.items) == instances
    assert len(dataset.labels) == labels


def test_finished_regions_are_no_objects(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    ring = ((1.0, 1.0), (20.0, 1.0), (20.0, 20.0))
    region = Region("r", DONE_REGION, (Polygon(ring),), flags=((DONE_REGION, True),))
    ignored = Region("i", "cell", (Polygon(ring),), flags=((IGNORE, True),))
    cell = Instance("c", "cell", (Polygon(ring),))
    for done in (False, True):
        file = LabelFile("a.png", 60, 40, (region, ignored, cell), done)
        (tmp_path / "a.json").write_bytes(labelme.dumps(file))
        data = open_dataset(tmp_path)
        assert data.labels == ("cell",)
        assert [(each.id, each.crowd) for each in data.items[0].instances] == [
            ("i", True),
            ("c", False),
        ]
        assert data.items[0].regions == (None if done else (region.polygons,))
        assert [each.flags for each in data.items[0].shapes] == [
            region.flags,
            ignored.flags,
            (),
        ]
    report = convert(tmp_path, "coco", tmp_path / "out" / "all.json")
    assert report.instances == 2
    assert "convert.regions" in [note.id for note in report.notes]
    exported = coco.read(tmp_path / "out" / "all.json")
    assert exported.labels == ("cell",)
    assert [each.crowd for each in exported.images[0].instances] == [True, False]
