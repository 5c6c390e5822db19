"""Work on the labels of the whole folder: off-thread, as a job, after all was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Job, Jobs, JobState
from app.base.tasks import Context, Task
from app.base.words import error_text
from app.editor.workspace import Workspace
from core.project.project import Project

T = TypeVar("T")


class FolderWork(QObject):
    """`failed` carries a key, a sentence and details."""

    failed = Signal(str, str, str)

    def __init__(self, workspace: Workspace, jobs: Jobs) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._jobs = jobs

    def _begin(
        self,
        key: str,
        title: str,
        work: Callable[[Project, Context], T],
        done: Callable[[Project, Job, T], None],
        stopped: Callable[[Project, Job], None] | None = None,
    ) -> None:
        """Save, then do the work; `done` or `stopped` ends the job, all else is told here."""

        def begin(ok: bool) -> None:
            project = self._workspace.project
            if not ok or project is None:
                self.failed.emit(key, self.tr("The labels must be saved first."), "")
                return
            tasks: list[Task[T]] = []
            job = self._jobs.start(title, lambda: tasks[0].cancel())
            tasks.append(
                self._workspace.tasks.run(
                    lambda context: work(project, context),
                    done=lambda report: done(project, job, report),
                    failed=lambda error: self._fail(key, job, error),
                    progressed=job.progress,
                    cancelled=lambda: (
                        stopped(project, job)
                        if stopped is not None
                        else job.end(JobState.CANCELLED, self.tr("cancelled"))
                    ),
                )
            )

        self._workspace.saver.flush(begin)

    def _fail(self, key: str, job: Job, error: Exception) -> None:
        job.end(JobState.FAILED, self.tr("failed"))
        self.failed.emit(key, error_text(error), "")
