"""Earlier versions of the labels, and another program's change: looked at, and taken over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from PySide6.QtCore import Qt, QTimer, Signal

from app.base.actions import EDIT, IMAGE, Action
from app.base.feature import Feature, FocusArea
from app.base.tasks import Context, Task
from app.base.words import error_text
from app.canvas.layers.differences import DifferencesLayer
from app.editor import marking
from app.editor.differing import OtherState, Present
from app.editor.panels.versions import DETAILS, DONE, MOST_ROWS, VersionsPanel
from app.editor.services import Services, image
from core.document.geometry.measure import bounds
from core.session.difference import merge

SETTLE: Final = 400  # ms after a change until the states are compared anew


class VersionsFeature(Feature):
    """Its panel lists the states; the chosen one is shown on the canvas while it is in sight.

    `chosen` gives the images that are chosen in their list.
    """

    NAME = "versions"
    at_left = True

    _told = Signal(object, object)  # Present, OtherState

    def __init__(self, services: Services, chosen: Callable[[], Sequence[Path]]) -> None:
        super().__init__(services.workspace)
        self.services = services
        self._chosen_images = chosen
        self.title = self.tr("Versions")
        self.panel: VersionsPanel = VersionsPanel(services.actions)
        self.layer = DifferencesLayer()
        services.viewport.add_layer(self.layer)
        self._present: Present | None = None
        self._states: list[OtherState] = []
        self._chosen = -1
        self._looking: Task[None] | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLE)
        self._soon.timeout.connect(self._look)
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        self.panel.chosen.connect(self._on_chosen)
        self.panel.lit.connect(self._on_lit)
        self.panel.ticked.connect(self.changed)
        workspace = services.workspace
        workspace.image_changed.connect(self._outdate)
        workspace.document_changed.connect(lambda _changed: self._outdate())
        workspace.saver.saved.connect(self._outdate)
        workspace.saver.conflicted.connect(self._outdate)

    # The window

    def focus_areas(self) -> Sequence[FocusArea]:
        """The list of states."""
        return ((self.panel.states, self.panel.states.setFocus),)

    def set_in_sight(self, in_sight: bool) -> None:
        """Compare only while somebody looks, and show nothing on the canvas else."""
        super().set_in_sight(in_sight)
        self._outdate()
        if in_sight:
            self._look()

    # Looking

    def _outdate(self) -> None:
        """What was compared is no longer so."""
        self._soon.stop()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._present, self._chosen = None, -1
        self._show(None)
        if self.in_sight:
            self._soon.start()
        elif self._states:
            self._states = []
            self.panel.set_states(())

    def _look(self) -> None:
        session = self.services.workspace.session
        self._soon.stop()
        self._states = []
        self.panel.set_states(())
        if session is None:
            return
        present = self._present = Present.of(session)

        def look(context: Context) -> None:
            present.all(context, lambda state: self._told.emit(present, state))

        self._looking = self.services.workspace.tasks.run(
            look,
            done=lambda _none: None,
            failed=lambda error: self.services.notices.fail("versions", error_text(error)),
        )

    def _on_told(self, present: Present, state: OtherState) -> None:
        if present is self._present:
            self._states.append(state)
            self.panel.add_state(state)
            if state.on_disk:
                self.panel.states.setCurrentRow(0)
            elif len(self._states) == 1:
                self.panel.show_differences(None)  # which says what to do

    def _on_chosen(self, row: int) -> None:
        self._chosen = row if 0 <= row < len(self._states) else -1
        self._show(self._state)

    @property
    def _state(self) -> OtherState | None:
        return self._states[self._chosen] if 0 <= self._chosen < len(self._states) else None

    def _show(self, state: OtherState | None) -> None:
        """Show what differs, in the panel and on the canvas."""
        self.panel.show_differences(state)
        compared = None if state is None else state.compared
        self.layer.show(() if compared is None else compared.differences)
        self.services.viewport.layer_changed()
        self.changed.emit()

    def _on_lit(self, id: str) -> None:
        state = self._state
        if state is None or state.compared is None:
            return
        self.layer.lit = id
        for difference in state.compared.differences:
            if difference.id == id:
                self.services.viewport.reveal(bounds(difference.shape))
        self.services.viewport.layer_changed()

    # What holds

    def has_differences(self) -> bool:
        """The chosen state differs in what is ticked, or comes from another program."""
        state = self._state
        if state is None or state.compared is None:
            return False
        return state.on_disk or (not state.compared.same and bool(self._taken(state)))

    def may_change(self) -> bool:
        """The labels of the image can be changed, and are not being written just now."""
        session = self.services.workspace.session
        return session is not None and session.read_only is None and not session.saving

    def has_rows(self) -> bool:
        """There is something to tick."""
        return self.panel.rows.count() > 0

    # What a person does

    def bring(self) -> None:
        """Bring the panel to the front."""
        self.front.emit(True)
        if not self._states:
            self._look()

    def take_over(self) -> None:
        """Make what is ticked as the chosen state has it, in one edit that can be undone."""
        state, present = self._state, self._present
        if state is None or state.compared is None or present is None or not present.is_current:
            return
        workspace, taken = self.services.workspace, self._taken(state)
        name = self.tr("merge labels") if state.on_disk else self.tr("restore a version")
        edit = merge(
            present.session.document,
            state.compared,
            taken,
            take_done=DONE in taken,
            take_details=DETAILS in taken,
            name=name,
        )
        session, compared, source = workspace.session, state.compared, state.source
        if isinstance(source, str):
            done = session is not None and workspace.change(
                lambda: session.go_on_from(compared, source, edit, name)
            )
        else:
            done = edit is not None and workspace.do(edit, name, as_is=True)
        if done:
            self.services.notices.say(self.tr("The labels were taken over. Undo brings them back."))

    def _taken(self, state: OtherState) -> frozenset[str]:
        """The ids that are ticked; all of them where they are too many for rows."""
        if state.compared is not None and len(state.compared.differences) > MOST_ROWS:
            return frozenset((DETAILS, DONE, *(each.id for each in state.compared.differences)))
        return self.panel.taken()

    def delete_labels(self) -> None:
        """Delete the label files of the images chosen in the list, or that of the one shown."""
        workspace = self.services.workspace
        paths = self._chosen_images()
        if len(paths) < 2 and workspace.path is not None:
            paths = (workspace.path,)
        entries = (workspace.entry(path) for path in paths)
        there = [entry for entry in entries if entry is not None]
        marking.delete_labels(self.services, there)

    def may_delete(self) -> bool:
        """Nothing is under way over the folder."""
        return not self.services.folder_edits.running

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[VersionsFeature], ...]] = (
        Action("versions", EDIT, "Restore an earlier version…", ("Ctrl+Shift+H",), "undo", (image,),
               do=bring, rule=True,
               tip="See what the label file held over the last week, and take it back"),
        Action("delete_labels", IMAGE, "Delete the label file", (), "delete", (image, may_delete),
               do=delete_labels, rule=True,
               tip="Of this image, or of all that are chosen in the list; undo brings them back"),
        Action("take_over", EDIT, "Take over what is ticked", (), "accept",
               (image, has_differences, may_change), do=take_over, menu=False,
               tip="Make the ticked instances as the chosen version has them"),
        Action("tick_all", EDIT, "Tick all differences", (), "select", (image, has_rows),
               do=lambda self: self.panel.tick_all(True), menu=False),
        Action("tick_none", EDIT, "Tick no difference", (), "clear", (image, has_rows),
               do=lambda self: self.panel.tick_all(False), menu=False),
    )
