"""The layers of the lens: which belong to a stage, and what they show of the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.base.tasks import Task, Tasks
from app.base.words import error_text
from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.chain import ChainLayer, OutlineLayer
from app.canvas.layers.legend import LegendLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import PlainLayer
from app.canvas.layers.roi import ArrowLayer, BarsLayer, SamplingLayer
from app.canvas.viewport import Viewport
from app.editor.workspace import Workspace
from app.lens import chains, groups, roi
from app.lens.describe import describe
from app.lens.legend import Seen, legend
from app.lens.lens import Lens
from app.lens.options import Options
from core.document.instance import Polygons
from core.document.regions import comparable
from core.lens.evidence import BoxKind
from core.lens.items import Item, box_of, chain_of, counterpart
from core.lens.pictures import objectness, padded_place
from core.lens.recompute import sigmoid
from core.lens.trace import Trace
from core.lens.views import VIEWS
from core.lens.views.base import Group, Line, Part
from core.protocol.messages.lens import LensDrawn, PictureKind

OF_STAGE: Final = {
    "input": ("input",),
    "backbone": ("features",),
    "pyramid": ("features",),
    "anchors": ("anchors",),
    "rpn": ("objectness",),
    "decoded": ("decoded", "chain"),
    "proposals": ("proposals", "chain"),
    "roi_levels": ("roi_levels", "sampling"),
    "box_head": ("bars", "arrows"),
    "candidates": ("candidates", "chain"),
    "detections": ("detections", "chain"),
    "mask_logits": ("mask_logits", "detections"),
    "polygons": ("polygons", "chain"),
}
"""What one sees when one comes to a stage; any other layer can be switched on."""
KINDS: Final = {
    "decoded": BoxKind.DECODED,
    "proposals": BoxKind.PROPOSAL,
    "roi_levels": BoxKind.PROPOSAL,
    "candidates": BoxKind.CANDIDATE,
    "detections": BoxKind.DETECTION,
}
_GROUPS: Final[dict[str, Callable[[Trace, Part], list[Group]]]] = {
    "decoded": groups.decoded,
    "proposals": groups.proposals,
    "detections": groups.detections,
}
LEGEND: Final = "legend"
"""The layer that is seen at every stage."""


class LensLayers(QObject):
    """Keeps the layers in step with the lens; `changed` follows counts and switches."""

    changed = Signal()

    def __init__(self, lens: Lens, viewport: Viewport, workspace: Workspace, tasks: Tasks) -> None:
        super().__init__(viewport)
        self._lens = lens
        self._viewport = viewport
        self._workspace = workspace
        self._tasks = tasks
        self._matching: Task[groups.Matched] | None = None
        self.options = Options()
        self._only: tuple[BoxKind, NDArray[np.int64]] | None = None
        self._drawn: dict[str, LensDrawn] = {}
        self._lines: dict[str, tuple[Line, ...]] = {}
        self._outline: Polygons = ()
        self._stale: set[str] = set()
        self.input, self.features = PictureLayer(opacity=1.0), PictureLayer()
        self.objectness, self.mask_logits = PictureLayer(), PictureLayer(below_instances=False)
        self.anchors = AnchorLayer(
            lambda n: self._hover(BoxKind.ANCHOR, n),
            lambda n: lens.choose(Item(BoxKind.ANCHOR, n)),
            lambda n: self._text(BoxKind.ANCHOR, n),
        )
        self.boxes = {name: self._box_layer(kind) for name, kind in KINDS.items()}
        self.sampling, self.bars, self.arrows = SamplingLayer(), BarsLayer(), ArrowLayer()
        self.polygons, self.chain, self.legend = OutlineLayer(), ChainLayer(), LegendLayer()
        self.all: dict[str, PlainLayer] = {
            "input": self.input,
            "features": self.features,
            "objectness": self.objectness,
            "anchors": self.anchors,
            **self.boxes,
            "sampling": self.sampling,
            "bars": self.bars,
            "arrows": self.arrows,
            "mask_logits": self.mask_logits,
            "polygons": self.polygons,
            "chain": self.chain,
            LEGEND: self.legend,
        }
        for layer in self.all.values():
            viewport.add_layer(layer)
        lens.trace_changed.connect(self._on_trace)
        lens.stage_changed.connect(self._on_stage)
        lens.chosen_changed.connect(self._on_chosen)
        lens.hovered_changed.connect(self._on_hovered)
        lens.drawn.connect(self._on_drawn)
        workspace.document_changed.connect(lambda _changed: self._on_labels())

    # What a person does

    def set_visible(self, name: str, visible: bool) -> None:
        """Switch a layer."""
        self.all[name].visible = visible
        self._refresh()

    def set_opacity(self, name: str, opacity: float) -> None:
        """Let the image shine through a layer, 0 to 1."""
        self.all[name].opacity = opacity
        self._viewport.layer_changed()

    def set_options(self, options: Options) -> None:
        """Other levels, channels, colours."""
        self.options = options
        self.anchors.set_part(options.anchor_level, options.anchor_shape)
        self._stale |= {"features", "objectness", "anchors", "sampling", "mask_logits", *KINDS}
        self._refresh()

    def narrow(self, kind: BoxKind | None, index: NDArray[np.int64] | None) -> None:
        """Show only these boxes of a kind, by their numbers; all where there is None."""
        only = None if kind is None or index is None else (kind, index)
        if only is not self._only:
            self._only = only
            self._stale |= {*KINDS, "polygons"}
            self._refresh()

    def show_chain(self, outline: Polygons = ()) -> None:
        """Show the chain of the chosen box, and a person's outline with it."""
        self._outline = outline
        self.chain.visible = True
        self._stale.add("chain")
        self._refresh()

    # What happens

    def _on_trace(self) -> None:
        self._stale = set(self.all)
        if self._lens.trace is None:
            self._clear()
        self._clear_the_view()
        self._refresh()

    def _on_stage(self) -> None:
        shown = (*OF_STAGE[self._lens.stage], LEGEND) if self._lens.active else ()
        for name, layer in self.all.items():
            layer.visible = name in shown
        self._stale |= {"features", "mask_logits"}
        self._mark()
        self._clear_the_view()
        self._refresh()

    def _clear_the_view(self) -> None:
        """Let fills and names not hide the layers, and make room for the padding."""
        self._viewport.set_quiet(self._lens.active)
        trace = self._lens.trace
        if trace is not None and self._lens.active:
            place = padded_place(trace.input)
            self._viewport.set_surroundings(place.x1, place.y1)
        else:
            self._viewport.set_surroundings(0.0, 0.0)

    def _on_chosen(self) -> None:
        self._outline = ()
        self._stale |= {"chain", "sampling", "bars", "arrows", "mask_logits"}
        self._mark()
        self._refresh()

    def _on_labels(self) -> None:
        if self.options.anchor_colour == "match":
            self._stale.add("anchors")
            self._refresh()

    def _on_hovered(self) -> None:
        item, trace = self._lens.hovered, self._lens.trace
        for name, layer in self.boxes.items():
            same = item is not None and trace is not None and item.kind is KINDS[name]
            layer.light((item.index, box_of(trace, item)) if same and item and trace else None)
        if item is None or item.kind is BoxKind.ANCHOR:
            self.anchors.light(None if item is None else item.index)
        self._viewport.layer_changed()

    def _mark(self) -> None:
        item, trace = self._lens.chosen, self._lens.trace
        if trace is not None and self._lens.stage == "mask_logits":
            item = self._focus(trace)
        for name, layer in self.boxes.items():
            one = None if trace is None else counterpart(trace, item, KINDS[name])
            layer.mark(None if one is None or trace is None else (one.index, box_of(trace, one)))
        found = None if trace is None else counterpart(trace, item, BoxKind.DETECTION)
        self.polygons.choose(-1 if found is None else found.index)

    def _on_drawn(self, slot: str, drawn: LensDrawn) -> None:
        layer = self.all.get(slot)
        trace = self._lens.trace
        if isinstance(layer, PictureLayer) and trace is not None:
            frame = trace.input.image_size if slot == "input" else None
            layer.show(drawn.pixels, drawn.place, frame)
            self._drawn[slot] = drawn
            self._explain(trace)
            self.changed.emit()
            self._viewport.layer_changed()

    # Filling

    def _refresh(self) -> None:
        """Fill the layers that are shown and out of date."""
        trace = self._lens.trace
        if trace is not None:
            due = {name for name, layer in self.all.items() if layer.visible} & self._stale
            for name in due:
                self._fill(name, trace)
            self._stale -= due
            for boxes in self.boxes.values():
                boxes.names_chosen = not (self.chain.visible and self.chain.count)
            self._explain(trace)
        self.changed.emit()
        self._viewport.layer_changed()

    def _explain(self, trace: Trace) -> None:
        shown = [name for name, layer in self.all.items() if layer.visible]
        painted = {name: boxes.painted for name, boxes in self.boxes.items()}
        seen = Seen(trace, self._lens.stage, self.options, self._drawn, painted, self._lines)
        self.legend.show(legend(seen, shown))

    def _clear(self) -> None:
        for layer in (self.input, self.features, self.objectness, self.mask_logits):
            layer.show(None, (0, 0, 0, 0))
        for boxes in self.boxes.values():
            boxes.set_groups([], 0)
        self.anchors.clear()
        roi.show_nothing(self.sampling)
        self.bars.show(None, ())
        self.arrows.show(np.zeros((0, 4)), np.zeros((0, 4)))
        self.polygons.show((), ())
        self.chain.show(())
        self.legend.show(())
        self._drawn.clear()
        self._lines.clear()

    def _fill(self, name: str, trace: Trace) -> None:
        if name in VIEWS:
            part = Part(self.options.most, self._wanted(KINDS[name]))
            shown = VIEWS[name].boxes(trace, part)
            self.boxes[name].set_groups(shown.groups, shown.total)
            self._lines[name] = shown.legend
            self._mark()
            return
        if name in _GROUPS:
            part = Part(self.options.most, self._wanted(KINDS[name]))
            self.boxes[name].set_groups(_GROUPS[name](trace, part), trace.counts()[name])
            self._mark()
            return
        {
            "input": lambda _trace: self._lens.draw("input", PictureKind.INPUT),
            "features": lambda _trace: self._draw_features(),
            "objectness": self._fill_objectness,
            "anchors": self._fill_anchors,
            "sampling": self._fill_sampling,
            "bars": self._fill_bars,
            "arrows": self._fill_arrows,
            "mask_logits": self._draw_mask,
            "polygons": self._fill_polygons,
            "chain": self._fill_chain,
            LEGEND: self._explain,
        }[name](trace)

    def _wanted(self, kind: BoxKind) -> NDArray[np.int64] | None:
        """The boxes that a filter has left, when there is one for this kind."""
        return self._only[1] if self._only is not None and self._only[0] is kind else None

    def _draw_features(self) -> None:
        kind, options = self.options.feature_kind, self.options
        level = options.pyramid_level + 4
        if self._lens.stage == "backbone":
            level = options.backbone_level
        self._lens.draw("features", kind, level=level, channel=options.channel)

    def _fill_objectness(self, trace: Trace) -> None:
        level = min(self.options.objectness_level, len(trace.anchors.grids) - 1)
        drawn = objectness(trace.rpn.logits, trace.anchors, level, trace.input)
        place = drawn.place
        self.objectness.show(drawn.pixels, (place.x0, place.y0, place.x1, place.y1))

    def _fill_anchors(self, trace: Trace) -> None:
        strength = sigmoid(trace.rpn.logits)
        match self.options.anchor_colour:
            case "fate":
                looks = groups.anchors_by_fate(trace)
            case "level":
                looks = groups.anchors_by_level(trace)
            case "match":
                self._match_anchors(trace)
                return
            case _:
                looks = groups.anchors_by_objectness(trace)
        coloured = self.options.anchor_colour in ("fate", "level")
        self.anchors.show(
            trace.anchors, trace.input.scale, strength, looks, boxes_coloured=coloured
        )

    def _match_anchors(self, trace: Trace) -> None:
        """Compare all anchors with all labels, which takes too long for the window's thread."""
        document = self._workspace.document
        instances = () if document is None else comparable(document.shapes)
        if self._matching is not None:
            self._matching.cancel()

        def show(found: groups.Matched) -> None:
            if self._lens.trace is trace and self.options.anchor_colour == "match":
                self.anchors.show(
                    trace.anchors,
                    trace.input.scale,
                    found.overlap,
                    found.looks,
                    boxes_coloured=True,
                )
                self._explain(trace)
                self.changed.emit()
                self._viewport.layer_changed()

        def fail(error: Exception) -> None:
            self._lens.failed.emit(error_text(error))

        self._matching = self._tasks.run(
            lambda context: groups.matched(trace, instances, context.check), done=show, failed=fail
        )

    def _focus(self, trace: Trace) -> Item | None:
        return roi.focus(trace, self._lens.stage, self._lens.chosen)

    def _fill_sampling(self, trace: Trace) -> None:
        roi.show_sampling(self.sampling, trace, self._focus(trace), self.options.bins)

    def _fill_bars(self, trace: Trace) -> None:
        roi.show_bars(self.bars, trace, self._focus(trace))

    def _fill_arrows(self, trace: Trace) -> None:
        item = self._lens.chosen
        candidate = None if item is None else chain_of(trace, item).candidate
        self.arrows.show(*groups.refinement(trace, candidate))

    def _draw_mask(self, trace: Trace) -> None:
        item = self._focus(trace)
        detection = None if item is None else chain_of(trace, item).detection
        if detection is None:
            self._drawn.pop("mask_logits", None)
            self.mask_logits.show(None, (0, 0, 0, 0))
            return
        own = int(trace.detections.label[detection])
        label = self.options.mask_label or own
        self._lens.draw("mask_logits", PictureKind.MASK, detection=detection, label=label)

    def _fill_polygons(self, trace: Trace) -> None:
        outlines, wanted = trace.polygons.outlines, self._wanted(BoxKind.DETECTION)
        if wanted is not None:
            kept = set(wanted.tolist())
            outlines = tuple(each if n in kept else () for n, each in enumerate(outlines))
        self.polygons.show(outlines, [groups.colour_of(n) for n in range(len(outlines))])
        self._mark()

    def _fill_chain(self, trace: Trace) -> None:
        item = self._lens.chosen
        links = [] if item is None else chains.links(trace, item)
        self.chain.show(links, self._outline)

    # Pointing

    def _box_layer(self, kind: BoxKind) -> BoxLayer:
        return BoxLayer(
            lambda n: self._hover(kind, n),
            lambda n: self._lens.choose(Item(kind, n)),
            lambda n: self._text(kind, n),
        )

    def _hover(self, kind: BoxKind, number: int | None) -> None:
        self._lens.hover(None if number is None else Item(kind, number))

    def _text(self, kind: BoxKind, number: int) -> str:
        trace = self._lens.trace
        return "" if trace is None else describe(trace, self._lens.stage, Item(kind, number))
