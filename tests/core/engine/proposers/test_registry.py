"""Proposers by name: ours, other packages', files; and nothing that nobody asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from core.engine.proposers import registry
from core.engine.proposers.base import ProposerError
from core.engine.proposers.registry import GROUP, load_proposer, names
from tests.core.engine.proposers.fakes import FakeProposer

MADE: list[str] = []


def make() -> FakeProposer:
    MADE.append("fake")
    return FakeProposer()


def make_badly() -> FakeProposer:
    raise OSError("no licence key")


def make_nothing() -> object:
    return object()


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    here = __name__
    known = [
        EntryPoint(name, f"{here}:{function}", GROUP)
        for name, function in (
            ("other", "make"),
            ("bad", "make_badly"),
            ("nothing", "make_nothing"),
            ("gone", "nowhere_to_be_found"),
            ("yolox-nano", "make"),
        )
    ]

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == "masklens.proposers"
        return [each for each in known if name in (None, each.name)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    MADE.clear()


@pytest.mark.usefixtures("entries")
def test_only_the_one_that_is_asked_for_is_made() -> None:
    assert names() == ("yolox-nano", "bad", "gone", "nothing", "other")
    assert MADE == []
    assert isinstance(load_proposer("other"), FakeProposer)
    assert MADE == ["fake"]


@pytest.mark.usefixtures("entries")
def test_another_package_cannot_take_the_place_of_ours() -> None:
    assert not isinstance(load_proposer("yolox-nano"), FakeProposer)
    assert MADE == []


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("name", "why"),
    [("bad", "OSError: no licence key"), ("nothing", "lacks"), ("gone", "AttributeError")],
)
def test_a_broken_one_is_named_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(ProposerError, match=why) as caught:
        load_proposer(name)
    assert repr(name) in str(caught.value)


def test_an_unknown_name_tells_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ProposerError, match=r"neither a file of weights nor .* yolox-nano"):
        load_proposer(str(tmp_path / "gone.pth"))
