"""The training view through the real window and the real engine."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.lens.panel.training_bars import LossBars
from app.lens.training_layers import LEGEND
from core.lens.target_steps import STEP_NAMES
from core.lens.views.training import LAYERS, PLACES
from tests.app.lens.conftest import wait
from tests.app.window.conftest import Driver


def test_each_step_is_a_place_with_layers() -> None:
    assert tuple(PLACES)[-len(STEP_NAMES) :] == tuple(name.value for name in STEP_NAMES)
    assert set(LAYERS) == {name for place in PLACES.values() for name in place.draw}


def test_the_bars_are_those_of_the_networks_losses(qapp: object) -> None:
    bars, chosen = LossBars(), list[int]()
    bars.chosen.connect(chosen.append)
    five, low = [3.0, 4.0, 5.0, 1.0, 2.0], bars.minimumSizeHint().height()
    bars.set_losses(five)
    assert bars.values == (1, 2, 3, 4, 5, 15)
    QTest.keyClick(bars, Qt.Key.Key_Down)  # the sum is the last
    assert bars.minimumSizeHint().height() == low
    bars.set_losses([*five, 6.0])
    assert bars.values == (1, 2, 3, 4, 5, 6, 21)
    assert "Keypoints 6.0000, Sum 21.0000" in bars.accessibleDescription()
    assert bars.minimumSizeHint().height() > low
    QTest.keyClick(bars, Qt.Key.Key_Up)  # from the sum, where it was, to the keypoints
    assert chosen == [5] != [bars.sum_row]
    bars.set_losses(())
    assert bars.values == ()
    bars.set_losses(five)
    assert "Mask 5.0000, Sum 15.0000" in bars.accessibleDescription()
    QTest.keyClick(bars, Qt.Key.Key_Down)  # from the mask, the last that is left
    assert chosen == [5, bars.sum_row]


@pytest.mark.slow
def test_the_training_view_from_the_keyboard(lens_driver: Driver) -> None:
    driver, feature = lens_driver, lens_driver.window.features["lens"]
    training, page, layers = feature.training, feature.panel.training, feature.training_layers
    driver.act("lens_training")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    replayed = training.replayed
    assert replayed is not None
    assert page.bars.values[-1] == pytest.approx(float(replayed.view.losses.sum()), rel=1e-5)
    assert not any(layer.visible for layer in feature.layers.all.values())

    # The table of losses holds every item, and its columns sum to the bars.
    losses = np.array([each.values for each in PLACES["losses"].table(replayed).columns[2:7]])
    assert np.allclose(losses.sum(axis=1), page.bars.values[:5], rtol=1e-4)
    page.bars.setFocus()
    QTest.keyClick(page.bars, Qt.Key.Key_Up)  # from the sum to the mask
    model = page.table.model
    assert model.sorting == (6, True)
    first = model.item_at(0)
    assert first is not None
    assert replayed.is_roi(first.index)

    # Every place by key, each with its layers, its table and its sentence.
    for number, place in enumerate(PLACES):
        assert training.place == place
        shown = {name for name, layer in layers.all.items() if layer.visible}
        assert shown == {*PLACES[place].draw, LEGEND}
        assert page.sentence.text()
        driver.services.viewport.grab()  # paints every layer
        if number + 1 < len(PLACES):
            driver.act("lens_next")

    # Choosing in the table shows the mask target, says what it keeps, and lights the box.
    page.table.view.selectRow(0)
    number = training.chosen
    assert number is not None
    assert "laid back" in page.kept.text().lower()
    assert layers.all["train_target"].count == 28 * 28
    assert layers.all["train_mask"].count == 1
    x0, y0, _, _ = replayed.box(number)
    layers.boxes["train_rois"].hover(x0, y0, 1.0)
    assert training.hovered is not None
    assert replayed.is_roi(training.hovered)

    # Another seed draws others; the first draws the same again.
    driver.act("lens_training_again")
    wait(driver, lambda: training.replayed is not replayed and not training.busy)
    assert training.replayed is not None
    assert training.replayed.view.seed == 1 == page.seed.value()
    page.seed.setValue(0)
    wait(driver, lambda: training.replayed is not None and training.replayed.view.seed == 0)
    assert np.array_equal(training.replayed.view.negative, replayed.view.negative)

    # A filter narrows the canvas, the page of layers keeps the view, the table ends it.
    training.set_place("losses")
    page.table._filter.setText("anchor background")
    left = sum(len(group.boxes) for group, _ in layers.boxes["train_anchors"]._groups)
    assert left == len(replayed.view.negative)
    assert not layers.boxes["train_rois"]._groups
    feature.panel.show_page(feature.panel.layers)
    assert training.active
    feature.panel.show_page(feature.panel.table)
    assert not training.active
    assert not any(layer.visible for layer in layers.all.values())
    assert any(layer.visible for layer in feature.layers.all.values())

    # Edited labels are replayed by themselves; without labels a sentence says so.
    driver.act("lens_training")
    driver.act("select_all")
    driver.act("delete")
    wait(driver, lambda: training.replayed is None)
    assert "nothing to train on" in page.news.text()
    driver.act("undo")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    assert training.replayed.box(training.replayed.first_roi)

    # Another image has a step of its own; here nobody has labelled it.
    driver.act("next_image")
    wait(driver, lambda: feature.lens.trace is not None and training.replayed is None)
    assert "nothing to train on" in page.news.text()
    assert not page._seen.isVisible()
    driver.act("previous_image")
    wait(driver, lambda: training.replayed is not None and not training.busy)
    driver.dock("annotate").raise_()
    wait(driver, lambda: not training.active)
    assert not any(layer.visible for layer in layers.all.values())
