"""Keeps the status bar true."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.base.words import count_text, sentence_text
from app.canvas.look import Look
from app.editor.looking import look_text
from app.editor.saving import SaveState
from app.editor.services import Services
from app.window.status import StatusBar

CALM = 30  # ms between two readings under a moving pointer


class Readout(QObject):
    """Writes pixel, size, zoom, engine and save state into a status bar."""

    def __init__(self, bar: StatusBar, services: Services) -> None:
        super().__init__(bar)
        self._bar = bar
        self._services = services
        self._place: tuple[float, float] | None = None
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(CALM)
        self._reading.timeout.connect(self._read_pixel)
        services.workspace.image_changed.connect(self._on_image)
        services.workspace.saver.changed.connect(self._show_save)
        services.models.changed.connect(self._show_engine)
        services.viewport.pointer_moved.connect(self.point)
        services.viewport.pointer_left.connect(self.leave)
        services.viewport.zoom_changed.connect(self.zoom)
        services.viewport.hinted.connect(self._show_hint)
        services.looking.changed.connect(self._show_look)
        bar.look_wanted.connect(lambda: services.actions["adjust"].trigger())
        self._show_engine()

    def point(self, x: float, y: float) -> None:
        """The pointer is over this place of the image."""
        self._place = (x, y)
        if not self._reading.isActive():
            self._reading.start()

    def leave(self) -> None:
        """The pointer is not over the canvas."""
        self._place = None
        self._bar.set_pixel("")

    def zoom(self, scale: float) -> None:
        """The zoom is another."""
        if self._services.workspace.staged is None:
            self._bar.set_zoom("")
            return
        per_cent = scale * 100
        digits = f"{per_cent:.0f}" if per_cent >= 10 else f"{per_cent:.1f}"
        self._bar.set_zoom(f"{digits} %")

    def _read_pixel(self) -> None:
        staged = self._services.workspace.staged
        if self._place is None or staged is None:
            self._bar.set_pixel("")
            return
        column, row = int(self._place[0] // 1), int(self._place[1] // 1)
        pixels = staged.picture.decoded.pixels
        if 0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]:
            values = self._services.looking.values
            there = pixels[row, column] if values is None else values.at(row, column)[:4]
            numbers = " ".join(f"{float(value):.6g}" for value in there)
            self._bar.set_pixel(f"{column}, {row}    {numbers}")
        else:
            self._bar.set_pixel(f"{column}, {row}")

    def _show_look(self) -> None:
        look = self._services.looking.look
        changed = look != Look() and self._services.workspace.staged is not None
        keys = "".join(self._services.actions.keys("as_it_is")[:1])
        tip = self.tr("Only what you see is changed: {look}. {key} shows the image as it is.")
        text = look_text(look)
        self._bar.set_look(text if changed else "", tip.format(look=text, key=keys))

    def _show_hint(self) -> None:
        there = self._services.workspace.staged is not None
        self._bar.set_hint(sentence_text(self._services.viewport.hint) if there else "")

    def _on_image(self) -> None:
        staged = self._services.workspace.staged
        self.leave()
        self._show_hint()
        if staged is None:
            self._bar.set_size("")
            self._bar.set_zoom("")
        else:
            decoded = staged.picture.decoded
            self._bar.set_size(f"{count_text(decoded.width)} × {count_text(decoded.height)}")
        self._show_save()

    def _show_save(self) -> None:
        saver = self._services.workspace.saver
        text = {
            SaveState.NONE: "",
            SaveState.SAVED: self.tr("Saved"),
            SaveState.UNSAVED: self.tr("Not saved yet"),
            SaveState.SAVING: self.tr("Saving…"),
            SaveState.FAILED: self.tr("Saving failed"),
            SaveState.CONFLICT: self.tr("Changed outside"),
            SaveState.READ_ONLY: self.tr("Looking only"),
        }[saver.state]
        self._bar.set_save(text, saver.problem or self.tr("Whether all is saved"))

    def _show_engine(self) -> None:
        ready = self._services.client.ready
        tip = self.tr("Model, device and state of the engine")
        if ready is not None:
            tip += f"\ntorch {ready.torch}"
        if self._services.models.model is not None:
            labels = ", ".join(self._services.models.model.labels[:20])
            tip += "\n" + self.tr("Labels: {labels}").format(labels=labels)
        self._bar.set_engine(self._services.models.status(), tip)
