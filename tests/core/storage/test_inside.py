"""Files below `.masklens`: no link is followed, nothing but plain files is opened."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage import inside
from core.storage.atomic import (
    StorageError,
    copy_aside,
    create_anew,
    make_folder,
    move_aside,
    open_appending,
    sweep,
    write_atomic,
)
from core.storage.inside import Linked, Refused, Shared
from core.storage.lock import FolderLock, FolderLocked

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and FIFOs")


@pytest.fixture(params=["by handle", "by path"])
def own(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Iterator[Path]:
    """A folder `.masklens`, with both ways to reach what is in it."""
    if request.param == "by path":
        monkeypatch.setattr(inside, "BY_HANDLE", False)
    elif not inside.BY_HANDLE:
        pytest.skip("this system cannot")
    folder = tmp_path / "photos" / ".masklens"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_bytes(b"as it was")
    return folder


def test_plain_files_are_read_written_listed_and_taken_away(own: Path) -> None:
    make_folder(own / "runs" / "one")
    path = own / "runs" / "one" / "spec.json"
    write_atomic(path, b"{}")
    assert inside.read(path) == b"{}"
    assert inside.is_file(path)
    assert inside.names(own / "runs") == ["one"] == inside.folders(own / "runs")
    assert inside.folders(own / "runs" / "one") == []
    moved = move_aside(path, own / "aside")
    assert moved is not None
    assert copy_aside(moved, own / "aside").read_bytes() == b"{}"
    inside.remove(moved)
    inside.remove_folder(own / "runs" / "one")
    assert inside.names(own / "runs") == []
    with create_anew(own / "seen") as file:
        file.write(b"x")
    assert (own / "seen").read_bytes() == b"x"


@posix
def test_a_link_at_the_end_is_not_followed(own: Path, outside: Path) -> None:
    link = own / "lock"
    link.symlink_to(outside / "precious")
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_TRUNC):
        with pytest.raises(Linked):
            inside.open_file(link, flags)
    with pytest.raises(StorageError) as caught:
        FolderLock.acquire(link)
    assert caught.value.sentence.id == "storage.refused"
    assert not FolderLock.is_held(link)
    assert not inside.is_file(link)
    assert inside.exists(link)
    inside.remove(link)
    assert (outside / "precious").read_bytes() == b"as it was"


@posix
def test_a_link_that_leads_nowhere_makes_no_file_there(own: Path, outside: Path) -> None:
    (own / "events.jsonl").symlink_to(outside / "new")
    with pytest.raises(Linked):
        open_appending(own / "events.jsonl")
    with create_anew(own / "events.jsonl") as file:
        file.write(b"ours")
    write_atomic(own / "events.jsonl", b"ours too")
    assert not (own / "events.jsonl").is_symlink()
    assert os.listdir(outside) == ["precious"]


@posix
@pytest.mark.parametrize("place", ["", "runs", "runs/one"])
def test_a_linked_folder_on_the_way_is_not_entered(own: Path, outside: Path, place: str) -> None:
    (outside / "runs" / "one").mkdir(parents=True)
    (outside / "one").mkdir()
    link = own / place if place else own
    if place:
        link.parent.mkdir(exist_ok=True)
    else:
        own.rmdir()
    link.symlink_to(outside)
    path = own / "runs" / "one" / "precious"
    for act in (
        lambda: inside.read(path),
        lambda: inside.remove(path),
        lambda: inside.stat(path),
        lambda: inside.make(path),
        lambda: inside.names(path.parent),
        lambda: inside.folders(path.parent),
        lambda: inside.rename(path, path.with_name("b")),
        lambda: inside.remove_folder(path),
        lambda: inside.sync(path.parent),
    ):
        with pytest.raises(Linked):
            act()
    for write in (
        lambda: write_atomic(path, b"x"),
        lambda: make_folder(path.parent / "new"),
        lambda: move_aside(path, own),
        lambda: FolderLock.acquire(path),
    ):
        with pytest.raises(StorageError):
            write()
    sweep(path.parent)
    kept = sorted(p.relative_to(outside).as_posix() for p in outside.rglob("*"))
    assert kept == ["one", "precious", "runs", "runs/one"]


@posix
def test_a_link_put_there_between_look_and_opening_is_not_followed(
    own: Path, outside: Path, monkeypatch
) -> None:
    """As whoever shares the folder might do it, at the worst moment."""
    victim = own / "journal"
    victim.write_bytes(b"ours")
    real_open = os.open

    def swap(path, flags, mode=0o777, **more):
        if os.fspath(path).endswith("journal"):
            victim.unlink(missing_ok=True)
            victim.symlink_to(outside / "precious")
        return real_open(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(OSError):
        inside.open_file(victim, os.O_WRONLY)


@posix
def test_a_folder_swapped_for_a_link_after_it_was_opened_is_still_the_old_one(
    own: Path, outside: Path, monkeypatch
) -> None:
    (own / "runs").mkdir()
    (own / "runs" / "precious").write_bytes(b"ours")
    real_unlink = os.unlink

    def swap(path, **more):
        (own / "runs").rename(own / "moved")
        (own / "runs").symlink_to(outside)
        return real_unlink(path, **more)

    if inside.BY_HANDLE:
        monkeypatch.setattr(os, "unlink", swap)
        inside.remove(own / "runs" / "precious")
        monkeypatch.undo()
        assert not (own / "moved" / "precious").exists()
    assert (outside / "precious").read_bytes() == b"as it was"


@posix
def test_fifos_and_devices_and_sockets_are_refused_at_once(own: Path) -> None:
    os.mkfifo(own / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(own / "socket"))
        for name in ("fifo", "socket"):
            for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
                with pytest.raises(Refused):
                    inside.open_file(own / name, flags)
    with pytest.raises(IsADirectoryError):
        inside.read(own)


@posix
def test_a_file_with_another_name_is_not_changed_in_place(own: Path, outside: Path) -> None:
    for name in ("events.jsonl", "lock"):
        os.link(outside / "precious", own / name)
    with pytest.raises(Shared):
        inside.open_file(own / "events.jsonl", os.O_WRONLY)
    handle = open_appending(own / "events.jsonl")
    os.write(handle, b", and more")
    os.close(handle)
    lock = FolderLock.acquire(own / "lock")
    with pytest.raises(FolderLocked):
        FolderLock.acquire(own / "lock")
    lock.release()
    assert (own / "events.jsonl").read_bytes() == b"as it was, and more"
    assert (outside / "precious").read_bytes() == b"as it was"


def test_names_that_lead_elsewhere_are_refused(own: Path, outside: Path) -> None:
    for path in (own / ".." / ".." / "outside" / "precious", own / "a\0b"):
        with pytest.raises(Refused):
            inside.read(path)


def test_a_file_longer_than_its_budget_is_not_read(own: Path) -> None:
    with (own / "project.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Refused):
        inside.read(own / "project.json")


@posix
def test_what_a_person_named_may_be_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "named").symlink_to(outside)
    write_atomic(tmp_path / "named" / "new", b"x")
    make_folder(tmp_path / "named")
    assert (outside / "new").read_bytes() == b"x"
