"""Translations: up to date, complete in English plurals, and loaded."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

import app
import resources.translations
from app.window.bootstrap import languages, load_language
from resources.translations.__main__ import compile_to, update

HERE = Path(resources.translations.__file__).parent
APP = Path(app.__file__).parent
SHOWING = {
    *("setText", "setToolTip", "setTitle", "setAccessibleName", "setAccessibleDescription"),
    *("setPlaceholderText", "setStatusTip", "setWhatsThis", "addTab", "addItem", "say"),
}
WORD = re.compile(r"[A-Za-z]{2}")


@pytest.mark.parametrize("language", languages())
def test_the_files_are_up_to_date(language: str, tmp_path: Path) -> None:
    """`python -m resources.translations` was run, and nothing waits for a translation."""
    fresh = tmp_path / f"masklens_{language}.ts"
    shutil.copy(HERE / fresh.name, fresh)
    update(fresh, language)
    lines = fresh.read_text("utf-8").splitlines()
    waiting = [source.strip() for source, line in pairwise(lines) if "unfinished" in line]
    assert waiting == []
    compiled = tmp_path / "compiled.qm"
    compile_to(fresh, compiled)
    assert compiled.read_bytes() == (HERE / f"masklens_{language}.qm").read_bytes()


def calls(path: Path) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """The calls of methods in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: path.stem)
def test_texts_are_translated_where_they_are_looked_up(path: Path) -> None:
    """`other.tr("…")` is gathered under the name of the variable and never found again."""
    wrong = [call for call, f in calls(path) if f.attr == "tr" and ast.unparse(f.value) != "self"]
    assert [ast.unparse(call) for call in wrong] == []


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: path.stem)
def test_words_that_are_shown_go_through_tr(path: Path) -> None:
    shown = [call.args[0] for call, f in calls(path) if f.attr in SHOWING and call.args]
    texts = [each.value for each in shown if isinstance(each, ast.Constant)]
    assert [text for text in texts if isinstance(text, str) and WORD.search(text)] == []


def test_plurals(qapp: QApplication) -> None:
    load_language(qapp, "en")
    translate = QCoreApplication.translate
    assert translate("ImagesPanel", "%n image(s)", "", 1) == "1 image"
    assert translate("ImagesPanel", "%n image(s)", "", 2) == "2 images"
