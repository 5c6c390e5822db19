"""The label is asked for after drawing, where that is wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.base.settings import ASK_LABEL
from app.editor.asking_feature import AskFeature
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def asking(driver: Driver, folder: Path) -> Driver:
    write_labelme(
        folder / "a1.png", shape("cell", *SQUARE), shape("giraffe", *SQUARE), shape("dog", *SQUARE)
    )
    driver.open(folder)
    driver.services.labelling.activate("cell")
    driver.act("ask_label")
    assert driver.services.settings.get(ASK_LABEL)
    driver.services.viewport.setFocus()
    return driver


def finder_of(driver: Driver):
    feature = driver.window.features["ask"]
    assert isinstance(feature, AskFeature)
    finder = feature.finder
    return finder if finder is not None and finder.isVisible() else None


def drawn(driver: Driver):
    return driver.document.instances[3:]


def polygon(driver: Driver, *points: tuple[float, float]) -> None:
    driver.key(Qt.Key.Key_P)
    for point in points:
        driver.click(*point)
    driver.key(Qt.Key.Key_Return)


def typed(driver: Driver, text: str) -> None:
    for letter in text:
        QTest.keyClick(driver.window.focusWidget(), letter)


def test_a_name_is_typed_as_soon_as_the_outline_is_closed(asking: Driver) -> None:
    polygon(asking, (10, 40), (30, 41), (20, 55))
    finder = finder_of(asking)
    assert finder is not None
    assert finder.list.item(0).text() == "cell"  # the last one comes first
    assert "Escape keeps cell" in asking.window.status.texts()["hint"]
    typed(asking, "gir")
    asking.key(Qt.Key.Key_Return)
    assert [each.label for each in drawn(asking)] == ["giraffe"]
    assert asking.services.labelling.active == "giraffe"
    assert asking.services.viewport.hasFocus()
    assert finder_of(asking) is None
    assert "Escape keeps" not in asking.window.status.texts()["hint"]
    asking.key(Qt.Key.Key_Z, CTRL)  # one act
    assert drawn(asking) == ()
    asking.key(Qt.Key.Key_Y, CTRL)
    assert [each.label for each in drawn(asking)] == ["giraffe"]
    asking.saved()
    typed(asking, "d")  # a key for the canvas again
    asking.wait(lambda: asking.services.workspace.path.name == "a2.png")


def test_digits_escape_a_click_and_undo_answer_too(asking: Driver) -> None:
    asking.key(Qt.Key.Key_R)
    asking.drag((10, 40), (20, 50))
    typed(asking, "3")
    assert [each.label for each in drawn(asking)] == ["dog"]
    asking.drag((30, 40), (40, 50))
    assert finder_of(asking).list.item(0).text() == "dog"
    asking.key(Qt.Key.Key_Escape)
    assert drawn(asking)[-1].label == "dog"
    assert asking.services.viewport.hasFocus()
    asking.drag((50, 40), (60, 50))
    asking.drag((70, 10), (80, 20))  # on with the next: nothing stands in the way
    assert [each.label for each in drawn(asking)] == ["dog"] * 4
    assert finder_of(asking) is not None
    asking.key(Qt.Key.Key_Z, CTRL)
    assert len(drawn(asking)) == 3
    assert asking.services.viewport.hasFocus()
    asking.drag((70, 10), (80, 20))
    typed(asking, "okapi")
    asking.key(Qt.Key.Key_PageDown)  # moves in the list, not to the next image
    asking.key(Qt.Key.Key_Return)
    assert drawn(asking)[-1].label == "okapi"
    assert "okapi" in asking.services.labelling.names


def test_nobody_is_asked_who_has_not_drawn_or_has_gone_on(asking: Driver, folder: Path) -> None:
    asking.act("select_all")
    asking.act("duplicate")
    assert finder_of(asking) is None
    asking.key(Qt.Key.Key_R)
    asking.drag((10, 40), (20, 50))
    assert finder_of(asking) is not None
    asking.go(folder / "a2.png")
    assert finder_of(asking) is None
    asking.services.settings.set(ASK_LABEL, False)
    asking.services.viewport.setFocus()
    asking.drag((10, 40), (20, 50))
    assert finder_of(asking) is None
    assert len(asking.document.instances) == 1


def test_keys_typed_ahead_go_to_the_list_first_and_then_to_the_images_meant(
    asking: Driver, folder: Path
) -> None:
    asking.key(Qt.Key.Key_R)
    asking.drag((10, 40), (20, 50))
    for letter in "dog":  # the list has the keyboard: no step, no mark
        typed(asking, letter)
    asking.key(Qt.Key.Key_Return)
    for letter in "ddm":  # now they are for the canvas, and for the image they lead to
        QTest.keyClick(asking.services.viewport, letter)
    asking.wait(lambda: asking.services.workspace.path == folder / "a10.png")
    asking.wait(lambda: asking.document.done)
    labels = [each["label"] for each in json.loads((folder / "a1.json").read_text())["shapes"]]
    assert labels[3:] == ["dog"]
    assert not (folder / "a2.json").exists()
    # While another image is on its way nobody is asked, and no key is taken for a label.
    asking.drag((10, 40), (20, 50))
    asking.key(Qt.Key.Key_Escape)
    asking.services.viewport.setFocus()
    asking.act("previous_image")
    assert asking.services.workspace.under_way
    asking.drag((30, 40), (40, 50))
    assert finder_of(asking) is None
    QTest.keyClick(asking.services.viewport, "m")
    asking.wait(lambda: asking.services.workspace.path == folder / "a2.png")
    asking.wait(lambda: asking.document.done)
