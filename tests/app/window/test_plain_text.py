"""Texts on the screen are shown as they are: what a file is called is never taken for HTML."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QToolTip
from pytestqt.qtbot import QtBot

import app
from app.base.theme import Outlined, Theme
from app.widgets.banners import Banners, Kind
from app.widgets.notices import Notices

EVIL = "<b>a.png</b><img src='file:///etc/hostname'>"
ROOT = Path(app.__file__).parent


@pytest.fixture
def styled(qapp: QApplication) -> None:
    if not isinstance(qapp.style(), Outlined):
        Theme(qapp)


@pytest.mark.usefixtures("styled")
def test_labels_of_every_kind_show_a_name_as_it_is(qtbot: QtBot, qapp: QApplication) -> None:
    window = QLabel(EVIL)
    window.resize(600, 400)
    qtbot.addWidget(window)
    window.show()
    Notices(window).fail("key", EVIL)
    banners = Banners(window)
    banners.show_banner("key", Kind.INFO, EVIL)
    banners.show()
    box = QMessageBox(QMessageBox.Icon.Question, EVIL, EVIL, parent=window)
    box.setInformativeText(EVIL)
    box.open()
    QToolTip.showText(QPoint(5, 5), EVIL, window)
    found = [w for w in qapp.allWidgets() if isinstance(w, QLabel) and w.text() == EVIL]
    # The window, a notice, a banner, two texts of the box, the tool tip.
    assert len(found) >= 6
    assert {label.textFormat() for label in found} == {Qt.TextFormat.PlainText}
    QToolTip.hideText()
    box.close()


def test_rich_text_is_used_where_no_name_of_a_file_comes() -> None:
    """Whoever wants rich text says so, and escapes what comes from outside."""
    rich = set()
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(node, "attr", None)
            if name in ("RichText", "MarkdownText", "setHtml", "setMarkdown", "insertHtml"):
                rich.add(file.relative_to(ROOT).as_posix())
    assert rich == {"learning/panel/setup.py", "window/about.py"}
