"""What is wrong with the labels of an image or a folder, and the edits that put it right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.document.document import Document
from core.document.edits import Batch, Edit, Remove, Reshape
from core.document.geometry import clip_to_image
from core.document.geometry.algebra import is_valid, polygon_iou, repair
from core.document.geometry.measure import Rect, area, bounds
from core.document.instance import Line, Shape
from core.document.regions import covering
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.project.project import ImageEntry, Project
from core.sentences import MasklensError, Sentence, say
from core.storage.images import image_size

TINY: Final = 4.0
"""A part of fewer square pixels is a slip of the hand."""
SAME: Final = 0.95
"""Instances of one label that overlap by this much are one and the same."""


class Kind(StrEnum):
    """What can be wrong."""

    CROSSING = "crossing"
    TINY = "tiny"
    OUTSIDE = "outside"
    DUPLICATE = "duplicate"
    UNKNOWN_LABEL = "unknown-label"
    SIZE = "size"
    UNREADABLE = "unreadable"
    NO_IMAGE = "no-image"


WORDS: Final = {
    Kind.CROSSING: say("health.crossing", "“{label}”: its outline crosses itself"),
    Kind.TINY: say("health.tiny", "“{label}”: a part of less than {pixels} square pixels"),
    Kind.OUTSIDE: say("health.outside", "“{label}” reaches out of the image"),
    Kind.DUPLICATE: say("health.duplicate", "“{label}” is there twice"),
    Kind.UNKNOWN_LABEL: say("health.unknown", "“{label}” is not on the list of labels"),
    Kind.SIZE: say("health.size", "the labels are for {was} pixels, the image has {now}"),
    Kind.UNREADABLE: say("health.unreadable", "{reason}"),
    Kind.NO_IMAGE: say("health.no_image", "a label file without an image"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in a file named by its path below the folder.

    `id` is the instance concerned; `repair` puts it right, None where a person has to decide.
    """

    kind: Kind
    file: str
    sentence: Sentence
    id: str = ""
    repair: Edit | None = None


def problems_of(document: Document, file: str, labels: Sequence[str] = ()) -> Iterator[Problem]:
    """What is wrong with the instances of an image; with `labels` also those not among them."""
    gone: set[str] = set()
    for shape in document.shapes:
        outline = not isinstance(shape, Line)  # of a line nothing is looked at but its label
        for kind, edit in _of_shape(shape, document) if outline else ():
            if isinstance(edit, Remove):
                gone.add(shape.id)
            yield _problem(kind, file, shape, edit)
        if labels and shape.label not in labels:
            yield _problem(Kind.UNKNOWN_LABEL, file, shape, None)
    for shape in _duplicates(each for each in covering(document.shapes) if each.id not in gone):
        yield _problem(Kind.DUPLICATE, file, shape, Remove((shape.id,)))


def _problem(kind: Kind, file: str, shape: Shape, edit: Edit | None) -> Problem:
    sentence = WORDS[kind].given(label=shape.label, pixels=f"{TINY:g}")
    return Problem(kind, file, sentence, shape.id, edit)


def _of_shape(shape: Shape, document: Document) -> Iterator[tuple[Kind, Edit]]:
    """What is wrong with one outline, each repair made upon the one before."""
    polygons = shape.polygons
    found: list[Kind] = []
    if not is_valid(polygons):
        found.append(Kind.CROSSING)
        polygons = repair(polygons)
    box = bounds(shape)
    if box.x0 < 0 or box.y0 < 0 or box.x1 > document.width or box.y1 > document.height:
        found.append(Kind.OUTSIDE)
        polygons = clip_to_image(polygons, document.width, document.height)
    large = tuple(part for part in polygons if area((part,)) >= TINY)
    if len(large) < len(polygons):
        found.append(Kind.TINY)
    edit: Edit = Reshape(shape.id, large) if large else Remove((shape.id,))
    return ((kind, edit) for kind in found)


def _duplicates(shapes: Iterable[Shape]) -> Iterator[Shape]:
    """The later ones of shapes of one label that cover each other."""
    kept: dict[str, list[tuple[Rect, Shape]]] = {}
    for shape in shapes:
        box = bounds(shape)
        others = kept.setdefault(shape.label, [])
        alike = (other for rect, other in others if _near(rect, box))
        if any(polygon_iou(other, shape) >= SAME for other in alike):
            yield shape
        else:
            others.append((box, shape))


def _near(a: Rect, b: Rect) -> bool:
    """Whether boxes are alike enough for their shapes to be the same."""
    reach = (1 - SAME) * max(a.x1 - a.x0, a.y1 - a.y0, 1.0) + 1.0
    return max(abs(a.x0 - b.x0), abs(a.y0 - b.y0), abs(a.x1 - b.x1), abs(a.y1 - b.y1)) <= reach


def repairs(document: Document, ids: frozenset[str] | None = None) -> Edit | None:
    """One edit that puts right all that can be, or what concerns some instances; None for nothing.

    Each instance is changed once: the repairs of one outline build on each other.
    """
    edits: dict[str, Edit] = {}
    for problem in problems_of(document, ""):
        if problem.repair is not None and (ids is None or problem.id in ids):
            edits[problem.id] = problem.repair
    if not edits:
        return None
    return next(iter(edits.values())) if len(edits) == 1 else Batch(tuple(edits.values()))


def examine(project: Project, image: ImageEntry, labels: Sequence[str] = ()) -> list[Problem]:
    """What is wrong with an image and its label file; reads both. Never raises for them."""
    try:
        size = image_size(image.path)
        if not image.label_file.exists():
            return []
        content = labelme.read(image.label_file)
        document = Document(*size, content.shapes)
    except (MasklensError, OSError) as error:
        reason = str(error)
        return [
            Problem(Kind.UNREADABLE, image.relative, WORDS[Kind.UNREADABLE].given(reason=reason))
        ]
    found = list(problems_of(document, image.relative, labels))
    return [*_size_problem(content, size, image), *found]


def _size_problem(content: LabelFile, size: tuple[int, int], image: ImageEntry) -> list[Problem]:
    written = (content.width, content.height)
    if None in written or written == size:
        return []
    was, now = (f"{one[0]} x {one[1]}" for one in (written, size))
    return [Problem(Kind.SIZE, image.relative, WORDS[Kind.SIZE].given(was=was, now=now))]


def lost_label_files(project: Project, images: Iterable[ImageEntry]) -> list[Problem]:
    """Label files beside the images, or in the folder of labels, that are of none of them."""
    known = {image.label_file for image in images}
    folders = sorted({file.parent for file in known} | {project.root})
    files = (
        path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.json"))
    )
    return [
        Problem(Kind.NO_IMAGE, path.relative_to(project.root).as_posix(), WORDS[Kind.NO_IMAGE])
        for path in files
        if path not in known and _is_label_file(path)
    ]


def _is_label_file(path: Path) -> bool:
    try:
        labelme.read(path)
    except (MasklensError, OSError):
        return False
    return True
