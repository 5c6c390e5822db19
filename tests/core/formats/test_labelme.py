"""labelme's files: what is read, what survives, what is refused."""

from __future__ import annotations

import base64
import gc
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.codec import set_loaded_aside
from core.document.document import Document
from core.document.edits import Reshape
from core.document.geometry import area, bounds
from core.document.geometry.boxes import spanned, with_corner
from core.document.instance import ImageDetails, Instance, Line, Polygon, Region, Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.formats.labelme import FormatError
from core.formats.labelme_format import others
from core.sentences import english
from tests.core.formats.making import HOLE, SQUARE, ring

PATH = Path("a.json")


def shape(kind: str = "polygon", points: object = SQUARE, label: str = "cell", **more) -> dict:
    return {"label": label, "points": [list(p) for p in points], "shape_type": kind, **more}


def file(*shapes: dict, **more) -> dict:
    top = {"version": "5.7.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.png"}
    return {**top, "imageData": None, "imageHeight": 80, "imageWidth": 100, **more}


def parsed(value: object) -> LabelFile:
    return labelme.parse(json.dumps(value).encode(), PATH)


def parse(*shapes: dict, **more) -> LabelFile:
    return parsed(file(*shapes, **more))


def again(label_file: LabelFile) -> LabelFile:
    return labelme.parse(labelme.dumps(label_file), PATH)


def written(label_file: LabelFile) -> dict:
    return json.loads(labelme.dumps(label_file))


def problem(value: object) -> str:
    with pytest.raises(FormatError) as error:
        parsed(value)
    return str(error.value)


