"""Outlines changed by sliders with a preview: tightened by the model, or made simpler, smoother,
larger or smaller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Signal

from app.base.tasks import Task
from app.base.words import error_text, sentence_text
from app.canvas.view import View
from app.canvas.viewport import Viewport
from app.editor.panels.tuning import Knob, TuningPanel
from app.editor.prompting import Prompting, Query
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from core.document.edits import Add, Batch, Edit, Reshape
from core.document.geometry import GeometryError, intersect, union
from core.document.geometry.measure import bounds_of
from core.document.geometry.smoothing import smooth
from core.document.instance import Instance, Polygons, Shape, Source
from core.document.regions import covering
from core.gestures.shaping import settle
from core.lens.detail import Detail, count_vertices
from core.protocol.messages.prompts import Prompt, Prompted, PromptKind

Found = Mapping[str, Polygons]
"""New outlines by the ids of those that they are for."""

JOINING: Final[Mapping[str, Callable[[Polygons, Polygons], Polygons]]] = {
    "replace": lambda _old, new: new,
    "join": union,
    "intersect": intersect,
}


@dataclass(slots=True)
class _Tuned:
    """What is being tuned: the shapes as they were, and the outlines found for them so far."""

    shapes: tuple[Shape, ...]
    suggested: frozenset[str]
    found: Found
    model: bool


class Tuning(QObject):
    """At most one panel at a time; it closes when what it is about changes."""

    made = Signal(object)  # frozenset[str]: what should be selected

    def __init__(
        self,
        viewport: Viewport,
        workspace: Workspace,
        suggesting: Suggesting,
        prompting: Prompting,
    ) -> None:
        super().__init__(workspace)
        self._viewport = viewport
        self._workspace = workspace
        self._suggesting = suggesting
        self._prompting = prompting
        self._panel: TuningPanel | None = None
        self._tuned: _Tuned | None = None
        self._smoothing: Task[Found] | None = None
        workspace.image_changed.connect(self.close)
        workspace.document_changed.connect(lambda _changed: self.close())
        viewport.selection_changed.connect(lambda _ids: self.close())
        viewport.suggestion_picked.connect(lambda _ids: self.close())

    @property
    def panel(self) -> TuningPanel | None:
        """The panel that is open."""
        return self._panel

    def tighten(self) -> None:
        """Let the model draw the chosen outlines anew."""
        self._open(
            self.tr("Tighten"),
            (
                Knob("threshold", self.tr("Threshold"), 0.05, 0.95, 0.5),
                Knob("smoothing", self.tr("Smoothing"), 0.0, 4.0, 0.0, step=0.25),
                Knob("tolerance", self.tr("Coarseness"), 0.0, 10.0, 0.0, "px", 0.25),
                Knob("vertices", self.tr("Vertices at most (0: any)"), 0, 300, 0, step=4),
            ),
            (
                (self.tr("replaces the outline"), "replace"),
                (self.tr("is added to it"), "join"),
                (self.tr("is what both cover"), "intersect"),
            ),
            model=True,
        )

    def smooth(self) -> None:
        """Take details and vertices from the chosen outlines; make them larger or smaller."""
        self._open(
            self.tr("Simplify, smooth and grow"),
            (
                Knob("smoothing", self.tr("Smoothing"), 0.0, 20.0, 0.0, "px", 0.25),
                Knob("tolerance", self.tr("Coarseness"), 0.0, 10.0, 1.0, "px", 0.1),
                Knob("grow", self.tr("Grow (below 0: shrink)"), -10.0, 10.0, 0.0, "px", 0.25),
            ),
            (),
            model=False,
        )

    def close(self) -> None:
        """Put the panel away; nothing has changed."""
        panel, self._panel, self._tuned = self._panel, None, None
        if self._smoothing is not None:
            self._smoothing.cancel()
        if panel is not None:
            panel.hide()
            panel.deleteLater()
            self._viewport.show_tried(())
            self._viewport.setFocus()

    def _open(
        self,
        title: str,
        knobs: tuple[Knob, ...],
        ways: tuple[tuple[str, str], ...],
        *,
        model: bool,
    ) -> None:
        self.close()
        shapes, suggested = self._chosen()
        if not shapes:
            return
        self._tuned = _Tuned(shapes, suggested, {}, model)
        panel = self._panel = TuningPanel(self._viewport, title, knobs, ways)
        panel.changed.connect(self._compute)
        panel.applied.connect(self._apply)
        panel.closed.connect(self.close)
        panel.open(self._place_of(shapes))
        self._compute()

    def _place_of(self, shapes: Sequence[Shape]) -> QRect:
        """Where on the canvas shapes are, in its logical pixels."""
        canvas, box = self._viewport, bounds_of(shapes)
        if box is None:
            return QRect()
        (x, y), scale = canvas.view()
        view = View(x, y, scale, canvas.width(), canvas.height(), canvas.devicePixelRatioF())
        near, far = view.to_logical(box.x0, box.y0), view.to_logical(box.x1, box.y1)
        return QRectF(QPointF(*near), QPointF(*far)).toAlignedRect().intersected(canvas.rect())

    def _chosen(self) -> tuple[tuple[Shape, ...], frozenset[str]]:
        """The selected instances, else the picked suggestions; and which are suggestions."""
        document = self._workspace.document
        if document is None:
            return (), frozenset()
        chosen = self._viewport.selection
        selected = tuple(each for each in covering(document.shapes) if each.id in chosen)
        if selected:
            return selected, frozenset()
        picked = self._suggesting.picked
        return tuple(each for each in self._suggesting.shown if each.id in picked), picked

    def _compute(self) -> None:
        tuned, panel = self._tuned, self._panel
        if tuned is None or panel is None:
            return
        if tuned.model:
            self._ask(tuned, panel)
            return
        values = [panel.value(id) for id in ("smoothing", "tolerance", "grow")]
        if self._smoothing is not None:
            self._smoothing.cancel()
        self._smoothing = self._workspace.tasks.run(
            lambda _context: {each.id: smooth(each.polygons, *values) for each in tuned.shapes},
            done=lambda found: self._take(tuned, found),
            failed=lambda error: self._fail(tuned, error_text(error)),
        )

    def _ask(self, tuned: _Tuned, panel: TuningPanel) -> None:
        detail = Detail(
            panel.value("threshold"),
            panel.value("smoothing"),
            panel.value("tolerance"),
            round(panel.value("vertices")),
        )
        present = tuple(Instance(each.id, each.label, each.polygons) for each in tuned.shapes)

        def done(answer: Prompted) -> None:
            rows = zip(answer.prompt.tolist(), answer.instances, strict=True)
            self._take(tuned, {tuned.shapes[row].id: each.polygons for row, each in rows})

        if not self._prompting.ready:
            panel.set_state(self.tr("The model is looking at the image…"), ready=False)
        self._prompting.query(
            Query(
                "tighten",
                Prompt(0, kind=PromptKind.TIGHTEN, present=present, detail=detail),
                done,
                lambda sentence: self._fail(tuned, sentence_text(sentence)),
            )
        )

    def _take(self, tuned: _Tuned, found: Found) -> None:
        """New outlines are there: show them."""
        document, panel = self._workspace.document, self._panel
        if tuned is not self._tuned or panel is None or document is None:
            return
        way = JOINING[panel.way or "replace"]
        settled: dict[str, Polygons] = {}
        for each in tuned.shapes:
            try:
                new = way(each.polygons, found[each.id]) if each.id in found else ()
                settled[each.id] = settle(new, document.width, document.height)
            except GeometryError:
                continue
        tuned.found = settled
        self._viewport.show_tried(_changed(tuned))
        before = sum(count_vertices(each.polygons) for each in tuned.shapes)
        after = sum(count_vertices(each) for each in settled.values())
        text = self.tr("{after} vertices, {before} before").format(after=after, before=before)
        panel.set_state(text if settled else self.tr("Nothing is left."), ready=bool(settled))

    def _fail(self, tuned: _Tuned, text: str) -> None:
        if tuned is self._tuned and self._panel is not None:
            self._panel.set_state(text, ready=False)

    def _apply(self) -> None:
        """One edit for all; suggestions are accepted with their new outlines."""
        tuned = self._tuned
        changed = () if tuned is None else _changed(tuned)
        if tuned is None or not changed:
            return
        name = self.tr("tighten") if tuned.model else self.tr("simplify and smooth")
        accepted = tuple(
            replace(each, source=Source.EDITED) for each in changed if each.id in tuned.suggested
        )
        edits: list[Edit] = [
            Reshape(each.id, each.polygons) for each in changed if each.id not in tuned.suggested
        ]
        if accepted:
            edits.append(self._suggesting.as_accepted(Add(accepted)))
        self.close()
        edit = edits[0] if len(edits) == 1 else Batch(tuple(edits), name)
        if self._workspace.do(edit, name):
            self.made.emit(frozenset(each.id for each in changed))


def _changed(tuned: _Tuned) -> tuple[Shape, ...]:
    """The shapes as they would become."""
    return tuple(
        replace(each, polygons=tuned.found[each.id])
        for each in tuned.shapes
        if each.id in tuned.found
    )
