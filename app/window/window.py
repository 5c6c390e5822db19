"""The main window: it takes features and puts their panels, actions and ends together."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSplitter, QWidget

from app.base.actions import EDIT, FILE, HELP, IMAGE, VIEW, Action
from app.base.feature import Feature
from app.base.icons import icon
from app.base.settings import GEOMETRY, LAYOUT, PANELS, SPLITTERS, VIEW_LEFT, WHEEL
from app.base.theme import Theme
from app.editor.services import Services
from app.window.about import AboutDialog
from app.window.job_strip import JobStrip
from app.window.key_list import KeyList
from app.window.layout import (
    CONTEXT_MENUS,
    Docks,
    add_bottom,
    add_menus,
    add_toolbar,
    focus_next,
)
from app.window.palette import CommandPalette
from app.window.readout import Readout
from app.window.settings_dialog import SettingsDialog
from app.window.status import StatusBar

FIRST_SIZE = (1360, 860)


class MainWindow(QMainWindow):
    """Everything a person sees. It closes when every feature has come to its end."""

    def __init__(self, services: Services, features: Sequence[Feature], theme: Theme) -> None:
        super().__init__()
        self.services = services
        self.features = {feature.NAME: feature for feature in features}
        self._may_close = False
        self._asked = True
        self.setWindowTitle("masklens")
        self.setWindowIcon(icon("app"))
        self.setMinimumSize(640, 420)
        self.setAcceptDrops(True)
        self.setCentralWidget(services.central)
        self._bind()
        self._build()
        for feature in features:
            feature.changed.connect(services.actions.outdate)
            feature.wanted.connect(self.docks.show)
            feature.titled.connect(self.setWindowTitle)
            feature.menu_wanted.connect(self._open_menu)
        services.models.changed.connect(self._show_model)
        theme.changed.connect(self._on_theme)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)
        self._show_model()
        self._restore()
        services.actions.refresh()

    def _bind(self) -> None:
        actions = self.services.actions
        actions.add_to(self, self.services.viewport)
        for feature in self.features.values():
            actions.bind(feature)
        actions.bind(self)

    def _build(self) -> None:
        actions, models = self.services.actions, self.services.models
        menus = add_menus(self, actions)
        self._model_menu = QMenu(self.tr("&Model"), self)
        self._model_menu.aboutToShow.connect(lambda: models.fill(self._model_menu))
        self.menuBar().insertMenu(menus[IMAGE].menuAction(), self._model_menu)
        self._model_button = add_toolbar(self, actions, self._model_menu)
        self.docks = Docks(self, list(self.features.values()), menus[VIEW])
        self.jobs = JobStrip(self.services.jobs)
        self.status = StatusBar(self.jobs)
        add_bottom(self, self.status)
        self._readout = Readout(self.status, self.services)

    # What happened

    def _show_model(self) -> None:
        """Another model is in use, or the engine does something else."""
        button, middle = self._model_button, Qt.TextElideMode.ElideMiddle
        name = self.services.models.name
        button.setText(button.fontMetrics().elidedText(name, middle, 160))
        button.setIcon(icon("model"))

    def _on_theme(self) -> None:
        self.services.actions.refresh_icons()
        for feature in self.features.values():
            feature.on_theme()
        self._show_model()

    def _on_focus(self, before: QWidget | None, now: QWidget | None) -> None:
        """What goes while it has the keyboard gives it to the canvas, not to the next widget."""
        inside = before is not None and now is not None and before.window() is now.window() is self
        if before is not None and inside and not (before.isVisible() and before.isEnabled()):
            self.services.viewport.setFocus()

    def _open_menu(self, name: str, at: QPoint) -> None:
        self.services.actions.popup(self, CONTEXT_MENUS[name], at)

    # What a person asks for

    def open_palette(self) -> None:
        """Find a command by typing."""
        actions = self.services.actions
        palette = CommandPalette(self, actions)
        palette.chosen.connect(lambda id: actions[id].trigger())
        palette.open_over(self)

    def open_keys(self) -> None:
        """All keys on one page."""
        zooms = self.services.settings.get(WHEEL) == "zoom"
        KeyList(self, self.services.actions, wheel_zooms=zooms).show()

    def focus_next_area(self) -> None:
        """Move the keyboard on from area to area."""
        focus_next([area for each in self.features.values() for area in each.focus_areas()])

    def set_full_screen(self, on: bool) -> None:
        """Use the whole screen, or give it back."""
        full = Qt.WindowState.WindowFullScreen
        state = self.windowState()
        self.setWindowState(state | full if on else state & ~full)

    def open_log(self) -> None:
        """Show the folder of the log files."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.services.paths.logs)))

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """What a feature can take may be dropped."""
        if any(feature.can_take(event.mimeData()) for feature in self.features.values()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        event.acceptProposedAction()
        for feature in self.features.values():
            if feature.can_take(event.mimeData()):
                feature.take(event.mimeData())
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape, where nothing else takes it, leads back to the canvas."""
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.services.viewport.setFocus()
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let each feature end, off-thread, then close."""
        if self._may_close:
            self._remember()
            event.accept()
            return
        event.ignore()
        self._end(list(self.features.values()))

    def close_unasked(self) -> None:
        """Close as the system wants it: what can go on without a window does."""
        self._asked = False
        self.close()

    def _end(self, features: list[Feature]) -> None:
        """End the last feature, then those before it, then close."""
        if features:
            *others, last = features
            last.end(lambda: self._end(others), asked=self._asked)
        else:
            self._may_close = True
            QTimer.singleShot(0, self, self.close)  # not from inside a close that is being refused

    def _restore(self) -> None:
        settings = self.services.settings
        screen = self.screen().availableGeometry()
        self.resize(min(FIRST_SIZE[0], screen.width()), min(FIRST_SIZE[1], screen.height() - 40))
        self.restoreGeometry(_bytes(settings.get(GEOMETRY)))
        self.docks.reset()
        self.restoreState(_bytes(settings.get(LAYOUT)))
        self.docks.show(False)
        panels = settings.get(PANELS)
        self.docks.bring_state(panels)
        for splitter in self._splitters():
            sizes = settings.get(SPLITTERS).get(splitter.objectName(), ())
            if len(sizes) == splitter.count():
                splitter.setSizes(list(sizes))

    def _splitters(self) -> list[QSplitter]:
        """Those whose sizes are kept: they have a name."""
        return [each for each in self.findChildren(QSplitter) if each.objectName()]

    def _remember(self) -> None:
        settings = self.services.settings
        settings.set(PANELS, list(self.docks.state))
        settings.set(GEOMETRY, _text(self.saveGeometry()))
        staged, view = self.services.workspace.staged, self.services.viewport.chosen_view
        settings.set(VIEW_LEFT, {str(staged.entry.path): list(view)} if staged and view else {})
        if settings.get(PANELS):
            sizes = {each.objectName(): each.sizes() for each in self._splitters()}
            settings.set(SPLITTERS, {name: size for name, size in sizes.items() if any(size)})
        self.docks.bring_state(())
        self.docks.show(True)
        for rail in self.docks.rails:
            rail.fold(False)
        settings.set(LAYOUT, _text(self.saveState()))

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[MainWindow], ...]] = (
        Action("quit", FILE, "Quit", ("Ctrl+Q",), "quit", do=lambda self: self.close(), rule=True),
        Action("settings", EDIT, "Settings…", ("Ctrl+,",), "settings",
               do=lambda self: SettingsDialog(self, self.services).show(), rule=True),
        Action("full_screen", VIEW, "Full screen", ("F11",), "", turn=set_full_screen, rule=True),
        Action("fold_panels", VIEW, "Fold all panels", ("F8",), "layout",
               turn=lambda self, _on: self.docks.fold(*self.docks.rails),
               checked=lambda self: all(rail.folded for rail in self.docks.rails), rule=True,
               tip="Put the panels away to a rail at the edge, or bring them back"),
        Action("fold_left", VIEW, "Fold the images", ("Shift+F8",), "",
               turn=lambda self, _on: self.docks.fold(self.docks.rails[0]),
               checked=lambda self: self.docks.rails[0].folded),
        Action("fold_right", VIEW, "Fold the panels at the right", ("Ctrl+F8",), "",
               turn=lambda self, _on: self.docks.fold(self.docks.rails[1]),
               checked=lambda self: self.docks.rails[1].folded),
        Action("reset_layout", VIEW, "Reset the layout", (), "layout",
               do=lambda self: self.docks.reset()),
        Action("palette", HELP, "Commands…", ("Ctrl+Shift+P",), "search", do=open_palette,
               tip="Find any command by typing"),
        Action("key_sheet", HELP, "Keys", ("F1",), "keys",
               do=open_keys,
               tip="All keys on one page"),
        Action("next_area", HELP, "Go to the next area", ("F6",), "", do=focus_next_area,
               tip="Move the keyboard between canvas, images, labels and suggestions"),
        Action("open_log", HELP, "Open the log folder", (), "", do=open_log, rule=True),
        Action("about", HELP, "About masklens", (), "info",
               do=lambda self: AboutDialog(self, self.services.client).show()),
    )
    # fmt: on


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
