"""What is said keeps room for what tells it apart: banners, names of images, work."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.base.jobs import Jobs, JobState
from app.editor.panels.image_row import name_lines
from app.widgets.banners import Banners, Kind
from app.widgets.elided import ElidedLabel
from app.widgets.notices import Notices
from app.window.job_strip import JobStrip
from app.window.status import StatusBar

TEXT = "The images look like photos, and the model that is chosen was made for something else."


def test_buttons_never_take_the_room_of_the_sentence(qtbot: QtBot) -> None:
    host = Banners()
    qtbot.addWidget(host)
    doing = [("Use this one", lambda: None), ("Download “another” (169.8 MB)", lambda: None)]
    banner = host.show_banner("a", Kind.INFO, TEXT, doing)
    host.show()
    label = next(each for each in banner.findChildren(QLabel) if each.text() == TEXT)
    for width in (1200, 372, 900, 420):
        host.resize(width, 400)
        qtbot.wait(1)
        assert label.width() > 200
        assert label.height() >= label.heightForWidth(label.width())
        assert banner.heightForWidth(width) < 120


def test_names_that_begin_alike_differ_in_what_is_shown(qtbot: QtBot) -> None:
    metrics = QFontMetrics(QFont())
    width = metrics.horizontalAdvance("matterport_12")
    names = [f"matterport_of_the_left_camera_{number:03d}.jpg" for number in range(40)]
    shown = [name_lines(name, metrics, width, 2) for name in names]
    assert len(set(shown)) == len(names)
    for name, lines in zip(names, shown, strict=True):
        first, second = lines.split("\n")
        assert name.startswith(first)
        assert name.endswith(second.rpartition("…")[2])
        assert metrics.horizontalAdvance(second) <= width
    assert name_lines("a.jpg", metrics, width, 2) == "a.jpg"


def test_work_is_told_whole_in_a_narrow_status_bar(qtbot: QtBot) -> None:
    jobs = Jobs()
    strip = JobStrip(jobs)
    bar = StatusBar(strip)
    qtbot.addWidget(bar)
    bar.set_pixel("888, 222")
    bar.set_hint("Click selects, again what lies below; drag moves what is selected, " * 3)
    bar.set_size("1000 × 666")
    bar.set_zoom("35 %")
    bar.set_engine("starter", "")
    bar.resize(760, 30)
    bar.show()
    jobs.start("Reading coco", patience=0).end(JobState.FAILED, "failed")
    qtbot.waitUntil(lambda: bool(strip.shown()))
    qtbot.wait(20)
    for label in strip.findChildren(ElidedLabel):
        assert label.width() >= label.sizeHint().width()


def test_the_hint_of_a_tool_goes_before_what_other_places_say_as_well(qtbot: QtBot) -> None:
    bar = StatusBar(JobStrip(Jobs()))
    qtbot.addWidget(bar)
    bar.show()
    hint, engine = (
        "Drag a box around an object: the model draws its outline.",
        "photos · CPU · ready",
    )
    bar.set_pixel("241, 60    131 131 131")
    bar.set_size("256 × 256")
    bar.set_zoom("153 %")
    bar.set_engine(engine, "torch 2")
    bar.set_save("Not saved yet")
    bar.set_hint(hint)
    seen = set[tuple[bool, str]]()
    whole = 0
    for width in range(1500, 500, -20):
        bar.resize(width, 30)
        qtbot.waitUntil(lambda width=width: bar.width() == max(width, bar.minimumWidth()))
        bar._row.activate()
        seen.add((bar._size.isVisible(), bar._engine.text()))
        fits = bar._hint.width() >= bar._hint.sizeHint().width()
        assert fits or not bar._size.isVisible(), width
        assert fits or bar._engine.text() == "ready", width
        whole += fits
    assert seen == {(True, engine), (False, engine), (False, "ready")}
    assert 20 < whole < 50
    assert bar.texts()["engine"] == engine
    assert engine in bar._engine.toolTip()
    bar.resize(1500, 30)
    qtbot.waitUntil(bar._size.isVisible)
    bar.resize(900, 30)
    bar.set_hint("")
    assert bar._size.isVisible(), "where nothing is to be told all else has room"


def test_no_sentence_is_told_twice_at_a_time(qtbot: QtBot) -> None:
    host = QLabel()
    qtbot.addWidget(host)
    notices = Notices(host)
    for _ in range(2):
        notices.say("Nothing is selected.")
    notices.fail("save", "a.json cannot be written.")
    notices.say("Undone.")
    notices.fail("edit", "a.json cannot be written.", warning=True)
    notices.say("a.json cannot be written.")
    said = ["Nothing is selected.", "Undone.", "a.json cannot be written."]
    assert notices.texts() == said, "what stays comes to the front"
    notices.succeed("edit")
    assert notices.texts() == said
    notices.succeed("save")
    assert notices.texts() == said[:-1]
