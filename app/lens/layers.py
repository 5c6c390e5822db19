"""The layers of the stages: each shows what its view draws of the trace."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.base.tasks import Task, Tasks
from app.base.words import error_text, text_of
from app.canvas.layers.anchors import AnchorLayer
from app.canvas.layers.boxes import BoxLayer
from app.canvas.layers.cells import CellLayer
from app.canvas.layers.chain import OutlineLayer
from app.canvas.layers.picture import PictureLayer
from app.canvas.layers.plain import DrawingLayer
from app.canvas.viewport import Viewport
from app.editor.workspace import Workspace
from app.lens.drawn import FORMS, DrawnLayers
from app.lens.lens import Lens
from core.document.instance import Polygons
from core.document.regions import comparable
from core.lens.evidence import BoxKind
from core.lens.items import Item, box_of, counterpart
from core.lens.pictures import Picture, padded_place
from core.lens.views import LAYERS, VIEWS, has_layer
from core.lens.views.base import Layer, Look, Options
from core.lens.views.marks import Drawing, Later, PictureAsked, PictureShown

LEGEND: Final = "legend"
"""The layer that is seen at every stage."""


class LensLayers(DrawnLayers):
    """Keeps the layers in step with the lens."""

    def __init__(self, lens: Lens, viewport: Viewport, workspace: Workspace, tasks: Tasks) -> None:
        self._lens = lens
        self._workspace = workspace
        self._tasks = tasks
        super().__init__(viewport, {n: self._made(view) for n, view in LAYERS.items()}, LEGEND)
        self._let_cells_be_seen()
        self._working: dict[str, Task[Drawing]] = {}
        self.options = Options()
        self._only: tuple[BoxKind, NDArray[np.int64]] | None = None
        self._asked: dict[str, PictureAsked] = {}
        self._outline: Polygons = ()
        lens.trace_changed.connect(self._on_trace)
        lens.stage_changed.connect(self._on_stage)
        lens.chosen_changed.connect(self._on_chosen)
        lens.hovered_changed.connect(self._on_hovered)
        lens.drawn.connect(self._on_drawn)
        workspace.document_changed.connect(lambda _changed: self._on_labels())

    def _made(self, view: Layer) -> DrawingLayer[Any]:
        kind, form = view.kind, FORMS[view.form]
        if form is PictureLayer:
            return PictureLayer(opacity=view.opacity, below_instances=view.below)
        if kind is None:
            return form()
        if form is CellLayer:
            return CellLayer(lambda n: self._lens.choose(Item(kind, n)))
        pointed = BoxLayer if form is BoxLayer else AnchorLayer
        return pointed(
            lambda n: self._lens.hover(None if n is None or n < 0 else Item(kind, n)),
            lambda n: self._lens.choose(Item(kind, n) if n >= 0 else None),
            lambda n: self._text(view, n),
        )

    def _let_cells_be_seen(self) -> None:
        """While the pointer shows a cell, the boxes of all others step back."""
        cells = self._layers["cells"]
        assert isinstance(cells, CellLayer)
        self.boxes["proposer"].behind = lambda: cells.visible and bool(cells.seen)

    def _text(self, view: Layer, number: int) -> str:
        trace = self._lens.trace
        return "" if trace is None else text_of(view.describe(trace, number))

    # What a person does

    def set_options(self, options: Options) -> None:
        """Other levels, channels, colours."""
        self.options = options
        self._follow("options")

    def narrow(self, kind: BoxKind | None, index: NDArray[np.int64] | None) -> None:
        """Show only these boxes of a kind, by their numbers; all where there is None."""
        only = None if kind is None or index is None else (kind, index)
        if only is not self._only:
            self._only = only
            self._follow("only")

    def show_chain(self, outline: Polygons = ()) -> None:
        """Show the chain of the chosen box, and a person's outline with it."""
        self._outline = outline
        self._stale.add("chain")
        self.set_visible("chain", True)

    # What happens

    def _follow(self, what: str) -> None:
        """Draw again what follows the options, the chosen box and so on."""
        self._stale |= {name for name, view in LAYERS.items() if what in view.follows}
        self.refresh()

    def _on_trace(self) -> None:
        self._stale = set(self.all)
        for task in self._working.values():
            task.cancel()
        self._working.clear()
        if self._lens.trace is None:
            self._asked.clear()
            self.clear()
        self._clear_the_view()
        self.refresh()

    def _on_stage(self) -> None:
        self.see((*VIEWS[self._lens.stage].shows, LEGEND) if self._lens.active else ())
        self.drawn()
        self._clear_the_view()
        self._follow("stage")

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
        self.drawn()
        self._follow("chosen")

    def _on_labels(self) -> None:
        if self.options.anchor_colour == "match":
            self._follow("labels")

    def _on_hovered(self) -> None:
        item, trace = self._lens.hovered, self._lens.trace
        for name, layer in self.boxes.items():
            same = item is not None and trace is not None and item.kind is LAYERS[name].kind
            layer.light((item.index, box_of(trace, item)) if same and item and trace else None)
        anchors = self._layers["anchors"]
        if isinstance(anchors, AnchorLayer) and (item is None or item.kind is BoxKind.ANCHOR):
            anchors.light(None if item is None else item.index)
        cells = self._layers["cells"]
        if isinstance(cells, CellLayer) and (item is None or item.kind is BoxKind.CANDIDATE):
            cells.light(None if item is None else item.index)
        self._viewport.layer_changed()

    def _on_drawn(self, slot: str, picture: Picture) -> None:
        asked = self._asked.get(slot)
        if asked is not None and self.ready:
            lines = asked.legend(picture.low, picture.high)
            super().take(slot, PictureShown(picture, lines, asked.frame))
            self.tell()

    # Drawing

    @property
    def ready(self) -> bool:
        """Whether there is a trace."""
        return self._lens.trace is not None

    def draw(self, name: str) -> Drawing | None:
        """What the view of a layer draws."""
        view = LAYERS[name]
        look = self._look(view)
        if look is None or not (name == "chain" or has_layer(look.trace, name)):
            return None
        return view.draw(look)

    def _look(self, view: Layer | None = None) -> Look | None:
        document, lens, trace = self._workspace.document, self._lens, self._lens.trace
        if trace is None:
            return None
        # Outlines have the numbers of their detections.
        kind = BoxKind.DETECTION if view is None or view.kind is None else view.kind
        return Look(
            trace,
            self.options,
            lens.stage,
            lens.chosen,
            self._only[1] if self._only is not None and self._only[0] is kind else None,
            () if document is None else comparable(document.shapes),
            self._outline,
            lens.before,
            lens.matching or Look(trace).matching,
        )

    def drawn(self) -> None:
        """Mark the chosen box on every layer that has it."""
        item, look = self._lens.chosen, self._look()
        if look is not None and self._lens.stage == "mask_logits":
            item = look.focus()
        for name, layer in self.boxes.items():
            one = None if look is None else counterpart(look.trace, item, LAYERS[name].kind)
            marked = None if one is None or look is None else (one.index, box_of(look.trace, one))
            layer.mark(marked)
            chain = self._layers["chain"]
            layer.names_chosen = not (chain.visible and chain.count)
        found = None if look is None else counterpart(look.trace, item, BoxKind.DETECTION)
        polygons = self._layers["polygons"]
        if isinstance(polygons, OutlineLayer):
            polygons.choose(-1 if found is None else found.index)

    def take(self, name: str, drawing: Drawing | None) -> None:
        """Show a drawing on its layer, now or when it has come."""
        if name in self._working:
            self._working.pop(name).cancel()
        match drawing:
            case PictureAsked():
                self._asked[name] = drawing
                self._lens.draw(name, drawing)
            case Later():
                self._draw_later(name, drawing)
            case _:
                self._asked.pop(name, None)
                super().take(name, drawing)

    def _draw_later(self, name: str, drawing: Later) -> None:
        def show(found: Drawing) -> None:
            self.take(name, found)
            self.tell()

        self._working[name] = self._tasks.run(
            lambda context: drawing.make(context.check),
            done=show,
            failed=lambda error: self._lens.failed.emit(error_text(error)),
        )
