"""Everything like some instances: the model suggests what is near them, and each answer tells more.

What of it is accepted counts as another example, what is rejected as unlike them, and the rest is
asked for anew. It ends with the image.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from app.base.words import sentence_text
from app.editor.prompting import Prompting, Query
from app.editor.suggesting import Suggesting
from app.editor.workspace import Workspace
from core.document.document import Changed
from core.document.instance import Instance, Shape, Source
from core.document.regions import covering
from core.protocol.messages.prompts import Prompt, Prompted, PromptKind

MOST = 100
"""Suggestions at most for one question."""


@dataclass(slots=True)
class _Meant:
    """The examples, what was suggested for them, and what of that was turned down."""

    examples: tuple[Instance, ...]
    suggested: dict[str, Instance] = field(default_factory=dict)
    answered: int = 0


class Alike(QObject):
    """`said` carries what came of it."""

    said = Signal(str)

    def __init__(self, workspace: Workspace, suggesting: Suggesting, prompting: Prompting) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._suggesting = suggesting
        self._prompting = prompting
        self._meant: _Meant | None = None
        workspace.image_changed.connect(self._forget)
        workspace.document_changed.connect(self._on_document)

    def find(self, ids: Iterable[str]) -> None:
        """Suggest what is like these instances."""
        document, wanted = self._workspace.document, frozenset(ids)
        if document is None:
            return
        examples = [each for each in covering(document.shapes) if each.id in wanted]
        if examples:
            self._meant = _Meant(_plain(examples))
            self._ask(self._meant)

    def _forget(self) -> None:
        self._meant = None

    def _on_document(self, changed: Changed) -> None:
        """Some of them may have been answered: ask again with what that tells."""
        meant = self._meant
        if meant is None:
            return
        accepted, rejected = self._answers(meant)
        if len(accepted) + len(rejected) != meant.answered:
            meant.answered = len(accepted) + len(rejected)
            self._ask(meant)

    def _answers(self, meant: _Meant) -> tuple[tuple[Instance, ...], tuple[Instance, ...]]:
        """What of the suggestions was accepted, as it is now, and what was rejected."""
        document = self._workspace.document
        if document is None:
            return (), ()
        taken = (document.get(id) for id in meant.suggested)
        rejected = [one for id, one in meant.suggested.items() if id in document.rejected]
        return _plain(one for one in taken if one is not None), tuple(rejected)

    def _ask(self, meant: _Meant) -> None:
        document = self._workspace.document
        if document is None:
            return
        accepted, rejected = self._answers(meant)
        prompt = Prompt(
            0,
            kind=PromptKind.ALIKE,
            present=(*meant.examples, *accepted),
            turned_down=rejected,
            there=_plain(covering(document.shapes)),
            most=MOST,
        )
        self._prompting.query(
            Query(
                "alike",
                prompt,
                lambda answer: self._take(meant, answer),
                lambda sentence: self.said.emit(sentence_text(sentence)),
            )
        )

    def _take(self, meant: _Meant, answer: Prompted) -> None:
        """Put them among the suggestions, in place of those of the answer before."""
        staged, project = self._workspace.staged, self._workspace.project
        if meant is not self._meant or staged is None or project is None:
            return
        session = staged.session
        known = {each.polygons: id for id, each in meant.suggested.items()}
        # Without a score: what counts is that they are alike, however sure a model is of a class.
        found = [
            replace(
                each,
                id=known.get(each.polygons, each.id),
                label=meant.examples[0].label,
                source=Source.SUGGESTED,
                score=None,
            )
            for each in answer.instances
        ]
        first = not meant.suggested
        old = session.suggestions
        waiting = {each.id for each in session.pending} & meant.suggested.keys()
        kept = [each for each in old.instances if each.id not in waiting]
        there = {each.id for each in kept}
        new = [each for each in found if each.id not in there]
        meant.suggested.update((each.id, each) for each in new)
        self._suggesting.arrive(
            project,
            session.image.path,
            replace(old, model=old.model or answer.model, instances=(*kept, *new)),
        )
        if first or not new:
            text = self.tr("%n more like this", "", len(new))
            self.said.emit(text if new else self.tr("Nothing more is like this."))


def _plain(shapes: Iterable[Shape]) -> tuple[Instance, ...]:
    """Instances with nothing but their label and outline."""
    return tuple(Instance(each.id, each.label, each.polygons) for each in shapes)
