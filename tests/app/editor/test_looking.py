"""How images are shown, worked out off-thread, kept by folder, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.base.settings import LOOKS
from app.canvas.look import GREY, Look
from app.editor.panels.look import LookPopover
from tests.app.window.conftest import SIZE, SQUARE, shape, write_labelme

CONTROL = Qt.KeyboardModifier.ControlModifier


def grey(driver) -> int:
    driver.window.repaint()
    canvas = driver.services.viewport
    return canvas.grab().toImage().pixelColor(driver.at(20, 20)).red()


def sign(driver) -> str:
    return driver.window.status.texts()["look"]


def test_a_range_is_chosen_kept_while_walking_and_taken_back(driver, tmp_path: Path) -> None:
    for name, step in (("a.png", 400), ("b.png", 410)):
        deep = np.tile(np.arange(96, dtype=np.uint16) * step, (72, 1))
        Image.fromarray(deep).save(tmp_path / name)
    driver.open(tmp_path)
    before = driver.services.workspace.staged.picture.decoded.pixels.copy()
    assert grey(driver) > 40
    assert sign(driver) == ""
    driver.act("adjust")
    popover = driver.window.findChild(LookPopover)
    driver.wait(lambda: popover._bar.isEnabled())
    assert popover._high.maximum() == 65535
    popover._low.setValue(30000)
    driver.wait(lambda: grey(driver) == 0)
    assert sign(driver).startswith("30000")
    popover._channel.setCurrentIndex(popover._channel.findData(GREY))
    popover._gamma.setValue(100)
    assert driver.services.looking.look.gamma == 10
    popover.close()
    driver.act("next_image")
    driver.wait(lambda: driver.services.workspace.path == tmp_path / "b.png")
    assert driver.services.workspace.staged.shown.bounds[0] == 30000
    assert "gamma" in sign(driver)
    assert (driver.services.workspace.staged.picture.decoded.pixels != 0).any()
    driver.services.looking.keep()
    closed = driver.services.workspace.staged
    driver.services.opener.open_folder(tmp_path)
    driver.wait(lambda: driver.services.workspace.staged not in (None, closed))
    assert driver.services.looking.look.gamma == 10
    driver.go(tmp_path / "a.png")
    assert (driver.services.workspace.staged.picture.decoded.pixels == before).all()
    driver.services.viewport.setFocus()
    driver.key(Qt.Key.Key_B, CONTROL)
    assert driver.services.looking.look == Look()
    driver.wait(lambda: driver.services.looking._shown.bounds is None)
    assert sign(driver) == ""
    driver.services.looking.keep()
    assert driver.services.settings.get(LOOKS) == {}


def test_the_channels_of_a_photo_follow_a_key(driver, tmp_path: Path) -> None:
    colour = np.zeros((72, 96, 3), np.uint8)
    colour[:] = (200, 100, 40)
    Image.fromarray(colour).save(tmp_path / "a.png")
    driver.open(tmp_path)
    driver.services.viewport.setFocus()
    seen = [grey(driver)]
    for _ in range(4):
        driver.key(Qt.Key.Key_F9)
        seen.append(grey(driver))
    assert seen[:4] == [200, 200, 100, 40]
    assert 100 < seen[4] < 130
    driver.key(Qt.Key.Key_F9)
    assert sign(driver) == ""


def test_a_colour_splash_follows_the_labels_and_is_written(
    driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = np.full((*SIZE[::-1], 3), (200, 30, 30), np.uint8)
    Image.fromarray(red).save(tmp_path / "a.png")
    write_labelme(tmp_path / "a.png", shape("thing", *SQUARE))
    driver.open(tmp_path)
    driver.act("show_instances")  # so that no fill is in the way
    luma = round(0.299 * 200 + 0.587 * 30 + 0.114 * 30)

    def colour(x: float, y: float) -> tuple[int, int, int]:
        driver.window.repaint()
        seen = driver.services.viewport.grab().toImage().pixelColor(driver.at(x, y))
        return seen.red(), seen.green(), seen.blue()

    driver.act("splash")
    driver.wait(lambda: colour(60, 60) == (luma, luma, luma))
    assert colour(15, 15) == (200, 30, 30)
    target = tmp_path / "out.png"
    monkeypatch.setattr(
        type(driver.services.opener), "ask_save", lambda _self, _title, _name, act: act(target)
    )
    driver.act("save_splash")
    driver.wait(target.exists)
    written = np.asarray(Image.open(target))
    assert written[15, 15].tolist() == [200, 30, 30]
    assert written[60, 60].tolist() == [luma] * 3
    driver.act("select_all")
    driver.act("delete")
    driver.wait(lambda: colour(15, 15) == (luma, luma, luma))
    driver.act("undo")
    driver.wait(lambda: colour(15, 15) == (200, 30, 30))
    driver.act("splash")
    assert colour(60, 60) == (200, 30, 30)
