"""Import: labels of any format become label files, never in place of ones that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal

from app.base.jobs import Job, JobState
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.folder_work import FolderWork
from core.document.instance import Source
from core.document.skeleton import Skeleton
from core.document.status import ImageStatus
from core.formats.convert import Read, fitted_to, not_carried, read_labels
from core.formats.entries import Tell, unheard
from core.formats.format import Located
from core.formats.labelled import Later
from core.formats.labelme_format import encoded
from core.formats.mismatch import Answer
from core.formats.registry import BY_NAME
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError, say
from core.storage.atomic import make_folder, write_atomic

_CROWDS: Final = say(
    "import.crowds",
    "{count} of {all} instances came in marked as crowds, so nothing is learned from them. Where a "
    "program marked single objects so, take the mark off: Edit > No crowds in this folder.",
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What is in a file before it is imported: its format, counts, and remarks, one line each."""

    read: Read
    title: str
    images: int
    instances: int
    remarks: tuple[str, ...]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What may become of labels for images of another size; empty where there are none."""
        found = [image.mismatch.answers for image in self.read.images if image.mismatch is not None]
        return tuple(dict.fromkeys(answer for each in found for answer in each))


@dataclass(frozen=True, slots=True)
class Report:
    """What came in: images and instances; what did not, and why, one line each."""

    written: tuple[ImageEntry, ...]
    instances: int
    labels: tuple[str, ...]
    kept: int
    strangers: int
    remarks: tuple[str, ...]
    status: Mapping[Path, ImageStatus]
    skeletons: Mapping[str, Skeleton]


@dataclass(slots=True)
class Taken:
    """What has come in so far; see `Report`."""

    written: list[ImageEntry] = field(default_factory=list)
    labels: dict[str, None] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    images: int = 0
    instances: int = 0
    crowds: int = 0
    kept: int = 0
    strangers: int = 0
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)

    def report(self, project: Project) -> Report:
        """All of it, with the status of the images that have labels now."""
        said = _CROWDS.given(count=self.crowds, all=self.instances)
        crowds = [sentence_text(said)] if self.crowds else []
        return Report(
            tuple(self.written),
            self.instances,
            tuple(self.labels),
            self.kept,
            self.strangers,
            (*self.remarks, *crowds),
            {entry.path: project.status(entry) for entry in self.written},
            {label: each for label, each in self.skeletons.items() if label in self.labels},
        )


class Importer(FolderWork):
    """`said` carries the report, `looked` what a file holds before it is taken."""

    said = Signal(str)
    looked = Signal(object)
    imported = Signal(object)  # the images that have labels now

    def look(self, path: Path) -> None:
        """Read a file or folder of labels and tell what is in it."""
        self._begin(
            "import",
            self.tr("Reading {file}").format(file=path.name),
            lambda project, context: look_at(project, path, context),
            self._on_look,
        )

    def take(self, preview: Preview, answer: Answer | None = None) -> None:
        """Give what was read to the images that have no labels.

        `answer` says what becomes of labels for images of another size; else each image is asked
        about when it is opened."""
        taken = Taken()
        self._begin(
            "import",
            self.tr("Importing {file}").format(file=preview.title),
            lambda project, context: import_read(project, preview.read, context, answer, taken),
            self._done,
            lambda project, job: self._stopped(project, job, taken, len(preview.read.images)),
        )

    def _on_look(self, _project: Project, job: Job, preview: Preview) -> None:
        job.end(JobState.DONE, preview.title)
        self.looked.emit(preview)

    def _stopped(self, project: Project, job: Job, taken: Taken, all: int) -> None:
        text = self.tr("stopped at image {done} of {all}; import again for the rest").format(
            done=taken.images, all=all
        )
        job.end(JobState.CANCELLED, text)
        self._done(project, job, taken.report(project))

    def _done(self, project: Project, job: Job, report: Report) -> None:
        parts = [
            self.tr("%n instance(s)", "", report.instances),
            self.tr("%n image(s)", "", len(report.written)),
        ]
        if report.kept:
            parts.append(self.tr("%n image(s) had labels and were left alone", "", report.kept))
        if report.strangers:
            text = self.tr("%n image(s) are not in this folder", "", report.strangers)
            parts.append(text)
        text = " · ".join(parts)
        job.end(JobState.DONE, text)
        self.said.emit(text)
        if report.remarks:
            self.failed.emit(
                "import",
                self.tr("%n remark(s) on what was imported.", "", len(report.remarks)),
                "\n".join(report.remarks),
            )
        if project is self._workspace.project:
            self._workspace.labels_found.emit(report.labels)
            self._workspace.skeletons_found.emit(report.skeletons)
            if report.written:
                self.imported.emit(report.written)
            for entry in report.written:
                self._workspace.set_status(entry.path, report.status[entry.path])
            if self._workspace.path in {entry.path for entry in report.written}:
                self._workspace.reload()


def look_at(project: Project, path: Path, context: Context | None = None) -> Preview:
    """Read what is in `path` for the images of a folder. Raises FormatError."""
    tell = unheard if context is None else context.progress
    read = _read(project, path, tell)
    return Preview(
        read,
        BY_NAME[read.collection.kind].title,
        len(read.images),
        sum(map(_count, read.images)),
        _remarks(read, project.root),
    )


def _count(image: Located) -> int:
    """How many instances there are; of a large file without reading them."""
    shapes = image.labels.shapes
    return len(shapes) if isinstance(shapes, Later) else len(image.labels.instances)


def _read(project: Project, path: Path, tell: Tell) -> Read:
    """What is in `path`, with what of it has no place in a label file."""
    read = read_labels(path, project.root, suggestions=False, tell=tell)
    said, _ = not_carried(read, read.images, BY_NAME["labelme"], tell)
    return replace(read, notes=(*read.notes, *said))


def import_labels(project: Project, path: Path, context: Context) -> Report:
    """Write a label file for each image that has labels in `path` and no label file yet.

    Raises FormatError when `path` cannot be read and StorageError when nothing can be written.
    """
    project.check_writable()
    read = _read(project, path, context.progress)
    return import_read(project, read, context)


def import_read(
    project: Project,
    read: Read,
    context: Context,
    answer: Answer | None = None,
    taken: Taken | None = None,
) -> Report:
    """As `import_labels`, for what was read. All that labelme's own files hold stays in them.

    `taken` counts along, so that it can be told how far it came when it is stopped.
    """
    project.check_writable()
    taken = Taken() if taken is None else taken
    taken.remarks += _remarks(read, project.root)
    taken.skeletons = read.collection.skeletons
    by_path = {entry.path.resolve(): entry for entry in project.images()}
    for place, image in enumerate(read.images):
        context.progress(place, len(read.images))
        taken.images = place
        entry = None if image.path is None else by_path.get(image.path.resolve())
        if entry is None:
            taken.strangers += 1
        elif entry.label_file.exists() or project.write_problem(entry) is not None:
            taken.kept += 1
        elif image.labels.shapes or image.labels.others or image.labels.done:
            try:
                _import_one(entry, image, read.collection.kind == "labelme", answer, taken)
            except MasklensError as error:
                taken.remarks.append(f"{entry.relative}: {error_text(error)}")
    return taken.report(project)


def _import_one(
    entry: ImageEntry, image: Located, own: bool, answer: Answer | None, taken: Taken
) -> None:
    fitted = image if answer is None else fitted_to(image, answer)
    if fitted is None:
        return  # labels of another image
    make_folder(entry.label_file.parent)
    write_atomic(entry.label_file, encoded(_imported(fitted), entry.label_file, own))
    instances = fitted.labels.instances
    taken.written.append(entry)
    taken.instances += len(instances)
    taken.crowds += sum(each.crowd for each in instances)
    taken.labels.update(dict.fromkeys(each.label for each in instances))


def _imported(image: Located) -> Located:
    """The labels of an image, what a person drew elsewhere marked as imported."""
    labels = image.labels.with_shapes(
        lambda shapes: [
            replace(each, source=Source.IMPORTED) if each.source is Source.DRAWN else each
            for each in shapes
        ]
    )
    return replace(image, labels=labels)


def _remarks(read: Read, root: Path) -> tuple[str, ...]:
    return tuple(sentence_text(each, root) for each in (*read.problems, *read.notes))
