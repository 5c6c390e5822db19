"""Which model suits the folder, said once; and what to do when a model could not be fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QLineEdit

from app.base.settings import ADVISED, MIRRORS
from app.base.words import bytes_text
from app.editor.services import Services
from app.widgets.banners import Kind
from core.lens.scores import CELLS, PHOTOS
from core.session import kind_of, kind_of_image

STARTER, PAIR, COCO = "starter", "photos", "coco"
SUITABLE: Final = {CELLS: (STARTER,), PHOTOS: (PAIR, COCO, "coco-v2")}
"""The named models for a kind of images, the one that is here first."""
KEPT: Final = 200
"""Folders of which it is remembered that they were told."""
_ADVICE, _FETCHING = "project:advice", "model:fetching"


class ModelAdvice(QObject):
    """Looks at the images of a folder off-thread, and shows a banner where the model in use is one
    of ours that does not suit them. What is chosen there is asked for suggestions at once."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self._services = services
        self._banners = services.central.banners
        self.kind = ""
        self._awaited = ""
        services.workspace.project_changed.connect(self._look)
        services.workspace.image_changed.connect(self._look_at_image)
        services.models.changed.connect(self._consider)
        services.models.taken.connect(self._on_taken)
        services.models.refused.connect(lambda _spec: self._await(""))
        services.models.not_fetched.connect(self._on_not_fetched)

    def _look(self) -> None:
        """Find out what the images of another folder are."""
        workspace, project = self._services.workspace, self._services.workspace.project
        self._await("")
        self._set_kind("")
        paths = [image.path for image in workspace.images]
        if project is None or not paths:
            return
        workspace.tasks.run(
            lambda context: kind_of(paths, context.check),
            done=lambda kind: self._set_kind(kind) if project is workspace.project else None,
            failed=lambda _error: None,  # what cannot be read is told when it is opened
        )

    def _look_at_image(self) -> None:
        """Where a folder holds both, each image is taken for what it is."""
        workspace, staged = self._services.workspace, self._services.workspace.staged
        if self.kind or staged is None:
            return

        def done(kind: str) -> None:
            if staged is workspace.staged and not self.kind:
                self._services.suggesting.following.take_kind(kind)

        workspace.tasks.run(
            lambda _context: kind_of_image(staged.picture.decoded.pixels),
            done=done,
            failed=lambda _error: None,
        )

    def _set_kind(self, kind: str) -> None:
        self.kind = kind
        self._services.suggesting.following.take_kind(kind)
        self._look_at_image()
        self._consider()

    def _consider(self) -> None:
        models, project = self._services.models, self._services.workspace.project
        suitable = SUITABLE.get(self.kind, ())
        ours = {name for names in SUITABLE.values() for name in names}
        if not suitable or project is None or models.wanted in suitable or not models.known:
            self._banners.drop(_ADVICE)
            return
        told = self._services.settings.get(ADVISED)
        folder = str(project.root)
        if models.wanted not in ours or folder in told or _ADVICE in self._banners.keys:
            return
        self._services.settings.set(ADVISED, [folder, *told][:KEPT])
        self._show()

    def _show(self) -> None:
        use = self.tr("Use “{model}”")
        if self.kind == CELLS:
            text = self.tr(
                "These look like cells. The model “{model}” has learnt to outline cells and other "
                "things that lie apart."
            ).format(model=STARTER)
            buttons = [(use.format(model=STARTER), lambda: self._use(STARTER))]
        else:
            text = self.tr(
                "These look like photos. The model “{model}” finds 80 kinds of things by name. "
                "“{large}” draws better outlines of them and takes longer."
            ).format(model=PAIR, large=COCO)
            coco = use.format(model=COCO)
            info = self._services.models.info(COCO)
            if info is not None and not info.present:
                coco = self.tr("Download “{model}” ({size})").format(
                    model=COCO, size=bytes_text(info.bytes)
                )
            buttons = [
                (use.format(model=PAIR), lambda: self._use(PAIR)),
                (coco, lambda: self._use(COCO)),
            ]
        self._banners.show_banner(_ADVICE, Kind.INFO, text, buttons)

    def _use(self, name: str) -> None:
        self._await(name)
        self._services.models.choose(name)

    def _await(self, name: str) -> None:
        self._awaited = name

    def _on_taken(self, spec: str, _own: bool) -> None:
        self._banners.drop(_FETCHING)
        if spec == self._awaited:
            self._await("")
            self._services.actions["suggest_image"].trigger()

    # A model that could not be fetched

    def _on_not_fetched(self, name: str, text: str) -> None:
        buttons = [
            (self.tr("Try again"), lambda: self._services.models.choose(name)),
            (self.tr("Another address…"), lambda: self._ask_address(name)),
            (self.tr("A file that is here…"), lambda: self._ask_file(name)),
        ]
        self._banners.show_banner(_FETCHING, Kind.ERROR, text, buttons)

    def _ask_file(self, name: str) -> None:
        self._services.opener.ask_existing(
            self.tr("The file of “{model}”").format(model=name),
            lambda path: self.take_file(name, path),
            folder=False,
        )

    def take_file(self, name: str, path: Path) -> None:
        """Take a model from a copy of its file."""
        self._services.models.fetch(name, file=path)

    def _ask_address(self, name: str) -> None:
        dialog = QInputDialog(self._services.central.window())
        dialog.setWindowTitle(self.tr("Another address"))
        dialog.setLabelText(self.tr("A web address below which the file lies, under its own name:"))
        dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)
        known = self._services.settings.get(MIRRORS)
        dialog.setTextValue(known[0] if known else "https://")
        dialog.textValueSelected.connect(lambda text: self.take_address(name, text))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take_address(self, name: str, address: str) -> None:
        """Look at another address first from now on, and fetch a model."""
        address = address.strip()
        kept = [each for each in self._services.settings.get(MIRRORS) if each != address]
        self._services.settings.set(MIRRORS, [address, *kept][:5] if address else kept)
        self._services.models.fetch(name)
