"""Keys act on the image that was meant, and undo on the act that was made last, wherever."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

import app.editor.workspace as workspace_module
from core.document.status import ImageStatus
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme

CTRL = Qt.KeyboardModifier.ControlModifier
NAMES = [f"{number:02}.png" for number in range(60)]


@pytest.fixture
def many(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sixty images on a disk that takes a tenth of a second for each."""
    folder = make_images(tmp_path / "many", *NAMES)
    stage = workspace_module.stage

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.1)
        return stage(*arguments, **options)

    monkeypatch.setattr(workspace_module, "stage", slowly)
    driver.open(folder)
    driver.services.viewport.setFocus()
    return folder


def type_keys(driver: Driver, keys: str, pause: int = 50) -> None:
    """Type as a person who does not wait: twenty keys a second."""
    for key in keys:
        driver.key(Qt.Key(ord(key.upper())))
        QTest.qWait(pause)


def rested(driver: Driver) -> Callable[[], bool]:
    workspace = driver.services.workspace
    return lambda: not workspace.under_way and not workspace.waiting


def done(driver: Driver) -> list[str]:
    workspace = driver.services.workspace
    return [
        image.name for image in workspace.images if workspace.status(image.path) is ImageStatus.DONE
    ]


def test_a_mark_typed_ahead_is_for_the_image_it_was_meant_for(driver: Driver, many: Path) -> None:
    type_keys(driver, "dddm")
    driver.wait(rested(driver))
    driver.wait(lambda: done(driver))
    assert driver.services.workspace.path == many / "03.png"
    assert done(driver) == ["03.png"]


def test_marks_between_steps_all_land_where_they_were_meant(driver: Driver, many: Path) -> None:
    type_keys(driver, "mddmdmadd")
    driver.wait(rested(driver))
    driver.wait(lambda: len(done(driver)) == 3)
    assert done(driver) == ["00.png", "02.png", "03.png"]
    assert driver.services.workspace.path == many / "04.png"


def test_each_press_is_one_step(driver: Driver, many: Path) -> None:
    type_keys(driver, "d" * 40, pause=10)
    driver.wait(rested(driver))
    assert driver.services.workspace.path == many / "40.png"
    type_keys(driver, "a" * 39, pause=10)
    driver.wait(rested(driver))
    assert driver.services.workspace.path == many / "01.png"


def test_a_key_that_nothing_on_the_old_image_answers_waits_for_the_new_one(
    driver: Driver, many: Path
) -> None:
    write_labelme(many / "01.png", shape("cell", *SQUARE))
    type_keys(driver, "d", pause=1)
    assert not driver.services.actions["select_all"].isEnabled()
    driver.key(Qt.Key.Key_A, CTRL)
    driver.key(Qt.Key.Key_Delete)
    driver.wait(rested(driver))
    assert driver.services.workspace.path == many / "01.png"
    assert driver.document.instances == ()


def test_a_button_is_for_the_image_on_its_way_too(driver: Driver, many: Path) -> None:
    driver.act("next_image")
    driver.act("done")
    driver.wait(rested(driver))
    driver.wait(lambda: done(driver))
    assert done(driver) == ["01.png"]


