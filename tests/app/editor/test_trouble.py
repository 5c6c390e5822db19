"""What other programs, crashes and broken files do to a folder, and what the window makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from core.document.edits import Add
from core.document.instance import Instance, Polygon
from core.project.project import Project
from core.session import ImageSession
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme
from tests.data import shared_data


def leave_a_journal(folder: Path) -> None:
    """Do as a killed masklens does: two edits in the journal, no label file."""
    project = Project(folder)
    project.lock()
    session = ImageSession.open(project, project.images()[0])
    for id in ("one", "two"):
        session.do(Add((Instance(id, "cell", (Polygon(SQUARE),)),)), "draw")
    project.unlock()


def test_left_edits_are_offered_and_kept(driver: Driver, folder: Path) -> None:
    leave_a_journal(folder)
    driver.open(folder)
    assert "image:recovery" in driver.services.central.banners.keys
    assert driver.document.instances == ()
    driver.press("Keep")
    assert len(driver.document.instances) == 2
    driver.saved()
    assert len(json.loads((folder / "a1.json").read_text())["shapes"]) == 2


def test_left_edits_can_be_discarded(driver: Driver, folder: Path) -> None:
    leave_a_journal(folder)
    driver.open(folder)
    driver.press("Discard")
    assert driver.document.instances == ()
    assert driver.services.central.banners.keys == ()
    driver.draw_rectangle((10, 10), (40, 30))
    assert len(driver.document.instances) == 1
    assert list((folder / ".masklens" / "journals" / "aside").iterdir())


def test_left_edits_of_another_image_are_told(driver: Driver, folder: Path) -> None:
    leave_a_journal(folder)
    driver.open(folder / "a2.png")
    driver.press("Show")
    driver.wait(lambda: driver.services.workspace.path == folder / "a1.png")


@pytest.mark.parametrize("content", ["{", '{"hello": 1}', "[]"])
def test_a_foreign_file_is_left_alone(driver: Driver, folder: Path, content: str) -> None:
    (folder / "a1.json").write_text(content)
    driver.open(folder)
    assert "image:read_only" in driver.services.central.banners.keys
    driver.draw_rectangle((10, 10), (40, 30))
    assert driver.document.instances == ()
    assert driver.texts
    driver.go(folder / "a2.png")
    assert driver.services.central.banners.keys == ()
    assert (folder / "a1.json").read_text() == content


def test_a_change_outside_can_be_taken(driver: Driver, folder: Path) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    driver.saved()
    write_labelme(folder / "a1.png", shape("theirs", *SQUARE))
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)
    driver.press("Take theirs")
    driver.wait(lambda: [each.label for each in driver.document.instances] == ["theirs"])
    assert driver.services.central.banners.keys == ()


def test_a_change_outside_does_not_cost_mine(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    write_labelme(folder / "a1.png", shape("theirs", *SQUARE))
    driver.draw_rectangle((40, 30), (60, 50))
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)
    driver.act("next_image")
    driver.bot.wait(200)
    assert driver.services.workspace.path == folder / "a1.png"
    driver.press("Keep mine")
    kept = folder / "a1.json.theirs"
    driver.wait(kept.exists)
    driver.wait(lambda: driver.window.status.texts()["save"] == "Saved")
    assert len(json.loads((folder / "a1.json").read_text())["shapes"]) == 2
    assert json.loads(kept.read_text())["shapes"][0]["label"] == "theirs"
    driver.draw_rectangle((70, 30), (80, 50))
    assert len(driver.document.instances) == 3


def test_taking_what_cannot_be_read_keeps_mine_beside(driver: Driver, folder: Path) -> None:
    write_labelme(folder / "a1.png", shape("cell", *SQUARE))
    driver.open(folder)
    (folder / "a1.json").write_text("{}")
    driver.draw_rectangle((40, 30), (60, 50))
    driver.wait(lambda: "image:conflict" in driver.services.central.banners.keys)
    driver.press("Take theirs")
    driver.wait(lambda: "image:read_only" in driver.services.central.banners.keys)
    assert (folder / "a1.json").read_text() == "{}"
    assert len(json.loads((folder / "a1.json.mine").read_text())["shapes"]) == 2


def test_a_save_that_failed_is_tried_again(
    driver: Driver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.editor.saving.AGAIN", 30)
    driver.open(folder)
    failed: list[str] = []
    tries: list[None] = []
    driver.services.workspace.saver.failed.connect(failed.append)
    driver.services.workspace.saver.changed.connect(lambda: tries.append(None))
    (folder / "a1.json").mkdir()  # nothing can be renamed over it
    driver.draw_rectangle((10, 10), (40, 30))
    driver.wait(lambda: failed and len(tries) > 12)
    assert len(failed) == 1, "said again and again"
    driver.wait(lambda: driver.window.status.texts()["save"] == "Saving failed")
    assert not driver.services.workspace.session.is_clean
    (folder / "a1.json").rmdir()
    driver.wait(lambda: driver.window.status.texts()["save"] == "Saved")
    assert len(json.loads((folder / "a1.json").read_text())["shapes"]) == 1


def test_a_folder_in_use_is_for_looking(make_driver: Callable[..., Driver], folder: Path) -> None:
    other = Project(folder)
    other.lock()
    driver = make_driver(engine=False)
    driver.open(folder)
    assert "project:lock" in driver.services.central.banners.keys
    assert driver.window.status.texts()["save"] == "Looking only"
    driver.draw_rectangle((10, 10), (40, 30))
    assert driver.document.instances == ()
    other.unlock()
    driver.press("Try again")
    driver.wait(lambda: "project:lock" not in driver.services.central.banners.keys)
    driver.wait(lambda: driver.services.workspace.staged)
    driver.draw_rectangle((10, 10), (40, 30))
    assert len(driver.document.instances) == 1


def test_closing_asks_when_saving_fails(
    driver: Driver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.open(folder)
    driver.draw_rectangle((10, 10), (40, 30))
    (folder / "a1.json").mkdir()  # nothing can be renamed over a folder
    driver.window.close()
    driver.wait(lambda: driver.window.findChildren(QMessageBox))
    assert driver.window.isVisible()
    (box,) = driver.window.findChildren(QMessageBox)
    (stay,) = [each for each in box.buttons() if each.text() == "Stay"]
    stay.click()
    assert driver.window.isVisible()
    (folder / "a1.json").rmdir()
    driver.window.close()
    driver.wait(lambda: not driver.window.isVisible())
    assert (folder / "a1.json").is_file()
    assert QApplication.activeModalWidget() is None


def test_a_folder_that_is_gone(driver: Driver, tmp_path: Path) -> None:
    driver.services.opener.open_folder(tmp_path / "nowhere")
    driver.wait(lambda: driver.texts)
    assert driver.services.workspace.project is None


def test_what_cannot_be_used_is_marked_before_it_is_opened(driver: Driver, folder: Path) -> None:
    (folder / "a2.json").write_text("{ broken")
    (folder / "b.png").write_bytes(b"no picture at all")
    broken = (folder / "a2.json").read_bytes()
    driver.open(folder)
    rows = driver.images.rows

    def reason(name: str) -> str:
        return str(rows.data(rows.index_of(folder / name), Qt.ItemDataRole.ToolTipRole))

    driver.wait(lambda: "not a label file" in reason("a2.png"))
    driver.wait(lambda: "not an image" in reason("b.png"))
    assert reason("a1.png") == "a1.png"
    driver.go(folder / "a2.png")
    assert "a2.json" in reason("a2.png")
    assert "image:read_only" in driver.services.central.banners.keys
    assert (folder / "a2.json").read_bytes() == broken
    (folder / "a2.json").unlink()
    driver.act("reload")
    driver.wait(lambda: reason("a2.png") == "a2.png")


def reported(number: str, target: Path) -> Path:
    """A copy of a situation from a public report."""
    copied = Path(shutil.copytree(shared_data("reports", number), target))
    for path in (copied, *copied.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # the shared ones may be write-protected
    return copied


def test_a_vertex_moved_in_a_file_of_another_program(driver: Driver, tmp_path: Path) -> None:
    folder = reported("05-xany-flags-null-rectangle4", tmp_path / "in")
    before = json.loads((folder / "a.json").read_text())
    driver.open(folder)
    (bolt,) = (each for each in driver.document.instances if each.label == "bolt")
    driver.services.viewport.set_selection([bolt.id])
    x, y = bolt.polygons[0].outer[0]
    driver.drag((x, y), (x + 12, y + 3))
    (moved,) = (each for each in driver.document.instances if each.label == "bolt")
    assert moved.polygons[0].outer[0] == pytest.approx((x + 12, y + 3), abs=1.5)
    driver.saved()
    after = json.loads((folder / "a.json").read_text())
    assert {key: after[key] for key in ("checked", "tags", "description", "flags")} == {
        key: before[key] for key in ("checked", "tags", "description", "flags")
    }
    for old, new in zip(before["shapes"], after["shapes"], strict=True):
        touched = ("points", "flags") if old["label"] == "bolt" else ()
        # Ours may stand beside theirs; theirs stay.
        assert {key: new.get(key) for key in old if key not in touched} == {
            key: old[key] for key in old if key not in touched
        }, old["label"]


def test_two_images_of_one_stem_and_one_file(driver: Driver, tmp_path: Path) -> None:
    folder = reported("21-same-stem-two-extensions", tmp_path / "in")
    before = (folder / "x.json").read_bytes()
    driver.open(folder / "x.jpg")
    assert driver.document.instances == ()
    driver.draw_rectangle((10, 10), (60, 50))
    driver.saved()
    assert (folder / "x.json").read_bytes() == before
    assert len(json.loads((folder / "x.jpg.json").read_text())["shapes"]) == 1
    driver.go(folder / "x.png")
    assert len(driver.document.instances) == len(json.loads(before)["shapes"])


def test_one_bad_field_is_named_and_nothing_is_lost(driver: Driver, tmp_path: Path) -> None:
    folder = reported("45-one-bad-field-labelme", tmp_path / "in")
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    for name in names:
        shutil.copy(folder / "a.png", folder / f"{name}.png")
        text = (folder / name / "a.json").read_text().replace('"a.png"', f'"{name}.png"')
        (folder / f"{name}.json").write_text(text)
        shutil.rmtree(folder / name)
    driver.open(folder / f"{names[0]}.png")
    for name in names:
        driver.go(folder / f"{name}.png")
        labels = driver.services.central.banners.findChildren(QLabel)
        said = " ".join([*driver.texts, *(each.text() for each in labels)])
        shown = len(driver.document.instances)
        assert shown >= 2 or "shapes[" in said, (name, shown, said)
        before = (folder / f"{name}.json").read_bytes()
        driver.act("next_image")
        assert (folder / f"{name}.json").read_bytes() == before
