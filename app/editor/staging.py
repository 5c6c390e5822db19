"""Bringing an image onto the screen off-thread: decode, halve, open labels; and looking ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from app.base.tasks import Context, Task, Tasks
from app.base.words import sentence_text
from app.canvas.pyramid import ImagePyramid
from core.document.instance import Source
from core.document.regions import labelled
from core.document.status import ImageStatus
from core.lru import Lru
from core.project.project import ImageEntry, Project
from core.session import ImageSession, covered_by
from core.storage.images import DecodedImage, ImageError, image_size, read_image

KEEP_BYTES: Final = 512 << 20


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
class Staged:
    """An image ready to be shown. `covered` has what need not be shown, and what says it."""

    entry: ImageEntry
    picture: Picture
    session: ImageSession
    covered: Mapping[str, str]

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
            self.get(path)


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
    covered = covered_by(session.pending, labelled(session.document.shapes), parts=parts)
    return Staged(entry, picture, session, covered)


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
