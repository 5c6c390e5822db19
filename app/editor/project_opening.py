"""Opening a folder off-thread: images, lock, labels, what a crash left; then the status of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal

from app.base.tasks import Context, Task, Tasks
from app.base.words import error_text
from core.document.status import ImageStatus
from core.project.project import ImageEntry, Project
from core.project.settings import ProjectSettings
from core.sentences import Sentence, say
from core.storage.atomic import StorageError
from core.storage.images import ImageError, image_size

CHUNK: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class OpenedProject:
    """A project with its images and labels.

    `read_only` says why nothing can be written, `notes` what else is worth telling; `left` are the
    images with edits that a crash left behind. `only` are the images the project is limited to.
    """

    project: Project
    only: tuple[Path, ...]
    images: tuple[ImageEntry, ...]
    settings: ProjectSettings
    read_only: Sentence | None
    notes: tuple[Sentence, ...]
    left: tuple[ImageEntry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What was found at some images: status, labels in their files (in the order of the files),
    and why an image or its label file cannot be used.
    """

    status: dict[Path, ImageStatus]
    labels: tuple[str, ...] = ()
    reasons: dict[Path, Sentence] = field(default_factory=dict)


def open_project(root: Path, only: Sequence[Path]) -> OpenedProject:
    """Open a folder. Raises ImageError when it cannot be read; a held lock opens for looking."""
    project = Project(root, only)
    images = tuple(project.images())
    notes: list[Sentence] = []
    read_only = None
    try:
        project.lock()
    except StorageError as error:
        read_only = error.sentence
    try:
        settings = project.load_settings()
    except StorageError as error:
        settings = ProjectSettings()
        notes.append(error.sentence)
    left = tuple(project.left_journals(images)) if project.locked else ()
    return OpenedProject(project, tuple(only), images, settings, read_only, tuple(notes), left)


class FolderScan(QObject):
    """Looks at all images of the open folder in the background; `found` carries each chunk."""

    found = Signal(object)  # Scanned
    failed = Signal(str)
    _told = Signal(object, object)  # from the worker's thread

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._task: Task[None] | None = None
        self._of: OpenedProject | None = None
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)

    def start(self, opened: OpenedProject) -> None:
        """Begin with a folder."""
        self.stop()
        self._of = opened
        self._task = self._tasks.run(
            lambda context: scan(
                opened.project,
                opened.images,
                lambda found: self._told.emit(opened, found),
                context,
            ),
            done=lambda _none: None,
            failed=lambda error: self.failed.emit(error_text(error)),
        )

    def stop(self) -> None:
        """Say nothing more."""
        self._of = None
        if self._task is not None:
            self._task.cancel()

    def _on_told(self, opened: OpenedProject, found: Scanned) -> None:
        if opened is self._of:
            self.found.emit(found)


def scan(
    project: Project,
    images: Sequence[ImageEntry],
    tell: Callable[[Scanned], None],
    context: Context,
) -> None:
    """Look at the files of all images; `tell` hears of each chunk, on this thread.

    The labels of all come first; then the images themselves, of which only the headers are read.
    """
    for start in range(0, len(images), CHUNK):
        context.check()
        status: dict[Path, ImageStatus] = {}
        labels: dict[str, None] = {}
        for image in images[start : start + CHUNK]:
            status[image.path] = project.status(image)
            found = project.summary(image)
            labels.update(dict.fromkeys(name for name, _ in (*found.labels, *found.lines)))
        tell(Scanned(status, tuple(labels)))
        context.progress(min(start + CHUNK, len(images)), len(images))
    for start in range(0, len(images), CHUNK):
        reasons = {}
        for image in images[start : start + CHUNK]:
            context.check()
            if (reason := _reason(project, image)) is not None:
                reasons[image.path] = reason
        if reasons:
            tell(Scanned({}, reasons=reasons))
    project.sweep_versions()


def _reason(project: Project, image: ImageEntry) -> Sentence | None:
    try:
        image_size(image.path)
    except ImageError as error:
        return error.sentence
    if not project.summary(image).readable:
        return say(
            "project.labels_unusable",
            "{path} is not a label file that masklens can read. It is left as it is.",
            path=str(image.label_file),
        )
    return None


def folder_and_images(paths: Sequence[Path]) -> tuple[Path, tuple[Path, ...]]:
    """What given paths mean: one folder with all its images, or some images of one folder.

    Raises ValueError when images of several folders were given, or nothing.
    """
    if not paths:
        raise ValueError("no path")
    folders = [path for path in paths if path.is_dir()]
    if folders:
        if len(paths) > 1:
            raise ValueError("several folders")
        return folders[0].absolute(), ()
    parents = {path.absolute().parent for path in paths}
    if len(parents) > 1:
        raise ValueError("several folders")
    return parents.pop(), tuple(path.absolute() for path in paths)
