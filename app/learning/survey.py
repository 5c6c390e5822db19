"""What would be learned from right now; looked at again, off-thread, when labels have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.tasks import Context, Task
from app.base.words import error_text
from app.editor.workspace import Workspace
from app.engine.models import ModelControl
from app.learning.choices import Choices
from core.learning.choices import LearningChoices
from core.learning.folder import earlier_sides, list_runs
from core.learning.gather import Gathered, gather_project
from core.learning.memory import Memory
from core.learning.takeover import NewLabel, new_labels
from core.project.project import Project

SETTLE: Final = 500  # ms; labels often change several times in a row


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a look."""

    gathered: Gathered
    new: tuple[NewLabel, ...]
    """Labels that the model in use does not know."""


class Survey(QObject):
    """Looks only while somebody wants to know. `changed` follows each look."""

    changed = Signal()

    def __init__(
        self, workspace: Workspace, choices: Choices, models: ModelControl, memory: Memory
    ) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._choices = choices
        self._models = models
        self._memory = memory
        self.found: Found | None = None
        self.reason = ""
        """Why there is nothing to learn from."""
        self._active = False
        self._stale = True
        self._looking: Task[Found] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SETTLE)
        self._pause.timeout.connect(self._look)
        workspace.saver.saved.connect(self.touch)
        workspace.status_changed.connect(lambda _status: self.touch())
        choices.loaded.connect(self._on_project)
        choices.changed.connect(self.touch)
        models.taken.connect(lambda _spec, _own: self.touch())

    @property
    def looking(self) -> bool:
        """Whether the answer is on its way."""
        return self._looking is not None

    def set_active(self, active: bool) -> None:
        """Look while the panel is seen, and at once when it comes into view."""
        self._active = active
        if active and self._stale:
            self._pause.start(0)

    def touch(self) -> None:
        """Something may have changed."""
        self._stale = True
        if self._active:
            self._pause.start(SETTLE)

    def _on_project(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self.found, self.reason = None, ""
        self.changed.emit()
        self.touch()

    def _look(self) -> None:
        project = self._workspace.project
        if project is None or not self._choices.ready or not self._active:
            return
        if self._looking is not None:
            self._pause.start(SETTLE)
            return
        self._stale = False
        choices, memory = self._choices.value, self._memory
        model = self._models.model
        known = () if model is None else model.labels
        self._looking = self._workspace.tasks.run(
            lambda context: _survey(project, choices, known, memory, context),
            done=lambda found: self._show(project, found, ""),
            failed=lambda error: self._show(project, None, error_text(error)),
        )

    def _show(self, project: Project, found: Found | None, reason: str) -> None:
        self._looking = None
        if project is self._workspace.project:
            self.found, self.reason = found, reason
            self.changed.emit()


def _survey(
    project: Project,
    choices: LearningChoices,
    known: tuple[str, ...],
    memory: Memory,
    context: Context,
) -> Found:
    gathered = gather_project(
        project,
        share=choices.hold_out,
        leave_out_accepted=choices.leave_out_accepted,
        earlier=earlier_sides(list_runs(project.runs_dir), memory),
        on_image=lambda _done, _total: context.check(),
        memory=memory,
    )
    new = new_labels(project, gathered.images, gathered.counts, known) if known else ()
    return Found(gathered, new)
