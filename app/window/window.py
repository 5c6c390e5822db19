"""The main window: puts parts, panels and actions together. It only wires."""

from __future__ import annotations

import base64
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QMessageBox

from app.base.action_set import ActionSet
from app.base.icons import icon
from app.base.settings import GEOMETRY, LAYOUT, RECENT, UNKNOWN_LABELS
from app.base.theme import Theme
from app.base.words import sentence_text
from app.canvas.viewport import Viewport
from app.editor.image_banners import Desk
from app.editor.panels.images import ImagesPanel
from app.editor.panels.instances import InstancesPanel
from app.editor.panels.labels import LabelsPanel
from app.editor.panels.suggestions import SuggestionsPanel
from app.learning.feature import LearningCorner
from app.lens.feature import LensCorner
from app.widgets.menus import EMPTY, INSTANCE, SUGGESTION, fill_recent, popup
from app.widgets.notices import Notices
from app.window.areas import focus_next
from app.window.central import Central
from app.window.commands import Commands
from app.window.held_keys import HeldKeys
from app.window.job_strip import JobStrip
from app.window.layout import (
    add_bottom,
    add_docks,
    add_menus,
    add_recent_menu,
    add_tab,
    add_toolbar,
    make_dock,
    reset_docks,
    stack_sections,
)
from app.window.opening import Opener
from app.window.services import Parts
from app.window.status import StatusBar
from app.window.status_updates import Readout
from app.window.updates import Reactions
from core.document.hit import Hit

FIRST_SIZE = (1360, 860)


