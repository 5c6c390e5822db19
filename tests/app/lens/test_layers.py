"""Layers and rows on arrays: what is under the pointer, what is drawn, what a filter keeps."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.base import LayerView
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.cells import CellLayer
from app.lens.panel.knobs import SCALES, STEPS, KnobsPage, Scale
from core.document.geometry.measure import Rect
from core.lens.cells import CellLevel
from core.lens.colours import Style
from core.lens.settings import COUNTS as LIMITS
from core.lens.settings import NETWORK_SETTINGS, PROPOSER_SETTINGS, StageSettings
from core.lens.trace import Anchors
from core.lens.views.marks import AnchorsShown, BoxesShown, CellSeen, CellsShown, Group
from core.lens.views.table import Column, Table


def small_anchors() -> Anchors:
    """Two levels of 8 and 16 pixels, two shapes a cell, on 64×32 pixels."""
    boxes = []
    for stride, side in ((8, 6.0), (16, 12.0)):
        for y in range(0, 32, stride):
            for x in range(0, 64, stride):
                boxes += [[x - side, y - side, x + side, y + side]]
                boxes += [[x - side, y - side / 2, x + side, y + side / 2]]
    grids, strides = ((4, 8), (2, 4)), ((8, 8), (16, 16))
    return Anchors(np.array(boxes, np.float32), grids, strides, 2)


def paint(layer: AnchorLayer | BoxLayer | CellLayer, scale: float) -> QImage:
    image = QImage(round(64 * scale), round(32 * scale), QImage.Format.Format_ARGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.scale(scale, scale)
    layer.paint(painter, LayerView(Rect(0, 0, 64, 32), scale, 1.0, image.size().toTuple()))
    painter.end()
    return image


def shown_anchors(
    level: int | None = None, shape: int | None = None
) -> tuple[AnchorLayer, list[int | None], list[int]]:
    hovered: list[int | None] = []
    picked: list[int] = []
    layer = AnchorLayer(hovered.append, picked.append, str)
    anchors = small_anchors()
    count = len(anchors.boxes)
    strength = np.linspace(0, 1, count, dtype=np.float32)
    looks = np.zeros((count, 4), np.uint8)
    looks[:] = (255, 0, 0, 255)
    layer.show(AnchorsShown(anchors, (1.0, 1.0), strength, looks, (), False, level, shape))
    layer.boxes_shown = False
    return layer, hovered, picked


def test_every_cell_in_sight_has_its_dot_when_near(qapp: object) -> None:
    layer, _, _ = shown_anchors(0)
    image = paint(layer, 4.0)
    for row in range(4):
        for column in range(8):
            assert image.pixelColor(column * 32, row * 32) == QColor("red")
    assert image.pixelColor(16, 16) == QColor("black")


def test_a_picture_when_far(qapp: object) -> None:
    layer, _, _ = shown_anchors(0)
    image = paint(layer, 0.25)
    assert image.pixelColor(7, 3) == QColor("red")


def test_cells_are_found_by_division_and_their_strongest_is_picked(qapp: object) -> None:
    layer, hovered, picked = shown_anchors()
    assert layer.count == len(small_anchors().boxes)
    assert layer.hover(17.0, 9.0, 1.0)
    anchor = small_anchors().cell_index(0, 1, 2, 1)  # the later of the two is stronger
    assert hovered == [anchor]
    assert not layer.hover(16.5, 8.5, 1.0)
    assert layer.pick(17.0, 9.0, 1.0)
    assert picked == [anchor]
    assert not layer.pick(17.0, 9.0, 40.0)  # too small to hit
    layer, hovered, _ = shown_anchors(1, 0)
    assert layer.hover(17.0, 9.0, 1.0)
    assert layer.cell_at(17.0, 9.0) == (1, 1, 1)
    assert layer.count == 8
    layer.leave()
    assert hovered[-1] is None


def test_a_box_is_taken_at_its_edge_and_the_smallest_wins(qapp: object) -> None:
    hovered: list[int | None] = []
    picked: list[int] = []
    layer = BoxLayer(hovered.append, picked.append, str)
    boxes = np.array([[0.0, 0, 40, 30], [10, 0, 20, 10]])
    layer.show(BoxesShown((Group(boxes, np.array([7, 9]), (255, 0, 0)),), 2))
    assert not layer.pick(30.0, 20.0, 2.0)  # inside, away from the edges
    assert layer.pick(39.8, 20.0, 2.0)
    assert layer.pick(15.0, 0.2, 2.0)
    assert picked == [7, 9]
    assert layer.hover(15.0, 0.2, 2.0)
    assert hovered == [9]
    assert paint(layer, 2.0).pixelColor(80, 30) == QColor("red")


def test_the_cell_under_the_pointer_shows_its_grid_and_its_box(qapp: object) -> None:
    picked: list[int] = []
    layer = CellLayer(picked.append)
    red, green = (255, 0, 0), (0, 255, 0)

    def seen(number: int, column: int) -> CellSeen:
        cell = (column * 8.0, 8.0, column * 8.0 + 8, 16.0)
        box, words = (34.0, 4.0, 60.0, 30.0), ("a", "b")
        return CellSeen(0, cell, cell, box, number, 0.5, red, green, Style.SOLID, words)

    def at(x: float, y: float) -> tuple[CellSeen, ...]:
        return (seen(-1 if x < 8 else 7, int(x // 8)),) if y < 24 else ()

    level = CellLevel(8, 4, 8, 1, (8.0, 8.0), (4.0, 4.0))
    layer.show(CellsShown((level,), at, lambda number: seen(number, 2), ()))
    assert layer.count == 32
    assert layer.hover(20, 10, 4)
    assert not layer.hover(21, 11, 4)
    image = paint(layer, 4.0)
    assert image.pixelColor(16 * 4, 14 * 4) == QColor("red")  # the cell
    assert image.pixelColor(60 * 4, 20 * 4) == QColor(0, 255, 0)  # the box
    assert image.pixelColor(24 * 4, 28 * 4).red() > 40  # a line of the grid
    assert layer.pick(20, 10, 4)
    assert picked == [7]
    assert layer.hover(2, 10, 4)
    assert not layer.pick(2, 10, 4)  # the detector gave no box there
    layer.light(3)
    assert [each.number for each in layer.seen] == [3]
    layer.leave()
    assert paint(layer, 4.0).pixelColor(16 * 4, 14 * 4) == QColor("black")


def rows() -> Table:
    return Table(
        (
            Column("Label", np.array([0, 1, 0]), ("cat", "dog")),
            Column("Score", np.array([0.2, 0.9, 0.6]), digits=2),
            Column("Fate", np.array([1, 0, 0]), ("kept", "suppressed")),
        ),
        np.array([4, 5, 6]),
    )


def test_a_filter_compares_numbers_and_looks_for_words() -> None:
    table = rows()
    assert table.matching("").tolist() == [0, 1, 2]
    assert table.matching("score>0.5").tolist() == [1, 2]
    assert table.matching("cat score>=0.6").tolist() == [2]
    assert table.matching("suppressed").tolist() == [0]
    assert table.matching("horse").tolist() == []
    assert table.columns[1].text(1) == "0.90"


def test_a_slider_reaches_every_end_and_comes_back() -> None:
    for scale in (*SCALES.values(), Scale()):
        for step in range(0, STEPS + 1, 20):
            value = scale.value(step)
            back = scale.step(value)
            assert abs(back - step) <= 2 or scale.value(back) == value  # a count, rounded
        assert scale.value(STEPS) == scale.end
        assert scale.value(0) == scale.low
    for name, scale in SCALES.items():
        assert scale.counts == (name in LIMITS)
        assert not scale.counts or scale.low == LIMITS[name][0]


def test_a_knob_takes_all_that_its_setting_takes(qtbot: QtBot) -> None:
    page = KnobsPage()
    qtbot.addWidget(page)
    chosen: list[StageSettings] = []
    page.changed.connect(chosen.append)
    own = StageSettings(proposer_tiles=4)
    page.show_settings(own, own)
    assert chosen == []
    for name, ends in {**LIMITS, "score": (0, 1), "box_min_size": (0, 100)}.items():
        for value in ends:
            page.form[name].setValue(value)
            assert getattr(chosen[-1], name) == value
    page.show_settings(own, own)
    page.sliders["proposer_tiles"].setValue(0)
    assert chosen[-1].proposer_tiles == 0


def test_the_knobs_fit_their_panel_and_hidden_ones_take_no_room(qtbot: QtBot) -> None:
    page = KnobsPage()
    qtbot.addWidget(page)
    page.resize(300, 600)
    page.show_settings(StageSettings(), StageSettings())
    page.show()
    for idle in (PROPOSER_SETTINGS, NETWORK_SETTINGS):
        page.hide_idle(idle)
        page.widget().layout().activate()
        bar = page.verticalScrollBar().sizeHint().width()
        assert page.widget().minimumSizeHint().width() <= 300 - bar
    page.show_settings(StageSettings(roi_pool="crop"), StageSettings())
    turning = {
        name: page.form[name].isEnabled() for name in ("roi_pool", "roi_sampling", "roi_level")
    }
    assert turning == {"roi_pool": True, "roi_sampling": False, "roi_level": True}
    last, first = page.form["proposer_tiles"], page.form["roi_level"]
    assert not page.form["anchor_scale"].isVisible()
    qtbot.waitUntil(lambda: 0 < first.y() < 60 and last.y() > first.y())
