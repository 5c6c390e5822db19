"""Renaming a label in the file of an image that is not open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.document.edits import Add
from core.document.instance import Source
from core.project.suggestions import SuggestionSet
from core.sentences import say
from core.session import SessionError, change_labels, renaming, store_suggestions
from core.session import save as saving
from core.storage.atomic import StorageError
from tests.core.document.strategies import blob
from tests.core.session.helpers import (
    draw,
    entry,
    labelme_file,
    make_project,
    open_session,
    save,
)


def test_only_the_label_is_another(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    labelme_file(tmp_path / "a.json", mine={"kept": [1]})
    session = open_session(project)
    session.do(Add((replace(blob("x", 30, 30, 5, "cat"), source=Source.EDITED),)), "")
    save(session)
    before = json.loads((tmp_path / "a.json").read_text())
    assert change_labels(project, entry(project), renaming("cat", "lynx")) is not None
    after = json.loads((tmp_path / "a.json").read_text())
    assert [each["label"] for each in after["shapes"]] == ["dog", "lynx"]
    before["shapes"][1]["label"] = "lynx"
    assert after == before
    assert open_session(project).recovery is None


def test_where_the_label_is_not_nothing_is_written(tmp_path: Path) -> None:
    project = make_project(tmp_path, "a.png", "b.png")
    data = labelme_file(tmp_path / "a.json")
    assert change_labels(project, entry(project), renaming("cat", "lynx")) is None
    assert change_labels(project, entry(project, "b.png"), renaming("cat", "lynx")) is None
    assert (tmp_path / "a.json").read_bytes() == data
    assert not (tmp_path / "b.json").exists()


def test_suggestions_keep_the_labels_of_their_model(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    proposed = replace(blob("s", 30, 30, 5, "dog"), source=Source.SUGGESTED, score=0.5)
    store_suggestions(project, entry(project), SuggestionSet("m", instances=(proposed,)))
    labelme_file(tmp_path / "a.json")
    assert change_labels(project, entry(project), renaming("dog", "wolf")) is not None
    session = open_session(project)
    assert [each.label for each in session.pending] == ["dog"]
    assert [each.label for each in session.document.instances] == ["wolf"]


def test_edits_left_by_a_crash_come_first(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    labelme_file(tmp_path / "a.json")
    draw(open_session(project), "x")  # and never saved
    with pytest.raises(SessionError, match="unsaved edits"):
        change_labels(project, entry(project), renaming("dog", "wolf"))
    assert open_session(project).recovery is not None


def test_a_file_that_is_left_alone_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    data = labelme_file(tmp_path / "a.json", imageData=5)
    with pytest.raises(SessionError, match="imageData"):
        change_labels(project, entry(project), renaming("dog", "wolf"))
    assert (tmp_path / "a.json").read_bytes() == data


def test_a_full_disk_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path)
    data = labelme_file(tmp_path / "a.json")

    def full(path: Path, *_args: object, **_options: object) -> None:
        raise StorageError(
            say("storage.unreadable", "{path}: {reason}", path=str(path), reason="the disk is full")
        )

    monkeypatch.setattr(saving, "write_atomic", full)
    with pytest.raises(SessionError, match="full"):
        change_labels(project, entry(project), renaming("dog", "wolf"))
    assert (tmp_path / "a.json").read_bytes() == data
    assert open_session(project).recovery is None
