"""What was gained and lost in the open image: looked up or asked for, listed, lit on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from app.canvas.layers.base import LayerView
from app.canvas.layers.gains import GAINED, LOST, GainsLayer
from app.learning.gains_section import GainsSection
from core.document.geometry.measure import Rect
from core.learning.folder import create_run
from core.learning.frozen import Provenance
from core.learning.gains import Change
from core.learning.gather import Gathered, gather_project
from core.learning.history import RunSummary
from core.learning.seen import Outcome, Seen, SeenWriter
from core.learning.state import RunState
from core.project.project import Project
from core.protocol import Request
from core.protocol.messages.comparing import Compare, Compared
from core.sentences import say
from tests.app.window.conftest import (
    SQUARE,
    Driver,
    driver,
    make_driver,
    make_images,
    shape,
    write_labelme,
)
from tests.core.learning.making import small_spec, square
from tests.core.learning.test_compared import figures, make_report
from tests.leaks import no_leaks

__all__ = ["driver", "make_driver", "no_leaks"]

OLD = square("old", 60, 40, 20, "cell", score=0.8)
NEW = square("new", 5, 5, 20, "cell", score=0.9)


@pytest.fixture
def summary(driver: Driver, tmp_path: Path) -> RunSummary:
    """A run over two images, the first of which was held out; the folder is open."""
    folder = make_images(tmp_path / "work", "a.png", "b.png", "c.png")
    for name in ("a", "b"):
        write_labelme(folder / f"{name}.png", shape("cell", *SQUARE), masklens={"status": "done"})
    found = gather_project(Project(folder), share=0)
    images = tuple(replace(one, held_out=one.key == "a.png") for one in found.images)
    data = Gathered(images, found.labels, Provenance())
    run = create_run(folder / ".masklens" / "runs" / "one", small_spec(tmp_path / "n.pt"), data)
    for path, seen in ((run.seen_before_file, OLD), (run.seen_after_file, NEW)):
        with SeenWriter(path) as writer:
            writer.add("a.png", [Seen(seen, Outcome.FOUND, "x")])
    for model in (tmp_path / "n.pt", run.model_file):
        driver.services.settings.remember_model(str(model))
    driver.open(folder)
    driver.go(folder / "a.png")
    report = make_report(figures(0.1), figures(0.2))
    return RunSummary(
        run=run,
        spec=run.spec(),
        state=RunState.DONE,
        alive=False,
        began=0.0,
        lasted=None,
        planned=None,
        step=4,
        failure=None,
        report=report,
    )


@pytest.fixture
def section(driver: Driver, summary: RunSummary) -> GainsSection:
    made = driver.window.features["learning"].gains
    driver.act("learning")
    driver.window.features["learning"].panel.show_report_page()
    driver.window.features["learning"].judging._take(summary)
    return made


def rows(section: GainsSection) -> list[str]:
    return [section.view.list.item(k).text() for k in range(section.view.list.count())]


def test_a_held_out_image_is_told_from_what_the_run_saw(
    driver: Driver, section: GainsSection
) -> None:
    driver.wait(lambda: section.gains.found is not None)
    assert rows(section) == [
        "▲ + cell 0.90 · labelled, found now",
        "▼ − cell 0.80 · was not among the labels",
    ]
    assert section.view.note.text() == "▲ 1 gained, ▼ 1 lost, 0 in both"
    assert section.layer.visible
    assert section.layer.count == 2
    section.view.list.setCurrentRow(1)
    assert section.layer.lit == "old"


def test_the_switch_and_leaving_the_report_clear_the_canvas(
    driver: Driver, section: GainsSection
) -> None:
    driver.wait(lambda: section.layer.visible)
    driver.act("learn_gains")
    assert not section.layer.visible
    assert section.view.list.isHidden()
    section.view.box.click()
    driver.wait(lambda: section.layer.visible)
    driver.window.features["learning"].panel.show_learn()
    assert not section.layer.visible


class Asked:
    """Stands in for the engine: remembers what is asked for and answers when told to."""

    def __init__(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = driver.services.client
        self.requests: list[Compare] = []
        self.hearers: list[dict[str, Callable[..., None]]] = []
        self.cancelled: list[int] = []
        ask = self.client.ask

        def hear(request: Request, **callbacks: Callable[..., None]) -> object:
            if not isinstance(request, Compare):
                return ask(request, **callbacks)
            self.requests.append(request)
            self.hearers.append(callbacks)
            number = len(self.requests)
            return SimpleNamespace(cancel=lambda: self.cancelled.append(number))

        monkeypatch.setattr(self.client, "ask", hear)


@pytest.fixture
def asked(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(driver, monkeypatch)


def test_any_other_image_is_looked_at_now(
    driver: Driver, section: GainsSection, asked: Asked, tmp_path: Path
) -> None:
    driver.go(tmp_path / "work" / "c.png")
    driver.wait(lambda: asked.requests)
    (request,) = asked.requests
    assert Path(request.path).name == "c.png"
    assert (request.before_revision, request.after_revision) == ("starter@1", "model@2")
    assert request.before.endswith("n.pt")
    assert request.after.endswith("model.pt")
    assert section.view.note.text() == "Both models look at it…"
    asked.hearers[0]["done"](Compared(1, (OLD,), (OLD, NEW)))
    driver.wait(lambda: section.gains.found is not None)
    assert rows(section) == ["▲ + cell 0.90"]  # there are no labels to say more
    driver.go(tmp_path / "work" / "b.png")
    driver.wait(lambda: len(asked.requests) == 2)
    driver.go(tmp_path / "work" / "c.png")
    driver.wait(lambda: len(asked.requests) == 3)
    assert asked.cancelled == [2]
    assert section.gains.found is None


def test_a_model_that_is_gone_is_said(
    driver: Driver, section: GainsSection, asked: Asked, tmp_path: Path
) -> None:
    driver.go(tmp_path / "work" / "c.png")
    driver.wait(lambda: asked.requests)
    asked.hearers[0]["failed"](
        say("learning.model_changed", "The model {name} is another one.", name="n")
    )
    assert section.view.note.text().startswith("⚠ The model n")


def test_without_a_report_there_is_nothing_to_see(driver: Driver, section: GainsSection) -> None:
    driver.wait(lambda: section.layer.visible)
    driver.window.features["learning"].judging.clear()
    assert not section.layer.visible
    assert section.view.isHidden()


def test_gained_and_lost_differ_by_line_and_colour() -> None:
    layer = GainsLayer()
    layer.show([Change(NEW, True, True), Change(OLD, False, False)])
    image = QImage(200, 160, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.scale(2, 2)
    layer.paint(painter, LayerView(Rect(0, 0, 100, 80), 2.0, 1.0, (200, 160)))
    painter.end()

    def share(colour: object, y: int, first: int, last: int) -> float:
        hits = [image.pixelColor(x, y) == colour for x in range(first, last)]
        return sum(hits) / len(hits)

    assert share(GAINED, 50, 12, 48) > 0.95
    assert 0.3 < share(LOST, 120, 124, 156) < 0.9
