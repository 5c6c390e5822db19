"""Finished regions and areas to ignore, from the tool to the disk and back."""

from __future__ import annotations

import json
from pathlib import Path

from app.base.tasks import Context
from app.editor.exporting import Choice, export_format
from app.editor.panels.instance_rows import LABEL
from core.document.regions import DONE_REGION, IGNORE, is_done, is_ignored
from core.formats import coco
from core.formats.registry import BY_NAME
from core.learning.gather import gather_project
from core.project.project import Project
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme


def open_one(driver: Driver, folder: Path) -> Path:
    made = make_images(folder, "a.png") / "a.png"
    write_labelme(made, shape("cell", *SQUARE))
    driver.open(folder)
    return made


def test_a_region_is_drawn_saved_and_learned_from_and_counts_nowhere(
    driver: Driver, tmp_path: Path
) -> None:
    image = open_one(driver, tmp_path / "work")
    driver.act("tool_region")
    driver.drag((2, 2), (40, 40))
    driver.act("tool_select")
    (region,) = driver.document.regions
    assert is_done(region)
    assert driver.services.viewport.selection == frozenset()
    assert driver.annotate.instances.rows.rowCount() == 1
    assert driver.services.labelling.names == ("cell",)
    assert driver.services.labelling.counts() == {"cell": 1}
    driver.saved()
    shapes = json.loads(image.with_suffix(".json").read_text())["shapes"]
    assert [each["flags"].get(DONE_REGION, False) for each in shapes] == [False, True]
    project = Project(tmp_path / "work")
    (learned,) = gather_project(project, share=0).images
    assert learned.regions == (region.polygons,)
    assert [each.label for each in learned.objects] == ["cell"]
    quiet = Context(lambda _done, _total: None)
    out = tmp_path / "all.json"
    report = export_format(project, ("cell",), BY_NAME["coco"], out, Choice(), quiet)
    assert report.instances == 1
    assert coco.read(out).labels == ("cell",)
    driver.act("undo")
    assert driver.document.regions == ()


def test_an_outline_makes_a_region_without_any_label(driver: Driver, tmp_path: Path) -> None:
    driver.open(make_images(tmp_path / "work", "a.png"))
    driver.act("tool_region_outline")
    for point in ((10, 10), (60, 10), (60, 50)):
        driver.click(*point)
    driver.click(10, 10)
    assert [is_done(each) for each in driver.document.shapes] == [True]
    assert driver.services.labelling.names == ()


def test_an_instance_becomes_a_region_and_an_instance_again(driver: Driver, tmp_path: Path) -> None:
    open_one(driver, tmp_path / "work")
    (instance,) = driver.document.instances
    rows, actions = (
        driver.annotate.instances.rows,
        driver.services.actions,
    )
    driver.services.viewport.set_selection([instance.id])
    assert not actions["mark_region"].isChecked()
    driver.act("mark_region")
    assert actions["mark_region"].isChecked()
    assert rows.rowCount() == 0
    assert driver.document.instances == ()
    assert is_done(driver.document.regions[0])
    driver.act("mark_region")
    assert rows.rowCount() == 1
    assert driver.document.instances == (instance,)
    driver.act("undo")
    driver.act("undo")
    assert driver.document.instances == (instance,)


def test_ignore_and_crowd_are_switches(driver: Driver, tmp_path: Path) -> None:
    open_one(driver, tmp_path / "work")
    (id,) = (each.id for each in driver.document.instances)
    driver.services.viewport.set_selection([id])
    driver.act("mark_ignore")
    assert is_ignored(driver.document.regions[0])
    row = driver.annotate.instances.rows.index(0, LABEL)
    assert row.data() == "cell · ignored"
    driver.act("mark_crowd")
    assert driver.document.regions[0].crowd
    driver.act("mark_ignore")
    assert dict(driver.document.instances[0].flags).get(IGNORE) is None
    assert driver.services.actions["mark_crowd"].isChecked()
    driver.act("undo")
    driver.act("undo")
    driver.act("undo")
    assert not driver.document.instances[0].crowd
    assert driver.document.instances[0].flags == ()


def test_what_lies_in_a_region_stays_within_reach(driver: Driver, tmp_path: Path) -> None:
    open_one(driver, tmp_path / "work")
    driver.act("tool_region")
    driver.drag((2, 2), (80, 60))
    driver.act("tool_select")
    (cell,) = driver.document.instances
    driver.click(60, 50)
    assert driver.services.viewport.selection == frozenset()
    driver.click(15, 15)
    assert driver.services.viewport.selection == {cell.id}
    driver.act("select_all")
    assert driver.services.viewport.selection == {cell.id}
    driver.click(60, 60)
    (picked,) = driver.services.viewport.selection
    assert picked != cell.id
