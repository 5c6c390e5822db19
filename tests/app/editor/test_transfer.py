"""Import and export in the window: what is shown before, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QPushButton

from app.editor.exporting import Choice
from app.editor.panels.transfer import ExportDialog, ImportDialog
from core.formats.collect import collect
from core.formats.registry import BY_NAME, FORMATS
from tests.app.window.conftest import SQUARE, Driver, shape, write_labelme


def shown(kind):
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found


def accept(dialog: QDialog) -> None:
    for button in dialog.findChildren(QDialogButtonBox)[0].buttons():
        box = dialog.findChildren(QDialogButtonBox)[0]
        if box.buttonRole(button) is QDialogButtonBox.ButtonRole.AcceptRole:
            button.click()


def test_what_a_file_holds_is_shown_before_it_comes_in(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    flat = [value for point in SQUARE for value in point]
    entry = {"image_id": 1, "category_id": 1, "segmentation": [flat]}
    broken = {"id": 7, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3]]}
    content = {
        "images": [{"id": 1, "file_name": "a1.png"}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [{"id": 1, **entry}, broken, {"id": 8, **entry, "image_id": 99}],
    }
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content))
    driver.open(folder)
    driver.services.importer.look(path)
    driver.wait(lambda: any(isinstance(w, ImportDialog) for w in QApplication.topLevelWidgets()))
    dialog = shown(ImportDialog)
    counts = dialog.summary.text().split(" · ")
    # With or without a translation of the plurals.
    for text, wanted in zip(counts, ("COCO", "1 image", "1 instance"), strict=True):
        assert text.startswith(wanted)
    remarks = dialog.remarks.toPlainText()
    assert "annotations[1].segmentation[0]" in remarks
    assert "1 annotations belong to an image" in remarks
    dialog.remarks.save(tmp_path / "list.txt", pytest.fail)
    assert (tmp_path / "list.txt").read_text(encoding="utf-8").strip() == remarks
    assert not (folder / "a1.json").exists()
    accept(dialog)
    driver.wait((folder / "a1.json").exists)
    driver.wait(lambda: [i.label for i in driver.document.instances] == ["cell"])
    driver.wait(lambda: any("2 remark" in text for text in driver.texts))


def test_a_labelme_file_comes_in_with_every_key(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    point = {"label": "tip", "points": [[1, 2]], "shape_type": "point", "kie_linking": [[1, 2]]}
    given = {**shape("cell", *SQUARE), "difficult": True, "attributes": {"a": "b"}}
    (tmp_path / "else").mkdir()
    source = write_labelme(tmp_path / "else" / "a1.png", given, point, tags=["x"])
    driver.open(folder)
    driver.services.importer.looked.connect(driver.services.importer.take)
    driver.services.importer.look(source)
    driver.wait((folder / "a1.json").exists)
    before, after = (json.loads(p.read_text()) for p in (source, folder / "a1.json"))
    # What is ours beside it says that it was imported.
    theirs = [{k: v for k, v in each.items() if k != "masklens"} for each in after["shapes"]]
    assert theirs == before["shapes"]
    assert after["tags"] == ["x"]


def test_an_export_shows_what_it_has_no_place_for(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    crowd = shape("cell", *SQUARE, masklens={"crowd": True, "id": "k"})
    point = {"label": "tip", "points": [[1, 2]], "shape_type": "point"}
    write_labelme(folder / "a1.png", shape("cell", *SQUARE), crowd, point)
    driver.open(folder)
    driver.act("export")
    dialog = shown(ExportDialog)
    titles = [dialog.formats.itemText(k) for k in range(dialog.formats.count())]
    assert titles == [format.title for format in FORMATS]
    dialog.formats.setCurrentText("YOLO")
    driver.wait(lambda: "1 instances are crowds" in dialog.lost.toPlainText())
    assert "1 shapes are no outlines" in dialog.lost.toPlainText()
    assert dialog.options.currentText() == "segments"
    assert [b.text() for b in dialog.findChildren(QPushButton) if b.isDefault()] == [
        "Choose a place…"
    ]
    dialog.split.setText("nonsense")
    accept(dialog)
    assert "is no split" in dialog.lost.toPlainText()
    dialog.reject()
    out = tmp_path / "out"
    driver.services.exporter.to_format(BY_NAME["yolo"], out, Choice())
    driver.wait((out / "data.yaml").exists)
    driver.wait(lambda: any("out · 1 instance" in text for text in driver.texts))
    assert [len(image.instances) for image in collect(out).images] == [1]


def test_labels_of_a_sibling_folder_are_offered(driver: Driver, folder: Path) -> None:
    labels = folder.parent / "jsons"
    labels.mkdir()
    for name in ("a1", "a2"):
        path = write_labelme(labels / f"{name}.png", shape("cell", *SQUARE))
        content = json.loads(path.read_text()) | {"imagePath": f"..\\work\\{name}.png"}
        path.write_text(json.dumps(content))
    driver.open(folder)
    driver.wait(lambda: "project:elsewhere" in driver.services.central.banners.keys)
    driver.services.importer.looked.connect(driver.services.importer.take)
    driver.press("Import them…")
    driver.wait(lambda: [i.label for i in driver.document.instances] == ["cell"])
    assert (folder / "a2.json").exists()
    driver.open(folder)
    driver.bot.wait(200)
    assert "project:elsewhere" not in driver.services.central.banners.keys


def test_labels_for_another_size_are_answered_before_they_come_in(
    driver: Driver, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "else").mkdir()
    source = write_labelme(tmp_path / "else" / "a1.png", shape("cell", *SQUARE))
    content = json.loads(source.read_text())
    width, height = content["imageWidth"], content["imageHeight"]
    content |= {"imageWidth": 2 * width, "imageHeight": 2 * height}
    source.write_text(json.dumps(content))
    driver.open(folder)
    driver.services.importer.look(source)
    driver.wait(lambda: any(isinstance(w, ImportDialog) for w in QApplication.topLevelWidgets()))
    dialog = shown(ImportDialog)
    assert dialog.answer is None
    assert [b.text() for b in dialog.findChildren(QPushButton) if b.isDefault()] == ["Import"]
    dialog.answers.setCurrentIndex(dialog.answers.findText("Scale them"))
    accept(dialog)
    driver.wait((folder / "a1.json").exists)
    after = json.loads((folder / "a1.json").read_text())
    assert (after["imageWidth"], after["imageHeight"]) == (width, height)
    points = np.array(after["shapes"][0]["points"])
    assert np.allclose(points, np.array(SQUARE) / 2)
