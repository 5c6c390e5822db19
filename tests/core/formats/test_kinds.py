"""Files as they really come: what is repaired, what is left out, and what is said of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.formats import coco
from core.formats.collect import collect
from core.formats.convert import convert
from core.formats.errors import FormatError
from core.formats.find_images import ImageFinder
from core.formats.labelled import Labelled
from core.formats.labelme_shapes import ellipse, rectangle
from core.formats.names import FORMAT_NAMES
from core.formats.registry import BY_NAME
from core.sentences import english

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
RUNS = [410, 10, 1980]
NAN = float("nan")
File = dict[str, Any]
FIRST = "annotations[0]"


def file() -> File:
    """Two annotations on one image; the first is the one that is spoilt."""
    common = {"image_id": 1, "category_id": 1, "iscrowd": 0}
    first = {"id": 1, "segmentation": [SQUARE], "bbox": [10, 10, 20, 20], "area": 400}
    second = {"id": 2, "segmentation": [[40, 5, 50, 5, 50, 20]], "bbox": [40, 5, 10, 15]}
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
        "annotations": [{**first, **common}, {**second, **common}],
        "categories": [{"id": 1, "name": "nut"}],
    }


def annotation(**values: object) -> Callable[[], File]:
    def spoilt() -> File:
        value = file()
        value["annotations"][0].update(values)
        return value

    return spoilt


def image(**values: object) -> Callable[[], File]:
    def spoilt() -> File:
        value = file()
        value["images"][0].update(values)
        return value

    return spoilt


def top(**values: object) -> Callable[[], File]:
    return lambda: {**file(), **values}


def outline(value: object) -> Callable[[], File]:
    return annotation(segmentation=value)


ODD = "written in an unusual way"
NO_SIDE = "sides of images are not known"
UNLISTED = "2 annotations belong to an image or a category"
KINDS: list[tuple[Callable[[], File], int, str]] = [
    # How outlines are written: nested, empty, as texts, odd, far away, no numbers.
    (outline(None), 2, "the box stands for the outline"),
    (outline({}), 2, "the box stands for the outline"),
    (outline([[SQUARE]]), 2, ODD),
    (outline([[[10, 10], [30, 10], [30, 30]]]), 2, ODD),
    (outline([[str(each) for each in SQUARE]]), 2, ODD),
    (outline([None, [], SQUARE]), 2, ""),
    (outline([SQUARE + SQUARE[:2]]), 2, ""),
    (outline([[*SQUARE, 1]]), 1, f"{FIRST}.segmentation[0]: expected pairs"),
    (outline([[NAN, *SQUARE[1:]]]), 1, f"{FIRST}.segmentation[0][0]"),
    (outline([[1e300, *SQUARE[1:]]]), 1, f"{FIRST}.segmentation[0][0]"),
    (outline([[1, 1, 5, 5]]), 1, "enclose nothing"),
    (outline("10,10,30,10"), 1, f"{FIRST}.segmentation: expected a list"),
    (outline(True), 1, f"{FIRST}.segmentation: expected a list"),
    # Run lengths: as a list, in a list, as texts, for another size, too short, none at all.
    (outline({"size": [40, 60], "counts": RUNS}), 2, ""),
    (outline([{"size": [40, 60], "counts": RUNS}]), 2, ODD),
    (outline({"size": ["40", "60"], "counts": [*map(str, RUNS)]}), 2, ODD),
    (outline({"size": [40.0, 60.0], "counts": [*map(float, RUNS)]}), 2, ODD),
    (outline({"size": [60, 40], "counts": RUNS}), 1, f"{FIRST}.segmentation.size"),
    (outline({"size": [40, 60], "counts": RUNS[:2]}), 1, "do not add up"),
    (outline({"size": [40, 60], "counts": [-1, 10, 2391]}), 1, f"{FIRST}.segmentation.counts[0]"),
    (outline({"size": [40, 60], "counts": "b'é'"}), 1, "not a COCO run length"),
    (outline({"counts": RUNS}), 1, f"{FIRST}.segmentation.size: missing"),
    # Boxes that stand for outlines.
    (annotation(segmentation=[], bbox=["10", "10", "20", "20"]), 2, ODD),
    (annotation(segmentation=[], bbox=[NAN, 10, 20, 20]), 1, f"{FIRST}.bbox[0]"),
    (annotation(segmentation=[], bbox=[10, 10, 20]), 1, f"{FIRST}.bbox"),
    (annotation(segmentation=[], bbox=[30, 30, -20, -20]), 1, "neither an outline nor a box"),
    (annotation(bbox=["\ud800", 1, 2, 3]), 2, ""),
    # Marks, ids, scores.
    *((annotation(iscrowd=value), 2, "") for value in (None, True, "0", "1", 1.0, "true")),
    (annotation(iscrowd=2), 1, f"{FIRST}.iscrowd"),
    *((annotation(id=value, image_id="1", category_id=1.0), 2, "") for value in ("1", None, [1])),
    (annotation(image_id=None), 1, f"{FIRST}.image_id"),
    (annotation(image_id=True), 1, f"{FIRST}.image_id"),
    *((annotation(score=value), 2, "") for value in (None, "0.5", NAN, 3)),
    # Sizes of images.
    *((image(width=value), 2, NO_SIDE) for value in (-1, 0, "", NAN, 1.5, True, [60])),
    *((image(width=value), 2, "") for value in (None, "60", 60.0)),
    (image(width=1e9), 0, "is no size of an image"),
    # What the file lists, and what it does not.
    (top(categories=[{"id": "1", "name": 3}]), 2, ""),
    (top(categories=[{"id": 1, "name": None}]), 0, "categories[0].name"),
    (top(categories=["nut"]), 0, "categories[0]: expected an object"),
    (top(categories=[]), 0, UNLISTED),
    (top(annotations=[None, *file()["annotations"]]), 2, FIRST),
    (top(annotations=None), 0, ""),
    (top(images=[*file()["images"], None]), 2, "images[1]"),
]


def test_of_a_spoilt_file_the_rest_is_read() -> None:
    for spoilt, instances, said in KINDS:
        value = json.loads(json.dumps(spoilt()))
        found = coco.parse(value, Path("c.json"))
        told = "\n".join(map(english, found.notes))
        assert sum(len(each.instances) for each in found.images) == instances, (value, told)
        assert said in told, (value, told)
        assert said or instances == 0 or told == "", (value, told)


TEXT = json.dumps(file())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("utf-16"), ""),
        (TEXT.encode("utf-16-le"), ""),
        (json.dumps(file() | {"a": "Ü"}, ensure_ascii=False).encode("latin-1"), "iconv"),
        (TEXT[:-1].encode() + b",}", "is not valid JSON"),
        (TEXT[:-40].encode(), "is not valid JSON"),
        (b"\n".join([b'{"image_id": 1}'] * 3), "JSON Lines"),
        (gzip.compress(TEXT.encode()), "unpack it first"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (f"[{TEXT}]".encode(), "is of no format that is read here"),
    ],
)
def test_encodings_and_broken_files(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "C.JSON"
    path.write_bytes(data)
    if not said:
        assert len(collect(path).images[0].instances) == 2
        return
    with pytest.raises(FormatError, match=said) as error:
        collect(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == data


def test_values_that_are_no_json_stop_no_format(tmp_path: Path) -> None:
    odd = {"attributes": {"gsd": NAN, "half": "\ud800"}, "own": [NAN]}
    shape = {"label": "nut", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon", **odd}
    content = {"shapes": [shape], "imagePath": "a.png", "imageWidth": 60, "imageHeight": 40}
    (tmp_path / "in").mkdir()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "a.json").write_text(json.dumps({**content, "gsd": NAN}))
    for kind in FORMAT_NAMES:
        out = tmp_path / f"{kind}{BY_NAME[kind].ending}"
        report = convert(tmp_path / "in", kind, out)
        assert report.problems == (), kind
        assert len(collect(out).images[0].instances) == 1, kind
        again = convert(out, "coco", tmp_path / f"{kind}-again.json")
        assert again.instances == 1, kind


FOUND = {
    "a.png": ("a.png", "./a.png", ".\\a.png", " a.png", "a%2Epng", "a%252Epng", "A.PNG", "a.jpg"),
    "ü x.png": (
        "u\u0308 x.png",
        "ü x.png",
        "%C3%BC%20x.png",
        "u%CC%88%20x.png",
        "u%25CC%2588 x.png",
    ),
    "sub/b.png": ("sub/b.png", "sub\\b.png", "SUB/B.png", "/data/local-files/?d=sub/b.png"),
}
PLACELESS = (
    "C:\\d\\{}",
    "/data/upload/1/{}",
    "https://host/p/{}?x=1",
    "../else/{}",
    "file:///x/{}",
)


def test_names_as_programs_write_them_find_their_image(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for name in (*FOUND, "../sibling/a.png", "../other/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(folder / name)
    wanted = [(written, name) for name, all_of in FOUND.items() for written in all_of]
    # Images of one name in folders beside are no reason to doubt the one beside the file.
    wanted += [(written.format("a.png"), "a.png") for written in PLACELESS]
    for written, name in wanted:
        entry = Labelled(folder / "c.json", written, 60, 40, (), image_id=1)
        (found,) = ImageFinder().find([entry])
        assert found.path is not None, written
        assert found.path.resolve() == (folder / name).resolve(), written
    for stranger in ("c/b.png", "nowhere.png", "sub/a.png"):
        entry = Labelled(folder / "c.json", stranger, 99, 40, (), image_id=1)
        assert ImageFinder().find([entry])[0].path is None, stranger


def test_shapes_far_beyond_any_image_enclose_nothing() -> None:
    for far in (1e16, 1e200, float("inf"), NAN):
        assert ellipse((5.0, 5.0), far, 3.0) == ()
        assert ellipse((far, 5.0), 3.0, 3.0) == ()
        assert rectangle((0.0, 0.0), (far, 9.0)) == ()
    assert ellipse((5.0, 5.0), 3.0, 2.0) != ()


def test_lines_of_yolo_as_they_really_come(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "a.png")
    box = "0 0.5 0.5 0.2 0.2\n"
    for text in (
        box,
        f"\ufeff{box}",
        f"\n\n{box}\n",
        box.replace(" ", "\t"),
        box.replace("\n", "\r\n"),
        f"0.0{box[1:]}",
        f"{box}0 0.1\n0 a b c d\n-1{box[1:]}0 0.5 40 0.2 0.2\n",
    ):
        (tmp_path / "a.TXT").write_bytes(text.encode())
        found = collect(tmp_path)
        assert [len(each.instances) for each in found.images] == [1], text
        told = "\n".join(map(english, found.notes))
        assert [f"line {k}:" in told for k in (2, 3, 4, 5)] == ["0.1\n" in text] * 4, told


def test_an_isat_file_without_a_size_or_with_a_number_for_a_label(tmp_path: Path) -> None:
    entry = {"category": 3, "group": 1, "segmentation": [[1, 1], [9, 1], [9, 9]], "layer": 1}
    info = {"description": "ISAT", "name": "a.png", "width": -1, "height": "40"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"info": info, "objects": [entry, {**entry, "category": []}]}))
    found = collect(path)
    assert [(i.width, i.height, [s.label for s in i.shapes]) for i in found.images] == [
        (None, 40, ["3"])
    ]
    assert "objects[1].category" in english(found.notes[0])
