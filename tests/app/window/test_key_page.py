"""docs/keys.md is made from the table of actions, and docs/peers.md names tests that exist."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from app.window.assembly import ACTIONS
from app.window.key_list import with_the_mouse
from tests.app.window.key_page import PAGE, page

ROOT = Path(__file__).parents[3]
PEERS = ROOT / "docs" / "peers.md"


def test_the_page_of_keys_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.app.window.key_page"


def test_the_list_names_what_the_wheel_does() -> None:
    assert dict(with_the_mouse(wheel_zooms=True))["Zoom at the pointer"] == "wheel"
    assert dict(with_the_mouse(wheel_zooms=False))["Zoom at the pointer"] == "Ctrl+wheel"


def test_the_abilities_are_counted_as_they_are_marked_and_keys_are_as_they_are() -> None:
    text = PEERS.read_text("utf-8").partition("\n## ")[2]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    found = Counter(row[1] for row in rows)
    assert len(rows) == 62
    said = f"{found['whole']} whole, {found['part']} in part, {found['none']} not at all"
    assert said in " ".join(text.split())
    known = {key for action in ACTIONS for key in action.keys}
    named = {key for row in rows for key in re.findall(r"`([^`]+)`", row[2])}
    assert named - known - {"Shift+click", "masklens list", "masklens check"} == set()


def test_each_of_the_fifteen_complaints_has_a_proof_that_exists() -> None:
    rows = [
        line
        for line in PEERS.read_text("utf-8").partition("\n## ")[0].splitlines()
        if line.startswith("| ") and "Complaint" not in line
    ]
    assert len(rows) == 15
    for row in rows:
        proofs = re.findall(r"`(tests/[a-z_/0-9]+\.py)(?:::([a-z_0-9]+))?`", row)
        assert proofs, row
        for file, name in proofs:
            text = (ROOT / file).read_text("utf-8")
            assert not name or f"def {name}(" in text, (file, name)
