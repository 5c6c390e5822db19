"""Scroll bars on the canvas: there when the image is larger, true, and of use."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollBar

from app.canvas.overview import Overview
from tests.app.canvas.conftest import instance


def bars(viewport) -> dict[Qt.Orientation, QScrollBar]:
    return {bar.orientation(): bar for bar in viewport.findChildren(QScrollBar)}


ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


def test_bars_are_there_while_the_image_is_larger(make_bench):
    viewport = make_bench(instance("a")).viewport
    viewport.fit()
    assert not any(bar.isVisible() for bar in bars(viewport).values())
    viewport.set_view((50, 40), 40.0)
    assert all(bar.isVisible() for bar in bars(viewport).values())
    viewport.show_image(None)
    assert not any(bar.isVisible() for bar in bars(viewport).values())


def test_a_bar_stands_where_the_view_is(make_bench):
    viewport = make_bench(instance("a")).viewport
    width, height = viewport._navigator.image
    viewport.set_view((0, height), 40.0)
    across, down = bars(viewport)[ACROSS], bars(viewport)[DOWN]
    assert (across.value(), down.value()) == (across.minimum(), down.maximum())
    viewport.set_view((width / 4, height / 2), 40.0)
    assert across.value() / across.maximum() == pytest.approx(0.25, abs=0.01)
    share = across.pageStep() / (across.maximum() + across.pageStep())
    assert share == pytest.approx(viewport.width() / (40 * width + viewport.width()), abs=0.01)


def test_a_bar_moves_the_view_in_its_own_direction_only(make_bench):
    viewport = make_bench(instance("a")).viewport
    viewport.set_view((33.37, 41.73), 40.0)
    bars(viewport)[ACROSS].setValue(40 * 60)
    (x, y), scale = viewport.view()
    assert (x, y, scale) == (60.0, 41.73, 40.0)


def test_the_mouse_on_a_bar_draws_nothing(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_view((50, 40), 40.0)
    bench.viewport.set_active_label("cell")
    bench.viewport.set_tool("rectangle")
    bar = bars(bench.viewport)[DOWN]
    before = bench.viewport.view()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.rect().bottomRight())
    assert not bench.viewport.busy
    assert bench.viewport.view() != before
    assert bench.viewport.view()[0][0] == before[0][0]


def test_the_overview_frames_what_is_in_sight_and_leads_there(make_bench, qtbot):
    viewport = make_bench(instance("a")).viewport
    overview = viewport.findChild(Overview)
    viewport.set_view((50, 40), 40.0)
    assert not overview.isVisible()  # nobody wants it
    viewport.set_overview_wanted(True)
    assert overview.isVisible()
    width, height = viewport._navigator.image
    scale = overview.width() / width
    assert overview.height() == pytest.approx(height * scale, abs=1)
    assert overview.frame().width() == pytest.approx(viewport.width() / 40 * scale, abs=0.5)
    assert overview.frame().center().x() == pytest.approx(50 * scale, abs=0.5)
    shot = overview.grab().toImage()
    inside, outside = overview.frame().center(), overview.rect().topLeft()
    ratio = shot.devicePixelRatio()
    light = shot.pixelColor((inside * ratio).toPoint()).lightness()
    assert light > shot.pixelColor(round(outside.x() + 3), round(outside.y() + 3)).lightness()

    def at(x: float, y: float) -> QPoint:
        return QPoint(round(x * scale), round(y * scale))

    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(overview, left, pos=at(20, 30))  # beside the frame: there
    assert viewport.view()[0] == pytest.approx((20, 30), abs=1 / scale)
    QTest.mousePress(overview, left, pos=at(21, 31))  # in the frame: it moves with the pointer
    assert viewport.view()[0] == pytest.approx((20, 30), abs=1 / scale)
    QTest.mouseMove(overview, at(61, 51))
    QTest.mouseRelease(overview, left, pos=at(61, 51))
    assert viewport.view() == (pytest.approx((60, 50), abs=2 / scale), 40.0)
    QTest.mouseMove(overview, at(10, 10))
    assert viewport.view()[0] == pytest.approx((60, 50), abs=2 / scale)
    viewport.fit()
    assert not overview.isVisible()
    viewport.set_view((50, 40), 40.0)
    assert overview.isVisible()
    viewport.show_image(None)
    assert not overview.isVisible()
