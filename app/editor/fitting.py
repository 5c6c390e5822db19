"""Labels made for an image of another size: asked about in a banner until somebody answers."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication

from app.base.jobs import Job, JobState
from app.base.tasks import Context
from app.base.words import error_text
from app.editor.folder_work import FolderWork
from app.editor.services import Services
from app.widgets.banners import Button, Kind
from core.formats.mismatch import Answer
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError
from core.session.fit import Fitted, answer, take_back

_KEY = "image:mismatch"


def answer_words() -> dict[Answer, str]:
    """What each answer is called."""
    return {
        Answer.SCALE: QCoreApplication.translate("fitting", "Scale them"),
        Answer.TURN: QCoreApplication.translate("fitting", "Turn them"),
        Answer.RIGHT: QCoreApplication.translate("fitting", "Turn them right"),
        Answer.LEFT: QCoreApplication.translate("fitting", "Turn them left"),
        Answer.KEEP: QCoreApplication.translate("fitting", "Keep as they are"),
        Answer.DETACH: QCoreApplication.translate("fitting", "Detach"),
    }


class Fitting(FolderWork):
    """Asks, answers for the open image or for all of the folder, and takes an answer back."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace, services.jobs)
        self._banners = services.central.banners
        self._notices = services.notices
        self._last: tuple[ImageEntry, Answer, Fitted] | None = None
        services.workspace.image_changed.connect(self._ask)
        services.workspace.project_changed.connect(self._forget)
        self.failed.connect(services.notices.fail)

    def _forget(self) -> None:
        self._last = None

    def _ask(self) -> None:
        self._banners.drop(_KEY)
        staged = self._workspace.staged
        if staged is None:
            return
        session = staged.session
        if session.mismatch is None:
            self._tell_last(staged.entry)
            return
        made, real = session.mismatch.made, session.mismatch.real
        text = self.tr(
            "The labels of {image} were made for {width} x {height} pixels, but it has "
            "{real_width} x {real_height}. What becomes of them?"
        ).format(
            image=staged.entry.name,
            width=made[0],
            height=made[1],
            real_width=real[0],
            real_height=real[1],
        )
        buttons: list[Button] = []
        if session.read_only is None:
            words = answer_words()
            answers = session.mismatch.answers
            buttons = [(words[each], partial(self.answer, each)) for each in answers]
        self._banners.show_banner(_KEY, Kind.WARNING, text, buttons, closable=False)

    def _tell_last(self, entry: ImageEntry) -> None:
        """Offer to take the last answer back, or to give it for the whole folder."""
        if self._last is None or self._last[0] != entry:
            return
        _, given, fitted = self._last
        text = self.tr("“{answer}” was done. The file as it was is kept as {file}.").format(
            answer=answer_words()[given], file=fitted.kept.name
        )
        buttons: list[Button] = [
            (self.tr("Take back"), self.take_back),
            (self.tr("The same for all images"), lambda: self.answer_all(given)),
        ]
        self._banners.show_banner(_KEY, Kind.INFO, text, buttons)

    def answer(self, given: Answer) -> None:
        """Do to the labels of the open image what was answered, and show it anew."""
        staged, project = self._workspace.staged, self._workspace.project
        if staged is None or project is None:
            return
        entry = staged.entry

        def done(fitted: Fitted | None) -> None:
            self._last = None if fitted is None else (entry, given, fitted)
            self._show_anew(entry)

        self._workspace.tasks.run(
            lambda _context: answer(project, entry, given),
            done=done,
            failed=lambda error: self._notices.fail("mismatch", error_text(error)),
        )

    def take_back(self) -> None:
        """Put the label file back as it was before the last answer."""
        project = self._workspace.project
        if self._last is None or project is None:
            return
        entry, _, fitted = self._last

        def done(_none: None) -> None:
            self._last = None
            self._show_anew(entry)

        def begin(ok: bool) -> None:
            if ok:
                self._workspace.tasks.run(
                    lambda _context: take_back(project, entry, fitted),
                    done=done,
                    failed=lambda error: self._notices.fail("mismatch", error_text(error)),
                )

        self._workspace.saver.flush(begin)

    def _show_anew(self, entry: ImageEntry) -> None:
        if self._workspace.staged is not None and self._workspace.staged.entry == entry:
            self._workspace.restage()

    def answer_all(self, given: Answer) -> None:
        """Give the same answer for every image of the folder where it can be right."""
        self._begin(
            "mismatch",
            self.tr("Fitting labels: {answer}").format(answer=answer_words()[given]),
            lambda project, context: _answer_all(project, given, context),
            self._on_all,
        )

    def _on_all(
        self, project: Project, job: Job, found: tuple[list[ImageEntry], list[str]]
    ) -> None:
        fitted, problems = found
        text = self.tr("The labels of %n image(s) were fitted.", "", len(fitted))
        job.end(JobState.DONE, text)
        self._notices.say(text)
        if problems:
            said = self.tr("%n image(s) could not be answered for.", "", len(problems))
            self.failed.emit("mismatch", said, "\n".join(problems))
        if project is self._workspace.project:
            self._last = None
            for entry in fitted:
                self._workspace.set_status(entry.path, project.status(entry))
            if self._workspace.path in {entry.path for entry in fitted}:
                self._workspace.restage()


def _answer_all(
    project: Project, given: Answer, context: Context
) -> tuple[list[ImageEntry], list[str]]:
    """Answer for each image; those that were fitted, and what went wrong, one line each."""
    fitted: list[ImageEntry] = []
    problems: list[str] = []
    images = project.images()
    for place, entry in enumerate(images):
        context.progress(place, len(images))
        try:
            if answer(project, entry, given) is not None:
                fitted.append(entry)
        except MasklensError as error:
            problems.append(f"{entry.relative}: {error_text(error)}")
    return fitted, problems
