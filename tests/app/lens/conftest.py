"""The lens through the real window and the real engine, with a small model of random weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.paths import Paths
from app.base.settings import MODEL, PRECISION, Settings
from app.base.theme import Theme
from app.engine.client import EngineClient
from app.window.assembly import make_window
from tests.app.window.conftest import SQUARE, Driver, make_images, shape, write_labelme
from tests.leaks import no_leaks

__all__ = ["no_leaks"]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made in a process of its own: torch has no place in that of the window."""
    path = tmp_path_factory.mktemp("model") / "tiny.pt"
    save = "import sys, pathlib, tests.models as m; m.save_tiny_model(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", save, str(path)], check=True)
    return path


@pytest.fixture
def lens_driver(qtbot: QtBot, tmp_path: Path, tiny_model: Path, no_leaks: None) -> Iterator[Driver]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    settings = Settings(tmp_path / "settings.json")
    settings.set(MODEL, str(tiny_model))
    settings.set(PRECISION, "float32")
    client = EngineClient()
    paths = Paths(tmp_path / "config", tmp_path / "logs", tmp_path / "data")
    window = make_window(paths, settings, Theme(application), client, client)
    services = window.services
    window.resize(1300, 850)
    window.show()
    qtbot.waitExposed(window)
    services.models.start()
    driver = Driver(window, qtbot)
    folder = make_images(tmp_path / "work", "a1.png", "a2.png")
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    qtbot.waitUntil(lambda: client.model is not None, timeout=120_000)
    driver.act("lens")
    wait(driver, lambda: window.features["lens"].lens.trace is not None)
    yield driver
    client.shutdown()
    services.tasks.close()
    services.workspace.abandon()
    window._may_close = True
    window.close()
    settings.close()
    window.deleteLater()
    client.deleteLater()


def wait(driver: Driver, holds: Callable[[], object]) -> None:
    driver.bot.waitUntil(lambda: bool(holds()), timeout=60_000)
