"""How the window is laid out: menus, toolbar, docks and the bottom, from the table of actions."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QMainWindow,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStatusBar,
    QTabWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.base.action_set import ActionSet
from app.base.actions import ACTIONS, FILE, GROUPS, VIEW, translated

translate = QCoreApplication.translate

TOOLBAR: Final = (
    *("open_folder", "", "previous_image", "next_image", "", "undo", "redo", ""),
    *("tool_select", "tool_polygon", "tool_rectangle", "", "fit", "actual_size", "adjust"),
    *("show_instances", ">"),
)
WITH_TEXT: Final = ("suggest_image", "done")
LEFT_WIDTH: Final = 270
RIGHT_WIDTH: Final = 310


def add_menus(window: QMainWindow, actions: ActionSet) -> dict[str, QMenu]:
    """One menu a group of the table, in its order. Returns them by group."""
    menus: dict[str, QMenu] = {}
    for group in GROUPS:
        menu = window.menuBar().addMenu(f"&{translated(group)}")
        menus[group] = menu
        for action in ACTIONS:
            if action.group == group and action.menu:
                if action.rule:
                    menu.addSeparator()
                menu.addAction(actions[action.id])
    return menus


def add_recent_menu(menus: dict[str, QMenu], actions: ActionSet, title: str) -> QMenu:
    """The menu of recent folders, behind those that open something."""
    recent = QMenu(title, menus[FILE])
    menus[FILE].insertMenu(actions["try_sample"], recent)
    return recent


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


def add_docks(
    window: QMainWindow, menus: dict[str, QMenu], images: QWidget, annotate: QWidget
) -> tuple[QDockWidget, QDockWidget]:
    """Images at the left, the annotation panels at the right; more panels join there as tabs."""
    window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks)
    window.setTabPosition(Qt.DockWidgetArea.RightDockWidgetArea, QTabWidget.TabPosition.North)
    left = make_dock(window, "images", translate("layout", "Images"), images)
    right = make_dock(window, "annotate", translate("layout", "Annotate"), scrolling(annotate))
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, left)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, right)
    menus[VIEW].addSeparator()
    for dock in (left, right):
        toggle = dock.toggleViewAction()
        toggle.setText(translate("layout", "{panel} panel").format(panel=dock.windowTitle()))
        menus[VIEW].addAction(toggle)
    return left, right


def add_tab(window: QMainWindow, menu: QMenu, beside: QDockWidget, dock: QDockWidget) -> None:
    """One more panel as a tab behind another one."""
    window.tabifyDockWidget(beside, dock)
    toggle = dock.toggleViewAction()
    toggle.setText(translate("layout", "{panel} panel").format(panel=dock.windowTitle()))
    menu.addAction(toggle)
    beside.raise_()


def reset_docks(
    window: QMainWindow, left: QDockWidget, right: QDockWidget, *tabs: QDockWidget
) -> None:
    """All docks where they belong, at their usual width; narrower in a small window."""
    for tab in tabs:
        if tab.isFloating() or window.dockWidgetArea(tab) != window.dockWidgetArea(right):
            tab.setFloating(False)
        window.tabifyDockWidget(right, tab)
    for dock in (left, right, *tabs):
        dock.setVisible(True)
    right.raise_()
    share = min(1.0, window.width() / 1280)
    widths = [round(LEFT_WIDTH * share), round(RIGHT_WIDTH * max(share, 0.85))]
    window.resizeDocks([left, right], widths, Qt.Orientation.Horizontal)


def stack_sections(*sections: QWidget) -> QSplitter:
    """Sections above each other; the last one keeps its height."""
    splitter = QSplitter(Qt.Orientation.Vertical)
    splitter.setChildrenCollapsible(False)
    for place, section in enumerate(sections):
        splitter.addWidget(section)
        splitter.setStretchFactor(place, 0 if place == len(sections) - 1 else place + 1)
    return splitter


def scrolling(content: QWidget) -> QScrollArea:
    """The contents at the size of their place, with a scroll bar where that is too low for them."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidgetResizable(True)
    area.setWidget(content)
    area.setMinimumWidth(content.minimumSizeHint().width())
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def add_bottom(window: QMainWindow, row: QWidget) -> None:
    """The row at the lower edge of the window."""
    bar = QStatusBar()
    bar.setSizeGripEnabled(False)
    bar.setContentsMargins(0, 0, 0, 0)
    bar.addWidget(row, 1)
    window.setStatusBar(bar)


def make_dock(window: QMainWindow, name: str, title: str, content: QWidget) -> QDockWidget:
    """A dock with these contents and no title bar."""
    dock = QDockWidget(title, window)
    dock.setObjectName(name)
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
    # The panels have headings of their own; a second one above them only takes room.
    dock.setTitleBarWidget(QWidget())
    dock.setWidget(content)
    return dock


def _add_toggle(menu: QMenu, dock: QDockWidget) -> None:
    toggle = dock.toggleViewAction()
    toggle.setText(translate("layout", "{panel} panel").format(panel=dock.windowTitle()))
    menu.addAction(toggle)


def _spring() -> QWidget:
    spring = QWidget()
    spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spring
