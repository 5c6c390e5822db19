"""Import and export, without the window: what goes out comes back, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from app.base.tasks import Context, TaskCancelled
from app.editor.exporting import Choice, Report, export_format, export_labelme
from app.editor.importing import import_labels
from core.formats import labelme
from core.formats.registry import BY_NAME
from core.project.project import Project
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
    out.write_text(json.dumps(content))
    report = import_labels(project, out, QUIET)
    assert report.written == ()
    assert any("nobody.png" in remark for remark in report.remarks)


def test_a_folder_for_looking_takes_no_import(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_coco(project, (), out, QUIET)
    project.unlock()
    with pytest.raises(StorageError):
        import_labels(project, out, QUIET)
