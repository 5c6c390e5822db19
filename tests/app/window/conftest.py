"""A real window on folders of small images, with an engine that proposes two squares."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QPushButton
from pytestqt.qtbot import QtBot

from app.base.paths import Paths
from app.base.settings import Settings
from app.base.theme import Theme
from app.editor.annotate_feature import AnnotatePanel
from app.editor.panels.images import ImagesPanel
from app.editor.services import Services
from app.engine.client import EngineClient
from app.window.assembly import make_window
from app.window.window import MainWindow
from core.child import python_command
from core.document.document import Document
from tests.app.engine.forked import forking
from tests.leaks import no_leaks

__all__ = ["no_leaks"]

WAIT = 60_000  # a busy machine, a slow disk
SIZE = (96, 72)
NO_MODIFIER = Qt.KeyboardModifier.NoModifier


def make_images(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        pixels = np.full((SIZE[1], SIZE[0], 3), 60 + 20 * (number % 8), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def shape(label: str, *points: tuple[float, float], **more: object) -> dict[str, object]:
    return {
        "label": label,
        "points": [list(point) for point in points],
        "shape_type": "polygon",
        "group_id": None,
        "flags": {},
        "description": "",
        **more,
    }


def write_labelme(image: Path, *shapes: dict[str, object], **more: object) -> Path:
    path = image.with_suffix(".json")
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": image.name,
        "imageData": None,
        "imageHeight": SIZE[1],
        "imageWidth": SIZE[0],
        **more,
    }
    path.write_text(json.dumps(content))
    return path


SQUARE = ((5.0, 5.0), (25.0, 5.0), (25.0, 25.0), (5.0, 25.0))


@dataclass
class Driver:
    """Works a window as a person does."""

    window: MainWindow
    bot: QtBot

    @property
    def services(self) -> Services:
        return self.window.services

    @property
    def images(self) -> ImagesPanel:
        return self.window.features["images"].panel

    @property
    def annotate(self) -> AnnotatePanel:
        return self.window.features["annotate"].panel

    @property
    def document(self) -> Document:
        document = self.services.workspace.document
        assert document is not None
        return document

    @property
    def texts(self) -> list[str]:
        return self.services.notices.texts()

    def wait(self, holds: Callable[[], Any]) -> None:
        self.bot.waitUntil(lambda: bool(holds()), timeout=WAIT)

    def open(self, *paths: Path) -> None:
        self.services.opener.open_paths(list(paths))
        self.wait(lambda: self.services.workspace.staged or self.services.workspace.failure)

    def go(self, path: Path) -> None:
        self.services.workspace.go(path)
        self.wait(lambda: self.services.workspace.path == path)

    def act(self, id: str) -> None:
        action = self.services.actions[id]
        assert action.isEnabled(), id
        action.trigger()

    def dock(self, name: str) -> QDockWidget:
        """The dock of the feature of that name."""
        return next(dock for dock in self.window.docks.all if dock.objectName() == name)

    def key(self, key: Qt.Key, held: Qt.KeyboardModifier = NO_MODIFIER) -> None:
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, held)

    def at(self, x: float, y: float) -> QPoint:
        (cx, cy), scale = self.services.viewport.view()
        middle = self.services.viewport.rect().center()
        return QPoint(round(middle.x() + (x - cx) * scale), round(middle.y() + (y - cy) * scale))

    def click(self, x: float, y: float, held: Qt.KeyboardModifier = NO_MODIFIER) -> None:
        canvas = self.services.viewport
        QTest.mouseMove(canvas, self.at(x, y))
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, held, self.at(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        canvas = self.services.viewport
        left, middle = Qt.MouseButton.LeftButton, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        QTest.mouseMove(canvas, self.at(*start))
        QTest.mousePress(canvas, left, NO_MODIFIER, self.at(*start))
        QTest.mouseMove(canvas, self.at(*middle))
        QTest.mouseMove(canvas, self.at(*end))
        QTest.mouseRelease(canvas, left, NO_MODIFIER, self.at(*end))

    def draw_rectangle(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.act("tool_rectangle")
        self.drag(start, end)
        self.act("tool_select")

    def press(self, caption: str) -> None:
        """A button of a banner; it is seen a turn of the event loop after it was made."""
        banners = self.services.central.banners

        def seen() -> list[QPushButton]:
            buttons = banners.findChildren(QPushButton)
            return [each for each in buttons if each.text() == caption and each.isVisible()]

        self.wait(seen)
        (button,) = seen()
        button.click()

    def saved(self) -> None:
        done: list[bool] = []
        self.services.workspace.saver.flush(done.append)
        self.wait(lambda: done)
        assert done == [True]

    def suggest(self) -> None:
        self.act("suggest_image")
        self.wait(lambda: self.services.suggesting.pending)


@cache
def engine_command() -> list[str]:
    """How an engine without torch is started, that draws squares; a server stands until the end."""
    module = "tests.app.engine.drawing_engine"
    if not hasattr(os, "fork"):
        return python_command(module)
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    folder = until_the_end.enter_context(TemporaryDirectory())
    return until_the_end.enter_context(forking(module, Path(folder, "engines")))


@pytest.fixture
def make_driver(qtbot: QtBot, tmp_path: Path, no_leaks: None) -> Iterator[Callable[..., Driver]]:
    made: list[Driver] = []

    def make(engine: bool = True, elsewhere: bool = False) -> Driver:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        paths = Paths(tmp_path / "config", tmp_path / "logs", tmp_path / "data")
        settings = Settings(paths.config / "settings.json")
        client = EngineClient(
            command=engine_command(),
            elsewhere=elsewhere,
            backoff_ms=(50, 50, 50),
        )
        theme = Theme(application)
        window = make_window(paths, settings, theme, client, client)
        window.resize(1200, 800)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        if engine:
            window.services.models.start()
        driver = Driver(window, qtbot)
        made.append(driver)
        return driver

    yield make
    for driver in made:
        driver.services.client.shutdown()
        driver.services.tasks.close()
        driver.services.workspace.abandon()
        driver.window._may_close = True
        driver.window.close()
        driver.window.deleteLater()
        driver.services.client.deleteLater()
        driver.services.settings.close()


@pytest.fixture
def driver(make_driver: Callable[..., Driver]) -> Driver:
    return make_driver()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_images(tmp_path / "work", "a1.png", "a2.png", "a10.png")