class MainWindow(QMainWindow):
    """Everything a person sees. Closing it saves first."""

    def __init__(self, parts: Parts, theme: Theme) -> None:
        super().__init__()
        self.parts = parts
        self._may_close = False
        self._unasked = False
        self._put_away: list[QDockWidget] = []
        self.setWindowTitle("masklens")
        self.setWindowIcon(icon("app"))
        self.setMinimumSize(640, 420)
        self.setAcceptDrops(True)
        self.viewport = Viewport()
        self.actions_ = ActionSet(self, self.viewport, parts.settings)
        self._build_middle()
        self._build_panels()
        self._build_bars()
        self.opener = Opener(self, parts, self.notices)
        self.reactions = Reactions(self)
        self.commands = Commands(self)
        self._held = HeldKeys(self)
        self.lens.connect_dock(self.docks[2])
        self.learning.connect_dock(self.docks[3])
        self._desk = Desk(self.central.banners, self.notices, parts.workspace, parts.client)
        self._wire_canvas()
        self._wire_panels()
        theme.changed.connect(self.reactions.on_theme)
        self._restore()
        self.reactions.refresh()

    # Building

    def _build_middle(self) -> None:
        actions = self.actions_
        self.central = Central(actions["open_folder"], actions["try_sample"], self.viewport)
        self.setCentralWidget(self.central)
        self.notices = Notices(self.central.stack)

    def _build_panels(self) -> None:
        self.images = ImagesPanel()
        self.labels = LabelsPanel(self.actions_["add_label"])
        self.instances = InstancesPanel()
        self.suggestions = SuggestionsPanel(self.actions_)
        self.lens = LensCorner(self)
        self.learning = LearningCorner(self)
        self.suggestions.set_threshold(self.parts.suggesting.threshold)

    def _build_bars(self) -> None:
        self.menus = add_menus(self, self.actions_)
        self._recent = add_recent_menu(self.menus, self.actions_, self.tr("Recent folders"))
        self._recent.aboutToShow.connect(self._fill_recent)
        self._model_menu = QMenu(self.tr("&Model"), self)
        self._model_menu.aboutToShow.connect(lambda: self.parts.models.fill(self._model_menu))
        self.menuBar().insertMenu(self.menus["Image"].menuAction(), self._model_menu)
        self.model_button = add_toolbar(self, self.actions_, self._model_menu)
        annotate = stack_sections(self.labels, self.instances, self.suggestions)
        docks = add_docks(self, self.menus, self.images, annotate)
        lens = make_dock(self, "lens", self.tr("Lens"), self.lens.panel)
        learning = make_dock(self, "learning", self.tr("Learning"), self.learning.panel)
        for dock in (lens, learning):
            add_tab(self, self.menus["View"], docks[1], dock)
        self.docks = (*docks, lens, learning)
        self.jobs = JobStrip(self.parts.jobs)
        self.status = StatusBar(self.jobs)
        add_bottom(self, self.status)
        self.readout = Readout(self.status, self.parts)

    # Wiring

    def _wire_canvas(self) -> None:
        canvas = self.viewport
        canvas.edit_requested.connect(self.parts.workspace.do)
        canvas.selection_changed.connect(self.reactions.on_selection)
        canvas.suggestion_picked.connect(self.parts.suggesting.pick)
        canvas.instance_activated.connect(lambda _id: self.actions_["relabel"].trigger())
        canvas.suggestion_activated.connect(lambda _id: self.actions_["accept"].trigger())
        canvas.pointer_moved.connect(self.readout.point)
        canvas.pointer_left.connect(self.readout.leave)
        canvas.zoom_changed.connect(self.readout.zoom)
        canvas.tool_changed.connect(self.reactions.on_tool)
        canvas.context_requested.connect(self._open_menu)
        canvas.refused.connect(lambda sentence: self.notices.say(sentence_text(sentence)))

    def _wire_panels(self) -> None:
        parts = self.parts
        self.actions_.triggered.connect(self.commands.run)
        self._held.released.connect(lambda _id: self._show_layers())
        self.images.chosen.connect(parts.workspace.go)
        self.instances.selected.connect(self.viewport.set_selection)
        self.instances.relabel.connect(lambda: self.actions_["relabel"].trigger())
        self.instances.menu_wanted.connect(lambda at: popup(self, self.actions_, INSTANCE, at))
        self.instances.hidden_changed.connect(self.viewport.set_hidden)
        self.labels.activated.connect(parts.labelling.activate)
        self.labels.added.connect(parts.labelling.add)
        self.labels.renamed.connect(parts.labelling.rename)
        self.labels.recoloured.connect(parts.labelling.recolour)
        self.labels.removed.connect(parts.labelling.remove)
        self.suggestions.threshold_changed.connect(parts.suggesting.set_threshold)
        self.suggestions.unknown_chosen.connect(
            lambda choice: parts.settings.set(UNKNOWN_LABELS, choice)
        )
        self.central.empty.folder_chosen.connect(self.opener.open_folder)
        parts.models.file_wanted.connect(self._ask_model_file)
        for id in ("show_instances", "show_suggestions"):
            self.actions_.set_checked(id, True)

    # What a person asks for

    def peek(self) -> None:
        """Hide everything on the image until the key comes up."""
        self.viewport.set_instances_visible(False)
        self.viewport.set_suggestions_visible(False)
        self._held.press("peek")

    def focus_next_area(self) -> None:
        """Move the keyboard on: canvas, images, labels, instances, suggestions."""
        focus_next(
            (
                (self.viewport, self.viewport.setFocus),
                (self.images, self.images.focus_list),
                (self.labels, self.labels.focus_list),
                (self.instances, self.instances.focus_table),
                (self.suggestions, self.suggestions.focus_slider),
                (self.lens.panel, self.lens.panel.focus_strip),
                (self.learning.panel, self.learning.panel.take_focus),
            )
        )

    def set_full_screen(self, on: bool) -> None:
        """Use the whole screen, or give it back."""
        full = Qt.WindowState.WindowFullScreen
        state = self.windowState()
        self.setWindowState(state | full if on else state & ~full)

    def reset_layout(self) -> None:
        """Every panel where it belongs."""
        reset_docks(self, *self.docks)

    def show_panels(self, shown: bool) -> None:
        """Hide the panels while no folder is open, and bring back those that were there."""
        if shown:
            for dock in self._put_away:
                dock.show()
            if self._put_away:
                self.docks[1].raise_()
            self._put_away = []
        elif not self._put_away:
            self._put_away = [dock for dock in self.docks if not dock.isHidden()]
            for dock in self._put_away:
                dock.hide()

    def _show_layers(self) -> None:
        self.viewport.set_instances_visible(self.actions_["show_instances"].isChecked())
        self.viewport.set_suggestions_visible(self.actions_["show_suggestions"].isChecked())

    def _open_menu(self, at: QPoint, hit: Hit | None) -> None:
        document = self.parts.workspace.document
        if hit is None or document is None:
            popup(self, self.actions_, EMPTY, at)
        else:
            ids = INSTANCE if hit.id in document else SUGGESTION
            popup(self, self.actions_, ids, at)

    def _fill_recent(self) -> None:
        folders = self.parts.settings.get(RECENT)
        fill_recent(self._recent, folders, self.opener.open_folder, self.tr("None yet"))

    def _ask_model_file(self) -> None:
        def choose(path: Path) -> None:
            self.parts.models.choose(str(path))

        filters = (self.tr("Models (*.pt *.pth)"), self.tr("All files (*)"))
        title = self.tr("Choose a model")
        self.opener.ask_existing(title, choose, folder=False, filters=filters)

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Folders and images may be dropped."""
        if self.opener.can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.opener.take(event.mimeData())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save off-thread, then close; ask when that fails."""
        if self._may_close:
            self._remember()
            event.accept()
            return
        event.ignore()
        if self._unasked or self.learning.may_close(self._save_and_close):
            self._save_and_close()

    def close_unasked(self) -> None:
        """Close as the system wants it: a run that goes finishes in the background."""
        self._unasked = True
        self.close()

    def _save_and_close(self) -> None:
        self.parts.workspace.saver.flush(self._close_if)

    def _close_if(self, saved: bool) -> None:
        if saved:
            self._close_now()
            return
        reason = self.parts.workspace.saver.problem or self.tr("The file was changed outside.")
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            self.tr("Not saved"),
            self.tr(
                "The labels of this image could not be saved. {reason}\n\nThe edits are kept and "
                "will be offered when the folder is opened again."
            ).format(reason=reason),
            parent=self,
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        close = box.addButton(self.tr("Close anyway"), QMessageBox.ButtonRole.DestructiveRole)
        close.clicked.connect(self._close_now)
        box.setDefaultButton(box.addButton(self.tr("Stay"), QMessageBox.ButtonRole.RejectRole))
        box.open()

    def _close_now(self) -> None:
        self._may_close = True
        QTimer.singleShot(0, self, self.close)  # not from inside a close that is being refused

    def _restore(self) -> None:
        settings = self.parts.settings
        screen = self.screen().availableGeometry()
        self.resize(min(FIRST_SIZE[0], screen.width()), min(FIRST_SIZE[1], screen.height() - 40))
        self.restoreGeometry(_bytes(settings.get(GEOMETRY)))
        reset_docks(self, *self.docks)
        self.restoreState(_bytes(settings.get(LAYOUT)))
        self.show_panels(False)

    def _remember(self) -> None:
        settings = self.parts.settings
        settings.set(GEOMETRY, _text(self.saveGeometry()))
        self.show_panels(True)
        settings.set(LAYOUT, _text(self.saveState()))


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
