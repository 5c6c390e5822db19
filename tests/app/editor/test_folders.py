"""Images of folders within, label files elsewhere, and many images marked at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from app.editor.panels.instance_rows import LABEL
from core.document.status import ImageStatus
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme


def test_images_of_folders_within_are_listed_and_labelled_beside_them(
    driver: Driver, tmp_path: Path
) -> None:
    root = make_images(tmp_path / "root", "z.png")
    make_images(root / "b" / "deep", "1.png", "2.png")
    make_images(root / "a10", "1.png")
    make_images(root / "a9", "1.png")
    make_images(root / ".hidden", "no.png")
    driver.open(root)
    rows = driver.images.rows
    names = [rows.index(row, 0).data() for row in range(rows.rowCount())]
    assert names == ["z.png", "a9/1.png", "a10/1.png", "b/deep/1.png", "b/deep/2.png"]
    driver.go(root / "b" / "deep" / "1.png")
    driver.draw_rectangle((10, 10), (40, 30))
    driver.saved()
    assert (root / "b" / "deep" / "1.json").exists()
    driver.act("subfolders")
    driver.wait(lambda: driver.images.rows.total == 1)
    assert driver.services.labelling.layout == (False, "")
    driver.act("subfolders")
    driver.wait(lambda: driver.images.rows.total == 5)


def test_label_files_in_a_folder_of_their_own(driver: Driver, tmp_path: Path) -> None:
    root = make_images(tmp_path / "root", "z.png")
    make_images(root / "photos", "a.png", "b.png")
    labels = root / "labels"
    labels.mkdir()
    there = write_labelme(root / "photos" / "a.png", shape("cell", *SQUARE))
    content = there.read_text().replace('"a.png"', '"../photos/a.png"')
    there.unlink()
    (labels / "a.json").write_text(content)
    driver.open(root)
    feature = driver.window.features["images"]
    feature._set_labels_folder(labels)
    driver.wait(lambda: driver.services.labelling.layout == (True, "labels"))
    driver.wait(lambda: driver.services.workspace.staged and driver.services.labelling.names)
    driver.go(root / "photos" / "a.png")
    assert [each.label for each in driver.document.instances] == ["cell"]
    driver.go(root / "photos" / "b.png")
    driver.draw_rectangle((10, 10), (40, 30))
    driver.saved()
    made = json.loads((labels / "photos" / "b.json").read_text())
    assert made["imagePath"] == "../../photos/b.png"
    assert not (root / "photos" / "b.json").exists()
    feature._set_labels_folder(tmp_path)
    assert any("does not lie in" in text for text in driver.texts)


def test_many_images_are_marked_as_done_and_that_is_undone_as_one(
    driver: Driver, folder: Path
) -> None:
    for name in ("a1.png", "a2.png", "a10.png"):
        write_labelme(folder / name, shape("cell", *SQUARE))
    driver.open(folder)
    assert not driver.services.actions["mark_chosen"].isEnabled()
    driver.images.focus_list()
    driver.key(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert not driver.services.viewport.selection, "all images, and no instance"
    driver.act("mark_chosen")
    workspace = driver.services.workspace

    def states() -> set[ImageStatus | None]:
        return {workspace.status(image.path) for image in workspace.images}

    driver.wait(lambda: states() == {ImageStatus.DONE})
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.act("undo")
    driver.wait(lambda: states() == {ImageStatus.CORRECTED})


def test_after_an_import_the_images_can_be_marked_as_done(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.services.importer.imported.emit(driver.services.workspace.images)
    assert any("3 image" in text for text in driver.texts)
    (toast,) = [each for each in driver.services.notices._toasts.values() if "3 image" in each.text]
    toast.findChildren(QPushButton)[0].click()
    workspace = driver.services.workspace
    driver.wait(
        lambda: all(workspace.status(each.path) is ImageStatus.DONE for each in workspace.images)
    )


def test_the_filter_takes_questions_and_steps_follow_them(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a2.png", shape("cell", *SQUARE))
    write_labelme(folder / "a10.png", shape("cell", *SQUARE), shape("dust", *SQUARE))
    driver.open(folder)
    rows = driver.images.rows
    driver.images._text.setText("label:cell -label:dust")
    driver.wait(lambda: rows.rowCount() == 1)
    driver.act("next_image")
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    driver.images._text.setText("label:cell")
    driver.wait(lambda: rows.rowCount() == 2)
    driver.images._text.setText("score:5")
    assert driver.images._problem.isVisible()
    assert rows.rowCount() == 2
    driver.images._text.setText("")
    assert rows.rowCount() == 3
    assert not driver.images._problem.isVisible()


def test_a_filter_stays_with_its_folder_and_goes_to_no_other(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    other = make_images(tmp_path / "other", "b1.png", "b2.png")
    workspace, panel = driver.services.workspace, driver.images
    driver.open(folder)
    panel.set_filter("a1", "untouched")
    driver.wait(lambda: panel.rows.rowCount() == 2)
    driver.services.opener.open_folder(other)
    driver.wait(lambda: workspace.path == other / "b1.png")
    assert panel.filter == ("", "")
    assert panel.rows.rowCount() == 2
    driver.services.opener.open_folder(folder)
    driver.wait(lambda: workspace.path == folder / "a1.png")
    assert panel.filter == ("a1", "untouched")
    driver.wait(lambda: panel.rows.rowCount() == 2)
    panel.set_filter("a10", "no such status")
    ended: list[bool] = []
    driver.window.features["images"].end(lambda: ended.append(True), asked=False)
    driver.wait(lambda: ended)
    assert driver.services.settings.filter_of(folder) == ("a10", "")
    assert driver.services.settings.filter_of(other) == ("", "")


def test_panels_fold_to_a_rail_and_the_canvas_gets_the_room(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    canvas, rails = driver.services.viewport, driver.window.docks.rails
    before = canvas.width()
    driver.act("fold_panels")
    driver.wait(lambda: canvas.width() > before + 300)
    assert all(rail.isVisible() for rail in rails)
    assert rails[1]._tabs.count() == 3
    rails[1]._on_click(1)
    driver.wait(lambda: driver.window.features["lens"].in_sight)
    assert rails[0].folded
    driver.act("fold_left")
    assert not rails[0].folded
    driver.wait(lambda: abs(canvas.width() - before) < 40)


def test_the_longest_label_can_be_read_at_the_usual_size(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("traffic light", *SQUARE))
    driver.open(folder)
    table = driver.annotate.instances._table
    width = table.columnWidth(LABEL)
    needed = table.fontMetrics().horizontalAdvance("traffic light") + 14 + 8
    assert width >= needed


def test_labels_are_checked_repaired_and_that_is_undone(driver: Driver, folder: Path) -> None:
    far = ((50.0, 10.0), (200.0, 10.0), (200.0, 40.0), (50.0, 40.0))
    write_labelme(folder / "a1.png", shape("cell", *far))
    write_labelme(folder / "a2.png", shape("cell", *SQUARE), shape("cell", *SQUARE))
    write_labelme(folder / "lost.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("check_labels")
    checker = driver.window.features["images"]._checker
    driver.wait(lambda: checker._dialog is not None and checker._dialog.isVisible())
    tree = checker._dialog._tree
    assert sorted(tree.topLevelItem(k).text(0) for k in range(3)) == [
        *("a1.png", "a2.png", "lost.json"),
    ]
    checker._dialog.shown.emit(
        next(k for k, one in enumerate(checker._found) if one.file == "a2.png")
    )
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    assert len(driver.services.viewport.selection) == 1
    checker._dialog._all.click()
    driver.wait(lambda: tree.topLevelItemCount() == 1)
    assert len(driver.document.instances) == 1
    driver.act("undo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    assert len(driver.document.instances) == 2
    driver.saved()
    assert (
        max(x for x, _ in json.loads((folder / "a1.json").read_text())["shapes"][0]["points"])
        == 200
    )
    checker._dialog.close()


def test_a_kept_filter_hides_no_image_that_was_asked_for(driver: Driver, folder: Path) -> None:
    driver.services.settings.remember_filter(folder, "a1", "")
    driver.open(folder / "a2.png")
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    assert driver.images.filter == ("", "")
    assert driver.images.rows.shows(folder / "a2.png")
    assert any("filter of this folder is off" in text for text in driver.texts)
    driver.services.opener.open_folder(folder)
    driver.wait(lambda: driver.images.filter == ("a1", ""))
    driver.open(folder / "a2.png", folder / "a10.png")
    driver.wait(lambda: driver.images.filter == ("", ""))
    driver.images.set_filter("a10", "")
    driver.services.opener.open_folder(folder)
    driver.wait(lambda: driver.images.rows.rowCount() == 1)
    assert driver.images.filter == ("a10", "")


def test_of_several_files_with_labels_one_is_chosen(driver: Driver, folder: Path) -> None:
    coco = {"images": [{"id": 1, "file_name": "a1.png"}], "categories": [], "annotations": []}
    for name in ("instances_train.json", "keypoints_train.json"):
        (folder / name).write_text(json.dumps(coco))
    driver.open(folder)
    looked: list[object] = []
    driver.services.importer.looked.connect(looked.append)

    def press_and(act: Callable[[QMenu], object]) -> None:
        driver.press("Import one of them…")
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert [each.text() for each in menu.actions()] == [
            "instances_train.json",
            "keypoints_train.json",
        ]
        act(menu)

    press_and(lambda menu: menu.close())  # the offer comes back
    press_and(lambda menu: (menu.actions()[1].trigger(), menu.close()))
    driver.wait(lambda: looked)
    driver.services.notices.fail("import", "nothing was imported")
    driver.open(make_images(folder.parent / "other", "b.png"))
    driver.wait(lambda: driver.texts == [])  # what failed in a folder is not told in the next one
