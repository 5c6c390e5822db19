"""The tools that help: driven on the viewport with mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.canvas.style import ACCEPTED
from core.document.edits import Add, Reshape
from core.document.geometry import area
from core.document.instance import Source
from core.gestures.select import HINT as HINT_SELECT
from core.gestures.stretch import HINT, HINT_DRAWING
from tests.app.canvas.conftest import SQUARE, instance, suggestion

OUT = ((40, 20), (40, 12), (60, 12), (60, 20))


def test_a_stroke_redraws_a_stretch_and_undo_brings_it_back(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_tool("stretch")
    bench.drag(*OUT)
    ((edit, name),) = bench.edits
    assert isinstance(edit, Reshape)
    assert name == "redraw a stretch"
    assert area(bench.document.get("a")) == pytest.approx(3600 + 160, abs=8)
    assert bench.viewport.selection == {"a"}
    bench.viewport.document_changed(bench.history.undo())
    assert bench.document.get("a").polygons[0].outer == SQUARE


def test_what_the_stroke_would_make_is_seen_before_and_tab_shows_the_other(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_tool("stretch")
    bench.viewport.set_crosshair_visible(False)
    plain = bench.colour(50, 15)
    inside = bench.colour(50, 50)
    assert inside != plain
    QTest.mousePress(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(*OUT[0]))
    for point in OUT[1:]:
        QTest.mouseMove(bench.viewport, bench.at(*point))
    assert bench.colour(50, 15) != plain
    asked = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Tab, Qt.NoModifier)
    asked.ignore()
    QApplication.sendEvent(bench.viewport, asked)
    assert asked.isAccepted()
    bench.key(Qt.Key.Key_Tab)
    assert bench.viewport.hasFocus()
    assert bench.colour(50, 50) == plain
    assert bench.edits == []
    bench.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(*OUT[3]))
    assert bench.edits == []
    bench.viewport.set_selection([])
    assert bench.colour(50, 50) == inside


def test_a_stroke_on_a_suggestion_shows_it_once_as_it_would_become(make_bench):
    bench = make_bench()
    bench.viewport.show_suggestions([suggestion("s", SQUARE)])
    bench.viewport.set_crosshair_visible(False)
    bench.viewport.set_tags_visible(False)
    bench.viewport.set_tool("stretch")
    plain = bench.colour(50, 10)
    QTest.mousePress(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(20, 60))
    for point in ((90, 60), (90, 78), (80, 79)):
        QTest.mouseMove(bench.viewport, bench.at(*point))
    bench.key(Qt.Key.Key_Tab)
    assert bench.colour(50, 40) == plain  # the stretch that the other side gives up
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(80, 79))
    ((edit, _name),) = bench.edits
    assert isinstance(edit, Add)
    assert edit.shapes[0].source is Source.EDITED


def test_the_hint_follows_the_tool_and_what_it_does(make_bench):
    bench = make_bench(instance("a"))
    heard = []
    bench.viewport.hinted.connect(heard.append)
    assert bench.viewport.hint == HINT_SELECT
    bench.viewport.set_tool("stretch")
    bench.drag(*OUT)
    bench.viewport.set_tool("select")
    assert heard == [HINT, HINT_DRAWING, HINT, HINT_SELECT]


LEFT = ((10.0, 40.0), (30.0, 40.0), (30.0, 60.0), (10.0, 60.0))
RIGHT = ((70.0, 40.0), (90.0, 40.0), (90.0, 60.0), (70.0, 60.0))


@pytest.mark.parametrize("button", [Qt.LeftButton, Qt.RightButton])
def test_a_sweep_marks_what_it_will_answer_and_opens_no_menu(make_bench, button):
    bench = make_bench()
    bench.viewport.show_suggestions([suggestion("l", LEFT), suggestion("r", RIGHT)])
    bench.viewport.set_tags_visible(False)
    bench.viewport.set_tool("sweep")
    heard, menus = [], []
    bench.viewport.answered.connect(lambda ids, accepted: heard.append((ids, accepted)))
    bench.viewport.context_requested.connect(lambda *what: menus.append(what))
    before = bench.colour(85, 45)
    QTest.mousePress(bench.viewport, button, Qt.NoModifier, bench.at(20, 50))
    QTest.mouseMove(bench.viewport, bench.at(80, 50))
    marked = bench.colour(85, 45)
    assert marked != before
    QTest.mouseRelease(bench.viewport, button, Qt.NoModifier, bench.at(80, 50))
    assert heard == [({"l", "r"}, button == Qt.LeftButton)]
    assert menus == []
    assert bench.colour(85, 45) != marked


def test_a_stroke_is_dropped_when_what_it_redraws_has_changed(make_bench):
    bench = make_bench(instance("a"))
    bench.apply(Reshape("a", instance("a", LEFT).polygons), "reshape")
    bench.viewport.set_tool("stretch")
    QTest.mousePress(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(15, 40))
    QTest.mouseMove(bench.viewport, bench.at(15, 30))
    QTest.mouseMove(bench.viewport, bench.at(25, 30))
    bench.viewport.document_changed(bench.history.undo())
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(25, 40))
    assert len(bench.edits) == 1
    assert bench.document.get("a").polygons[0].outer == SQUARE


def test_a_vertex_snaps_to_a_neighbour_and_the_place_is_marked(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_snapping(True)
    bench.viewport.set_crosshair_visible(False)
    bench.viewport.set_tool("polygon")
    QTest.mouseMove(bench.viewport, bench.at(21, 21))
    assert np.any(np.all(bench.pixels() == ACCEPTED.getRgb()[:3], axis=2))
    QTest.mouseMove(bench.viewport, bench.at(10, 10))
    assert not np.any(np.all(bench.pixels() == ACCEPTED.getRgb()[:3], axis=2))
    for x, y in ((21, 21), (50, 5), (79, 19)):
        bench.click(x, y)
    bench.key(Qt.Key.Key_Return)
    ((edit, _name),) = bench.edits
    assert {(20.0, 20.0), (80.0, 20.0)} <= set(edit.shapes[0].polygons[0].outer)
