"""Earlier versions and another program's change, in the window."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import Qt

from app.editor.versions_feature import VersionsFeature
from core.formats import labelme
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme


def feature(driver: Driver) -> VersionsFeature:
    found = driver.window.features["versions"]
    assert isinstance(found, VersionsFeature)
    return found


def look(driver: Driver, states: int) -> None:
    driver.act("versions")
    driver.wait(lambda: feature(driver).panel.states.count() == states)


def labels(driver: Driver) -> list[str]:
    return [each.label for each in driver.document.instances]


def test_an_earlier_version_is_shown_restored_and_undone(driver: Driver, folder: Path) -> None:
    file = write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    first = file.read_bytes()
    driver.open(folder)
    driver.draw_rectangle((40, 30), (60, 50))
    driver.saved()
    look(driver, 2)
    panel, layer = feature(driver).panel, feature(driver).layer
    assert not driver.services.actions["take_over"].isEnabled()
    assert "as now" in panel.states.item(0).text()
    assert "another program" in panel.states.item(1).text()
    assert "\N{MINUS SIGN}1" in panel.states.item(1).text()
    panel.states.setCurrentRow(1)
    assert (layer.visible, layer.count) == (True, 1)
    assert panel.rows.count() == 1
    panel.rows.setCurrentRow(0)
    assert layer.lit == driver.document.instances[1].id
    driver.services.viewport.grab()
    driver.act("take_over")
    assert labels(driver) == ["cell"]
    driver.wait(lambda: not layer.visible)
    driver.saved()
    assert len(labelme.read(file).shapes) == 1
    driver.act("undo")
    assert len(driver.document.instances) == 2
    driver.saved()
    assert len(labelme.read(file).shapes) == 2
    look(driver, feature(driver).panel.states.count())
    kept = folder / ".masklens" / "versions" / "a1.png"
    assert first in [path.read_bytes() for path in kept.iterdir()]


def test_what_is_not_ticked_stays(driver: Driver, folder: Path) -> None:
    write_labelme(
        folder / "a1.png", shape("cell", *SQUARE), shape("dog", (50, 50), (60, 50), (50, 60))
    )
    driver.open(folder)
    driver.services.viewport.set_selection([each.id for each in driver.document.instances])
    driver.act("delete")
    driver.saved()
    look(driver, 2)
    panel = feature(driver).panel
    panel.states.setCurrentRow(1)
    driver.act("tick_none")
    assert not driver.services.actions["take_over"].isEnabled()
    panel.rows.item(1).setCheckState(Qt.CheckState.Checked)
    driver.act("take_over")
    assert labels(driver) == ["dog"]


def change(folder: Path, **more: object) -> None:
    file = folder / "a1.json"
    value = json.loads(file.read_bytes())
    value["shapes"].append(shape("theirs", (50, 50), (60, 50), (50, 60)))
    value.update(more)
    file.write_text(json.dumps(value))


def test_another_programs_change_is_compared_and_merged(driver: Driver, folder: Path) -> None:
    file = write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.draw_rectangle((40, 30), (60, 50))
    change(folder, note="kept")
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)
    driver.press("Compare")
    assert "image:conflict" in driver.services.central.banners.keys
    panel = feature(driver).panel
    driver.wait(lambda: panel.rows.count() == 2)
    ticks = {
        panel.rows.item(row).text(): panel.rows.item(row).checkState() is Qt.CheckState.Checked
        for row in range(2)
    }
    (mine,) = [text for text in ticks if "here only" in text]
    assert ticks == {mine: False, "+ theirs": True}
    driver.act("take_over")
    assert len(driver.document.instances) == 3
    driver.wait(lambda: "image:conflict" not in driver.services.central.banners.keys)
    driver.saved()
    assert len(labelme.read(file).shapes) == 3
    assert json.loads(file.read_bytes())["note"] == "kept"
    driver.act("undo")
    driver.saved()
    assert "theirs" not in [each.label for each in labelme.read(file).shapes]


def test_theirs_is_taken_whole_and_undone(driver: Driver, folder: Path) -> None:
    file = write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    driver.draw_rectangle((40, 30), (60, 50))
    mine = driver.document.shapes
    change(folder)
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)
    driver.press("Take theirs")
    driver.wait(lambda: labels(driver) == ["cell", "theirs"])
    assert driver.window.status.texts()["save"] == "Saved"
    # It is watched again.
    driver.act("undo")
    assert driver.document.shapes == mine
    driver.saved()
    assert [each.id for each in labelme.read(file).shapes] == [each.id for each in mine]
    change(folder)
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)


def test_a_damaged_version_is_named_and_not_taken(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((40, 30), (60, 50))
    driver.saved()
    (kept,) = (folder / ".masklens" / "versions" / "a1.png").iterdir()
    kept.write_bytes(b"spoiled")
    look(driver, 1)
    panel = feature(driver).panel
    assert "unreadable" in panel.states.item(0).text()
    panel.states.setCurrentRow(0)
    assert not driver.services.actions["take_over"].isEnabled()
    assert feature(driver).layer.count == 0
