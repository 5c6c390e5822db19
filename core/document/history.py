"""Undo and redo without limit, over a document that only edits change."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.document.document import Changed, Document
from core.document.edits import Batch, Edit


@dataclass(frozen=True, slots=True)
class _Step:
    """An edit waiting to be applied, its name for a person, and the state it belongs to.

    `at` is when a person did it, `moved` when it was done, undone or redone last.
    """

    edit: Edit
    name: str
    state: int
    at: int
    moved: int


class History:
    """The edits made to a document and the way back.

    `on_record` hears each edit that was applied, those of undo and redo included, so that a
    journal of them reproduces the document. Times are those of `time.monotonic_ns`.
    """

    def __init__(self, document: Document, on_record: Callable[[Edit], None] | None = None) -> None:
        self.document = document
        self._on_record = on_record
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._last_state = 0
        self._clean_state: int | None = 0

    def do(self, edit: Edit, name: str, at: int | None = None, *, joined: bool = False) -> Changed:
        """Apply an edit; what had been undone can no longer be redone.

        `at` is the time of the act that the edit is a part of, by default now. One that is
        `joined` is undone together with the last, under the name and time of that. Raises
        EditError, and changes nothing, when the edit does not fit the document.
        """
        inverse, changed = self.document.apply(edit)
        self._last_state += 1
        now = time.monotonic_ns() if at is None else at
        if joined and self._undo:
            last = self._undo.pop()
            both = Batch((inverse, last.edit), last.name)
            self._undo.append(replace(last, edit=both, state=self._last_state))
        else:
            self._undo.append(_Step(inverse, name, self._last_state, now, now))
        self._redo.clear()
        self._record(edit)
        return changed

    def undo(self) -> Changed | None:
        """Take the last edit back; None when there is none."""
        return self._move(self._undo, self._redo)

    def redo(self) -> Changed | None:
        """Apply again what was undone last; None when there is nothing."""
        return self._move(self._redo, self._undo)

    def _move(self, origin: list[_Step], target: list[_Step]) -> Changed | None:
        if not origin:
            return None
        step = origin[-1]
        inverse, changed = self.document.apply(step.edit)
        origin.pop()
        target.append(replace(step, edit=inverse, moved=time.monotonic_ns()))
        self._record(step.edit)
        return changed

    def _record(self, edit: Edit) -> None:
        if self._on_record is not None:
            self._on_record(edit)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    @property
    def undo_name(self) -> str | None:
        return self._undo[-1].name if self._undo else None

    @property
    def redo_name(self) -> str | None:
        return self._redo[-1].name if self._redo else None

    @property
    def inverse(self) -> Edit | None:
        """The edit that takes the last one back."""
        return self._undo[-1].edit if self._undo else None

    @property
    def again(self) -> Edit | None:
        """The edit that makes again what was undone last."""
        return self._redo[-1].edit if self._redo else None

    @property
    def undo_at(self) -> int | None:
        """When the act was made that `undo` takes back."""
        return self._undo[-1].at if self._undo else None

    @property
    def redo_at(self) -> int | None:
        """When the act was made that `redo` makes again."""
        return self._redo[-1].at if self._redo else None

    @property
    def undone_at(self) -> int | None:
        """When that was undone what `redo` makes again."""
        return self._redo[-1].moved if self._redo else None

    @property
    def steps(self) -> int:
        """How many edits can be undone or redone."""
        return len(self._undo) + len(self._redo)

    def continue_from(self, other: History) -> None:
        """Take the steps of an earlier history of the same shapes; the present state is clean."""
        self._undo, self._redo = list(other._undo), list(other._redo)
        self._last_state = other._last_state
        self.mark_clean()

    @property
    def state(self) -> int:
        """A number for the present state; undoing back to a state brings its number back."""
        return self._undo[-1].state if self._undo else 0

    def mark_clean(self, state: int | None = None) -> None:
        """Remember that `state` (the present one by default) is what the file holds."""
        self._clean_state = self.state if state is None else state

    @property
    def is_clean(self) -> bool:
        """Whether the document is as the file holds it."""
        return self.state == self._clean_state
