"""Everything a person can do is a row of a table: what it is called, its keys, its menu, its deed.

A feature lists its rows in `ACTIONS`. Menus, toolbar, context menus, command palette, key list and
the key settings are built from the rows of all features. The texts are translated in the context
"actions" when they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu

F = TypeVar("F")


class Scope(Enum):
    """Where a key works."""

    WINDOW = "window"  # everywhere except while a text is typed
    CANVAS = "canvas"  # only while the canvas has the focus
    HOLD = "hold"  # as WINDOW; on while the key is held down
    TOOL = "tool"  # the canvas itself answers; listed among the keys only


FILE, EDIT, TOOLS, LABELS = "File", "Edit", "Tools", "Labels"
SUGGEST, IMAGE, VIEW, HELP, MOUSE = "Suggestions", "Image", "View", "Help", "On the canvas"
LENS: Final = "Lens"
LEARN: Final = "Learning"
GROUPS: Final = (FILE, EDIT, TOOLS, LABELS, SUGGEST, LENS, LEARN, IMAGE, VIEW, HELP)


@dataclass(frozen=True, slots=True)
class Action(Generic[F]):
    """One thing to do with an `F`: id, menu (group), text, keys and icon; when, and what happens.

    One that is switched on and off has `turn` in place of `do`, and `checked` where the state is
    kept elsewhere; one that opens a menu has `fill`.
    """

    id: str
    group: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    when: tuple[Callable[[F], bool], ...] = ()
    do: Callable[[F], object] | None = None
    turn: Callable[[F, bool], object] | None = None
    checked: Callable[[F], bool] | None = None
    fill: Callable[[F, QMenu], object] | None = None
    tip: str = ""
    scope: Scope = Scope.WINDOW
    rule: bool = False  # a rule above it in the menu
    menu: bool = True  # False: only keys, palette and key list
    short: str = ""  # the text beside the icon on a button, where it is another one
    detail: Callable[[F], str] | None = None  # what exactly it would do now
    moves: bool = False  # it leads to another image

    @property
    def checkable(self) -> bool:
        """Whether it is switched on and off."""
        return self.turn is not None and self.scope is not Scope.HOLD


def in_order(actions: Iterable[Action[Any]]) -> tuple[Action[Any], ...]:
    """Rows of several features, by the order of the menus."""
    order = {group: place for place, group in enumerate((*GROUPS, MOUSE))}
    return tuple(sorted(actions, key=lambda action: order[action.group]))


def translated(text: str) -> str:
    """A text of a row in the user's language."""
    return QCoreApplication.translate("actions", text)


def keys_of(action: Action[Any], overrides: dict[str, list[str]]) -> tuple[str, ...]:
    """The keys in force: the user's, else those of the table."""
    own = overrides.get(action.id)
    return action.keys if own is None else tuple(own)
