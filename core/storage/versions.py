"""Earlier versions of a label file: what it held over the last week, so that it can be had back.

They lie in `.masklens/versions/<image>/`, a file each, named by the time at which its content was
last in the label file and the first digits of its SHA-256. What is kept is bounded: of our own at
most one a minute, but for the newest; nothing older than a week; and so many files and bytes for
each image, and for all.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.sentences import say
from core.storage import inside
from core.storage.atomic import StorageError, make_folder, write_atomic

AGE: Final = 7 * 24 * 3600.0
APART: Final = 60.0
"""Seconds between our versions; of those closer together the first is kept, and the newest."""
MOST_FILES: Final = 60
MOST_BYTES: Final = 32_000_000
"""For one image. The newest is kept whatever its size."""
MOST_BYTES_TOGETHER: Final = 512_000_000
_LISTED: Final = 10_000
"""Names that are looked at in one folder; we write far fewer."""
_NAME: Final = re.compile(r"(\d{8}T\d{6}\.\d{6})Z-([0-9a-f]{16})(-other)?\.json")
_TIME: Final = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Version:
    """A version: its file, when it was last in the label file (seconds since 1970), the first
    digits of its hash, and whether another program wrote it.
    """

    path: Path
    time: float
    sha256: str
    foreign: bool = False

    def is_of(self, data: bytes) -> bool:
        """Whether it holds these bytes."""
        return hashlib.sha256(data).hexdigest().startswith(self.sha256)


def versions(folder: Path) -> list[Version]:
    """The versions in a folder, the newest first. Never raises: without a folder there are none."""
    try:
        names = inside.names(folder)[:_LISTED]
    except OSError:
        return []
    found = (_version(folder / name) for name in names)
    return sorted(filter(None, found), key=lambda each: (-each.time, each.sha256))


def read_version(version: Version) -> bytes:
    """The bytes of a version. Raises StorageError, also when they are not those that were kept."""
    try:
        data = inside.read(version.path)
    except OSError as error:
        raise StorageError(
            say(
                "versions.unreadable",
                "The earlier version {path} cannot be read ({reason}).",
                path=str(version.path),
                reason=error.strerror or str(error),
            )
        ) from error
    if not version.is_of(data):
        raise StorageError(
            say(
                "versions.damaged",
                "The earlier version {path} is damaged: it is not what was kept there.",
                path=str(version.path),
            )
        )
    return data


def keep(folder: Path, data: bytes, time: float, *, foreign: bool = False) -> None:
    """Keep what was in a label file at `time`, and let go of what is too much.

    What is the newest version already is not kept again. Raises StorageError.
    """
    newest = next(iter(versions(folder)), None)
    if newest is not None and newest.is_of(data):
        return
    stamp = datetime.fromtimestamp(time, UTC).strftime(_TIME)
    digest = hashlib.sha256(data).hexdigest()[:16]
    path = folder / f"{stamp}Z-{digest}{'-other' if foreign else ''}.json"
    make_folder(folder)
    write_atomic(path, data)
    _thin(versions(folder), time)


def sweep_versions(root: Path, now: float) -> None:
    """Let go of what is too old or too much in the folders of all images. Never raises."""
    with contextlib.suppress(OSError):
        folders = [root / name for name in inside.folders(root)]
        for folder in folders:
            _thin(versions(folder), now)
            if not versions(folder):
                with contextlib.suppress(OSError):
                    inside.remove_folder(folder)
        everything = sorted(
            (each for folder in folders for each in versions(folder)), key=lambda each: -each.time
        )
        _drop_beyond(everything, MOST_BYTES_TOGETHER)


def _version(path: Path) -> Version | None:
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    try:
        time = datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Version(path, time.timestamp(), found[2], bool(found[3]))


def _thin(newest_first: list[Version], now: float) -> None:
    """Take away what is too old, too close to another, or too much."""
    kept: list[Version] = []
    last: float | None = None
    for each in reversed(newest_first):
        spared = each is newest_first[0] or each.foreign
        close = last is not None and each.time - last < APART
        if now - each.time > AGE or (close and not spared):
            _remove(each)
            continue
        if not close:
            last = each.time
        kept.append(each)
    kept.reverse()
    for each in kept[MOST_FILES:]:
        _remove(each)
    _drop_beyond(kept[:MOST_FILES], MOST_BYTES)


def _drop_beyond(newest_first: Iterable[Version], most: int) -> None:
    left = most
    for place, each in enumerate(newest_first):
        try:
            left -= inside.stat(each.path).st_size
        except OSError:
            continue
        if left < 0 and place:
            _remove(each)


def _remove(version: Version) -> None:
    with contextlib.suppress(OSError):
        inside.remove(version.path)
