"""What is drawn: among what is there, by the rule of the folder for overlaps, and along the edges
of the image."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.base.settings import LIVE_WIRE, Settings
from app.base.tasks import Task
from app.base.words import error_text
from app.editor.labelling import Labelling
from app.editor.looking import Looking
from app.editor.workspace import Workspace
from core.document.edits import Edit, Overlap
from core.document.instance import Shape
from core.gestures.livewire import Field, Wire
from core.gestures.overlap import settled
from core.gestures.scene import Scene

_NAMED = 3


class Drawing(QObject):
    """Gives each edit of a person the cuts that the rule asks for, and says what stays whole; gives
    the scene a wire for the image that is shown, where that is wanted."""

    said = Signal(str)
    led = Signal()  # there is more to be led along

    def __init__(
        self,
        workspace: Workspace,
        labelling: Labelling,
        scene: Scene,
        settings: Settings,
        looking: Looking,
    ) -> None:
        super().__init__(workspace)
        self._looking = looking
        self._settings = settings
        self._field: Task[Field] | None = None
        self._workspace = workspace
        self._labelling = labelling
        self._scene = scene
        self._kept: tuple[Shape, ...] = ()
        workspace.settled = self._settled
        workspace.edited.connect(self._say)
        looking.changed.connect(self._set_wire)  # with each image, and when it looks otherwise

    def follow_edges(self, on: bool) -> None:
        """Let outlines follow the edges of the image, or not."""
        self._settings.set(LIVE_WIRE, on)
        self._set_wire()
        on_text = self.tr("Outlines follow the edges of the image; Ctrl or Alt draws straight.")
        self.said.emit(on_text if on else self.tr("Outlines are drawn straight."))
        self.led.emit()

    def _set_wire(self) -> None:
        """The edges are those that a person sees: of the range and the channel that are shown."""
        seen = self._looking.seen if self._settings.get(LIVE_WIRE) else None
        self._scene.wire = None if seen is None else Wire(seen[0], self._run, seen[1])

    def _run(self, make: Callable[[], Field], then: Callable[[Field], None]) -> None:
        """Look along the edges on a worker; only the latest vertex counts."""
        wire = self._scene.wire

        def done(field: Field) -> None:
            if wire is self._scene.wire:
                then(field)
                self.led.emit()

        if self._field is not None:
            self._field.cancel()
        self._field = self._workspace.tasks.run(
            lambda _context: make(),
            done=done,
            failed=lambda error: self.said.emit(error_text(error)),
        )

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
