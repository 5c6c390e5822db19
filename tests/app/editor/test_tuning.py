"""The panel that tightens, simplifies and smooths with a preview."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt

from core.document.geometry import area
from core.document.instance import Source
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme

ROUGH = (*((10.0 + x, 10.0 + (x % 2)) for x in range(60)), (69.0, 40.0), (10.0, 40.0))


@pytest.fixture
def tuned(driver: Driver, folder: Path) -> Driver:
    """A window with two instances, both selected."""
    write_labelme(folder / "a1.png", shape("thing", *SQUARE), shape("thing", *ROUGH))
    driver.open(folder)
    driver.act("select_all")
    return driver


def tried(driver: Driver):
    return driver.services.viewport._renderer.tried


def slide(driver: Driver, id: str, step: int) -> None:
    driver.services.tuning.panel._sliders[id].setValue(step)


def test_tightening_shows_and_enter_makes_one_edit(tuned: Driver) -> None:
    tuned.wait(lambda: tuned.services.models.model)
    before = tuned.document.instances
    tuned.key(Qt.Key.Key_N)
    tuned.wait(lambda: len(tried(tuned)) == 2)
    assert area(tried(tuned)[0]) == pytest.approx(18 * 18)
    slide(tuned, "threshold", 12)  # 0.60: the engine of the test draws smaller squares then
    tuned.wait(lambda: abs(area(tried(tuned)[0]) - 16 * 16) < 0.01)
    assert tuned.document.instances == before
    shown = [each.polygons for each in tried(tuned)]
    tuned.key(Qt.Key.Key_Return)
    assert [each.polygons for each in tuned.document.instances] == shown
    assert tried(tuned) == ()
    assert tuned.services.tuning.panel is None
    assert len(tuned.services.viewport.selection) == 2
    tuned.act("undo")
    assert tuned.document.instances == before


@pytest.mark.parametrize(("way", "expected"), [(1, 400), (2, 18 * 18)])
def test_what_was_there_can_be_joined_or_intersected(
    tuned: Driver, way: int, expected: float
) -> None:
    tuned.wait(lambda: tuned.services.models.model)
    tuned.act("tighten")
    tuned.wait(lambda: tried(tuned))
    tuned.services.tuning.panel._ways.setCurrentIndex(way)
    tuned.wait(lambda: abs(area(tried(tuned)[0]) - expected) < 0.01)


def test_escape_closes_and_nothing_has_changed(tuned: Driver) -> None:
    before = tuned.document.instances
    tuned.window.resize(900, 600)
    tuned.act("smooth")
    tuned.wait(lambda: tried(tuned))
    panel, canvas = tuned.services.tuning.panel, tuned.services.viewport
    assert canvas.rect().contains(panel.geometry())
    tuned.key(Qt.Key.Key_Escape)
    assert tuned.services.tuning.panel is None
    assert tried(tuned) == ()
    assert tuned.document.instances == before
    assert not tuned.services.actions["undo"].isEnabled()


def test_smoothing_needs_no_model_and_takes_vertices(tuned: Driver) -> None:
    tuned.act("smooth")
    slide(tuned, "tolerance", 20)
    tuned.wait(lambda: tried(tuned) and len(tried(tuned)[1].polygons[0].outer) < 8)
    tuned.services.tuning.panel.applied.emit()
    assert len(tuned.document.instances[1].polygons[0].outer) < 8
    assert tuned.document.instances[0].polygons[0].outer == SQUARE


def test_all_chosen_outlines_grow_and_shrink_together(tuned: Driver) -> None:
    sizes = [area(each.polygons) for each in tuned.document.instances]
    tuned.act("smooth")
    for quarters in (8, -6):
        slide(tuned, "grow", quarters)
        tuned.wait(lambda by=quarters / 4: all(_by_about(tried(tuned), sizes, by)))
    tuned.services.tuning.panel.applied.emit()
    assert area(tuned.document.instances[0].polygons) == pytest.approx(17 * 17)


def _by_about(shapes, sizes, by):
    """Whether each area has changed by its outline's length times `by`, roughly."""
    grown = [area(each.polygons) - size for each, size in zip(shapes, sizes, strict=False)]
    return [len(grown) == len(sizes), *(0.5 < each / (by * 80) < 3 for each in grown)]


