"""Colour splash on the canvas: the image in grey, instances and suggestions in their colours."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from app.base.tasks import Task
from app.base.words import error_text
from app.canvas.layers.picture import PictureLayer
from app.canvas.viewport import Viewport
from app.editor.looking import Looking
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from app.widgets.notices import Notices
from core.document.geometry import Rect
from core.document.instance import Polygons
from core.gestures.livewire import See
from core.lens.pictures import Picture
from core.lens.views.marks import PictureShown
from core.storage.atomic import write_atomic
from core.storage.splash import covered, grey_of, splash_png

_CALM: Final = 100  # ms after the last change until the picture is made anew
_MOST: Final = 16_000_000
"""Pixels of the grey picture; of larger images every second one is shown, or fewer."""


class Splashing(QObject):
    """The grey picture lies between the image and the instances; no file and no model sees it."""

    def __init__(
        self,
        workspace: Workspace,
        suggesting: Suggesting,
        looking: Looking,
        viewport: Viewport,
        notices: Notices,
    ) -> None:
        super().__init__(workspace)
        self._workspace, self._suggesting, self._looking = workspace, suggesting, looking
        self._viewport, self._notices = viewport, notices
        self.layer = PictureLayer(opacity=1.0)
        self.layer.visible = False
        viewport.add_layer(self.layer)
        self._task: Task[NDArray[np.uint8]] | None = None
        self._calm = QTimer(self, singleShot=True, interval=_CALM)
        self._calm.timeout.connect(self._make)
        workspace.image_changed.connect(self._on_image)
        for signal in (workspace.document_changed, suggesting.changed, looking.changed):
            signal.connect(self._soon)

    @property
    def on(self) -> bool:
        """Whether the splash is shown."""
        return self.layer.visible

    def turn(self, on: bool) -> None:
        """Show it, or the image as it is."""
        self.layer.visible = on
        self._on_image()

    def save(self, path: Path) -> None:
        """Write the splash of the image on the screen as a PNG file."""
        seen = self._seen()
        if seen is None:
            return
        pixels, see, outlines = seen
        self._workspace.tasks.run(
            lambda _context: write_atomic(path, splash_png(see(pixels), outlines)),
            done=lambda _none: self._notices.say(
                self.tr("The colour splash is in {name}.").format(name=path.name)
            ),
            failed=lambda error: self._notices.fail("splash", error_text(error)),
        )

    def _seen(self) -> tuple[NDArray[np.uint8], See, list[Polygons]] | None:
        """The pixels, what makes them look as on the screen, and the outlines on it."""
        document, seen = self._workspace.document, self._looking.seen
        if document is None or seen is None:
            return None
        shapes = (*document.instances, *self._suggesting.shown)
        return *seen, [each.polygons for each in shapes]

    def _on_image(self) -> None:
        self.layer.clear()
        self._viewport.layer_changed()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._make()

    def _soon(self, *_: object) -> None:
        if self.on:
            self._calm.start()

    def _make(self) -> None:
        if not self.on:
            return
        if self._task is not None and not self._task.finished:
            self._calm.start()  # the newest is made when this one is there
            return
        seen = self._seen()
        if seen is None:
            return
        pixels, see, outlines = seen
        height, width = pixels.shape[:2]

        def show(cells: NDArray[np.uint8]) -> None:
            self.layer.show(PictureShown(Picture(cells, Rect(0, 0, width, height))))
            self._viewport.layer_changed()

        self._task = self._workspace.tasks.run(
            lambda _context: _grey_around(pixels, see, outlines),
            done=show,
            failed=lambda error: self._notices.fail("splash", error_text(error)),
        )


def _grey_around(
    pixels: NDArray[np.uint8], see: See, outlines: list[Polygons]
) -> NDArray[np.uint8]:
    """Red, green, blue and opacity, H×W×4 or smaller: grey, and nothing where an outline lies."""
    height, width = pixels.shape[:2]
    step = max(1, int(np.ceil(np.sqrt(width * height / _MOST))))
    cover = covered(outlines, width, height)[::step, ::step]
    cells = np.empty((*cover.shape, 4), np.uint8)
    cells[..., :3] = grey_of(see(np.ascontiguousarray(pixels[::step, ::step])))[..., None]
    cells[..., 3] = np.where(cover, 0, 255)
    return cells
