"""What the list of images shows beside names: small pictures, folders as a tree."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.base.settings import FOLDER_TREE, THUMBNAILS
from app.editor.panels.images import ImagesPanel
from app.editor.services import Services
from app.editor.thumbnails import Thumbnails


class Listing(QObject):
    """Keeps the panel as the settings say; they are switched by actions of the view."""

    def __init__(self, services: Services, panel: ImagesPanel) -> None:
        super().__init__(panel)
        self._settings, self._panel = services.settings, panel
        self._thumbnails = Thumbnails(services.tasks, self)
        self._thumbnails.made.connect(panel.show_thumbnails)
        services.workspace.project_changed.connect(self._thumbnails.clear)
        services.settings.changed.connect(self._on_setting)
        panel.add_buttons([services.actions[id] for id in ("thumbnails", "folder_tree")])
        for key in (THUMBNAILS.key, FOLDER_TREE.key):
            self._on_setting(key)

    def _on_setting(self, key: str) -> None:
        if key == THUMBNAILS.key:
            shown = self._settings.get(THUMBNAILS)
            self._panel.set_thumbnails(self._thumbnails if shown else None)
        elif key == FOLDER_TREE.key:
            self._panel.set_tree(self._settings.get(FOLDER_TREE))
