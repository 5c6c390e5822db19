"""What is asked about labels: that of what was just drawn, beside it, where a person wants that;
and whether two shall become one."""

from __future__ import annotations

from typing import ClassVar, Final

from PySide6.QtCore import QPoint

from app.base.actions import LABELS, Action
from app.base.feature import Feature
from app.base.settings import ASK_LABEL
from app.canvas.view import View
from app.editor.annotate_feature import DRAWING_TOOLS
from app.editor.panels.labels import WIDTH, LabelFinder
from app.editor.services import Services
from core.document.edits import Add, Edit, Relabel
from core.document.geometry.measure import bounds
from core.document.instance import Shape
from core.sentences import say

_GAP: Final = 10  # logical pixels between what was drawn and the list
_HINT: Final = say(
    "gestures.ask_label",
    "Type a label: Enter takes the first, a digit the label of that number, Escape keeps {label}.",
)


class AskFeature(Feature):
    """What was drawn and the label it is given are one act. It has no panel."""

    NAME = "ask"

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.finder: LabelFinder | None = None
        services.viewport.edit_requested.connect(self._on_edit)
        services.prompting.drawn.connect(self._on_prompt)
        services.renamer.asked.connect(
            lambda text, caption, do: services.notices.ask("merge", text, [(caption, do)])
        )
        services.workspace.project_changed.connect(lambda: services.notices.succeed("merge"))
        services.workspace.image_changed.connect(self._leave)
        services.settings.changed.connect(lambda _key: self.changed.emit())

    def _on_edit(self, edit: Edit, _name: str) -> None:
        drawn = edit.shapes if isinstance(edit, Add) else ()
        if len(drawn) == 1 and self.services.viewport.tool in DRAWING_TOOLS:
            self._ask(drawn[0].id)

    def _on_prompt(self, id: str) -> None:
        """A model's answer may come late: nobody is asked who draws the next one already."""
        if not self.services.viewport.busy:
            self._ask(id)

    def _ask(self, id: str) -> None:
        """Open the list beside an instance, unless the person has gone on already."""
        services, document = self.services, self.services.workspace.document
        shape = None if document is None else document.get(id)
        session, canvas = services.workspace.session, services.viewport
        gone_on = services.workspace.under_way or services.workspace.waiting
        if not services.settings.get(ASK_LABEL) or shape is None or session is None or gone_on:
            return
        if not canvas.hasFocus():
            return  # something is typed elsewhere; the answer of a model may come late
        self._leave()
        state, rows = session.history.state, services.labelling.rows
        finder = LabelFinder(canvas.window(), rows, shape.label, within=True)
        finder.chosen.connect(lambda label: self._give(shape.id, label, state))
        finder.undo_wanted.connect(lambda: services.actions["undo"].trigger())
        finder.closed.connect(lambda: self._forget(finder))
        self.finder = finder
        finder.open_near(self._beside(shape))
        canvas.input.hint_instead(_HINT.given(label=shape.label))

    def _give(self, id: str, label: str, state: int) -> None:
        """Give the instance a label, in one act with drawing it if that came last."""
        services, session = self.services, self.services.workspace.session
        document = services.workspace.document
        shape = None if document is None else document.get(id)
        if session is None or shape is None:
            return
        services.labelling.add(label)
        if shape.label != label:
            joined = session.history.state == state
            name = self.tr("change label")
            services.workspace.do(Relabel.to(label, [id]), name, joined=joined)

    def _beside(self, shape: Shape) -> QPoint:
        """Where on the screen there is room right of a shape, else left of it."""
        canvas, box = self.services.viewport, bounds(shape)
        (x, y), scale = canvas.view()
        view = View(x, y, scale, canvas.width(), canvas.height(), canvas.devicePixelRatioF())
        right, top = view.to_logical(box.x1, box.y0)
        left, _ = view.to_logical(box.x0, box.y0)
        across = right + _GAP
        if across + WIDTH > canvas.width() and left - _GAP - WIDTH >= 0:
            across = left - _GAP - WIDTH
        across = max(0.0, min(across, canvas.width() - WIDTH))
        return canvas.mapToGlobal(QPoint(round(across), round(max(0.0, top))))

    def _leave(self) -> None:
        if self.finder is not None:
            self.finder.leave()

    def _forget(self, finder: LabelFinder) -> None:
        if self.finder is finder:
            self.finder = None
            self.services.viewport.input.hint_instead(None)

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[AskFeature], ...]] = (
        Action("ask_label", LABELS, "Ask after drawing", ("Shift+I",), "",
               turn=lambda self, on: self.services.settings.set(ASK_LABEL, on),
               checked=lambda self: self.services.settings.get(ASK_LABEL),
               tip="Open the list of labels beside what was drawn: type, Enter or a digit takes "
                   "one, Escape keeps the active label"),
    )
    # fmt: on
