"""Drawing, editing, saving and going from image to image, through the real window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.base.jobs import Job, JobState
from app.base.settings import LIVE_WIRE, START
from app.editor.exporting import Choice
from core.document.edits import Add
from core.document.geometry import area
from core.document.instance import Instance, Polygon, Source
from core.document.skeleton import Skeleton
from core.document.status import ImageStatus
from core.formats.registry import BY_NAME
from core.lens.settings import StageSettings
from core.protocol import ModelLoaded
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme

CTRL = Qt.KeyboardModifier.ControlModifier


def labels_on_disk(image: Path) -> list[str]:
    return [each["label"] for each in json.loads(image.with_suffix(".json").read_text())["shapes"]]


def test_a_folder_opens_in_natural_order(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    rows = driver.images.rows
    names = [rows.path_at(row).name for row in range(rows.rowCount())]
    assert names == ["a1.png", "a2.png", "a10.png"]
    assert driver.window.windowTitle() == "a1.png – work – masklens"
    assert driver.services.central.stack.currentWidget() is driver.services.viewport


def test_what_is_drawn_is_saved_after_a_pause(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    assert len(driver.document.instances) == 1
    assert driver.document.instances[0].source is Source.DRAWN
    driver.wait(lambda: (folder / "a1.json").exists())
    assert labels_on_disk(folder / "a1.png") == ["object"]
    driver.wait(lambda: driver.window.status.texts()["save"] == "Saved")
    assert driver.services.workspace.status(folder / "a1.png") is ImageStatus.CORRECTED


def test_a_polygon_is_drawn_with_clicks_and_enter(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.key(Qt.Key.Key_P)
    for point in ((10, 10), (50, 12), (30, 50)):
        driver.click(*point)
    driver.key(Qt.Key.Key_Return)
    (instance,) = driver.document.instances
    assert len(instance.polygons[0].outer) == 3


def test_going_on_saves_and_coming_back_finds_it(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_D)
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    assert labels_on_disk(folder / "a1.png") == ["object"]
    driver.key(Qt.Key.Key_A)
    driver.wait(lambda: driver.services.workspace.path == folder / "a1.png")
    assert len(driver.document.instances) == 1


def test_a_folder_opens_where_it_was_left(driver: Driver, folder: Path, tmp_path: Path) -> None:
    other = make_images(tmp_path / "other", "b1.png", "b2.png")
    driver.open(folder)
    driver.go(folder / "a2.png")
    driver.services.opener.open_folder(other)
    driver.wait(lambda: driver.services.workspace.path == other / "b1.png")
    driver.services.opener.open_folder(folder)
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    (folder / "a2.png").unlink()
    driver.services.opener.open_folder(other)
    driver.wait(lambda: driver.services.workspace.path == other / "b1.png")
    driver.services.opener.open_folder(folder)
    driver.wait(lambda: driver.services.workspace.path == folder / "a1.png")
    driver.services.opener.open_paths([folder / "a10.png"])
    driver.wait(lambda: driver.services.workspace.path == folder / "a10.png")


def test_undo_and_redo_name_what_they_do(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    assert not driver.services.actions["undo"].isEnabled()
    driver.draw_rectangle((10, 10), (40, 30))
    driver.draw_rectangle((50, 10), (80, 30))
    assert driver.services.actions["undo"].text().startswith("Undo: ")
    driver.key(Qt.Key.Key_Z, CTRL)
    driver.key(Qt.Key.Key_Z, CTRL)
    assert driver.document.instances == ()
    driver.key(Qt.Key.Key_Y, CTRL)
    assert len(driver.document.instances) == 1


def test_a_vertex_is_dragged(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.click(15, 15)
    assert len(driver.services.viewport.selection) == 1
    driver.drag((25, 25), (40, 45))
    xs = [x for x, _ in driver.document.instances[0].polygons[0].outer]
    assert max(xs) > 35


def test_copies_go_to_another_image(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("select_all")
    driver.act("copy")
    driver.go(folder / "a2.png")
    driver.act("paste")
    (copy,) = driver.document.instances
    assert copy.polygons[0].outer == SQUARE
    assert copy.label == "cell"
    assert driver.services.viewport.selection == {copy.id}


def test_a_duplicate_lies_beside_its_original(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("select_all")
    driver.act("duplicate")
    first, second = driver.document.instances
    assert second.polygons[0].outer != first.polygons[0].outer
    assert second.id != first.id


def test_delete_and_undo(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.act("select_all")
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_Delete)
    assert driver.document.instances == ()
    driver.act("undo")
    assert len(driver.document.instances) == 1


def test_done_is_a_key_and_is_saved(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_M)
    assert driver.document.done
    assert driver.services.actions["done"].isChecked()
    driver.saved()
    assert json.loads((folder / "a1.json").read_text())["masklens"]["status"] == "done"
    assert driver.services.workspace.status(folder / "a1.png") is ImageStatus.DONE
    driver.act("undo")
    assert not driver.services.actions["done"].isChecked()


def test_done_and_next_skips_what_is_done(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a2.png", masklens={"status": "done"})
    driver.open(folder)
    driver.wait(lambda: driver.services.workspace.status(folder / "a2.png") is ImageStatus.DONE)
    driver.act("done_next")
    driver.wait(lambda: driver.services.workspace.path == folder / "a10.png")


def test_number_keys_choose_the_label(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE), shape("dust", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell", "dust"))
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_2)
    assert driver.services.labelling.active == "dust"
    driver.draw_rectangle((40, 30), (60, 50))
    assert driver.document.instances[-1].label == "dust"


def test_a_label_is_renamed_here_and_on_the_list(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell",))
    driver.annotate.labels.rows.setData(driver.annotate.labels.rows.index(0, 0), "nucleus")
    assert driver.services.labelling.names == ("nucleus",)
    assert driver.document.instances[0].label == "nucleus"
    driver.act("undo")
    driver.wait(lambda: driver.document.instances[0].label == "cell")
    assert driver.services.labelling.names == ("cell",)


def test_a_label_is_renamed_in_the_whole_folder(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", *(f"{n}.png" for n in range(5)))
    write_labelme(folder / "0.png", shape("cell", *SQUARE))
    far = tuple((x + 40, y) for x, y in SQUARE)
    write_labelme(folder / "1.png", shape("cell", *SQUARE), shape("dust", *far), mine=[1, 2])
    (folder / "2.json").write_text("{ not a label file")
    write_labelme(folder / "3.png", shape("dust", *SQUARE))
    untouched = (folder / "3.json").read_bytes()
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell", "dust"))
    driver.services.labelling.rename("cell", "nucleus")
    driver.wait(lambda: any("2 image" in text for text in driver.texts))
    driver.saved()
    assert labels_on_disk(folder / "0.png") == ["nucleus"]
    assert labels_on_disk(folder / "1.png") == ["nucleus", "dust"]
    assert json.loads((folder / "1.json").read_text())["mine"] == [1, 2]
    assert (folder / "2.json").read_text() == "{ not a label file"
    assert (folder / "3.json").read_bytes() == untouched
    assert driver.services.labelling.names == ("nucleus", "dust")
    driver.go(folder / "1.png")
    assert driver.services.workspace.session.recovery is None
    assert driver.services.workspace.session.conflict is None


def test_a_window_begins_where_the_last_one_ended(driver: Driver, folder: Path) -> None:
    settings, workspace = driver.services.settings, driver.services.workspace
    settings.remember_folder(folder)
    settings.remember_image(folder, "a2.png")
    settings.set(START, "empty")
    driver.services.opener.open_last()
    settings.set(START, "last")
    settings.remember_folder(folder / "gone")
    driver.services.opener.open_last()
    driver.saved()
    assert workspace.project is None
    settings.remember_folder(folder)
    driver.services.opener.open_last()
    driver.wait(lambda: workspace.path == folder / "a2.png")


def test_what_cannot_be_renamed_is_told(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", "0.png", "1.png", "2.png")
    write_labelme(folder / "0.png", shape("cell", *SQUARE))
    write_labelme(folder / "1.png", shape("cell", *SQUARE), imageData=5)
    odd = shape("cell", *SQUARE, flags="wrong")  # is kept as it is, and so is its label
    write_labelme(folder / "2.png", shape("cell", *SQUARE), odd)
    broken = (folder / "1.json").read_bytes()
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell",))
    driver.services.labelling.rename("cell", "nucleus")
    driver.wait(lambda: any("could not be renamed in 2 image" in text for text in driver.texts))
    assert (folder / "1.json").read_bytes() == broken
    labels = [each["label"] for each in json.loads((folder / "2.json").read_text())["shapes"]]
    assert labels == ["nucleus", "cell"]
    assert "cell" in driver.services.labelling.names  # it is still used there


def test_a_renaming_can_be_stopped(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", *(f"{n}.png" for n in range(30)))
    for image in folder.glob("*.png"):
        write_labelme(image, shape("cell", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.names == ("cell",))
    started: list[Job] = []
    driver.services.jobs.added.connect(started.append)
    driver.services.labelling.rename("cell", "nucleus")
    (job,) = started
    job.cancel()
    driver.wait(lambda: job.state is JobState.CANCELLED)
    left = [path for path in folder.glob("*.json") if labels_on_disk(path) == ["cell"]]
    assert left
    assert {label for path in folder.glob("*.json") for label in labels_on_disk(path)} <= {
        "cell",
        "nucleus",
    }


def test_export_and_import_say_what_they_did(driver: Driver, folder: Path, tmp_path: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.services.exporter.to_format(BY_NAME["coco"], tmp_path / "all.json", Choice())
    driver.wait(lambda: any("all.json · 1 instance" in text for text in driver.texts))
    (folder / "a1.json").unlink()
    driver.services.importer.looked.connect(driver.services.importer.take)
    driver.services.importer.look(tmp_path / "all.json")
    driver.wait((folder / "a1.json").exists)
    driver.wait(lambda: any(text.startswith("1 instance") for text in driver.texts))


def test_labels_and_colours_are_there_at_the_next_start(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.services.labelling.add("cell")
    driver.services.labelling.recolour("cell", "#123456")
    project = folder / ".masklens" / "project.json"
    driver.wait(lambda: project.exists() and "#123456" in project.read_text())


def test_the_table_and_the_canvas_select_together(driver: Driver, folder: Path) -> None:
    other = tuple((x + 40, y + 30) for x, y in SQUARE)
    write_labelme(folder / "a1.png", shape("cell", *SQUARE), shape("dust", *other))
    driver.open(folder)
    first, second = (each.id for each in driver.document.instances)
    table = driver.annotate.instances._table
    table.selectRow(1)
    assert driver.services.viewport.selection == {second}
    driver.click(15, 15)
    assert {driver.annotate.instances.rows.id_at(i.row()) for i in table.selectedIndexes()} == {
        first
    }


def test_an_image_that_cannot_be_read_is_named_and_passed(driver: Driver, folder: Path) -> None:
    (folder / "a2.png").write_bytes(b"not a picture")
    driver.open(folder)
    driver.go(folder / "a2.png")
    assert "a2.png" in driver.services.central.message.text
    assert driver.images.rows.counts()["failed"] == 1
    driver.act("next_image")
    driver.wait(lambda: driver.services.workspace.path == folder / "a10.png")
    assert driver.services.workspace.staged is not None


def test_one_image_can_be_opened(driver: Driver, folder: Path) -> None:
    driver.open(folder / "a2.png")
    assert driver.services.workspace.path == folder / "a2.png"
    assert driver.images.rows.total == 3


def test_some_images_can_be_opened(driver: Driver, folder: Path) -> None:
    driver.open(folder / "a2.png", folder / "a10.png")
    assert driver.images.rows.total == 2


def test_closing_saves(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    driver.window.close()
    driver.wait(lambda: not driver.window.isVisible())
    assert labels_on_disk(folder / "a1.png") == ["object"]


def test_what_is_not_there_opens_nothing(driver: Driver, folder: Path, tmp_path: Path) -> None:
    driver.open(folder)
    before = driver.services.workspace.project
    for paths in ([tmp_path / "no_such"], [folder / "a1.png", folder / "gone.png"]):
        driver.services.opener.open_paths(paths)
        assert f"There is no {paths[-1]}" in driver.services.notices.texts()[-1]
        assert driver.services.workspace.project is before


def test_an_empty_folder_says_so(driver: Driver, tmp_path: Path) -> None:
    empty = make_images(tmp_path / "empty")
    driver.services.opener.open_paths([empty])
    driver.wait(lambda: "no images" in driver.services.central.message.text)


def test_a_digit_relabels_what_is_selected_but_not_while_one_draws(
    driver: Driver, folder: Path
) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.services.labelling.add("nerve")
    number = driver.services.labelling.names.index("nerve") + 1
    driver.act("select_all")
    driver.act("tool_polygon")
    driver.act(f"label_{number}")
    assert [each.label for each in driver.document.instances] == ["cell"]
    assert driver.services.labelling.active == "nerve"
    driver.act("tool_select")
    driver.act("select_all")
    driver.act(f"label_{number}")
    assert [each.label for each in driver.document.instances] == ["nerve"]
    driver.act("undo")
    assert [each.label for each in driver.document.instances] == ["cell"]


def test_outlines_follow_edges_where_that_is_wanted_and_a_brush_takes_vertices(
    driver: Driver, folder: Path
) -> None:
    pixels = np.full((72, 96, 3), 40, np.uint8)
    pixels[20:52, 30:70] = 200
    Image.fromarray(pixels).save(folder / "a1.png")
    driver.open(folder)
    driver.act("live_wire")
    driver.act("tool_polygon")
    assert "follows the edges" in driver.window.status.texts()["hint"]
    for point in ((50, 20), (70, 36), (50, 52), (30, 36)):
        driver.click(*point)
    driver.key(Qt.Key.Key_Return)
    (made,) = driver.document.instances
    assert area(made) == pytest.approx(32 * 40, rel=0.1)  # straight it is half of it
    looking = driver.services.looking
    looking.set(replace(looking.look, rule="own", low=0, high=30))  # all is white: no edge is seen
    for point in ((50, 20), (70, 36), (50, 52), (30, 36)):
        driver.click(*point)
    driver.key(Qt.Key.Key_Return)
    driver.wait(lambda: len(driver.document.instances) == 2)
    assert area(driver.document.instances[-1]) == pytest.approx(32 * 40 / 2, rel=0.1)
    driver.act("undo")
    looking.reset()
    driver.act("live_wire")
    assert driver.services.settings.get(LIVE_WIRE) is False
    before = sum(map(len, made.polygons[0].rings))
    driver.key(Qt.Key.Key_Comma)
    assert driver.services.viewport.tool == "vertex_brush"
    driver.drag((34, 20), (70, 20))
    (left,) = driver.document.instances
    assert len(left.polygons[0].outer) < before
    driver.act("undo")
    assert driver.document.instances == (made,)


def test_keypoints_are_named_and_joined_as_the_model_has_them(driver: Driver, folder: Path) -> None:
    """On what it suggests, and for good on what was accepted, also with another model."""
    driver.open(folder)
    labelling, scene = driver.services.labelling, driver.services.viewport._scene
    skeleton = Skeleton(("head", "foot"), ((0, 1),))
    about = ("m", "m", "m@1", ("person", "dog"), "cpu", "float32", StageSettings())
    labelling.take_model(ModelLoaded(1, *about, skeleton=skeleton))
    assert scene.skeletons == {"person": skeleton, "dog": skeleton}
    places = ((10.0, 10.0, 2), (20.0, 40.0, 2))
    person = Instance("a", "person", (Polygon(SQUARE),), Source.ACCEPTED, keypoints=places)
    assert driver.services.workspace.do(Add((person,)), "accept")
    labelling.take_model(ModelLoaded(2, *about))
    assert labelling.skeletons() == scene.skeletons == {"person": skeleton}
    assert labelling.names == ("person",)
