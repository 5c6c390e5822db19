"""What stands where: menus, context menus, toolbar and docks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QStatusBar,
    QTabWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.base.action_set import ActionSet
from app.base.actions import GROUPS, translated
from app.base.feature import Feature, FocusArea
from app.window.rails import Rail

translate = QCoreApplication.translate

_LOW: Final = 120
"""Logical pixels: no panel is lower."""

TOOLBAR: Final = (
    *("open_folder", "", "previous_image", "next_image", "", "undo", "redo", ""),
    *("tool_select", "tool_box", "tool_click", "tool_stretch", "sweep", "tool_polygon"),
    *("tool_rectangle", "tool_brush", ""),
    *("fit", "actual_size", "adjust"),
    *("show_instances", ">"),
)
WITH_TEXT: Final = ("suggest_image", "done")
CONTEXT_MENUS: Final = {
    "instance": (
        *("relabel", "select_label", "hide_label", "zoom_selection", ""),
        *("duplicate", "copy", "to_next", "", "to_front", "to_back", ""),
        *("tool_add_part", "tool_cut", ""),
        *("tighten", "smooth", "alike", ""),
        *("lens_why_missed", "", "mark_ignore", "mark_crowd", "mark_region", "", "delete"),
    ),
    "suggestion": (
        *(
            "accept",
            "reject",
            "",
            "accept_label",
            "accept_all",
            "clear_suggestions",
            "",
            "lens_why_here",
        ),
    ),
    "canvas": (
        *("paste", "take_previous", "select_all", "show_hidden", "", "suggest_image"),
        *("accept_all", "", "fit", "done"),
    ),
}
LEFT_WIDTH: Final = 270
RIGHT_WIDTH: Final = 310


def add_menus(window: QMainWindow, actions: ActionSet) -> dict[str, QMenu]:
    """One menu a group of the table, in its order. Returns them by group."""
    menus: dict[str, QMenu] = {}
    for group in GROUPS:
        menu = window.menuBar().addMenu(f"&{translated(group)}")
        menus[group] = menu
        for row in actions.rows.values():
            if row.group == group and row.menu:
                if row.rule:
                    menu.addSeparator()
                menu.addAction(actions[row.id])
    return menus


def add_toolbar(window: QMainWindow, actions: ActionSet, model_menu: QMenu) -> QToolButton:
    """The toolbar; returns the button that shows the model."""
    bar = QToolBar(translate("layout", "Tools"))
    bar.setObjectName("toolbar")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for id in TOOLBAR:
        if id == ">":
            bar.addWidget(_spring())
        elif id:
            bar.addAction(actions[id])
            bar.widgetForAction(actions[id]).setAccessibleName(actions[id].text())
        else:
            bar.addSeparator()
    model = QToolButton()
    model.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    model.setMenu(model_menu)
    model.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    model.setToolTip(translate("layout", "The model that makes suggestions"))
    model.setAccessibleName(translate("layout", "Model"))
    bar.addWidget(model)
    for id in WITH_TEXT:
        button = QToolButton()
        button.setDefaultAction(actions[id])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.addWidget(button)
    window.addToolBar(bar)
    return model


class _Scrolled(QScrollArea):
    """A panel at the size of its place; where that is too low for it, it scrolls, so that it
    reaches over nothing else."""

    def __init__(self, panel: QWidget, title: str) -> None:
        super().__init__()
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().setAccessibleName(title)
        self._panel = panel
        self.setWidget(panel)
        for each in (panel, self.viewport()):
            each.setAutoFillBackground(False)  # an opaque dock would count as one out of sight

    def event(self, event: QEvent) -> bool:
        """What the panel needs may have changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._fit()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The panel follows."""
        self._fit()
        super().resizeEvent(event)

    def sizeHint(self) -> QSize:
        """As the panel."""
        return self._panel.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """As wide as the panel, and its scroll bar where that is shown, at any height."""
        width = self._panel.minimumSizeHint().expandedTo(self._panel.minimumSize()).width()
        height = self._least(max(width, self.width()))
        bar = self.verticalScrollBar().sizeHint().width() if height > self.height() else 0
        return QSize(width + bar, min(height, _LOW))

    def _least(self, width: int) -> int:
        """How high the panel must be at a width."""
        layout = self._panel.layout()
        if layout is not None and layout.hasHeightForWidth():
            return layout.minimumHeightForWidth(width)
        return self._panel.minimumSizeHint().height()

    def _fit(self) -> None:
        # Qt's own way asks for the height that lists would like to have, not for the least.
        room = self.viewport().size()
        self._panel.resize(room.width(), max(room.height(), self._least(room.width())))


class Docks:
    """The panels of the features, as tabs at the left and at the right."""

    def __init__(self, window: QMainWindow, features: Sequence[Feature], menu: QMenu) -> None:
        """Their switches go into `menu`."""
        self._window = window
        self._left: list[QDockWidget] = []
        self._right: list[QDockWidget] = []
        self._put_away: list[QDockWidget] = []
        self._left_so: tuple[str, ...] = ()
        window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks)
        for area in (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea):
            window.setTabPosition(area, QTabWidget.TabPosition.North)
        menu.addSeparator()
        for feature in features:
            if feature.panel is not None:
                self._add(feature, feature.panel, menu)
        self.rails = (
            Rail(window, self._left, True, self._bring),
            Rail(window, self._right, False, self._bring),
        )

    @property
    def all(self) -> tuple[QDockWidget, ...]:
        """Those at the left first."""
        return (*self._left, *self._right)

    def _add(self, feature: Feature, panel: QWidget, menu: QMenu) -> None:
        dock = QDockWidget(feature.title, self._window)
        dock.setObjectName(feature.NAME)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        # The panels have headings of their own; a second one above them only takes room.
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(panel if isinstance(panel, QScrollArea) else _Scrolled(panel, feature.title))
        side = self._left if feature.at_left else self._right
        area = Qt.DockWidgetArea
        self._window.addDockWidget(
            area.LeftDockWidgetArea if feature.at_left else area.RightDockWidgetArea, dock
        )
        if side:
            self._window.tabifyDockWidget(side[0], dock)
            side[0].raise_()
        side.append(dock)
        toggle = dock.toggleViewAction()
        toggle.setText(translate("layout", "{panel} panel").format(panel=feature.title))
        menu.addAction(toggle)
        dock.visibilityChanged.connect(feature.set_in_sight)
        feature.front.connect(lambda on: self._bring(dock) if on else side[0].raise_())

    def fold(self, *rails: Rail) -> None:
        """Fold these sides, or unfold them when all are folded."""
        folded = not all(rail.folded for rail in rails)
        for rail in rails:
            rail.fold(folded)

    def _bring(self, dock: QDockWidget) -> None:
        for rail, side in zip(self.rails, (self._left, self._right), strict=True):
            if dock in side:
                rail.fold(False)
        dock.show()
        dock.raise_()

    def reset(self) -> None:
        """All where they belong, at their usual width; narrower in a small window."""
        for rail in self.rails:
            rail.fold(False)
        first, *others = self._right
        for tab in others:
            if tab.isFloating() or self._window.dockWidgetArea(tab) != self._window.dockWidgetArea(
                first
            ):
                tab.setFloating(False)
            self._window.tabifyDockWidget(first, tab)
        for dock in self.all:
            dock.setVisible(True)
        self._left[0].raise_()
        first.raise_()
        share = min(1.0, self._window.width() / 1280)
        widths = [round(LEFT_WIDTH * share), round(RIGHT_WIDTH * max(share, 0.85))]
        self._window.resizeDocks([self._left[0], first], widths, Qt.Orientation.Horizontal)

    @property
    def state(self) -> tuple[str, ...]:
        """The names of folded rails and of the panels in front, now or as they were last seen."""
        if self._put_away:
            return self._left_so
        folded = [rail.objectName() for rail in self.rails if rail.folded]
        front = [rail.front.objectName() for rail in self.rails if rail.front is not None]
        return (*folded, *front)

    def bring_state(self, state: Sequence[str]) -> None:
        """Let panels be in front and rails be folded as `state` says, once there is anything."""
        self._left_so = tuple(state)

    def show(self, shown: bool) -> None:
        """Hide the panels while there is nothing for them, and bring back those that were there."""
        if shown and self._put_away:
            for dock in self._put_away:
                dock.show()
            self._put_away = []
            for rail, side in zip(self.rails, (self._left, self._right), strict=True):
                wanted = (dock for dock in side if dock.objectName() in self._left_so)
                front = next(wanted, side[0])
                front.raise_()
                rail.fold(rail.objectName() in self._left_so, front)
        elif not shown and not self._put_away:
            self._left_so = self.state or self._left_so
            for rail in self.rails:
                rail.fold(False)
            self._put_away = [dock for dock in self.all if not dock.isHidden()]
            for dock in self._put_away:
                dock.hide()


def add_bottom(window: QMainWindow, row: QWidget) -> None:
    """The row at the lower edge of the window."""
    bar = QStatusBar()
    bar.setSizeGripEnabled(False)
    bar.setContentsMargins(0, 0, 0, 0)
    bar.addWidget(row, 1)
    window.setStatusBar(bar)


def focus_next(areas: Sequence[FocusArea]) -> None:
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


def _spring() -> QWidget:
    spring = QWidget()
    spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spring
