"""The viewport under a real mouse and keyboard: what a person does comes out as edits."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.canvas.layers.boxes import BoxLayer
from core.document.edits import Add, Remove, Reshape
from core.lens.views.marks import BoxesShown, Group
from tests.app.canvas.conftest import SQUARE, instance, suggestion

FAR = ((90.0, 60.0), (115.0, 60.0), (115.0, 90.0), (90.0, 90.0))


def test_draw_a_polygon(make_bench):
    bench = make_bench()
    bench.viewport.set_tool("polygon")
    for point in ((20, 20), (70, 22), (60, 70)):
        bench.click(*point)
    assert bench.viewport.busy
    bench.key(Qt.Key.Key_Return)
    ((edit, name),) = bench.edits
    assert isinstance(edit, Add)
    assert name == "draw polygon"
    outer = edit.shapes[0].polygons[0].outer
    assert [(round(x), round(y)) for x, y in outer] == [(20, 20), (70, 22), (60, 70)]
    assert bench.viewport.selection == {edit.shapes[0].id}


def test_space_closes_but_not_after_panning(make_bench):
    bench = make_bench()
    bench.viewport.set_tool("polygon")
    for point in ((20, 20), (70, 22), (60, 70)):
        bench.click(*point)
    centre = bench.viewport.view()[0]
    QTest.keyPress(bench.viewport, Qt.Key.Key_Space)
    bench.drag((60, 50), (50, 40))
    QTest.keyRelease(bench.viewport, Qt.Key.Key_Space)
    assert bench.edits == []
    assert bench.viewport.view()[0] == pytest.approx((centre[0] + 10, centre[1] + 10), abs=0.5)
    bench.key(Qt.Key.Key_Space)
    assert len(bench.edits) == 1


def test_undo_while_drawing_takes_back_a_vertex_and_is_no_shortcut(make_bench):
    bench = make_bench(instance("a"))
    press = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.ControlModifier)
    press.ignore()
    QApplication.sendEvent(bench.viewport, press)
    assert not press.isAccepted()
    bench.viewport.set_tool("polygon")
    for point in ((20, 20), (70, 22), (60, 70), (20, 60)):
        bench.click(*point)
    QApplication.sendEvent(bench.viewport, press)
    assert press.isAccepted()
    bench.key(Qt.Key.Key_Z, Qt.ControlModifier)
    bench.key(Qt.Key.Key_Return)
    assert len(bench.edits[0][0].shapes[0].polygons[0].outer) == 3


def test_drag_a_vertex(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_selection(["a"])
    bench.drag((20, 20), (14, 13), (10, 9))
    ((edit, name),) = bench.edits
    assert isinstance(edit, Reshape)
    assert name == "move vertex"
    assert bench.document.get("a").polygons[0].outer[0] == pytest.approx((10, 9), abs=0.2)
    bench.viewport.document_changed(bench.history.undo())
    assert bench.document.get("a").polygons[0].outer == SQUARE


def test_drag_an_instance_that_was_not_selected(make_bench):
    bench = make_bench(instance("a"), instance("b", FAR))
    seen = []
    bench.viewport.selection_changed.connect(seen.append)
    bench.drag((50, 60), (55, 60), (56, 63))
    assert bench.document.get("a").polygons[0].outer[0] == pytest.approx((26, 23), abs=0.3)
    assert seen == [frozenset({"a"})]


def test_a_rectangle_by_drag(make_bench):
    bench = make_bench()
    bench.viewport.set_tool("rectangle")
    bench.drag((10, 10), (30, 30), (50, 40))
    assert bench.edits[0][1] == "draw rectangle"


def test_a_hole_is_cut(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_selection(["a"])
    bench.viewport.set_tool("cut")
    for point in ((40, 40), (60, 40), (60, 60)):
        bench.click(*point)
    bench.key(Qt.Key.Key_Return)
    assert len(bench.document.get("a").polygons[0].holes) == 1


def test_escape_cancels_a_drag(make_bench):
    bench = make_bench(instance("a"))
    QTest.mousePress(bench.viewport, Qt.LeftButton, pos=bench.at(50, 60))
    QTest.mouseMove(bench.viewport, bench.at(70, 70))
    assert bench.viewport.busy
    bench.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, pos=bench.at(70, 70))
    assert bench.edits == []


def test_arrows_nudge_the_selection_and_pan_without_one(make_bench):
    bench = make_bench(instance("a"))
    before = bench.viewport.view()[0]
    bench.key(Qt.Key.Key_Right)
    assert bench.viewport.view()[0][0] > before[0]
    assert bench.edits == []
    bench.viewport.set_selection(["a"])
    bench.key(Qt.Key.Key_Right)
    assert bench.document.get("a").polygons[0].outer[0] == (21, 20)


def test_what_is_gone_is_no_longer_selected(make_bench):
    bench = make_bench(instance("a"), instance("b", FAR))
    bench.viewport.set_selection(["a", "b"])
    bench.apply(Remove(("a",)), "delete")
    assert bench.viewport.selection == {"b"}


def test_a_change_from_elsewhere_ends_a_drag(make_bench):
    bench = make_bench(instance("a"))
    QTest.mousePress(bench.viewport, Qt.LeftButton, pos=bench.at(50, 60))
    QTest.mouseMove(bench.viewport, bench.at(70, 70))
    bench.apply(Remove(("a",)), "delete")
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, pos=bench.at(70, 70))
    assert len(bench.edits) == 1


def test_suggestions_are_picked_and_activated(make_bench):
    bench = make_bench(instance("a"))
    picked, activated = [], []
    bench.viewport.suggestion_picked.connect(picked.append)
    bench.viewport.suggestion_activated.connect(activated.append)
    bench.viewport.show_suggestions([suggestion("s", FAR)])
    bench.click(100, 75)
    assert picked == [{"s"}]
    QTest.mouseDClick(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(100, 75))
    assert activated == ["s"]
    bench.viewport.select_suggestions(["s"])
    bench.viewport.show_suggestions([])
    assert picked[-1] == frozenset()


def test_two_vertices_beside_each_other_are_quickly_taken_away(make_bench):
    ring = (*SQUARE[:2], (80.0, 50.0), (80.0, 50.5), *SQUARE[2:])
    bench = make_bench(instance("a", ring))
    heard = []
    bench.viewport.instance_activated.connect(heard.append)
    bench.click(50, 50)
    at, shift, left = bench.at(80, 50), Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    bench.click(80, 50, held=shift)
    QTest.mouseDClick(bench.viewport, left, shift, at)  # as it comes without a pause
    QTest.mouseRelease(bench.viewport, left, shift, at)
    assert bench.document.get("a").polygons[0].outer == SQUARE
    assert heard == []


def test_a_double_click_on_an_instance_activates_it(make_bench, qtbot):
    bench = make_bench(instance("a"))
    with qtbot.waitSignal(bench.viewport.instance_activated) as heard:
        QTest.mouseDClick(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(50, 60))
    assert heard.args == ["a"]
    assert bench.edits == []


def test_a_right_click_asks_for_a_menu(make_bench):
    bench = make_bench(instance("a"))
    heard = []
    bench.viewport.context_requested.connect(lambda at, hit: heard.append((at, hit)))
    bench.click(50, 60, Qt.RightButton)
    ((at, hit),) = heard
    assert at == bench.viewport.mapToGlobal(bench.at(50, 60))
    assert hit.id == "a"
    bench.click(110, 95, Qt.RightButton)
    assert heard[1][1] is None


def test_why_nothing_was_drawn_is_said(make_bench, qtbot):
    bench = make_bench()
    bench.viewport.set_tool("rectangle")
    with qtbot.waitSignal(bench.viewport.refused) as heard:
        bench.drag((10, 10), (60, 10))
    assert heard.args[0].id.startswith("ge")


def wheel(bench, at: QPoint, notches: float, held=Qt.NoModifier) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(bench.viewport.mapToGlobal(at)),
        QPoint(),
        QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(bench.viewport, event)


def test_ctrl_wheel_zooms_at_the_pointer_and_repeats_scales(make_bench):
    bench = make_bench()
    zooms = []
    bench.viewport.zoom_changed.connect(zooms.append)
    at = bench.at(30, 40)
    for _ in range(4):
        wheel(bench, at, 1, Qt.ControlModifier)
    assert bench.viewport.view()[1] == pytest.approx(8.0)
    assert bench.viewport._navigator.view.to_image(at.x(), at.y()) == pytest.approx(
        (30, 40), abs=0.3
    )
    for _ in range(4):
        wheel(bench, at, -1, Qt.ControlModifier)
    assert bench.viewport.view()[1] == 4.0
    assert len(zooms) == 8


def test_the_bare_wheel_goes_down_and_shift_sideways(make_bench):
    bench = make_bench()
    x, y = bench.viewport.view()[0]
    wheel(bench, QPoint(100, 100), -1)
    assert bench.viewport.view()[0] == pytest.approx((x, y + 96 / 4))
    wheel(bench, QPoint(100, 100), 1, Qt.ShiftModifier)
    assert bench.viewport.view()[0][0] == pytest.approx(x - 96 / 4)
    bench.viewport.set_wheel_zooms(True)
    wheel(bench, QPoint(100, 100), 4)
    assert bench.viewport.view()[1] == pytest.approx(8.0)


def test_middle_drag_pans(make_bench):
    bench = make_bench(instance("a"))
    x, y = bench.viewport.view()[0]
    bench.drag((50, 50), (55, 60), button=Qt.MiddleButton)
    assert bench.viewport.view()[0] == pytest.approx((x - 5, y - 10), abs=0.3)
    assert bench.edits == []
    assert bench.viewport.selection == frozenset()


def test_fit_follows_the_window_until_one_zooms(make_bench):
    bench = make_bench()
    bench.viewport.fit()
    fitted = bench.viewport.view()[1]
    bench.viewport.resize(300, 240)
    assert bench.viewport.view()[1] < fitted
    bench.viewport.zoom_by(2)
    chosen = bench.viewport.view()[1]
    bench.viewport.resize(600, 480)
    assert bench.viewport.view()[1] == chosen
    bench.viewport.actual_size()
    assert bench.viewport.view()[1] == 1.0


def test_reveal_moves_no_further_than_needed(make_bench):
    bench = make_bench(instance("b", FAR), size=(2000, 2000))
    bench.viewport.set_view((1000, 1000), 2.0)
    from core.document.geometry import Rect

    bench.viewport.reveal(Rect(990, 990, 1010, 1010))
    assert bench.viewport.view() == ((1000, 1000), 2.0)
    bench.viewport.reveal(Rect(90, 60, 115, 90))
    visible = bench.viewport._navigator.view.visible()
    assert visible.x0 <= 90
    assert visible.y0 <= 60
    assert bench.viewport.view()[1] == 2.0


def test_pointer_position_is_told_in_image_pixels(make_bench):
    bench = make_bench()
    heard = []
    bench.viewport.pointer_moved.connect(lambda x, y: heard.append((x, y)))
    QTest.mouseMove(bench.viewport, bench.at(33, 44))
    assert heard[-1] == pytest.approx((33, 44), abs=0.2)


def test_a_hidden_layer_does_not_answer_the_mouse(make_bench):
    """Neither a click nor the pointer reaches boxes that nobody sees."""
    bench = make_bench(instance("a"))
    hovered, picked = [], []
    layer = BoxLayer(hovered.append, picked.append, str)
    layer.show(BoxesShown((Group(np.array([[30.0, 30, 60, 60]]), np.array([3]), (255, 0, 0)),), 1))
    bench.viewport.add_layer(layer)
    assert not layer.visible
    bench.click(30, 45)
    assert (hovered, picked) == ([], [])
    assert bench.viewport.selection == {"a"}
    layer.visible = True
    bench.click(45, 30)
    assert (hovered[-1], picked) == (3, [3])
    layer.visible = False
    bench.click(60, 45)
    assert picked == [3]
