"""Earlier versions of a label file: kept for a week, bounded, and never outside the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.storage import versions as module
from core.storage.atomic import StorageError
from core.storage.versions import AGE, keep, read_version, sweep_versions, versions

NOW = 1_900_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".masklens").mkdir()
    return tmp_path / ".masklens" / "versions" / "a.jpg"


def times(folder: Path) -> list[float]:
    return [NOW - each.time for each in versions(folder)]


def test_what_was_kept_comes_back_newest_first(folder: Path) -> None:
    for minute in range(3):
        keep(folder, b"%d" % minute, NOW + 60 * minute)
    assert [read_version(each) for each in versions(folder)] == [b"2", b"1", b"0"]
    assert [each.time - NOW for each in versions(folder)] == [120, 60, 0]


def test_the_same_content_is_not_kept_twice_in_a_row(folder: Path) -> None:
    for second, data in enumerate((b"a", b"a", b"b", b"a")):
        keep(folder, data, NOW + 100 * second)
    assert [read_version(each) for each in versions(folder)] == [b"a", b"b", b"a"]


def test_of_many_saves_one_a_minute_stays_and_the_newest(folder: Path) -> None:
    for second in range(0, 601, 3):
        keep(folder, b"%d" % second, NOW + second)
    assert [each.time - NOW for each in versions(folder)] == [*range(600, -1, -60)]
    keep(folder, b"new", NOW + 605)
    assert read_version(versions(folder)[0]) == b"new"


def test_what_another_program_wrote_stays_however_close(folder: Path) -> None:
    keep(folder, b"mine", NOW)
    keep(folder, b"theirs", NOW + 1, foreign=True)
    for second in range(2, 9):
        keep(folder, b"%d" % second, NOW + second)
    assert [each.foreign for each in versions(folder)] == [False, True, False]
    assert read_version(versions(folder)[1]) == b"theirs"


def test_nothing_stays_longer_than_a_week(folder: Path) -> None:
    keep(folder, b"old", NOW)
    keep(folder, b"theirs", NOW + 1, foreign=True)
    keep(folder, b"new", NOW + AGE + 2)
    assert [read_version(each) for each in versions(folder)] == [b"new"]
    sweep_versions(folder.parent, NOW + 3 * AGE)
    assert not folder.exists()


def test_files_and_bytes_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 5)
    monkeypatch.setattr(module, "MOST_BYTES", 350)
    for minute in range(9):
        keep(folder, b"%03d" % minute + b"x" * 97, NOW + 60 * minute)
    assert len(versions(folder)) == 3
    keep(folder, b"y" * 5000, NOW + 600)
    assert [len(read_version(each)) for each in versions(folder)] == [5000]
    other = folder.parent / "b.jpg"
    keep(other, b"z" * 300, NOW + 700)
    monkeypatch.setattr(module, "MOST_BYTES_TOGETHER", 1000)
    sweep_versions(folder.parent, NOW + 700)
    assert not versions(folder)
    assert versions(other)


def test_what_is_no_version_of_ours_is_left_alone_and_not_read(folder: Path) -> None:
    keep(folder, b"mine", NOW)
    strange = ("notes.txt", "20260230T000000.000000Z-0123456789abcdef.json", "x-other.json")
    for name in strange:
        (folder / name).write_bytes(b"theirs")
    assert len(versions(folder)) == 1
    sweep_versions(folder.parent, NOW + 2 * AGE)
    assert {each.name for each in folder.iterdir()} == set(strange)


def test_a_version_that_was_changed_or_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    keep(folder, b"mine", NOW)
    (version,) = versions(folder)
    version.path.write_bytes(b"spoiled")
    with pytest.raises(StorageError) as caught:
        read_version(version)
    assert caught.value.sentence.id == "versions.damaged"
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine")
    version.path.unlink()
    os.symlink(secret, version.path)
    with pytest.raises(StorageError):
        read_version(version)
    sweep_versions(folder.parent, NOW + 2 * AGE)
    assert secret.read_bytes() == b"mine"
