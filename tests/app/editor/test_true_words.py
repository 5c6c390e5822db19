"""What the window says of files, edits and jobs holds, also when things go wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.engine.client import EngineState
from core.formats import labelme
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme


def save_text(driver: Driver) -> str:
    return str(driver.window.status.texts()["save"])


@pytest.mark.parametrize("answer", ["Write it now", "Forget the labels"])
def test_a_label_file_deleted_outside_is_not_called_saved(
    driver: Driver, folder: Path, answer: str
) -> None:
    file = write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    assert save_text(driver) == "Saved"
    file.unlink()
    driver.wait(lambda: "image:deleted" in driver.services.central.banners.keys)
    assert save_text(driver) != "Saved"
    driver.press(answer)
    if answer == "Write it now":
        driver.wait(file.exists)
        driver.wait(lambda: save_text(driver) == "Saved")
        assert len(labelme.read(file).shapes) == 1
    else:
        driver.wait(lambda: driver.document.instances == ())
        driver.go(folder / "a2.png")
        assert not file.exists()


def test_an_image_replaced_by_one_of_another_size_is_noticed(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    Image.new("RGB", (40, 30)).save(folder.parent / "new.png")
    (folder.parent / "new.png").replace(folder / "a1.png")
    driver.wait(lambda: "image:replaced" in driver.services.central.banners.keys)
    driver.press("Show the new one")
    driver.wait(lambda: (driver.document.width, driver.document.height) == (40, 30))
    driver.wait(lambda: "image:replaced" not in driver.services.central.banners.keys)


@pytest.mark.parametrize("journal_too", [False, True])
def test_closing_tells_what_is_kept(
    driver: Driver, folder: Path, tmp_path: Path, journal_too: bool
) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    file = folder / "a1.json"
    file.mkdir()  # nothing can be written there
    if journal_too:
        (folder / ".masklens" / "journals").rename(tmp_path / "away")
    feature = driver.window.features["images"]
    ended: list[bool] = []
    feature.end(lambda: ended.append(True), asked=True)
    driver.wait(lambda: driver.window.findChildren(QMessageBox))
    (box,) = driver.window.findChildren(QMessageBox)
    captions = {button.text().replace("&", ""): button for button in box.buttons()}
    assert ("are kept" in box.text()) is not journal_too
    assert ("loses them" in box.text()) is journal_too
    assert ("Save elsewhere…" in captions) is journal_too
    if journal_too:
        captions["Save elsewhere…"].click()
        driver.wait(lambda: driver.window.findChildren(QFileDialog))
        (dialog,) = driver.window.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / "rescued.json"))
        driver.wait(lambda: ended)
        assert len(labelme.read(tmp_path / "rescued.json").shapes) == 1
        dialog.reject()
    else:
        captions["Stay"].click()
    file.rmdir()


def test_a_folder_job_says_so_when_the_engine_is_given_up(driver: Driver, tmp_path: Path) -> None:
    names = [f"die{k}.png" for k in range(8)]
    driver.open(make_images(tmp_path / "deadly", *names))
    driver.wait(lambda: driver.services.models.model)
    driver.services.client._command = [sys.executable, "-c", "raise SystemExit(3)"]
    driver.act("suggest_folder")
    driver.wait(lambda: driver.services.client.state is EngineState.DEAD)
    driver.wait(lambda: not driver.services.annotator.folder_running)
    assert any("does not run any more" in text for text in driver.texts)


def test_a_folder_job_goes_on_with_a_new_engine(driver: Driver, tmp_path: Path) -> None:
    names = ["a.png", "die.png", *(f"b{k}.png" for k in range(6))]
    driver.open(make_images(tmp_path / "odd", *names))
    driver.wait(lambda: driver.services.models.model)
    driver.act("suggest_folder")
    driver.wait(lambda: not driver.services.annotator.folder_running)
    stored = list((tmp_path / "odd" / ".masklens" / "suggestions").glob("*.json"))
    assert len(stored) >= len(names) - 2  # the open one waits for its save
    assert any("got no suggestions" in text for text in driver.texts)
