"""Translations: up to date, complete in English plurals, and loaded."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

import resources.translations
from app.bootstrap import languages, load_language
from resources.translations.__main__ import compile_to, update

HERE = Path(resources.translations.__file__).parent


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


def test_plurals(qapp: QApplication) -> None:
    load_language(qapp, "en")
    translate = QCoreApplication.translate
    assert translate("ImagesPanel", "%n image(s)", "", 1) == "1 image"
    assert translate("ImagesPanel", "%n image(s)", "", 2) == "2 images"
