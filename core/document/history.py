"""Undo and redo without limit, over a document that only edits change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.document.document import Changed, Document
from core.document.edits import Edit


@dataclass(frozen=True, slots=True)
class _Step:
    """An edit waiting to be applied, its name for a person, and the state it belongs to."""

    edit: Edit
    name: str
    state: int


class History:
    """The edits made to a document and the way back.

    `on_record` hears each edit that was applied, those of undo and redo included, so that a
    journal of them reproduces the document.
    """

    def __init__(self, document: Document, on_record: Callable[[Edit], None] | None = None) -> None:
        self.document = document
        self._on_record = on_record
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._last_state = 0
        self._clean_state: int | None = 0

    def do(self, edit: Edit, name: str) -> Changed:
        """Apply an edit; what had been undone can no longer be redone.

        Raises EditError, and changes nothing, when the edit does not fit the document.
        """
        inverse, changed = self.document.apply(edit)
        self._last_state += 1
        self._undo.append(_Step(inverse, name, self._last_state))
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
        target.append(_Step(inverse, step.name, step.state))
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
