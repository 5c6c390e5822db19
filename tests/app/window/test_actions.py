"""The table of actions: complete, without two meanings for a key, and every icon there."""

from __future__ import annotations

from importlib.resources import files
from itertools import combinations

import pytest
from PySide6.QtGui import QKeySequence

from app.base.action_set import SHARED, conflict
from app.base.actions import GROUPS, MOUSE, Scope, keys_of
from app.window.assembly import ACTIONS
from app.window.key_list import COLUMNS

BY_ID = {action.id: action for action in ACTIONS}
EXPECTED = {
    "next_image": "D",
    "previous_image": "A",
    "tool_polygon": "P",
    "tool_rectangle": "R",
    "tool_select": "Ctrl+J",
    "delete": "Del",
    "duplicate": "Ctrl+D",
    "copy": "Ctrl+C",
    "paste": "Ctrl+V",
    "relabel": "Ctrl+E",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Y",
    "save": "Ctrl+S",
    "fit": "Ctrl+F",
    "accept": "Y",
    "reject": "X",
    "next_suggestion": "Tab",
    "palette": "Ctrl+Shift+P",
    "key_sheet": "F1",
    "label_9": "9",
}


def test_ids_are_used_once() -> None:
    assert len(BY_ID) == len(ACTIONS)


def test_no_key_has_two_meanings() -> None:
    for one, other in combinations(ACTIONS, 2):
        shared = {QKeySequence(k) for k in one.keys} & {QKeySequence(k) for k in other.keys}
        assert not shared or {one.id, other.id} == SHARED, (one.id, other.id)


@pytest.mark.parametrize(("id", "key"), EXPECTED.items())
def test_keys_are_as_people_know_them(id: str, key: str) -> None:
    assert key in BY_ID[id].keys


def test_every_key_can_be_read_by_qt() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert QKeySequence(key).toString() != ""


def test_every_icon_is_drawn() -> None:
    folder = files("resources").joinpath("icons")
    for action in ACTIONS:
        assert not action.icon or folder.joinpath(f"{action.icon}.svg").is_file(), action.icon


def test_every_group_is_on_the_sheet_and_in_a_menu() -> None:
    assert {group for column in COLUMNS for group in column} >= {*GROUPS, MOUSE}
    for action in ACTIONS:
        assert action.group in GROUPS or action.scope is Scope.TOOL


def test_overrides_replace_the_keys() -> None:
    action = BY_ID["next_image"]
    assert keys_of(action, {}) == action.keys
    assert keys_of(action, {"next_image": ["Ctrl+Right"]}) == ("Ctrl+Right",)
    assert keys_of(action, {"next_image": []}) == ()


def test_conflicts() -> None:
    taken = conflict(ACTIONS, "next_image", "P", {})
    assert taken is not None
    assert taken.id == "tool_polygon"
    assert conflict(ACTIONS, "next_image", "P", {"tool_polygon": []}) is None
    assert conflict(ACTIONS, "next_image", "D", {}) is None
    assert conflict(ACTIONS, "last_vertex", "Backspace", {}) is None
