"""What the model of a run finds in the open image and the model before did not, and the reverse.

    gains = Gains(client, workspace)
    gains.show_run(run_folder, spec, report)   # whose models are compared; None: nobody's
    gains.set_active(on)                       # looks only while somebody wants to see it
    gains.changed                              # found, busy or problem are others now

A held-out image was looked at by both models when the run ended; any other is looked at now, by the
engine, in the background.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.settings import Settings
from app.base.tasks import Context, Task
from app.base.words import error_text, sentence_text
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from core.document.instance import Instance
from core.document.regions import comparable
from core.learning import gains
from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.reach import is_name
from core.learning.report import Report
from core.learning.seen import SeenFile
from core.learning.spec import RunSpec
from core.protocol import Priority
from core.protocol.messages.comparing import Compare, Compared
from core.sentences import Sentence

PURPOSE: Final = "gains"
Both = tuple[tuple[Instance, ...], tuple[Instance, ...]]


@dataclass(frozen=True, slots=True)
class _Run:
    folder: RunFolder
    spec: RunSpec
    report: Report


class Gains(QObject):
    """See the module. `found` belongs to the open image; None while it is not known."""

    changed = Signal()

    def __init__(self, client: EngineClient, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace)
        self._client = client
        self._workspace = workspace
        self._settings = settings
        self._run: _Run | None = None
        self._active = False
        self._path: Path | None = None
        self._seen: Both | None = None
        self._request: Question | None = None
        self._task: Task[Both | None] | Task[gains.Gains] | None = None
        self.found: gains.Gains | None = None
        self.problem = ""
        workspace.image_changed.connect(self._on_image)

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._task is not None or self._request is not None

    @property
    def possible(self) -> bool:
        """Whether there are two models to compare."""
        return self._run is not None

    def show_run(
        self, folder: RunFolder | None, spec: RunSpec | None = None, report: Report | None = None
    ) -> None:
        """Compare the models of another run from now on, or none."""
        self._run = None
        if folder is not None and spec is not None and report is not None:
            self._run = _Run(folder, spec, report)
        self._begin()

    def set_active(self, active: bool) -> None:
        """Look at each image that is opened, or stop looking."""
        if active != self._active:
            self._active = active
            self._begin()

    def _on_image(self) -> None:
        staged = self._workspace.staged
        path = None if staged is None else staged.entry.path
        if path != self._path:
            self._begin()

    def _begin(self) -> None:
        """Look at the open image, if there is one and somebody wants to know."""
        self._stop()
        self.found, self._seen, self.problem = None, None, ""
        staged, run = self._workspace.staged, self._run
        self._path = None if staged is None else staged.entry.path
        if staged is not None and run is not None and self._active:
            key = staged.entry.relative
            self._task = self._workspace.tasks.run(
                lambda _context: _seen_then(run.folder, key),
                done=self._on_seen_then,
                failed=self._on_error,
            )
        self.changed.emit()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._request is not None:
            request, self._request = self._request, None
            request.cancel()

    def _on_seen_then(self, seen: Both | None) -> None:
        self._task = None
        if seen is not None:
            self._compare(seen)
            return
        run, path = self._run, self._path
        assert run is not None
        assert path is not None
        if not self._may_load(run):
            self.problem = self.tr(
                "This run came with the folder. Use its model once; then it can be compared here."
            )
            self.changed.emit()
            return
        request = Compare(
            0,
            PURPOSE,
            Priority.SOON,
            path=str(path),
            before=run.spec.model,
            before_revision=run.report.base,
            after=str(run.folder.model_file),
            after_revision=run.report.model,
            arch=run.spec.arch,
        )
        self._request = self._client.ask(
            request, done=self._on_answer, failed=self._on_failed, cancelled=self._on_cancelled
        )
        self.changed.emit()

    def _may_load(self, run: _Run) -> bool:
        """Whether the user knows both models: a folder may come from anybody."""
        base, known = run.spec.model, self._settings.knows_model
        return (is_name(base) or known(base)) and known(str(run.folder.model_file))

    def _on_answer(self, answer: Compared) -> None:
        self._request = None
        self._compare((answer.before, answer.after))

    def _on_failed(self, sentence: Sentence) -> None:
        self._request = None
        self.problem = sentence_text(sentence)
        self.changed.emit()

    def _on_cancelled(self) -> None:
        self._request = None
        self.changed.emit()

    def _compare(self, seen: Both) -> None:
        """Compare off-thread: masks of hundreds of detections take their time."""
        document, run = self._workspace.document, self._run
        if document is None or run is None:
            return
        labels, reused = comparable(document.shapes), dict(run.report.reused)
        size = document.width, document.height

        def work(_context: Context) -> gains.Gains:
            return gains.compare(*seen, labels, *size, reused)

        self._task = self._workspace.tasks.run(work, done=self._take, failed=self._on_error)
        self.changed.emit()

    def _take(self, found: gains.Gains) -> None:
        self._task = None
        self.found = found
        self.changed.emit()

    def _on_error(self, error: Exception) -> None:
        self._task = None
        self.problem = error_text(error)
        self.changed.emit()


def _seen_then(run: RunFolder, key: str) -> Both | None:
    """What both models saw in an image when the run ended; None for one that was not held out."""
    try:
        files = [SeenFile(path) for path in (run.seen_before_file, run.seen_after_file)]
        if not all(key in file for file in files):
            return None
        before, after = (tuple(one.instance for one in file.read(key)) for file in files)
    except LearningError:
        return None
    return before, after
