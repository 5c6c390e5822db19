"""Learning in a real window, with an engine that draws squares and a trainer that only talks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox

from app.base.settings import MODEL
from app.learning.panel.curves import line_colour
from app.learning.watch import Phase
from core.learning.events import Failed, Noted, Pictured, Stepped, Validated
from core.learning.state import RunState
from core.sentences import say
from tests.app.learning.runner import FakeTrainer, choices_of, wait_for_command
from tests.app.window.conftest import (
    SIZE,
    SQUARE,
    Driver,
    make_driver,
    make_images,
    no_leaks,
    shape,
    write_labelme,
)

__all__ = ["make_driver", "no_leaks"]
LOSSES = ("loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three images that are done, and two that are not."""
    folder = make_images(tmp_path / "work", *(f"{n}.png" for n in range(5)))
    random = np.random.default_rng(1)
    for n in range(5):  # so that no two are near-duplicates
        pixels = random.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    for n in range(3):
        mark_done(folder / f"{n}.png")
    return folder


def mark_done(image: Path) -> None:
    extra = {"id": image.stem, "source": "drawn"}
    write_labelme(image, shape("cell", *SQUARE, masklens=extra), masklens={"status": "done"})


@pytest.fixture
def trainer() -> Iterator[FakeTrainer]:
    trainer = FakeTrainer()
    yield trainer
    trainer.die()


class Learner:
    """Hands for the learning panel."""

    def __init__(self, driver: Driver, trainer: FakeTrainer) -> None:
        self.driver, self.trainer = driver, trainer
        self.feature = driver.window.features["learning"]
        self.runs, self.panel = self.feature.runs, self.feature.panel
        self.runs.launch = trainer.launch

    def open(self, folder: Path) -> None:
        self.driver.open(folder)
        self.driver.act("learning")
        self.driver.wait(lambda: self.feature.choices.ready)

    def look(self) -> None:
        self.driver.wait(lambda: self.feature.survey.found and self.driver.services.models.model)

    def start(self) -> None:
        self.look()
        self.driver.wait(self.panel.setup.start.isEnabled)
        self.panel.setup.start.click()
        self.driver.wait(lambda: self.trainer.launched)
        self.trainer.wake()
        self.driver.wait(lambda: self.watch.phase is Phase.ALIVE)

    @property
    def watch(self):
        assert self.runs.watch is not None
        return self.runs.watch

    def end(self, **more: object) -> None:
        self.trainer.finish(("0.png",), **more)
        self.driver.wait(lambda: self.feature.has_report() and self.feature.run_free())

    def press(self, text: str) -> None:
        """A button of the question that is open."""
        self.driver.wait(self.question)
        (button,) = [b for b in self.question().buttons() if b.text().replace("&", "") == text]
        button.click()

    def question(self) -> QMessageBox | None:
        boxes = self.driver.window.findChildren(QMessageBox)
        return next((box for box in boxes if box.isVisible()), None)


@pytest.fixture
def learner(make_driver: Callable[..., Driver], trainer: FakeTrainer) -> Learner:
    return Learner(make_driver(), trainer)


def step(number: int) -> Stepped:
    return Stepped(number, dict.fromkeys(LOSSES, 1.0 / number), 5e-4, 9.0)


