"""The layers of the stages: each shows what its view draws of the trace."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.base.tasks import Task, Tasks
from app.base.words import error_text, text_of
from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.chain import ChainLayer, OutlineLayer
from app.canvas.layers.legend import LegendLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import DrawingLayer, PlainLayer
from app.canvas.layers.roi import ArrowLayer, BarsLayer, SamplingLayer
from app.canvas.viewport import Viewport
from app.editor.workspace import Workspace
from app.lens.lens import Lens
from core.document.geometry.measure import Rect
from core.document.instance import Polygons
from core.document.regions import comparable
from core.lens.evidence import BoxKind
from core.lens.items import Item, box_of, counterpart
from core.lens.pictures import Picture, padded_place
from core.lens.trace import Trace
from core.lens.views import LAYERS, VIEWS
from core.lens.views.base import Layer, Look, Options
from core.lens.views.marks import (
    AnchorsShown,
    ArrowsShown,
    BarsShown,
    BoxesShown,
    ChainShown,
    Drawing,
    Later,
    Line,
    OutlinesShown,
    Pending,
    PictureAsked,
    PictureShown,
    SamplingShown,
)
from core.protocol.messages.lens import LensDrawn

LEGEND: Final = "legend"
"""The layer that is seen at every stage."""
_FORMS: Final[dict[type[Any], type[DrawingLayer[Any]]]] = {
    SamplingShown: SamplingLayer,
    BarsShown: BarsLayer,
    ArrowsShown: ArrowLayer,
    OutlinesShown: OutlineLayer,
    ChainShown: ChainLayer,
}


class LensLayers(QObject):
    """Keeps the layers in step with the lens; `changed` follows counts and switches."""

    changed = Signal()

    def __init__(self, lens: Lens, viewport: Viewport, workspace: Workspace, tasks: Tasks) -> None:
        super().__init__(viewport)
        self._lens = lens
        self._viewport = viewport
        self._workspace = workspace
        self._tasks = tasks
        self._working: dict[str, Task[Drawing]] = {}
        self.options = Options()
        self._only: tuple[BoxKind, NDArray[np.int64]] | None = None
        self._asked: dict[str, PictureAsked] = {}
        self._lines: dict[str, tuple[Line, ...]] = {}
        self._outline: Polygons = ()
        self._stale: set[str] = set()
        self._layers = {name: self._made(view) for name, view in LAYERS.items()}
        self.legend = LegendLayer()
        self.all: dict[str, PlainLayer] = {**self._layers, LEGEND: self.legend}
        self.boxes = {n: each for n, each in self._layers.items() if isinstance(each, BoxLayer)}
        for layer in self.all.values():
            viewport.add_layer(layer)
        lens.trace_changed.connect(self._on_trace)
        lens.stage_changed.connect(self._on_stage)
        lens.chosen_changed.connect(self._on_chosen)
        lens.hovered_changed.connect(self._on_hovered)
        lens.drawn.connect(self._on_drawn)
        workspace.document_changed.connect(lambda _changed: self._on_labels())

    def _made(self, view: Layer) -> DrawingLayer[Any]:
        if view.form is PictureShown:
            return PictureLayer(opacity=view.opacity, below_instances=view.below)
        if view.form not in (BoxesShown, AnchorsShown):
            return _FORMS[view.form]()
        kind = view.kind
        assert kind is not None
        form = BoxLayer if view.form is BoxesShown else AnchorLayer
        return form(
            lambda n: self._lens.hover(None if n is None else Item(kind, n)),
            lambda n: self._lens.choose(Item(kind, n)),
            lambda n: self._text(view, n),
        )

    def _text(self, view: Layer, number: int) -> str:
        trace = self._lens.trace
        return "" if trace is None else text_of(view.describe(trace, number))

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
        self._follow("options")
        self._refresh()

    def narrow(self, kind: BoxKind | None, index: NDArray[np.int64] | None) -> None:
        """Show only these boxes of a kind, by their numbers; all where there is None."""
        only = None if kind is None or index is None else (kind, index)
        if only is not self._only:
            self._only = only
            self._follow("only")
            self._refresh()

    def show_chain(self, outline: Polygons = ()) -> None:
        """Show the chain of the chosen box, and a person's outline with it."""
        self._outline = outline
        self.all["chain"].visible = True
        self._stale.add("chain")
        self._refresh()

    # What happens

    def _follow(self, what: str) -> None:
        """Draw again what follows the options, the chosen box and so on."""
        self._stale |= {name for name, view in LAYERS.items() if what in view.follows}

    def _on_trace(self) -> None:
        self._stale = set(self.all)
        for task in self._working.values():
            task.cancel()
        self._working.clear()
        if self._lens.trace is None:
            self._clear()
        self._clear_the_view()
        self._refresh()

    def _on_stage(self) -> None:
        shown = (*VIEWS[self._lens.stage].shows, LEGEND) if self._lens.active else ()
        for name, layer in self.all.items():
            layer.visible = name in shown
        self._follow("stage")
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
        self._follow("chosen")
        self._mark()
        self._refresh()

    def _on_labels(self) -> None:
        if self.options.anchor_colour == "match":
            self._follow("labels")
            self._refresh()

    def _on_hovered(self) -> None:
        item, trace = self._lens.hovered, self._lens.trace
        for name, layer in self.boxes.items():
            same = item is not None and trace is not None and item.kind is LAYERS[name].kind
            layer.light((item.index, box_of(trace, item)) if same and item and trace else None)
        anchors = self.all["anchors"]
        if isinstance(anchors, AnchorLayer) and (item is None or item.kind is BoxKind.ANCHOR):
            anchors.light(None if item is None else item.index)
        self._viewport.layer_changed()

    def _mark(self) -> None:
        item, trace = self._lens.chosen, self._lens.trace
        if trace is not None and self._lens.stage == "mask_logits":
            item = self._look(trace).focus()
        for name, layer in self.boxes.items():
            one = None if trace is None else counterpart(trace, item, LAYERS[name].kind)
            layer.mark(None if one is None or trace is None else (one.index, box_of(trace, one)))
        found = None if trace is None else counterpart(trace, item, BoxKind.DETECTION)
        polygons = self.all["polygons"]
        if isinstance(polygons, OutlineLayer):
            polygons.choose(-1 if found is None else found.index)

    def _on_drawn(self, slot: str, drawn: LensDrawn) -> None:
        asked = self._asked.get(slot)
        if asked is not None and self._lens.trace is not None:
            picture = Picture(drawn.pixels, Rect(*drawn.place), drawn.low, drawn.high)
            lines = asked.legend(drawn.low, drawn.high)
            self._take(slot, PictureShown(picture, lines, asked.frame))
            self._explain()
            self.changed.emit()
            self._viewport.layer_changed()

    # Filling

    def _look(self, trace: Trace, view: Layer | None = None) -> Look:
        document, lens = self._workspace.document, self._lens
        # The outlines have the numbers of their detections.
        kind = BoxKind.DETECTION if view is None or view.kind is None else view.kind
        only = self._only[1] if self._only is not None and self._only[0] is kind else None
        return Look(
            trace,
            self.options,
            lens.stage,
            lens.chosen,
            only,
            () if document is None else comparable(document.shapes),
            self._outline,
            lens.matching or Look(trace).matching,
        )

    def _refresh(self) -> None:
        """Draw the layers that are shown and out of date."""
        trace = self._lens.trace
        if trace is not None:
            due = {name for name, layer in self.all.items() if layer.visible} & self._stale
            for name in due - {LEGEND}:
                self._take(name, LAYERS[name].draw(self._look(trace, LAYERS[name])))
            self._stale -= due
            if due & self._layers.keys():
                self._mark()
            for boxes in self.boxes.values():
                boxes.names_chosen = not (self.all["chain"].visible and self.all["chain"].count)
            self._explain()
        self.changed.emit()
        self._viewport.layer_changed()

    def _take(self, name: str, drawing: Drawing | None) -> None:
        """Show a drawing on its layer, now or when it has come."""
        if name in self._working:
            self._working.pop(name).cancel()
        match drawing:
            case Pending():
                pass
            case None:
                self._asked.pop(name, None)
                self._lines.pop(name, None)
                self._layers[name].clear()
            case PictureAsked():
                self._asked[name] = drawing
                self._lens.draw(name, drawing)
            case Later():
                self._draw_later(name, drawing)
            case _:
                self._layers[name].show(drawing)
                self._lines[name] = drawing.legend

    def _draw_later(self, name: str, drawing: Later) -> None:
        def show(found: Drawing) -> None:
            self._take(name, found)
            self._explain()
            self.changed.emit()
            self._viewport.layer_changed()

        self._working[name] = self._tasks.run(
            lambda context: drawing.make(context.check),
            done=show,
            failed=lambda error: self._lens.failed.emit(error_text(error)),
        )

    def _explain(self) -> None:
        shown = (name for name, layer in self.all.items() if layer.visible)
        self.legend.show([line for name in shown for line in self._lines.get(name, ())])

    def _clear(self) -> None:
        for layer in self._layers.values():
            layer.clear()
        self.legend.show(())
        self._asked.clear()
        self._lines.clear()
