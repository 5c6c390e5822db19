"""The layers of the training view: what was matched and drawn, what is asked, and what it costs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.chain import OutlineLayer
from app.canvas.layers.legend import LegendLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import PlainLayer
from app.canvas.layers.roi import ArrowLayer
from app.canvas.viewport import Viewport
from app.lens import training_groups as groups
from app.lens.layers import LensLayers
from app.lens.training import Training
from app.lens.training_items import (
    ANCHOR_DRAW,
    ANCHOR_MATCH,
    LOSSES_PLACE,
    Replayed,
    Spot,
    SpotKind,
)
from app.lens.training_rows import SpotRows
from app.lens.training_words import describe
from core.lens.colours import FULL_MASK
from core.lens.colours import TARGET as TARGET_PAINT
from core.lens.pictures import mask_target
from core.lens.target_steps import StepName
from core.lens.views.marks import (
    ArrowsShown,
    BoxesShown,
    Entry,
    Group,
    Line,
    OutlinesShown,
    PictureShown,
)

ANCHORS, ROIS, ARROWS = "train_anchors", "train_rois", "train_arrows"
TARGET, MASK, LEGEND = "train_target", "train_mask", "train_legend"
_CHOSEN: Final = (TARGET, MASK, LEGEND)
OF_PLACE: Final = {
    LOSSES_PLACE: (ANCHORS, ROIS, *_CHOSEN),
    ANCHOR_MATCH: (ANCHORS, LEGEND),
    ANCHOR_DRAW: (ANCHORS, ARROWS, LEGEND),
    StepName.JOINED: (ROIS, LEGEND),
    StepName.OVERLAPS: (ROIS, LEGEND),
    StepName.POSITIVES: (ROIS, LEGEND),
    StepName.NEGATIVES: (ROIS, LEGEND),
    StepName.SAMPLE: (ROIS, LEGEND),
    StepName.MATCH: (ROIS, LEGEND),
    StepName.DELTAS: (ROIS, ARROWS, LEGEND),
    StepName.MASKS: (ROIS, *_CHOSEN),
}
"""What one sees when one comes to a place; any other layer can be switched on."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("training", text)


