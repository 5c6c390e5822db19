"""The curves of a run: what is painted of long ones, and what the legend says."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.learning.panel.curves import Curves, Line, line_colour, nice_above, running_mean, thinned


@pytest.mark.parametrize(
    ("value", "top"), [(0.0, 1.0), (0.3, 0.3), (0.31, 0.5), (1.2, 1.5), (7.0, 10.0), (160.0, 200.0)]
)
def test_the_top_of_the_axis_is_a_round_number(value: float, top: float) -> None:
    assert nice_above(value) == pytest.approx(top)


def test_a_value_that_is_no_number_does_not_break_the_axis() -> None:
    assert nice_above(float("nan")) == 1.0
    assert nice_above(float("inf")) == 1.0


def test_the_running_mean_begins_as_a_plain_one() -> None:
    assert running_mean(np.array([4.0, 2.0, 0.0])) == pytest.approx([4.0, 3.0, 2.0])
    late = running_mean(np.concatenate([np.zeros(100), np.ones(100)]))
    assert late[99] == 0.0
    assert 0.99 < late[199] < 1.0


def test_a_long_curve_keeps_its_peaks() -> None:
    x = np.linspace(0, 100, 2000)
    y = np.zeros(2000)
    y[777] = 9.0
    thin_x, thin_y = thinned(x, y)
    assert len(thin_x) == len(thin_y) <= 2 * 51
    assert thin_y.max() == 9.0
    assert (np.diff(thin_x) >= 0).all()


def test_lines_and_their_last_values_are_shown(qtbot: QtBot) -> None:
    curves = Curves("Losses", 120, 2)
    qtbot.addWidget(curves)
    curves.resize(260, 200)
    curves.show_lines([Line("mask", ((0, 1.0), (10, 0.5)), 0), Line("box", (), 1)], 10)
    assert curves.accessibleName() == "Losses: mask 0.50, box"
    curves.show()
    image = curves.plot.grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(60)}
    assert QColor(line_colour(0)).name() in seen
