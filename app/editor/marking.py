"""Marking many images as done, or deleting their label files: one act, undone as one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.base.jobs import JobState
from app.base.walk import Walk
from app.editor.folder_edits import failure_text
from app.editor.services import Services
from core.document.document import Document
from core.document.edits import Edit, SetDone
from core.project.project import ImageEntry


def marking_done(document: Document) -> Edit | None:
    """Marks an image as done, where it is not."""
    return None if document.done else SetDone(True)


def mark_done(services: Services, images: Sequence[ImageEntry]) -> None:
    """Mark images as done, in the background."""
    title = QCoreApplication.translate("marking", "Marking %n image(s) as done", "", len(images))
    name = QCoreApplication.translate("marking", "mark %n image(s) as done", "", len(images))

    def told(walk: Walk[ImageEntry], count: int) -> None:
        text = QCoreApplication.translate("marking", "%n image(s) marked as done", "", count)
        failed = QCoreApplication.translate(
            "marking", "%n image(s) could not be marked.", "", len(walk.failures)
        )
        _tell(services, "done", walk, text, failed)

    services.folder_edits.make(title, name, images, marking_done, told)


def offer_done(services: Services, images: Sequence[ImageEntry]) -> None:
    """After an import: nothing is learned from images that nobody has marked as done."""
    text = QCoreApplication.translate(
        "marking",
        "%n image(s) came with labels. The model learns from images that are marked as done.",
        "",
        len(images),
    )
    button = QCoreApplication.translate("marking", "Mark them as done")
    services.notices.say(
        text, buttons=[(button, lambda: mark_done(services, images))], key="imported"
    )


def delete_labels(services: Services, images: Sequence[ImageEntry]) -> None:
    """Delete the label files of images, in the background."""
    title = QCoreApplication.translate("marking", "Deleting %n label file(s)", "", len(images))
    name = QCoreApplication.translate("marking", "delete %n label file(s)", "", len(images))

    def told(walk: Walk[ImageEntry], count: int) -> None:
        text = QCoreApplication.translate(
            "marking", "%n label file(s) deleted. Undo brings them back.", "", count
        )
        failed = QCoreApplication.translate(
            "marking", "%n label file(s) could not be deleted.", "", len(walk.failures)
        )
        _tell(services, "delete", walk, text, failed)

    services.folder_edits.delete(title, name, images, told)


def _tell(services: Services, key: str, walk: Walk[ImageEntry], text: str, failed: str) -> None:
    """How a walk over images ended, and which of them failed."""
    walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, text)
    services.notices.say(text)
    if walk.failures:
        services.notices.fail(key, failed, failure_text(walk))
