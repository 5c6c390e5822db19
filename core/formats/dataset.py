"""Data sets to evaluate, explain or train on: images with the instances on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

from core.document.instance import Instance, Polygons, Shape, Source
from core.document.regions import comparable, is_done
from core.document.skeleton import Skeleton
from core.formats.collect import Collection, Labelled, collect
from core.formats.errors import FormatError
from core.formats.find_images import ImageFinder
from core.formats.labelled import Box
from core.formats.mismatch import (
    DETACHED,
    FITTED,
    LEFT_OUT,
    UNANSWERED,
    Answer,
    Mismatch,
    fitted_shapes,
    mismatch_of,
)
from core.formats.said import IMAGE_MISSING
from core.sentences import Sentence, say
from core.storage.images import ImageError, image_size

__all__ = ["Dataset", "DatasetItem", "FormatError", "open_dataset"]

_CROWDS: Final = say(
    "formats.crowds",
    "{count} of {all} instances are marked as crowds: they are neither learned from nor counted. "
    "Where a program marked single objects so, use --crowds-as-objects.",
)
_ALL_CROWDS: Final = say(
    "formats.all_crowds",
    "All {count} instances are marked as crowds (iscrowd 1), so nothing can be learned from them "
    "or compared with. Some programs mark every mask so: use --crowds-as-objects.",
)
_IMAGE_INSIDE: Final = say(
    "formats.image_inside",
    "{path} carries its image inside, and no image file {name} was found: open it in labelme "
    "and save the image.",
)


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """One image and the instances on it; suggestions are not among them.

    Crowds are marked, and areas to ignore are crowds. `file_name` is as the label file has it;
    `image_id` is unique in the data set. `width` and `height` are those of the upright image.
    `regions` are those in which everything is labelled; None, the rule, means the whole image.
    """

    image_path: Path
    instances: tuple[Instance, ...]
    image_id: int
    file_name: str
    width: int
    height: int
    regions: tuple[Polygons, ...] | None = None
    split: str | None = None
    """train, val or test, where the data set says so."""
    shapes: tuple[Shape, ...] = ()
    """Instances and regions as they stand in the file: for copying them, not for comparing."""
    boxes: Mapping[str, Box] = field(default_factory=dict)
    """The boxes that the file itself gives, by instance; else those of the outlines count."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set. `labels` are COCO's categories in the order of their ids, else the labels used.

    `problems` name each image or label file that had to be left out, and why.
    """

    labels: tuple[str, ...]
    items: tuple[DatasetItem, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)


def open_dataset(
    path: Path | str,
    images_dir: Path | str | None = None,
    *,
    crowds_as_objects: bool = False,
    mismatch: Answer | None = None,
) -> Dataset:
    """Open a file or a folder of labels, of any format.

    Images are sought as `ImageFinder` says; `mismatch` answers for those of another size than
    their labels say, which are left out else. Raises FormatError when the labels cannot be read.
    """
    collection = collect(Path(path))
    if crowds_as_objects:
        collection = replace(collection, images=tuple(map(_objects, collection.images)))
    opener = _Opener(collection, None if images_dir is None else Path(images_dir), mismatch)
    items = tuple(opener.items())
    problems = tuple(opener.problems)
    return Dataset(collection.labels, items, opener.notes(), problems, collection.skeletons)


def _objects(image: Labelled) -> Labelled:
    """The labels with the mark of crowds taken off."""
    return image.with_shapes(lambda shapes: [replace(each, crowd=False) for each in shapes])


class _Opener:
    """Finds the images of a collection and notes what is wrong with them."""

    def __init__(
        self, collection: Collection, images_dir: Path | None, answer: Answer | None
    ) -> None:
        self._answer = answer
        self._images = collection.images
        self._finder = ImageFinder(images_dir)
        self._suggestions = 0
        self._crowds = self._all = 0
        self._notes = list(collection.notes)
        self.problems = list(collection.problems)

    def items(self) -> Iterator[DatasetItem]:
        """The images that were found and fit their labels."""
        found = self._found()
        own_ids = all(type(image.image_id) is int for image in self._images)
        for number, image in enumerate(self._images, 1):
            path = found.get(number)
            if path is not None:
                item = self._item(image, path)
                image_id = image.image_id if own_ids and isinstance(image.image_id, int) else number
                if item is not None:
                    yield replace(item, image_id=image_id)

    def notes(self) -> tuple[Sentence, ...]:
        """What was noticed; complete after all items were taken."""
        if self._crowds:
            said = _ALL_CROWDS if self._crowds == self._all else _CROWDS
            self._notes.append(said.given(count=self._crowds, all=self._all))
        if not self._suggestions:
            return tuple(self._notes)
        left_out = say(
            "formats.suggestions_left_out",
            "{count} suggestions that nobody has accepted were left out of the data set.",
            count=self._suggestions,
        )
        return (*self._notes, left_out)

    def _found(self) -> dict[int, Path]:
        """The image files by number of the image, each under one label file only."""
        found = self._finder.find(self._images)
        paths = [each.path for each in found]
        self._notes += [each.said for each in found if each.said is not None]
        again = labelled_again(self._images, paths)
        self.problems += [
            missing(image) for image, path in zip(self._images, paths, strict=True) if path is None
        ]
        self._notes += again.values()
        return {
            place + 1: path
            for place, path in enumerate(paths)
            if path is not None and place not in again
        }

    def _item(self, image: Labelled, path: Path) -> DatasetItem | None:
        try:
            fitted, mismatch, said = answered(image, path, self._answer)
            width, height = image_size(path)
        except ImageError as error:
            self.problems.append(error.sentence)
            return None
        if mismatch is not None:
            self.problems.append(mismatch.said(LEFT_OUT, image.label_file, image.file_name))
            return None
        self._notes += [said] if said is not None else []
        if fitted is None:
            return None
        image = fitted
        self._notes += image.odd
        own = tuple(each for each in image.shapes if each.source is not Source.SUGGESTED)
        self._suggestions += len(image.shapes) - len(own)
        self._all += len(own)
        self._crowds += sum(each.crowd for each in own)
        regions = tuple(each.polygons for each in own if is_done(each))
        return DatasetItem(
            path,
            comparable(own),
            0,
            image.file_name,
            width,
            height,
            None if image.done or not regions else regions,
            image.split,
            own,
            image.boxes if image.fitted is None else {},
        )


def labelled_again(images: Sequence[Labelled], paths: Sequence[Path | None]) -> dict[int, Sentence]:
    """The places of those whose image another label file labels as well, and what to say of it.

    `paths` are the image files, None where there is none. The file of the image's own name counts,
    else the first.
    """
    owner: dict[Path, Path] = {}
    again: dict[int, Sentence] = {}
    for place in sorted(range(len(images)), key=lambda place: not _of_its_name(images[place])):
        image, path = images[place], paths[place]
        if path is None:
            continue
        first = owner.setdefault(path.resolve(), image.label_file)
        if first != image.label_file:
            name, file = image.file_name, str(image.label_file)
            again[place] = say(
                "formats.image_twice",
                "{name} is labelled in {path} and in {other}; {path} was used.",
                name=name,
                path=str(first),
                other=file,
            )
    return again


def _of_its_name(image: Labelled) -> bool:
    return image.label_file.stem == PurePosixPath(image.file_name).stem


def missing(image: Labelled) -> Sentence:
    """What to say of an image that was not found."""
    said = _IMAGE_INSIDE if image.embedded else IMAGE_MISSING
    return said.given(path=str(image.label_file), name=image.file_name)


def answered(
    labels: Labelled, path: Path, answer: Answer | None
) -> tuple[Labelled | None, Mismatch | None, Sentence | None]:
    """Labels fitted to their image as was answered, where its size is not the one they say.

    None where they belong to another image. The mismatch is told where it has no answer, or one
    that cannot be right here; what became of the labels is to be said. Raises ImageError.
    """
    real = image_size(path)
    mismatch = mismatch_of(labels.width, labels.height, real, path)
    if mismatch is not None and not labels.shapes and not labels.others:
        return replace(labels, width=real[0], height=real[1]), None, None  # nothing to fit
    if mismatch is None:
        return labels, None, None
    about = (labels.label_file, labels.file_name)
    if answer is None or answer not in mismatch.answers:
        return labels, mismatch, mismatch.said(UNANSWERED, *about)
    if answer is Answer.DETACH:
        return None, None, mismatch.said(DETACHED, *about)
    width, height = mismatch.real
    made = labels.with_shapes(lambda shapes: fitted_shapes(shapes, mismatch, answer))
    now = replace(made, width=width, height=height, fitted=(mismatch, answer))
    return now, None, mismatch.said(FITTED, *about, answer.value)