class TrainingLayers(QObject):
    """Keeps the layers in step with the training view, and the layers of the stages out of sight.

    `changed` follows counts and switches.
    """

    changed = Signal()

    def __init__(self, training: Training, stages: LensLayers, viewport: Viewport) -> None:
        super().__init__(viewport)
        self._training, self._stages, self._viewport = training, stages, viewport
        self._hidden: tuple[str, ...] = ()
        self._stale: set[str] = set()
        self._only: tuple[SpotRows, NDArray[np.int64]] | None = None
        self._lines: dict[str, list[Line]] = {}
        self._most = stages.options.most
        self.anchors, self.rois = self._box_layer(SpotKind.ANCHOR), self._box_layer(SpotKind.ROI)
        self.arrows, self.mask, self.legend = ArrowLayer(), OutlineLayer(), LegendLayer()
        self.target = PictureLayer(opacity=0.8, below_instances=False)
        self.all: dict[str, PlainLayer] = {
            TARGET: self.target,
            MASK: self.mask,
            ANCHORS: self.anchors,
            ROIS: self.rois,
            ARROWS: self.arrows,
            LEGEND: self.legend,
        }
        for layer in self.all.values():
            viewport.add_layer(layer)
        stages.changed.connect(self._on_options)
        training.changed.connect(self._on_changed)
        training.place_changed.connect(self._on_place)
        training.active_changed.connect(self._on_place)
        training.chosen_changed.connect(self._on_chosen)
        training.hovered_changed.connect(self._on_hovered)

    # What a person does

    def set_visible(self, name: str, visible: bool) -> None:
        """Switch a layer."""
        self.all[name].visible = visible
        self._refresh()

    def set_opacity(self, name: str, opacity: float) -> None:
        """Let the image shine through a layer, 0 to 1."""
        self.all[name].opacity = opacity
        self._viewport.layer_changed()

    def narrow(self, rows: SpotRows | None, numbers: NDArray[np.int64] | None) -> None:
        """Show only the boxes that a filter has left; all without one."""
        only = None if rows is None or numbers is None else (rows, numbers)
        if only is not self._only:
            self._only = only
            self._stale |= {ANCHORS, ROIS}
            self._refresh()

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

    def _on_changed(self) -> None:
        self._stale = set(self.all)
        self._only = None
        if self._training.replayed is None:
            self._clear()
        self._refresh()

    def _on_options(self) -> None:
        if self._most != self._stages.options.most:
            self._most = self._stages.options.most
            self._stale |= {ANCHORS, ROIS}
            self._refresh()

    def _on_place(self) -> None:
        shown = OF_PLACE[self._training.place] if self._training.active else ()
        for name, layer in self.all.items():
            layer.visible = name in shown
        self._only = None
        self._stale = set(self.all)
        self._refresh()

    def _on_chosen(self) -> None:
        self._stale |= {TARGET, MASK, ARROWS}
        self._mark()
        self._refresh()

    def _on_hovered(self) -> None:
        self._stand_out()
        self._viewport.layer_changed()

    def _mark(self) -> None:
        for layer, kind in ((self.anchors, SpotKind.ANCHOR), (self.rois, SpotKind.ROI)):
            layer.mark(self._corners(self._training.chosen, kind))

    def _stand_out(self) -> None:
        for layer, kind in ((self.anchors, SpotKind.ANCHOR), (self.rois, SpotKind.ROI)):
            layer.light(self._corners(self._training.hovered, kind))

    def _corners(
        self, spot: Spot | None, kind: SpotKind
    ) -> tuple[int, tuple[float, float, float, float]] | None:
        replayed = self._training.replayed
        if spot is None or spot.kind is not kind or replayed is None:
            return None
        return spot.index, replayed.box(spot)

    # Filling

    def _refresh(self) -> None:
        replayed = self._training.replayed
        if replayed is not None and self._training.active:
            due = {name for name, layer in self.all.items() if layer.visible} & self._stale
            for name in due - {LEGEND}:
                self._fill(name, replayed)
            self._stale -= due
            self._explain()
        self.changed.emit()
        self._viewport.layer_changed()

    def _clear(self) -> None:
        for layer in (self.anchors, self.rois, self.arrows, self.target, self.mask):
            layer.clear()
        self.legend.show(())
        self._lines.clear()

    def _fill(self, name: str, replayed: Replayed) -> None:
        place = self._training.place
        if name in (ANCHORS, ROIS):
            kind, layer, make = {
                ANCHORS: (SpotKind.ANCHOR, self.anchors, groups.anchors),
                ROIS: (SpotKind.ROI, self.rois, groups.rois),
            }[name]
            shown = make(replayed, place, self._most)
            layer.show(BoxesShown(tuple(self._left(shown.groups, kind)), shown.total))
            self._lines[name] = shown.lines
            self._mark()
            self._stand_out()
        elif name == ARROWS:
            self.arrows.show(ArrowsShown(*self._arrows(replayed, place), ()))
            self._lines[ARROWS] = groups.arrow_lines()
        else:
            self._fill_mask(replayed)

    def _left(self, found: list[Group], kind: SpotKind) -> list[Group]:
        """The boxes that a filter has left."""
        if self._only is None:
            return found
        rows, numbers = self._only
        before = len(rows.anchors)
        if kind is SpotKind.ANCHOR:
            wanted = rows.anchors[numbers[numbers < before]]
        else:
            wanted = rows.pool[numbers[numbers >= before] - before]
        left = []
        for group in found:
            stays = np.isin(group.index, wanted)
            if stays.any():
                left.append(
                    Group(group.boxes[stays], group.index[stays], group.colour, group.style)
                )
        return left

    def _arrows(
        self, replayed: Replayed, place: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """All arrows of a place, or the one of the chosen box."""
        before, after = groups.arrows(replayed, place)
        spot = self._training.chosen
        if spot is None:
            return before, after
        own = np.array(replayed.box(spot))
        same = np.flatnonzero((np.abs(before - own) < 1e-6).all(axis=1))
        return (before[same[:1]], after[same[:1]]) if len(same) else (before, after)

    def focus(self, replayed: Replayed) -> Spot | None:
        """The RoI whose mask target is shown: the chosen one, else the costliest of its step."""
        spot = self._training.chosen
        if spot is not None and replayed.positive_row(spot) is not None:
            return spot
        if self._training.place != StepName.MASKS or not len(replayed.view.mask):
            return None
        row = replayed.view.positive_rois[int(replayed.view.mask.argmax())]
        return Spot(SpotKind.ROI, int(replayed.view.rois[row]))

    def _fill_mask(self, replayed: Replayed) -> None:
        spot = self.focus(replayed)
        row = None if spot is None else replayed.positive_row(spot)
        if spot is None or row is None:
            self.target.clear()
            self.mask.clear()
            self._lines[TARGET] = []
            return
        drawn = mask_target(replayed.view.mask_targets[row], np.array(replayed.box(spot)))
        self.target.show(PictureShown(drawn))
        instance = replayed.instance_of(spot)
        outlines = () if instance is None else (instance.polygons,)
        self.mask.show(OutlinesShown(outlines, (FULL_MASK,) * len(outlines)))
        self._lines[TARGET] = [
            Entry(_tr("mask target, 28 × 28 cells"), TARGET_PAINT, filled=True),
            Entry(_tr("the full mask"), FULL_MASK),
        ]

    def _explain(self) -> None:
        lines: list[Line] = []
        for name in (ANCHORS, ROIS, ARROWS, TARGET):
            if self.all[name].visible:
                # Anchors and RoIs share the scale of the losses.
                lines += [line for line in self._lines.get(name, []) if line not in lines]
        self.legend.show(lines)

    # Pointing

    def _box_layer(self, kind: SpotKind) -> BoxLayer:
        training = self._training
        return BoxLayer(
            lambda n: training.hover(None if n is None else Spot(kind, n)),
            lambda n: training.choose(Spot(kind, n)),
            lambda n: self._describe(Spot(kind, n)),
        )

    def _describe(self, spot: Spot) -> str:
        replayed = self._training.replayed
        return "" if replayed is None else describe(replayed, spot)
