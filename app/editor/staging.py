"""Bringing an image onto the screen off-thread: decode, halve, open labels; and looking ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from app.base.tasks import Context, Task, Tasks
from app.base.words import sentence_text
from app.canvas.look import Look, Shade, shade
from app.canvas.pyramid import ImagePyramid
from core.document.instance import Instance, Source
from core.document.regions import covering
from core.document.status import ImageStatus
from core.lru import Lru
from core.project.project import ImageEntry, Project
from core.session import ImageSession, covered_by
from core.storage.images import DecodedImage, ImageError, image_size, read_image, read_values
from core.storage.values import Values

KEEP_BYTES: Final = 512 << 20
KEEP_VALUES: Final = 256 << 20
KEEP_SHOWN: Final = 128 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image and its levels."""

    decoded: DecodedImage
    pyramid: ImagePyramid
    stamp: tuple[int, int]

    @property
    def size(self) -> int:
        """Roughly how many bytes it holds."""
        return self.decoded.pixels.nbytes * 4 // 3


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is seen of a picture under a look, with the values that are black and white in it.

    `values` are known where they were needed. `bounds` are None where the model's are shown, and
    are in the pixels already where those were `made` from the values.
    """

    look: Look
    pyramid: ImagePyramid
    values: Values | None = None
    bounds: tuple[float, float] | None = None
    made: bool = False

    def shade(self, look: Look) -> Shade | None:
        """What makes it look as `look` says, which may differ in brightness, contrast, gamma."""
        return shade(look, None if self.made else self.bounds)


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """An image ready to be shown. `covered` has what need not be shown, and what says it."""

    entry: ImageEntry
    picture: Picture
    shown: Shown
    session: ImageSession
    covered: Mapping[str, str]

    @property
    def waiting(self) -> tuple[Instance, ...]:
        """Suggestions without an answer, but for those that say what is there still."""
        session = self.session
        proposed = {each.id for each in session.suggestions.instances}

        def said(id: str) -> bool:
            by = self.covered.get(id, id)
            return by != id and (by in session.document or by in proposed)

        return tuple(each for each in session.pending if not said(each.id))

    def rejection(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Those of `ids` that a model proposed, and what it proposed to the same effect."""
        proposed = {each.id for each in self.session.suggestions.instances}
        meant = [id for id in ids if id in proposed]
        again = [id for id, by in self.covered.items() if by in meant and id in proposed]
        return (*meant, *again)


class Pictures:
    """Keeps the pictures seen last, up to a number of bytes. Safe from any thread."""

    def __init__(self, keep_bytes: int = KEEP_BYTES) -> None:
        self._lock = Lock()
        self._ahead: Task[None] | None = None
        self._known: Lru[Path, Picture] = Lru(keep_bytes, lambda picture: picture.size)
        self._values: Lru[Path, tuple[Picture, Values]] = Lru(
            KEEP_VALUES, lambda kept: kept[1].array.nbytes
        )
        self._shown: Lru[Path, tuple[Picture, Shown]] = Lru(
            KEEP_SHOWN, lambda kept: 4 * kept[1].pyramid.width * kept[1].pyramid.height
        )
        self.look = Look()
        """How all of them are shown."""

    def get(self, path: Path) -> Picture:
        """The picture, decoded now unless it is known. Raises ImageError."""
        stamp = _stamp(path)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known.stamp == stamp:
            return known
        decoded = read_image(path)
        picture = Picture(decoded, ImagePyramid.build(decoded.pixels), stamp)
        with self._lock:
            self._known[path] = picture
        return picture

    def values(self, path: Path, picture: Picture) -> Values:
        """The values of a picture as its file holds them. Raises ImageError."""
        with self._lock:
            kept = self._values.get(path)
        if kept is not None and kept[0] is picture:
            return kept[1]
        found = read_values(path) if picture.decoded.deep else None
        size = (picture.decoded.height, picture.decoded.width)
        if found is None or found.array.shape[:2] != size:
            found = Values(picture.decoded.pixels)
        with self._lock:
            self._values[path] = (picture, found)
        return found

    def shown(self, path: Path, picture: Picture) -> Shown:
        """A picture as it is to be seen now, made anew unless it is known. Raises ImageError."""
        look, deep = self.look, picture.decoded.deep
        if look.rule == "model" and look.channel < (0 if deep else 3):
            return Shown(look, picture.pyramid)
        with self._lock:
            kept = self._shown.get(path)
        if kept is not None and kept[0] is picture and kept[1].look.same_pixels(look, deep=deep):
            return kept[1]
        shown = _developed(look, picture, self.values(path, picture))
        with self._lock:
            self._shown[path] = (picture, shown)
        return shown

    def look_ahead(self, paths: Iterable[Path], tasks: Tasks) -> None:
        """Decode pictures that may be wanted next, in place of those asked for before."""
        if self._ahead is not None:
            self._ahead.cancel()
        wanted = list(paths)
        self._ahead = None
        if wanted:
            self._ahead = tasks.run(
                lambda context: self._decode(wanted, context),
                done=lambda _none: None,
                failed=lambda _error: None,  # said when the image is opened
            )

    def _decode(self, paths: list[Path], context: Context) -> None:
        for path in paths:
            context.check()
            self.shown(path, self.get(path))


