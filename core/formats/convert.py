"""Converting label files: to labelme, one file an image, or to COCO, one file for all.

Nothing that is there already is overwritten, except for a model's suggestions that nobody has
touched. Files cannot make us write outside of the folder that was named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final, Literal

from core.document.instance import Source
from core.document.regions import comparable, is_done
from core.formats import coco, labelme
from core.formats.coco import CocoImage
from core.formats.collect import Collection, Labelled, collect
from core.formats.dataset import labelled_again, missing, size_problem
from core.formats.errors import UNREADABLE, FormatError
from core.formats.find_images import ImageFinder
from core.formats.label_file import LabelFile
from core.sentences import Sentence, say
from core.storage.atomic import StorageError, make_folder, write_atomic
from core.storage.images import ImageError, image_size
from core.storage.paths import assign_label_files

__all__ = ["ConvertReport", "FormatError", "Target", "convert"]

_SIZE_DIFFERS: Final = say(
    "convert.size_differs",
    "{path} says that {name} is {width} x {height} pixels, but upright it is {real_width} x "
    "{real_height}; its labels may not fit.",
)

Target = Literal["labelme", "coco"]


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What was written. `problems` name each image or file that failed, `notes` tell the rest."""

    to: Target
    images: int
    instances: int
    written: tuple[Path, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()


def convert(
    src: Path | str,
    to: Target,
    out: Path | str,
    *,
    images_dir: Path | str | None = None,
    suggestions: bool = True,
    overwrite: bool = False,
) -> ConvertReport:
    """Convert a COCO or VIA file, or a folder of labelme or VIA files.

    `out` is a folder for labelme and a file for COCO. Images are sought as for a data set; those
    not found keep their names. Suggestions nobody has accepted stay marked as such, or are left
    out. Raises FormatError when the labels cannot be read or `out` is of the wrong kind or there,
    StorageError when the disk refuses.
    """
    out = Path(out)
    collection = collect(Path(src))
    if not suggestions:
        collection = replace(collection, images=tuple(map(_accepted, collection.images)))
    work = _Conversion(collection, None if images_dir is None else Path(images_dir), overwrite)
    return work.to_labelme(out) if to == "labelme" else work.to_coco(out)


def _accepted(image: Labelled) -> Labelled:
    kept = tuple(each for each in image.shapes if each.source is not Source.SUGGESTED)
    return replace(image, shapes=kept)


@dataclass(frozen=True, slots=True)
class _Located:
    """The labels of an image, with the image file when it was found, and the image's size."""

    labels: Labelled
    path: Path | None
    width: int | None
    height: int | None


class _Conversion:
    """One conversion: what it reads, and what there is to say about it."""

    def __init__(self, collection: Collection, images_dir: Path | None, overwrite: bool) -> None:
        self._collection = collection
        self._overwrite = overwrite
        self._finder = ImageFinder(images_dir)
        self._notes = list(collection.notes)
        self._problems = list(collection.problems)
        located = [self._locate(image) for image in collection.images]
        again = labelled_again(collection.images, [image.path for image in located])
        self._problems += again.values()
        self._located = [image for place, image in enumerate(located) if place not in again]

    def to_labelme(self, out: Path) -> ConvertReport:
        """One labelme file an image, below the folder `out`."""
        if out.exists() and not out.is_dir():
            raise FormatError(
                say(
                    "convert.not_a_folder",
                    "{path} is a file; labelme files go into a folder: name a folder.",
                    path=str(out),
                )
            )
        targets = self._label_files(out)
        written: list[Path] = []
        instances = 0
        for image, target in zip(self._located, targets, strict=True):
            if target is not None and self._write(target, self._labelme(image, target)):
                written.append(target)
                instances += len(image.labels.shapes)
        return self._report("labelme", len(written), instances, written)

    def to_coco(self, out: Path) -> ConvertReport:
        """One COCO file."""
        if out.is_dir():
            raise FormatError(
                say(
                    "convert.not_a_file",
                    "{path} is a folder; COCO goes into one file: name a file.",
                    path=str(out),
                )
            )
        images: list[CocoImage] = []
        own_ids = all(isinstance(image.labels.image_id, int) for image in self._located)
        for number, image in enumerate(self._located, 1):
            labels = image.labels
            if image.width is None or image.height is None:
                name, file = labels.file_name, str(labels.label_file)
                self._problems.append(
                    say(
                        "convert.no_size",
                        "{path} does not say how large {name} is, and the image was not found: "
                        "put it beside the file or name the folder of the images.",
                        path=file,
                        name=name,
                    )
                )
                continue
            name = labels.file_name if image.path is None else _relative(image.path, out.parent)
            id = labels.image_id if own_ids and labels.image_id is not None else number
            objects = comparable(labels.shapes)
            images.append(CocoImage(id, name, image.width, image.height, objects))
        others = sum(image.labels.others for image in self._located)
        if others:
            self._notes.append(
                say(
                    "convert.kept_shapes",
                    "{count} shapes are no outlines of objects and have no place in COCO; they "
                    "were left out.",
                    count=others,
                )
            )
        regions = sum(is_done(each) for image in self._located for each in image.labels.shapes)
        if regions:
            self._notes.append(
                say(
                    "convert.regions",
                    "{count} finished regions are no objects and have no place in COCO; they were "
                    "left out.",
                    count=regions,
                )
            )
        data = coco.dumps(images, self._collection.labels)
        if not self._write(out, data):
            raise FormatError(self._problems[-1])
        instances = sum(len(image.instances) for image in images)
        return self._report("coco", len(images), instances, [out])

    def _report(
        self, to: Target, images: int, instances: int, written: Iterable[Path]
    ) -> ConvertReport:
        pending = sum(
            shape.source is Source.SUGGESTED
            for image in self._located
            for shape in image.labels.shapes
        )
        if pending:
            self._notes.append(
                say(
                    "convert.suggestions",
                    "{count} of the instances are suggestions that nobody has accepted.",
                    count=pending,
                )
            )
        notes, problems = tuple(self._notes), tuple(self._problems)
        return ConvertReport(to, images, instances, tuple(written), notes, problems)

    def _locate(self, labels: Labelled) -> _Located:
        path = self._finder.find(labels.label_file, labels.file_name)
        if path is None:
            self._notes.append(missing(labels))
            return _Located(labels, None, labels.width, labels.height)
        try:
            width, height = image_size(path)
        except ImageError as error:
            self._notes.append(error.sentence)
            return _Located(labels, path, labels.width, labels.height)
        if (labels.width or width, labels.height or height) != (width, height):
            self._notes.append(size_problem(_SIZE_DIFFERS, labels, (width, height)))
        return _Located(labels, path, labels.width or width, labels.height or height)

    def _label_files(self, out: Path) -> list[Path | None]:
        """Where the labels of each image go; None for an image that has a place already."""
        images = [self._below(image, out) for image in self._located]
        free = assign_label_files(list(dict.fromkeys(images)))
        targets: list[Path | None] = []
        for located, image in zip(self._located, images, strict=True):
            target = free.pop(image, None)
            targets.append(target)
            if target is None:
                name, file = located.labels.file_name, str(located.labels.label_file)
                twice = say(
                    "convert.place_taken",
                    "{path} names the image {name}, for which labels were written already; these "
                    "were left out.",
                    name=name,
                    path=file,
                )
                self._problems.append(twice)
        return targets

    def _below(self, image: _Located, out: Path) -> Path:
        """The image as if it lay below `out`."""
        if image.path is not None:
            real, root = image.path.resolve(), out.resolve()
            if real.is_relative_to(root):
                return out / real.relative_to(root)
        inside = _inside(image.labels.file_name)
        if inside.as_posix() != PurePosixPath(image.labels.file_name).as_posix():
            name, file = image.labels.file_name, str(image.labels.label_file)
            note = say(
                "convert.renamed",
                "{path} names the image {name}, which lies outside of the folder; its labels were "
                "written as {target}.",
                path=file,
                name=name,
                target=inside.as_posix(),
            )
            self._notes.append(note)
        return out / inside

    def _labelme(self, image: _Located, target: Path) -> bytes:
        labels = image.labels
        if image.path is None:
            name = PurePosixPath(labels.file_name).name
        else:
            name = _relative(image.path, target.parent)
        if self._collection.kind == "labelme":
            file = labelme.read(labels.label_file)
            file = replace(file, image_name=name, shapes=labels.shapes)
        else:
            file = LabelFile(name, None, None, labels.shapes, done=labels.done)
        return labelme.dumps(replace(file, width=image.width, height=image.height))

    def _write(self, target: Path, data: bytes) -> bool:
        """Write a file; False, with a problem noted, when there is one that must stay."""
        try:
            if target.exists() and target.read_bytes() == data:
                return True
            if not self._overwrite and not labelme.may_overwrite(target):
                self._problems.append(
                    say(
                        "convert.exists",
                        "{path} is there already and was not overwritten: choose another place, "
                        "or move it away.",
                        path=str(target),
                    )
                )
                return False
            make_folder(target.parent)
            write_atomic(target, data)
        except StorageError as error:
            self._problems.append(error.sentence)
            return False
        except OSError as error:
            reason = error.strerror or str(error)
            self._problems.append(UNREADABLE.given(path=str(target), reason=reason))
            return False
        return True


def _inside(file_name: str) -> PurePosixPath:
    """The name as a path that cannot leave a folder: by its last part when it tries to."""
    parts = [part for part in PureWindowsPath(file_name).parts if part not in ("", ".")]
    windows = PureWindowsPath(file_name)
    if not parts or windows.anchor or ".." in parts:
        parts = [windows.name]
    clean = ["".join(c if c.isprintable() else "_" for c in part) for part in parts]
    return PurePosixPath(*[part if part not in ("", "..") else "_" for part in clean])


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from a folder, with forward slashes; absolute when on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()
