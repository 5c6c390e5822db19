"""What a run learns from: the images that a person vouched for, split into two sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.codec import FieldError
from core.document.instance import Instance, Shape, Source
from core.document.regions import comparable, is_done
from core.formats.dataset import Dataset
from core.formats.errors import FormatError
from core.formats.labelled import odd_labels
from core.formats.labelme_format import places
from core.formats.mismatch import LEFT_OUT, mismatch_of
from core.learning.errors import LearningError
from core.learning.frozen import FrozenImage, Provenance
from core.learning.likeness import groups
from core.learning.memory import Memory
from core.learning.split import FEW, hold_out
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError, Sentence, say
from core.storage.images import ImageError

_CROWDS: Final = say(
    "learning.crowds",
    "{count} of {all} instances are crowds or areas to ignore, and not learned from. Where they "
    "are single objects, take the mark of crowds off them: Edit > No crowds in this folder.",
)
_ONLY_CROWDS: Final = say(
    "learning.only_crowds",
    "All {count} instances are crowds or areas to ignore, so there is nothing to learn from. Where "
    "a program marked single objects so, take the mark off: in the window with Edit > No crowds in "
    "this folder, on the command line with --crowds-as-objects.",
)
FEW_IMAGES: Final = say(
    "learning.few_images",
    "With {count} images, figures before and after cannot be trusted; {enough} or more are needed.",
)
OnImage = Callable[[int, int], None]
"""Told how many images were looked at, and of how many."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What can be learned from, with what a person should know about it.

    `labels` are in the order of the project or data set, and only those in use. `problems` name
    files that had to be left out, `notes` say what else was noticed.
    """

    images: tuple[FrozenImage, ...]
    labels: tuple[str, ...]
    provenance: Provenance
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Examples by label, both sides together."""
        found = Counter(one.label for image in self.images for one in image.objects)
        return {label: found[label] for label in self.labels}

    @property
    def held_out(self) -> int:
        """How many images are kept for measuring."""
        return sum(image.held_out for image in self.images)


def gather_project(
    project: Project,
    *,
    share: float = 0.2,
    leave_out_accepted: bool = False,
    earlier: Mapping[str, bool] | None = None,
    on_image: OnImage | None = None,
    memory: Memory | None = None,
) -> Gathered:
    """The images of a project that are marked done, and those with done regions.

    `earlier` tells the sides of an earlier run. Reads images, so keep it off the window's thread;
    with a `memory` of the last time only those that have changed. Raises LearningError when there
    is nothing to learn from.
    """
    known = memory or Memory()
    problems: list[Sentence] = []
    counts: Counter[Source] = Counter()
    images: list[FrozenImage] = []
    notes: list[Sentence] = []
    for number, entry in enumerate(project.images()):
        summary = project.summary(entry)
        if not summary.own and not summary.done:
            continue
        try:
            image = _of_project(entry, number + 1, leave_out_accepted, counts, known)
            labels = known.labels(entry.label_file)
        except (FormatError, FieldError, ImageError) as error:
            problems.append(error.sentence)
            continue
        if image is not None:
            images.append(image)
            notes += odd_labels(entry.label_file, entry.relative, labels.shapes, places(labels))
    order = _project_order(project)
    return _split(images, order, counts, share, earlier, problems, notes, on_image, known)


def gather_dataset(
    dataset: Dataset,
    *,
    share: float = 0.2,
    measured_on: Dataset | None = None,
    leave_out_accepted: bool = False,
    earlier: Mapping[str, bool] | None = None,
    on_image: OnImage | None = None,
) -> Gathered:
    """All images of a data set; each counts as done.

    With `measured_on`, that data set is held out and all of the first is learned from. Where the
    data set has a split val of its own, that is held out, and test is left alone.
    Raises LearningError when there is nothing to learn from.
    """
    counts: Counter[Source] = Counter()
    problems = [*dataset.problems]
    notes = [*dataset.notes]
    if measured_on is None and share > 0 and any(item.split == "val" for item in dataset.items):
        dataset, measured_on = _by_split(dataset, notes)
    images = list(_of_dataset(dataset, leave_out_accepted, counts))
    if measured_on is None:
        known = Memory()
        return _split(
            images, dataset.labels, counts, share, earlier, problems, notes, on_image, known
        )
    held = [
        replace(image, held_out=True, key=f"held-out:{image.key}")
        for image in _of_dataset(measured_on, False, Counter())
    ]
    problems += measured_on.problems
    return _result([*images, *held], dataset.labels, counts, problems, notes)


def _by_split(dataset: Dataset, notes: list[Sentence]) -> tuple[Dataset, Dataset]:
    """The images to learn from and those of the split val, as the data set deals them out."""
    sides = {
        split: tuple(item for item in dataset.items if (item.split or "train") == split)
        for split in ("train", "val", "test")
    }
    notes.append(
        say(
            "learning.own_splits",
            "The data set has splits of its own: {train} images are learned from, {val} of val "
            "are held out, and {test} of test are left alone.",
            **{split: len(items) for split, items in sides.items()},
        )
    )
    held = replace(dataset, items=sides["val"], notes=(), problems=())
    return replace(dataset, items=sides["train"]), held


