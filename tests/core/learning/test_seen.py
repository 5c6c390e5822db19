from __future__ import annotations

import pytest

from core.learning.errors import LearningError
from core.learning.seen import Outcome, Seen, SeenFile, SeenWriter
from core.storage.atomic import StorageError
from tests.core.learning.making import square

FOUND = Seen(square("d", 1, 2, 5, score=0.75), Outcome.FOUND, "a")
FALSE = Seen(square("e", 3, 4, 5, score=0.5), Outcome.FALSE)


def write(path):
    with SeenWriter(path) as writer:
        writer.add("one.png", [FOUND, FALSE])
        writer.add("none.png", [])
        writer.add("zwei.png", [FALSE])


def test_images_are_read_back_one_by_one(tmp_path):
    path = tmp_path / "seen.jsonl"
    write(path)
    file = SeenFile(path)
    assert file.read("zwei.png") == (FALSE,)
    assert file.read("one.png") == (FOUND, FALSE)
    assert file.read("none.png") == file.read("unknown.png") == ()


def test_a_torn_line_costs_that_image_alone(tmp_path):
    path = tmp_path / "seen.jsonl"
    write(path)
    path.write_bytes(path.read_bytes()[:-9])
    file = SeenFile(path)
    assert file.read("zwei.png") == ()
    assert file.read("one.png") == (FOUND, FALSE)


def test_a_damaged_image_is_refused(tmp_path):
    path = tmp_path / "seen.jsonl"
    path.write_text('{"key":"a","detections":[{"instance":{},"outcome":"guessed","found":""}]}\n')
    with pytest.raises(LearningError, match="report"):
        SeenFile(path).read("a")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LearningError, match="report"):
        SeenFile(tmp_path / "none.jsonl")
    with pytest.raises(StorageError):
        SeenWriter(tmp_path / "none" / "seen.jsonl")
