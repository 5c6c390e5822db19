"""Taking the mark of crowds off all that a folder holds: some programs give it to every mask."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.base.jobs import JobState
from app.base.walk import Walk
from app.editor.editing import no_crowds
from app.editor.folder_edits import failure_text
from app.editor.services import Services
from core.project.project import ImageEntry


class Crowds(QObject):
    """Takes it off every instance of the folder, as one act that can be undone."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services

    def take_off(self) -> None:
        """Begin; it is a job with progress."""
        services = self._services
        title, name = self.tr("Taking off marks of crowds"), self.tr("no crowds in this folder")
        images = services.workspace.images
        services.folder_edits.make(title, name, images, no_crowds, self._told)

    def _told(self, walk: Walk[ImageEntry], images: int) -> None:
        text = self.tr("The mark was taken off in %n image(s)", "", images)
        walk.job.end(JobState.CANCELLED if walk.stopped else JobState.DONE, text)
        self._services.notices.say(text)
        if walk.failures:
            said = self.tr("%n image(s) could not be changed.", "", len(walk.failures))
            self._services.notices.fail("crowds", said, failure_text(walk))
