"""A project: a folder of images, the label files beside them, and `.masklens/` for the rest.

    .masklens/project.json    labels with colours, the active label
    .masklens/lock            held by the masklens that works in the folder
    .masklens/suggestions/    what models propose, a file an image
    .masklens/journals/       edits that no label file holds yet, a file an image
    .masklens/journals/aside/ journals that a person turned down or that fit no file any more
    .masklens/deleted/        label files that a person deleted
    .masklens/versions/       what each label file held over the last week
    .masklens/runs/           fine-tunings
    .masklens/learning.json   choices for the next fine-tuning, the models that were in use

Nothing outside the folder is ever written: below `.masklens` no link is followed
(`core.storage.inside`), and a label file that is a link out of the folder is refused.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from core.document.skeleton import Skeleton
from core.document.status import ImageStatus
from core.project.settings import ProjectSettings, load_settings, save_settings
from core.project.suggestions import SuggestionSet, load_suggestions
from core.project.summary import NO_LABELS, LabelSummary, summarise
from core.sentences import Sentence, say
from core.storage import inside
from core.storage.atomic import StorageError, explain, is_protected, move_aside, sweep
from core.storage.image_tree import image_folders
from core.storage.lock import FolderLock
from core.storage.paths import label_names, output_names, own_name
from core.storage.versions import sweep_versions

_LINK_LEAVES: Final = say(
    "project.link_leaves", "{path} is a link out of the folder; nothing is written through it."
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An image of a project: its path, its name relative to the folder, and its label file by the
    folder of the labels and the name below it."""

    path: Path
    relative: str
    labels: Path
    label_name: str

    @property
    def label_file(self) -> Path:
        """Where its labels are; put together when asked for, as 100,000 are listed at once."""
        return self.labels / self.label_name

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def named_from_labels(self) -> str:
        """The image as its label file names it: by its path from there, with forward slashes."""
        return Path(os.path.relpath(self.path, self.label_file.parent)).as_posix()


class _Seen(Generic[_T]):
    """Remembers what was read from files until they change (by time and size)."""

    def __init__(self, read: Callable[[Path], _T], absent: _T) -> None:
        self._read = read
        self._absent = absent
        self._known: dict[Path, tuple[tuple[int, int, int], _T]] = {}

    def get(self, path: Path) -> _T:
        try:
            stat = inside.stat(path) if inside.is_below_own(path) else path.stat()
        except OSError:
            return self._absent
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            # Single dictionary steps, so that two threads at worst read a file twice.
            known = self._known[path] = (stamp, self._read(path))
        return known[1]


