"""A minute of damaged files for every reader; many more by hand with `tests.faults.fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.codec import Codec, FieldError
from core.learning.events import EVENT
from tests.faults.fuzz import Fuzzer
from tests.faults.targets import TARGETS

INPUTS = 40


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_gives_a_value_or_a_sentence(name: str, tmp_path: Path) -> None:
    fuzzer = Fuzzer(name, tmp_path, seed=0)
    if fuzzer.empty:
        pytest.skip("shared data not here")
    count = INPUTS // 5 if name == "model" else INPUTS  # each is half a megabyte
    faults = [fault for number in range(count) if (fault := fuzzer.feed(number))]
    assert not faults, faults


def test_the_same_number_brings_the_same_input_back(tmp_path: Path) -> None:
    for each in ("a", "b"):
        (tmp_path / each).mkdir()
    one, other = (Fuzzer("settings", tmp_path / each, seed=3) for each in ("a", "b"))
    assert [one.input(k) for k in range(20)] == [other.input(k) for k in range(20)]
    assert len({one.input(k)[1] for k in range(20)}) > 15


@pytest.mark.parametrize("fault", ["raises", "writes", "changes"])
def test_a_fault_is_seen(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> None:
        if fault == "raises":
            raise KeyError(path)
        target = path if fault == "changes" else path.with_name("new")
        target.write_bytes(b"other")

    target = type(TARGETS["settings"])(TARGETS["settings"].beginnings, read)
    monkeypatch.setattr("tests.faults.fuzz.TARGETS", {"one": target})
    assert Fuzzer("one", tmp_path, seed=0).feed(0) is not None


def test_half_a_character_where_a_word_is_expected_is_a_wrong_field() -> None:
    with pytest.raises(FieldError, match="half of a character"):
        EVENT.decode(b'{"event": "\\ud800", "time": 1}')
    assert Codec(str).decode(b'"\\ud800"') == "\ud800"
