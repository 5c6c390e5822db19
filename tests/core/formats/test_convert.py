"""Conversion: nothing is lost that has a place, nothing is overwritten, nothing lands elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.instance import Instance, Polygon, Source
from core.document.runs import rasterise
from core.formats import coco, labelme
from core.formats.convert import ConvertReport, FormatError, convert
from core.formats.dataset import open_dataset
from core.formats.places import inside
from core.sentences import english
from tests.core.formats.making import HOLE, SQUARE, instances, ring
from tests.core.formats.test_dataset import CELL, image, write_coco, write_labelme, write_via
from tests.data import shared_data


def ids(report: ConvertReport) -> tuple[list[str], list[str]]:
    return [note.id for note in report.notes], [problem.id for problem in report.problems]


def test_coco_to_labelme_beside_the_images(tmp_path: Path) -> None:
    image(tmp_path / "photos" / "a.png")
    image(tmp_path / "photos" / "sub" / "b.png")
    crowd = replace(CELL, crowd=True, description="many")
    src = write_coco(tmp_path / "c.json", "photos/a.png", "sub/b.png", instances=(CELL, crowd))
    report = convert(src, "labelme", tmp_path / "photos")
    assert (report.images, report.instances) == (2, 4)
    assert ids(report) == ([], [])
    names = [path.relative_to(tmp_path).as_posix() for path in report.written]
    assert names == ["photos/a.json", "photos/sub/b.json"]
    read = labelme.read(tmp_path / "photos" / "sub" / "b.json")
    assert (read.image_name, read.width, read.height) == ("b.png", 100, 80)
    assert [i.crowd for i in read.instances] == [False, True]
    assert read.instances[1].description == "many"


def test_coco_to_labelme_in_a_folder_of_its_own(tmp_path: Path) -> None:
    image(tmp_path / "photos" / "a.png")
    image(tmp_path / "photos" / "a.jpg")
    src = write_coco(tmp_path / "c.json", "photos/a.png", "photos/a.jpg", "gone.png")
    report = convert(src, "labelme", tmp_path / "out")
    assert len(set(report.written)) == 3
    read = [labelme.read(path) for path in report.written]
    assert [r.image_name for r in read] == ["../../photos/a.png", "../../photos/a.jpg", "gone.png"]
    assert ids(report) == (["formats.image_missing"], [])
    assert open_dataset(tmp_path / "out").items[0].image_path.name == "a.jpg"


def test_labelme_to_coco(tmp_path: Path) -> None:
    image(tmp_path / "set" / "b.png")
    image(tmp_path / "set" / "a.png")
    guess = Instance("s", "dog", (Polygon(HOLE),), source=Source.SUGGESTED, score=0.5)
    write_labelme(tmp_path / "set" / "a.json", "a.png", CELL, guess)
    path = write_labelme(tmp_path / "set" / "b.json", "b.png", CELL)
    value = json.loads(path.read_text())
    value["shapes"].append({"label": "x", "points": [[1, 2]], "shape_type": "point"})
    value["imageWidth"] = value["imageHeight"] = None
    path.write_text(json.dumps(value))
    out = tmp_path / "out" / "c.json"
    report = convert(tmp_path / "set", "coco", out)
    notes, failed = ids(report)
    assert failed == []
    assert {"convert.kept_shapes", "convert.suggestions"} == set(notes)
    made = coco.read(out)
    assert made.labels == ("cell", "dog")
    assert [i.file_name for i in made.images] == ["../set/a.png", "../set/b.png"]
    assert [i.width for i in made.images] == [100, 100]
    assert [i.source for i in made.images[0].instances] == [Source.DRAWN, Source.SUGGESTED]
    without = convert(tmp_path / "set", "coco", tmp_path / "own.json", suggestions=False)
    assert without.instances == 2
    assert len(open_dataset(out).items) == 2


def test_via_to_both(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    src = write_via(tmp_path / "roof.json", "a.png", "none.png")
    report = convert(src, "coco", tmp_path / "c.json")
    assert (report.images, ids(report)[1]) == (1, ["convert.no_size"])
    report = convert(src, "labelme", tmp_path / "out")
    assert len(report.written) == 2
    assert labelme.read(report.written[0]).instances[0].label == "roof"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    src = write_coco(tmp_path / "in" / "c.json", "../a.png")
    mine = tmp_path / "a.json"
    mine.write_text('{"shapes": [], "mine": true}')
    report = convert(src, "labelme", tmp_path)
    assert ids(report)[1] == ["convert.exists"]
    assert str(mine) in english(report.problems[0])
    assert json.loads(mine.read_text())["mine"]
    assert report.written == ()
    # A second time the same labels are there already, which is no problem.
    again = [convert(src, "labelme", tmp_path / "out") for _ in range(2)]
    assert again[0] == again[1]
    assert len(again[1].written) == 1
    # Suggestions that nobody has touched give way.
    guess = Instance("s", "cell", (Polygon(HOLE),), source=Source.SUGGESTED)
    from core.formats.label_file import LabelFile

    mine.write_bytes(labelme.dumps(LabelFile("a.png", 100, 80, (guess,)), predicted=True))
    assert convert(src, "labelme", tmp_path).problems == ()
    assert labelme.read(mine).instances[0].source is Source.DRAWN

    out = tmp_path / "there.json"
    out.write_text("{}")
    with pytest.raises(FormatError, match="not overwritten"):
        convert(src, "coco", out)
    assert out.read_text() == "{}"
    convert(src, "coco", out, overwrite=True)
    assert len(coco.read(out).images) == 1


def test_the_place_must_be_of_the_right_kind(tmp_path: Path) -> None:
    src = write_coco(tmp_path / "c.json", "a.png")
    with pytest.raises(FormatError, match="goes into one file"):
        convert(src, "coco", tmp_path)
    with pytest.raises(FormatError, match="go into a folder"):
        convert(src, "labelme", src)


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.png",
        "/etc/evil.png",
        "C:\\evil.png",
        "\\\\host\\share\\evil.png",
        "a/../../evil.png",
    ],
)
def test_names_cannot_leave_the_folder(name: str, tmp_path: Path) -> None:
    src = write_coco(tmp_path / "deep" / "in" / "c.json", name)
    out = tmp_path / "deep" / "out"
    report = convert(src, "labelme", out)
    assert report.written == (out / "evil.json",)
    assert "convert.renamed" in ids(report)[0]
    assert sorted(p.name for p in tmp_path.rglob("*.json")) == ["c.json", "evil.json"]


@given(st.text(max_size=12) | st.text(alphabet="./\\:ab\0\n", max_size=12))
def test_no_name_leads_out(name: str) -> None:
    place = inside(name)
    assert not place.is_absolute()
    assert ".." not in place.parts
    assert len(place.parts) >= 1
    assert "\0" not in str(inside)


def test_two_images_of_one_place(tmp_path: Path) -> None:
    src = write_coco(tmp_path / "c.json", "/one/a.png", "/two/a.png")
    report = convert(src, "labelme", tmp_path / "out")
    assert len(report.written) == 1
    assert ids(report)[1] == ["convert.place_taken"]


@pytest.mark.parametrize("to", ["labelme", "coco"])
def test_two_files_for_one_image(to: Literal["labelme", "coco"], tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    write_labelme(tmp_path / "a (copy).json", "a.png", CELL, replace(CELL, id="other"))
    write_labelme(tmp_path / "a.json", "a.png", CELL)
    report = convert(tmp_path, to, tmp_path / "out" / "c.json")
    assert (report.images, report.instances) == (1, 1)
    assert ids(report) == ([], ["formats.image_twice"])


def test_labelme_to_labelme_keeps_what_only_labelme_has(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    path = write_labelme(tmp_path / "a.json", "a.png", CELL, done=True)
    value = json.loads(path.read_text())
    value["shapes"].append({"label": "x", "points": [[1, 2]], "shape_type": "point"})
    value["reviewer"] = "me"
    path.write_text(json.dumps(value))
    (made,) = convert(path, "labelme", tmp_path / "out").written
    back = json.loads(made.read_text())
    assert (back["reviewer"], len(back["shapes"])) == ("me", 2)
    assert back["imagePath"] == "../a.png"
    assert labelme.read(made).done


@settings(max_examples=20, deadline=None)
@given(st.lists(instances(), max_size=3))
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, drawn: list[Instance]) -> None:
    """COCO, labelme, COCO: the same objects with the same pixels, crowds and areas."""
    folder = tmp_path_factory.mktemp("round")
    items = tuple(replace(i, id=f"i{k}", group_id=None) for k, i in enumerate(drawn))
    labels = sorted({i.label for i in items})
    coco.write(folder / "1.json", [coco.CocoImage(3, "a.png", 100, 80, items)], labels)
    assert convert(folder / "1.json", "labelme", folder / "lm").problems == ()
    assert convert(folder / "lm", "coco", folder / "2.json").problems == ()
    first, second = (
        json.loads((folder / name).read_text())["annotations"] for name in ("1.json", "2.json")
    )
    # How an outline is written may change: a hole too small for a pixel is gone as a run length.
    for key in ("area", "bbox", "iscrowd", "score", "masklens"):
        assert [a.get(key) for a in first] == [a.get(key) for a in second], key
    (before,), (after,) = (coco.read(folder / name).images for name in ("1.json", "2.json"))
    for a, b in zip(before.instances, after.instances, strict=True):
        assert np.array_equal(rasterise(a.polygons, 100, 80), rasterise(b.polygons, 100, 80))


def test_coco_tiny_there_and_back(tmp_path: Path) -> None:
    src = shared_data("coco_tiny", "annotations", "instances_train2017.json")
    there = convert(src, "labelme", tmp_path / "lm")
    assert (there.images, there.instances, there.problems) == (50, 470, ())
    back = convert(tmp_path / "lm", "coco", tmp_path / "c.json")
    assert (back.images, back.instances, back.problems) == (50, 470, ())
    before, after = coco.read(src), coco.read(tmp_path / "c.json")
    assert set(after.labels) < set(before.labels)
    by_name = {Path(i.file_name).name: i for i in after.images}
    for image_before in before.images:
        image_after = by_name[image_before.file_name]
        pairs = zip(image_before.instances, image_after.instances, strict=True)
        for a, b in pairs:
            assert (a.label, a.crowd) == (b.label, b.crowd)
            size = image_before.width or 0, image_before.height or 0
            assert np.array_equal(rasterise(a.polygons, *size), rasterise(b.polygons, *size))


def test_parts_and_holes_survive_labelme(tmp_path: Path) -> None:
    parts = (Polygon(SQUARE, (HOLE,)), Polygon(ring(80, 40, 5, 6)))
    src = write_coco(tmp_path / "c.json", "a.png", instances=(replace(CELL, polygons=parts),))
    (made,) = convert(src, "labelme", tmp_path / "out").written
    (back,) = labelme.read(made).instances
    assert len(back.polygons) == 2
    drawn = rasterise(parts, 100, 80)
    assert np.array_equal(rasterise(back.polygons, 100, 80), drawn)
