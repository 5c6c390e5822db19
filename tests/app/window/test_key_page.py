"""docs/keys.md is made from the table of actions, and docs/peers.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from app.window.key_list import with_the_mouse
from tests.app.window.key_page import PAGE, page

ROOT = Path(__file__).parents[3]


def test_the_page_of_keys_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.app.window.key_page"


def test_the_list_names_what_the_wheel_does() -> None:
    assert dict(with_the_mouse(wheel_zooms=True))["Zoom at the pointer"] == "wheel"
    assert dict(with_the_mouse(wheel_zooms=False))["Zoom at the pointer"] == "Ctrl+wheel"


def test_each_of_the_fifteen_complaints_has_a_proof_that_exists() -> None:
    rows = [
        line
        for line in (ROOT / "docs" / "peers.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and "Complaint" not in line
    ]
    assert len(rows) == 15
    for row in rows:
        proofs = re.findall(r"`(tests/[a-z_/0-9]+\.py)(?:::([a-z_0-9]+))?`", row)
        assert proofs, row
        for file, name in proofs:
            text = (ROOT / file).read_text("utf-8")
            assert not name or f"def {name}(" in text, (file, name)
