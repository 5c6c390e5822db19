"""A feature of the window: a panel, what can be done there, its layers, and how it ends.

The window takes a list of features and knows the inside of none; no feature knows the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QMimeData, QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from app.base.actions import Action

FocusArea = tuple[QWidget, Callable[[], object]]
"""An area of the window, and what gives it the keyboard."""


class Feature(QObject):
    """What the window asks of its features. `NAME` is also the name of the panel's dock."""

    NAME: ClassVar[str]
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = ()

    changed = Signal()
    """Other actions may be possible now."""
    front = Signal(bool)
    """Bring the panel to the front, or the one that belongs there."""
    wanted = Signal(bool)
    """Whether there is anything for panels to show."""
    titled = Signal(str)
    """What the title of the window shall say."""
    menu_wanted = Signal(str, QPoint)
    """Open the context menu of this name at a place on the screen."""

    title = ""
    """What the panel is called for people."""
    panel: QWidget | None = None
    at_left = False
    in_sight = False

    def set_in_sight(self, in_sight: bool) -> None:
        """The panel came into sight or left it."""
        self.in_sight = in_sight
        self.changed.emit()

    def focus_areas(self) -> Sequence[FocusArea]:
        """Where a key moves the keyboard, in turn."""
        return ()

    def end(self, then: Callable[[], None], *, asked: bool) -> None:
        """Come to an end, off-thread, before the window closes; `then` follows, or never.

        A person may be asked before something is lost, the first question only when `asked`.
        """
        then()

    def can_take(self, mime: QMimeData) -> bool:
        """Whether something dragged over the window can be dropped."""
        return False

    def take(self, mime: QMimeData) -> None:
        """Take what was dropped."""

    def on_theme(self) -> None:
        """The colours are others."""
