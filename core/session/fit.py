"""Answering for labels that were made for an image of another size. The file as it was is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.formats import labelme
from core.formats.mismatch import Answer, mismatch_of, refitted
from core.project.project import ImageEntry, Project
from core.session.label_io import check_unchanged, digest, read_bytes
from core.session.save import free_name
from core.storage.atomic import StorageError, explain, write_atomic
from core.storage.images import image_size


@dataclass(frozen=True, slots=True)
class Fitted:
    """What an answer did: where the file as it was is kept, and the hash of what is there now."""

    kept: Path
    sha256: str | None


def answer(project: Project, image: ImageEntry, given: Answer) -> Fitted | None:
    """Fit the label file of an image as was answered; None when it fits, or that cannot be right.

    The file as it was is kept beside it, under `.unfitted` or `.detached`. The image must have no
    edits that are not saved. Raises StorageError, FormatError and ImageError.
    """
    project.check_writable()
    problem = project.write_problem(image)
    if problem is not None:
        raise StorageError(problem)
    path = image.label_file
    data = read_bytes(path)
    if data is None:
        return None
    file = labelme.parse(data, path)
    mismatch = mismatch_of(file.width, file.height, image_size(image.path), image.path)
    if mismatch is None or given not in mismatch.answers:
        return None
    kept = free_name(path, "detached" if given is Answer.DETACH else "unfitted")
    write_atomic(kept, data)
    if given is Answer.DETACH:
        check_unchanged(path, digest(data))
        _remove(path)
        return Fitted(kept, None)
    now = labelme.dumps(refitted(file, mismatch, given))
    write_atomic(path, now, check=lambda: check_unchanged(path, digest(data)))
    return Fitted(kept, digest(now))


def take_back(project: Project, image: ImageEntry, fitted: Fitted) -> None:
    """Put the label file back as it was before an answer.

    Raises StorageError, also when the labels were changed since.
    """
    project.check_writable()
    data, path = read_bytes(fitted.kept), image.label_file
    if data is not None:
        write_atomic(path, data, check=lambda: check_unchanged(path, fitted.sha256))
        _remove(fitted.kept)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise StorageError(explain(error, path)) from error
