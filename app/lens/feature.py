"""The corner of the window that is the lens: its parts, its panel, and what its actions do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDockWidget

from app.lens.layers import LensLayers
from app.lens.lens import Lens
from app.lens.panel.panel import LensPanel
from app.lens.reasons import Lost, Reasons
from app.lens.training import Training
from app.lens.training_layers import TrainingLayers
from core.document.geometry.measure import bounds
from core.document.instance import Instance
from core.lens.evidence import BoxKind

if TYPE_CHECKING:
    from app.window.window import MainWindow


class LensCorner(QObject):
    """Made once by the window, before its docks."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        parts = window.parts
        self.lens = Lens(parts.client, parts.workspace)
        self.layers = LensLayers(self.lens, window.viewport, parts.workspace, parts.tasks)
        self.reasons = Reasons(parts.client, parts.workspace, self.lens, self.layers, parts.jobs)
        self.training = Training(parts.client, parts.workspace, self.lens, parts.tasks)
        self.training_layers = TrainingLayers(self.training, self.layers, window.viewport)
        self.panel = LensPanel(
            self.lens, self.layers, self.reasons, self.training, self.training_layers
        )
        self._dock: QDockWidget | None = None
        self._waiting: Lost | None = None
        self.panel.why.asked_missed.connect(self._why_missed)
        self.panel.why.asked_here.connect(self._why_here)
        self.panel.funnel.opened.connect(self._open_lost)
        parts.workspace.image_changed.connect(self._on_image)

    def connect_dock(self, dock: QDockWidget) -> None:
        """Look only while the panel is seen."""
        self._dock = dock
        dock.visibilityChanged.connect(self._on_visible)
        self.lens.failed.connect(lambda text: self._window.notices.fail("lens", text))
        self.reasons.failed.connect(lambda text: self._window.notices.fail("lens", text))
        self.reasons.said.connect(self._window.notices.say)
        self.training.failed.connect(lambda text: self._window.notices.fail("lens", text))

    def acts(self) -> dict[str, Callable[[bool], object]]:
        """What the actions of the lens do, by their ids."""
        return {
            "lens": self._show,
            "lens_next": lambda _on: self._walk(1),
            "lens_previous": lambda _on: self._walk(-1),
            "lens_page": lambda _on: self._next_page(),
            "lens_why_missed": lambda _on: self._why_missed(),
            "lens_why_here": lambda _on: self._why_here(),
            "lens_losses": lambda _on: self._losses(self.reasons.judge_image),
            "lens_losses_folder": lambda _on: self._losses(self.reasons.judge_folder),
            "lens_training": lambda _on: self._train(),
            "lens_training_again": lambda _on: self._train_again(),
            "lens_reset": lambda _on: self.panel.reset(),
        }

    def _on_visible(self, visible: bool) -> None:
        self.lens.set_active(visible)
        self._window.actions_.set_checked("lens", visible)

    def _show(self, on: bool) -> None:
        if on:
            self._raise()
        else:
            self._window.docks[1].raise_()

    def _raise(self) -> None:
        assert self._dock is not None
        self._dock.show()
        self._dock.raise_()
        self.lens.set_active(True)

    def _walk(self, by: int) -> None:
        if self.training.active:
            self.training.step(by)
        elif self.lens.active:
            self.lens.step(by)
        else:
            self._raise()

    def _next_page(self) -> None:
        self._raise()
        self.panel.next_page()

    def _train(self) -> None:
        self._raise()
        self.panel.show_page(self.panel.training)
        self.panel.focus_strip()

    def _train_again(self) -> None:
        if self.training.active:
            self.panel.training.draw_again()
        else:
            self._train()

    def _losses(self, judge: Callable[[], None]) -> None:
        self._raise()
        self.panel.show_page(self.panel.funnel)
        judge()

    def _why_missed(self) -> None:
        document = self._window.parts.workspace.document
        selection = self._window.viewport.selection
        chosen = [] if document is None else [e for e in document.shapes if e.id in selection]
        if not chosen:
            self._window.notices.say(self.tr("Select one of your instances first."))
            return
        if not isinstance(chosen[0], Instance) or chosen[0].crowd:
            text = self.tr("A crowd, an ignored area or a region has no verdict of its own.")
            self._window.notices.say(text)
            return
        self._raise()
        self.panel.show_page(self.panel.why)
        self.reasons.why_missed(chosen[0])

    def _why_here(self) -> None:
        suggesting = self._window.parts.suggesting
        picked = [each for each in suggesting.shown if each.id in suggesting.picked]
        item = self.lens.chosen
        if picked:
            self._raise()
            self.panel.show_page(self.panel.why)
            self.reasons.why_here(picked[0])
        elif item is not None and item.kind is BoxKind.DETECTION:
            self.panel.show_page(self.panel.why)
            self.reasons.why_detection(item.index)
        else:
            self._window.notices.say(self.tr("Pick a suggestion or choose a detection first."))

    def _open_lost(self, lost: Lost) -> None:
        self._waiting = lost
        if self._window.parts.workspace.path == lost.path:
            self._show_lost()
        else:
            self._window.parts.workspace.go(lost.path)

    def _on_image(self) -> None:
        if self._waiting is not None:
            # After the window has shown the image, which clears the selection.
            QTimer.singleShot(0, self, self._show_lost)

    def _show_lost(self) -> None:
        workspace = self._window.parts.workspace
        lost, document = self._waiting, workspace.document
        if lost is None or document is None or workspace.path != lost.path:
            return
        self._waiting = None
        instance = document.get(lost.id)
        if isinstance(instance, Instance):
            self._window.viewport.set_selection([lost.id])
            self._window.viewport.reveal(bounds(instance))
            self.reasons.why_missed(instance)