def test_keys_meant_for_an_image_that_is_not_reached_are_said_to_be_lost(
    driver: Driver, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saver = driver.services.workspace.saver
    monkeypatch.setattr(saver, "flush", lambda then: QTest.qWait(20) or then(False))
    driver.act("next_image")
    driver.services.workspace._target = driver.services.workspace.images[5]
    driver.act("done")
    driver.services.workspace._give_up()
    assert any("had no effect" in text for text in driver.texts)
    assert done(driver) == []


# Undo


@pytest.fixture
def labelled(driver: Driver, tmp_path: Path) -> Path:
    folder = make_images(tmp_path / "labelled", "a.png", "b.png", "c.png")
    for name in ("a.png", "b.png", "c.png"):
        write_labelme(folder / name, shape("cell", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell",))
    return folder


def labels(folder: Path, name: str) -> str:
    return (folder / name).with_suffix(".json").read_text()


def rename(driver: Driver, old: str, new: str) -> None:
    driver.services.labelling.rename(old, new)
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()


def test_a_rename_over_the_folder_is_undone_as_one(driver: Driver, labelled: Path) -> None:
    rename(driver, "cell", "nucleus")
    assert all("nucleus" in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))
    driver.go(labelled / "c.png")
    assert driver.document.instances[0].label == "nucleus"
    driver.act("undo")
    driver.wait(lambda: any("Undone: rename" in text for text in driver.texts))
    driver.wait(lambda: not driver.services.folder_edits.running)
    assert any("3 image" in text for text in driver.texts)
    driver.saved()
    assert all('"cell"' in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))
    driver.act("redo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()
    assert all('"nucleus"' in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))


def test_two_labels_become_one_after_a_question_and_undo_brings_both_back(
    driver: Driver, labelled: Path
) -> None:
    point = {**shape("cell", (5, 5)), "shape_type": "point"}
    write_labelme(labelled / "b.png", point)  # nothing of it covers an area
    write_labelme(labelled / "c.png", shape("kept", *SQUARE), shape("cell", *SQUARE))
    driver.open(labelled)
    labelling = driver.services.labelling
    driver.wait(lambda: labelling.names == ("cell", "kept"))
    labelling.recolour("kept", "#123456")
    labelling.recolour("cell", "#654321")
    labelling.activate("cell")
    labelling.rename("cell", "kept")
    driver.wait(lambda: any("3 instance(s) in 3 file(s)" in text for text in driver.texts))
    assert labelling.names == ("cell", "kept")  # nothing before it is answered
    notices = driver.services.central.stack
    button = next(each for each in notices.findChildren(QPushButton) if "Merge" in each.text())
    button.click()
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()
    assert not any('"cell"' in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))
    assert labelling.colours() == {"kept": "#123456"}
    assert labelling.active == "kept"
    driver.act("undo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()
    assert '"kept"' not in labels(labelled, "a.png") + labels(labelled, "b.png")
    assert labels(labelled, "c.png").count('"cell"') == labels(labelled, "c.png").count('"kept"')
    assert labelling.names == ("cell", "kept")
    assert labelling.colours() == {"cell": "#654321", "kept": "#123456"}
    assert labelling.active == "cell"
    driver.act("redo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()
    assert not any('"cell"' in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))
    assert labelling.colours() == {"kept": "#123456"}


def test_what_was_done_later_in_the_image_is_undone_first(driver: Driver, labelled: Path) -> None:
    rename(driver, "cell", "nucleus")
    driver.go(labelled / "b.png")
    driver.draw_rectangle((40, 30), (70, 60))
    driver.act("undo")
    assert [each.label for each in driver.document.instances] == ["nucleus"]
    assert any("b.png" in text for text in driver.texts)
    driver.act("undo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.wait(lambda: [each.label for each in driver.document.instances] == ["cell"])
    driver.saved()
    assert all('"cell"' in labels(labelled, name) for name in ("a.png", "b.png", "c.png"))


def test_undo_is_there_when_one_comes_back(driver: Driver, labelled: Path) -> None:
    driver.draw_rectangle((40, 30), (70, 60))
    driver.go(labelled / "b.png")
    assert not driver.services.actions["undo"].isEnabled()
    rename(driver, "cell", "nucleus")
    driver.go(labelled / "a.png")
    assert len(driver.document.instances) == 2
    driver.act("undo")  # the rename came last
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.wait(lambda: driver.document.instances[0].label == "cell")
    driver.act("undo")
    assert len(driver.document.instances) == 1
    driver.act("redo")
    assert len(driver.document.instances) == 2
    driver.saved()
    assert labels(labelled, "a.png").count('"points"') == 2


def test_what_another_program_changed_is_not_undone(driver: Driver, labelled: Path) -> None:
    driver.draw_rectangle((40, 30), (70, 60))
    driver.go(labelled / "b.png")
    write_labelme(labelled / "a.png", shape("theirs", *SQUARE))
    driver.go(labelled / "a.png")
    assert not driver.services.actions["undo"].isEnabled()


# From image to image


def outline(driver: Driver, *points: tuple[float, float]) -> None:
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_P)
    for point in points:
        driver.click(*point)


def test_an_outline_waits_for_its_image(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    outline(driver, (10, 10), (50, 12), (50, 50))
    driver.key(Qt.Key.Key_D)
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    assert any("a1.png" in text for text in driver.texts)
    assert driver.services.viewport.tool == "polygon"
    assert not driver.services.viewport.busy
    driver.key(Qt.Key.Key_A)
    driver.wait(lambda: driver.services.workspace.path == folder / "a1.png")
    assert driver.services.viewport.busy
    driver.key(Qt.Key.Key_Return)
    (instance,) = driver.document.instances
    assert len(instance.polygons[0].outer) == 3


def test_a_tool_for_the_selected_instance_is_not_kept(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    driver.act("select_all")
    driver.act("tool_cut")
    driver.go(folder / "a2.png")
    assert driver.services.viewport.tool == "select"


def test_two_quick_clicks_close_to_each_other_are_two_vertices(
    driver: Driver, folder: Path
) -> None:
    driver.open(folder)
    canvas = driver.services.viewport
    canvas.zoom_by(4)
    outline(driver, (40, 30), (55, 30))
    at = driver.at(48, 40)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(canvas, left, none, at)

    near = at + QPoint(4, 0)
    QTest.mouseDClick(canvas, left, none, near)
    assert canvas.busy
    assert driver.document.instances == ()
    QTest.mouseClick(canvas, left, none, near)
    QTest.mouseDClick(canvas, left, none, near)
    assert len(driver.document.instances) == 1


def test_del_on_a_marked_vertex_deletes_the_vertex(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (60, 50))
    driver.services.viewport.setFocus()
    for act in (lambda: driver.key(Qt.Key.Key_Delete), lambda: driver.act("delete")):
        driver.act("select_all")
        corner = driver.document.instances[0].polygons[0].outer[0]
        driver.click(*corner)
        before = len(driver.document.instances[0].polygons[0].outer)
        act()
        if before == 3:
            break
        assert len(driver.document.instances[0].polygons[0].outer) == before - 1
        if len(driver.document.instances[0].polygons[0].outer) == 3:
            driver.act("undo")


def test_steps_follow_the_filter_and_the_filter_stays_with_its_folder(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    driver.open(folder)
    driver.images.focus_filter()
    QTest.keyClicks(driver.images._text, "a1")
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_D)
    driver.wait(lambda: driver.services.workspace.path == folder / "a10.png")
    driver.key(Qt.Key.Key_D)
    assert any("last image" in text for text in driver.texts)
    driver.services.viewport.zoom_by(8)
    other = make_images(tmp_path / "other", "b1.png", "b2.png")
    driver.services.opener.open_folder(other)
    driver.wait(lambda: driver.services.workspace.path == other / "b1.png")
    assert driver.images.rows.rowCount() == 2
    centre, scale = driver.services.viewport.view()
    assert centre == pytest.approx((48, 36))
    driver.services.viewport.fit()
    assert driver.services.viewport.view()[1] == pytest.approx(scale)


def test_a_name_and_enter_open_the_image(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_L, CTRL)
    QTest.keyClicks(driver.images._text, "a10")
    driver.key(Qt.Key.Key_Return)
    driver.wait(lambda: driver.services.workspace.path == folder / "a10.png")
    assert driver.services.viewport.hasFocus()


def test_tab_stays_on_the_canvas_and_escape_comes_back(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    canvas = driver.services.viewport
    canvas.setFocus()
    driver.key(Qt.Key.Key_Tab)
    assert canvas.hasFocus()
    assert any("no suggestions" in text for text in driver.texts)
    driver.images.focus_list()
    assert not canvas.hasFocus()
    driver.key(Qt.Key.Key_Escape)
    assert canvas.hasFocus()


def test_suggestions_never_come_over_an_outline(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    outline(driver, (10, 10), (50, 12))
    driver.suggest()
    assert driver.services.viewport._suggestions == ()
    driver.key(Qt.Key.Key_Escape)
    there = [each.id for each in driver.services.viewport._suggestions]
    assert there == [each.id for each in driver.services.suggesting.shown] != []


def test_ctrl_and_shift_stand_for_alt(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (60, 50))
    driver.click(30, 10, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(driver.document.instances[0].polygons[0].outer) == 5


# Labels


def add_label(driver: Driver, name: str) -> None:
    driver.act("add_label")
    QTest.keyClicks(driver.annotate.labels._field, name)


def test_a_new_label_is_completed_and_a_near_one_is_asked_for(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    field = driver.annotate.labels._field
    driver.services.labelling.add("giraffe")
    driver.services.labelling.add("cat")
    add_label(driver, "gir")
    assert field.text() == "giraffe"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert driver.services.labelling.names == ("giraffe", "cat")
    assert driver.services.labelling.active == "giraffe"
    add_label(driver, "gir")
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert field.text() == "gir"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert driver.services.labelling.names == ("giraffe", "cat")
    assert driver.annotate.labels._doubt.isVisible()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert driver.services.labelling.names == ("giraffe", "cat", "gir")
    add_label(driver, "x")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert driver.services.labelling.names == ("giraffe", "cat", "gir")


def test_deleted_label_files_come_back_with_all_that_was_in_them(
    driver: Driver, folder: Path
) -> None:
    odd = {"label": "x", "points": [[1, 2]] * 8, "shape_type": "cuboid"}
    files = [write_labelme(folder / f"a{k}.png", shape("cell", *SQUARE), odd) for k in (1, 2)]
    before = [path.read_bytes() for path in files]
    driver.open(folder)
    feature = driver.window.features["versions"]
    feature._chosen_images = lambda: tuple(path.with_suffix(".png") for path in files)
    driver.act("delete_labels")
    driver.wait(lambda: not any(path.exists() for path in files))
    driver.wait(lambda: driver.document is not None and not driver.document.shapes)
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.act("undo")
    driver.wait(lambda: all(path.exists() for path in files))
    driver.wait(lambda: bool(driver.document.instances))
    assert [path.read_bytes() for path in files] == before
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.act("redo")
    driver.wait(lambda: not any(path.exists() for path in files))
    driver.wait(lambda: not driver.services.folder_edits.running)
    files[1].write_bytes(b"{}")  # another program has written it meanwhile
    driver.act("undo")
    driver.wait(files[0].exists)
    driver.wait(lambda: any("stays" in text for text in driver.texts))
    assert files[1].read_bytes() == b"{}"
