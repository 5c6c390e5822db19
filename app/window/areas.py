"""Moving the keyboard from one area of the window to the next, where Tab has other work to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QApplication, QWidget

Area = tuple[QWidget, Callable[[], object]]


def focus_next(areas: Sequence[Area]) -> None:
    """Give the keyboard to the visible area after the one that has it."""
    focus = QApplication.focusWidget()
    here = -1
    for place, (area, _) in enumerate(areas):
        if focus is not None and (area is focus or area.isAncestorOf(focus)):
            here = place
    for step in range(1, len(areas) + 1):
        area, take = areas[(here + step) % len(areas)]
        # A panel behind another tab counts as visible, but nothing of it can be seen.
        if area.isVisible() and not area.visibleRegion().isEmpty():
            take()
            return
