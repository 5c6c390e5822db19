"""The list of images, and what paths that are opened mean."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.editor.panels.image_rows import ImageRows
from app.editor.project_opening import folder_and_images
from core.document.status import ImageStatus
from core.session.query import parse


def test_thirteen_thousand_images_filter_at_once(qtbot: QtBot) -> None:
    rows = ImageRows()
    paths = [Path(f"/data/photo_{number:05}.jpg") for number in range(13_000)]
    rows.set_images([(path, path.name) for path in paths])
    rows.set_status(dict.fromkeys(paths[:5], ImageStatus.DONE))
    start = time.process_time()
    rows.set_filter(parse("PHOTO 1299"), None)
    took = time.process_time() - start
    assert rows.rowCount() == 12
    assert took < 0.2
    rows.set_filter(parse(""), ImageStatus.DONE)
    assert rows.rowCount() == 5
    assert rows.counts()[ImageStatus.DONE] == 5


def test_a_row_stays_while_its_status_changes(qtbot: QtBot) -> None:
    rows = ImageRows()
    path = Path("/data/a.jpg")
    rows.set_images([(path, "a.jpg")])
    rows.set_status({path: ImageStatus.SUGGESTED})
    rows.set_filter(parse(""), ImageStatus.SUGGESTED)
    rows.set_status({path: ImageStatus.DONE})
    assert rows.rowCount() == 1
    rows.set_filter(parse(""), ImageStatus.DONE)
    assert rows.index_of(path).isValid()


def test_what_paths_mean(tmp_path: Path) -> None:
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    assert folder_and_images([tmp_path]) == (tmp_path, ())
    assert folder_and_images([one, two]) == (tmp_path, (one, two))
    with pytest.raises(ValueError, match="several"):
        folder_and_images([tmp_path, one])
    with pytest.raises(ValueError, match="several"):
        folder_and_images([one, tmp_path.parent / "3.png"])


def test_a_hundred_thousand_images_filter_within_fifty_milliseconds_a_key(qtbot: QtBot) -> None:
    rows = ImageRows()
    paths = [Path(f"/data/d{number % 300}/photo_{number:06}.jpg") for number in range(100_000)]
    rows.set_images([(path, str(path)[6:]) for path in paths])
    for text in ("p", "ph", "pho", "phot", "photo", "photo_0", "photo_09", "photo_099", "d7 09"):
        start = time.process_time()
        rows.set_filter(parse(text), None)
        took = time.process_time() - start
        assert took < 0.15, text  # 50 ms where the machine is quiet
    assert 0 < rows.rowCount() < 1000
