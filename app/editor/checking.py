"""The health check: what is wrong with the labels of the folder, and putting it right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject

from app.base.jobs import JobState
from app.base.walk import Over, Walk
from app.base.words import error_text, sentence_text
from app.editor.folder_edits import failure_text
from app.editor.panels.health import HealthDialog
from app.editor.services import Services
from core.document.document import Document
from core.document.edits import Edit
from core.project.project import ImageEntry
from core.session.health import Problem, examine, lost_label_files, repairs


class Checker(QObject):
    """Looks at all images in the background and lists what it finds in a window of its own."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services
        self._dialog: HealthDialog | None = None
        self._found: list[Problem] = []
        services.workspace.project_changed.connect(self._close)

    def start(self) -> None:
        """Save, then look at every image."""
        self._services.workspace.saver.flush(lambda ok: self._look() if ok else None)

    def _look(self) -> None:
        workspace = self._services.workspace
        project, images = workspace.project, workspace.images
        if project is None:
            return
        found: list[Problem] = []

        def step(image: ImageEntry, over: Over) -> None:
            def note(problems: list[Problem]) -> None:
                found.extend(problems)
                over("")

            workspace.tasks.run(
                lambda _context: examine(project, image),
                done=note,
                failed=lambda error: over(error_text(error)),
            )

        def ended(walk: Walk[ImageEntry]) -> None:
            if project is not workspace.project:
                walk.job.end(JobState.CANCELLED, self.tr("stopped"))
                return
            text = self.tr("%n thing(s) found", "", len(found))
            walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, text)
            workspace.tasks.run(
                lambda _context: lost_label_files(project, images),
                done=lambda lost: self._show([*lost, *found]),
                failed=lambda error: self._services.notices.fail("check", error_text(error)),
            )

        title = self.tr("Checking the labels")
        Walk(self._services.jobs, title, step, ended, ahead=2).start(images)

    def _show(self, found: list[Problem]) -> None:
        self._found = found
        if self._dialog is None:
            self._dialog = HealthDialog(self._services.central.window())
            self._dialog.shown.connect(self._go)
            self._dialog.repair.connect(self._repair)
            self._dialog.again.connect(self.start)
        self._dialog.set_problems(
            [(one.file, sentence_text(one.sentence), one.repair is not None) for one in found]
        )
        self._dialog.show()
        self._dialog.raise_()

    def _close(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    def _entry(self, problem: Problem) -> ImageEntry | None:
        project = self._services.workspace.project
        return None if project is None else self._services.workspace.entry(
            project.root / problem.file
        )  # fmt: skip

    def _go(self, place: int) -> None:
        """Show the image, with the instance selected."""
        problem = self._found[place]
        entry, workspace = self._entry(problem), self._services.workspace
        if entry is None:
            return
        workspace.in_turn(lambda: workspace.go(entry.path), moves=True)
        workspace.in_turn(lambda: self._services.viewport.set_selection([problem.id]))

    def _repair(self, places: Iterable[int]) -> None:
        """Put right what can be, in one act that can be undone."""
        wanted: dict[Path, set[str]] = {}
        images: dict[Path, ImageEntry] = {}
        for problem in (self._found[place] for place in places):
            entry = self._entry(problem)
            if entry is not None and problem.repair is not None:
                images[entry.path] = entry
                wanted.setdefault(entry.path, set()).add(problem.id)
        ids = frozenset(id for some in wanted.values() for id in some)

        def edit_of(document: Document) -> Edit | None:
            return repairs(document, ids)

        def told(walk: Walk[ImageEntry], count: int) -> None:
            text = self.tr("Repaired in %n image(s)", "", count)
            walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, text)
            self._services.notices.say(text)
            if walk.failures:
                sentence = self.tr("%n image(s) could not be repaired.", "", len(walk.failures))
                self._services.notices.fail("check", sentence, failure_text(walk))
            self.start()

        title = self.tr("Repairing labels")
        name = self.tr("repair labels")
        self._services.folder_edits.make(title, name, images.values(), edit_of, told)
