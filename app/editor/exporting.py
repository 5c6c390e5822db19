"""Export: all labels of the folder as one COCO file, or copied as labelme files, off-thread."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import Signal

from app.base.jobs import Job, Jobs, JobState
from app.base.tasks import Context
from app.editor.folder_work import FolderWork
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.instance import Source
from core.document.regions import comparable
from core.formats import coco, coco_write, labelme
from core.formats.label_file import LabelFile
from core.sentences import MasklensError
from core.storage.atomic import write_atomic
from core.storage.images import image_size
from core.storage.project import ImageEntry, Project


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: images and instances; images left out and why, one line each."""

    path: Path
    images: int
    instances: int
    without_labels: int
    problems: tuple[str, ...]


class Exporter(FolderWork):
    """`said` carries the report and the path."""

    said = Signal(str, object)

    def __init__(self, workspace: Workspace, labelling: Labelling, jobs: Jobs) -> None:
        super().__init__(workspace, jobs)
        self._labelling = labelling

    def to_coco(self, path: Path) -> None:
        """Write one COCO file with every image that has a label file."""
        names = self._labelling.names
        title = self.tr("Exporting COCO")
        self._begin(
            "export",
            title,
            lambda project, context: export_coco(project, names, path, context),
            self._done,
        )

    def to_labelme(self, folder: Path) -> None:
        """Copy labelled images and their label files to another folder; nothing is overwritten."""
        title = self.tr("Exporting labelme")
        self._begin(
            "export",
            title,
            lambda project, context: export_labelme(project, folder, context),
            self._done,
        )

    def _done(self, _project: Project, job: Job, report: Report) -> None:
        parts = (
            self.tr("written to {path}").format(path=report.path.name),
            self.tr("%n instance(s)", "", report.instances),
            self.tr("%n image(s)", "", report.images),
        )
        text = " · ".join(parts)
        if report.without_labels:
            text += " · " + self.tr(
                "%n image(s) without labels left out", "", report.without_labels
            )
        job.end(JobState.DONE, text)
        self.said.emit(text, report.path)
        if report.problems:
            left_out = self.tr("%n image(s) were left out.", "", len(report.problems))
            self.failed.emit("export", left_out, "\n".join(report.problems))


def export_coco(project: Project, names: tuple[str, ...], path: Path, context: Context) -> Report:
    """Write a COCO file. Raises StorageError when it cannot be written."""
    images: list[coco.CocoImage] = []
    labels = dict.fromkeys(names)
    problems: list[str] = []
    everything = project.images()
    for entry, labelled in _labelled(project, everything, problems, context):
        objects = comparable(labelled.shapes)
        labels.update(dict.fromkeys(each.label for each in objects))
        images.append(
            coco.CocoImage(
                id=len(images) + 1,
                file_name=entry.relative,
                width=labelled.width,
                height=labelled.height,
                instances=objects,
            )
        )
    coco_write.write(path, images, tuple(labels))
    count = sum(len(image.instances) for image in images)
    missing = len(everything) - len(images) - len(problems)
    return Report(path, len(images), count, missing, tuple(problems))


def export_labelme(project: Project, folder: Path, context: Context) -> Report:
    """Copy images and label files. Files that are there already are left alone and reported."""
    folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    everything = project.images()
    images = count = 0
    for entry, labelled in _labelled(project, everything, problems, context):
        targets = (folder / entry.path.name, folder / entry.label_file.name)
        there = [target.name for target in targets if target.exists()]
        if there:
            problems.append(f"{entry.relative}: {', '.join(there)} is there already")
            continue
        shutil.copy2(entry.path, targets[0])
        write_atomic(targets[1], labelme.dumps(labelled))
        images += 1
        count += len(labelled.shapes)
    missing = len(everything) - images - len(problems)
    return Report(folder, images, count, missing, tuple(problems))


def _labelled(
    project: Project, images: list[ImageEntry], problems: list[str], context: Context
) -> Iterator[tuple[ImageEntry, LabelFile]]:
    """The images that have a label file, suggestions taken out and the true size put in."""
    for place, entry in enumerate(images):
        context.progress(place, len(images))
        path = project.label_path(entry)
        if not path.exists():
            continue
        try:
            labelled = labelme.read(path)
            width, height = image_size(entry.path)
        except MasklensError as error:
            problems.append(f"{entry.relative}: {error}")
            continue
        own = tuple(each for each in labelled.shapes if each.source is not Source.SUGGESTED)
        if own or labelled.done or not labelled.shapes:
            yield entry, replace(labelled, shapes=own, width=width, height=height)
    context.progress(len(images), len(images))
