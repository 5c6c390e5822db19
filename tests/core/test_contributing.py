"""The recipes of CONTRIBUTING.md name files that are there, and as many as they say."""

from __future__ import annotations

import re

import pytest

from tests.data import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = re.findall(r"^### ([^\n]+): (\d+) files?\n(.*?)(?=^###? |\Z)", TEXT, re.M | re.S)
KINDS = (
    *("key", "label format", "editing tool", "stage", "training option"),
    *("message", "architecture", "sentence"),
)
PLACE = re.compile(r"`((?:core|app|tests|resources|docs)/[\w./]+)`")


def test_there_is_a_recipe_for_each_kind_of_change() -> None:
    titles = [title for title, _, _ in RECIPES]
    assert len(titles) == TEXT.count("\n### ")
    assert [kind for kind in KINDS if not any(kind in title for title in titles)] == []


@pytest.mark.parametrize(("title", "count", "text"), RECIPES, ids=[each[0] for each in RECIPES])
def test_a_recipe_names_its_files(title: str, count: str, text: str) -> None:
    steps = re.findall(r"^- `([\w./]+)`( \(new\))?", text, re.MULTILINE)
    assert len(steps) == int(count)
    for place, new in steps:
        assert (ROOT / place).parent.is_dir(), place
        assert (ROOT / place).exists() != bool(new), place


def test_every_file_that_is_named_is_there() -> None:
    new = set(re.findall(r"`([\w./]+)` \(new\)", TEXT))
    places = set(PLACE.findall(TEXT)) - new
    assert len(places) > 20
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []
