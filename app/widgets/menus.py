"""Menus that open where one clicks, and the menu of recent folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QWidget

from app.base.action_set import ActionSet

INSTANCE: Final = (
    *(
        "relabel",
        "duplicate",
        "copy",
        "",
        "tool_add_part",
        "tool_cut",
        "",
        "lens_why_missed",
        "",
        "mark_ignore",
        "mark_crowd",
        "mark_region",
        "",
        "delete",
    ),
)
SUGGESTION: Final = (
    *("accept", "reject", "", "accept_all", "clear_suggestions", "", "lens_why_here"),
)
EMPTY: Final = ("paste", "select_all", "", "suggest_image", "accept_all", "", "fit", "done")


def popup(parent: QWidget, actions: ActionSet, ids: Iterable[str], at: QPoint) -> QMenu:
    """Open a menu of actions at a place on the screen."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    actions.fill(menu, ids)
    menu.popup(at)
    return menu


def fill_recent(
    menu: QMenu, folders: Iterable[str], open_folder: Callable[[Path], None], none: str
) -> None:
    """List recent folders; `none` says that there are none."""
    menu.clear()
    for folder in folders:
        action = menu.addAction(folder.replace("&", "&&"))
        action.triggered.connect(lambda _on, path=Path(folder): open_folder(path))
    if menu.isEmpty():
        menu.addAction(none).setEnabled(False)
