"""What the lens answers through the real window: a setting tried, a loss opened, a filter held."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.lens.panel.effect import figures
from app.lens.reasons import STAGE_OF
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.lens.life import CUTS
from core.lens.views.marks import Entry
from tests.app.lens.conftest import wait
from tests.app.window.conftest import Driver


def narrowing(lens_driver: Driver) -> None:
    """The filter of the table holds for the canvas."""
    feature = lens_driver.window.features["lens"]
    lens, panel = feature.lens, feature.panel
    lens.set_stage("detections")
    boxes, trace = feature.layers.boxes["detections"], lens.trace
    assert trace is not None
    count = len(trace.detections.label)
    assert boxes.painted == boxes.count == count > 2
    least = float(trace.detections.score[1])
    panel.table.filter_by(f"score>={least - 1e-6:.6f}")
    assert boxes.painted == panel.table.model.rowCount() == 2
    assert boxes.count == count
    texts = [line.text for line in feature.layers.legend.lines if isinstance(line, Entry)]
    assert f"2 of {count} detections; the weaker, the fainter" in texts
    panel.table.filter_by("")
    assert boxes.painted == count
    # The chosen detection is marked where it comes from, in the table too.
    lens.choose(Item(BoxKind.DETECTION, 1))
    lens.set_stage("proposals")
    proposal = int(trace.detections.proposal_index[1])
    assert panel.table.view.currentIndex().row() == panel.table.model.row_of(
        Item(BoxKind.PROPOSAL, proposal)
    )


def measuring(driver: Driver) -> None:
    """What a knob does to AP is told on the done images, and without one that is said."""
    feature = driver.window.features["lens"]
    effect, box = feature.effect, feature.panel.effect
    assert not box.isVisibleTo(feature.panel.knobs)
    driver.act("lens_effect")
    assert not effect.running
    feature.panel.knobs.form["nms"].setValue(0.05)
    wait(driver, lambda: effect.off)
    assert box.isVisibleTo(feature.panel.knobs)
    assert not box.button.isVisibleTo(box)
    assert "No image is marked as done" in box.said.text()
    driver.act("done")
    wait(driver, lambda: effect.done_images == 1)
    assert box.button.isVisibleTo(box)
    box.button.click()
    assert effect.running
    assert box.button.text() == "Stop"
    box.button.click()
    wait(driver, lambda: not effect.running)
    assert effect.found is None
    driver.act("lens_effect")
    wait(driver, lambda: effect.found is not None and not effect.running)
    assert (effect.found.images, effect.found.instances) == (1, 1)
    texts = [cell.text() for cell in box.cells]
    assert texts[:4] == ["", "before", "after", "change"]
    assert texts[4::4] == ["box AP", "box AP50", "mask AP", "mask AP50"]
    first = effect.found.rows[0]
    assert texts[5:7] == list(figures(first.before.ap, first.after.ap)[:2])
    driver.act("lens_reset")
    wait(driver, lambda: not effect.off)
    assert effect.found is None


def another_model(lens_driver: Driver) -> None:
    """Nothing is said of the stages while nobody knows which the new model has."""
    feature = lens_driver.window.features["lens"]
    lens, panel = feature.lens, feature.panel
    assert not panel.about.isHidden()
    assert lens.stages
    lens_driver.services.client.model_loaded.emit(lens_driver.services.client.model)
    assert lens.stages == ()
    assert panel.about.isHidden()
    assert not panel.layers.widget().isEnabled()
    wait(lens_driver, lambda: lens.trace is not None and not lens.busy)
    assert not panel.about.isHidden()
    assert panel.layers.widget().isEnabled()


@pytest.mark.slow
def test_a_setting_that_would_help_is_tried_and_a_loss_is_opened(lens_driver: Driver) -> None:
    another_model(lens_driver)
    narrowing(lens_driver)
    driver, feature = lens_driver, lens_driver.window.features["lens"]
    lens, panel, reasons = feature.lens, feature.panel, feature.reasons

    # With so high a score everything is lost, at a cut that a setting can help.
    own = lens.settings
    assert own is not None
    panel.knobs.form["score"].setValue(1.0)
    wait(driver, lambda: lens.trace is not None and not lens.trace.detections.label.size)
    wait(driver, lambda: not lens.busy)
    instance = driver.document.instances[0]
    driver.services.viewport.set_selection([instance.id])
    driver.act("lens_why_missed")
    wait(driver, lambda: reasons.verdict is not None)
    before = reasons.verdict
    assert before is not None
    assert before.cut is not None
    assert lens.stage == STAGE_OF[before.cut]
    assert before.remedy is not None
    setting = before.remedy.setting
    assert setting.name in panel.why.remedy.text()
    assert panel.why.remedy.isVisible()
    driver.window.activateWindow()
    panel.why.remedy.setFocus()
    driver.bot.keyClick(panel.why.remedy, Qt.Key.Key_Space)
    wait(driver, lambda: reasons.verdict is not None and reasons.verdict is not before)
    assert getattr(lens.settings, setting.name) == setting.value
    after = reasons.verdict
    assert after is not None
    reached = len(CUTS) if after.cut is None else CUTS.index(after.cut)
    assert reached > CUTS.index(before.cut)
    assert after.cut == before.remedy.then
    driver.act("lens_reset")
    wait(driver, lambda: not lens.busy and lens.settings == own)

    measuring(driver)

    # The bars of the folder list who is lost there; Return on one opens its image.
    driver.act("next_image")
    wait(driver, lambda: lens.trace is not None and lens.path == driver.services.workspace.path)
    driver.act("lens_losses_folder")
    wait(driver, lambda: not reasons.folder_running)
    funnel = reasons.funnel
    assert funnel is not None
    (one,) = funnel.instances
    bars = panel.funnel.bars
    bars.setFocus()
    verdict = one.report.verdict
    for _ in range(min(verdict.life.reached + 1, len(CUTS))):
        driver.bot.keyClick(bars, Qt.Key.Key_Down)
    if verdict.found:  # it was found, so only the first bar lists it
        for _ in CUTS:
            driver.bot.keyClick(bars, Qt.Key.Key_Up)
    assert panel.funnel.list.count() == 1
    panel.funnel.list.setFocus()
    panel.funnel.list.setCurrentRow(0)
    driver.bot.keyClick(panel.funnel.list, Qt.Key.Key_Return)
    wait(driver, lambda: driver.services.workspace.path == one.path)
    wait(driver, lambda: driver.services.viewport.selection == {verdict.instance.id})
    wait(
        driver, lambda: reasons.verdict is not None and reasons.verdict.instance == verdict.instance
    )
