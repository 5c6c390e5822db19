"""labelme's files: whose they are, what is refused, and real ones."""

from __future__ import annotations

import base64
import io
import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.document.geometry import area
from core.document.instance import Instance, Polygon, Source
from core.formats import labelme
from core.formats.labelme import FormatError
from core.sentences import english
from tests.core.formats.making import HOLE, SQUARE, instances, json_values
from tests.core.formats.test_labelme import (
    again,
    file,
    new,
    parse,
    parsed,
    png,
    problem,
    shape,
    written,
)
from tests.data import shared_data

# Whose file it is


def test_predictions_may_be_replaced_until_somebody_touches_them(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert labelme.provenance(path) is labelme.Provenance.ABSENT
    suggestion = Instance("i1", "cell", (Polygon(SQUARE),), source=Source.SUGGESTED, score=0.4)
    path.write_bytes(labelme.dumps(new(suggestion), predicted=True))
    assert labelme.provenance(path) is labelme.Provenance.PREDICTED
    assert labelme.may_overwrite(path)
    value = json.loads(path.read_bytes())
    for touch in (
        lambda v: v["shapes"].clear(),
        lambda v: v["shapes"][0]["points"][0].__setitem__(0, 11),
        lambda v: v["shapes"][0].__setitem__("label", "other"),
        lambda v: v.__setitem__("flags", {"seen": True}),
        lambda v: v["masklens"].__setitem__("status", "done"),
    ):
        touched = json.loads(json.dumps(value))
        touch(touched)
        path.write_text(json.dumps(touched))
        assert labelme.provenance(path) is labelme.Provenance.OURS
        assert not labelme.may_overwrite(path)
    # What the window saves after opening a prediction is a person's.
    path.write_bytes(labelme.dumps(parsed(value)))
    assert not labelme.may_overwrite(path)
    path.write_bytes(labelme.dumps(new(), predicted=True))
    assert labelme.may_overwrite(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"shapes": []}', b"[" * 100_000, b"\xff"])
def test_foreign_and_broken_files_are_never_overwritten(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert labelme.provenance(path) is labelme.Provenance.FOREIGN
    with pytest.raises(FormatError, match=r"a\.json"):
        labelme.read(path)
    assert not labelme.may_overwrite(tmp_path)


def test_only_suggestions_are_predictions() -> None:
    with pytest.raises(ValueError, match="suggestions only"):
        labelme.dumps(new(Instance("i", "cell", (Polygon(SQUARE),))), predicted=True)


# What is refused


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([], "file"),
        ({"imagePath": "a.png"}, "shapes"),
        (file(imagePath=3), "imagePath"),
        ({"shapes": []}, "imagePath"),
        (file(imageData=3), "imageData"),
        (file(imageHeight=1.5), "imageHeight"),
        (file(imageWidth="wide"), "imageWidth"),
        (file(masklens=3), "masklens"),
    ],
)
def test_wrong_fields_are_named(value: object, where: str) -> None:
    message = problem(value)
    assert re.search(rf" {re.escape(where)}(\[\d\])*: ", message), message
    assert "a.json" in message


ASIDE = [
    ("x", "shapes[0]"),
    ({"points": []}, "shapes[0].label"),
    (shape(points=[[1, 2], [3, True], [5, 6]]), "shapes[0].points[1]"),
    (shape(points=[[1, 2], [3, float("nan")], [5, 6]]), "shapes[0].points"),
    (shape(points=[[1, 2], [3, 10**400], [5, 6]]), "shapes[0].points[1]"),
    ({"label": "a"}, "shapes[0].points"),
    ({"label": "a", "shape_type": "line"}, "shapes[0].points"),
    (shape(shape_type=3), "shapes[0].shape_type"),
    (shape("circle"), "shapes[0].points"),
    (shape("mask", SQUARE[:2]), "shapes[0].mask"),
    (shape("mask", SQUARE[:2], mask="AAAA"), "shapes[0].mask"),
    (shape(group_id=True), "shapes[0].group_id"),
    (shape(masklens=[]), "shapes[0].masklens"),
    (shape(masklens={"source": "stolen"}), "shapes[0].masklens.source"),
    (shape(masklens={"score": 2}), "shapes[0].masklens.score"),
    (shape(masklens={"holes": [[[1, 2]]]}), "shapes[0].masklens.holes[0]"),
]
REPAIRED = [
    (shape(label=3), "shapes[0].label"),
    (shape(points=[[1, 2], [3, "4"], [5, 9]]), "shapes[0].points[1]"),
    (shape(points=[[1, 2], [3, 4, 5], [5, 9]]), "shapes[0].points[1]"),
    (shape(group_id="1"), "shapes[0].group_id"),
    (shape(flags={"a": 1}), "shapes[0].flags"),
    (shape(flags=[]), "shapes[0].flags"),
    (shape(description=1), "shapes[0].description"),
]