class Project:
    """The images of a folder and all that belongs to them.

    With `only`, the project shows just these images of the folder. Reading is safe from any
    thread. Nothing is written before `lock` has succeeded.
    """

    def __init__(self, root: Path, only: Sequence[Path] = ()) -> None:
        self.root = Path(root).absolute()
        self.folder = self.root / ".masklens"
        self._only = frozenset(only)
        self._lock: FolderLock | None = None
        self._lock_guard = threading.Lock()
        self._summaries = _Seen(summarise, NO_LABELS)
        self._suggestions = _Seen(_suggested, _NOTHING_SUGGESTED)

    # Images

    def images(self) -> list[ImageEntry]:
        """The images, also of folders within, in natural order. Raises ImageError."""
        layout = self._layout()
        folders = image_folders(self.root, nested=layout.subfolders)
        labels = self.root / layout.labels_folder
        if layout.labels_folder:
            names = output_names(labels, folders)
        else:
            names = [
                [each.below + name for name in label_names(labels / each.below, each.images,
                                                           each.jsons)]
                for each in folders
            ]  # fmt: skip
        entries = []
        for each, files in zip(folders, names, strict=True):
            here = self.root / each.below
            for name, file in zip(each.images, files, strict=True):
                entries.append(ImageEntry(here / name, each.below + name, labels, file))
        if self._only:
            entries = [entry for entry in entries if entry.path in self._only]
        return entries

    def _layout(self) -> ProjectSettings:
        """Where images and label files lie; as usual where the settings cannot be read."""
        try:
            return self.load_settings()
        except StorageError:
            return ProjectSettings()

    def label_path(self, image: ImageEntry) -> Path:
        """The label file of an image, beside it or in the folder of labels."""
        return image.label_file

    def suggestions_path(self, image: ImageEntry) -> Path:
        return self.folder / "suggestions" / own_name(image.relative, ".json")

    def journal_path(self, image: ImageEntry) -> Path:
        """Where the edits of an image lie that its label file lacks."""
        return self.folder / "journals" / own_name(image.relative, ".jsonl")

    @property
    def aside_dir(self) -> Path:
        """Where journals are kept that were turned down."""
        return self.folder / "journals" / "aside"

    @property
    def deleted_dir(self) -> Path:
        """Where label files lie that were deleted."""
        return self.folder / "deleted"

    def versions_dir(self, image: ImageEntry) -> Path:
        """Where earlier versions of the label file of an image are kept."""
        return self.folder / "versions" / own_name(image.relative, "")

    def sweep_versions(self) -> None:
        """Let go of versions that are too old or too many; for the one that may write. Never
        raises.
        """
        if self.locked:
            sweep_versions(self.folder / "versions", time.time())

    @property
    def runs_dir(self) -> Path:
        """Where fine-tunings lie."""
        return self.folder / "runs"

    # State

    def summary(self, image: ImageEntry) -> LabelSummary:
        """What the label file of an image holds; read again only after the file has changed."""
        return self._summaries.get(image.label_file)

    def status(self, image: ImageEntry) -> ImageStatus:
        """How far the work on an image has come; never raises.

        Costs two file stats, and a read where a file has changed. Edits that are in no label file
        yet do not count.
        """
        labels = self.summary(image)
        if labels.done:
            return ImageStatus.DONE
        if labels.imported:
            return ImageStatus.IMPORTED
        if labels.own or not labels.readable:
            return ImageStatus.CORRECTED
        ids, rejected = self._suggestions.get(self.suggestions_path(image))
        if (ids | labels.suggested) - rejected:
            return ImageStatus.SUGGESTED
        return ImageStatus.UNTOUCHED

    def has_rejected(self, image: ImageEntry) -> bool:
        """Whether a person turned down any of the stored suggestions of an image."""
        return bool(self._suggestions.get(self.suggestions_path(image))[1])

    def left_journals(self, images: Iterable[ImageEntry] | None = None) -> list[ImageEntry]:
        """The images with edits that no label file holds, as a crash leaves them."""
        listed = self.images() if images is None else images
        try:
            there = set(inside.names(self.folder / "journals"))
        except OSError:
            return []
        journals = ((image, self.journal_path(image)) for image in listed)
        return [image for image, path in journals if path.name in there and inside.is_file(path)]

    # Settings

    def load_settings(self) -> ProjectSettings:
        """The labels and the active label. Raises StorageError when the file is not ours."""
        return load_settings(self.folder / "project.json")

    def skeletons(self) -> dict[str, Skeleton]:
        """The keypoints of the labels; none where the settings cannot be read."""
        return self._layout().skeletons()

    def save_settings(self, settings: ProjectSettings) -> None:
        """Write labels and active label; a broken file is set aside first. Raises StorageError."""
        self.check_writable()
        path = self.folder / "project.json"
        try:
            load_settings(path)
        except StorageError:
            move_aside(path, self.folder)
        save_settings(path, settings)

    # Writing

    def lock(self) -> None:
        """Become the one masklens that writes in this folder; safe to call again.

        Raises FolderLocked when another one is, and StorageError when nothing can be written.
        """
        with self._lock_guard:
            if self._lock is None:
                self._check_own_folder()
                self._lock = FolderLock.acquire(self.folder / "lock")
                for name in ("", "suggestions", "journals"):
                    sweep(self.folder / name)
                sweep(self.root)

    def unlock(self) -> None:
        with self._lock_guard:
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    @property
    def locked(self) -> bool:
        """Whether this object may write."""
        return self._lock is not None

    def check_writable(self) -> None:
        """Raise StorageError unless this object may write in the folder."""
        if not self.locked:
            raise StorageError(
                say(
                    "project.not_locked",
                    "{folder} is open for looking only; nothing is written there.",
                    folder=str(self.root),
                )
            )

    def write_problem(self, image: ImageEntry) -> Sentence | None:
        """Why the label file of an image must not be written; None when it may be."""
        target = image.label_file
        linked = target.is_symlink() or (target.parent != image.path.parent)
        if linked and not self._inside(target):
            return _LINK_LEAVES.given(path=str(target))
        with contextlib.suppress(OSError):
            if is_protected(target.stat().st_mode):
                return say(
                    "project.protected",
                    "{path} is write-protected: its labels can be looked at, but not changed.",
                    path=str(target),
                )
        return None

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    def _check_own_folder(self) -> None:
        """Say at once what would be refused later."""
        folders = ("suggestions", "journals", "journals/aside", "deleted", "versions", "runs")
        names = (*folders, "project.json", "learning.json", "lock")
        for path in (self.folder, *(self.folder / name for name in names)):
            try:
                inside.check_no_link(path)
            except OSError as error:
                raise StorageError(explain(error, path)) from error


_Suggested = tuple[frozenset[str], frozenset[str]]
_NOTHING_SUGGESTED: _Suggested = (frozenset(), frozenset())


def _suggested(path: Path) -> _Suggested:
    """Ids suggested and ids rejected; nothing for a file that cannot be read."""
    try:
        found = load_suggestions(path) or SuggestionSet()
    except StorageError:
        return _NOTHING_SUGGESTED
    return frozenset(each.id for each in found.instances), found.rejected
