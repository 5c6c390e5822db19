"""The report of a run: figures, warnings, cards, pictures made off-thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.base.tasks import Tasks
from app.learning.panel.report_figures import AFTER, BEFORE, CHANGE
from app.learning.panel.report_view import ReportView
from app.learning.report_pictures import FALSE, FOUND, MISSED, make_pair, open_sources
from core.document.instance import Source
from core.learning.folder import RunFolder, create_run
from core.learning.gather import Gathered
from core.learning.report import ImageChange, Report
from core.learning.seen import Outcome, Seen, SeenWriter
from tests.core.learning.making import gathered, small_spec, square
from tests.core.learning.test_compared import figures, make_report, parts
from tests.leaks import no_leaks

__all__ = ["no_leaks"]


@pytest.fixture
def tasks(qtbot: QtBot, no_leaks: None) -> Iterator[Tasks]:
    made = Tasks(1)
    yield made
    made.close()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Three held-out images: in 004 the first square was gained, in 005 it was lost."""
    images: Gathered = gathered(tmp_path / "images", learned=3, held_out=3)
    made = create_run(tmp_path / "run", small_spec(tmp_path / "none.pt"), images)
    first = {image.key: image.instances[0] for image in images.images}
    found = {key: Seen(one, Outcome.FOUND, one.id) for key, one in first.items()}
    wrong = Seen(square("x", 40, 40, 9), Outcome.FALSE)
    for path, keys in (
        (made.seen_before_file, ("005.png",)),
        (made.seen_after_file, ("003.png", "004.png")),
    ):
        with SeenWriter(path) as writer:
            for key in ("003.png", "004.png", "005.png"):
                writer.add(key, [found[key]] if key in keys else [wrong])
    return made


def change(key: str, before: float, after: float) -> ImageChange:
    number = int(key[:3])
    gained = (f"{number}-0",) if after > before else ()
    lost = (f"{number}-0",) if after < before else ()
    return ImageChange(key, 4, before, after, 1, 0, gained, lost)


def report(images: int = 5, instances: int = 80) -> Report:
    more = {"by_label": {"square": parts(0.4)}, "by_size": {"small": parts(0.1)}}
    changes = (
        change("004.png", 0.2, 0.6),
        change("003.png", 0.3, 0.5),
        change("005.png", 0.8, 0.3),
    )
    return make_report(
        figures(0.2, images, instances), figures(0.4, images, instances, **more), changes
    )


@pytest.fixture
def view(qtbot: QtBot, tasks: Tasks) -> ReportView:
    made = ReportView(tasks)
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def keys(view: ReportView) -> list[str]:
    cards = view.gallery.cards
    return [cards.at(row).key for row in range(cards.rowCount())]


def test_figures_are_told_with_arrows(view: ReportView, run: RunFolder, qtbot: QtBot) -> None:
    view.show_report(report(), run)
    assert "0.20 → 0.40" in view.headline.text()
    assert "▲ +0.20" in view.headline.text()
    table = view.figures
    top = table.topLevelItem(0)
    assert [top.text(k) for k in (BEFORE, AFTER, CHANGE)] == ["0.20", "0.40", "▲ +0.20"]
    assert [top.child(k).text(0) for k in range(3)] == ["AP50", "AP75", "AR"]
    assert [table.topLevelItem(k).text(0) for k in (1, 2)] == ["square", "Small, below 32² px"]
    assert table.topLevelItem(1).text(BEFORE) == "–"
    assert table.topLevelItem(1).text(CHANGE) == ""
    view.kind.setCurrentIndex(1)
    assert table.topLevelItem(0).text(AFTER) == "0.20"


@pytest.mark.parametrize(("images", "instances", "thin"), [(3, 80, True), (5, 80, False)])
def test_too_few_images_are_said_to_be_too_few(
    view: ReportView, tmp_path: Path, qtbot: QtBot, images: int, instances: int, thin: bool
) -> None:
    enough = create_run(
        tmp_path / "many", small_spec(tmp_path / "n.pt"), gathered(tmp_path / "i", 5, 5)
    )
    view.show_report(report(images, instances), enough)
    qtbot.waitUntil(lambda: view._sources is not None)
    assert ("too little" in view.warning.text()) is thin
    assert f"{images} held-out image" in view.warning.text()


def test_a_run_of_few_images_in_all_is_not_trusted(
    view: ReportView, run: RunFolder, qtbot: QtBot
) -> None:
    view.show_report(report(5, 80), run)
    qtbot.waitUntil(lambda: "too little" in view.warning.text())