@pytest.mark.parametrize(("wrong", "where"), [*ASIDE, *REPAIRED])
def test_a_wrong_shape_is_named_and_harms_no_other(wrong: object, where: str) -> None:
    """It is repaired, or kept as it is while another one is edited."""
    good = shape(points=HOLE, label="good")
    value = file(wrong, good)
    read = parsed(value)
    assert re.search(rf" {re.escape(where)}(\[\d\])*: ", english(read.notes[0])), read.notes
    assert len(read.instances) == 1 + ((wrong, where) in REPAIRED)
    assert read.instances[-1].label == "good"
    assert written(read)["shapes"] == json.loads(json.dumps([wrong, good]))
    changed = replace(read, shapes=(*read.shapes[:-1], replace(read.shapes[-1], label="new")))
    shapes = written(changed)["shapes"]
    assert (shapes[0], shapes[1]["label"]) == (json.loads(json.dumps(wrong)), "new")
    assert [note.id for note in again(changed).notes] == [note.id for note in read.notes]


def test_many_wrong_shapes_are_counted() -> None:
    read = parse(*[shape(group_id="1")] * 30)
    assert len(read.notes) == 21
    assert "10 more" in english(read.notes[-1])


def test_sides_that_say_nothing_are_none() -> None:
    read = parse(shape(), imageHeight=-1, imageWidth="100", imagePath="")
    assert (read.width, read.height, read.image_name) == (100, None, "a")


def test_a_mask_of_colours_is_named() -> None:
    colours = png(np.zeros((4, 4, 3), np.uint8))
    (note, *_) = parse(shape("mask", SQUARE[:2], mask=colours)).notes
    assert "shapes[0].mask" in english(note)


def test_utf8_with_a_mark_and_utf16_are_read(tmp_path: Path) -> None:
    path = tmp_path / "ä.json"
    text = json.dumps(file(shape(label="Zelle ü")), ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text(text, encoding=encoding)
        assert labelme.read(path).instances[0].label == "Zelle ü"


# Properties


@settings(max_examples=40, deadline=None)
@given(st.lists(instances(), max_size=6), st.booleans())
def test_what_is_written_is_read(drawn: list[Instance], done: bool) -> None:
    items = tuple(replace(instance, id=f"i{k}") for k, instance in enumerate(drawn))
    back = again(new(*items, done=done))
    assert back.done == done
    assert back.notes == ()
    plain = tuple(replace(i, group_id=None) for i in back.instances)
    assert plain == tuple(replace(i, group_id=None) for i in items)
    # From then on nothing moves.
    assert again(back).instances == back.instances
    assert labelme.dumps(again(back)) == labelme.dumps(back)


KEYS = ("shapes", "imagePath", "imageData", "label", "points", "shape_type", "masklens", "holes")


@settings(max_examples=40, deadline=None)
@given(json_values(*KEYS, "group_id", "flags", "mask"))
def test_any_json_is_read_or_refused(value: object) -> None:
    for candidate in (value, file(imagePath="a", shapes=value), file(shapes=[value])):
        with suppress(FormatError):
            parsed(candidate)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_good_file_with_a_bad_spot_is_read_or_refused(data: st.DataObject) -> None:
    good = Instance("i1", "cell", (Polygon(SQUARE, (HOLE,)),), source=Source.SUGGESTED, score=0.5)
    value = written(new(good))
    mask = png(np.ones((4, 5), np.uint8))
    value["shapes"].append(shape("mask", [[0, 0], [4, 3]], mask=mask))
    target = data.draw(st.sampled_from([value, *value["shapes"], value["shapes"][0]["masklens"]]))
    key = data.draw(st.sampled_from(sorted(target)))
    target[key] = data.draw(json_values(*KEYS))
    with suppress(FormatError):
        read = parsed(value)
        assert again(read).instances == read.instances


# Real files


def test_real_files_come_back_as_they_were() -> None:
    folders = ["formats/labelme", "formats/x_anylabeling", "grapes_labelme"]
    folders += ["formats/same_four_photos/labelme_5.2.1", "formats/isat"]
    count = 0
    for folder in folders:
        for path in sorted(shared_data(*folder.split("/")).rglob("*.json")):
            raw = json.loads(path.read_text(encoding="utf-8"))
            if "shapes" not in raw:
                with pytest.raises(FormatError):
                    labelme.read(path)
                continue
            read = labelme.read(path)
            back = json.loads(labelme.dumps(read))
            assert {key: back[key] for key in raw} == raw, path
            assert parsed(back).instances == read.instances
            count += 1
    assert count >= 20


def test_primitives_with_mask() -> None:
    folder = shared_data("formats", "labelme", "v5.7.0_primitives_with_mask")
    read = labelme.read(folder / "primitives.json")
    labels = [instance.label for instance in read.instances]
    assert labels == ["rectangle", "circle", "rectangle", "polygon", "octagon"]
    raw = json.loads((folder / "primitives.json").read_text(encoding="utf-8"))["shapes"][-1]
    mask = np.asarray(Image.open(io.BytesIO(base64.b64decode(raw["mask"]))))
    assert area(read.instances[-1]) == pytest.approx((mask > 0).sum(), rel=0.002)
