"""Looking into the files of a folder for the images that a question means, in the background;
and what the list of images is narrowed to, kept with its folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from app.base.tasks import Context, Task
from app.base.words import error_text
from app.editor.panels.images import ImagesPanel
from app.editor.services import Services
from app.editor.workspace import Workspace
from core.session.query import Query, asked

CHUNK = 200


class Search(QObject):
    """`found` carries paths, some at a time, as they are found."""

    found = Signal(object)
    failed = Signal(str)
    _told = Signal(object, object)  # from the worker's thread

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._query = Query()
        self._task: Task[None] | None = None
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        workspace.project_changed.connect(lambda: self.start(self._query))

    def start(self, query: Query) -> None:
        """Look for another query; the one before is given up."""
        self._query = query
        if self._task is not None:
            self._task.cancel()
            self._task = None
        project, images = self._workspace.project, self._workspace.images
        if project is None or not query.reads_files:
            return

        def look(context: Context) -> None:
            for start in range(0, len(images), CHUNK):
                context.check()
                there = [
                    image.path
                    for image in images[start : start + CHUNK]
                    if query.holds(asked(project, image))
                ]
                if there:
                    self._told.emit(query, there)

        self._task = self._workspace.tasks.run(
            look,
            done=lambda _none: None,
            failed=lambda error: self.failed.emit(error_text(error)),
        )

    def _on_told(self, query: Query, paths: list[object]) -> None:
        if query is self._query:
            self.found.emit(paths)


class KeptFilter(QObject):
    """What the list of a folder is narrowed to is there again with the folder, and in no other.

    Where images of the folder were asked for it is taken off, since it could hide just these; it
    is kept for when the folder is opened, unless another is set meanwhile.
    """

    def __init__(self, services: Services, panel: ImagesPanel) -> None:
        super().__init__(services.workspace)
        self._settings = services.settings
        self._notices = services.notices
        self._panel = panel
        self._root: Path | None = None
        self._lifted = False
        services.opener.images_asked.connect(self._lift)

    def _lift(self) -> None:
        text, kind = self._panel.filter
        if text or kind:
            self._panel.set_filter("", "")
            self._lifted = True
            self._notices.say(
                self.tr("The filter of this folder is off, so that what you opened is listed.")
            )

    def follow(self, root: Path | None) -> bool:
        """Another folder may be open, or none; whether it is another."""
        if root == self._root and not self._lifted:
            return False
        self.keep()
        self._root = root
        self._lifted = False
        self._panel.set_filter(*(("", "") if root is None else self._settings.filter_of(root)))
        return True

    def keep(self) -> None:
        """Remember what is set now."""
        unchanged = self._lifted and self._panel.filter == ("", "")
        if self._root is not None and not unchanged:
            self._settings.remember_filter(self._root, *self._panel.filter)
