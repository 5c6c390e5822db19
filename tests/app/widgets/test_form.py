"""A form shows each value that its rows allow, and tells what a person chose."""

from __future__ import annotations

from typing import Any

import pytest
import shiboken6
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.form import Choice, Form, Note, Number, Share, clear_rows

ROWS = (
    Choice("pace", "Pace", (("usual", None), ("slow", 1), ("in two", ((0, 0.5), (1, 0.5))))),
    Note("It can be changed later."),
    Number("steps", "Steps", 0, 500, special="as usual", optional=True),
    Number("held", "Held out", 0, 50, 5, special="none", per=100),
    Number("rate", "Rate", 0, 1, 0.1, 2),
    Share("fill", "Fill", "How much"),
)
VALUES: dict[str, tuple[Any, ...]] = {
    "pace": (None, 1, ((0, 0.5), (1, 0.5)), 7),
    "steps": (None, 1, 500),
    "held": (0, 0.05, 0.5),
    "rate": (0, 0.25, 1),
    "fill": (0, 0.35, 1),
}


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    return page


@pytest.fixture
def form(page: QWidget) -> Form:
    made = Form(ROWS, page)
    layout = QFormLayout(page)
    made.fill(layout)
    assert layout.rowCount() == len(ROWS)
    assert "It can be changed later." in {each.text() for each in page.findChildren(QLabel)}
    return made


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_shown_as_it_is_and_without_a_word(form: Form, name: str) -> None:
    told: list[object] = []
    form.changed.connect(lambda *each: told.append(each))
    for value in VALUES[name]:
        form.show_values({name: value})
        assert form.value(name) == value
        assert isinstance(form.value(name), int) == isinstance(value, int) or name != "steps"
    assert told == []
    assert form[name].accessibleName() == form.fields[name].title


def test_what_a_person_chooses_is_told_by_name(form: Form) -> None:
    told: list[tuple[str, object]] = []
    form.changed.connect(lambda *each: told.append(each))
    form["pace"].setCurrentIndex(2)
    form["steps"].setValue(3)
    form["steps"].setValue(0)
    form["held"].setValue(10)
    form["fill"].setValue(20)
    assert told == [
        ("pace", ((0, 0.5), (1, 0.5))),
        ("steps", 3),
        ("steps", None),
        ("held", 0.1),
        ("fill", 0.2),
    ]
    assert form["steps"].text() == "as usual"
    assert form["fill"].toolTip() == "How much"


def test_a_row_may_go_while_its_field_tells_of_a_change(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    form = QFormLayout(page)
    box, told = QComboBox(), list[bool]()
    box.addItems(["one", "two"])
    form.addRow(QLabel("Kept"), QLabel("there"))
    form.addRow(QLabel("Taken"), box)

    def take() -> None:
        clear_rows(form, 1)
        told.append(shiboken6.isValid(box))

    box.currentIndexChanged.connect(take)
    box.setCurrentIndex(1)
    assert told == [True]
    qtbot.waitUntil(lambda: not shiboken6.isValid(box))
    assert form.rowCount() == 1
    assert [each.text() for each in page.findChildren(QLabel)] == ["Kept", "there"]
