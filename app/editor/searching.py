"""Looking into the files of a folder for the images that a question means, in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal

from app.base.tasks import Context, Task
from app.base.words import error_text
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
