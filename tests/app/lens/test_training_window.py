"""The training view through the real window and the real engine."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.lens.training_items import PLACES, Spot, SpotKind
from app.lens.training_layers import OF_PLACE
from core.lens.target_steps import STEP_NAMES
from tests.app.lens.test_lens_window import lens_driver, wait
from tests.app.window.conftest import Driver
from tests.leaks import no_leaks

__all__ = ["lens_driver", "no_leaks"]


def test_each_step_is_a_place_with_layers() -> None:
    assert tuple(OF_PLACE) == PLACES
    assert PLACES[-len(STEP_NAMES) :] == tuple(name.value for name in STEP_NAMES)


@pytest.mark.slow
def test_the_training_view_from_the_keyboard(lens_driver: Driver) -> None:
    driver, corner = lens_driver, lens_driver.window.features["lens"]
    training, page, layers = corner.training, corner.panel.training, corner.training_layers
    driver.act("lens_training")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    replayed = training.replayed
    assert replayed is not None
    assert page.bars.values[-1] == pytest.approx(float(replayed.view.losses.sum()), rel=1e-5)
    assert not any(layer.visible for layer in corner.layers.all.values())

    # The table of losses holds every item, and its columns sum to the bars.
    rows = page._rows
    assert rows is not None
    losses = np.array([column.values for column in rows.rows.columns[2:7]])
    assert np.allclose(losses.sum(axis=1), page.bars.values[:5], rtol=1e-4)
    page.bars.setFocus()
    QTest.keyClick(page.bars, Qt.Key.Key_Up)  # from the sum to the mask
    model = page.table.model
    assert model.sorting == (6, True)
    first = page._spot(model.item_at(0))
    assert first is not None
    assert first.kind is SpotKind.ROI

    # Every place by key, each with its layers, its table and its sentence.
    for number, place in enumerate(PLACES):
        assert training.place == place
        shown = {name for name, layer in layers.all.items() if layer.visible}
        assert shown == set(OF_PLACE[place])
        assert page.sentence.text()
        driver.services.viewport.grab()  # paints every layer
        if number + 1 < len(PLACES):
            driver.act("lens_next")

    # Choosing in the table shows the mask target, says what it keeps, and lights the box.
    page.table.view.selectRow(0)
    spot = training.chosen
    assert spot is not None
    assert "laid back" in page.kept.text().lower()
    assert layers.target.count == 28 * 28
    assert layers.mask.count == 1
    x0, y0, _, _ = replayed.box(spot)
    layers.rois.hover(x0, y0, 1.0)
    assert training.hovered is not None
    assert training.hovered.kind is SpotKind.ROI

    # Another seed draws others; the first draws the same again.
    driver.act("lens_training_again")
    wait(driver, lambda: training.replayed is not replayed and not training.busy)
    assert training.replayed is not None
    assert training.replayed.view.seed == 1 == page.seed.value()
    page.seed.setValue(0)
    wait(driver, lambda: training.replayed is not None and training.replayed.view.seed == 0)
    assert np.array_equal(training.replayed.view.negative, replayed.view.negative)

    # A filter narrows the canvas, the page of layers keeps the view, the table ends it.
    training.set_place(PLACES[0])
    page.table._filter.setText("anchor background")
    left = sum(len(group.boxes) for group, _ in layers.anchors._groups)
    assert left == len(replayed.view.negative)
    assert not layers.rois._groups
    corner.panel.show_page(corner.panel.layers)
    assert training.active
    corner.panel.show_page(corner.panel.table)
    assert not training.active
    assert not any(layer.visible for layer in layers.all.values())
    assert any(layer.visible for layer in corner.layers.all.values())

    # Edited labels are replayed by themselves; without labels a sentence says so.
    driver.act("lens_training")
    driver.act("select_all")
    driver.act("delete")
    wait(driver, lambda: training.replayed is None)
    assert "nothing to train on" in page.news.text()
    driver.act("undo")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    assert training.replayed.box(Spot(SpotKind.ROI, 0))

    # Another image has a step of its own; here nobody has labelled it.
    driver.act("next_image")
    wait(driver, lambda: corner.lens.trace is not None and training.replayed is None)
    assert "nothing to train on" in page.news.text()
    assert not page._seen.isVisible()
    driver.act("previous_image")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    driver.window.docks.all[1].raise_()
    wait(driver, lambda: not training.active)
    assert not any(layer.visible for layer in layers.all.values())
