"""Box and click in the window: the model draws, a person keeps, no answer goes astray."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.base.settings import ASK_LABEL, PREPARE
from core.document.edits import Add, Reshape
from core.document.geometry import Rect, area, bounds, polygon_iou
from core.document.instance import Polygon, Source
from core.gestures.base import Answered, Asked
from core.gestures.prompt import HINT_BOX_DRAGGING, HINT_WAIT
from core.protocol import Priority
from core.protocol.messages.prompts import Prompt
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme

BOX = ((40.0, 20.0), (70.0, 50.0))


@pytest.fixture
def ready(driver: Driver, folder: Path) -> Driver:
    """A window whose model has seen the image."""
    write_labelme(folder / "a1.png", shape("thing", *SQUARE))
    driver.open(folder)
    driver.wait(lambda: driver.services.prompting.ready)
    return driver


def shown(driver: Driver):
    return driver.services.viewport._renderer.preview.changed


def press(driver: Driver, at, button=Qt.MouseButton.LeftButton, held=Qt.NoModifier) -> None:
    QTest.mouseMove(driver.services.viewport, driver.at(*at))
    QTest.mousePress(driver.services.viewport, button, held, driver.at(*at))


def release(driver: Driver, at, button=Qt.MouseButton.LeftButton, held=Qt.NoModifier) -> None:
    QTest.mouseRelease(driver.services.viewport, button, held, driver.at(*at))


def move(driver: Driver, at) -> None:
    # From elsewhere: where the pointer is already, a move is no event.
    QTest.mouseMove(driver.services.viewport, driver.at(at[0] + 2, at[1]))
    QTest.mouseMove(driver.services.viewport, driver.at(*at))


def test_a_box_shows_its_outline_while_dragging_and_keeps_it(ready: Driver) -> None:
    ready.key(Qt.Key.Key_B)
    assert ready.services.viewport.tool == "box"
    press(ready, BOX[0])
    move(ready, BOX[1])
    ready.wait(lambda: shown(ready) and bounds(shown(ready)[0]).width < 31)
    (seen,) = shown(ready)
    assert (seen.label, seen.score) == ("thing", 0.8)
    assert len(ready.document.instances) == 1
    release(ready, BOX[1])
    ready.wait(lambda: len(ready.document.instances) == 2)
    made = ready.document.instances[-1]
    assert (made.source, made.label, made.score) == (Source.PROMPTED, "thing", 0.8)
    assert made.polygons == seen.polygons
    assert bounds(made).width == pytest.approx(30, abs=1)
    assert ready.services.viewport.selection == {made.id}
    assert shown(ready) == ()
    ready.act("undo")
    assert len(ready.document.instances) == 1


def test_tab_keeps_the_other_outline(ready: Driver) -> None:
    outlines: list[int] = []
    ready.services.client.answered.connect(
        lambda answer: outlines.append(len(getattr(answer, "instances", ())))
    )
    ready.act("tool_box")
    press(ready, BOX[0])
    move(ready, BOX[1])
    ready.wait(lambda: shown(ready) and bounds(shown(ready)[0]).width < 31)
    (first,) = shown(ready)
    assert max(outlines) == 1  # the other one is not drawn before it is asked for
    ready.key(Qt.Key.Key_Tab)
    ready.wait(lambda: area(shown(ready)[0]) < area(first))
    (other,) = shown(ready)
    release(ready, BOX[1])
    ready.wait(lambda: len(ready.document.instances) == 2)
    assert ready.document.instances[-1].polygons == other.polygons


def test_the_other_outline_is_that_of_the_box_that_was_let_go(ready: Driver) -> None:
    ready.act("tool_box")
    press(ready, BOX[0])
    move(ready, BOX[1])
    ready.wait(lambda: shown(ready))
    ready.key(Qt.Key.Key_Tab)
    release(ready, (60.0, 40.0))  # before there is an answer to Tab, and elsewhere
    ready.wait(lambda: len(ready.document.instances) == 2)
    made = bounds(ready.document.instances[-1])
    assert (made.x0, made.y0, made.x1, made.y1) == pytest.approx((41, 21, 59, 39), abs=1)
    assert made.width == pytest.approx(18, abs=0.7)  # the smaller one, not the 20 of the first


def test_escape_leaves_no_trace(ready: Driver) -> None:
    ready.act("tool_box")
    press(ready, BOX[0])
    move(ready, BOX[1])
    ready.wait(lambda: shown(ready))
    ready.key(Qt.Key.Key_Escape)
    release(ready, BOX[1])
    QTest.qWait(100)
    assert shown(ready) == ()
    assert len(ready.document.instances) == 1
    assert not ready.services.actions["undo"].isEnabled()


def test_a_label_is_what_the_models_was_renamed_to_as_the_tag_says(ready: Driver) -> None:
    labelling = ready.services.labelling
    labelling.add("mine")
    labelling.rename("thing", "other")
    ready.act("tool_box")
    press(ready, BOX[0])
    move(ready, BOX[1])
    ready.wait(lambda: shown(ready))
    assert shown(ready)[0].label == "other"
    release(ready, BOX[1])
    ready.wait(lambda: len(ready.document.instances) == 2)
    assert {each.label for each in ready.document.instances} == {"other"}


def test_hovering_shows_and_a_click_keeps_and_asks_for_the_label(ready: Driver) -> None:
    ready.services.settings.set(ASK_LABEL, True)
    ready.services.viewport.setFocus()
    ready.key(Qt.Key.Key_Q)
    move(ready, (60.0, 40.0))
    # What was under the pointer on its way may be shown first.
    ready.wait(lambda: shown(ready) and abs(bounds(shown(ready)[0]).centre[0] - 60) < 1)
    (seen,) = shown(ready)
    press(ready, (60.0, 40.0))
    release(ready, (60.0, 40.0))
    ready.wait(lambda: len(ready.document.instances) == 2)
    assert ready.document.instances[-1].polygons == seen.polygons
    for key in (Qt.Key.Key_X, Qt.Key.Key_Y, Qt.Key.Key_Return):
        ready.key(key)
    assert ready.document.instances[-1].label == "xy"
    ready.act("undo")
    assert len(ready.document.instances) == 1


def test_what_is_an_instance_already_is_not_offered_again(ready: Driver) -> None:
    ready.services.viewport.setFocus()
    ready.key(Qt.Key.Key_Q)
    move(ready, (60.0, 40.0))
    ready.wait(lambda: shown(ready) and abs(bounds(shown(ready)[0]).centre[0] - 60) < 1)
    press(ready, (60.0, 40.0))
    release(ready, (60.0, 40.0))
    ready.wait(lambda: len(ready.document.instances) == 2)
    kept = ready.document.instances[-1]
    hole = ((58.0, 38.0), (58.0, 42.0), (62.0, 42.0), (62.0, 38.0))
    (polygon,) = kept.polygons
    ready.services.workspace.do(
        Reshape(kept.id, (Polygon(polygon.outer, (*polygon.holes, hole)),)), "cut"
    )
    heard: list[Answered] = []
    ready.services.prompting.heard.connect(heard.append)
    move(ready, (60.0, 40.0))
    ready.wait(lambda: heard and math.dist(heard[-1].asked.inside[0], (60, 40)) < 1)
    assert all(polygon_iou(kept, each) < 0.7 for each in heard[-1].choices)


def test_the_wheel_takes_a_larger_one_and_with_ctrl_still_zooms(ready: Driver) -> None:
    canvas = ready.services.viewport
    ready.act("tool_click")
    move(ready, (60.0, 40.0))
    ready.wait(lambda: shown(ready))
    before, scale = area(shown(ready)[0]), canvas.view()[1]
    wheel(ready, (60.0, 40.0), Qt.NoModifier)
    assert area(shown(ready)[0]) > before
    assert canvas.view()[1] == scale
    wheel(ready, (60.0, 40.0), Qt.ControlModifier)
    assert canvas.view() != ((48.0, 36.0), scale)


def wheel(driver: Driver, at, held) -> None:
    canvas = driver.services.viewport
    place = driver.at(*at)
    event = QWheelEvent(
        QPointF(place),
        QPointF(canvas.mapToGlobal(place)),
        place * 0,
        QPointF(0, 120).toPoint(),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_a_right_click_mends_an_instance_in_one_edit(ready: Driver) -> None:
    ready.act("tool_click")
    before = ready.document.instances[0]
    press(ready, (20.0, 20.0), Qt.MouseButton.RightButton)
    release(ready, (20.0, 20.0), Qt.MouseButton.RightButton)
    ready.wait(lambda: ready.document.instances[0] != before)
    after = ready.document.instances[0]
    assert area(after) == pytest.approx(area(before) / 2)
    assert after.id == before.id
    ready.act("undo")
    assert ready.document.instances == (before,)


Rows = tuple[tuple[list[float], bool], ...]


@pytest.fixture
def mended(ready: Driver, monkeypatch: pytest.MonkeyPatch) -> list[Rows]:
    """The points of each question that mends an outline, and whether they are inner ones."""
    sent: list[Rows] = []
    ask = ready.services.client.ask

    def seen(request: object, **how: object) -> object:
        if isinstance(request, Prompt) and request.present:
            rows = zip(request.points.round().tolist(), request.inside.tolist(), strict=True)
            sent.append(tuple(rows))
        return ask(request, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(ready.services.client, "ask", seen)
    return sent


def spot_is_wrong(driver: Driver, across: float, down: float) -> None:
    """A right click at a place of the box of the last instance, which changes it."""
    before = driver.document.instances[-1]
    box = bounds(before)
    at = (box.x0 + across * box.width, box.y0 + down * box.height)
    press(driver, at, Qt.MouseButton.RightButton)
    release(driver, at, Qt.MouseButton.RightButton)
    driver.wait(lambda: driver.document.instances[-1] != before)


def test_a_further_click_keeps_in_mind_where_one_clicked_before(
    ready: Driver, mended: list[Rows]
) -> None:
    ready.act("tool_click")
    spot_is_wrong(ready, 0.2, 0.2)
    spot_is_wrong(ready, 0.5, 0.8)
    assert [len(rows) for rows in mended] == [1, 2]
    assert mended[1][0] == mended[0][0]
    ready.act("undo")
    spot_is_wrong(ready, 0.3, 0.7)
    assert mended[2][:-1] == mended[1][:-1]  # the point that was undone is forgotten


def test_the_points_that_made_an_instance_are_kept_in_mind(
    ready: Driver, mended: list[Rows]
) -> None:
    ready.act("tool_click")
    press(ready, (80.0, 60.0), held=Qt.KeyboardModifier.ShiftModifier)
    release(ready, (80.0, 60.0), held=Qt.KeyboardModifier.ShiftModifier)
    ready.key(Qt.Key.Key_Return)
    ready.wait(lambda: len(ready.document.instances) == 2)
    spot_is_wrong(ready, 0.8, 0.8)
    ((first, kind), _) = mended[0]
    assert (first, kind) == ([80.0, 60.0], True)


def test_points_of_one_image_mean_nothing_on_another(ready: Driver, mended: list[Rows]) -> None:
    ready.act("tool_click")
    spot_is_wrong(ready, 0.2, 0.2)
    same = ready.document.instances[-1]
    ready.act("next_image")
    ready.wait(lambda: not ready.document.instances and ready.services.prompting.ready)
    ready.services.workspace.do(Add((same,)), "the same outline")
    spot_is_wrong(ready, 0.5, 0.8)
    assert [len(rows) for rows in mended] == [1, 1]


def test_a_suggestion_that_a_click_accepts_is_selected_for_what_follows(ready: Driver) -> None:
    ready.suggest()
    ready.services.suggesting.set_threshold(0.1)
    waiting = ready.services.suggesting.shown[-1]
    ready.act("tool_click")
    (x, y), *_ = waiting.polygons[0].outer
    ready.click(x + 8, y + 8)
    assert waiting.id in ready.document
    assert ready.services.viewport.selection == {waiting.id}
    assert not ready.services.suggesting.picked


def test_nothing_there_is_said(driver: Driver, tmp_path: Path) -> None:
    driver.open(make_images(tmp_path / "other", "nothing.png"))
    driver.wait(lambda: driver.services.prompting.ready)
    driver.act("tool_box")
    driver.drag(*BOX)
    driver.wait(lambda: any("draws nothing" in text for text in driver.texts))
    assert driver.document.instances == ()


def test_what_is_kept_before_the_model_has_seen_the_image_is_made_then(
    driver: Driver, folder: Path
) -> None:
    driver.services.settings.set(PREPARE, "asked")
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    QTest.qWait(300)
    assert not driver.services.prompting.ready
    driver.act("tool_box")
    driver.drag(*BOX)
    driver.drag((5.0, 5.0), (30.0, 30.0))
    driver.wait(lambda: len(driver.document.instances) == 2)
    assert [round(bounds(each).x0) for each in driver.document.instances] == [40, 5]


def test_neighbours_are_made_ready_only_while_nothing_is_asked(
    driver: Driver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    prompting = driver.services.prompting
    ask = prompting._ask_to_encode

    def seen(path: Path, priority: Priority, *more: object) -> object:
        encoded.append(path.name)
        return ask(path, priority, *more)

    monkeypatch.setattr(prompting, "_ask_to_encode", seen)
    prompting._rest.setInterval(300)
    asked = Asked(Rect(*BOX[0], *BOX[1]))
    prompting.ready_changed.connect(  # while the neighbour is under way
        lambda ready: ready and QTimer.singleShot(0, lambda: prompting.ask(asked))
    )
    answers: list[Answered] = []
    prompting.heard.connect(answers.append)
    driver.open(folder)
    driver.wait(lambda: answers)
    assert encoded == ["a1.png", "a2.png"], "the neighbour was not begun again yet"
    assert prompting._encoding is None
    driver.wait(lambda: len(encoded) == 3 and prompting._encoding is None)
    assert encoded == ["a1.png", "a2.png", "a2.png"]


def test_no_answer_lands_on_another_image(driver: Driver, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "two", "slow.png", "then.png")
    driver.open(folder)
    driver.wait(lambda: driver.services.models.model)
    driver.act("tool_box")
    driver.drag(*BOX)
    driver.go(folder / "then.png")
    assert any("had no answer" in text for text in driver.texts)
    driver.wait(lambda: driver.services.prompting.ready)
    QTest.qWait(100)
    assert driver.document.instances == ()


def test_what_was_asked_before_there_was_a_model_is_answered_by_it(
    make_driver: Callable[..., Driver], folder: Path
) -> None:
    driver = make_driver(engine=False)
    driver.open(folder)
    driver.services.viewport.set_tool("box")
    press(driver, BOX[0])
    move(driver, BOX[1])
    assert driver.services.viewport.hint == HINT_WAIT
    driver.services.models.start()
    driver.wait(lambda: shown(driver))
    assert driver.services.viewport.hint == HINT_BOX_DRAGGING


def test_an_instance_that_was_changed_meanwhile_is_not_mended(ready: Driver) -> None:
    before = ready.document.instances[0]
    ready.act("tool_click")
    press(ready, (20.0, 20.0), Qt.MouseButton.RightButton)
    release(ready, (20.0, 20.0), Qt.MouseButton.RightButton)
    other = ((6.0, 6.0), *before.polygons[0].outer[1:])
    moved = (type(before.polygons[0])(other),)
    ready.services.workspace.do(Reshape(before.id, moved), "reshape")
    QTest.qWait(300)
    assert ready.document.instances[0].polygons == moved


def test_an_engine_elsewhere_gets_the_pixels_and_again_when_it_has_forgotten_them(
    make_driver: Callable[..., Driver], folder: Path
) -> None:
    write_labelme(folder / "a1.png", shape("thing", *SQUARE))
    driver = make_driver(elsewhere=True)
    sent: list[bool] = []
    ask = driver.services.client.ask

    def listen(request, **how):
        if request.TYPE in ("encode", "predict"):
            sent.append(request.pixels is not None)
        return ask(request, **how)

    driver.services.client.ask = listen  # type: ignore[method-assign]
    driver.open(folder)
    driver.wait(lambda: driver.services.prompting.ready)
    driver.act("tool_click")
    for count, x in enumerate((60.0, 40.0, 20.0), start=2):  # two answers, then it has forgotten
        move(driver, (x, 60.0))
        press(driver, (x, 60.0))
        release(driver, (x, 60.0))
        driver.wait(lambda count=count: len(driver.document.instances) == count)
    assert len(sent) >= 2
    driver.act("suggest_image")
    driver.wait(lambda: driver.services.suggesting.pending)
    assert all(sent)
