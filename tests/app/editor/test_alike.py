"""Everything like this: suggestions for examples, and what answers change."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from core.document.instance import Source
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme


def lefts(driver: Driver) -> list[float]:
    return sorted(each.polygons[0].outer[0][0] for each in driver.services.suggesting.shown)


def begin(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("rare", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.act("select_all")
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_J)
    driver.wait(lambda: len(driver.services.suggesting.shown) == 4)


def test_what_is_alike_is_suggested_under_the_label_of_the_example(
    driver: Driver, folder: Path
) -> None:
    begin(driver, folder)
    assert lefts(driver) == [5, 27, 49, 71]
    assert {each.label for each in driver.services.suggesting.shown} == {"rare"}
    assert {each.source for each in driver.services.suggesting.shown} == {Source.SUGGESTED}
    assert len(driver.document.instances) == 1
    assert any("4" in text for text in driver.texts)


def test_each_answer_moves_the_line(driver: Driver, folder: Path) -> None:
    begin(driver, folder)
    suggesting = driver.services.suggesting
    third = next(each for each in suggesting.shown if each.polygons[0].outer[0][0] == 49)
    suggesting.pick([third.id])
    driver.act("reject")
    driver.wait(lambda: lefts(driver) == [5, 27])
    first = next(each for each in suggesting.shown if each.polygons[0].outer[0][0] == 5)
    suggesting.pick([first.id])
    driver.act("accept")
    driver.wait(lambda: lefts(driver) == [27])
    assert suggesting.picked == {suggesting.shown[0].id}
    assert driver.document.instances[-1].source is Source.ACCEPTED
    driver.act("undo")
    driver.act("undo")
    driver.wait(lambda: lefts(driver) == [5, 27, 49, 71])


def test_other_suggestions_stay(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.services.suggesting.set_threshold(0.1)
    driver.act("next_suggestion")
    driver.act("accept")
    assert len(driver.services.suggesting.shown) == 1
    driver.act("select_all")
    driver.act("alike")
    driver.wait(lambda: len(driver.services.suggesting.shown) > 3)


def test_it_ends_with_the_image(driver: Driver, folder: Path) -> None:
    begin(driver, folder)
    driver.go(folder / "a2.png")
    driver.draw_rectangle((10.0, 10.0), (30.0, 30.0))
    assert driver.services.suggesting.shown == ()
