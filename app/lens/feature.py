"""The lens: looking into every stage of the detector, its panel, its layers, its actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import QTimer

from app.base.actions import LENS, Action
from app.base.feature import Feature, FocusArea
from app.editor.services import Services, engine, image, project, selection
from app.lens.effect import Effect
from app.lens.layers import LensLayers
from app.lens.lens import Lens
from app.lens.panel.panel import LensPanel
from app.lens.reasons import Judged, Reasons
from app.lens.training import Training
from app.lens.training_layers import TrainingLayers
from core.document.geometry.measure import bounds
from core.document.instance import Instance
from core.lens.evidence import BoxKind


class LensFeature(Feature):
    """Looks only while the panel is seen."""

    NAME = "lens"

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.title = self.tr("Lens")
        client, workspace, tasks = services.client, services.workspace, services.tasks
        self.lens = Lens(client, workspace)
        self.layers = LensLayers(self.lens, services.viewport, workspace, tasks)
        self.reasons = Reasons(client, workspace, self.lens, self.layers, services.jobs)
        self.reasons.shown_from = lambda: services.suggesting.threshold
        services.suggesting.changed.connect(self.reasons.changed)
        self.effect = Effect(client, workspace, self.lens, services.jobs)
        self.training = Training(client, workspace, self.lens, tasks)
        self.training_layers = TrainingLayers(self.training, self.layers, services.viewport)
        self.panel: LensPanel = LensPanel(
            self.lens,
            self.layers,
            self.reasons,
            self.training,
            self.training_layers,
            self.effect,
        )
        self._waiting: Judged | None = None
        self.panel.why.asked_missed.connect(self.why_missed)
        self.panel.why.asked_here.connect(self.why_here)
        self.panel.funnel.opened.connect(self._open_lost)
        workspace.image_changed.connect(self._on_image)
        for source in (self.lens, self.reasons, self.training):
            source.failed.connect(lambda text: services.notices.fail("lens", text))
        self.reasons.said.connect(services.notices.say)

    # The window

    def set_in_sight(self, in_sight: bool) -> None:
        """Look, or look no more."""
        self.lens.set_active(in_sight)
        super().set_in_sight(in_sight)

    def focus_areas(self) -> Sequence[FocusArea]:
        """The strip of stages."""
        return ((self.panel, self.panel.focus_strip),)

    # What a person does

    def _show(self, on: bool) -> None:
        if on:
            self._raise()
        else:
            self.front.emit(False)

    def _raise(self) -> None:
        self.front.emit(True)
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

    def _measure(self) -> None:
        self._raise()
        self.panel.show_page(self.panel.knobs)
        if not self.effect.off:
            self.services.notices.say(self.tr("Turn a knob first: there is nothing to measure."))
        elif not self.effect.done_images:
            self.services.notices.say(self.tr("No image is marked as done."))
        else:
            self.effect.measure()

    def _losses(self, judge: Callable[[], None]) -> None:
        self._raise()
        self.panel.show_page(self.panel.funnel)
        judge()

    def why_missed(self) -> None:
        """Ask what became of the selected instance."""
        document = self.services.workspace.document
        selection = self.services.viewport.selection
        chosen = [] if document is None else [e for e in document.shapes if e.id in selection]
        if not chosen:
            self.services.notices.say(self.tr("Select one of your instances first."))
            return
        if not isinstance(chosen[0], Instance) or chosen[0].crowd:
            text = self.tr("A crowd, an ignored area or a region has no verdict of its own.")
            self.services.notices.say(text)
            return
        self._raise()
        self.panel.show_page(self.panel.why)
        self.reasons.why_missed(chosen[0])

    def why_here(self) -> None:
        """Ask where the picked suggestion, or the chosen detection, comes from."""
        suggesting = self.services.suggesting
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
            self.services.notices.say(self.tr("Pick a suggestion or choose a detection first."))

    def _open_lost(self, lost: Judged) -> None:
        self._waiting = lost
        if self.services.workspace.path == lost.path:
            self._show_lost()
        else:
            self.services.workspace.go(lost.path)

    def _on_image(self) -> None:
        if self._waiting is not None:
            # After the window has shown the image, which clears the selection.
            QTimer.singleShot(0, self, self._show_lost)

    def _show_lost(self) -> None:
        workspace = self.services.workspace
        lost, document = self._waiting, workspace.document
        if lost is None or document is None or workspace.path != lost.path:
            return
        self._waiting = None
        instance = document.get(lost.report.verdict.instance.id)
        if isinstance(instance, Instance):
            self.services.viewport.set_selection([instance.id])
            self.services.viewport.reveal(bounds(instance))
            self.reasons.why_missed(instance)

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[LensFeature], ...]] = (
        Action("lens", LENS, "Look inside", ("E",), "search", (image, engine), turn=_show,
               checked=lambda self: self.in_sight,
               tip="Show every stage of the detector over the image"),
        Action("lens_next", LENS, "Next stage", ("]",), "", (image, engine),
               do=lambda self: self._walk(1)),
        Action("lens_previous", LENS, "Previous stage", ("[",), "", (image, engine),
               do=lambda self: self._walk(-1)),
        Action("lens_page", LENS, "Next page of the lens", ("Shift+E",), "", (image, engine),
               do=_next_page, tip="Table, layers, knobs, reasons, losses, training"),
        Action("lens_why_missed", LENS, "Why was this missed?", ("W",), "help",
               (image, selection, engine), do=why_missed, rule=True,
               tip="Say at which cut of the detector the selected instance was lost"),
        Action("lens_why_here", LENS, "Why is this here?", ("Shift+W",), "help", (image, engine),
               do=why_here,
               tip="Say where the picked suggestion or the chosen detection comes from"),
        Action("lens_losses", LENS, "Losses of this image", (), "", (image, engine),
               do=lambda self: self._losses(self.reasons.judge_image), rule=True,
               tip="Where labelled instances are lost, cut by cut"),
        Action("lens_losses_folder", LENS, "Losses of the whole folder", (), "",
               (project, engine), do=lambda self: self._losses(self.reasons.judge_folder),
               tip="The same over all labelled images, in the background"),
        Action("lens_training", LENS, "Training view", ("Shift+T",), "", (image, engine),
               do=_train, rule=True,
               tip="What a training step would ask of this image, and what each item costs"),
        Action("lens_training_again", LENS, "Draw the training samples again",
               ("Ctrl+Shift+T",), "", (image, engine), do=_train_again,
               tip="Replay the training step with the next seed"),
        Action("lens_effect", LENS, "What the knobs do to AP", (), "", (project, engine),
               do=_measure, tip="Box and mask AP before and after, on the images marked as done"),
        Action("lens_reset", LENS, "All knobs as the model has them", (), "undo",
               (image, engine), do=lambda self: self.panel.reset(), rule=True),
    )
