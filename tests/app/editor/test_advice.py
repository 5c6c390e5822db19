"""Which model suits a folder is said once, and fetched from where it can be had."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu, QPushButton

import resources
from app.base.settings import MIRRORS, MODEL
from app.editor.advice import ModelAdvice
from app.engine.boxes_choice import BoxesFrom
from app.widgets.banners import Banner
from tests.app.window.conftest import Driver, make_images
from tests.file_server import FileServer, make_server, server

__all__ = ["make_server", "server"]

SAMPLE = Path(resources.__file__).parent / "sample"
CONTENT = bytes(range(256)) * 4000
NAME = "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"


def copied(folder: Path, pattern: str) -> Path:
    folder.mkdir(parents=True)
    for path in SAMPLE.glob(pattern):
        shutil.copy(path, folder)
    return folder


def banner(driver: Driver, key: str) -> Banner:
    driver.wait(lambda: key in driver.services.central.banners.keys)
    return driver.services.central.banners._shown[key]


def press(banner: Banner, caption: str) -> None:
    (button,) = [each for each in banner.findChildren(QPushButton) if caption in each.text()]
    button.click()


def advice(driver: Driver) -> ModelAdvice:
    found: ModelAdvice = driver.window.features["images"].advice
    return found


@pytest.fixture
def stand_in(tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine fetches a small file under torchvision's name."""
    server.files[NAME] = CONTENT
    path = tmp_path / "cache" / NAME
    wanted = {
        "path": str(path),
        "url": f"{server.address}/models/{NAME}",
        "sha256": hashlib.sha256(CONTENT).hexdigest()[:8],
        "bytes": len(CONTENT),
    }
    monkeypatch.setenv("MASKLENS_STAND_IN", json.dumps(wanted))
    return path


@pytest.fixture
def mirror(make_server: Callable[[], FileServer]) -> FileServer:
    return make_server()


def test_photos_get_the_pair_and_are_proposed_at_once(driver: Driver, tmp_path: Path) -> None:
    folder = copied(tmp_path / "photos", "things*.jpg")
    driver.open(folder)
    shown = banner(driver, "project:advice")
    assert "photos" in shown.accessibleName()
    assert any("Download" in each.text() for each in shown.findChildren(QPushButton))
    press(shown, "photos")
    driver.wait(lambda: driver.services.suggesting.pending)
    assert driver.services.settings.get(MODEL) == "photos"
    assert "project:advice" not in driver.services.central.banners.keys


def test_it_is_said_once_a_folder(driver: Driver, tmp_path: Path) -> None:
    one, two = (copied(tmp_path / name, "things*.jpg") for name in ("one", "two"))
    driver.open(one)
    banner(driver, "project:advice")
    driver.open(two)
    driver.wait(lambda: driver.services.workspace.project.root == two)  # type: ignore[union-attr]
    banner(driver, "project:advice")
    driver.open(one)
    driver.wait(lambda: driver.services.workspace.project.root == one)  # type: ignore[union-attr]
    driver.wait(lambda: advice(driver).kind == "photos")
    assert "project:advice" not in driver.services.central.banners.keys


def test_cells_get_the_starter(driver: Driver, tmp_path: Path) -> None:
    driver.services.models.choose("photos")
    driver.open(copied(tmp_path / "cells", "nuclei*.jpg"))
    press(banner(driver, "project:advice"), "starter")
    driver.wait(lambda: driver.services.suggesting.pending)
    assert driver.services.settings.get(MODEL) == "starter"


def test_who_has_chosen_well_is_left_alone(driver: Driver, tmp_path: Path) -> None:
    driver.open(copied(tmp_path / "cells", "nuclei*.jpg"))
    driver.wait(lambda: advice(driver).kind == "cells" and driver.services.models.known)
    assert driver.services.central.banners.keys == ()
    driver.services.models.choose("mine.pt")
    driver.wait(lambda: driver.services.models.name == "mine.pt")
    driver.open(copied(tmp_path / "photos", "things*.jpg"))
    driver.wait(lambda: advice(driver).kind == "photos")
    assert driver.services.central.banners.keys == ()


