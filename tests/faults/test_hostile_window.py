"""A folder that reaches out, opened in a window: whoever sits there is asked, and is told what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from core.learning.choices import LearningChoices, UsedModel, save_choices
from core.learning.events import StateChanged
from core.learning.journal import EventWriter
from core.learning.state import RunState
from tests.app.learning.runner import FakeTrainer
from tests.app.learning.test_learning_window import Learner
from tests.app.window.conftest import Driver, driver, make_driver, make_images
from tests.faults.hostile import CODE, RUN, change_spec, make_project
from tests.leaks import no_leaks

__all__ = ["driver", "make_driver", "no_leaks"]


@pytest.fixture
def learner(make_driver: Callable[..., Driver]) -> Iterator[Learner]:
    trainer = FakeTrainer()
    yield Learner(make_driver(), trainer)
    trainer.die()


def names_model(folder: Path, *models: UsedModel) -> None:
    (folder / ".masklens").mkdir(exist_ok=True)
    choices = LearningChoices(models=models)
    save_choices(folder / ".masklens" / "learning.json", choices)


def test_a_model_that_a_folder_names_is_loaded_only_when_the_person_says_so(
    learner: Learner, tmp_path: Path
) -> None:
    folder = make_images(tmp_path / "photos", "a.png")
    evil = tmp_path / "<b>evil.pt"
    evil.write_bytes(b"weights")
    names_model(folder, UsedModel("starter", ""), UsedModel(str(evil), "evil@1"))
    driver = learner.driver
    loads: list[str] = []
    driver.services.models.taken.connect(lambda spec, _own: loads.append(spec))
    learner.open(folder)
    banners = driver.services.central.banners
    driver.wait(lambda: "model" in banners.keys)
    driver.wait(lambda: driver.services.models.model is not None)
    assert driver.services.models.model.spec == "starter"
    banner = banners._shown["model"]
    assert str(evil) in banner.accessibleName()
    # Another folder: nothing is asked any more.
    learner.open(make_images(tmp_path / "other", "a.png"))
    driver.wait(lambda: "model" not in banners.keys)
    learner.open(folder)
    driver.wait(lambda: "model" in banners.keys)
    (button,) = banners._shown["model"].findChildren(QPushButton)
    button.click()
    driver.wait(lambda: str(evil) in loads)
    assert driver.services.settings.knows_model(str(evil))
    # Once is enough, and what was answered lies with the user, not in the folder.
    learner.open(tmp_path / "other")
    driver.wait(lambda: loads[-1] == "starter")
    learner.open(folder)
    driver.wait(lambda: loads[-1] == str(evil))
    assert "model" not in banners.keys


@pytest.mark.parametrize("answer", ["Do not go on", "Go on"])
def test_code_that_a_run_names_is_asked_about_each_time(
    learner: Learner, tmp_path: Path, answer: str
) -> None:
    run = make_project(tmp_path / "photos")
    EventWriter(run.events_file).tell(StateChanged(RunState.RUNNING))
    change_spec(run, backbone=CODE, model="/elsewhere/m.pt")
    learner.open(tmp_path / "photos")
    learner.driver.wait(lambda: learner.runs.watch is not None and not learner.runs.active)
    for _ in range(2):
        learner.runs.resume(run)
        learner.driver.wait(learner.question)
        text = learner.question().text()
        assert CODE in text or "/elsewhere" not in text
        assert learner.trainer.launched == []
        if answer == "Go on":
            break
        learner.press(answer)
        learner.driver.wait(lambda: learner.question() is None)
    learner.driver.wait(lambda: not learner.runs.beginning)
    if answer == "Go on":
        learner.press(answer)
        learner.driver.wait(lambda: learner.trainer.launched == [run])
        assert set(learner.trainer.allowed) == {CODE, "/elsewhere/m.pt"}
    else:
        assert learner.trainer.launched == []


def test_a_run_that_names_nothing_strange_goes_on_unasked(learner: Learner, tmp_path: Path) -> None:
    run = make_project(tmp_path / "photos")
    EventWriter(run.events_file).tell(StateChanged(RunState.RUNNING))
    learner.open(tmp_path / "photos")
    learner.driver.wait(lambda: learner.runs.watch is not None and not learner.runs.active)
    learner.runs.resume(run)
    learner.driver.wait(lambda: learner.trainer.launched == [run])
    assert learner.trainer.allowed == ()
    assert run.id == RUN
