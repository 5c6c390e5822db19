"""Large COCO files, read entry by entry: the same as when they are read as a whole, and stoppable.

A limit of no bytes makes every file a large one here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.codec import FieldError
from core.formats import entries, format
from core.formats.collect import collect
from core.formats.convert import Stopped, convert
from core.formats.entries import top_of, value_of
from core.formats.errors import FormatError
from core.formats.labelled import Collection, Labelled, Later
from tests.core.formats.making import SQUARE, json_values
from tests.data import shared_data

FLAT = [value for point in SQUARE for value in point]
IMAGES = [
    {"id": 1, "file_name": 'a "[{\\" é.png', "width": 100, "height": 80, "license": 3},
    {"id": 2, "file_name": "b.png", "width": 100, "height": 80},
    {"id": 3, "file_name": "b.png", "width": 100, "height": 80},
]
ODD = [
    {"id": 1, "image_id": 2, "category_id": 1, "segmentation": [FLAT], "bbox": [10, 10, 50, 50]},
    {"id": 1, "image_id": 1, "category_id": 1, "segmentation": FLAT, "note": "}, {]"},
    {"id": 1, "image_id": 3, "category_id": 1, "segmentation": [FLAT], "iscrowd": "1"},
    {"id": 4, "image_id": 2, "category_id": 1, "segmentation": [[1, 2, 3]]},
    {"id": 5, "image_id": 9, "category_id": 1, "segmentation": [FLAT]},
    {"id": 6, "image_id": 1, "category_id": 7, "segmentation": [FLAT]},
    {"id": 7, "image_id": 2, "category_id": 1, "bbox": ["1", "2", "3", "4"]},
    {"id": 8, "image_id": 2, "category_id": 1, "attributes": {"a": [{"b": 1}, {"c": "\ud800"}]}},
    {"image_id": 2, "category_id": 1, "segmentation": [FLAT], "score": float("nan"), "x": [{}]},
]
FILE = {
    "info": {"a": [{"b": "}"}]},
    "images": IMAGES,
    "annotations": ODD,
    "categories": [{"id": 1, "name": "cell"}],
    "n": 1,
}


def whole_and_large(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Collection, Collection]:
    whole = collect(path)
    monkeypatch.setattr(format, "LARGE", 0)
    monkeypatch.setattr(entries, "_BLOCK", 61)
    large = collect(path)
    assert all(isinstance(image.shapes, Later) for image in large.images)
    return whole, large


def plain(image: Labelled) -> tuple[object, ...]:
    fixed = (image.file_name, image.width, image.height, image.image_id, image.extra)
    # Not a number is no number's equal.
    own = (tuple(image.shapes), repr(dict(image.extras)), dict(image.boxes))
    return (*fixed, *own, len(image.shapes), list(image.instances))


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}])
def test_a_large_file_is_what_it_is_as_a_whole(
    layout: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(b"\xef\xbb\xbf " + json.dumps(FILE, **layout).encode())
    whole, large = whole_and_large(path, monkeypatch)
    assert list(map(plain, large.images)) == list(map(plain, whole.images))
    assert (large.labels, large.notes, large.extra) == (whole.labels, whole.notes, whole.extra)
    assert sum(len(image.shapes) for image in large.images) == 5


@pytest.mark.parametrize("name", ["06-degenerate-polygons-coco", "10-one-bad-rle-among-many"])
def test_faults_of_real_files_are_told_in_the_same_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, large = whole_and_large(shared_data("reports", name, "c.json"), monkeypatch)
    assert large.notes == whole.notes
    assert list(map(plain, large.images)) == list(map(plain, whole.images))


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [], "annotations": [{"id": 1}, {"id": 2]}',
        '{"images": [], "annotations": [{"id": 1} {"id": 2}], "categories": []}',
        '{"images": [], "annotations": [{"id" 1}], "categories": []}',
        '{"images": [], "annotations": [{"id": 1}], "categories": []',
        '{"images": [], "annotations": [{"id": 1}], "categories": []} {}',
        '{"images": [], "annotations": [{"id": "1}], "categories": []}',
    ],
)
def test_a_damaged_large_file_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    monkeypatch.setattr(format, "LARGE", 0)
    with pytest.raises(FormatError, match="not valid JSON"):
        collect(path)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "[{"]), json_values("a")), st.integers(1, 9))
def test_any_object_is_taken_apart_and_put_together(value: dict, block: int) -> None:
    data = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "_BLOCK", block)
        top = top_of(data, ("a", "b"))
    if top is None:  # a list of more than objects
        assert any(
            isinstance(value.get(k), list) and any(not isinstance(i, dict) for i in value[k])
            for k in "ab"
        )
        return
    try:
        again = {**top.others, **{name: found[:] for name, found in top.lists.items()}}
    except FieldError:
        raise AssertionError(data) from None
    assert repr(dict(sorted(again.items()))) == repr(dict(sorted(value_of(data).items())))


@pytest.fixture
def data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A large file with its three images."""
    names = ["a.png", "b.png", "c.png"]
    for name in names:
        Image.new("L", (100, 80)).save(tmp_path / name)
    images = [
        {"id": k, "file_name": name, "width": 100, "height": 80} for k, name in enumerate(names)
    ]
    annotations = [
        {"id": k, "image_id": k % 3, "category_id": 1, "segmentation": [[v + k for v in FLAT]]}
        for k in range(6)
    ]
    path = tmp_path / "c.json"
    path.write_text(json.dumps(FILE | {"images": images, "annotations": annotations}))
    return path


@pytest.mark.parametrize("to", ["labelme", "yolo", "coco", "voc"])
def test_it_is_converted_as_any_other(
    to: str, data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(name: str) -> dict[str, bytes]:
        out = tmp_path / name / ("out.json" if to == "coco" else "")
        told: list[tuple[int, int]] = []
        report = convert(data_set, to, out, tell=lambda *step: told.append(step))
        assert (report.images, report.instances, report.problems) == (3, 6, ())
        assert (6, 6) in told
        assert (2, 3) in told  # of the images that are written
        files = sorted((tmp_path / name).rglob("*"))
        return {str(p.relative_to(tmp_path / name)): p.read_bytes() for p in files if p.is_file()}

    whole = written("whole")
    monkeypatch.setattr(format, "LARGE", 0)
    assert {k: v.replace(b"/large/", b"/whole/") for k, v in written("large").items()} == whole


def test_one_who_stops_a_conversion_is_told_what_is_there(data_set: Path, tmp_path: Path) -> None:
    def tell(done: int, total: int) -> None:
        if (done, total) == (2, 3):
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="2 files were written"):
        convert(data_set, "labelme", tmp_path / "out", tell=tell)
    files = sorted((tmp_path / "out").iterdir())
    assert [len(json.loads(path.read_text())["shapes"]) for path in files] == [2, 2]
    assert convert(data_set, "labelme", tmp_path / "out").images == 3
