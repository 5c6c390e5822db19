"""Export: all labels of the folder in any format, or copied as labelme files, off-thread."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from PySide6.QtCore import Signal

from app.base.jobs import Job, Jobs, JobState
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.folder_work import FolderWork
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.instance import Source
from core.document.regions import covering
from core.formats import labelme
from core.formats.convert import Read, write_labels
from core.formats.format import Format, Located
from core.formats.label_file import LabelFile
from core.formats.labelled import Collection
from core.formats.labelme_format import labelled_of
from core.formats.losses import losses
from core.formats.mismatch import UNANSWERED, Mismatch, mismatch_of
from core.formats.splits import SPLITS, Grouping, split_of
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError, Sentence
from core.storage.atomic import write_atomic
from core.storage.images import image_size


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: images and instances; images left out and why, one line each."""

    path: Path
    images: int
    instances: int
    without_labels: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for an export beside its format: shares of a split and what keeps images
    together in it, options, and whether a file that is there is to be replaced."""

    split: tuple[float, float, float] | None = None
    group: Grouping | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False


class Exporter(FolderWork):
    """`said` carries the report and the path, `lost` a format and what has no place in it."""

    said = Signal(str, object)
    lost = Signal(object, object)

    def __init__(self, workspace: Workspace, labelling: Labelling, jobs: Jobs) -> None:
        super().__init__(workspace, jobs)
        self._labelling = labelling
        self.splits: tuple[str, ...] = ()
        """The splits that labels of this folder were found to belong to."""

    def to_format(self, format: Format, path: Path, choice: Choice) -> None:
        """Write all labels in a format, to a file or folder of that kind."""
        names = self._labelling.names
        self._begin(
            "export",
            self.tr("Exporting {format}").format(format=format.title),
            lambda project, context: export_format(project, names, format, path, choice, context),
            self._done,
            self._stopped,
        )

    def look(self, format: Format) -> None:
        """Find out what of the labels of this folder a format has no place for; see `lost`."""
        project = self._workspace.project
        if project is not None:

            def found(answer: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
                self.splits, lines = answer
                self.lost.emit(format, lines)

            self._workspace.tasks.run(
                lambda context: what_is_lost(project, format, context),
                done=found,
                failed=lambda error: self.lost.emit(format, (error_text(error),)),
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

    def _stopped(self, _project: Project, job: Job) -> None:
        text = self.tr("stopped at image {done} of {all}; the files that are there are whole")
        job.end(JobState.CANCELLED, text.format(done=job.done, all=job.total))

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
            left_out = self.tr("%n remark(s) on what was exported.", "", len(report.problems))
            self.failed.emit("export", left_out, "\n".join(report.problems))


def export_format(
    project: Project,
    names: tuple[str, ...],
    format: Format,
    path: Path,
    choice: Choice,
    context: Context,
) -> Report:
    """Write all labels in a format. Raises FormatError and StorageError as converting does."""
    problems: list[str] = []
    everything = project.images()
    read = _gathered(project, names, everything, problems, context)
    report = write_labels(
        read,
        format,
        path,
        overwrite=choice.replace,
        split=choice.split,
        group=choice.group,
        options=choice.options,
        root=project.root,
        tell=context.progress,
    )
    missing = len(everything) - len(read.images) - len(problems)
    told = (*report.problems, *report.notes)
    said = tuple(sentence_text(each, project.root) for each in told)
    return Report(path, report.images, report.instances, missing, (*problems, *said))


def what_is_lost(
    project: Project, format: Format, context: Context
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The splits that labels of a folder belong to, and what of the labels a format has no place
    for, one line each."""
    read = _gathered(project, (), project.images(), [], context)
    said = losses(read.images, format, read.collection.kind)
    found = {each.labels.split for each in read.images}
    splits = tuple(each for each in SPLITS if each in found)
    return splits, tuple(sentence_text(each, project.root) for each in said)


def _gathered(
    project: Project,
    names: tuple[str, ...],
    entries: list[ImageEntry],
    problems: list[str],
    context: Context,
) -> Read:
    """The labels of a folder as what is read from any other."""
    labels = dict.fromkeys(names)
    images: list[Located] = []
    notes: list[Sentence] = []
    for entry, file, mismatch in _labelled(project, entries, problems, context):
        labels.update(dict.fromkeys(each.label for each in covering(file.shapes)))
        made = labelled_of(file, project.label_path(entry), entry.relative)
        if made.split is None:  # as folders called train, val and test say
            made = replace(made, split=split_of(PurePath(entry.relative).parent / "_"))
        images.append(Located(made, entry.path, file.width, file.height, mismatch))
        if mismatch is not None:
            notes.append(mismatch.said(UNANSWERED, entry.label_file, entry.relative))
    found = tuple(image.labels for image in images)
    collection = Collection("labelme", tuple(labels), found, skeletons=project.skeletons())
    return Read(collection, tuple(images), tuple(notes))


def export_labelme(project: Project, folder: Path, context: Context) -> Report:
    """Copy images and label files. Files that are there already are left alone and reported."""
    folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    everything = project.images()
    images = count = 0
    for entry, file, mismatch in _labelled(project, everything, problems, context):
        if mismatch is not None:
            said = mismatch.said(UNANSWERED, entry.label_file, entry.relative)
            problems.append(sentence_text(said, project.root))
        targets = (folder / entry.path.name, folder / entry.label_file.name)
        there = [target.name for target in targets if target.exists()]
        if there:
            problems.append(f"{entry.relative}: {', '.join(there)} is there already")
            continue
        shutil.copy2(entry.path, targets[0])
        write_atomic(targets[1], labelme.dumps(file))
        images += 1
        count += len(file.shapes)
    missing = len(everything) - images - len(problems)
    return Report(folder, images, count, missing, tuple(problems))


def _labelled(
    project: Project, images: list[ImageEntry], problems: list[str], context: Context
) -> Iterator[tuple[ImageEntry, LabelFile, Mismatch | None]]:
    """The images that have a label file, suggestions taken out; the size is the true one, or the
    one that the labels were made for where that is another."""
    for place, entry in enumerate(images):
        context.progress(place, len(images))
        path = project.label_path(entry)
        if not path.exists():
            continue
        try:
            file = labelme.read(path)
            size = image_size(entry.path)
        except MasklensError as error:
            problems.append(f"{entry.relative}: {error}")
            continue
        own = tuple(each for each in file.shapes if each.source is not Source.SUGGESTED)
        mismatch = mismatch_of(file.width, file.height, size, entry.path)
        if own or file.done or not file.shapes:
            # A size that nobody has answered for goes along, so that whoever reads it sees it.
            made = size if mismatch is None else mismatch.made
            yield entry, replace(file, shapes=own, width=made[0], height=made[1]), mismatch
    context.progress(len(images), len(images))
