"""Situations from public reports, each with what is right: `RUN.txt` in its folder says so."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.document.runs import encode
from core.formats import labelme
from core.formats.collect import collect
from core.formats.convert import ConvertReport, convert
from core.formats.dataset import open_dataset
from core.formats.errors import FormatError
from core.learning.errors import LearningError
from core.learning.gather import gather_dataset
from core.sentences import english
from core.storage.images import read_image
from core.storage.paths import assign_label_files
from tests.data import shared_data

CHECKS: dict[str, Callable[[Path, Path], None]] = {}


def right(folder: str) -> Callable[[Callable[[Path, Path], None]], Callable[[Path, Path], None]]:
    """A check of one folder: given a copy of it, and a place for what is written."""

    def register(check: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        CHECKS[folder] = check
        return check

    return register


@pytest.mark.parametrize(
    "folder",
    [
        *("01-gbk-json", "02-image-resized-after-labelling", "03-labels-in-sibling-folder"),
        *("04-moved-images-backslash-path", "05-xany-flags-null-rectangle4"),
        *("06-degenerate-polygons-coco", "07-runs-as-flat-list", "08-flat-polygon"),
        *("10-one-bad-rle-among-many", "11-iscrowd-1-on-all-masks", "12-labelstudio-windows-path"),
        *("14-roboflow-root-category", "16-thin-boxes-training", "17-many-instances"),
        *(
            "18-duplicate-annotation-ids",
            "19-duplicate-image-ids",
            "20-same-name-different-folders",
        ),
        *("21-same-stem-two-extensions", "23-groups", "28-rgba-png-named-jpg"),
        *("29-unlabelled-in-training", "30-points-only", "31-labelme-ai-mask"),
        *("32-mixed-segments-and-boxes", "40-image-of-same-name-elsewhere"),
        *("41-import-in-window-says-nothing", "42-import-labelme-in-window-drops-the-rest"),
        *("44-exif-swapped-size", "45-one-bad-field-labelme", "46-keypoints-attributes-lost"),
        "47-label-image-folder-and-xml",
    ],
)
def test_the_right_outcome(folder: str, tmp_path: Path) -> None:
    src = shared_data("reports", folder)
    shutil.copytree(src, tmp_path / "in" / folder)
    CHECKS[folder](tmp_path / "in" / folder, tmp_path / "out")


def test_every_report_has_its_check() -> None:
    folders = {path.name for path in shared_data("reports").iterdir() if path.is_dir()}
    assert folders == set(CHECKS)


def notes(report: ConvertReport) -> str:
    return "\n".join(english(each) for each in (*report.notes, *report.problems))


def counts(report: ConvertReport) -> dict[str, int]:
    """How often each thing was said, where it counts, the count."""
    said: Counter[str] = Counter()
    for each in report.notes:
        said[each.id] += int(dict(each.args).get("count", 1))
    return said


def labels_in(path: Path) -> list[str]:
    return sorted(each.label for each in labelme.read(path).instances)


@right("01-gbk-json")
def _(src: Path, out: Path) -> None:
    before = (src / "a.json").read_bytes()
    with pytest.raises(FormatError, match=r"not in UTF-8.*iconv"):
        convert(src / "a.json", "coco", out / "o.json")
    assert (src / "a.json").read_bytes() == before


@right("02-image-resized-after-labelling")
def _(src: Path, out: Path) -> None:
    report = convert(src, "coco", out / "o.json")
    assert "b.png is 320 x 240 pixels, but upright it is 160 x 120" in notes(report)
    data = open_dataset(src)
    assert [item.file_name for item in data.items] == ["a.png"]
    assert len(data.items[0].instances) == 3
    # The mismatch is there for whoever reads the export.
    again = open_dataset(out / "o.json")
    assert [item.image_path.name for item in again.items] == ["a.png"]
    assert len(again.problems) == 1


@right("03-labels-in-sibling-folder")
def _(src: Path, out: Path) -> None:
    report = convert(src / "jsons", "coco", out / "o.json")
    assert (report.images, report.instances) == (2, 6)
    assert len(open_dataset(src / "jsons").items) == 2


@right("04-moved-images-backslash-path")
def _(src: Path, out: Path) -> None:
    report = convert(src / "labels", "coco", out / "o.json")
    assert (report.images, report.instances) == (2, 2)
    names = [image["file_name"] for image in json.loads((out / "o.json").read_text())["images"]]
    assert [Path(name).name for name in names] == ["a.jpg", "b.jpg"]
    assert not any(Path(name).is_absolute() for name in names)
    assert len(open_dataset(out / "o.json").items) == 2
    assert counts(report)["formats.image_elsewhere"] == 2


@right("05-xany-flags-null-rectangle4")
def _(src: Path, out: Path) -> None:
    before = json.loads((src / "a.json").read_text())
    convert(src, "labelme", out)
    after = json.loads((out / "a.json").read_text())
    assert after["shapes"] == before["shapes"]
    ours = ("masklens", "imagePath", "shapes")
    assert {k: v for k, v in after.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }


@right("06-degenerate-polygons-coco")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out)
    assert report.instances == 3
    assert counts(report)["formats.no_area_dropped"] + counts(report)["formats.left_out"] == 4
    assert counts(report)["formats.boxes"] == 1


@right("07-runs-as-flat-list")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out)
    assert labels_in(out / "a.json") == ["bolt"]
    assert "annotations[0].segmentation[0]" in notes(report)


@right("08-flat-polygon")
def _(src: Path, out: Path) -> None:
    assert convert(src / "c.json", "labelme", out).instances == 2


@right("10-one-bad-rle-among-many")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out)
    assert report.instances == 6
    assert counts(report)["formats.left_out"] == 1


@right("11-iscrowd-1-on-all-masks")
def _(src: Path, out: Path) -> None:
    data = open_dataset(src / "instances_default.json")
    said = [english(note) for note in data.notes]
    assert any("All 36 instances" in text and "--crowds-as-objects" in text for text in said)
    with pytest.raises(LearningError):
        gather_dataset(data, share=0)
    taken = open_dataset(src / "instances_default.json", crowds_as_objects=True)
    assert sum(not each.crowd for item in taken.items for each in item.instances) == 36
    assert dict(gather_dataset(taken, share=0).counts) == {"nut": 36}


@right("12-labelstudio-windows-path")
def _(src: Path, out: Path) -> None:
    report = convert(src / "result.json", "labelme", out)
    assert report.instances == 1
    assert all(path.is_relative_to(out) for path in report.written)
    assert open_dataset(src / "result.json").items[0].image_path.name == "cb0618f6-part.png"


@right("14-roboflow-root-category")
def _(src: Path, out: Path) -> None:
    data = open_dataset(src / "train" / "_annotations.coco.json")
    assert data.labels == ("nut", "bolt")
    assert "formats.root_category" in {note.id for note in data.notes}


@right("16-thin-boxes-training")
def _(src: Path, out: Path) -> None:
    data = open_dataset(src)
    assert len(data.items) == 4
    assert {note.id for note in data.notes} == {"formats.no_area"}
    assert len(gather_dataset(data, share=0).images) == 4


@right("17-many-instances")
def _(src: Path, out: Path) -> None:
    assert [len(item.instances) for item in open_dataset(src).items] == [1240, 1240]


@right("18-duplicate-annotation-ids")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "coco", out / "o.json")
    assert report.instances == 3
    ids = [each["id"] for each in json.loads((out / "o.json").read_text())["annotations"]]
    assert len(set(ids)) == 3


@right("19-duplicate-image-ids")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out / "c")
    assert "images[1].id" in notes(report)
    for name, instances in (("same_entry_twice", 1), ("same_file_two_ids", 2)):
        report = convert(src / f"{name}.json", "labelme", out / name)
        assert (report.images, report.instances) == (1, instances)


@right("20-same-name-different-folders")
def _(src: Path, out: Path) -> None:
    for name in ("c", "urls"):
        report = convert(src / f"{name}.json", "labelme", out / name)
        assert len(report.written) == 2
        found = {
            labelme.read(path).image_name.split("/")[-2]: labels_in(path) for path in report.written
        }
        assert found == {"foo": ["nut"], "bar": ["bolt"]}


@right("21-same-stem-two-extensions")
def _(src: Path, out: Path) -> None:
    files = assign_label_files([src / "x.jpg", src / "x.png"])
    assert files[src / "x.png"].name == "x.json"
    assert files[src / "x.jpg"].name != "x.json"
    convert(src, "coco", out / "o.json")
    (image,) = json.loads((out / "o.json").read_text())["images"]
    assert image["file_name"].endswith("x.png")


@right("23-groups")
def _(src: Path, out: Path) -> None:
    assert convert(src, "coco", out / "o.json").instances == 4
    parts = [(i.label, len(i.polygons)) for i in open_dataset(src).items[0].instances]
    assert sorted(parts) == [("cow", 1), ("cow", 2), ("cow", 2), ("nut", 1)]


@right("28-rgba-png-named-jpg")
def _(src: Path, out: Path) -> None:
    assert [read_image(src / name).width for name in ("a.jpg", "b.png")] == [320, 320]


@right("29-unlabelled-in-training")
def _(src: Path, out: Path) -> None:
    gathered = gather_dataset(open_dataset(src), share=0)
    found = {image.path.name: len(image.objects) for image in gathered.images}
    assert found["3.png"] == 0
    assert "4.png" not in found


@right("30-points-only")
def _(src: Path, out: Path) -> None:
    report = convert(src, "coco", out / "o.json")
    assert report.instances == 0
    assert counts(report)["convert.kept_shapes"] == 4
    assert json.loads((out / "o.json").read_text())["annotations"] == []
    with pytest.raises(LearningError):
        gather_dataset(open_dataset(src), share=0)


@right("31-labelme-ai-mask")
def _(src: Path, out: Path) -> None:
    convert(src, "coco", out / "o.json")
    (entry,) = json.loads((out / "o.json").read_text())["annotations"]
    assert entry["area"] == 551
    (instance,) = open_dataset(out / "o.json").items[0].instances
    assert encode(instance.polygons, 320, 240).area == 551
    assert any(polygon.holes for polygon in instance.polygons)


@right("32-mixed-segments-and-boxes")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out)
    assert report.instances == 2
    said = counts(report)
    assert [said[f"formats.{id}"] for id in ("boxes", "no_geometry", "dangling")] == [1, 1, 1]


@right("40-image-of-same-name-elsewhere")
def _(src: Path, out: Path) -> None:
    data = open_dataset(src / "data" / "c.json")
    assert [item.file_name for item in data.items] == ["siteA/0001.png"]
    assert {each.label for each in data.items[0].instances} == {"nut"}
    assert "siteB/0001.png" in english(data.problems[0])
    alone = open_dataset(src / "data" / "only_B.json")
    assert alone.items == ()
    report = convert(src / "data" / "only_B.json", "labelme", out)
    assert "siteB/0001.png, which was not found" in notes(report)
    assert [labelme.read(path).image_name for path in report.written] == ["0001.png"]


@right("41-import-in-window-says-nothing")
def _(src: Path, out: Path) -> None:
    report = convert(src / "c.json", "labelme", out, images_dir=src / "images")
    said = counts(report)
    assert report.instances == 3
    names = ("dangling", "no_geometry", "no_area_dropped", "boxes")
    assert [said[f"formats.{name}"] for name in names] == [5, 1, 1, 1]


@right("42-import-labelme-in-window-drops-the-rest")
def _(src: Path, out: Path) -> None:
    before = json.loads((src / "a.json").read_text())
    convert(src / "a.json", "labelme", src / "images", images_dir=src / "images")
    after = json.loads((src / "images" / "a.json").read_text())
    assert after["shapes"] == before["shapes"]


@right("44-exif-swapped-size")
def _(src: Path, out: Path) -> None:
    data = open_dataset(src / "unrotated.json")
    assert data.items == ()
    assert "320 x 240" in english(data.problems[0])
    report = convert(src / "unrotated.json", "labelme", out)
    assert "320 x 240" in notes(report)


def refused_or_read(file: Path, out: Path) -> tuple[str, int]:
    """What was said of a file, and how many instances were read."""
    try:
        report = convert(file, "coco", out)
    except FormatError as error:
        return str(error), 0
    return notes(report), report.instances


@right("45-one-bad-field-labelme")
def _(src: Path, out: Path) -> None:
    for folder in sorted(path for path in src.iterdir() if path.is_dir()):
        file = folder / "a.json"
        before = file.read_bytes()
        said, instances = refused_or_read(file, out / f"{folder.name}.json")
        assert "shapes[" in said or instances >= 2, folder.name
        assert file.read_bytes() == before


@right("46-keypoints-attributes-lost")
def _(src: Path, out: Path) -> None:
    before = json.loads((src / "in.json").read_text())
    convert(src / "in.json", "coco", out / "out.json")
    after = json.loads((out / "out.json").read_text())
    assert after["categories"] == before["categories"]
    assert after.get("licenses") == before.get("licenses", [])
    made = ("segmentation", "area", "bbox")
    for one, other in zip(before["annotations"], after["annotations"], strict=True):
        assert {k: v for k, v in other.items() if k not in made} == {
            k: v for k, v in one.items() if k not in made
        }
    report = convert(src / "in.json", "labelme", out / "lm")
    for name in ("keypoints", "categories.supercategory", "categories.skeleton", "categories.id"):
        assert name in notes(report)
    assert "occluded" in notes(report) or "attributes" in (out / "lm" / "a.json").read_text()


@right("47-label-image-folder-and-xml")
def _(src: Path, out: Path) -> None:
    for name, kind in (
        ("annotations.xml", "cvat"),
        ("labelstudio.json", "labelstudio"),
        ("isat.json", "isat"),
        ("a.txt", "yolo"),
    ):
        assert collect(src / name).kind == kind
        report = convert(src / name, "labelme", out / kind)
        assert report.instances == 1
        assert [path.name for path in report.written] == ["a.json"]