def test_the_large_model_is_fetched_and_used(
    stand_in: Path, server: FileServer, driver: Driver, tmp_path: Path
) -> None:
    server.breaks = [300_000]
    driver.open(copied(tmp_path / "photos", "things*.jpg"))
    press(banner(driver, "project:advice"), "Download")
    driver.wait(lambda: driver.services.suggesting.pending)
    assert stand_in.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-"]
    assert driver.services.settings.get(MODEL) == "coco"


def test_what_cannot_be_fetched_comes_from_elsewhere(
    stand_in: Path,
    server: FileServer,
    mirror: FileServer,
    driver: Driver,
    tmp_path: Path,
) -> None:
    server.files[NAME] = CONTENT[::-1]
    driver.open(copied(tmp_path / "photos", "things*.jpg"))
    press(banner(driver, "project:advice"), "Download")
    failed = banner(driver, "model:fetching")
    assert "hash is wrong" in failed.accessibleName()
    assert [each.text() for each in failed.findChildren(QPushButton)] == [
        "Try again",
        "Another address…",
        "A file that is here…",
    ]
    wrong = tmp_path / "wrong.pth"
    wrong.write_bytes(b"other")
    advice(driver).take_file("coco", wrong)
    driver.wait(lambda: str(wrong) in banner(driver, "model:fetching").accessibleName())
    mirror.files[NAME] = CONTENT
    advice(driver).take_address("coco", f" {mirror.address}/mine ")
    driver.wait(lambda: driver.services.suggesting.pending)
    assert driver.services.settings.get(MIRRORS) == [f"{mirror.address}/mine"]
    assert stand_in.read_bytes() == CONTENT
    assert "model:fetching" not in driver.services.central.banners.keys


def test_a_file_of_ones_own_will_do(
    stand_in: Path, server: FileServer, driver: Driver, tmp_path: Path
) -> None:
    del server.files[NAME]
    own = tmp_path / "own.pth"
    own.write_bytes(CONTENT)
    driver.open(copied(tmp_path / "photos", "things*.jpg"))
    press(banner(driver, "project:advice"), "Download")
    banner(driver, "model:fetching")
    advice(driver).take_file("coco", own)
    driver.wait(lambda: driver.services.suggesting.pending)
    assert stand_in.read_bytes() == CONTENT


def submenu(menu: QMenu, text: str) -> QMenu:
    (found,) = [each.menu() for each in menu.actions() if text in each.text() and each.menu()]
    assert isinstance(found, QMenu)
    return found


def trigger(menu: QMenu, text: str) -> None:
    (action,) = [each for each in menu.actions() if each.text() == text]
    action.trigger()


def test_another_proposer_is_chosen_in_the_menu(driver: Driver, tmp_path: Path) -> None:
    models = driver.services.models
    driver.wait(lambda: models.model and models.known)
    menu = driver.window._model_menu
    models.fill(menu)
    boxes = submenu(menu, "Boxes from")
    assert [each.text() for each in boxes.actions()] == [
        "As the model has it",
        "yolox-nano",
        "other",
        "A file of weights…",
    ]
    trigger(boxes, "yolox-nano")
    driver.wait(lambda: models.name == "starter+yolox-nano")
    models.fill(menu)
    trigger(submenu(submenu(menu, "Boxes from"), "Tiles"), "4")
    driver.wait(lambda: models.name == "starter+yolox-nanox4")
    models.boxes.choose("starter", BoxesFrom(str(tmp_path / "w.pth"), tiles=4))
    models.fill(menu)
    trigger(submenu(submenu(menu, "Boxes from"), "Which detector"), "fcos_resnet50_fpn")
    assert models.boxes.of("starter").arch == "fcos_resnet50_fpn"
    models.fill(menu)
    trigger(submenu(menu, "Boxes from"), "As the model has it")
    driver.wait(lambda: models.name == "starter")
    assert models.boxes.of("starter") == BoxesFrom()


def test_a_proposer_that_cannot_be_used_is_forgotten(driver: Driver, tmp_path: Path) -> None:
    models = driver.services.models
    driver.wait(lambda: models.model)
    models.boxes.choose("starter", BoxesFrom("other"))
    driver.wait(lambda: any("cannot be used" in text for text in driver.texts))
    assert models.boxes.of("starter") == BoxesFrom()
    assert models.name == "starter"
    driver.open(make_images(tmp_path / "work", "a.png"))
    driver.suggest()
