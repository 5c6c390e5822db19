"""The models of a project: take one into use, go back to the one before, also after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.settings import MODEL, Settings
from app.base.tasks import Context
from app.base.words import error_text
from app.editor.preannotate import PreAnnotator
from app.editor.workspace import Workspace
from app.engine.models import ModelControl
from app.learning.choices import Choices
from app.learning.names import model_name
from core.document.status import ImageStatus
from core.learning.choices import UsedModel
from core.learning.folder import RunFolder
from core.learning.reach import is_name
from core.project.project import ImageEntry, Project


class ModelChain(QObject):
    """`changed`: another model of the project is in use; `said`, `failed` are for notices."""

    changed = Signal()
    said = Signal(str)
    failed = Signal(str)
    asks = Signal(str, object)
    """Whether a model file that the folder names may be loaded: its path, and what to do then; an
    empty path when there is nothing to ask any more."""

    def __init__(
        self,
        workspace: Workspace,
        choices: Choices,
        models: ModelControl,
        annotator: PreAnnotator,
        settings: Settings,
    ) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._choices = choices
        self._models = models
        self._annotator = annotator
        self._settings = settings
        self._wanted: tuple[str, RunFolder, UsedModel] | None = None
        self._back_to: str | None = None
        self._asking = False
        """Whether the model that the folder names waits for an answer."""
        self._of_project = False
        """Whether the model in use belongs to a project and not to the user."""
        choices.loaded.connect(self._on_project)
        choices.changed.connect(self.changed)
        models.taken.connect(self._on_taken)
        models.refused.connect(self._on_refused)

    @property
    def busy(self) -> bool:
        """Whether another model is on its way."""
        return self._wanted is not None or self._back_to is not None

    @property
    def previous(self) -> UsedModel | None:
        """The model that *Back* would take into use."""
        return self._choices.value.previous

    def is_current(self, run: RunFolder) -> bool:
        """Whether the model of a run is in use."""
        current = self._choices.value.current
        return current is not None and current.run == run.id and not self._asking

    def knows(self, run: RunFolder) -> bool:
        """Whether the model of a run is or was in use."""
        return any(model.run == run.id for model in self._choices.value.models)

    def name(self, model: UsedModel) -> str:
        """How a model is called for people."""
        return self._models.name_of(model.spec) if model.run is None else model_name(model.run)

    def use(self, run: RunFolder, try_on: Path | None) -> None:
        """Take the model of a run into use, if it passes a try on an image with instances."""
        if self._workspace.project is not None and not self.is_current(run):
            spec, now = str(run.model_file), self._models.model
            base = UsedModel(self._settings.get(MODEL), "")
            if now is not None:
                base = UsedModel(now.spec, now.revision)
            self._wanted, self._back_to = (spec, run, base), None
            self._of_project = True
            self._settings.remember_model(spec)
            self._stop_asking()
            self._models.choose(spec, own=False, try_on=try_on)
            self.changed.emit()

    def back(self) -> None:
        """Take the model before into use again."""
        project, previous = self._workspace.project, self.previous
        if project is not None and previous is not None:
            self._if_known(previous.path_or_name(project.runs_dir), self._go_back)

    def _go_back(self, spec: str) -> None:
        self._wanted, self._back_to = None, spec
        self._models.choose(spec, own=False)
        self.changed.emit()

    def _on_project(self) -> None:
        self._wanted = self._back_to = None
        self._stop_asking()
        project, current = self._workspace.project, self._choices.value.current
        if project is not None and current is not None:
            self._if_known(current.path_or_name(project.runs_dir), self._choose_for_project)
        if self._of_project and (current is None or self._asking):
            self._of_project = False
            self._choose(self._settings.get(MODEL))

    def _choose_for_project(self, spec: str) -> None:
        self._of_project = True
        self._choose(spec)
        self.changed.emit()

    def _if_known(self, spec: str, then: Callable[[str], None]) -> None:
        """Do it with a model that the user knows; with another one of a folder ask first."""
        if is_name(spec) or self._settings.knows_model(spec):
            then(spec)
            return
        project = self._workspace.project

        def allowed() -> None:
            self._stop_asking()
            if project is self._workspace.project:
                self._settings.remember_model(spec)
                then(spec)

        self._asking = True
        self.asks.emit(spec, allowed)

    def _stop_asking(self) -> None:
        if self._asking:
            self._asking = False
            self.asks.emit("", None)

    def _choose(self, spec: str) -> None:
        if self._models.model is None or self._models.wanted != spec:
            self._models.choose(spec, own=False)

    def _on_taken(self, spec: str, own: bool) -> None:
        choices, model = self._choices.value, self._models.model
        if own:
            self._stop_asking()
            if not is_name(spec):
                self._settings.remember_model(spec)
        if model is None or not self._choices.ready:
            return
        if self._wanted is not None and self._wanted[0] == spec:
            run, base = self._wanted[1:]
            self._wanted = None
            if not choices.models:
                choices = choices.with_model(base)
            self._choices.set(choices.with_model(UsedModel("", model.revision, run.id)))
            self._after_swap(model_name(run.id))
        elif self._back_to == spec:
            self._back_to = None
            self._choices.set(choices.without_last_model())
            self._after_swap(self._models.name)
        elif own and choices.models:
            self._choices.set(choices.with_model(UsedModel(spec, model.revision)))
        self.changed.emit()

    def _on_refused(self, spec: str) -> None:
        if (self._wanted is not None and self._wanted[0] == spec) or self._back_to == spec:
            self._wanted = self._back_to = None
            self.changed.emit()

    def _after_swap(self, name: str) -> None:
        self.said.emit(self.tr("The model “{model}” is in use now.").format(model=name))
        self.refresh_suggestions()

    def refresh_suggestions(self) -> None:
        """Ask again for suggestions where there were some and nobody has worked on them."""
        project, workspace = self._workspace.project, self._workspace
        if project is None:
            return
        staged = workspace.staged
        here = None if staged is None else staged.entry.path
        others = [
            image
            for image in workspace.images
            if workspace.status(image.path) is ImageStatus.SUGGESTED and image.path != here
        ]

        def ask(images: list[ImageEntry]) -> None:
            if project is self._workspace.project:
                self._annotator.refresh([*self._open_image(), *images])

        workspace.tasks.run(
            lambda context: _unanswered(project, others, context),
            done=ask,
            failed=lambda error: self.failed.emit(error_text(error)),
        )

    def _open_image(self) -> list[ImageEntry]:
        """The open image, if nobody has worked on it."""
        staged = self._workspace.staged
        if staged is None or staged.session.read_only is not None:
            return []
        document = staged.session.document
        worked_on = document.done or document.shapes or document.rejected
        return [] if worked_on else [staged.entry]


def _unanswered(project: Project, images: list[ImageEntry], context: Context) -> list[ImageEntry]:
    """The images of which no suggestion was accepted or turned down."""
    found = []
    for image in images:
        context.check()
        if project.status(image) is ImageStatus.SUGGESTED and not project.has_rejected(image):
            found.append(image)
    return found
