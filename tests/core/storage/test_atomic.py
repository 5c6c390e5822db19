from __future__ import annotations

import errno
import os
import resource
import time

import pytest

from core.storage import atomic
from core.storage.atomic import (
    StorageError,
    copy_aside,
    explain,
    make_folder,
    move_aside,
    sweep,
    write_atomic,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_and_a_replaced_file(tmp_path):
    path = tmp_path / "ünï\ncode.json"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == [path.name]


def test_the_mode_of_an_old_file_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"")
    path.chmod(0o640)
    write_atomic(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_others_have_open_stays_whole_for_them(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old text")
    with path.open("rb") as reader:
        write_atomic(path, b"new")
        assert reader.read() == b"old text"


def test_the_check_can_call_it_off(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def refuse():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomic(path, b"new", check=refuse)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("where", ["fsync", "replace", "write"])
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "storage.full"),
        (errno.EDQUOT, "storage.full"),
        (errno.EACCES, "storage.denied"),
        (errno.EROFS, "storage.denied"),
        (errno.EIO, "storage.failed"),
    ],
)
def test_what_the_disk_refuses_leaves_the_old_file(tmp_path, monkeypatch, where, code, sentence):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, where, refuse)
    with pytest.raises(StorageError) as caught:
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert caught.value.sentence.id == sentence
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_disk_that_fills_up_half_way(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    try:
        with pytest.raises(StorageError) as caught:
            write_atomic(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert caught.value.sentence.id == "storage.full"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_short_writes_go_on(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data[:7])))
    write_atomic(tmp_path / "a", b"x" * 100)
    monkeypatch.undo()
    assert (tmp_path / "a").read_bytes() == b"x" * 100


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / "gone" / "a", b"")
    assert caught.value.sentence.id == "storage.gone"


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    fsync = os.fsync

    def only_files(handle):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "folders cannot be synced here")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomic(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_folder_never_brings_a_vanished_project_back(tmp_path):
    root = tmp_path / "project"
    with pytest.raises(StorageError):
        make_folder(root / ".masklens" / "journals")
    assert not root.exists()
    root.mkdir()
    make_folder(root / ".masklens" / "journals" / "aside")
    assert (root / ".masklens" / "journals" / "aside").is_dir()


def test_aside_never_overwrites(tmp_path):
    path, folder = tmp_path / "a", tmp_path / "aside"
    for text in (b"one", b"two"):
        path.write_bytes(text)
        assert move_aside(path, folder).read_bytes() == text
        assert not path.exists()
    assert move_aside(path, folder) is None
    path.write_bytes(b"three")
    assert copy_aside(path, folder).name == "a.3"
    assert path.exists()
    assert names(folder) == ["a.1", "a.2", "a.3"]


def test_sweeping_takes_old_half_written_files_alone(tmp_path):
    old, young, other = (tmp_path / name for name in (".1.masklens-tmp", ".2.masklens-tmp", ".3"))
    for path in (old, young, other):
        path.write_bytes(b"")
    past = time.time() - 2 * atomic._ABANDONED_S
    for path in (old, other):
        os.utime(path, (past, past))
    sweep(tmp_path)
    sweep(tmp_path / "gone")
    assert names(tmp_path) == [young.name, other.name]


def test_an_error_without_a_number_is_told_in_its_own_words(tmp_path):
    assert explain(OSError("odd"), tmp_path).id == "storage.failed"
