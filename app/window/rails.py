"""Panels folded to a rail at the edge of the window, so that the image gets the room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QToolBar

translate = QCoreApplication.translate


class Rail(QToolBar):
    """One side: while it is folded, the names of its panels; a click on one brings it back."""

    def __init__(
        self, window: QMainWindow, docks: Sequence[QDockWidget], left: bool, bring: Callable[
            [QDockWidget], None]
    ) -> None:  # fmt: skip
        super().__init__(translate("rails", "Folded panels"))
        self._docks = docks
        self._bring = bring
        self._there: list[QDockWidget] = []
        self._front: QDockWidget | None = None
        area = Qt.ToolBarArea.LeftToolBarArea if left else Qt.ToolBarArea.RightToolBarArea
        self.setObjectName("rail-left" if left else "rail-right")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._tabs = QTabBar()
        self._tabs.setShape(QTabBar.Shape.RoundedWest if left else QTabBar.Shape.RoundedEast)
        self._tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self._tabs.setDrawBase(False)
        self._tabs.setAccessibleName(self.windowTitle())
        self._tabs.tabBarClicked.connect(self._on_click)
        self.addWidget(self._tabs)
        window.addToolBar(area, self)
        self.hide()

    @property
    def front(self) -> QDockWidget | None:
        """The panel that is seen, or would be if they were not folded."""
        return self._front if self.folded else next(filter(_seen, self._docks), None)

    @property
    def folded(self) -> bool:
        """Whether the panels are put away."""
        return bool(self._there)

    def fold(self, folded: bool, front: QDockWidget | None = None) -> None:
        """Put the panels away, or bring back those that were there, `front` in front of them."""
        if folded == self.folded:
            return
        if folded:
            self._there = [dock for dock in self._docks if not dock.isHidden()]
            self._front = front or next((dock for dock in self._there if _seen(dock)), None)
            while self._tabs.count():
                self._tabs.removeTab(0)
            for dock in self._there:
                self._tabs.addTab(dock.windowTitle())
                dock.hide()
        else:
            there, self._there = self._there, []
            for dock in there:
                dock.show()
            if self._front is not None:
                self._front.raise_()
        self.setVisible(self.folded)

    def _on_click(self, place: int) -> None:
        if 0 <= place < len(self._there):
            dock = self._there[place]
            self.fold(False)
            self._bring(dock)


def _seen(dock: QDockWidget) -> bool:
    """Whether a dock is not behind another tab."""
    return not dock.visibleRegion().isEmpty()
