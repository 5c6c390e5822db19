"""The lens through the real window and the real engine, with a small model of random weights."""

from __future__ import annotations

import pytest

from app.lens.layers import LEGEND
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.lens.trace import STAGES, stages_of
from core.lens.views import LAYERS, VIEWS
from tests.app.lens.conftest import wait
from tests.app.window.conftest import Driver


@pytest.mark.slow
def test_the_lens_from_the_keyboard(lens_driver: Driver) -> None:
    driver, feature = lens_driver, lens_driver.window.features["lens"]
    lens, panel = feature.lens, feature.panel
    trace = lens.trace
    assert trace is not None
    # Every stage by key, each with its layers and its table.
    for number, stage in enumerate(STAGES):
        assert lens.stage == stage
        shown = {name for name, layer in feature.layers.all.items() if layer.visible}
        assert shown == {*VIEWS[stage].shows, LEGEND}
        assert panel.table.model.rowCount() > 0
        wait(driver, lambda: not lens.busy)
        driver.services.viewport.grab()  # paints every layer
        if number + 1 < len(STAGES):
            driver.act("lens_next")
    driver.act("lens_previous")
    assert lens.stage == STAGES[-2]

    # What is chosen in the table lights on the canvas and the other way round.
    lens.set_stage("detections")
    panel.table.view.selectRow(1)
    assert lens.chosen == panel.table.model.item_at(1)
    boxes = feature.layers.boxes["detections"]
    x0, y0 = trace.detections.boxes[0][:2]
    boxes.hover(float(x0), float(y0), 1.0)
    assert lens.hovered is not None
    assert panel.table.model.row_of(lens.hovered) == panel.table.model._lit

    # A knob answers, is shown as off, and one click puts it back.
    before = len(trace.detections.label)
    panel.knobs.form["detections_per_image"].setValue(2)
    wait(driver, lambda: lens.trace is not trace and lens.trace is not None and not lens.busy)
    assert lens.trace is not None
    assert before > len(lens.trace.detections.label) == 2
    assert len(lens.trace.polygons.outlines) == 2
    reset = panel.knobs.resets["detections_per_image"]
    assert not reset.isHidden()
    reset.click()
    wait(driver, lambda: lens.trace is not None and len(lens.trace.detections.label) == before)
    assert reset.isHidden()

    # Why: the selected instance, and a detection.
    driver.services.viewport.set_selection([driver.document.instances[0].id])
    driver.act("lens_why_missed")
    wait(driver, lambda: feature.reasons.verdict)
    assert panel.why.text.startswith(("Lost at", "Found"))
    lens.choose(Item(BoxKind.DETECTION, 0))
    driver.act("lens_why_here")
    wait(driver, lambda: feature.reasons.false)
    assert feature.layers.all["chain"].count >= 3

    # The funnel of image and folder; its bars never grow.
    driver.act("lens_losses")
    wait(driver, lambda: feature.reasons.funnel and feature.reasons.funnel.done == 1)
    driver.act("lens_losses_folder")
    wait(driver, lambda: not feature.reasons.folder_running)
    assert feature.reasons.funnel is not None
    bars = [bar.alive for bar in feature.reasons.funnel.bars()]
    assert bars[0] == 1
    assert bars == sorted(bars, reverse=True)
    lost = [feature.reasons.funnel.lost_at(n) for n in range(1, 12)]
    assert sum(map(len, lost)) == bars[0] - bars[-1]

    # Another image is traced by itself; without the panel nothing is.
    driver.act("next_image")
    path = driver.services.workspace.images[1].path
    wait(driver, lambda: lens.trace is not None and lens.path == path)
    driver.dock("annotate").raise_()
    wait(driver, lambda: not lens.active)
    assert not any(layer.visible for layer in feature.layers.all.values())


def test_each_stage_has_a_view_and_each_layer_is_seen_at_some() -> None:
    assert tuple(name for name in VIEWS if name != "proposer") == stages_of(False, True)
    assert set(stages_of(True, True)) <= set(VIEWS)
    assert set(LAYERS) == {name for view in VIEWS.values() for name in view.shows}
