"""Labels made for another size: the window asks, does what is answered, and takes it back."""

from __future__ import annotations

import json
from pathlib import Path

from app.base.tasks import Context
from app.editor.exporting import Choice, export_format
from core.formats import labelme
from core.formats.dataset import open_dataset
from core.formats.registry import BY_NAME
from core.project.project import Project
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme

KEY = "image:mismatch"


def halved(folder: Path, *names: str) -> list[Path]:
    """Label files that were made when the images were twice as large."""
    found = []
    for name in names:
        path = write_labelme(folder / name, shape("cell", *((2 * x, 2 * y) for x, y in SQUARE)))
        content = json.loads(path.read_text())
        size = {key: 2 * content[key] for key in ("imageWidth", "imageHeight")}
        path.write_text(json.dumps({**content, **size}))
        found.append(path)
    return found


def outer(path: Path):
    return labelme.read(path).instances[0].polygons[0].outer


def test_scaling_and_taking_it_back(driver: Driver, folder: Path) -> None:
    path, other = halved(folder, "a1.png", "a2.png")
    before, banners = path.read_bytes(), driver.services.central.banners
    driver.open(folder)
    driver.wait(lambda: KEY in banners.keys)
    driver.draw_rectangle((10, 10), (40, 30))
    assert len(driver.document.instances) == 1
    driver.press("Scale them")
    driver.wait(lambda: driver.document.instances[0].polygons[0].outer == SQUARE)
    assert outer(path) == SQUARE
    assert (folder / "a1.json.unfitted").read_bytes() == before
    driver.press("Take back")
    driver.wait(lambda: driver.services.workspace.session.mismatch is not None)
    assert path.read_bytes() == before
    driver.press("Keep as they are")
    driver.wait(lambda: driver.services.workspace.session.mismatch is None)
    assert outer(path) == tuple((2 * x, 2 * y) for x, y in SQUARE)
    assert outer(other) == outer(path)


def test_one_answer_for_all(driver: Driver, folder: Path) -> None:
    paths = halved(folder, "a1.png", "a2.png", "a10.png")
    driver.open(folder)
    driver.wait(lambda: KEY in driver.services.central.banners.keys)
    driver.press("Scale them")
    driver.wait(lambda: outer(paths[0]) == SQUARE)
    driver.wait(lambda: driver.services.workspace.session.mismatch is None)
    driver.press("The same for all images")
    driver.wait(lambda: all(outer(path) == SQUARE for path in paths))
    driver.wait(lambda: any("2" in text and "fitted" in text for text in driver.texts))
    driver.go(folder / "a2.png")
    assert KEY not in driver.services.central.banners.keys


def test_detached_labels_are_kept_beside(driver: Driver, folder: Path) -> None:
    (path,) = halved(folder, "a1.png")
    driver.open(folder)
    driver.wait(lambda: KEY in driver.services.central.banners.keys)
    driver.press("Detach")
    driver.wait(lambda: not driver.document.instances)
    assert not path.exists()
    assert (folder / "a1.json.detached").exists()
    driver.draw_rectangle((10, 10), (40, 30))
    driver.saved()
    assert len(labelme.read(path).instances) == 1


def test_an_export_of_the_window_does_not_hide_it(folder: Path, tmp_path: Path) -> None:
    halved(folder, "a1.png")
    project = Project(folder)
    quiet = Context(lambda _done, _total: None)
    coco = tmp_path / "o.json"
    report = export_format(project, (), BY_NAME["coco"], coco, Choice(), quiet)
    assert any("its labels may not fit" in line for line in report.problems)
    assert open_dataset(coco, folder).items == ()
    yolo = tmp_path / "yolo"
    report = export_format(project, (), BY_NAME["yolo"], yolo, Choice(), quiet)
    assert report.instances == 0
    assert any("would not show that" in line for line in report.problems)


def test_marks_of_crowds_come_off_as_one_act(driver: Driver, folder: Path) -> None:
    for name in ("a1.png", "a2.png"):
        write_labelme(folder / name, shape("cell", *SQUARE, masklens={"crowd": True, "id": "k"}))
    driver.open(folder)
    driver.act("no_crowds")

    def crowds() -> list[bool]:
        files = (labelme.read(folder / f"{name}.json") for name in ("a1", "a2"))
        return [each.crowd for file in files for each in file.instances]

    driver.wait(lambda: not any(each.crowd for each in driver.document.instances))
    driver.saved()
    driver.wait(lambda: crowds() == [False, False])
    driver.act("undo")
    driver.wait(lambda: all(each.crowd for each in driver.document.instances))
    driver.saved()
    driver.wait(lambda: crowds() == [True, True])
    driver.wait(lambda: not driver.services.folder_edits.running)

    # Taken back while it is under way: once it is over, and once only.
    driver.act("redo")
    assert driver.services.folder_edits.running
    driver.act("undo")
    driver.wait(lambda: not driver.services.folder_edits.running)
    driver.saved()
    driver.wait(lambda: crowds() == [True, True])
