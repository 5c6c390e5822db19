"""The classes of a run: their order, and which known class a new label may take over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

LEARNED_CLASSES: Final = "learned_classes"
"""Where a model file keeps, among what it knows about itself, the classes that it was taught."""


def class_order(
    known: Sequence[str], taught: Iterable[str], labels: Sequence[str]
) -> tuple[str, ...]:
    """The classes of the new model.

    Those of `known` (the base model's) that somebody uses come first, in their order: the ones in
    `labels`, and the ones that an earlier run taught the base. New labels follow as they come.
    """
    used = set(labels) | set(taught)
    old = [name for name in known if name in used]
    return tuple(dict.fromkeys((*old, *labels)))


def taught_classes(extra: Mapping[str, object]) -> tuple[str, ...]:
    """The classes that earlier runs taught a model, from what its file says about it."""
    value = extra.get(LEARNED_CLASSES, ())
    if not isinstance(value, list | tuple):
        return ()
    return tuple(name for name in value if isinstance(name, str))


def likely_class(label: str, known: Sequence[str]) -> str | None:
    """The known class that a label seems to mean by its name alone; None when none does.

    Equal but for case, plural and punctuation; else the only one that shares a word with it.
    """
    mine = _words(label)
    same = [name for name in known if _words(name) == mine]
    if same:
        return same[0]
    sharing = [name for name in known if set(_words(name)) & set(mine)]
    return sharing[0] if len(sharing) == 1 else None


def _words(name: str) -> tuple[str, ...]:
    plain = "".join(c if c.isalnum() else " " for c in name.casefold())
    return tuple(_singular(word) for word in plain.split())


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