def _developed(look: Look, picture: Picture, values: Values) -> Shown:
    least = 3 if values.colours >= 3 else 0
    band = look.channel if least <= look.channel < values.bands > 1 else None
    other = look.rule == "own" and look.kind != values.kind
    if band is None and (look.rule == "model" or other):
        return Shown(look, picture.pyramid, values)
    by_model = look.rule == "model" or other
    bounds = values.by_model if by_model else look.range_of(values.bounds, values.percentiles)
    if picture.decoded.deep and values.array is not picture.decoded.pixels:
        pyramid = ImagePyramid.build(values.shown(*bounds, band))
        return Shown(look, pyramid, values, bounds, made=True)
    return Shown(look, picture.pyramid, values, bounds)


def status_of(session: ImageSession) -> ImageStatus:
    """How far the work on an open image has come."""
    if session.document.done:
        return ImageStatus.DONE
    if session.document.shapes:
        imported = all(each.source is Source.IMPORTED for each in session.document.shapes)
        return ImageStatus.IMPORTED if imported else ImageStatus.CORRECTED
    return ImageStatus.SUGGESTED if session.pending else ImageStatus.UNTOUCHED


def why_closed(session: ImageSession) -> str:
    """Why the labels of this image cannot be changed where those of others can."""
    if session.read_only is None or not session.project.locked:
        return ""
    return sentence_text(session.read_only)


def stage(
    pictures: Pictures,
    project: Project,
    entry: ImageEntry,
    context: Context,
    *,
    parts: bool = False,
) -> Staged:
    """Everything needed to show an image; `parts` as in `covered_by`.

    Raises ImageError when it cannot be read.
    """
    picture = pictures.get(entry.path)
    context.check()
    size = (picture.decoded.width, picture.decoded.height)
    session = ImageSession.open(project, entry, size)
    covered = covered_by(session.pending, covering(session.document.shapes), parts=parts)
    return Staged(entry, picture, pictures.shown(entry.path, picture), session, covered)


@dataclass(frozen=True, slots=True)
class Outside:
    """What others have done to the files of the image on the screen."""

    changed: bool
    deleted: bool
    size: tuple[int, int] | None
    """Width and height of an image of another size in place of the one that is shown."""


def look_outside(staged: Staged) -> Outside:
    """Look at the label file and the image on the disk. Raises StorageError."""
    session = staged.session
    return Outside(session.changed_on_disk(), session.is_deleted(), _other_size(staged))


def _other_size(staged: Staged) -> tuple[int, int] | None:
    if _stamp(staged.entry.path) in (staged.picture.stamp, (0, 0)):
        return None
    try:
        size = image_size(staged.entry.path)
    except ImageError:  # half written: the next change is looked at again
        return None
    shown = (staged.picture.decoded.width, staged.picture.decoded.height)
    return None if size == shown else size


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