def test_labels_that_are_the_old_models_own_proposals_are_named(
    view: ReportView, tmp_path: Path, qtbot: QtBot
) -> None:
    data = gathered(tmp_path / "i", 5, 5)
    accepted = [
        replace(image, instances=tuple(replace(i, source=Source.ACCEPTED) for i in image.instances))
        for image in data.images
    ]
    run = create_run(
        tmp_path / "own", small_spec(tmp_path / "n.pt"), replace(data, images=tuple(accepted))
    )
    view.show_report(report(), run)
    qtbot.waitUntil(lambda: "20 of these 20 instances were accepted" in view.warning.text())


def test_nothing_held_out_is_said(view: ReportView, run: RunFolder) -> None:
    view.show_report(make_report(None, None), run)
    assert "Nothing was held out" in view.headline.text()
    assert view.figures.isHidden()
    assert not view.gallery.isVisible()


def test_images_are_ordered_by_change(view: ReportView, run: RunFolder) -> None:
    view.show_report(report(), run)
    assert keys(view) == ["004.png", "003.png", "005.png"]
    view.order.setCurrentIndex(1)
    assert keys(view) == ["005.png", "003.png", "004.png"]
    view.order.setCurrentIndex(2)
    assert keys(view) == ["005.png", "004.png", "003.png"]


def test_pictures_come_for_what_is_in_sight_and_a_click_opens_the_image(
    view: ReportView, run: RunFolder, qtbot: QtBot
) -> None:
    view.show_report(report(), run)
    view.gallery.viewport().update()
    qtbot.waitUntil(lambda: bool(view.gallery.pairs._made))
    index = view.gallery.cards.index(0)
    with qtbot.waitSignal(view.image_wanted) as wanted:
        place = view.gallery.visualRect(index).center()
        QTest.mouseClick(view.gallery.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert wanted.args[0].name == "004.png"


def alike(one: QColor, other: QColor) -> bool:
    pairs = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return all(abs(a - b) < 60 for a, b in pairs)


def near(image: QImage, x: int, y: int, colour: QColor) -> bool:
    return any(
        alike(image.pixelColor(x + dx, y + dy), colour)
        for dx in range(-3, 4)
        for dy in range(-3, 4)
    )


def test_pictures_tell_found_missed_and_false_apart(run: RunFolder) -> None:
    sources = open_sources(run)
    pair = make_pair(sources, "004.png", 320, 320)
    assert pair.before is not None
    assert pair.after is not None
    assert pair.before.size() == pair.after.size() != QImage().size()
    first = next(i for i in run.labels().images(held_out=True) if i.key == "004.png").instances[0]
    scale = pair.after.width() / 64
    x, y = (round(value * scale) for value in first.polygons[0].outer[0])
    x += 12
    assert near(pair.after, x, y, FOUND)
    assert not near(pair.before, x, y, FOUND)
    assert any(near(pair.before, x + step, y, MISSED) for step in range(20))
    assert near(pair.before, round(44.5 * scale), round(44.5 * scale), FALSE)


def test_an_image_that_is_gone_says_so_on_its_card(
    view: ReportView, run: RunFolder, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "images" / "004.png").unlink()
    view.show_report(report(), run)
    qtbot.waitUntil(lambda: "004.png" in view.gallery.pairs._made)
    assert "004.png" in view.gallery.pairs._made["004.png"][1].problem


def test_a_run_whose_labels_are_gone_says_so(
    view: ReportView, run: RunFolder, qtbot: QtBot
) -> None:
    run.labels_file.unlink()
    view.show_report(report(), run)
    qtbot.waitUntil(lambda: "labels" in view.warning.text())


def test_a_run_that_was_taken_away_says_so_when_an_image_is_opened(
    view: ReportView, run: RunFolder, qtbot: QtBot
) -> None:
    view.show_report(report(), run)
    qtbot.waitUntil(lambda: view._sources is not None)
    run.labels_file.unlink()
    view.gallery.opened.emit("004.png")
    assert "no longer there" in view.warning.text()


def test_another_report_drops_the_pictures_of_the_first(
    view: ReportView, run: RunFolder, qtbot: QtBot
) -> None:
    view.show_report(report(), run)
    qtbot.waitUntil(lambda: bool(view.gallery.pairs._made))
    view.clear()
    assert not view.gallery.pairs._made
    assert keys(view) == []
