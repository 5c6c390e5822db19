"""Fuzzy search: the letters of the query in order, with better marks for starts of words."""

from __future__ import annotations


def score(query: str, text: str) -> int | None:
    """How well `query` matches `text`, higher is better; None when letters are missing.

    Case and blanks of the query do not count. A letter at the start of a word or right behind the
    last match scores more; a whole match at the beginning scores most.
    """
    wanted = query.casefold().replace(" ", "")
    folded = text.casefold()
    if not wanted:
        return 0
    if query.strip().casefold() in folded:
        return 1000 - folded.index(query.strip().casefold()) - len(folded)
    total, at, last = 0, -1, -2
    for letter in wanted:
        at = folded.find(letter, at + 1)
        if at < 0:
            return None
        starts_word = at == 0 or not folded[at - 1].isalnum()
        total += 8 if starts_word else 5 if at == last + 1 else 1
        last = at
    return total - len(folded) // 8
