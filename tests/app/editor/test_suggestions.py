"""Asking the model and answering its suggestions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from app.base.jobs import Job
from app.base.settings import ANSWERED, FOLLOW, MODEL, PARTS, THRESHOLD, UNKNOWN_LABELS
from app.editor.panels.instance_rows import LAST, SCORE
from app.editor.suggesting import Hearing
from app.engine.client import EngineState
from app.window.about import AboutDialog
from core.document.geometry.measure import bounds
from core.document.instance import Instance, Polygon, Source
from core.document.status import ImageStatus
from core.project.project import Project
from core.project.suggestions import SuggestionSet
from core.session import store_suggestions
from core.session.query import Term
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme


def test_suggestions_arrive_and_are_no_instances(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    assert len(driver.services.suggesting.pending) == 2
    assert len(driver.services.suggesting.shown) == 1  # the other scores below the slider
    assert driver.document.instances == ()
    driver.saved()
    assert not (folder / "a1.json").exists()
    assert driver.services.workspace.status(folder / "a1.png") is ImageStatus.SUGGESTED


def test_the_slider_shows_more(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.annotate.suggestions._value.setValue(0.2)
    assert len(driver.services.suggesting.shown) == 2


def test_accept_by_keys_alone(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_Tab)
    assert len(driver.services.suggesting.picked) == 1
    driver.key(Qt.Key.Key_Y)
    (instance,) = driver.document.instances
    assert instance.source is Source.ACCEPTED
    assert instance.model == "squares@1"
    driver.act("undo")
    assert driver.document.instances == ()
    assert len(driver.services.suggesting.pending) == 2


def test_accept_all_is_one_step(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.services.suggesting.set_threshold(0.1)
    driver.act("accept_all")
    assert len(driver.document.instances) == 2
    driver.act("undo")
    assert driver.document.instances == ()


def test_what_is_rejected_stays_away(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.services.suggesting.set_threshold(0.1)
    driver.act("next_suggestion")
    driver.act("reject")
    assert len(driver.services.suggesting.pending) == 1
    driver.saved()
    driver.go(folder / "a2.png")
    driver.go(folder / "a1.png")
    assert len(driver.services.suggesting.pending) == 1


def test_reject_all_is_one_step_and_means_all(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    assert len(driver.services.suggesting.shown) < len(driver.services.suggesting.pending)
    driver.act("clear_suggestions")
    assert driver.services.suggesting.pending == ()
    driver.act("undo")
    assert len(driver.services.suggesting.pending) == 2


def test_a_deleted_acceptance_does_not_come_back(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.act("accept_all")
    driver.act("select_all")
    driver.act("delete")
    assert [each.score for each in driver.services.suggesting.pending] == [0.3]
    driver.act("undo")
    assert len(driver.document.instances) == 1


def test_a_model_keeps_its_names_and_what_has_none_becomes_the_active_label(
    driver: Driver, folder: Path
) -> None:
    driver.open(folder)
    labelling = driver.services.labelling

    def labels(*names: str, score: float | None = None) -> list[str]:
        label = driver.services.suggesting.naming()
        return [label(Instance("a", name, (Polygon(SQUARE),), score=score)) for name in names]

    assert labels("boat", "cell", "") == ["boat", "cell", "object"]
    driver.suggest()
    labelling.add("nucleus")  # as a box does that the model has no name for
    assert labels("boat", "cell", "") == ["boat", "nucleus", "nucleus"]
    # Less sure than what is shown, a name is a guess, and brings no label of its own.
    least = driver.services.suggesting.threshold
    assert labels("boat", score=least) == ["boat"]
    assert labels("boat", "nucleus", score=least - 0.01) == ["nucleus", "nucleus"]
    assert [each.label for each in driver.services.viewport._suggestions] == ["thing"]
    driver.act("accept_all")
    assert [each.label for each in driver.document.instances] == ["thing"]
    assert labelling.names == ("nucleus", "thing")
    labelling.add("cell")
    assert labels("cell", score=0.0) == ["cell"]
    labelling.rename("thing", "boat")
    labelling.rename("boat", "ship")
    assert labels("thing", "boat", "raft") == ["ship", "ship", "raft"]
    assert labels("thing", score=0.0) == ["ship"]
    labelling.rename("ship", "boat")
    labelling.add("thing")
    assert labels("thing", "boat", "ship") == ["thing", "boat", "ship"]


def test_unknown_labels_become_the_active_one_by_choice(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *((x + 60, y) for x, y in SQUARE)))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.active == "cell")
    driver.services.settings.set(UNKNOWN_LABELS, "active")
    driver.suggest()
    driver.act("accept_all")
    assert [each.label for each in driver.document.instances] == ["cell", "cell"]


def test_what_an_instance_says_already_is_not_suggested(driver: Driver, folder: Path) -> None:
    same = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))
    write_labelme(folder / "a1.png", shape("cell", *same))
    driver.open(folder)
    driver.suggest()
    pending = driver.services.suggesting
    assert [each.score for each in pending.pending] == [0.3]
    driver.act("select_all")
    driver.act("delete")
    assert [each.score for each in pending.pending] == [0.9, 0.3], "nothing says it any more"
    driver.act("undo")
    assert [each.score for each in pending.pending] == [0.3]


def test_one_object_under_two_labels_is_asked_once(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", "twice.png", "b.png")
    driver.open(folder)
    driver.go(folder / "twice.png")
    driver.suggest()
    assert [each.label for each in driver.services.suggesting.pending] == ["thing"]
    driver.act("next_suggestion")
    driver.act("reject")
    assert driver.services.suggesting.pending == ()
    driver.saved()
    assert driver.services.workspace.status(folder / "twice.png") is ImageStatus.UNTOUCHED
    driver.go(folder / "b.png")
    driver.go(folder / "twice.png")
    assert driver.services.suggesting.pending == ()  # the weaker one was meant too


def test_an_answer_for_another_image_goes_to_that_image(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.act("suggest_image")
    driver.go(folder / "a2.png")
    stored = folder / ".masklens" / "suggestions" / "a1.png.json"
    driver.wait(stored.exists)
    assert driver.services.suggesting.pending == ()
    driver.go(folder / "a1.png")
    assert len(driver.services.suggesting.pending) == 2


def test_the_whole_folder(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", *(f"{n}.png" for n in range(7)), "bad.png")
    labelled = (
        write_labelme(folder / "3.png", masklens={"status": "done"}),
        write_labelme(folder / "4.png", shape("cell", *SQUARE)),
    )
    before = [path.read_bytes() for path in labelled]
    driver.open(folder)
    driver.wait(lambda: driver.services.workspace.status(folder / "3.png") is ImageStatus.DONE)
    driver.act("suggest_folder")
    assert not driver.services.actions["suggest_folder"].isEnabled()
    driver.wait(lambda: not driver.services.annotator.folder_running)
    stored = folder / ".masklens" / "suggestions"
    driver.wait(lambda: len(list(stored.glob("*.json"))) + 1 >= 6)
    assert not (stored / "3.png.json").exists()
    assert any("1 image" in text for text in driver.texts)  # bad.png is named
    driver.wait(lambda: len(driver.services.suggesting.pending) == 2)
    assert [path.read_bytes() for path in labelled] == before
    assert sorted(folder.glob("*.json")) == list(labelled), "and no other label file is there"


def test_a_folder_run_can_be_stopped(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", *(f"slow{n}.png" for n in range(5)))
    driver.open(folder)
    driver.act("suggest_folder")
    driver.services.annotator.cancel()
    assert not driver.services.annotator.folder_running
    assert driver.services.client.waiting("suggest:") == ()


def test_a_dead_engine_is_told_and_comes_back(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", "die.png", "fine.png")
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.act("suggest_image")
    driver.wait(lambda: "engine" in driver.services.central.banners.keys)
    driver.draw_rectangle((10, 10), (40, 30))
    driver.wait(lambda: driver.services.client.state is EngineState.READY)
    driver.wait(lambda: "engine" not in driver.services.central.banners.keys)
    driver.go(folder / "fine.png")
    driver.suggest()


def test_the_last_words_of_an_engine_can_be_read(driver: Driver, tmp_path: Path) -> None:
    driver.open(make_images(tmp_path / "work", "die.png", "good.png"))
    driver.act("suggest_image")
    driver.wait(lambda: "engine" in driver.services.central.banners.keys)
    driver.press("Copy details")
    assert "this image is too much" in QGuiApplication.clipboard().text()
    assert "engine" in driver.services.central.banners.keys, "copying does not close it"
    driver.act("about")
    (shown,) = [each.toPlainText() for each in driver.window.findChildren(QPlainTextEdit)]
    assert "this image is too much" in shown
    driver.window.findChild(AboutDialog).close()


def test_a_suggestion_without_a_score_is_shown_and_answered(driver: Driver, folder: Path) -> None:
    plain = Instance("plain", "cell", (Polygon(SQUARE),), source=Source.SUGGESTED)
    project = Project(folder)
    project.lock()
    store_suggestions(project, project.images()[0], SuggestionSet("other@1", instances=(plain,)))
    project.unlock()
    driver.open(folder)
    driver.services.suggesting.set_threshold(0.9)
    assert [each.id for each in driver.services.suggesting.shown] == ["plain"]
    driver.click(15, 15)
    assert driver.services.suggesting.picked == {"plain"}
    driver.act("accept")
    assert [each.id for each in driver.document.instances] == ["plain"]


def test_what_is_below_the_slider_cannot_be_picked(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.click(60, 40)
    assert driver.services.suggesting.picked == frozenset()
    driver.services.suggesting.set_threshold(0.2)
    driver.click(60, 40)
    assert len(driver.services.suggesting.picked) == 1
    driver.services.suggesting.set_threshold(0.5)
    assert driver.services.suggesting.picked == frozenset()


def test_a_model_that_cannot_be_used_leaves_the_old_one(driver: Driver) -> None:
    driver.wait(lambda: driver.services.models.model)
    driver.services.models.choose("missing")
    driver.wait(lambda: any("missing" in text for text in driver.texts))
    assert driver.services.models.name == "starter"
    assert driver.services.settings.get(MODEL) == "starter"


def test_the_model_menu_offers_a_download(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver()
    driver.wait(lambda: driver.services.models.model)
    menu = driver.window._model_menu
    driver.wait(lambda: driver.services.models._models)
    driver.services.models.fill(menu)
    texts = [action.text() for action in menu.actions()]
    assert any("coco" in text and "37.9" in text and "download" in text for text in texts)
    assert texts[-1] == "A file…"


def test_the_model_menu_says_that_more_will_come(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver(engine=False)
    menu = driver.window._model_menu
    driver.services.models.fill(menu)
    assert any("More models" in action.text() for action in menu.actions())


def test_a_download_that_fails_is_told_in_full(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver()
    driver.wait(lambda: driver.services.models._models)
    driver.services.models.choose("coco")
    banners = driver.services.central.banners
    driver.wait(lambda: "model:fetching" in banners.keys)
    assert "no connection" in banners._shown["model:fetching"].accessibleName()
    assert driver.services.models.name == "starter"


def test_going_through_suggestions_brings_them_into_sight(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.suggest()
    driver.act("show_suggestions")
    assert not driver.services.viewport._scene.suggestions_shown
    driver.act("next_suggestion")
    assert driver.services.viewport._scene.suggestions_shown
    assert len(driver.services.suggesting.picked) == 1


@pytest.mark.parametrize("answer", ["accept_all", "clear_suggestions"])
def test_what_is_out_of_sight_is_not_answered(driver: Driver, folder: Path, answer: str) -> None:
    driver.open(folder)
    driver.suggest()
    driver.act("show_suggestions")
    driver.act(answer)
    assert driver.services.viewport._scene.suggestions_shown
    assert len(driver.services.suggesting.pending) == 2
    driver.act(answer)
    assert len(driver.services.suggesting.pending) < 2


def test_what_was_asked_for_is_shown(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.act("show_suggestions")
    driver.suggest()
    assert driver.services.viewport._scene.suggestions_shown


def test_the_score_follows_the_answers(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.suggest()
    start = driver.services.suggesting.threshold
    assert start == pytest.approx(0.5, abs=0.02)
    driver.services.suggesting.following.set_on(False)
    driver.services.suggesting.set_threshold(0.2)
    driver.act("next_suggestion")
    driver.act("next_suggestion")
    driver.act("accept")  # the one with 0.3
    driver.services.suggesting.following.set_on(True)
    lower = driver.services.suggesting.threshold
    assert lower < start
    assert driver.annotate.suggestions._value.value() == pytest.approx(lower)
    driver.act("undo")
    driver.services.suggesting.following.move()
    assert driver.services.suggesting.threshold == start, "what was taken back counts no more"


def test_answers_count_in_the_next_images_and_once(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    start = driver.services.suggesting.threshold
    for name in ("a1.png", "a2.png", "a10.png"):
        driver.go(folder / name)
        driver.suggest()
        driver.act("next_suggestion")
        driver.act("reject")  # the one with 0.9
        driver.saved()
    driver.go(folder / "a1.png")
    higher = driver.services.suggesting.threshold
    assert higher > start
    (counts,) = driver.services.settings.get(ANSWERED).values()
    assert sum(counts) == 3
    driver.go(folder / "a2.png")
    driver.go(folder / "a1.png")
    assert driver.services.settings.get(ANSWERED) == {"squares@1": counts}


def test_nothing_new_appears_once_all_are_answered(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.suggest()
    start = driver.services.suggesting.threshold
    driver.act("accept_all")
    assert driver.services.suggesting.threshold == start
    assert driver.services.suggesting.shown == ()


def test_a_score_set_by_hand_stays(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.suggest()
    panel = driver.annotate.suggestions
    assert panel._follow.isChecked()
    panel._value.setValue(0.2)
    assert not driver.services.settings.get(FOLLOW)
    assert not panel._follow.isChecked()
    driver.act("next_suggestion")
    driver.act("reject")
    assert driver.services.settings.get(THRESHOLD) == 0.2
    panel._follow.click()
    assert driver.services.settings.get(THRESHOLD) > 0.4


def test_one_count_is_told(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.suggest()
    expected = "1 suggestion(s) · 1 more below the score"
    driver.wait(lambda: expected in driver.texts)
    assert driver.annotate.instances._note.text() == "1 suggested · 1 too low"
    jobs: list[Job] = []
    driver.services.jobs.added.connect(jobs.append)
    driver.act("suggest_folder")
    driver.wait(lambda: not driver.services.annotator.folder_running)
    assert jobs[0].outcome == "3 suggestion(s) · 3 more below the score · 3 image(s)"


def test_the_tag_shows_the_label_that_accepting_gives(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *((x + 60, y) for x, y in SQUARE)))
    driver.open(folder)
    driver.wait(lambda: driver.services.labelling.active == "cell")
    driver.services.settings.set(UNKNOWN_LABELS, "active")
    driver.suggest()
    shown = driver.services.viewport._suggestions
    assert [each.label for each in shown] == ["cell"]
    driver.services.labelling.add("nucleus")
    assert [each.label for each in driver.services.viewport._suggestions] == ["nucleus"]
    again = driver.services.viewport._suggestions
    driver.services.suggesting.changed.emit()
    assert driver.services.viewport._suggestions[0] is again[0], "its outline is kept"
    driver.services.settings.set(UNKNOWN_LABELS, "names")
    assert [each.label for each in driver.services.viewport._suggestions] == ["thing"]
    driver.act("accept_all")
    assert driver.document.instances[-1].label == "thing"


def test_parts_are_shown_by_choice(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", "twice.png")
    driver.open(folder)
    driver.suggest()
    assert len(driver.services.suggesting.pending) == 1
    # They lie on each other, so they stay one; a part of a larger one is another matter.
    driver.services.settings.set(PARTS, "show")
    driver.services.settings.set(PARTS, "hide")
    driver.wait(lambda: len(driver.services.suggesting.pending) == 1)


def test_the_folder_begins_with_what_is_on_the_screen(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "work", *(f"slow{n}.png" for n in range(5)))
    driver.open(folder)
    driver.services.workspace.go(folder / "slow3.png")
    driver.act("suggest_folder")  # while it is still being staged
    walk = driver.services.annotator._folder
    assert walk is not None
    asked = [each.request.purpose for each in driver.services.client._asked.values()]
    order = [text.rpartition(":")[2] for text in asked if text.startswith("suggest:folder:")]
    assert order == ["slow3.png", "slow4.png", "slow0.png"]
    assert [image.name for image in walk.todo] == ["slow1.png", "slow2.png"]
    driver.services.annotator.cancel()


def two_suggestions(driver: Driver, folder: Path) -> tuple[tuple[float, float], ...]:
    """Ask with the slider low; the middles of both suggestions."""
    driver.open(folder)
    driver.suggest()
    driver.services.suggesting.set_threshold(0.1)
    boxes = [bounds(each) for each in driver.services.suggesting.shown]
    assert len(boxes) == 2
    return tuple(box.centre for box in boxes)


def test_a_held_key_sweeps_and_gives_the_tool_back(driver: Driver, folder: Path) -> None:
    first, second = two_suggestions(driver, folder)
    driver.act("tool_polygon")
    canvas = driver.services.viewport
    QTest.keyPress(canvas, Qt.Key.Key_Z)
    assert canvas.tool == "sweep"
    driver.drag(first, second)
    assert len(driver.document.instances) == 2
    QTest.keyRelease(canvas, Qt.Key.Key_Z)
    assert canvas.tool == "polygon"
    driver.act("undo")
    assert driver.document.instances == ()
    assert len(driver.services.suggesting.pending) == 2


def test_letting_go_of_the_key_first_ends_the_sweep_with_its_answers(
    driver: Driver, folder: Path
) -> None:
    first, _ = two_suggestions(driver, folder)
    canvas = driver.services.viewport
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_Z)
    QTest.mousePress(canvas, Qt.MouseButton.RightButton, pos=driver.at(*first))
    QTest.keyRelease(canvas, Qt.Key.Key_Z)
    assert canvas.tool == "select"
    assert len(driver.services.suggesting.pending) == 1
    assert driver.document.instances == ()


def test_the_sweep_stays_in_the_hand_when_its_button_was_pressed(
    driver: Driver, folder: Path
) -> None:
    first, _ = two_suggestions(driver, folder)
    driver.act("sweep")
    assert driver.services.actions["sweep"].isChecked()
    driver.click(*first)
    assert driver.services.viewport.tool == "sweep"
    assert len(driver.document.instances) == 1


def test_accept_all_of_a_label_leaves_the_others(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    image = driver.services.workspace.staged.entry
    found = [
        suggested(str(k), label, 5.0 + 20 * k) for k, label in enumerate(["cat", "dog", "cat"])
    ]
    driver.services.suggesting.arrive(
        driver.services.workspace.project, image.path, SuggestionSet("m", instances=tuple(found))
    )
    driver.wait(lambda: len(driver.services.suggesting.shown) == 3)
    driver.services.suggesting.pick(["2"])
    driver.act("accept_label")
    assert sorted(each.id for each in driver.document.instances) == ["0", "2"]
    assert [each.label for each in driver.services.suggesting.shown] == ["dog"]
    driver.act("undo")
    assert driver.document.instances == ()


def test_the_rest_of_an_answer_keeps_what_was_said_to_its_beginning(
    driver: Driver, folder: Path
) -> None:
    driver.open(folder)
    services = driver.services
    image, project = services.workspace.staged.entry, services.workspace.project
    services.settings.set(FOLLOW, False)
    services.settings.set(THRESHOLD, 0.1)
    found = [suggested(str(k), "cat", 5.0 + 20 * k) for k in range(4)]
    first = SuggestionSet("m", instances=tuple(found[:3]))
    services.suggesting.arrive(project, image.path, first, early=True)
    driver.wait(lambda: len(services.suggesting.shown) == 3)
    services.suggesting.answer(frozenset("0"), accepted=True)
    services.suggesting.answer(frozenset("1"), accepted=False)
    begun: list[object] = []
    services.suggesting.following.begin = begun.append
    services.suggesting.arrive(project, image.path, SuggestionSet("m", instances=tuple(found)))
    driver.wait(lambda: {each.id for each in services.suggesting.shown} == {"2", "3"})
    assert begun == []
    assert [each.id for each in driver.document.instances] == ["0"]
    driver.act("undo")
    driver.act("undo")
    driver.wait(lambda: {each.id for each in services.suggesting.shown} == {"0", "1", "2", "3"})
    driver.act("redo")
    driver.act("redo")
    told: list[str] = []
    hearing = Hearing(lost=told.append)
    services.suggesting.arrive(project, image.path, first, hearing, early=True)
    driver.wait(lambda: told == [""])
    assert {each.id for each in services.suggesting.shown} == {"2", "3"}, "late, so left out"
    driver.act("next_image")
    driver.wait(lambda: services.workspace.staged.entry != image)
    services.suggesting.arrive(project, image.path, first, hearing, early=True)
    assert told == ["", ""]


def test_one_list_of_instances_and_suggestions_sorts_filters_and_answers(
    driver: Driver, folder: Path
) -> None:
    write_labelme(folder / "a1.png", shape("cell", *((x + 60, y) for x, y in SQUARE)))
    driver.open(folder)
    found = [replace(suggested(str(k), "cat", 5.0 + 20 * k), score=0.9 - 0.1 * k) for k in range(3)]
    driver.services.suggesting.arrive(
        driver.services.workspace.project,
        folder / "a1.png",
        SuggestionSet("m", instances=tuple(found)),
    )
    driver.wait(lambda: len(driver.services.suggesting.shown) == 3)
    panel = driver.annotate.instances
    rows, table = panel.rows, panel._table

    def listed() -> list[str]:
        return [rows.id_at(row) for row in range(rows.rowCount())]

    (cell,) = (each.id for each in driver.document.instances)
    assert listed() == [cell, "0", "1", "2"]
    assert panel._note.text() == "1 · 3 suggested"
    table.sortByColumn(SCORE, Qt.SortOrder.AscendingOrder)
    assert listed() == [cell, "2", "1", "0"]
    table.selectRow(3)
    assert driver.services.suggesting.picked == {"0"}
    driver.act("accept")
    assert (driver.document.instances[-1].id, driver.services.suggesting.picked) == ("0", {"1"})
    chosen = {rows.id_at(index.row()) for index in table.selectionModel().selectedRows()}
    assert chosen == {"1"}, "the list follows what is picked next"
    table.clicked.emit(rows.index(rows.row_of("2"), LAST))
    assert [each.id for each in driver.services.suggesting.pending] == ["1"]
    driver.act("undo")
    panel._field.setText("cat source:suggested score<0.75")
    assert listed() == ["2"]
    assert panel._note.text() == "1 of 4 · 2 suggested"
    panel._field.setText("done")
    assert panel._problem.text()
    assert listed() == ["2"], "what was found before stays"
    panel._ask(Term("label", ":", "cell"))
    assert listed() == [cell]
    table.selectRow(0)
    assert driver.services.viewport.selection == {cell}
    assert not driver.services.suggesting.picked
    driver.go(folder / "a2.png")
    assert listed() == []


def test_a_stroke_on_a_suggestion_accepts_it_with_the_label_that_accepting_gives(
    driver: Driver, folder: Path
) -> None:
    driver.open(folder)
    driver.services.labelling.add("mine")
    image = driver.services.workspace.staged.entry
    found = SuggestionSet("m", instances=(suggested("s", "object", 20.0),))
    driver.services.suggesting.arrive(driver.services.workspace.project, image.path, found)
    driver.wait(lambda: driver.services.suggesting.shown)
    driver.act("tool_stretch")
    driver.drag((20.0, 24.0), (36.0, 30.0))
    (made,) = driver.document.instances
    assert (made.id, made.label, made.source) == ("s", "mine", Source.EDITED)
    assert driver.services.suggesting.pending == ()
    driver.act("undo")
    assert driver.document.instances == ()
    assert len(driver.services.suggesting.pending) == 1


def suggested(id: str, label: str, x: float) -> Instance:
    ring = ((x, 20.0), (x + 16, 20.0), (x + 16, 36.0), (x, 36.0))
    return Instance(id, label, (Polygon(ring),), source=Source.SUGGESTED, score=0.9)
