"""Import: labels from COCO, VIA or labelme become label files, never in place of ones there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal

from app.base.jobs import Job, JobState
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.folder_work import FolderWork
from core.document.status import ImageStatus
from core.formats import labelme
from core.formats.dataset import DatasetItem, open_dataset
from core.formats.label_file import LabelFile
from core.sentences import MasklensError
from core.storage.atomic import write_atomic
from core.storage.images import image_size
from core.storage.project import ImageEntry, Project


@dataclass(frozen=True, slots=True)
class Report:
    """What came in: images and instances; what did not, and why, one line each."""

    written: tuple[ImageEntry, ...]
    instances: int
    labels: tuple[str, ...]
    kept: int
    strangers: int
    problems: tuple[str, ...]


class Importer(FolderWork):
    """`said` carries the report."""

    said = Signal(str)

    def start(self, path: Path) -> None:
        """Read a file or folder of labels and give them to the images that have none."""
        self._begin(
            "import",
            self.tr("Importing {file}").format(file=path.name),
            lambda project, context: import_labels(project, path, context),
            self._done,
        )

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
        if report.problems:
            self.failed.emit(
                "import",
                self.tr("%n image(s) could not be imported.", "", len(report.problems)),
                "\n".join(report.problems),
            )
        if project is self._workspace.project:
            self._workspace.labels_found.emit(report.labels)
            for entry in report.written:
                self._workspace.set_status(entry.path, ImageStatus.CORRECTED)
            if self._workspace.path in {entry.path for entry in report.written}:
                self._workspace.reload()


def import_labels(project: Project, path: Path, context: Context) -> Report:
    """Write a label file for each image that has labels in `path` and no label file yet.

    Raises FormatError when `path` cannot be read and StorageError when nothing can be written.
    """
    project.check_writable()
    dataset = open_dataset(path, project.root)
    by_path = {entry.path.resolve(): entry for entry in project.images()}
    by_name = {entry.name: entry for entry in by_path.values()}
    written: list[ImageEntry] = []
    labels: dict[str, None] = {}
    problems = [sentence_text(problem) for problem in dataset.problems]
    kept = strangers = instances = 0
    for place, item in enumerate(dataset.items):
        context.progress(place, len(dataset.items))
        entry = by_path.get(item.image_path.resolve()) or by_name.get(item.image_path.name)
        if entry is None:
            strangers += 1
        elif entry.label_file.exists() or project.write_problem(entry) is not None:
            kept += 1
        elif item.shapes:
            try:
                _write(entry, item)
            except MasklensError as error:
                problems.append(f"{entry.relative}: {error_text(error)}")
                continue
            written.append(entry)
            instances += len(item.instances)
            labels.update(dict.fromkeys(each.label for each in item.instances))
    return Report(tuple(written), instances, tuple(labels), kept, strangers, tuple(problems))


def _write(entry: ImageEntry, item: DatasetItem) -> None:
    width, height = image_size(entry.path)
    content = LabelFile(entry.name, width, height, item.shapes)
    write_atomic(entry.label_file, labelme.dumps(content))
