"""Instances among others: chosen by label, described, ordered, hidden, taken to other images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMenu

from app.base.settings import COLOUR_BY
from app.canvas.style import UNSCORED
from app.canvas.tools import TOOLS
from app.editor.panels.details import AttributesDialog, row_of, row_text
from app.editor.panels.instance_rows import LABEL
from core.document.edits import Overlap, Remove
from core.document.geometry import area, intersect
from core.document.instance import ImageDetails
from core.document.limits import MOST_LETTERS
from core.document.skeleton import Skeleton
from core.formats import labelme
from core.gestures.overlap import SLIVER
from core.project.settings import AttributeKind, AttributeRow, load_settings
from core.session import SessionError
from core.session.query import asked, parse
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme


def moved(by: float) -> tuple[tuple[float, float], ...]:
    return tuple((x + by, y + by) for x, y in SQUARE)


def test_labels_are_chosen_hidden_and_ordered_together(driver: Driver, folder: Path) -> None:
    labels = ("cell", "dot", "cell")
    write_labelme(folder / "a1.png", *(shape(each, *moved(4 * k)) for k, each in enumerate(labels)))
    driver.open(folder)
    canvas = driver.services.viewport
    first, dot, last = (each.id for each in driver.document.shapes)
    canvas.set_selection([first])
    driver.act("select_label")
    assert canvas.selection == {first, last}
    before = canvas.view()[1]
    driver.act("zoom_selection")
    assert canvas.view()[1] > before
    driver.act("to_front")
    assert [each.id for each in driver.document.shapes] == [dot, first, last]
    assert canvas.selection == {first, last}
    driver.act("to_front")
    driver.act("undo")
    assert [each.id for each in driver.document.shapes] == [first, dot, last], "one act, not two"
    canvas.set_selection([last])
    driver.act("to_back")
    assert [each.id for each in driver.document.shapes] == [last, first, dot]
    driver.act("hide_label")
    rows = driver.annotate.instances.rows
    assert (rows.hidden, canvas.selection) == ({first, last}, frozenset())
    driver.act("show_hidden")
    assert not rows.hidden
    assert not driver.services.actions["show_hidden"].isEnabled()


def test_shapes_are_coloured_by_what_is_chosen(driver: Driver, folder: Path) -> None:
    given = {"source": "accepted", "score": 0.9}
    write_labelme(
        folder / "a1.png", *(shape("cell", *SQUARE, masklens=each) for each in ({}, given))
    )
    driver.open(folder)
    drawn, accepted = driver.document.shapes
    menu = driver.services.actions["colour_by"].menu()
    seen = {}
    for place, by in enumerate(("label", "instance", "source", "score")):
        menu.aboutToShow.emit()
        menu.actions()[place].trigger()
        assert driver.services.settings.get(COLOUR_BY) == by
        palette = driver.services.viewport._palette_of_labels
        seen[by] = (palette.of(drawn).name(), palette.of(accepted).name())
        listed = driver.annotate.instances.rows
        shown = [
            listed.index(row, LABEL).data(Qt.ItemDataRole.DecorationRole).pixmap(14, 14)
            for row in range(2)
        ]
        colours = {pixmap.toImage().pixelColor(7, 7).name() for pixmap in shown}
        assert colours == set(seen[by]), "the list has the colours of the canvas"
    assert seen["label"][0] == seen["label"][1] == driver.services.labelling.colours()["cell"]
    assert all(seen[by][0] != seen[by][1] for by in ("instance", "source", "score"))
    assert seen["score"][0] == UNSCORED.name()
    green = QColor(seen["score"][1])
    assert green.green() > green.red() > green.blue()


def test_instances_go_from_image_to_image(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE, flags={"cut": True}))
    driver.open(folder)
    (cell,) = driver.document.instances
    driver.services.viewport.set_selection([cell.id])
    driver.act("to_next")
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    driver.wait(lambda: driver.document.instances)
    (copy,) = driver.document.instances
    assert (copy.polygons, copy.flags) == (cell.polygons, cell.flags)
    assert copy.id != cell.id
    driver.go(folder / "a10.png")
    driver.act("take_previous")
    driver.wait(lambda: driver.document.instances)
    assert driver.services.viewport.selection == {each.id for each in driver.document.instances}
    driver.act("undo")
    assert driver.document.instances == ()
    driver.act("take_previous")
    driver.wait(lambda: driver.document.instances)
    driver.act("to_next")
    assert "This is the last image." in driver.texts
    driver.go(folder / "a1.png")
    driver.act("take_previous")
    driver.wait(lambda: "This is the first image." in driver.texts)


def test_what_is_said_of_instances_is_edited_kept_and_undone(driver: Driver, folder: Path) -> None:
    given = {"attributes": {"side": "left", "age": 3}, "description": "odd"}
    other = shape("cell", *moved(30), flags={"x": True})
    write_labelme(folder / "a1.png", shape("cell", *SQUARE, **given), other)
    driver.open(folder)
    driver.act("attributes")
    (dialog,) = driver.window.findChildren(AttributesDialog)
    of_instances, of_images = dialog.texts
    of_images.setPlainText("weather: sun, rain")
    of_instances.setPlainText("side: left, right\nripe: switch\nside: text")
    dialog._take()
    assert "side: text" in dialog._problem.text()
    of_instances.setPlainText("side: left, right\nripe: switch")
    dialog._take()
    details, canvas = driver.annotate.details, driver.services.viewport
    assert list(details._attributes) == ["weather"], "nothing is selected: it is about the image"
    details._attributes["weather"].widget.setCurrentText("rain")
    details._flags.widget.setText("Blurred")
    details._flags.widget.editingFinished.emit()
    assert driver.document.details == ImageDetails((("Blurred", True),), "", (("weather", "rain"),))
    driver.act("undo")
    assert not driver.document.details.flags
    driver.act("redo")
    first, second = (each.id for each in driver.document.shapes)
    canvas.set_selection([first])
    assert details.isVisible()
    fields = {name: each.widget for name, each in details._attributes.items()}
    assert list(fields) == ["side", "ripe", "age"], "what is there is shown, asked for or not"
    side, ripe, age = fields.values()
    assert isinstance(side, QComboBox)
    assert isinstance(ripe, QCheckBox)
    assert isinstance(age, QLineEdit)
    assert (side.currentText(), ripe.isChecked(), age.text()) == ("left", False, "3")
    ripe.click()
    age.setText("4.5")
    age.editingFinished.emit()
    wanted = {"side": "left", "age": 4.5, "ripe": True}
    assert dict(driver.document.get(first).attributes) == wanted
    canvas.set_selection([first, second])
    assert details._description.widget.placeholderText() == "differs"
    side.setCurrentText("right")
    details._flags.widget.setText("torn, x")
    details._flags.widget.editingFinished.emit()
    assert [dict(each.attributes)["side"] for each in driver.document.shapes] == ["right"] * 2
    assert [dict(each.flags) for each in driver.document.shapes] == [{"torn": True, "x": True}] * 2
    driver.saved()
    file = json.loads((folder / "a1.json").read_text())
    assert (file["flags"], file["attributes"]) == ({"Blurred": True}, {"weather": "rain"})
    project = driver.services.workspace.project
    image = driver.services.workspace.images[0]
    assert parse("flag:blurred").holds(asked(project, image))
    kept = file["shapes"]
    assert kept[0]["attributes"] == {**wanted, "side": "right"}
    assert kept[0]["description"] == "odd"
    driver.act("undo")
    driver.act("undo")
    assert side.currentIndex() == -1, "what differs is shown as neither"
    assert [dict(each.attributes) for each in driver.document.shapes] == [wanted, {}]
    driver.act("undo")
    canvas.set_selection([first])
    assert age.text() == "3"


def test_attributes_are_typed_one_a_line() -> None:
    for row in (
        AttributeRow("a: b", AttributeKind.NUMBER),
        AttributeRow("c", AttributeKind.CHOICE, ("x", "ü z")),
    ):
        assert row_of(row_text(row)) == row
    for line in ("", "a", ": text", "a:", "x" * (MOST_LETTERS + 1) + ": text"):
        assert row_of(line) is None


def test_groups_are_made_and_taken_as_one_and_locked_ones_stay(
    driver: Driver, folder: Path
) -> None:
    write_labelme(folder / "a1.png", *(shape("cell", *moved(4 * k)) for k in range(3)))
    driver.open(folder)
    canvas = driver.services.viewport
    first, second, third = (each.id for each in driver.document.shapes)
    canvas.set_selection([first, second])
    driver.act("group")
    canvas.set_selection([first])
    driver.act("select_group")
    assert canvas.selection == {first, second}
    canvas.set_selection([third])
    driver.act("lock")
    canvas.set_selection([second, third])
    driver.act("delete")
    assert [each.id for each in driver.document.shapes] == [first, third]
    assert any("1 locked" in text for text in driver.texts)
    driver.act("undo")
    driver.saved()
    again = labelme.read(folder / "a1.json").shapes
    assert again == driver.document.shapes
    assert [(each.group_id, each.locked) for each in again] == [
        (1, False),
        (1, False),
        (None, True),
    ]
    session = driver.services.workspace.session
    with pytest.raises(SessionError, match="locked"):
        session.do(Remove((third,)), "delete")
    canvas.set_selection([third])
    driver.act("lock")
    assert not driver.document.get(third).locked


def test_by_the_rule_of_the_folder_nothing_covers_what_it_should_not(
    driver: Driver, folder: Path
) -> None:
    """However an instance comes; and undo takes it back with all its cuts."""
    big = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0))
    write_labelme(folder / "a1.png", shape("cell", *big))
    driver.open(folder)
    before = driver.document.shapes
    menu = QMenu()
    driver.window.features["arrange"].fill_overlap(menu)
    assert [each.isChecked() for each in menu.actions()] == [True, False, False]
    menu.actions()[1].trigger()
    assert driver.services.labelling.overlap is Overlap.NEW
    driver.draw_rectangle((40, 40), (80, 70))
    old, new = driver.document.shapes
    assert area(intersect(old, new)) <= SLIVER
    assert area(old) < 2200 < area(before[0])
    driver.act("undo")
    assert driver.document.shapes == before
    driver.act("redo")
    assert driver.document.shapes == (old, new)
    # A copy lies on its original until it is put where it belongs.
    driver.services.viewport.set_selection([new.id])
    driver.act("duplicate")
    assert driver.document.shapes[:2] == (old, new)
    driver.act("undo")
    driver.services.editing.combine([old.id, new.id], "union")
    driver.act("undo")
    driver.act("next_overlap")
    assert driver.services.labelling.overlap is Overlap.OLD
    driver.suggest()
    driver.act("accept_all")
    added = driver.document.shapes[2:]
    assert added
    assert driver.document.shapes[:2] == (old, new)
    told = any("would have vanished" in text for text in driver.texts)
    apart = [area(intersect(each, there)) <= SLIVER for each in added for there in (old, new)]
    assert all(apart) or told
    driver.draw_rectangle((20, 20), (30, 30))
    assert any("would have vanished" in text and "“cell”" in text for text in driver.texts)
    driver.saved()
    driver.wait(lambda: load_settings(folder / ".masklens/project.json").overlap is Overlap.OLD)


def test_a_label_without_keypoints_is_asked_about_as_long_as_the_tool_needs_them(
    driver: Driver, folder: Path
) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.services.viewport.set_selection([each.id for each in driver.document.shapes])
    driver.act("tool_keypoints")
    assert ["has no keypoints yet" in text for text in driver.texts] == [True]
    driver.click(10, 10)
    assert len(driver.texts) == 1, "said once, however often one clicks"
    driver.services.labelling.set_skeleton("cell", Skeleton(("nose",)))
    assert driver.texts == []
    driver.click(10, 10)
    assert driver.document.shapes[0].keypoints


def test_escape_lets_go_of_what_is_selected_with_any_tool(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    canvas = driver.services.viewport
    canvas.setFocus()
    for tool in TOOLS:
        canvas.set_selection([each.id for each in driver.document.shapes])
        canvas.set_tool(tool)
        assert canvas.selection, tool
        driver.key(Qt.Key.Key_Escape)
        assert not canvas.selection, tool
