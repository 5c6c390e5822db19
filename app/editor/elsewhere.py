"""Labels in a folder beside the images: noticed when a folder without any is opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu

from app.base.words import error_text
from app.editor.services import Services
from app.widgets.banners import Kind
from core.formats.beside import Elsewhere, labels_elsewhere
from core.project.project import Project

_KEY = "project:elsewhere"


class LabelsElsewhere(QObject):
    """Offers to import the label files of a folder next to the images."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services
        services.workspace.project_changed.connect(self._look)

    def _look(self) -> None:
        services, project = self._services, self._services.workspace.project
        services.central.banners.drop(_KEY)
        if project is None or not services.workspace.images:
            return
        entries = services.workspace.images
        pairs = [(entry.path, entry.label_file) for entry in entries]
        services.tasks.run(
            lambda _context: labels_elsewhere(project.root, pairs),
            done=lambda found: self._offer(project, found),
            failed=lambda error: services.notices.fail("elsewhere", error_text(error)),
        )

    def _offer(self, project: Project, found: Elsewhere | None) -> None:
        services = self._services
        if found is None or project is not services.workspace.project:
            return
        if found.whole:
            text = self.tr(
                "No image here has labels beside it, but %n file(s) with the labels of a data set "
                "lie in {folder}.",
                "",
                found.count,
            )
        else:
            text = self.tr(
                "No image here has labels beside it, but %n file(s) of their names lie in "
                "{folder}.",
                "",
                found.count,
            )
        button = (self.tr("Import them…"), lambda: self._take(found.place))
        if found.either:
            button = (self.tr("Import one of them…"), lambda: self._choose(project, found))
        services.central.banners.show_banner(
            _KEY, Kind.INFO, text.format(folder=str(found.place)), [button]
        )

    def _choose(self, project: Project, found: Elsewhere) -> None:
        """Let the person choose a file; where none is chosen the offer comes back."""
        menu = QMenu(self._services.central)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for file in found.either:
            name = str(file.relative_to(found.place)).replace("&", "&&")
            menu.addAction(name, partial(self._take, file))
        menu.aboutToHide.connect(lambda: self._offer(project, found))
        menu.popup(QCursor.pos())

    def _take(self, place: Path) -> None:
        self._services.central.banners.drop(_KEY)
        self._services.importer.look(place)
