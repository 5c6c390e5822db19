from __future__ import annotations

import json
import os
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import encode
from core.document.edits import Add, SetDone
from core.storage.atomic import StorageError
from core.storage.journal import Journal, JournalContent, JournalHeader, read_journal
from tests.core.document.strategies import blob, documents, edits_for
from tests.pace import allowed

HEADER = JournalHeader("ünï\ncode.png", 640, 480, "aa")


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journals" / "a.png.jsonl")
    journal.start(HEADER)
    return journal


def test_no_edit_no_file(journal):
    assert read_journal(journal.path) is None
    assert journal.read() == []


def test_edits_are_on_disk_when_append_returns(journal):
    edits = [SetDone(True), Add((blob("a", 1, 1, 1),)), SetDone(False)]
    for k, edit in enumerate(edits):
        journal.append(edit)
        assert journal.read() == edits[: k + 1]
        assert journal.count == k + 1
    content = read_journal(journal.path)
    assert content.header == HEADER
    assert content.unread == 0


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_any_edits_come_back_and_any_cut_leaves_a_beginning(tmp_path_factory, data):
    document = data.draw(documents)
    edits = []
    journal = Journal(tmp_path_factory.mktemp("journal") / "j")
    journal.start(HEADER)
    for _ in range(data.draw(st.integers(1, 5))):
        edit = data.draw(edits_for(document))
        document.apply(edit)
        journal.append(edit)
        edits.append(edit)
    assert journal.read() == edits
    whole = journal.path.read_bytes()
    first = whole.index(b"\n") + 1
    cut = data.draw(st.integers(first, len(whole)))
    journal.path.write_bytes(whole[:cut])
    content = read_journal(journal.path)
    assert list(content.edits) == edits[: whole[:cut].count(b"\n") - 1]
    assert content.unread == (0 if whole[:cut].endswith(b"\n") else 1)


def test_any_flipped_bit_is_noticed(journal):
    for done in (True, False, True):
        journal.append(SetDone(done))
    whole = journal.path.read_bytes()
    lines = whole.split(b"\n")
    start = len(lines[0]) + 1 + len(lines[1]) + 1
    for place in range(start, start + len(lines[2])):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        journal.path.write_bytes(bytes(damaged))
        content = read_journal(journal.path)
        assert content.edits == (SetDone(True),)
        assert content.unread >= 1


def line(value):
    body = json.dumps(value).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


@pytest.mark.parametrize(
    "value",
    [
        {"n": 5, "edit": {"do": "set_done", "done": True}},
        {"n": 0, "edit": {"do": "explode"}},
        {"n": 0},
        {"save": {"sha256": 3, "edits": 1}},
        {"save": {"sha256": "aa", "edits": -1}},
        [],
    ],
)
def test_lines_that_are_whole_but_wrong_end_the_journal(journal, value):
    journal.append(SetDone(True))
    head = journal.path.read_bytes().split(b"\n")[0] + b"\n"
    journal.path.write_bytes(head + line(value))
    content = read_journal(journal.path)
    assert content.edits == ()
    assert content.unread == 1


def test_which_edits_a_label_file_lacks(journal):
    edits = [SetDone(True), SetDone(False), SetDone(True)]
    for edit in edits[:2]:
        journal.append(edit)
    journal.announce_save("bb", 1)
    journal.append(edits[2])
    content = read_journal(journal.path)
    assert content.edits_after("aa") == tuple(edits)
    assert content.edits_after("bb") == tuple(edits[1:])
    assert content.edits_after("cc") is None
    assert content.edits_after(None) is None
    journal.saved("bb", 1)
    content = read_journal(journal.path)
    assert content.header.label_sha256 == "bb"
    assert content.edits_after("bb") == tuple(edits[1:])
    journal.append(SetDone(False))
    assert len(journal.read()) == 3
    journal.saved("dd", 3)
    assert not journal.path.exists()
    journal.append(SetDone(False))
    assert read_journal(journal.path).header.label_sha256 == "dd"


def test_of_two_saves_of_the_same_content_the_later_counts(journal):
    edits = (SetDone(True), SetDone(False), SetDone(True))
    content = JournalContent(HEADER, edits, (("bb", 1), ("cc", 2), ("bb", 3)))
    assert content.edits_after("bb") == ()
    assert content.edits_after("cc") == edits[2:]


def test_each_edit_reaches_the_disk_before_the_next(journal, monkeypatch):
    journal.append(SetDone(True))
    synced, fsync = [], os.fsync

    def note(handle):
        synced.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    journal.append(SetDone(False))
    assert synced == [journal.path.stat().st_size]


def test_starting_with_edits_replaces_what_was_there(journal):
    journal.append(SetDone(True))
    again = Journal(journal.path)
    again.start(HEADER, [SetDone(False), SetDone(True)])
    assert again.read() == [SetDone(False), SetDone(True)]
    again.reset()
    assert read_journal(journal.path) is None
    again.reset()


def test_a_journal_that_was_not_started_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="not started"):
        Journal(tmp_path / "j").append(SetDone(True))
    with pytest.raises(ValueError, match="not started"):
        Journal(tmp_path / "j").saved("aa", 0)


@pytest.mark.parametrize(
    "damage",
    [{"masklens_journal": 2}, {"masklens_journal": None}, {"width": 0}, {"label_sha256": 3}],
)
def test_a_header_of_another_kind_is_refused(journal, damage):
    journal.path.parent.mkdir()
    journal.path.write_bytes(line({**json.loads(encode(HEADER)), **damage}))
    with pytest.raises(StorageError) as caught:
        read_journal(journal.path)
    assert str(journal.path) in str(caught.value)


def test_a_journal_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(StorageError) as caught:
        read_journal(tmp_path)
    assert caught.value.sentence.id == "journal.unreadable"


def test_appending_is_quick(journal):
    edit = Add((blob("a", 100, 100, 30),))
    times = []
    for _ in range(50):
        start = time.process_time()
        journal.append(edit)
        times.append(time.process_time() - start)
    assert sorted(times)[25] < allowed(0.002)
