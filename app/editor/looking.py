"""How the images of the folder are shown: kept while one walks through it, worked out off-thread.

None of it reaches a file or a model.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from app.base.settings import LOOKS, Settings
from app.base.tasks import Task
from app.base.words import error_text
from app.canvas.look import ALL, GREY, Look
from app.canvas.viewport import Viewport
from app.editor.staging import Shown
from app.editor.workspace import Workspace
from core.codec import Codec, FieldError, builtins
from core.gestures.livewire import See, as_it_is
from core.storage.values import Values

_LOOK: Final[Codec[Look]] = Codec(Look, "look")
_CALM: Final = 800  # ms after the last change until it is kept


class Looking(QObject):
    """`changed` follows the look, and what becomes known of the image's values."""

    changed = Signal()
    failed = Signal(str)

    def __init__(self, workspace: Workspace, viewport: Viewport, settings: Settings) -> None:
        super().__init__(workspace)
        self._workspace, self._viewport, self._settings = workspace, viewport, settings
        self._root: Path | None = None
        self._shown: Shown | None = None
        self._values: Values | None = None
        self._task: Task[Shown] | None = None
        self._again = False
        self._keeping = QTimer(self, singleShot=True, interval=_CALM)
        self._keeping.timeout.connect(self.keep)
        workspace.project_changed.connect(self._on_project)
        workspace.image_changed.connect(self._on_image)

    @property
    def look(self) -> Look:
        """How images are shown."""
        return self._workspace.pictures.look

    @property
    def seen(self) -> tuple[NDArray[np.uint8], See] | None:
        """The pixels on the screen, H×W×3, and what makes a part of them look as it does there."""
        if self._shown is None:
            return None
        shade = self._shown.shade(self.look)
        return self._shown.pyramid.pixels, as_it_is if shade is None else shade.seen

    @property
    def values(self) -> Values | None:
        """The values of the image that is shown, once they were asked for."""
        return self._values

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The values that are black and white; None until the values are known."""
        if self._values is None or self._shown is None:
            return None
        if self._shown.bounds is not None:
            return self._shown.bounds
        return self._values.by_model

    @property
    def channels(self) -> int:
        """How many channels can be shown one by one, as far as that is known."""
        return 3 if self._values is None else self._values.bands

    def set(self, look: Look) -> None:
        """Show images another way."""
        if look == self.look:
            return
        self._workspace.pictures.look = look
        self._keeping.start()
        self._apply()
        self.changed.emit()

    def reset(self) -> None:
        """Show images as they are."""
        self.set(Look())

    def set_range(self, low: float, high: float) -> None:
        """Show these values of the image as black and white."""
        kind = "uint8" if self._values is None else self._values.kind
        if "int" in kind:
            low, high = float(round(low)), float(round(high))
        self.set(replace(self.look, rule="own", low=low, high=max(high, low), kind=kind))

    def next_channel(self) -> None:
        """All channels, then one after the other, then grey."""
        steps = [ALL, *range(self.channels), GREY]
        place = steps.index(self.look.channel) if self.look.channel in steps else 0
        self.set(replace(self.look, channel=steps[(place + 1) % len(steps)]))

    def learn_values(self) -> None:
        """Find out which values the image holds; `changed` follows."""
        staged = self._workspace.staged
        if staged is None or self._values is not None:
            return
        pictures, path, picture = self._workspace.pictures, staged.entry.path, staged.picture

        def read() -> Values:
            values = pictures.values(path, picture)
            _ = values.histogram, values.percentiles  # kept in it
            return values

        def know(values: Values) -> None:
            if self._workspace.staged is not None and self._workspace.staged.picture is picture:
                self._values = values
                self.changed.emit()

        self._workspace.tasks.run(
            lambda _context: read(), done=know, failed=lambda error: self._fail(error)
        )

    def keep(self) -> None:
        """Write down how the images of this folder are shown."""
        self._keeping.stop()
        if self._root is not None:
            look = None if self.look == Look() else builtins(self.look)
            self._settings.remember_look(self._root, look)

    def _on_project(self) -> None:
        if self._keeping.isActive():
            self.keep()
        project = self._workspace.project
        self._root = None if project is None else project.root
        look = Look()
        if self._root is not None:
            try:
                look = _LOOK.convert(self._settings.get(LOOKS).get(str(self._root), {}))
            except FieldError:  # by another version
                look = Look()
        self._workspace.pictures.look = look
        self.changed.emit()

    def _on_image(self) -> None:
        staged = self._workspace.staged
        self._shown = None if staged is None else staged.shown
        self._values = None if self._shown is None else self._shown.values
        self._viewport.set_shade(None if self._shown is None else self._shown.shade(self.look))
        self._apply()
        self.changed.emit()

    def _apply(self) -> None:
        """Show the image by the look: at once where its pixels serve, else when they are made."""
        staged, shown = self._workspace.staged, self._shown
        if staged is None or shown is None:
            return
        if shown.look.same_pixels(self.look, deep=staged.picture.decoded.deep):
            self._viewport.set_shade(shown.shade(self.look))
            return
        if self._task is not None and not self._task.finished:
            self._again = True  # the newest is made when this one is there
            return
        pictures, path, picture = self._workspace.pictures, staged.entry.path, staged.picture

        def show(made: Shown) -> None:
            self._task = None
            again, self._again = self._again, False
            now = self._workspace.staged
            if now is not None and now.picture is picture:
                self._show(made)
            if again or now is not staged:
                self._apply()

        self._task = self._workspace.tasks.run(
            lambda _context: pictures.shown(path, picture), done=show, failed=self._fail
        )

    def _show(self, made: Shown) -> None:
        self._shown = made
        self._values = made.values or self._values
        self._viewport.show_pixels(made.pyramid)
        self._viewport.set_shade(made.shade(self.look))
        self.changed.emit()

    def _fail(self, error: Exception) -> None:
        self._task = None
        self._again = False
        self.failed.emit(error_text(error))


def look_text(look: Look) -> str:
    """What of a look differs from the image as it is; empty for nothing."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("look", text)

    said = []
    if look.channel == GREY:
        said.append(tr("grey"))
    elif look.channel != ALL:
        said.append(tr("channel {n}").format(n=look.channel + 1))
    if look.rule == "own":
        said.append(f"{look.low:.6g} – {look.high:.6g}")
    elif look.rule != "model":
        said.append(tr("whole range") if look.rule == "file" else tr("percentiles"))
    for name, value in ((tr("brightness"), look.brightness), (tr("contrast"), look.contrast)):
        if value:
            said.append(f"{name} {value * 100:+.0f}")
    if look.gamma != 1:
        said.append(f"{tr('gamma')} {look.gamma:.2g}")
    return ", ".join(said) or tr("The image is shown as it is.")
