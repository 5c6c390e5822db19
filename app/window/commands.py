"""What each action of the table does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QUrl
from PySide6.QtGui import QCursor, QDesktopServices

from app.base.settings import KEYS, OPACITY
from app.editor.panels.label_finder import LabelFinder
from app.window.about import AboutDialog
from app.window.adjust import AdjustPopover
from app.window.key_list import KeySheet
from app.window.palette import CommandPalette
from app.window.settings_dialog import SettingsDialog
from core.document.edits import SetDone
from core.document.geometry.measure import bounds
from core.document.regions import DONE_REGION, IGNORE, labelled
from core.document.status import ImageStatus
from core.storage.project import ImageEntry

if TYPE_CHECKING:
    from app.window.window import MainWindow

OPACITIES = (0.0, 0.2, 0.35, 0.6)
ZOOM = 1.25


class Commands(QObject):
    """Turns an action's id into what happens."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._parts = window.parts
        self._viewport = window.viewport
        self._adjusted = (0.0, 0.0)
        self._acts: dict[str, Callable[[bool], object]] = {
            **self._file_acts(),
            **self._edit_acts(),
            **self._suggestion_acts(),
            **self._image_acts(),
            **self._view_acts(),
            **window.lens.acts(),
            **window.learning.acts(),
        }
        for number in range(1, 10):
            self._acts[f"label_{number}"] = self._label_act(number)

    def run(self, id: str, checked: bool) -> None:
        """Do what the action says."""
        self._acts[id](checked)

    @property
    def ids(self) -> frozenset[str]:
        """The actions that are answered here."""
        return frozenset(self._acts)

    def _file_acts(self) -> dict[str, Callable[[bool], object]]:
        opener, parts, window = self._window.opener, self._parts, self._window
        return {
            "open_folder": lambda _on: opener.ask_folder(),
            "open_images": lambda _on: opener.ask_images(),
            "try_sample": lambda _on: opener.try_sample(),
            "save": lambda _on: parts.workspace.saver.flush(lambda _ok: None),
            "import": lambda _on: self._import(),
            "export_coco": lambda _on: opener.ask_save(
                self.tr("Export as COCO"), self._coco_name(), parts.exporter.to_coco
            ),
            "export_labelme": lambda _on: opener.ask_existing(
                self.tr("Export as labelme: choose a folder"),
                parts.exporter.to_labelme,
                folder=True,
            ),
            "close_project": lambda _on: parts.workspace.close_project(lambda _ok: None),
            "quit": lambda _on: window.close(),
            "settings": lambda _on: SettingsDialog(window, parts.settings).show(),
            "palette": lambda _on: self._palette(),
            "key_sheet": lambda _on: KeySheet(window, parts.settings.get(KEYS)).show(),
            "next_area": lambda _on: window.focus_next_area(),
            "open_log": lambda _on: QDesktopServices.openUrl(
                QUrl.fromLocalFile(str(parts.paths.logs))
            ),
            "about": lambda _on: AboutDialog(window).show(),
        }

    def _edit_acts(self) -> dict[str, Callable[[bool], object]]:
        workspace, editing, viewport = self._parts.workspace, self._parts.editing, self._viewport
        return {
            "undo": lambda _on: workspace.undo(),
            "redo": lambda _on: workspace.redo(),
            "copy": lambda _on: editing.copy(viewport.selection),
            "paste": lambda _on: editing.paste(),
            "duplicate": lambda _on: editing.duplicate(viewport.selection),
            "delete": lambda _on: editing.delete(viewport.selection),
            "relabel": lambda _on: self._relabel(),
            "select_all": lambda _on: self._select_all(),
            "tool_select": lambda _on: viewport.set_tool("select"),
            "tool_polygon": lambda _on: self._draw("polygon"),
            "tool_rectangle": lambda _on: self._draw("rectangle"),
            "tool_add_part": lambda _on: viewport.set_tool("add_part"),
            "tool_cut": lambda _on: viewport.set_tool("cut"),
            "tool_region": lambda _on: self._draw_region("region"),
            "tool_region_outline": lambda _on: self._draw_region("region_outline"),
            "mark_ignore": lambda on: editing.mark(viewport.selection, IGNORE, on),
            "mark_crowd": lambda on: editing.mark_crowd(viewport.selection, on),
            "mark_region": lambda on: editing.mark(viewport.selection, DONE_REGION, on),
            "add_label": lambda _on: self._window.labels.begin_add(),
        }

    def _suggestion_acts(self) -> dict[str, Callable[[bool], object]]:
        suggesting, annotator = self._parts.suggesting, self._parts.annotator
        return {
            "suggest_image": lambda _on: self._suggest(),
            "suggest_folder": lambda _on: annotator.suggest_folder(),
            "accept": lambda _on: suggesting.accept(),
            "accept_all": lambda _on: self._answer_all(suggesting.accept_all),
            "reject": lambda _on: suggesting.reject(),
            "clear_suggestions": lambda _on: self._answer_all(suggesting.reject_all),
            "next_suggestion": lambda _on: self._next_suggestion(1),
            "previous_suggestion": lambda _on: self._next_suggestion(-1),
            "show_suggestions": self._viewport.set_suggestions_visible,
        }

    def _image_acts(self) -> dict[str, Callable[[bool], object]]:
        workspace = self._parts.workspace
        return {
            "next_image": lambda _on: workspace.step(1),
            "previous_image": lambda _on: workspace.step(-1),
            "next_open": lambda _on: self._next_open(),
            "find_image": lambda _on: self._window.images.focus_filter(),
            "done": self._done,
            "done_next": lambda _on: self._done_next(),
            "reload": lambda _on: workspace.reload(),
        }

    def _view_acts(self) -> dict[str, Callable[[bool], object]]:
        viewport, window = self._viewport, self._window
        return {
            "zoom_in": lambda _on: viewport.zoom_by(ZOOM),
            "zoom_out": lambda _on: viewport.zoom_by(1 / ZOOM),
            "fit": lambda _on: viewport.fit(),
            "fit_width": lambda _on: viewport.fit_width(),
            "actual_size": lambda _on: viewport.actual_size(),
            "show_instances": viewport.set_instances_visible,
            "peek": lambda _on: window.peek(),
            "opacity": lambda _on: self._next_opacity(),
            "adjust": lambda _on: self._adjust(),
            "full_screen": window.set_full_screen,
            "reset_layout": lambda _on: window.reset_layout(),
        }

    def _label_act(self, number: int) -> Callable[[bool], object]:
        return lambda _on: self._parts.labelling.activate_number(number)

    def _draw(self, tool: str) -> None:
        self._parts.labelling.ensure()  # nothing can be drawn without a label
        self._viewport.set_tool(tool)
        self._viewport.setFocus()

    def _draw_region(self, tool: str) -> None:
        self._viewport.set_tool(tool)
        self._viewport.setFocus()

    def _select_all(self) -> None:
        document = self._parts.workspace.document
        if document is not None:
            self._viewport.set_selection([each.id for each in labelled(document.shapes)])

    def _done(self, done: bool) -> bool:
        workspace = self._parts.workspace
        name = self.tr("mark as done") if done else self.tr("take back the mark of done")
        document = workspace.document
        if document is None or document.done == done:
            return document is not None
        made = workspace.do(SetDone(done), name)
        self._window.reactions.refresh()
        return made

    def _done_next(self) -> None:
        if self._done(True):
            self._next_open()

    def _next_open(self) -> None:
        def is_open(entry: ImageEntry) -> bool:
            return self._parts.workspace.status(entry.path) is not ImageStatus.DONE

        if not self._parts.workspace.step(1, is_open):
            self._window.notices.say(self.tr("No image after this one is open."))

    def _show_suggestions(self) -> bool:
        """Bring suggestions into sight; False when they were not: unseen they get no answer."""
        show = self._window.actions_["show_suggestions"]
        if show.isChecked():
            return True
        show.trigger()
        return False

    def _suggest(self) -> None:
        self._show_suggestions()
        self._parts.annotator.suggest()

    def _answer_all(self, answer: Callable[[], None]) -> None:
        if self._show_suggestions():
            answer()
        else:
            text = self.tr("The suggestions were hidden. Here they are: once more to answer them.")
            self._window.notices.say(text)

    def _next_suggestion(self, by: int) -> None:
        self._show_suggestions()
        picked = self._parts.suggesting.pick_next(by)
        if picked is not None:
            self._viewport.reveal(bounds(picked))

    def _next_opacity(self) -> None:
        now = self._parts.settings.get(OPACITY)
        later = [value for value in OPACITIES if value > now + 0.01]
        self._parts.settings.set(OPACITY, later[0] if later else OPACITIES[0])

    def _adjust(self) -> None:
        popover = AdjustPopover(self._window, *self._adjusted, self._parts.settings.get(OPACITY))

        def adjust(brightness: float, contrast: float) -> None:
            self._adjusted = (brightness, contrast)
            self._viewport.set_image_adjust(brightness, contrast)

        popover.image_adjusted.connect(adjust)
        popover.opacity_changed.connect(lambda value: self._parts.settings.set(OPACITY, value))
        corner = self._viewport.mapToGlobal(QPoint(self._viewport.width() // 2 - 160, 12))
        popover.open_near(corner)

    def _relabel(self) -> None:
        document = self._parts.workspace.document
        ids = self._viewport.selection
        if document is None or not ids:
            return
        chosen = [each.label for each in document.shapes if each.id in ids]
        finder = LabelFinder(self._window, self._parts.labelling.rows, chosen[0])
        finder.chosen.connect(lambda label: self._parts.editing.relabel(ids, label))
        finder.open_near(self._near_pointer())

    def _near_pointer(self) -> QPoint:
        at = QCursor.pos()
        if self._viewport.rect().contains(self._viewport.mapFromGlobal(at)):
            return at + QPoint(8, 8)
        return self._viewport.mapToGlobal(self._viewport.rect().center())

    def _palette(self) -> None:
        actions = self._window.actions_.enabled()
        palette = CommandPalette(self._window, actions, self._parts.settings.get(KEYS))
        palette.chosen.connect(lambda id: self._window.actions_[id].trigger())
        palette.open_over(self._window)

    def _import(self) -> None:
        self._window.opener.ask_existing(
            self.tr("Import labels: choose a file of COCO, VIA or labelme"),
            self._parts.importer.start,
            folder=False,
            filters=(self.tr("Label files (*.json *.csv)"), self.tr("All files (*)")),
        )

    def _coco_name(self) -> str:
        project = self._parts.workspace.project
        return "instances.json" if project is None else f"{project.root.name}.json"