def test_the_panel_says_what_would_be_learned_from(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.look()
    texts = learner.panel.setup.texts
    assert "<b>3 image(s)</b> marked as done" in texts
    assert "3 drawn, 0 edited, 0 prompted, 0 accepted" in texts
    assert "1 image(s) held out" in texts
    assert "fewer than 8 images" in texts
    assert "150 steps" in texts


def test_an_empty_project_says_what_to_do(learner: Learner, tmp_path: Path) -> None:
    learner.open(make_images(tmp_path / "work", "a.png"))
    learner.driver.wait(lambda: learner.feature.survey.reason)
    assert "mark the image as done" in learner.panel.setup.texts
    assert not learner.panel.setup.start.isEnabled()


def test_marking_an_image_as_done_is_noticed(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.look()
    learner.driver.go(project / "3.png")
    learner.driver.draw_rectangle((10, 10), (40, 40))
    learner.driver.act("done")
    learner.driver.wait(lambda: "<b>4 image(s)</b>" in learner.panel.setup.texts)


def test_a_new_label_is_asked_about_once(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.look()
    learner.driver.wait(lambda: learner.panel.setup.answers)
    combo = learner.panel.setup.combo("cell")
    assert [combo.itemText(k) for k in range(combo.count())][1] == "thing"
    combo.setCurrentIndex(combo.findData("thing"))
    assert learner.feature.choices.value.reuse == (("cell", "thing"),)
    learner.start()
    assert learner.trainer.run.spec().reuse == (("cell", "thing"),)
    learner.driver.wait(lambda: choices_of(project)["reuse"] == [["cell", "thing"]])


def test_a_run_is_followed_from_its_start_to_its_report(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    live, trainer = learner.panel.live, learner.trainer
    assert trainer.run.spec().model == "starter"
    assert len(trainer.run.labels()) == 3
    trainer.plan(20)
    learner.driver.wait(lambda: "about" in live.texts and "trial step" in live.texts)
    frozen = trainer.run.labels().read(0)
    trainer.tell(step(5), step(10), Validated(10, True, 0.3, 0.4, True))
    trainer.tell(Pictured(10, frozen.key, frozen.instances))
    trainer.tell(
        Noted(say("learning.took_over", "{label} starts from {name}.", label="cell", name="thing"))
    )
    learner.driver.wait(lambda: "Step 10 of 20" in live.texts)
    learner.driver.wait(lambda: live.picture.isVisibleTo(live))
    assert [len(one.points) for one in live._losses.plot._lines] == [2] * 5
    assert not learner.driver.services.actions["learn_start"].isEnabled()
    # The window is free: one goes on drawing.
    learner.driver.go(project / "4.png")
    learner.driver.draw_rectangle((10, 10), (40, 40))
    assert len(learner.driver.document.instances) == 1
    learner.end()
    assert learner.feature.panel.use.isEnabled()
    assert any("has learned" in text for text in learner.driver.texts)
    assert learner.runs.watch is None
    assert "Mask AP 0.25" in learner.panel.report.headline.text().replace("0.250", "0.25")


def test_the_loss_of_clicks_has_a_curve_of_its_own(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    losses = learner.panel.live._losses
    learner.trainer.plan(20)
    told = Stepped(5, {**dict.fromkeys(LOSSES, 0.5), "loss_clicks": 0.25}, 5e-4, 9.0)
    learner.trainer.tell(told)
    learner.driver.wait(lambda: len(losses.plot._lines) == 6)
    *others, clicks = losses.plot._lines
    assert clicks.points == ((5, 0.25),)
    assert line_colour(clicks.colour) not in [line_colour(one.colour) for one in others]
    learner.end()


def test_use_and_back_and_back_after_a_restart(
    learner: Learner, project: Path, make_driver: Callable[..., Driver]
) -> None:
    driver = learner.driver
    learner.open(project)
    driver.go(project / "3.png")
    driver.suggest()
    driver.go(project / "4.png")
    learner.start()
    learner.end()
    model = str(learner.trainer.run.model_file)
    driver.act("model_use")
    driver.wait(lambda: driver.services.models.model.spec == model)
    driver.wait(lambda: learner.feature.chain.previous is not None)
    assert not driver.services.actions["model_use"].isEnabled()
    driver.wait(lambda: learner.trainer.run.id in str(choices_of(project)["models"]))
    # The user's own choice for other folders is not touched.
    assert driver.services.settings.get(MODEL) == "starter"
    # Suggestions come anew where nobody has worked: the open image, and 3.png.
    driver.wait(lambda: driver.services.suggesting.pending)
    driver.wait(lambda: not driver.services.annotator.folder_running)

    closed: list[bool] = []
    driver.services.workspace.close_project(closed.append)
    driver.wait(lambda: closed)
    driver.wait(lambda: driver.services.models.model.spec == "starter")
    driver.open(project)
    driver.wait(lambda: driver.services.models.model.spec == model)
    driver.wait(lambda: learner.feature.can_go_back())
    driver.act("model_back")
    driver.wait(lambda: driver.services.models.model.spec == "starter")
    driver.wait(lambda: learner.feature.chain.previous is None)


def test_a_model_that_fails_its_try_is_not_used(learner: Learner, project: Path) -> None:
    make_images(project, "bad.png")
    learner.open(project)
    learner.start()
    learner.trainer.finish(("bad.png",))
    learner.driver.wait(lambda: learner.feature.has_report())
    learner.driver.act("model_use")
    learner.driver.wait(lambda: any("cannot be used" in t for t in learner.driver.texts))
    assert any("stays in use" in text for text in learner.driver.texts)
    assert learner.driver.services.models.model.spec == "starter"
    assert learner.feature.chain.previous is None
    assert learner.feature.judging.usable


def test_stop_and_cancel_are_asked_of_the_run(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.trainer.plan()
    learner.trainer.tell(step(3))
    learner.driver.wait(lambda: learner.watch.progress.step == 3)
    learner.panel.live.cancel.click()
    learner.press("Keep it")
    assert learner.trainer.run.asked() is None
    learner.panel.live.stop.click()
    assert wait_for_command(learner.trainer.run) == "stop"
    assert not learner.panel.live.stop.isEnabled()
    learner.panel.live.cancel.click()
    learner.press("Drop it")
    learner.driver.wait(lambda: learner.trainer.run.asked() == "cancel")
    learner.trainer.die()
    learner.trainer.run.drop()
    learner.driver.wait(lambda: learner.runs.watch is None)
    assert any("dropped" in text for text in learner.driver.texts)
    learner.driver.wait(lambda: not learner.runs.summaries)


def test_a_failure_is_a_sentence_and_the_run_can_go_on(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    trainer = learner.trainer
    trainer.tell(Failed(say("learning.diverged", "No longer finite (step {step}).", step=7)))
    trainer.finish(state=RunState.FAILED)
    learner.driver.wait(lambda: any("No longer finite" in t for t in learner.driver.texts))
    assert "No longer finite" in learner.panel.live.texts
    learner.panel.live.resume.click()
    learner.driver.wait(lambda: len(trainer.launched) == 2)
    trainer.wake()
    learner.driver.wait(lambda: learner.runs.watch and learner.watch.phase is Phase.ALIVE)
    assert "No longer finite" not in learner.panel.live.texts


def test_a_run_that_was_cut_off_is_offered_to_go_on(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.trainer.plan()
    learner.trainer.tell(step(3))
    learner.trainer.die()
    learner.driver.wait(lambda: learner.watch.phase is Phase.CUT_OFF)
    assert "after step 3" in learner.panel.live.texts
    assert learner.panel.live.resume.isVisibleTo(learner.panel)
    learner.driver.wait(lambda: any("was cut off" in text for text in learner.driver.texts))


def test_a_stopped_run_has_a_report_too(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.trainer.plan()
    learner.trainer.tell(step(3))
    learner.driver.act("learn_stop")
    assert wait_for_command(learner.trainer.run) == "stop"
    learner.end(state=RunState.STOPPED)
    assert learner.panel.use.isEnabled()
    assert learner.panel.runs.list.currentItem().text(2) == "Stopped"


def test_labels_that_cannot_be_frozen_are_told(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.look()
    (project / ".masklens" / "runs").write_bytes(b"not a folder")
    learner.panel.setup.start.click()
    learner.driver.wait(lambda: learner.driver.texts)
    assert not learner.runs.active
    assert learner.trainer.launched == []
    assert learner.panel.setup.start.isEnabled()


def has_choices(folder: Path) -> bool:
    try:
        return bool(choices_of(folder))
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def test_broken_choices_are_set_aside(learner: Learner, project: Path) -> None:
    folder = project / ".masklens"
    folder.mkdir()
    (folder / "learning.json").write_text("{")
    learner.open(project)
    learner.driver.wait(lambda: any("cannot be read" in text for text in learner.driver.texts))
    learner.look()
    learner.panel.setup.options.form["steps"].setValue(77)
    # The old file is moved away before the new one is written: for a moment there may be none.
    learner.driver.wait(lambda: has_choices(project))
    assert choices_of(project)["steps"] == 77
    assert [path.read_text() for path in folder.glob("learning*") if path.stem != "learning"] == [
        "{"
    ]


def test_what_a_person_overrides_goes_into_the_run(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.look()
    options = learner.panel.setup.options
    options.form["steps"].setValue(33)
    options.form["rotate"].setCurrentIndex(1)
    options.form["phases"].setCurrentIndex(2)
    options.form["copy_paste"].setValue(40)
    learner.driver.wait(lambda: "33 steps" in learner.panel.setup.texts)
    learner.start()
    spec = learner.trainer.run.spec()
    assert (spec.steps, spec.schedule.rotate, spec.schedule.copy_paste) == (33, True, 0.4)
    assert spec.schedule.phases == ((0, 0.3), (2, 0.7))
    options._reset.click()
    assert learner.feature.choices.value.steps is None


def test_a_vanished_folder_is_told(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.trainer.die()
    learner.trainer.run.drop()
    learner.driver.wait(lambda: any("no longer there" in text for text in learner.driver.texts))
    assert learner.runs.watch is None


def test_a_reopened_window_finds_the_run(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.trainer.plan()
    closed: list[bool] = []
    learner.driver.services.workspace.close_project(closed.append)
    learner.driver.wait(lambda: closed)
    assert learner.runs.watch is None
    learner.driver.open(project)
    learner.driver.wait(lambda: learner.runs.watch and learner.watch.progress.total == 20)
    closed.clear()
    learner.driver.services.workspace.close_project(closed.append)
    learner.driver.wait(lambda: closed)
    learner.trainer.finish(("0.png",))
    learner.driver.open(project)
    learner.driver.wait(
        lambda: any("while the window was closed" in t for t in learner.driver.texts)
    )
    assert learner.feature.judging.usable


def test_closing_while_a_run_goes_is_a_question(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    window = learner.driver.window
    window.close()
    assert window.isVisible()
    learner.press("Do not close")
    assert window.isVisible()
    window.close()
    learner.press("Stop, keep the best")
    learner.driver.wait(lambda: not window.isVisible())
    assert wait_for_command(learner.trainer.run) == "stop"


def test_a_run_is_deleted_with_care(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.end()
    runs = learner.panel.runs
    assert runs.selected is not None
    assert "0.25 → 0.55" in runs.list.currentItem().text(1)
    runs.delete.click()
    learner.press("Delete")
    learner.driver.wait(lambda: not learner.trainer.run.path.exists())
    learner.driver.wait(lambda: not learner.runs.summaries)
    assert not learner.feature.has_report()


def test_an_image_is_pinned(learner: Learner, project: Path) -> None:
    learner.open(project)
    learner.start()
    learner.driver.go(project / "2.png")
    learner.driver.act("learn_pin")
    learner.driver.wait(lambda: learner.trainer.run.pinned() == "2.png")
    assert learner.feature.choices.value.pinned == "2.png"
