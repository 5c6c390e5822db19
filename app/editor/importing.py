"""Import: labels of any format become label files, never in place of ones that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import Signal

from app.base.jobs import Job, JobState
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.folder_work import FolderWork
from core.document.instance import Source
from core.document.skeleton import Skeleton
from core.document.status import ImageStatus
from core.formats.convert import Read, fitted_to, read_labels
from core.formats.format import Located
from core.formats.labelme_format import encoded
from core.formats.mismatch import Answer
from core.formats.registry import BY_NAME
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError
from core.storage.atomic import make_folder, write_atomic


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
            lambda project, _context: look_at(project, path),
            self._on_look,
        )

    def take(self, preview: Preview, answer: Answer | None = None) -> None:
        """Give what was read to the images that have no labels.

        `answer` says what becomes of labels for images of another size; else each image is asked
        about when it is opened."""
        self._begin(
            "import",
            self.tr("Importing {file}").format(file=preview.title),
            lambda project, context: import_read(project, preview.read, context, answer),
            self._done,
        )

    def _on_look(self, _project: Project, job: Job, preview: Preview) -> None:
        job.end(JobState.DONE, preview.title)
        self.looked.emit(preview)

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


def look_at(project: Project, path: Path) -> Preview:
    """Read what is in `path` for the images of a folder. Raises FormatError."""
    read = read_labels(path, project.root, suggestions=False)
    return Preview(
        read,
        BY_NAME[read.collection.kind].title,
        len(read.images),
        sum(len(image.labels.instances) for image in read.images),
        _remarks(read),
    )


def import_labels(project: Project, path: Path, context: Context) -> Report:
    """Write a label file for each image that has labels in `path` and no label file yet.

    Raises FormatError when `path` cannot be read and StorageError when nothing can be written.
    """
    project.check_writable()
    return import_read(project, read_labels(path, project.root, suggestions=False), context)


def import_read(
    project: Project, read: Read, context: Context, answer: Answer | None = None
) -> Report:
    """As `import_labels`, for what was read. All that labelme's own files hold stays in them."""
    project.check_writable()
    by_path = {entry.path.resolve(): entry for entry in project.images()}
    own = read.collection.kind == "labelme"
    written: list[ImageEntry] = []
    labels: dict[str, None] = {}
    remarks = list(_remarks(read))
    kept = strangers = instances = 0
    for place, image in enumerate(read.images):
        context.progress(place, len(read.images))
        entry = None if image.path is None else by_path.get(image.path.resolve())
        if entry is None:
            strangers += 1
        elif entry.label_file.exists() or project.write_problem(entry) is not None:
            kept += 1
        elif image.labels.shapes or image.labels.others or image.labels.done:
            try:
                fitted = image if answer is None else fitted_to(image, answer)
                if fitted is None:
                    continue  # labels of another image
                image = fitted
                make_folder(entry.label_file.parent)
                write_atomic(entry.label_file, encoded(_imported(image), entry.label_file, own))
            except MasklensError as error:
                remarks.append(f"{entry.relative}: {error_text(error)}")
                continue
            written.append(entry)
            instances += len(image.labels.instances)
            labels.update(dict.fromkeys(each.label for each in image.labels.instances))
    status = {entry.path: project.status(entry) for entry in written}
    skeletons = {k: each for k, each in read.collection.skeletons.items() if k in labels}
    counts = (kept, strangers, tuple(remarks), status, skeletons)
    return Report(tuple(written), instances, tuple(labels), *counts)


def _imported(image: Located) -> Located:
    """The labels of an image, what a person drew elsewhere marked as imported."""
    shapes = tuple(
        replace(each, source=Source.IMPORTED) if each.source is Source.DRAWN else each
        for each in image.labels.shapes
    )
    return replace(image, labels=replace(image.labels, shapes=shapes))


def _remarks(read: Read) -> tuple[str, ...]:
    return tuple(sentence_text(each) for each in (*read.problems, *read.notes))
