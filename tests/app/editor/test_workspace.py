"""Going from image to image while edits are made: what was staged never covers a newer edit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import app.editor.workspace as workspace_module
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme

MOST = 20.0  # seconds


class SlowDisk:
    """Staging waits until it is told to go on; it has read the labels by then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read, self.go_on = Event(), Event()
        stage = workspace_module.stage

        def wait_then(*arguments: Any, **options: Any) -> Any:
            staged = stage(*arguments, **options)
            self.read.set()
            assert self.go_on.wait(MOST)
            return staged

        monkeypatch.setattr(workspace_module, "stage", wait_then)


@pytest.fixture
def slow_disk(driver: Driver, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    driver.open(folder)
    disk = SlowDisk(monkeypatch)
    yield disk
    disk.go_on.set()


def labels(image: Path) -> list[str]:
    return [each["label"] for each in json.loads(image.with_suffix(".json").read_text())["shapes"]]


def test_an_edit_made_while_the_image_is_read_again_stays(
    driver: Driver, folder: Path, slow_disk: SlowDisk
) -> None:
    before = driver.services.workspace.staged
    driver.act("reload")
    driver.wait(slow_disk.read.is_set)
    driver.draw_rectangle((10, 10), (40, 30))
    (drawn,) = driver.document.instances
    slow_disk.go_on.set()
    driver.wait(lambda: driver.services.workspace.staged is not before)
    assert [each.id for each in driver.document.instances] == [drawn.id]
    driver.saved()
    assert labels(folder / "a1.png") == [drawn.label]


def test_an_edit_made_while_another_image_is_read_is_saved(
    driver: Driver, folder: Path, slow_disk: SlowDisk
) -> None:
    write_labelme(folder / "a2.png", shape("other", *SQUARE))
    driver.services.workspace.go(folder / "a2.png")
    driver.wait(slow_disk.read.is_set)
    driver.draw_rectangle((10, 10), (40, 30))
    (drawn,) = driver.document.instances
    slow_disk.go_on.set()
    driver.wait(lambda: driver.services.workspace.path == folder / "a2.png")
    assert labels(folder / "a1.png") == [drawn.label]
    assert [each.label for each in driver.document.instances] == ["other"]
