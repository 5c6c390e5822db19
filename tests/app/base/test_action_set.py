"""Rows of a table as actions: who answers, when one is possible, how switches and held keys act."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.base.action_set import ActionSet
from app.base.actions import EDIT, FILE, VIEW, Action, Scope, in_order
from app.base.settings import KEYS, Settings


class Lamp(QObject):
    """Something to switch, with a table of what can be done."""

    def __init__(self) -> None:
        super().__init__()
        self.on = False
        self.ready = True
        self.heard: list[object] = []
        self.asked = 0

    def is_ready(self) -> bool:
        self.asked += 1
        return self.ready

    def switch(self, on: bool) -> None:
        self.on = on
        self.heard.append(on)

    def fill(self, menu: QMenu) -> None:
        menu.clear()
        menu.addAction("one")

    ACTIONS: ClassVar[tuple[Action[Lamp], ...]] = (
        Action("blink", VIEW, "Blink", ("B",), when=(is_ready,), do=lambda s: s.heard.append("b")),
        Action("light", EDIT, "Light", ("L",), "eye", (is_ready,), turn=switch,
               checked=lambda s: s.on, detail=lambda s: "off" if s.on else ""),
        Action("shade", VIEW, "Shade", ("H",), turn=switch, scope=Scope.HOLD),
        Action("lamps", FILE, "Lamps", fill=fill),
        Action("wave", VIEW, "Wave", ("W",), scope=Scope.TOOL),
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


@pytest.fixture
def actions(settings: Settings, window: QWidget) -> ActionSet:
    made = ActionSet(in_order(Lamp.ACTIONS), settings, window)
    made.add_to(window, window)
    return made


def test_rows_stand_in_the_order_of_the_menus(actions: ActionSet) -> None:
    assert list(actions.rows) == ["lamps", "light", "blink", "shade", "wave"]


def test_nothing_is_possible_before_somebody_answers(actions: ActionSet) -> None:
    actions.refresh()
    assert actions.enabled() == []


def test_a_condition_is_asked_once_and_decides(actions: ActionSet) -> None:
    lamp = Lamp()
    actions.bind(lamp)
    actions.refresh()
    assert lamp.asked == 1
    assert {row.id for row in actions.enabled()} == {"blink", "light"}
    actions["blink"].trigger()
    assert lamp.heard == ["b"]
    lamp.ready = False
    actions.refresh()
    actions["blink"].trigger()
    assert lamp.heard == ["b"]
    assert actions.enabled() == []


def test_many_changes_ask_once_and_before_anything_is_chosen(
    actions: ActionSet, window: QWidget, qapp: QApplication
) -> None:
    lamp = Lamp()
    actions.bind(lamp)
    actions.refresh()
    button = QToolButton(window)
    button.setDefaultAction(actions["blink"])
    for _ in range(5):
        actions.outdate()
    assert lamp.asked == 1
    qapp.processEvents()
    assert lamp.asked == 2
    lamp.ready = False
    actions.outdate()
    QTest.keyClick(window, Qt.Key.Key_B)
    assert (lamp.heard, lamp.asked) == ([], 3), "a key finds what holds by now"
    lamp.ready = True
    actions.outdate()
    assert not button.isEnabled()
    QTest.mousePress(window, Qt.MouseButton.LeftButton)
    assert button.isEnabled(), "and so does a click"
    lamp.ready = False
    actions.outdate()
    assert not actions["blink"].isEnabled()
    qapp.processEvents()
    assert lamp.asked == 5, "what was asked for a caller is not asked again"


def test_a_switch_shows_what_holds(actions: ActionSet) -> None:
    lamp = Lamp()
    actions.bind(lamp)
    actions.refresh()
    assert (actions["light"].isChecked(), actions["light"].text()) == (False, "Light")
    actions["light"].trigger()
    assert lamp.heard == [True]
    actions.refresh()
    assert (actions["light"].isChecked(), actions["light"].text()) == (True, "Light: off")
    lamp.on = False
    actions.refresh()
    assert (actions["light"].isChecked(), actions["light"].text()) == (False, "Light")


def test_a_held_key_is_off_when_it_comes_up(actions: ActionSet, window: QWidget) -> None:
    lamp = Lamp()
    actions.bind(lamp)
    actions.refresh()
    actions["shade"].trigger()
    actions["shade"].trigger()  # some systems repeat the press
    assert lamp.on
    QTest.keyRelease(window, Qt.Key.Key_H)
    assert lamp.heard == [True, True, False]
    QTest.keyRelease(window, Qt.Key.Key_H)
    assert lamp.heard == [True, True, False]


def test_a_menu_is_filled_when_it_opens(actions: ActionSet) -> None:
    actions.bind(Lamp())
    menu = actions["lamps"].menu()
    menu.aboutToShow.emit()
    menu.aboutToShow.emit()
    assert [each.text() for each in menu.actions()] == ["one"]


def test_keys_of_the_user_count(actions: ActionSet, settings: Settings) -> None:
    assert actions.keys("blink") == ["B"]
    settings.set(KEYS, {"blink": ["Ctrl+K"]})
    assert actions["blink"].shortcut().toString() == "Ctrl+K"
    assert actions["blink"].toolTip() == "Blink  (Ctrl+K)"
