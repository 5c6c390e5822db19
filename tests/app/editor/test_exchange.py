"""Import and export, without the window: what goes out comes back, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO

from app.base.tasks import Context, TaskCancelled
from app.editor.exporting import Choice, Report, export_format, export_labelme, what_is_lost
from app.editor.importing import Taken, import_labels, import_read, look_at
from core.formats import labelme
from core.formats.beside import Elsewhere, folder_to_open, labels_elsewhere
from core.formats.convert import convert
from core.formats.errors import FormatError
from core.formats.registry import BY_NAME
from core.project.project import Project
from core.sentences import english
from core.storage.atomic import StorageError
from tests.app.window.conftest import SQUARE, make_images, shape, write_labelme

QUIET = Context(lambda _done, _total: None)


def export_coco(project: Project, names: tuple[str, ...], path: Path, context: Context) -> Report:
    return export_format(project, names, BY_NAME["coco"], path, Choice(), context)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = make_images(tmp_path / "work", "a.png", "b.png", "c.png")
    write_labelme(folder / "a.png", shape("cell", *SQUARE), shape("dust", *SQUARE))
    made = Project(folder)
    made.lock()
    return made


def test_coco_holds_the_labelled_images(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    suggested = shape("cell", *SQUARE, masklens={"source": "suggested", "id": "s"})
    write_labelme(project.root / "b.png", suggested)
    report = export_coco(project, ("dust", "cell"), out, QUIET)
    assert (report.images, report.instances, report.without_labels) == (1, 2, 2)
    dataset = COCO(str(out))
    assert [each["name"] for each in dataset.loadCats([1, 2])] == ["dust", "cell"]
    assert [image["file_name"] for image in dataset.imgs.values()] == ["a.png"]


def test_a_broken_label_file_is_named_and_left_out(project: Project, tmp_path: Path) -> None:
    (project.root / "c.json").write_text("{")
    report = export_coco(project, (), tmp_path / "out.json", QUIET)
    assert report.images == 1
    assert len(report.problems) == 1
    assert "c.png" in report.problems[0]


def test_labelme_is_copied_and_overwrites_nothing(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    report = export_labelme(project, target, QUIET)
    assert (report.images, report.instances) == (1, 2)
    assert len(labelme.read(target / "a.json").instances) == 2
    assert (target / "a.png").read_bytes() == (project.root / "a.png").read_bytes()
    (target / "a.json").write_text("mine")
    again = export_labelme(project, target, QUIET)
    assert again.images == 0
    assert "a.json" in again.problems[0]
    assert (target / "a.json").read_text() == "mine"


def test_an_export_can_be_cancelled(project: Project, tmp_path: Path) -> None:
    context = Context(lambda _done, _total: None)
    context.stop()
    with pytest.raises(TaskCancelled):
        export_coco(project, (), tmp_path / "out.json", context)
    assert not (tmp_path / "out.json").exists()


def test_coco_comes_back(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_coco(project, ("cell", "dust"), out, QUIET)
    other = Project(make_images(tmp_path / "other", "a.png", "b.png"))
    other.lock()
    report = import_labels(other, out, QUIET)
    assert [entry.name for entry in report.written] == ["a.png"]
    assert report.labels == ("cell", "dust")
    ours, theirs = (labelme.read(p.root / "a.json").instances for p in (project, other))
    assert [(i.label, i.polygons) for i in ours] == [(i.label, i.polygons) for i in theirs]


def test_an_import_leaves_labels_alone(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_coco(project, (), out, QUIET)
    before = write_labelme(project.root / "a.png", shape("mine", *SQUARE)).read_bytes()
    report = import_labels(project, out, QUIET)
    assert (report.kept, report.written) == (1, ())
    assert (project.root / "a.json").read_bytes() == before


def test_images_that_are_not_here_are_named(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_coco(project, (), out, QUIET)
    content = json.loads(out.read_text())
    content["images"][0]["file_name"] = "nobody.png"
    inside = project.root / "lists" / "out.json"  # told from the folder, what lies outside whole
    inside.parent.mkdir()
    for file, name in ((inside, str(Path("lists", "out.json"))), (out, str(out))):
        file.write_text(json.dumps(content))
        remarks = look_at(project, file).remarks
        assert [remark.split(" names ")[0] for remark in remarks] == [name]
    report = import_labels(project, out, QUIET)
    assert report.written == ()
    assert any("nobody.png" in remark for remark in report.remarks)


def test_a_folder_for_looking_takes_no_import(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_coco(project, (), out, QUIET)
    project.unlock()
    with pytest.raises(StorageError):
        import_labels(project, out, QUIET)


def coco_of(name: str, label: str) -> dict[str, Any]:
    """A file with one instance on an image, with the ids that each such file has."""
    return {
        "images": [{"id": 0, "file_name": name, "width": 96, "height": 72}],
        "categories": [{"id": 0, "name": "things"}, {"id": 1, "name": label}],
        "annotations": [
            {"id": 0, "image_id": 0, "category_id": 1, "segmentation": [[5, 5, 40, 5, 40, 40]]}
        ],
    }


def test_the_splits_of_a_data_set_of_several_files_stay(tmp_path: Path) -> None:
    root, labels = tmp_path / "set", {"train": "nut", "valid": "bolt", "test": "nut"}
    for split, label in labels.items():
        folder = make_images(root / split, "a.png")
        (folder / "_annotations.coco.json").write_text(json.dumps(coco_of("a.png", label)))
    project = Project(root)
    project.lock()
    listed = [(entry.path, entry.label_file) for entry in project.images()]
    assert labels_elsewhere(root, listed) == Elsewhere(root, 3, whole=True)
    second = root / "valid" / "keypoints_valid.json"  # two of one split: a person has to choose
    second.write_text(json.dumps(coco_of("a.png", "bolt")))
    either = labels_elsewhere(root, listed)
    assert either is not None
    assert (either.count, len(either.either)) == (4, 4)
    with pytest.raises(FormatError, match="several COCO files"):
        import_labels(project, root, QUIET)
    second.unlink()
    assert folder_to_open(root / "train" / "_annotations.coco.json") == root / "train"
    report = import_labels(project, root, QUIET)
    assert (len(report.written), report.strangers) == (3, 0)
    for split, label in labels.items():
        assert [i.label for i in labelme.read(root / split / "a.json").instances] == [label]
    assert what_is_lost(project, BY_NAME["coco"], QUIET)[0] == ("train", "val", "test")
    out = tmp_path / "out"
    export_coco(project, ("bolt", "nut"), out, QUIET)
    names = {path.name: COCO(str(path)).loadImgs([1])[0]["file_name"] for path in out.iterdir()}
    assert names == {
        "train.json": "train/a.png",
        "val.json": "valid/a.png",
        "test.json": "test/a.png",
    }


def test_splits_that_only_the_files_tell_stay_too(tmp_path: Path) -> None:
    root = make_images(tmp_path / "set" / "images", "a.png", "b.png").parent
    (root / "annotations").mkdir()
    for split, name in (("train", "a.png"), ("val", "b.png")):
        file = root / "annotations" / f"instances_{split}2017.json"
        file.write_text(json.dumps(coco_of(name, "nut")))
    assert folder_to_open(root / "annotations" / "instances_train2017.json") == root
    project = Project(root / "images")
    project.lock()
    report = import_labels(project, root / "annotations", QUIET)
    assert len(report.written) == 2
    export_format(project, (), BY_NAME["yolo"], tmp_path / "yolo", Choice(), QUIET)
    assert (tmp_path / "yolo" / "labels" / "train" / "a.txt").exists()
    assert (tmp_path / "yolo" / "labels" / "val" / "b.txt").exists()


def test_an_import_that_is_stopped_says_what_came_in(tmp_path: Path) -> None:
    root = make_images(tmp_path / "work", "a.png", "b.png", "c.png")
    (tmp_path / "in").mkdir()
    for name in "abc":
        write_labelme(tmp_path / "in" / f"{name}.png", shape("cell", *SQUARE))
    project = Project(root)
    project.lock()
    preview = look_at(project, tmp_path / "in")
    taken = Taken()

    def stop(done: int, _total: int) -> None:
        if done:
            raise TaskCancelled

    context = Context(stop)
    context.progress = stop  # not only ten times a second
    with pytest.raises(TaskCancelled):
        import_read(project, preview.read, context, taken=taken)
    assert [entry.relative for entry in taken.report(project).written] == ["a.png"]
    assert sorted(path.name for path in root.glob("*.json")) == ["a.json"]


def test_an_import_says_what_a_conversion_says(tmp_path: Path) -> None:
    source = coco_of("a.png", "nut")
    source["annotations"][0] |= {"iscrowd": 1, "ignore": 1}
    source["annotations"].append({"id": 1, "image_id": 0, "category_id": 9})
    (tmp_path / "c.json").write_text(json.dumps(source))
    project = Project(make_images(tmp_path / "work", "a.png"))
    project.lock()
    said = look_at(project, tmp_path / "c.json").remarks
    out = tmp_path / "out"
    converted = convert(tmp_path / "c.json", "labelme", out, images_dir=project.root)
    assert list(said) == [english(note) for note in converted.notes]
    assert sum("“ignore”" in line for line in said) == 1
    (*before, crowds) = import_labels(project, tmp_path / "c.json", QUIET).remarks
    assert before == list(said)
    assert crowds.startswith("1 of 1 instances came in marked as crowds")
