"""What is dropped on the window: folders, images, label files and models; the rest is explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QObject

from app.editor.services import Services
from core.storage.images import is_image_name

MODELS: Final = (".pt", ".pth", ".h5")
LABELS: Final = (".json", ".csv", ".xml", ".yaml", ".yml", ".txt", ".npy", ".npz")


class Dropping(QObject):
    """Takes what it can, and says in a sentence what it cannot take and what would serve."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services

    def can_take(self, mime: QMimeData) -> bool:
        """Files, and whatever else is worth an explanation."""
        return mime.hasUrls() or mime.hasText()

    def take(self, mime: QMimeData) -> None:
        """Do what a person who drops this wants."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if paths:
            self._look(paths)
        elif mime.hasUrls():
            self._explain(
                self.tr("{address} is not on this machine: save it as a file, and drop that.")
                .format(address=mime.urls()[0].toString())
            )  # fmt: skip
        else:
            self._explain(
                self.tr("Text cannot be dropped here: drop a folder, images, a label file or a "
                        "model.")
            )  # fmt: skip

    def _look(self, paths: Sequence[Path]) -> None:
        """Find out off-thread which of them are folders; a drive may be slow."""
        self._services.tasks.run(
            lambda _context: [path.is_dir() for path in paths],
            done=lambda folders: self._sort(paths, folders),
            failed=lambda error: self._explain(str(error)),
        )

    def _sort(self, paths: Sequence[Path], folders: Sequence[bool]) -> None:
        images = [path for path in paths if is_image_name(path.name)]
        if any(folders):
            self._services.opener.open_paths(paths)
            return
        if images:
            self._services.opener.open_paths(images)
            left_out = [path for path in paths if path not in images]
            if left_out:
                text = self.tr("%n file(s) that are no images were left out.", "", len(left_out))
                self._explain(text)
            return
        first, suffix = paths[0], paths[0].suffix.lower()
        if len(paths) > 1:
            self._explain(
                self.tr("Several files that are no images cannot be dropped at once: drop one, or "
                        "their folder.")
            )  # fmt: skip
        elif suffix in MODELS:
            self._services.models.choose(str(first))
        elif suffix in LABELS:
            self._take_labels(first)
        else:
            self._explain(
                self.tr("{file} is no folder, image, label file or model that masklens reads.")
                .format(file=first.name)
            )  # fmt: skip

    def _take_labels(self, path: Path) -> None:
        """Show the image that a label file lies beside; else read it into the open folder."""
        workspace = self._services.workspace
        if workspace.project is None:
            self._explain(
                self.tr("{file} holds labels: open the folder of their images first, then drop it "
                        "once more.").format(file=path.name)
            )  # fmt: skip
            return
        beside = [each for each in workspace.images if each.label_file == path]
        if beside:
            workspace.in_turn(lambda: workspace.go(beside[0].path), moves=True)
        else:
            self._services.importer.look(path)

    def _explain(self, text: str) -> None:
        self._services.notices.fail("drop", text, warning=True)
