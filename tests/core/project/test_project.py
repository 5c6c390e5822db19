from __future__ import annotations

import json
import os
import time
from dataclasses import replace

import pytest

from core.document.ring_hash import ring_hash
from core.document.status import ImageStatus
from core.project import project as project_module
from core.project.project import Project
from core.project.suggestions import SuggestionSet, save_suggestions
from core.project.summary import NO_LABELS, summarise
from core.storage import paths
from tests.core.document.strategies import blob
from tests.pace import allowed


def touch(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"")


def label_files(folder, *names):
    return {
        image.relative: image.label_file.name
        for image in Project(folder).images()
        if not names or image.relative in names
    }


def write_labels(path, *shapes, done=False, **more):
    value = {"shapes": list(shapes), "imagePath": "a.png", **more}
    if done:
        value["masklens"] = {"status": "done"}
    path.write_text(json.dumps(value))


def shape(label, source=None, id=None, group=None):
    extra = {key: value for key, value in (("source", source), ("id", id)) if value}
    value = {"label": label, "points": [], "group_id": group}
    return {**value, "masklens": extra} if extra else value


# Images and their files


def test_images_in_natural_order_with_their_label_files(tmp_path):
    touch(tmp_path, "b10.png", "b9.jpg", "a.tif", "notes.txt", "a.json", ".hidden.png")
    images = Project(tmp_path).images()
    assert [image.relative for image in images] == ["a.tif", "b9.jpg", "b10.png"]
    assert images[1].path == tmp_path / "b9.jpg"
    assert images[1].label_file == tmp_path / "b9.json"


def test_only_some_images(tmp_path):
    touch(tmp_path, "a.png", "a.jpg", "b.png")
    project = Project(tmp_path, only=[tmp_path / "a.png"])
    (image,) = project.images()
    # The one left out still owns its label file.
    assert image.label_file.name == "a.png.json"


def test_images_of_one_stem_never_share_a_label_file(tmp_path):
    touch(tmp_path, "a.jpg", "a.png", "a.PNG", "b.png")
    assert label_files(tmp_path) == {
        "a.jpg": "a.json",
        "a.PNG": "a.PNG.json",
        "a.png": "a.png.json",
        "b.png": "b.json",
    }


@pytest.mark.parametrize("named", ["a.png", "sub\\a.png", "../x/a.png"])
def test_the_image_that_a_label_file_names_keeps_it(tmp_path, named):
    touch(tmp_path, "a.jpg", "a.png")
    write_labels(tmp_path / "a.json", imagePath=named)
    assert label_files(tmp_path) == {"a.jpg": "a.jpg.json", "a.png": "a.json"}


@pytest.mark.parametrize("text", ["", "[]", '{"imagePath": 3}', '{"imagePath": "c.png"}'])
def test_a_label_file_that_names_no_image_belongs_to_the_first(tmp_path, text):
    touch(tmp_path, "a.jpg", "a.png")
    (tmp_path / "a.json").write_text(text)
    assert label_files(tmp_path)["a.jpg"] == "a.json"


def test_a_name_that_is_taken_by_a_third_image(tmp_path):
    touch(tmp_path, "a.jpg", "a.png", "a.png.tif", "a.png~.bmp")
    found = label_files(tmp_path)
    assert len(set(found.values())) == 4
    assert found["a.png.tif"] == "a.png.json"
    assert found["a.png~.bmp"] == "a.png~.json"
    assert found["a.png"] == "a.png~~.json"


def test_odd_names(tmp_path):
    names = ["Ünï cödé.png", "new\nline.png", "quote'\".png", "日本.jpg", "-dash.png", "%s {x}.png"]
    touch(tmp_path, *names)
    os.close(os.open(os.fsencode(tmp_path) + b"/not-utf8-\xff.png", os.O_CREAT | os.O_WRONLY))
    project = Project(tmp_path)
    images = project.images()
    assert len(images) == 7
    project.lock()
    made = SuggestionSet("m", (), (blob("s", 1, 1, 1),))
    for image in images:
        save_suggestions(project.suggestions_path(image), made)
        assert project.status(image) is ImageStatus.SUGGESTED


def test_names_too_long_for_a_suffix_get_a_short_one(tmp_path):
    long = ["x" * 250 + ".png", "x" * 249 + "y.png"]
    touch(tmp_path, *long)
    project = Project(tmp_path)
    found = [project.journal_path(image) for image in project.images()]
    assert found[0] != found[1]
    for path in found:
        assert len(path.name.encode()) <= 255
    assert paths.own_name("short.png", ".json") == "short.png.json"


# Status