def test_it_closes_when_something_else_is_selected_or_shown(tuned: Driver, folder: Path) -> None:
    tuned.act("smooth")
    tuned.services.viewport.set_selection([tuned.document.instances[0].id])
    assert tuned.services.tuning.panel is None
    tuned.act("smooth")
    tuned.go(folder / "a2.png")
    assert tuned.services.tuning.panel is None
    assert not tuned.services.actions["tighten"].isEnabled()


def test_a_picked_suggestion_is_accepted_with_its_new_outline(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.act("next_suggestion")
    driver.act("tighten")
    driver.wait(lambda: tried(driver))
    driver.services.tuning.panel.applied.emit()
    (made,) = driver.document.instances
    assert made.source is Source.EDITED
    assert area(made) == pytest.approx(18 * 18)
    driver.act("undo")
    assert driver.document.instances == ()


RIGHT = tuple((x + 10, y) for x, y in SQUARE)


@pytest.mark.parametrize(
    ("how", "area_left", "left"),
    [
        ("combine_union", 600, 1),
        ("combine_intersect", 200, 1),
        ("combine_exclusive", 400, 1),
        ("combine_subtract", 225, 2),
    ],
)
def test_selected_instances_are_combined_in_one_edit(
    driver: Driver, folder: Path, how: str, area_left: float, left: int
) -> None:
    larger = ((5.0, 5.0), (26.0, 5.0), (26.0, 25.0), (5.0, 25.0))
    first = SQUARE if how != "combine_subtract" else larger
    second = (
        RIGHT
        if how != "combine_subtract"
        else ((16.25, 0.0), (40.0, 0.0), (40.0, 30.0), (16.25, 30.0))
    )
    write_labelme(folder / "a1.png", shape("one", *first), shape("two", *second))
    driver.open(folder)
    before = driver.document.instances
    driver.services.viewport.set_selection([before[0].id])
    assert not driver.services.actions[how].isEnabled()
    driver.act("select_all")
    driver.act(how)
    assert len(driver.document.instances) == left
    (chosen,) = driver.services.viewport.selection
    if how != "combine_subtract":
        assert area(driver.document.get(chosen)) == area_left
        assert driver.document.get(chosen).label == "one"
    else:
        assert driver.document.get(chosen).label == "two"
        assert len(driver.document.instances) == 2
    driver.act("undo")
    assert driver.document.instances == before


def test_dents_and_holes_are_taken(driver: Driver, folder: Path) -> None:
    dented = ((5.0, 5.0), (25.0, 5.0), (15.0, 15.0), (25.0, 25.0), (5.0, 25.0))
    write_labelme(folder / "a1.png", shape("one", *dented))
    driver.open(folder)
    driver.act("select_all")
    driver.act("form_hull")
    assert area(driver.document.instances[0]) == 400
    driver.act("form_fill")
    assert any("Nothing changes" in text for text in driver.texts)


def test_the_panel_lies_beside_what_it_is_about(tuned: Driver) -> None:
    canvas, first = tuned.services.viewport, tuned.document.shapes[0]
    x0, y0, x1, y1 = SQUARE[0] + SQUARE[2]
    canvas.set_selection([first.id])
    places = set()
    for scale in ("fit", "zoom_selection"):
        tuned.act(scale)
        tuned.act("smooth")
        about, panel = QRect(tuned.at(x0, y0), tuned.at(x1, y1)), tuned.services.tuning.panel
        corners = [QPoint(12, 12), QPoint(canvas.width() - panel.width() - 12, 12)]
        hidden = [about.intersected(QRect(corner, panel.size())) for corner in corners]
        there = about.intersected(panel.geometry())
        assert canvas.rect().contains(panel.geometry())
        assert all(_pixels(there) <= _pixels(other) for other in hidden)
        places.add(panel.pos().toTuple())
        panel.closed.emit()
    assert places - {(12, 12)}, "not the upper left, where the square is"


def _pixels(rect: QRect) -> int:
    return max(0, rect.width()) * max(0, rect.height())
