"""What the open project remembers about learning: read and written off the window's thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.base.tasks import Writer
from app.base.words import error_text
from app.editor.workspace import Workspace
from core.learning.choices import LearningChoices, choices_file, load_choices, save_choices
from core.learning.errors import LearningError
from core.project.project import Project
from core.storage.atomic import move_aside


class Choices(QObject):
    """`loaded` follows another project, `changed` any change; `failed` carries a sentence."""

    loaded = Signal()
    changed = Signal()
    failed = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self.value = LearningChoices()
        self.ready = False
        """Whether the choices of the open project are known."""
        self._broken = False
        self._writer = Writer(workspace.tasks, lambda error: self.failed.emit(error_text(error)))
        workspace.project_changed.connect(self._on_project)

    def set(self, value: LearningChoices) -> None:
        """Choose something else, and keep it with the project."""
        if self.ready and value != self.value:
            self.value = value
            self.changed.emit()
            self._write()

    def _on_project(self) -> None:
        project = self._workspace.project
        self.value, self.ready, self._broken = LearningChoices(), False, False
        self._writer.forget()
        if project is None:
            self.loaded.emit()
            return
        self._workspace.tasks.run(
            lambda _context: load_choices(choices_file(project.folder)),
            done=lambda value: self._on_loaded(project, value),
            failed=lambda error: self._on_unreadable(project, error),
        )

    def _on_loaded(self, project: Project, value: LearningChoices) -> None:
        if project is self._workspace.project:
            self.value, self.ready = value, True
            self.loaded.emit()
            self.changed.emit()

    def _on_unreadable(self, project: Project, error: Exception) -> None:
        self._broken = isinstance(error, LearningError)
        self.failed.emit(error_text(error))
        self._on_loaded(project, LearningChoices())

    def _write(self) -> None:
        project = self._workspace.project
        if project is None or not project.locked:
            return
        value, broken = self.value, self._broken
        self._writer.write(lambda: _save(project, value, broken))


def _save(project: Project, value: LearningChoices, broken: bool) -> None:
    path = choices_file(project.folder)
    if broken:
        try:
            load_choices(path)
        except LearningError:
            move_aside(path, project.folder)
    save_choices(path, value)
