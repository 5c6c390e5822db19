"""Commands in their order while an image is on its way; and the edits of images that were left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.lru import Lru
from core.sentences import MasklensError
from core.session import ImageSession, Left, Made

KEEP_EDITS: Final = 20_000


class Turns:
    """Commands are bound to the image that was meant; `under_way` says whether one is to come."""

    def __init__(self, under_way: Callable[[], bool]) -> None:
        self._under_way = under_way
        self._ahead: deque[tuple[Callable[[], object], bool]] = deque()
        self._taking = False

    def __len__(self) -> int:
        return len(self._ahead)

    def put(self, do: Callable[[], object], moves: bool) -> None:
        """Do it now, or once all before it are done and the image is there that they lead to.

        What `moves` to another image need not wait for it, unless something before it waits.
        """
        if not self._taking and (self._ahead or (self._under_way() and not moves)):
            self._ahead.append((do, moves))
        else:
            do()

    def take(self) -> None:
        """Do what can be done now."""
        while not self._taking and self._ahead and (not self._under_way() or self._ahead[0][1]):
            do, _ = self._ahead.popleft()
            self._taking = True
            try:
                do()
            finally:
                self._taking = False

    def drop(self) -> int:
        """Forget all; how many there were."""
        count = len(self._ahead)
        self._ahead.clear()
        return count


class LeftEdits:
    """What can be undone of images that are not open any more, up to so many edits."""

    def __init__(self) -> None:
        self._left: Lru[Path, Left] = Lru(KEEP_EDITS, lambda left: left.cost)

    def keep(self, session: ImageSession | None) -> None:
        """Remember the edits of the image that is being left."""
        left = None if session is None else session.left()
        if session is not None and left is not None:
            self._left[session.image.path] = left

    def give(self, session: ImageSession) -> None:
        """Give the edits back to the session of an image that was opened again."""
        left = self._left.get(session.image.path)
        if left is not None and not session.continue_from(left):
            self._left.drop(session.image.path)

    def follow(self, path: Path, made: Made, name: str, at: int) -> None:
        """The label file of an image was changed by an act over the folder."""
        left = self._left.get(path)
        if left is None:
            return
        history = left.history
        try:
            if history.undo_at == at:
                history.undo()
            elif history.redo_at == at:
                history.redo()
            else:
                history.do(made.edit, name, at)
        except MasklensError:  # not what it was any more: then its edits cannot be undone either
            self._left.drop(path)
            return
        self._left[path] = Left(history, made.sha256)

    def clear(self) -> None:
        """Forget all."""
        self._left.clear()
