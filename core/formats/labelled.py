"""The common value of all formats: labels by image, whatever file they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count as counting
from pathlib import Path
from typing import Final, Generic, TypeVar, overload

from core.document.instance import NO_DETAILS, ImageDetails, Instance, Shape
from core.document.regions import IGNORED_LABEL, NO_OBJECTS, covering, is_done
from core.document.skeleton import Skeleton
from core.formats.label_file import Json
from core.formats.mismatch import Answer, Mismatch
from core.sentences import Sentence, say
from core.storage.natural import natural_key

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the image."""
_NO_LABEL: Final = say(
    "formats.no_label",
    "{path}: shapes {numbers} on {name} have no label: nothing is learned from them, and most "
    "formats have no place for them. Give them one.",
)
_BACKGROUND: Final = say(
    "formats.background",
    "{path}: shapes {numbers} on {name} are labelled {label}, which is no object; they are left "
    "out.",
)
_IGNORED: Final = say(
    "formats.ignored",
    "{path}: shapes {numbers} on {name} are labelled {label}, so nothing is learned or compared "
    "there.",
)
_ODD: Final = {NO_OBJECTS[0]: _NO_LABEL, NO_OBJECTS[1]: _BACKGROUND, IGNORED_LABEL: _IGNORED}
_NAMED: Final = 20
T = TypeVar("T")


class Later(Sequence[T], Generic[T]):
    """What of a large file is made whenever it is looked into, so that it takes no memory.

    `count` says how much there is, where that is known.
    """

    __slots__ = ("_count", "_make")

    def __init__(self, make: Callable[[], Sequence[T]], count: int | None = None) -> None:
        self._make, self._count = make, count

    def __len__(self) -> int:
        return len(self._make()) if self._count is None else self._count

    def __iter__(self) -> Iterator[T]:
        return iter(self._make())

    @overload
    def __getitem__(self, k: int) -> T: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[T]: ...
    def __getitem__(self, k: int | slice) -> T | Sequence[T]:
        return self._make()[k]


class LaterByName(Mapping[str, T], Generic[T]):
    """As `Later`, by name."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make

    def __len__(self) -> int:
        return len(self._make())

    def __iter__(self) -> Iterator[str]:
        return iter(self._make())

    def __getitem__(self, name: str) -> T:
        return self._make()[name]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labels of one image: which file they come from, and how it names the image.

    `image_path` is set where the format itself says which file the image is. `split` is train, val
    or test, None where nothing says so. `extra` holds keys of the image's entry, and `extras` those
    of instances by id, that this program has no use for and that travel. `boxes` are those that the
    file itself gives, by instance. Of labelme's files: `done` says that a person finished the
    image, `details` what else is said of it, `embedded` that the file has the image inside, and
    `others` counts shapes that are no outlines. `fitted` says how they came to fit an image of
    another size than their file says. `places` are the numbers of shapes in the file, by id, where
    they are not those in `shapes`. What belongs to instances is made anew at each look where the
    file is large.
    """

    label_file: Path
    file_name: str
    width: int | None
    height: int | None
    shapes: Sequence[Shape]
    image_id: int | str | None = None
    done: bool = False
    details: ImageDetails = NO_DETAILS
    embedded: bool = False
    others: int = 0
    image_path: Path | None = None
    split: str | None = None
    extra: Json = field(default_factory=dict)
    extras: Mapping[str, Json] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
    fitted: tuple[Mismatch, Answer] | None = None
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def odd(self) -> Iterator[Sentence]:
        """What to say of its shapes whose labels are none, or say that they are no objects."""
        return odd_labels(self.label_file, self.file_name, self.shapes, self.places)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects, and what a model proposes."""
        return tuple(each for each in self.shapes if isinstance(each, Instance))

    def with_shapes(self, change: Callable[[Sequence[Shape]], Sequence[Shape]]) -> Labelled:
        """The labels with their shapes changed so; of a large file whenever they are looked at."""
        shapes = self.shapes
        if isinstance(shapes, Later):
            return replace(self, shapes=Later(lambda: change(shapes)))
        return replace(self, shapes=tuple(change(shapes)))


@dataclass(frozen=True, slots=True)
class Collection:
    """All labels found. `labels` are those that the format declares, else those used, sorted.

    `kind` is the name of the format. `problems` name the files that could not be read; `notes` what
    was noticed, repaired or left out in the others. `extra` is what the format keeps of the file;
    `skeletons` say what the keypoints of a label are called.
    """

    kind: str
    labels: tuple[str, ...]
    images: tuple[Labelled, ...]
    notes: tuple[Sentence, ...] = ()
    problems: tuple[Sentence, ...] = ()
    extra: Json = field(default_factory=dict)
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)


def odd_labels(
    path: Path, name: str, shapes: Sequence[Shape], places: Mapping[str, int]
) -> Iterator[Sentence]:
    """What to say of shapes whose labels are none, or say that they are no objects.

    `places` are the numbers of shapes in the file where they are not those in `shapes`, by id.
    """
    found: dict[str, list[int]] = {}
    for number, shape in enumerate(shapes):
        if shape.label in _ODD and not (is_done(shape) or shape.line):
            found.setdefault(shape.label, []).append(places.get(shape.id, number) + 1)
    for label, numbers in found.items():
        listed = ", ".join(map(str, numbers[:_NAMED])) + ("…" if len(numbers) > _NAMED else "")
        said = _ODD[label]
        yield said.given(path=str(path), name=name, numbers=listed, label=label)


def used_labels(images: Iterable[Labelled]) -> tuple[str, ...]:
    """The labels in use, in natural order; those of no objects are none."""
    used = {each.label for image in images for each in covering(image.shapes)} - {*NO_OBJECTS}
    return tuple(sorted(used, key=natural_key))


def group_numbers(instances: Sequence[Instance]) -> list[int]:
    """A number from 1 for each instance that no other has: its own group where it has one."""
    wanted = Counter(each.group_id for each in instances)
    taken = {group for group, count in wanted.items() if group is not None and count == 1}
    free = (number for number in counting(1) if number not in taken)
    return [
        each.group_id
        if each.group_id in taken and each.group_id is not None and each.group_id > 0
        else next(free)
        for each in instances
    ]


def merged(parts: Sequence[Collection], *, declared: bool = False) -> Collection:
    """Several files of one format as one collection.

    With `declared` the labels stay in the order of the files, else they are sorted.
    """
    if len(parts) == 1:
        return parts[0]
    images = tuple(image for part in parts for image in part.images)
    listed = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    return Collection(
        kind=parts[0].kind,
        labels=listed if declared else tuple(sorted(listed, key=natural_key)),
        images=images,
        notes=tuple(note for part in parts for note in part.notes),
        problems=tuple(problem for part in parts for problem in part.problems),
        extra=parts[0].extra,
        skeletons={k: each for part in reversed(parts) for k, each in part.skeletons.items()},
    )
