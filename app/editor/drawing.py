"""What is drawn among what is there: the rule of the folder for overlaps."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.edits import Edit, Overlap
from core.document.instance import Shape
from core.gestures.overlap import settled
from core.gestures.scene import Scene

_NAMED = 3


class Drawing(QObject):
    """Gives each edit of a person the cuts that the rule asks for, and says what stays whole."""

    said = Signal(str)

    def __init__(self, workspace: Workspace, labelling: Labelling, scene: Scene) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._scene = scene
        self._kept: tuple[Shape, ...] = ()
        workspace.settled = self._settled
        workspace.edited.connect(self._say)

    def next_rule(self) -> None:
        """Take the next rule, and say which."""
        rules = list(Overlap)
        self.set_rule(rules[(rules.index(self._labelling.overlap) + 1) % len(rules)])

    def set_rule(self, rule: Overlap) -> None:
        """From now on, and for what is there once it is changed."""
        self._labelling.set_overlap(rule)
        self.said.emit(self.rules()[rule])

    def rules(self) -> dict[Overlap, str]:
        """What the rules are called."""
        return {
            Overlap.KEEP: self.tr("Overlaps stay as they are drawn"),
            Overlap.NEW: self.tr("What is drawn last wins (front wins)"),
            Overlap.OLD: self.tr("What was there wins (back wins)"),
        }

    def _settled(self, edit: Edit) -> Edit:
        document = self._workspace.document
        if document is None:
            return edit
        found = settled(edit, document, self._labelling.overlap, self._scene.all_in)
        self._kept = found.kept
        return found.edit

    def _say(self) -> None:
        kept, self._kept = self._kept, ()
        if kept:
            names = ", ".join(f"“{each.label}”" for each in kept[:_NAMED])
            more = "…" if len(kept) > _NAMED else ""
            text = self.tr("%n instance(s) would have vanished and still overlap:", "", len(kept))
            self.said.emit(f"{text} {names}{more}")
