"""What is dropped on a window, how it comes back as it was left, and settings found by typing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from app.base.settings import PANELS, SPLITTERS, VIEW_LEFT
from app.window.settings_dialog import SettingsDialog
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme


def drop(driver: Driver, *paths: Path, text: str = "") -> None:
    mime = QMimeData()
    if paths:
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    else:
        mime.setText(text)
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    held, at = Qt.KeyboardModifier.NoModifier, QPointF(10, 10)
    enter = QDragEnterEvent(at.toPoint(), copy, mime, left, held)
    driver.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    driver.window.dropEvent(QDropEvent(at, copy, mime, left, held))


def test_what_can_be_dropped_and_what_is_said_of_the_rest(
    driver: Driver, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = driver.services.workspace
    write_labelme(folder / "a2.png", shape("cell", *SQUARE))
    other = tmp_path / "labels.json"
    other.write_text("{}")
    odd = tmp_path / "letter.docx"
    odd.write_text("dear")

    def said(part: str) -> None:
        driver.wait(lambda: any(part in text for text in driver.texts))

    drop(driver, other)
    said("open the folder of their images first")
    drop(driver, folder)
    driver.wait(lambda: workspace.staged)
    drop(driver, folder / "a2.json")  # the labels of an image that is listed: that image
    driver.wait(lambda: workspace.path == folder / "a2.png")
    looked: list[Path] = []
    monkeypatch.setattr(driver.services.importer, "look", looked.append)
    drop(driver, other)
    driver.wait(lambda: looked == [other])
    chosen: list[str] = []
    monkeypatch.setattr(driver.services.models, "choose", chosen.append)
    drop(driver, tmp_path / "mine.pt")
    driver.wait(lambda: chosen == [str(tmp_path / "mine.pt")])
    drop(driver, odd)
    said("letter.docx is no folder")
    drop(driver, odd, other)
    said("drop one")
    drop(driver, text="a word")
    said("Text cannot be dropped")
    assert workspace.path == folder / "a2.png"
    drop(driver, folder / "a1.png", folder / "a2.png", odd)
    driver.wait(lambda: len(workspace.images) == 2 and workspace.staged)
    said("were left out")


def test_folded_panels_and_the_one_in_front_come_back(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.act("fold_left")
    driver.dock("versions").toggleViewAction()  # at the left, behind the images
    driver.window.features["learning"].front.emit(True)
    driver.wait(lambda: "learning" in driver.window.docks.state)
    state = driver.window.docks.state
    assert "rail-left" in state
    driver.act("close_project")
    driver.wait(lambda: driver.services.workspace.project is None)
    assert not driver.window.docks.rails[0].isVisible()
    assert driver.window.docks.state == state
    driver.open(folder)
    assert driver.window.docks.rails[0].folded
    driver.wait(lambda: driver.window.docks.state == state)
    driver.window._remember()
    assert driver.services.settings.get(PANELS) == list(state)
    assert sum(driver.services.settings.get(SPLITTERS)["annotate-sections"]) > 100


def test_the_image_is_looked_at_as_it_was_left(
    make_driver: Callable[..., Driver], folder: Path
) -> None:
    first = make_driver(engine=False)
    first.open(folder)
    first.window._remember()
    assert first.services.settings.get(VIEW_LEFT) == {}, "a fitted image is fitted again"
    first.services.viewport.set_view((30.0, 40.0), 24.0)
    first.window._remember()
    first.services.settings.close()
    second = make_driver(engine=False)
    second.open(folder)
    second.wait(lambda: second.services.viewport.view()[1] == 24.0)
    assert second.services.viewport.view()[0] == (30.0, 40.0)
    second.services.viewport.fit()
    second.go(folder / "a2.png")
    second.go(folder / "a1.png")
    assert second.services.viewport.chosen_view is None, "once is enough"


def test_settings_are_found_by_typing(driver: Driver) -> None:
    driver.act("settings")
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SettingsDialog))
    dialog._search.setText("dark")  # one of the choices of the theme
    assert dialog._tabs.tabText(0) == "General (1)"
    shown = [k for k in range(dialog._form.rowCount()) if dialog._form.isRowVisible(k)]
    assert len(shown) == 1
    dialog._search.setText("ctrl+shift+z")  # only a key says that
    assert dialog._tabs.currentIndex() == 1
    assert dialog._tabs.tabText(1) == "Keys (1)"
    dialog._search.setText("")
    assert all(dialog._form.isRowVisible(k) for k in range(dialog._form.rowCount()))
    dialog.close()
