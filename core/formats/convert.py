"""Converting label files from any format into any other.

Nothing that is there already is overwritten, except for a model's suggestions that nobody has
touched. Files cannot make us write outside of the folder that was named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.document.instance import Source as Origin
from core.formats.collect import Collection, Labelled, collect
from core.formats.dataset import answered, labelled_again, missing
from core.formats.entries import TOLD_EVERY, Tell, unheard
from core.formats.errors import FormatError
from core.formats.find_images import ImageFinder
from core.formats.format import Format, Located, Sink, Writing
from core.formats.losses import file_losses, losses, misfit, objects_for
from core.formats.mismatch import Answer
from core.formats.registry import BY_NAME
from core.formats.splits import SPLITS, Grouping, dealt
from core.sentences import MasklensError, Sentence, say
from core.storage.images import ImageError, image_size

__all__ = ["ConvertReport", "FormatError", "convert"]

_HIDDEN: Final = say(
    "convert.mismatch_hidden",
    "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
    "{real_height}. A file of this format would not show that, so it was left out. Answer in the "
    "window, or with --mismatch ANSWER: {answers}.",
)

_STOPPED: Final = say(
    "convert.stopped",
    "Stopped: {count} files were written to {path}, for {all} images in all. Each of them is "
    "whole; the same command goes on with the rest.",
)


class Stopped(MasklensError):
    """A person stopped a conversion; the sentence says what is there."""


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What was written. `problems` name each image or file that failed, `notes` tell the rest."""

    to: str
    images: int
    instances: int
    written: tuple[Path, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """Labels as they were read, each with its image where that was found."""

    collection: Collection
    images: tuple[Located, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()


def convert(
    src: Path | str,
    to: str,
    out: Path | str,
    *,
    images_dir: Path | str | None = None,
    suggestions: bool = True,
    overwrite: bool = False,
    split: tuple[float, float, float] | None = None,
    group: Grouping | None = None,
    options: Mapping[str, str] | None = None,
    mismatch: Answer | None = None,
    tell: Tell = unheard,
) -> ConvertReport:
    """Convert a file or folder of any format to the one named.

    `out` is a file for formats that hold all images in one, else a folder. Images are sought as for
    a data set; those not found keep their names. Suggestions nobody has accepted stay marked as
    such, or are left out. `split` deals the images out to train, val and test, those of one `group`
    to one of them. `mismatch` answers
    for images of another size than their labels say; else that size is written, so that whoever
    reads it sees it, or they are left out where a format does not say it. `tell` hears how far it
    is and may raise to stop. Raises FormatError when the labels cannot be read or `out` is of the
    wrong kind or there, StorageError when the disk refuses.
    """
    folder = None if images_dir is None else Path(images_dir)
    read = read_labels(Path(src), folder, suggestions, mismatch, tell)
    return write_labels(
        read,
        BY_NAME[to],
        Path(out),
        overwrite=overwrite,
        split=split,
        group=group,
        options=options,
        tell=tell,
    )


def read_labels(
    src: Path,
    images_dir: Path | None,
    suggestions: bool = True,
    mismatch: Answer | None = None,
    tell: Tell = unheard,
) -> Read:
    """Read a file or folder and find its images; `mismatch` and `tell` are as for `convert`.

    Raises FormatError.
    """
    collection = collect(src, tell)
    if not suggestions:
        collection = replace(collection, images=tuple(map(_accepted, collection.images)))
    notes, problems = list(collection.notes), list(collection.problems)
    found = ImageFinder(images_dir).find(collection.images, tell)
    notes += [each.said for each in found if each.said is not None]
    again = labelled_again(collection.images, [each.path for each in found])
    problems += again.values()
    images = []
    for place, (image, each) in enumerate(zip(collection.images, found, strict=True)):
        if place % TOLD_EVERY == 0:
            tell(place, len(found))
        one = None if place in again else _located(image, each.path, mismatch, notes)
        images += [one] if one is not None else []
    return Read(collection, tuple(images), tuple(notes), tuple(problems))


def write_labels(
    read: Read,
    format: Format,
    out: Path,
    *,
    overwrite: bool = False,
    split: tuple[float, float, float] | None = None,
    group: Grouping | None = None,
    options: Mapping[str, str] | None = None,
    root: Path | None = None,
    tell: Tell = unheard,
) -> ConvertReport:
    """Write what was read, or was put together, in a format. Raises as `convert` does.

    One file for all images names them as seen from `root`, or else from its own folder.
    """
    images = read.images
    if split is not None:
        sides = dealt([image.labels for image in images], split, group)
        images = tuple(replace(i, labels=side) for i, side in zip(images, sides, strict=True))
    sink = Sink(overwrite, notes=list(read.notes), problems=list(read.problems))
    apart = _apart(images, format, out, split is not None, sink)
    _check_place(format, out, apart)
    fitting = [each for each in (_fitting(image, format, sink) for image in images) if each]
    said, pending = not_carried(read, images, format, tell)
    sink.notes += said
    labels = read.collection.labels
    sink.begin(len(fitting), tell)
    try:
        written = [
            format.write(Writing(read.collection, part, labels, place, sink, options or {}, root))
            for place, part in _parts(fitting, format, out, apart)
        ]
    except KeyboardInterrupt as stop:
        files = len(sink.written)
        raise Stopped(_STOPPED.given(path=str(out), count=files, all=len(fitting))) from stop
    if pending:
        sink.notes.append(
            say(
                "convert.suggestions",
                "{count} of the instances are suggestions that nobody has accepted.",
                count=pending,
            )
        )
    return ConvertReport(
        format.name,
        sum(part.images for part in written),
        sum(part.instances for part in written),
        tuple(sink.written),
        tuple(sink.notes),
        tuple(sink.problems),
    )


def not_carried(
    read: Read, images: Sequence[Located], format: Format, tell: Tell = unheard
) -> tuple[list[Sentence], int]:
    """What of labels has no place in a format, and how many of them are suggestions."""
    looked = _Looked(images, tell)
    lost = losses(looked, format, read.collection.kind)
    said = [*(looked.odd if "regions" not in format.carries else ()), *lost]
    if read.collection.kind != format.name:
        said += file_losses(read.collection.extra, format)
    return said, looked.pending


class _Looked:
    """Images that are gone through once, since their shapes may have to be read for it; what is
    odd of them, and how many shapes are suggestions."""

    def __init__(self, images: Sequence[Located], tell: Tell) -> None:
        self._images, self._tell = images, tell
        self.odd: list[Sentence] = []
        self.pending = 0

    def __iter__(self) -> Iterator[Located]:
        for place, image in enumerate(self._images):
            if place % TOLD_EVERY == 0:
                self._tell(place, len(self._images))
            self.odd += image.labels.odd
            self.pending += sum(each.source is Origin.SUGGESTED for each in image.labels.shapes)
            yield image


def _check_place(format: Format, out: Path, apart: bool) -> None:
    """Raise FormatError when `out` is a folder for a file, or a file for a folder."""
    if format.ending and out.is_dir() and not apart:
        raise FormatError(
            say(
                "convert.not_a_file",
                "{path} is a folder; {format} goes into one file: name a file.",
                path=str(out),
                format=format.title,
            )
        )
    if (apart or not format.ending) and out.exists() and not out.is_dir():
        raise FormatError(
            say(
                "convert.not_a_folder",
                "{path} is a file; {format} files go into a folder: name a folder.",
                path=str(out),
                format=format.title,
            )
        )


def _accepted(image: Labelled) -> Labelled:
    return image.with_shapes(
        lambda shapes: [each for each in shapes if each.source is not Origin.SUGGESTED]
    )


def _parts(
    images: Sequence[Located], format: Format, out: Path, apart: bool
) -> Iterator[tuple[Path, Sequence[Located]]]:
    """The images that go to one place, and the place: a file or folder a split, or one for all."""
    if not apart:
        yield out, images
        return
    by_split: dict[str, list[Located]] = {}
    for image in images:
        by_split.setdefault(image.labels.split or SPLITS[0], []).append(image)
    for split, part in by_split.items():
        yield out / f"{split}{format.ending}", part


def _apart(
    images: Sequence[Located], format: Format, out: Path, is_dealt: bool, sink: Sink
) -> bool:
    """Whether each split goes to a file or folder of its own; tells where none can."""
    splits = dict.fromkeys(i.labels.split for i in images if i.labels.split)
    if format.splits or not splits or (not format.ending and not is_dealt):
        return False
    if format.ending and out.suffix.lower() == format.ending:
        names = ", ".join(splits)
        sink.notes.append(
            say(
                "convert.splits_lost",
                "One {format} file has no place for the splits ({splits}): name a folder "
                "to get a file for each.",
                format=format.title,
                splits=names,
            )
        )
        return False
    return True


def _fitting(image: Located, format: Format, sink: Sink) -> Located | None:
    """The image as a format can hold it; None, with a problem noted, when it cannot."""
    labels = image.labels
    if "sizeless" not in format.carries and (image.width is None or image.height is None):
        name, file = labels.file_name, str(labels.label_file)
        sink.problems.append(
            say(
                "convert.no_size",
                "{path} does not say how large {name} is, and the image was not found: "
                "put it beside the file or name the folder of the images.",
                path=file,
                name=name,
            )
        )
        return None
    if image.mismatch is not None and "size" not in format.carries:
        said = image.mismatch.said(_HIDDEN, labels.label_file, labels.file_name)
        sink.problems.append(said)
        return None
    if "regions" in format.carries:
        return image
    kept = labels.with_shapes(
        lambda shapes: [i for i in objects_for(shapes, format) if misfit(i, format) is None]
    )
    return replace(image, labels=kept)


def fitted_to(image: Located, answer: Answer) -> Located | None:
    """An image with its labels fitted as was answered; None where they belong to another one.

    Raises ImageError.
    """
    if image.mismatch is None or image.path is None:
        return image
    labels, mismatch, _ = answered(image.labels, image.path, answer)
    if labels is None:
        return None
    return Located(labels, image.path, labels.width, labels.height, mismatch)


def _located(
    labels: Labelled, path: Path | None, answer: Answer | None, notes: list[Sentence]
) -> Located | None:
    """The labels with their image; None where they are not its labels."""
    if path is None:
        notes.append(missing(labels))
        return Located(labels, None, labels.width, labels.height)
    try:
        fitted, mismatch, said = answered(labels, path, answer)
        width, height = image_size(path)
    except ImageError as error:
        notes.append(error.sentence)
        return Located(labels, path, labels.width, labels.height)
    notes += [said] if said is not None else []
    if fitted is None:
        return None
    return Located(fitted, path, fitted.width or width, fitted.height or height, mismatch)