def _of_project(
    entry: ImageEntry, number: int, leave_out: bool, counts: Counter[Source], memory: Memory
) -> FrozenImage | None:
    """An image of a project as far as it is finished; None when nothing of it is."""
    labels = memory.labels(entry.label_file)
    regions = tuple(each.polygons for each in labels.regions if is_done(each))
    if not labels.done and not regions:
        return None
    width, height = memory.size(entry.path)
    mismatch = mismatch_of(labels.width, labels.height, (width, height), entry.path)
    if mismatch is not None:
        raise FormatError(mismatch.said(LEFT_OUT, entry.label_file, entry.relative))
    instances = _learned(labels.shapes, leave_out, counts)
    return FrozenImage(
        key=entry.relative,
        path=entry.path,
        image_id=number,
        width=width,
        height=height,
        instances=instances,
        regions=None if labels.done else regions,
    )


def _of_dataset(
    dataset: Dataset, leave_out: bool, counts: Counter[Source]
) -> Iterator[FrozenImage]:
    for item in dataset.items:
        yield FrozenImage(
            key=item.file_name,
            path=item.image_path.absolute(),
            image_id=item.image_id,
            width=item.width,
            height=item.height,
            instances=_learned(item.instances, leave_out, counts),
            regions=item.regions,
        )


def _learned(
    shapes: Iterable[Shape], leave_out_accepted: bool, counts: Counter[Source]
) -> tuple[Instance, ...]:
    """Objects, and as crowds the areas to ignore; suggestions are dropped, sources counted.

    With `leave_out_accepted`, instances that a person accepted without a change become areas to
    ignore: neither an example nor background.
    """
    dropped = Source.ACCEPTED if leave_out_accepted else None
    found = tuple(
        replace(each, crowd=True) if each.source is dropped else each
        for each in comparable(shapes)
        if each.source is not Source.SUGGESTED
    )
    counts.update(each.source for each in found if not each.crowd)
    return found


def _project_order(project: Project) -> tuple[str, ...]:
    try:
        return tuple(label.name for label in project.load_settings().labels)
    except MasklensError:  # a broken settings file costs the order, not the run
        return ()


def _split(
    images: Sequence[FrozenImage],
    order: Sequence[str],
    counts: Counter[Source],
    share: float,
    earlier: Mapping[str, bool] | None,
    problems: list[Sentence],
    notes: Iterable[Sentence],
    on_image: OnImage | None,
    memory: Memory,
) -> Gathered:
    """Hold images out: whole groups of near-duplicates, never one that is partly labelled."""
    kept: list[FrozenImage] = []
    seen = []
    for number, image in enumerate(images):
        if on_image is not None:
            on_image(number + 1, len(images))
        if share > 0:
            try:
                seen.append(memory.likeness(image.path))
            except ImageError as error:
                problems.append(error.sentence)
                continue
        kept.append(image)
    group = groups(seen) if share > 0 else list(range(len(kept)))
    partial = {group[n] for n, image in enumerate(kept) if image.regions is not None}
    free = [n for n in range(len(kept)) if group[n] not in partial]
    keys = [kept[n].key for n in free]
    sides = hold_out(keys, [group[n] for n in free], share, earlier)
    held = {n for n, side in zip(free, sides, strict=True) if side}
    remarks = list(notes)
    if share > 0 and len(kept) < FEW:
        remarks.append(FEW_IMAGES.given(count=len(kept), enough=FEW))
    chosen = [replace(image, held_out=n in held) for n, image in enumerate(kept)]
    return _result(chosen, order, counts, problems, remarks)


def _result(
    images: Sequence[FrozenImage],
    order: Sequence[str],
    counts: Counter[Source],
    problems: Sequence[Sentence],
    notes: Iterable[Sentence],
) -> Gathered:
    learned = [image for image in images if not image.held_out]
    remarks = list(notes)
    marked = sum(len(image.instances) - len(image.objects) for image in images)
    if marked and not any(note.id in ("formats.crowds", "formats.all_crowds") for note in remarks):
        all = sum(len(image.instances) for image in images)
        remarks.append(_CROWDS.given(count=marked, all=all))
    if marked and not any(image.objects for image in learned):
        raise LearningError(_ONLY_CROWDS.given(count=marked))
    if not any(image.objects for image in learned):
        raise LearningError(
            say(
                "learning.nothing_done",
                "There is nothing to learn from yet: mark at least one image with instances as "
                "done.",
            )
        )
    used = dict.fromkeys(one.label for image in learned for one in image.objects)
    labels = tuple(name for name in dict.fromkeys((*order, *used)) if name in used)
    drawn = counts[Source.DRAWN] + counts[Source.IMPORTED]
    return Gathered(
        tuple(images),
        labels,
        Provenance(
            drawn,
            counts[Source.EDITED],
            counts[Source.ACCEPTED],
            marked,
            counts[Source.PROMPTED],
        ),
        tuple(remarks),
        tuple(problems),
    )
