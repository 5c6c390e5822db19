"""What the window shows when something has happened in the parts behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from app.base.icons import icon
from app.base.settings import OPACITY, RECENT, UNKNOWN_LABELS, WHEEL
from app.base.words import sentence_text
from app.canvas.tools import TOOLS
from app.widgets.banners import Kind
from app.window.conditions import facts
from core.document.document import Changed

if TYPE_CHECKING:
    from app.window.window import MainWindow


class Reactions(QObject):
    """Connects the signals of the parts to the widgets of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._parts = window.parts
        self._wire_workspace()
        self._wire_others()
        self.on_tool(window.viewport.tool)
        self.on_model()
        for key in (OPACITY.key, WHEEL.key, UNKNOWN_LABELS.key, RECENT.key):
            self.on_setting(key)

    def _wire_workspace(self) -> None:
        workspace, notices = self._parts.workspace, self._window.notices
        workspace.project_changed.connect(self.on_project)
        workspace.image_changed.connect(self.on_image)
        workspace.document_changed.connect(self.on_document)
        workspace.status_changed.connect(self._window.images.set_status)
        workspace.image_failed.connect(self.on_image_failed)
        workspace.going.connect(self.on_going)
        workspace.refused.connect(lambda text: notices.fail("edit", text, warning=True))
        workspace.saver.failed.connect(lambda text: notices.fail("save", text))
        workspace.saver.saved.connect(lambda: notices.succeed("save"))

    def _wire_others(self) -> None:
        parts, notices = self._parts, self._window.notices
        parts.labelling.changed.connect(self.on_labels)
        parts.labelling.failed.connect(lambda text: notices.fail("labels", text, warning=True))
        parts.suggesting.changed.connect(self.on_suggestions)
        parts.suggesting.picked_changed.connect(self.on_picked)
        parts.suggesting.failed.connect(lambda text: notices.fail("suggest", text))
        parts.suggesting.landed.connect(self.on_landed)
        parts.editing.selected.connect(self._window.viewport.set_selection)
        parts.editing.clipboard_changed.connect(self.refresh)
        parts.editing.said.connect(notices.say)
        parts.models.changed.connect(self.on_model)
        parts.models.failed.connect(notices.fail)
        parts.models.succeeded.connect(notices.succeed)
        parts.annotator.said.connect(notices.say)
        parts.annotator.failed.connect(notices.fail)
        parts.annotator.changed.connect(self.refresh)
        parts.exporter.failed.connect(notices.fail)
        parts.importer.failed.connect(notices.fail)
        parts.exporter.said.connect(lambda text, _path: notices.say(text))
        parts.importer.said.connect(notices.say)
        parts.renamer.said.connect(notices.say)
        parts.renamer.failed.connect(notices.fail)
        parts.settings.changed.connect(self.on_setting)

    def refresh(self) -> None:
        """Enable what is possible now, and name what undo and redo would do."""
        parts, actions = self._parts, self._window.actions_
        selection = self._window.viewport.selection
        actions.set_facts(
            facts(
                parts.workspace,
                parts.suggesting,
                parts.editing,
                parts.models,
                parts.annotator,
                selection,
            )
            | self._window.learning.facts()
        )
        session = parts.workspace.session
        actions.set_checked("done", session is not None and session.document.done)
        marks = parts.editing.marks(selection)
        for mark in ("ignore", "crowd", "region"):
            actions.set_checked(f"mark_{mark}", mark in marks)
        undo = None if session is None else session.history.undo_name
        redo = None if session is None else session.history.redo_name
        actions.set_text("undo", _with_name(self.tr("Undo"), undo))
        actions.set_text("redo", _with_name(self.tr("Redo"), redo))

    def on_project(self) -> None:
        """Another folder is open, or none."""
        workspace = self._parts.workspace
        rows = [(image.path, image.relative) for image in workspace.images]
        self._window.images.set_images(rows)
        self._window.show_panels(workspace.project is not None)
        self.refresh()

    def on_image(self) -> None:
        """Another image is shown, or none, or why there is none."""
        window, staged = self._window, self._parts.workspace.staged
        document = None if staged is None else staged.session.document
        window.notices.succeed("edit")
        window.viewport.set_tool("select")
        window.viewport.set_hidden(())
        window.viewport.show_image(None if staged is None else staged.picture.pyramid)
        window.viewport.show_document(document)
        window.instances.set_document(document)
        window.images.set_current(self._parts.workspace.path)
        self._show_page()
        self._show_title()
        self.on_labels()
        self.refresh()
        if staged is not None:
            for note in staged.picture.decoded.notes:
                window.notices.say(sentence_text(note))

    def on_image_failed(self, path: object, reason: str) -> None:
        """An image cannot be opened, or can again."""
        if isinstance(path, Path):
            self._window.images.set_reason(path, reason or None)

    def on_going(self, path: object) -> None:
        """An image is on its way (its row is marked at once), or is there."""
        wanted = path if isinstance(path, Path) else self._parts.workspace.path
        self._window.images.set_current(wanted)

    def on_document(self, changed: Changed) -> None:
        """An edit was made."""
        self._window.viewport.document_changed(changed)
        self._window.instances.document_changed(changed)
        self._window.labels.set_counts(self._parts.labelling.counts())
        self.refresh()

    def on_labels(self) -> None:
        """The labels, their colours or the active one are others."""
        window, labelling = self._window, self._parts.labelling
        colours = labelling.colours()
        window.viewport.set_colours(colours)
        window.viewport.set_active_label(labelling.active)
        window.instances.set_colours(colours)
        window.labels.set_labels(labelling.rows, labelling.active)
        window.labels.set_counts(labelling.counts())

    def on_suggestions(self) -> None:
        """Other suggestions, or another threshold."""
        window, suggesting = self._window, self._parts.suggesting
        pending = suggesting.pending
        window.viewport.set_suggestion_threshold(suggesting.threshold)
        window.viewport.show_suggestions(pending)
        window.suggestions.set_counts(len(suggesting.shown), len(pending))
        self.refresh()

    def on_picked(self) -> None:
        """Other suggestions are picked."""
        self._window.viewport.select_suggestions(self._parts.suggesting.picked)
        self.refresh()

    def on_landed(self, path: object, count: int) -> None:
        """The model has answered."""
        notices = self._window.notices
        notices.succeed(f"suggest:{path}")
        if path != self._parts.workspace.path:
            return
        shown = len(self._parts.suggesting.shown)
        if shown or not count:
            notices.say(self.tr("%n suggestion(s)", "", shown))
        else:
            text = self.tr("%n suggestion(s), all below the score slider.", "", count)
            notices.say(text)

    def on_selection(self, ids: frozenset[str]) -> None:
        """Other instances are selected on the canvas."""
        self._window.instances.set_selection(ids)
        self.refresh()

    def on_tool(self, tool: str) -> None:
        """Another tool is in use."""
        for id in TOOLS:
            self._window.actions_.set_checked(f"tool_{id}", id == tool)

    def on_model(self) -> None:
        """Another model is in use, or the engine does something else."""
        button = self._window.model_button
        name = self._parts.models.name
        middle = Qt.TextElideMode.ElideMiddle
        button.setText(button.fontMetrics().elidedText(name, middle, 160))
        button.setIcon(icon("model"))
        self.refresh()

    def on_setting(self, key: str) -> None:
        """A setting was changed."""
        window, settings = self._window, self._parts.settings
        if key == OPACITY.key:
            window.viewport.set_opacity(settings.get(OPACITY))
        elif key == WHEEL.key:
            window.viewport.set_wheel_zooms(settings.get(WHEEL) == "zoom")
        elif key == UNKNOWN_LABELS.key:
            window.suggestions.set_unknown(settings.get(UNKNOWN_LABELS))
        elif key == RECENT.key:
            recent = settings.get(RECENT)
            window.central.empty.set_recent(recent)

    def on_theme(self) -> None:
        """The colours are others."""
        self._window.actions_.refresh_icons()
        self._window.images.refresh_icons()
        self._window.instances.rows.refresh()
        self.on_model()

    def _show_page(self) -> None:
        workspace, central = self._parts.workspace, self._window.central
        if workspace.project is None:
            central.show_welcome()
        elif not workspace.images:
            folder = workspace.project.root.name
            text = self.tr("There are no images in {folder}.").format(folder=folder)
            central.show_message(Kind.INFO, text)
        elif workspace.failure:
            central.show_message(Kind.WARNING, workspace.failure)
        else:
            central.show_canvas()

    def _show_title(self) -> None:
        workspace = self._parts.workspace
        names = [workspace.path.name] if workspace.path is not None else []
        if workspace.project is not None:
            names.append(workspace.project.root.name)
        self._window.setWindowTitle(" – ".join((*names, "masklens")))


def _with_name(verb: str, name: str | None) -> str:
    return f"{verb}: {name}" if name else verb
