"""The layers of the training view, in step with it; those of the stages go out of sight."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.base.words import text_of
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import DrawingLayer
from app.canvas.viewport import Viewport
from app.lens.drawn import FORMS, DrawnLayers
from app.lens.layers import LensLayers
from app.lens.training import Training
from core.lens.views.marks import BoxesShown, Drawing, PictureShown
from core.lens.views.training import ANYWHERE, LAYERS, PLACES, describe
from core.lens.views.training.replayed import TrainingLook, narrowed

LEGEND: Final = "train_legend"
_FOLLOW_CHOSEN: Final = frozenset({"train_target", "train_mask", "train_arrows"})


class TrainingLayers(DrawnLayers):
    """Keeps the layers in step with the training view."""

    def __init__(self, training: Training, stages: LensLayers, viewport: Viewport) -> None:
        self._training, self._stages = training, stages
        made = {name: self._made(form) for name, (_title, form) in LAYERS.items()}
        super().__init__(viewport, made, LEGEND)
        self._hidden: tuple[str, ...] = ()
        self._only: NDArray[np.int64] | None = None
        self._most = stages.options.most
        stages.changed.connect(self._on_options)
        training.changed.connect(self._on_changed)
        training.place_changed.connect(self._on_place)
        training.active_changed.connect(self._on_place)
        training.chosen_changed.connect(self._on_chosen)
        training.hovered_changed.connect(self._on_hovered)

    def _made(self, form: type[Any]) -> DrawingLayer[Any]:
        if form is PictureShown:
            return PictureLayer(below_instances=False)
        if form is not BoxesShown:
            return FORMS[form]()
        return BoxLayer(self._training.hover, self._training.choose, self._describe)

    def _describe(self, number: int) -> str:
        replayed = self._training.replayed
        return "" if replayed is None else text_of(describe(replayed, number))

    # What a person does

    def narrow(self, numbers: NDArray[np.int64] | None) -> None:
        """Show only the boxes that a filter has left; all without one."""
        if numbers is not self._only:
            self._only = numbers
            self._draw_again(frozenset(self.boxes))

    def hide_stages(self) -> None:
        """Put the layers of the stages away, or bring back those that were seen."""
        if self._training.active:
            seen = tuple(name for name, layer in self._stages.all.items() if layer.visible)
            for name in seen:
                self._stages.set_visible(name, False)
            self._hidden = seen or self._hidden
        else:
            for name in self._hidden:
                self._stages.set_visible(name, True)
            self._hidden = ()

    # What happens

    def _draw_again(self, names: frozenset[str]) -> None:
        self._stale |= names
        self.refresh()

    def _on_changed(self) -> None:
        self._only = None
        if self._training.replayed is None:
            self.clear()
        self._draw_again(frozenset(LAYERS))

    def _on_options(self) -> None:
        if self._most != self._stages.options.most:
            self._most = self._stages.options.most
            self._draw_again(frozenset(self.boxes))

    def _on_place(self) -> None:
        here = PLACES[self._training.place].draw
        self.see((*here, LEGEND) if self._training.active else ())
        self._only = None
        self._draw_again(frozenset(LAYERS))

    def _on_chosen(self) -> None:
        self.drawn()
        self._draw_again(_FOLLOW_CHOSEN)

    def _on_hovered(self) -> None:
        self.drawn()
        self._viewport.layer_changed()

    def drawn(self) -> None:
        """Let the chosen box and the one below the pointer stand out."""
        training, replayed = self._training, self._training.replayed
        for name, layer in self.boxes.items():
            for number, show in ((training.chosen, layer.mark), (training.hovered, layer.light)):
                mine = replayed is not None and number is not None
                if mine and replayed and number is not None:
                    mine = replayed.is_roi(number) == (name == "train_rois")
                    show((number, replayed.box(number)) if mine else None)
                else:
                    show(None)

    # Drawing

    @property
    def ready(self) -> bool:
        """Whether somebody looks at a replay."""
        return self._training.replayed is not None and self._training.active

    def look(self) -> TrainingLook | None:
        """How one looks at the replay, when there is one."""
        training = self._training
        if training.replayed is None:
            return None
        return TrainingLook(training.replayed, training.place, self._most, training.chosen)

    def draw(self, name: str) -> Drawing | None:
        """What the place draws on a layer, without the boxes that a filter has hidden."""
        look = self.look()
        draw = PLACES[self._training.place].draw.get(name, ANYWHERE.get(name))
        shown = None if look is None or draw is None else draw(look)
        if self._only is not None and isinstance(shown, BoxesShown):
            return narrowed(shown, self._only)
        return shown
