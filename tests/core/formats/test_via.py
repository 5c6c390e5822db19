"""VIA's files of version 1 and 2: JSON, projects, CSV."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.geometry import area
from core.document.instance import Instance, Polygon
from core.formats import via
from core.formats.via import FormatError, ViaFile
from core.sentences import english
from tests.core.formats.making import SQUARE, json_values
from tests.data import shared_data

PATH = Path("via.json")


def polygon(points: object = SQUARE, **attributes: object) -> dict:
    xs, ys = zip(*points, strict=True)
    shape = {"name": "polygon", "all_points_x": list(xs), "all_points_y": list(ys)}
    return {"shape_attributes": shape, "region_attributes": attributes}


def region(name: str, **numbers: float) -> dict:
    return {"shape_attributes": {"name": name, **numbers}, "region_attributes": {}}


def file(*regions: dict, name: str = "a.png") -> dict:
    entry = {"filename": name, "size": 12, "regions": list(regions), "file_attributes": {}}
    return {f"{name}12": entry}


def parse(value: object) -> ViaFile:
    return via.parse(json.loads(json.dumps(value)), PATH)


def only(value: object) -> tuple[Instance, ...]:
    (image,) = parse(value).images
    return image.instances


def test_regions_as_list_and_as_object() -> None:
    value = file(polygon([*SQUARE, SQUARE[0]]))
    (instance,) = only(value)
    assert instance.polygons == (Polygon(SQUARE),)
    value["a.png12"]["regions"] = {"0": polygon(), "1": polygon()}
    assert len(only(value)) == 2


@pytest.mark.parametrize(
    ("shape", "covered"),
    [
        (region("rect", x=3, y=4, width=10, height=20), 200),
        (region("circle", cx=50, cy=50, r=10), 100 * np.pi),
        (region("ellipse", cx=50, cy=50, rx=10, ry=20), 200 * np.pi),
        (region("ellipse", cx=50, cy=50, rx=10, ry=20, theta=1.0), 200 * np.pi),
    ],
)
def test_other_outlines(shape: dict, covered: float) -> None:
    (instance,) = only(file(shape))
    assert area(instance) == pytest.approx(covered)


def test_a_turned_ellipse() -> None:
    upright, turned = only(
        file(
            region("ellipse", cx=50, cy=50, rx=10, ry=20),
            region("ellipse", cx=50, cy=50, rx=20, ry=10, theta=np.pi / 2),
        )
    )
    for a in upright.polygons[0].outer:
        assert min(np.hypot(a[0] - b[0], a[1] - b[1]) for b in turned.polygons[0].outer) < 1.5


def test_lines_points_and_flat_regions_are_left_out_and_said() -> None:
    read = parse(
        file(
            region("point", cx=1, cy=2),
            region("polyline"),
            {"shape_attributes": {}, "region_attributes": {}},
            region("rect", x=3, y=4, width=0, height=20),
            polygon(),
        )
    )
    assert len(read.images[0].instances) == 1
    counts = {note.id: dict(note.args).get("count") for note in read.notes}
    assert counts["formats.via_kinds"] == 3
    assert counts["formats.no_area_dropped"] == 1


@pytest.mark.parametrize(
    ("attributes", "labels"),
    [
        ([{}, {}], ["object", "object"]),
        ([{"Class": "a", "colour": "red"}, {"Class": " b "}], ["a", "b"]),
        ([{"size": "1", "shape": "round"}, {"size": "2", "shape": "square"}], ["round", "square"]),
        ([{"kind": {"cat": True}}, {"kind": {"cat": False, "dog": True}}], ["cat", "dog"]),
        ([{"number": 3}, {"number": ""}], ["3", "object"]),
        ([{"label": "", "what": "a"}, {"what": "b"}], ["a", "b"]),
    ],
)
def test_the_label_is_an_attribute(attributes: list[dict], labels: list[str]) -> None:
    regions = [{**polygon(), "region_attributes": each} for each in attributes]
    read = parse(file(*regions))
    assert [i.label for i in read.images[0].instances] == labels
    assert read.labels == tuple(dict.fromkeys(labels))


def test_projects() -> None:
    value = {
        "_via_settings": {},
        "_via_img_metadata": file(polygon(breed="poodle", note="seen")),
        "_via_attributes": {"region": {"breed": {"type": "text"}}, "file": {}},
    }
    read = parse(value)
    assert read.labels == ("poodle",)
    assert [note.id for note in read.notes] == ["formats.via_attribute"]
    with pytest.raises(FormatError, match="VIA 3"):
        parse({"project": {}, "config": {}, "view": {}, "metadata": {}})


def test_files_named_by_url() -> None:
    read = parse(file(polygon(), name="https://example.org/pics/my%20cat.jpg?size=3"))
    assert read.images[0].file_name == "my cat.jpg"
    assert parse(file(polygon(), name="pics\\cat.jpg")).images[0].file_name == "pics/cat.jpg"


NEW_CSV = """filename,file_size,file_attributes,region_count,region_id,\
region_shape_attributes,region_attributes
a.png,12,"{}",2,0,"{""name"":""rect"",""x"":1,""y"":2,""width"":3,""height"":4}","{""label"":""x""}"
a.png,12,"{}",2,1,"{""name"":""circle"",""cx"":9,""cy"":9,""r"":4}","{""label"":""y""}"
b.png,12,"{}",0,0,"{}","{}"
"""
OLD_CSV = """#filename,file_size,file_attributes,region_count,region_id,\
region_shape_attributes,region_attributes
a.png,12,"",2,0,"name=rect;x=1;y=2;width=3;height=4;","label=x;"
a.png,12,"",2,1,"name=polygon;all_points_x=[0:9:9];all_points_y=[0:0:9];","label=y;"
b.png,12,"",0,0,"",""
"""


@pytest.mark.parametrize("text", [NEW_CSV, OLD_CSV])
def test_csv(text: str, tmp_path: Path) -> None:
    path = tmp_path / "via.csv"
    path.write_text(text, encoding="utf-8-sig")
    read = via.read(path)
    assert [(i.file_name, len(i.instances)) for i in read.images] == [("a.png", 2), ("b.png", 0)]
    assert read.labels == ("x", "y")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "row 1"),
        ("a,b\n", "row 1"),
        (NEW_CSV + "c.png,1\n", "row 5"),
        (NEW_CSV + 'c.png,12,"{}",1,0,"{bad","{}"\n', "row 5.region_shape_attributes"),
        (NEW_CSV + 'c.png,12,"{}",1,0,"{""name"":""rect""}","{}"\n', "c.png.regions[0]"),
        ("\0", "row 1"),
    ],
)
def test_wrong_rows_are_named_and_harm_no_other(text: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "via.csv"
    path.write_text(text, encoding="utf-8")
    if where == "row 1":
        with pytest.raises(FormatError, match=where):
            via.read(path)
    else:
        read = via.read(path)
        assert where in english(read.notes[0])
        assert sum(len(image.instances) for image in read.images) == 2
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FormatError, match="not a CSV file"):
        via.read(path)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": 1}, "a"),
        ({"a": {"filename": "a"}}, "a.regions"),
        ({"a": {"regions": []}}, "a.filename"),
        (file({"region_attributes": {}}), "a.png12.regions[0].shape_attributes"),
        (file(region("rect", x=1, y=2, width=3)), "a.png12.regions[0].shape_attributes.height"),
        (file(region("circle", cx="1", cy=2, r=3)), "a.png12.regions[0].shape_attributes.cx"),
        (
            file(region("polygon", all_points_x=[1, 2], all_points_y=[1])),
            "a.png12.regions[0].shape_attributes",
        ),
    ],
)
def test_wrong_fields_are_named_and_harm_no_other(value: dict, where: str) -> None:
    good = file(polygon(label="good"), name="good.png")
    read = parse({**value, **good})
    assert f" {where}: " in english(read.notes[0])
    assert [i.label for image in read.images for i in image.instances] == ["good"]


@pytest.mark.parametrize(
    ("value", "where"), [([], "file"), ({"_via_img_metadata": 3}, "_via_img_metadata")]
)
def test_a_file_of_another_form_is_refused(value: object, where: str) -> None:
    with pytest.raises(FormatError, match=f" {where}: "):
        parse(value)


KEYS = ("filename", "regions", "shape_attributes", "region_attributes", "name", "all_points_x")


@settings(max_examples=40, deadline=None)
@given(json_values(*KEYS, "_via_img_metadata", "cx"))
def test_any_json_is_read_or_refused(value: object) -> None:
    for candidate in (value, {"a": value}, file(value)):
        with suppress(FormatError):
            via.parse(candidate, PATH)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet='{}[]:;=",\n#a1', max_size=40))
def test_any_csv_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    for content in (text, OLD_CSV + "c,1,2,3,4," + text):
        path.write_bytes(content.encode("utf-8", "replace"))
        with suppress(FormatError):
            via.read(path)


def test_roofs() -> None:
    folder = shared_data("roofs_via", "train19")
    read = via.read(folder / "via_region_data.json")
    # 199 roofs, of which one has its three points on one line.
    assert sum(len(image.instances) for image in read.images) == 198
    assert read.labels == ("object",)
    project = via.read(folder / "via2_project_first10.json")
    assert len(project.images) == 10


def test_shapes_in_json_and_csv_agree() -> None:
    folder = shared_data("formats", "via", "via_1.0_testdata")
    a, b = (via.read(folder / f"sample_img5_region_data.{suffix}") for suffix in ("json", "csv"))
    assert a.images[0] == b.images[0]
    assert a.labels == ("circular", "elliptical", "rectangle", "triangle", "pentagon")