def png(mask: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def new(*items: Instance, **more) -> LabelFile:
    return LabelFile("a.png", 100, 80, items, **more)


# What shapes mean


def test_a_polygon_is_an_instance() -> None:
    read = parse(shape(flags={"hard": True, "cut": False}, description="left", group_id=4))
    (instance,) = read.instances
    assert instance.polygons == (Polygon(SQUARE),)
    assert (instance.label, instance.group_id, instance.description) == ("cell", 4, "left")
    assert instance.flags == (("hard", True), ("cut", False))
    assert instance.source is Source.DRAWN
    assert (read.image_name, read.width, read.height, read.done) == ("a.png", 100, 80, False)


def test_whole_numbers_and_a_repeated_first_vertex() -> None:
    (instance,) = parse(shape(points=[[10, 10], [60, 10], [60, 60], [10, 60], [10, 10]])).instances
    assert instance.polygons == (Polygon(SQUARE),)
    assert all(isinstance(value, float) for point in instance.polygons[0].outer for value in point)


@pytest.mark.parametrize(
    ("kind", "points", "covered"),
    [
        ("rectangle", [[60, 40], [10, 20]], 1000.0),
        ("rectangle", [[10, 20], [60, 20], [60, 40], [10, 40]], 1000.0),  # X-AnyLabeling
        ("rotation", [[10, 0], [20, 10], [10, 20], [0, 10]], 200.0),
        ("oriented_rectangle", [[10, 0], [20, 10], [10, 20], [0, 10]], 200.0),
        ("circle", [[50, 40], [50, 60]], np.pi * 400),
    ],
)
def test_other_outlines(kind: str, points: list, covered: float) -> None:
    (instance,) = parse(shape(kind, points)).instances
    assert area(instance) == pytest.approx(covered)


def test_a_mask_becomes_polygons_with_holes() -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[2:20, 3:33] = 1
    mask[8:12, 10:20] = 0
    mask[25:28, 1:5] = 1
    (instance,) = parse(shape("mask", [[7, 11], [46, 40]], mask=png(mask))).instances
    big, small = sorted(instance.polygons, key=lambda polygon: -len(polygon.holes))
    assert len(big.holes) == 1
    assert area(instance) == pytest.approx(mask.sum(), abs=1)
    box = bounds((big,))
    assert (box.x0, box.y0, box.x1, box.y1) == (10, 13, 40, 31)
    assert bounds((small,)).y1 == 39


def test_parts_of_one_group_are_one_instance() -> None:
    other = ring(80, 40, 5, 6)
    read = parse(
        shape(group_id=1),
        shape(label="dog", group_id=1),
        shape(points=other, group_id=1),
        shape(points=other),
    )
    assert [len(instance.polygons) for instance in read.instances] == [2, 1, 1]
    assert read.instances[0].polygons == (Polygon(SQUARE), Polygon(other))


def test_lines_are_no_instances_and_unknown_kinds_are_kept_and_said() -> None:
    strip = shape("linestrip", [[1, 2], [3, 4], [5, 6]], group_id=3)
    other = shape("linestrip", [[1, 2], [3, 9]], group_id=3)
    wrong = shape("point", [[1, 2], [3, 4]])
    read = parse(shape("point", [[1, 2]]), strip, shape(), other, wrong, shape("cuboid"))
    assert len(read.instances) == 1
    lines = [each for each in read.shapes if isinstance(each, Line)]
    assert [len(each.points) for each in lines] == [1, 3, 2], "one label and group join no lines"
    assert [note.id for note in read.notes] == ["formats.not_outlines"]
    assert "cuboid, point" in english(read.notes[0])
    assert [labelme.line_kind(each.points, "linestrip") for each in lines[1:]] == ["linestrip"] * 2


@pytest.mark.parametrize(
    ("kind", "count", "now", "then"),
    [
        ("point", 1, 1, "point"),
        ("line", 2, 2, "line"),
        ("line", 2, 3, "linestrip"),
        ("linestrip", 3, 2, "linestrip"),
        ("linestrip", 2, 1, "point"),
    ],
)
def test_a_changed_line_is_called_what_it_has_become(
    kind: str, count: int, now: int, then: str
) -> None:
    points = [[10.0 * k, 5.0] for k in range(1, 4)]
    read = parse(shape(), shape(kind, points[:count], kie_linking=[[1]], group_id=2))
    cell, line = read.shapes
    document = Document(100, 80, read.shapes)
    moved = tuple((x, y + 1) for x, y in points[:now])
    document.apply(Reshape(line.id, (Polygon(moved),)))
    changed = replace(read, shapes=document.shapes)
    value = written(changed)["shapes"][1]
    assert (value["shape_type"], value["points"]) == (then, [list(each) for each in moved])
    assert (value["kie_linking"], value["group_id"]) == ([[1]], 2)
    assert again(changed).shapes == (cell, replace(line, polygons=(Polygon(moved),)))
    (drawn,) = written(new(replace(line, id="new", polygons=(Polygon(moved),))))["shapes"]
    assert drawn["shape_type"] in (then, "line")


def test_shapes_without_area_are_kept_and_said() -> None:
    flat = [[[5, 5], [5, 5]], [[1, 1], [9, 1]]]
    read = parse(
        shape("rectangle", flat[0]),
        shape("circle", flat[0]),
        shape("polygon", flat[1]),
        shape("polygon", [[0, 0], [5, 5], [9, 9]]),
        shape("mask", [[0, 0], [3, 3]], mask=png(np.zeros((4, 4), np.uint8))),
        shape("polygon", [[0, 0], [9, 9], [9, 0], [0, 9]]),
    )
    assert len(read.instances) == 1  # the figure of eight
    assert [note.id for note in read.notes] == ["formats.no_area"] * 5
    assert len(written(read)["shapes"]) == 6


def test_old_files() -> None:
    old = {
        "shapes": [{"label": "0", "line_color": None, "fill_color": None, "points": [*SQUARE]}],
        "imagePath": "..\\images\\b.jpg",
        "imageData": None,
        "lineColor": [0, 255, 0, 128],
    }
    read = parsed(old)
    assert read.image_name == "../images/b.jpg"
    assert (read.width, read.height) == (None, None)
    back = written(read)
    assert back["imagePath"] == "..\\images\\b.jpg"
    assert back["lineColor"] == [0, 255, 0, 128]
    assert back["shapes"] == json.loads(json.dumps(old["shapes"]))


# What survives


def test_nothing_unchanged_is_touched() -> None:
    mask = np.ones((4, 5), np.uint8)
    value = file(
        shape("rectangle", [[1, 2], [3, 4]], score=0.5, attributes={"a": [1, {"b": None}]}),
        shape("point", [[1, 2]], group_id=7),
        shape("mask", [[0, 0], [4, 3]], mask=png(mask), description=None),
        shape("circle", [[9, 9], [9, 5]], masklens={"id": "x", "later": 3}),
        checked=True,
        tags=["a"],
        imageData="QUJD",
        masklens={"later": [1]},
    )
    read = parsed(value)
    back = written(read)
    assert back.pop("masklens") == {"format": 1, "later": [1]}
    del value["masklens"]
    assert back == value
    assert list(back) == list(value)


def test_a_change_keeps_what_belongs_to_the_rest() -> None:
    mask = np.ones((4, 5), np.uint8)
    read = parse(
        shape("rectangle", [[1, 2], [3, 4]], attributes={"a": 1}),
        shape("mask", [[0, 0], [4, 3]], mask=png(mask)),
        shape("line", [[1, 2], [3, 4]]),
        shape("polygon", ring(50, 50, 9, 5), mask=None, difficult=True, masklens={"later": 1}),
    )
    box, blot, line, poly = read.shapes
    moved = (Polygon(ring(40, 40, 9, 5)),)
    changed = replace(
        read,
        shapes=(
            replace(box, label="bus"),
            replace(blot, flags=(("x", True),)),
            line,
            replace(poly, polygons=moved),
        ),
    )
    shapes = written(changed)["shapes"]
    assert [s["shape_type"] for s in shapes] == ["rectangle", "mask", "line", "polygon"]
    assert shapes[0]["points"] == [[1, 2], [3, 4]]
    assert (shapes[0]["label"], shapes[0]["attributes"]) == ("bus", {"a": 1})
    assert (shapes[1]["mask"], shapes[1]["flags"]) == (png(mask), {"x": True})
    assert shapes[3]["points"] == [[x, y] for x, y in moved[0].outer]
    assert (shapes[3]["difficult"], shapes[3]["masklens"]["later"]) == (True, 1)
    assert again(changed).shapes == changed.shapes


def test_an_edited_mask_becomes_a_polygon_and_a_rectangle_where_it_is_none_any_more() -> None:
    mask = png(np.ones((4, 5), np.uint8))
    read = parse(shape("rectangle", [[1, 2], [30, 40]]), shape("mask", [[0, 0], [4, 3]], mask=mask))
    assert [each.box for each in read.instances] == [True, False]
    document = Document(100, 80, read.shapes)
    for each in read.instances:
        document.apply(Reshape(each.id, (Polygon(SQUARE[:3]),)))
    for each in written(replace(read, shapes=document.shapes))["shapes"]:
        assert each["shape_type"] == "polygon"
        assert each.get("mask") is None
        assert len(each["points"]) == 3


@pytest.mark.parametrize("kind", ["rectangle", "rotation", "oriented_rectangle"])
def test_a_box_is_written_as_one_after_its_corner_was_moved(kind: str) -> None:
    turned = [[50, 20], [70, 40], [60, 50], [40, 30]]
    read = parse(shape(kind, [[1, 2], [30, 40]] if kind == "rectangle" else turned))
    (box,) = read.instances
    moved = with_corner(box.polygons[0].outer, 2, (50.0, 60.0))
    document = Document(100, 80, read.shapes)
    document.apply(Reshape(box.id, (Polygon(moved),)))
    changed = replace(read, shapes=document.shapes)
    (value,) = written(changed)["shapes"]
    assert value["shape_type"] == kind
    assert value["points"] == ([[1, 2], [50, 60]] if kind == "rectangle" else [*map(list, moved)])
    (back,) = again(changed).instances
    assert back.box
    assert back.polygons == (Polygon(moved),)
    new_one = replace(box, id="drawn", polygons=(Polygon(moved),))
    assert written(new(new_one))["shapes"][0]["shape_type"] in ("rectangle", "polygon")
    assert again(new(new_one)).instances == (new_one,), "a polygon that is a box stays one"
    theirs = again(replace(changed, shapes=(*changed.shapes, new_one)))
    assert theirs.instances[1].box
    # What is no box any more is none in the file either, whatever it is called.
    bent = replace(read, shapes=(replace(box, polygons=(Polygon(moved[:3]),)),))
    (value,) = written(bent)["shapes"]
    assert (value["shape_type"], len(value["points"])) == ("polygon", 3)


def test_deleted_instances_and_new_order() -> None:
    line = shape("cuboid", [[1, 2], [3, 4]])
    read = parse(shape(label="a"), line, shape(label="b"), shape(label="c"))
    a, _, c = read.instances
    extra = Instance("new", "d", (Polygon(SQUARE),))
    shapes = written(replace(read, shapes=(c, a, extra)))["shapes"]
    assert [s["label"] for s in shapes] == ["c", "a", "cell", "d"]
    assert shapes[2] == json.loads(json.dumps(line))


def test_ids_of_foreign_shapes_stay_from_reading_to_reading() -> None:
    shapes = [shape(), shape(), shape(points=HOLE), shape(label="dog", group_id=3)]
    first, second = parse(*shapes), parse(*shapes)
    ids = [instance.id for instance in first.instances]
    assert ids == [instance.id for instance in second.instances]
    assert len(set(ids)) == 4
    fewer = parse(*shapes[1:])
    assert [i.id for i in fewer.instances][1:] == ids[2:]


def test_done_also_without_instances() -> None:
    read = again(new(done=True))
    assert read.done
    assert written(read)["masklens"]["status"] == "done"
    assert not again(replace(read, done=False)).done


# Extras: holes, provenance, changes by others


def test_holes_and_provenance_ride_along() -> None:
    instance = Instance(
        "i1",
        "cell",
        (Polygon(SQUARE, (HOLE,)), Polygon(ring(80, 40, 5, 6))),
        source=Source.ACCEPTED,
        score=0.75,
        model="starter@2",
        crowd=True,
    )
    (back,) = again(new(instance)).instances
    assert back == instance, "the group that holds its parts together is none of its own"


def test_a_turned_box_is_a_rotation_in_a_file_of_x_anylabeling() -> None:
    read = parse(shape(difficult=False, kie_linking=[]))
    ring = spanned((40.0, 20.0), (50.0, 30.0), (30.0, 50.0))
    box = Instance("new", "ship", (Polygon(ring),), box=True)
    changed = replace(read, shapes=(*read.shapes, box))
    value = written(changed)["shapes"][1]
    assert value["shape_type"] == "rotation"
    assert value["direction"] == pytest.approx(math.pi / 4)
    assert again(changed).shapes == changed.shapes


def test_locked_ones_and_groups_come_back_and_labelme_joins_no_two() -> None:
    parts = (Polygon(SQUARE), Polygon(ring(80, 60, 5, 6)))
    several = Instance("a", "cell", parts, group_id=5, locked=True)
    mate = Instance("b", "cell", (Polygon(ring(40, 40, 5, 6)),), group_id=5)
    other = Instance("c", "dog", (Polygon(ring(20, 60, 5, 6)),), group_id=5)
    alone = Instance("d", "cell", parts)
    file = new(several, mate, other, alone)
    value = written(file)
    names = [(each["label"], each["group_id"]) for each in value["shapes"]]
    assert len(set(names)) == 4, names
    assert again(file).shapes == file.shapes
    assert written(again(file)) == value, "and so it stays"
    value["shapes"][2]["group_id"] = 9
    assert [each.group_id for each in parsed(value).shapes] == [5, 9, 5, None], "changed elsewhere"


def test_attributes_are_changed_beside_what_is_no_plain_value() -> None:
    value = written(new(Instance("i1", "cell", (Polygon(SQUARE),), attributes=(("ripe", True),))))
    assert value["shapes"][0]["attributes"] == {"ripe": True}
    value["shapes"][0]["attributes"] = {"ripe": True, "kind": "a", "list": [1, 2]}
    read = parsed(value)
    (instance,) = read.instances
    assert instance.attributes == (("ripe", True), ("kind", "a"))
    assert written(read)["shapes"] == value["shapes"], "unchanged, it stands as it stood"
    moved = replace(instance, polygons=(Polygon(ring(80, 40, 5, 6)),))
    kept = written(replace(read, shapes=(moved,)))["shapes"][0]["attributes"]
    assert kept == value["shapes"][0]["attributes"]
    fewer = replace(instance, attributes=(("kind", "b"), ("size", 0.5)))
    changed = replace(read, shapes=(fewer,))
    assert written(changed)["shapes"][0]["attributes"] == {"list": [1, 2], "kind": "b", "size": 0.5}
    assert again(changed).instances == (fewer,)


def test_null_stays_null_where_a_shape_has_no_flags_and_no_description() -> None:
    odd = {"flags": None, "description": None, "group_id": None, "points": ring(80, 40, 5, 6)}
    read = parse({"label": "cell", "shape_type": "polygon", **odd})
    (found,) = read.instances
    renamed = written(replace(read, shapes=(replace(found, label="dot"),)))["shapes"][0]
    assert {key: renamed[key] for key in ("flags", "description", "group_id")} == dict.fromkeys(
        ("flags", "description", "group_id")
    )
    said = replace(found, flags=(("ripe", True),), description="split")
    told = written(replace(read, shapes=(said,)))["shapes"][0]
    assert (told["flags"], told["description"]) == ({"ripe": True}, "split")


def test_what_is_said_of_the_image_is_at_the_top_and_what_is_odd_there_stays() -> None:
    said = ImageDetails((("blurred", True),), "a field", (("weather", "sun"),))
    plain = json.loads(labelme.dumps(replace(new(), details=said)))
    assert (plain["flags"], plain["description"]) == ({"blurred": True}, "a field")
    assert plain["attributes"] == {"weather": "sun"}
    assert again(replace(new(), details=said)).details == said
    assert "attributes" not in json.loads(labelme.dumps(new())), "nothing is said, nothing is added"
    odd = {**plain, "flags": {"blurred": True, "by": "Ann", "old": False}, "attributes": [1]}
    read = parsed(odd)
    assert read.details == replace(said, flags=(("blurred", True), ("old", False)), attributes=())
    assert json.loads(labelme.dumps(read)) == odd
    changed = replace(read, details=replace(read.details, flags=(), description=""))
    assert json.loads(labelme.dumps(changed)) == {**odd, "flags": {"by": "Ann"}, "description": ""}


@pytest.mark.parametrize(("source", "then"), [("drawn", "drawn"), ("suggested", "edited")])
def test_an_outline_moved_elsewhere_drops_its_holes(source: str, then: str) -> None:
    instance = Instance("i1", "cell", (Polygon(SQUARE, (HOLE,)),), source=Source(source))
    value = written(new(instance))
    value["shapes"][0]["points"][0][0] += 1
    read = parsed(value)
    (moved,) = read.instances
    assert moved.polygons[0].holes == ()
    assert (moved.id, moved.source.value) == ("i1", then)
    assert [note.id for note in read.notes] == ["formats.stale_hole"]
    assert "shape 1 (cell)" in english(read.notes[0])
    # Written again, the file no longer speaks of the hole, and reading it has nothing to say.
    assert again(read).notes == ()
    assert again(read).instances == read.instances


def test_numbers_rounded_elsewhere_do_not_drop_holes() -> None:
    outer = ring(40, 40, 17.123456789, 7)
    value = written(new(Instance("i1", "cell", (Polygon(outer, (ring(40, 40, 3, 5),)),))))
    for point in value["shapes"][0]["points"]:
        point[:] = [round(number, 2) for number in point]
    (back,) = parsed(value).instances
    assert len(back.polygons[0].holes) == 1


def test_a_suggestion_relabelled_elsewhere_counts_as_edited() -> None:
    value = written(new(Instance("i1", "cell", (Polygon(SQUARE),), source=Source.SUGGESTED)))
    assert value["shapes"][0]["masklens"]["source"] == "suggested"
    value["shapes"][0]["label"] = "nucleus"
    (back,) = parsed(value).instances
    assert back.source is Source.EDITED


def test_a_shape_copied_elsewhere_gets_an_id_of_its_own() -> None:
    value = written(new(Instance("i1", "cell", (Polygon(SQUARE),))))
    value["shapes"].append({**value["shapes"][0], "points": [[0, 0], [9, 0], [9, 9]]})
    first, second = parsed(value).instances
    assert first.id == "i1"
    assert second.id not in ("", "i1")


def test_instances_of_one_group_stay_apart() -> None:
    read = parse(shape(label="a", group_id=1), shape(label="b", group_id=1, points=HOLE))
    a, b = read.instances
    two_parts = (Polygon(HOLE), Polygon(ring(80, 40, 5, 6)))
    changed = replace(
        read,
        shapes=(
            replace(b, label="a"),
            a,
            replace(a, id="copy"),
            Instance("n", "a", two_parts),
            Instance("m", "a", two_parts),
        ),
    )
    back = again(changed).instances
    assert [i.id for i in back] == [b.id, a.id, "copy", "n", "m"]
    assert [i.polygons for i in back] == [i.polygons for i in changed.instances]
    assert back[1].group_id == 1


def test_regions_stand_apart_and_go_back_where_they_stood() -> None:
    done = shape(label="done_region", flags={"seen": False, "done_region": True}, masklens={"x": 1})
    ignored = shape(label="cell", flags={"ignore": True}, points=HOLE)
    raw = file(shape(label="a"), done, shape(label="b"), ignored)
    data = labelme.dumps(parsed(raw))
    read = labelme.parse(data, PATH)
    assert [each.label for each in read.instances] == ["a", "b"]
    assert [each.label for each in read.regions] == ["done_region", "cell"]
    assert [type(each) for each in read.shapes] == [Instance, Region, Instance, Region]
    assert labelme.dumps(read) == data
    # A change elsewhere leaves the shapes of regions, and their places, as they were.
    renamed = tuple(replace(e, label="c") if e.label == "a" else e for e in read.shapes)
    shapes, before = written(replace(read, shapes=renamed))["shapes"], json.loads(data)["shapes"]
    assert shapes[1:] == before[1:]
    assert labelme.dumps(replace(labelme.parse(data, PATH), shapes=read.shapes)) == data


def test_reading_leaves_aside_what_the_program_set_aside(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"shapes": [], "imagePath": "a.png", "imageWidth": 4, "imageHeight": 4}')
    set_loaded_aside()
    before = gc.get_freeze_count()
    labelme.read(path)
    assert before > 0
    assert gc.get_freeze_count() >= before - 100  # refcounts free some meanwhile
    assert gc.isenabled()


@pytest.mark.parametrize("odd", ["NaN", '"\\ud800"', "[1e999]"])
def test_values_that_are_no_json_travel_like_any_other(odd: str) -> None:
    square = json.dumps(shape())[:-1]
    data = f'{{"shapes": [{square}, "own": {odd}}}], "imagePath": "a.png", "more": {odd}}}'
    found = labelme.parse(data.encode(), PATH)
    top, extras = others(found)
    assert list(top) == ["more"]
    assert [list(extra["labelme"]) for extra in extras.values()] == [["own"]]
    back, _ = others(again(found))
    assert list(back) == ["more"]


def test_keypoints_ride_along_and_are_checked() -> None:
    points = ((1.5, 2.0, 2), (0.0, 0.0, 0))
    before = new(Instance("a", "cell", (Polygon(SQUARE),), keypoints=points))
    read = again(before)
    assert read.shapes[0].keypoints == points
    bare = again(replace(read, shapes=(replace(read.shapes[0], keypoints=()),)))
    assert bare.shapes[0].keypoints == ()
    assert "keypoints" not in written(bare)["shapes"][0]["masklens"]
    value = written(before)
    value["shapes"][0]["masklens"]["keypoints"] = [[1, 2, 5]]
    assert "keypoints" in str([english(note) for note in parsed(value).notes])
