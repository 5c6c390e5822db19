"""Search by typing."""

from __future__ import annotations

from app.widgets.fuzzy import score


def test_fuzzy_search_prefers_whole_words_then_starts_of_words() -> None:
    assert score("zz", "Polygon") is None
    assert score("poly", "Polygon") > score("poly", "Add a polygon")
    assert score("ni", "Next image") > score("ni", "Another thing is far")
    assert score("", "anything") == 0
    assert score("NEXT", "Next image") == score("next", "Next image")