def test_status(tmp_path):
    touch(tmp_path, *(f"{name}.png" for name in "abcdefgh"))
    project = Project(tmp_path)
    project.lock()
    a, b, c, d, e, f, g, h = project.images()
    made = SuggestionSet("m", (), (blob("s", 1, 1, 1), blob("t", 5, 5, 1)))
    save_suggestions(project.suggestions_path(b), made)
    write_labels(c.label_file, shape("cat"), shape("dog", "suggested", "s"))
    write_labels(d.label_file, done=True)
    write_labels(e.label_file, shape("cat", "suggested", "s"))
    save_suggestions(project.suggestions_path(f), replace(made, rejected=frozenset("st")))
    g.label_file.write_text("{")
    write_labels(h.label_file)
    assert [project.status(image) for image in (a, b, c, d, e, f, g, h)] == [
        ImageStatus.UNTOUCHED,
        ImageStatus.SUGGESTED,
        ImageStatus.CORRECTED,
        ImageStatus.DONE,
        ImageStatus.SUGGESTED,
        ImageStatus.UNTOUCHED,
        ImageStatus.CORRECTED,
        ImageStatus.UNTOUCHED,
    ]


def test_status_follows_the_files_and_reads_them_once(tmp_path, monkeypatch):
    touch(tmp_path, "a.png")
    reads = []
    monkeypatch.setattr(
        project_module, "summarise", lambda path: (reads.append(path), summarise(path))[1]
    )
    project = Project(tmp_path)
    (image,) = project.images()
    assert project.status(image) is ImageStatus.UNTOUCHED
    write_labels(image.label_file, shape("cat"))
    for _ in range(3):
        assert project.status(image) is ImageStatus.CORRECTED
    assert len(reads) == 1
    write_labels(image.label_file, shape("cat"), done=True)
    assert project.status(image) is ImageStatus.DONE
    image.label_file.unlink()
    assert project.status(image) is ImageStatus.UNTOUCHED


def test_summary_counts_the_parts_of_one_instance_once(tmp_path):
    path = tmp_path / "a.json"
    parts = [shape("cat", group=1, id="x"), shape("cat", group=1, id="x"), shape("cat")]
    write_labels(path, *parts, shape("dog", group=1), shape("cow", "suggested", "s"))
    found = summarise(path)
    assert dict(found.labels) == {"cat": 2, "dog": 1}
    assert found.own == 3
    assert found.own_ids == {"x"}
    assert found.suggested == {"s"}
    assert summarise(tmp_path / "none.json") == NO_LABELS
    assert not summarise(tmp_path).readable


def test_labels_across_the_folder(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    write_labels(tmp_path / "a.json", shape("cat"), shape("dog"))
    write_labels(tmp_path / "b.json", shape("cat"), shape("cow", "suggested", "s"))
    project = Project(tmp_path)
    found = [dict(project.summary(image).labels) for image in project.images()]
    assert found == [{"cat": 1, "dog": 1}, {"cat": 1}]


def test_a_finished_region_is_work_but_no_label(tmp_path):
    path = tmp_path / "a.json"
    region = shape("done_region") | {"flags": {"done_region": True}}
    write_labels(path, region, shape("cat") | {"flags": {"done_region": False}})
    found = summarise(path)
    assert found.own == 2
    assert dict(found.labels) == {"cat": 1}


def test_five_thousand_images_are_quick(tmp_path):
    shapes = [shape("cat", "accepted", str(k)) for k in range(20)]
    touch(tmp_path, *(f"{k}.png" for k in range(5000)))
    for k in range(0, 5000, 2):
        write_labels(tmp_path / f"{k}.json", *shapes)
    project = Project(tmp_path)
    start = time.process_time()
    images = project.images()
    listed = time.process_time() - start
    first = [project.status(image) for image in images]
    start = time.process_time()
    assert [project.status(image) for image in images] == first
    again = time.process_time() - start
    assert first.count(ImageStatus.CORRECTED) == 2500
    assert listed < allowed(0.5)
    assert again < allowed(0.3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ImageStatus.SUGGESTED),
        ({"points": [[1.0, 1.0], [9.0, 1.0], [9.0, 9.5]]}, ImageStatus.CORRECTED),
        ({"points": [[1.0, 1.0], [9.0, 1.001], [9.0, 9.0]]}, ImageStatus.SUGGESTED),
        ({"points": [["a", 1.0], [9.0, 1.0], [9.0, 9.0]]}, ImageStatus.CORRECTED),
        ({"label": "lynx"}, ImageStatus.CORRECTED),
    ],
)
def test_a_suggestion_corrected_elsewhere_is_work(tmp_path, change, expected):
    touch(tmp_path, "a.png")
    ring = ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0))
    extra = {"id": "s", "source": "suggested", "label": "cat", "ring": ring_hash(ring)}
    proposed = {"label": "cat", "points": [list(p) for p in ring], "masklens": extra}
    write_labels(tmp_path / "a.json", {**proposed, **change})
    project = Project(tmp_path)
    assert project.status(project.images()[0]) is expected
