"""The score from which suggestions are shown: where half of them should be right. It follows what
a person answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.settings import ANSWERED, FOLLOW, THRESHOLD, Settings
from core.lens.scores import (
    BINS,
    NONE,
    Answered,
    ScoreRecord,
    added,
    record_for,
    record_of,
    start_score,
)
from core.protocol import ModelLoaded
from core.session import ImageSession

MODELS_KEPT: Final = 20
"""Models whose answers are remembered."""
MOST_KEPT: Final = 400
"""Answers of one model that are remembered; where there are more, all count half."""


class Following(QObject):
    """`moved` follows another least score. One that the person sets stays until `set_on`."""

    moved = Signal()

    def __init__(self, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._records: tuple[ScoreRecord, ...] = ()
        self._model = ""
        self._kind = ""
        self._told: dict[str, Answered] = {}
        """What was answered in the open image since it was opened, by id."""
        self._before: frozenset[str] = frozenset()
        self._seen: set[str] = set()

    @property
    def on(self) -> bool:
        """Whether the score is chosen by what is known of the model."""
        return self._settings.get(FOLLOW)

    def set_on(self, on: bool) -> None:
        """Choose the score, or leave it where it is."""
        self._settings.set(FOLLOW, on)
        self.move()

    def take_model(self, model: ModelLoaded) -> None:
        """This model is in use."""
        self._keep()
        self._model, self._records = model.revision, model.scores
        self.move()

    def take_kind(self, kind: str) -> None:
        """The images are of this kind (`core.lens.scores`)."""
        self._kind = kind
        self.move()

    def begin(self, session: ImageSession | None) -> None:
        """Another image is shown: what is answered there already was counted when it was."""
        self._keep()
        self._seen = set()
        self._before = frozenset() if session is None else frozenset(_answers(session))
        self.move()

    def see(self, ids: Iterable[str]) -> None:
        """These are shown: an answer to them is meant."""
        self._seen.update(ids)

    def look(self, session: ImageSession | None) -> None:
        """Take in what is answered now in the open image; what was taken back is forgotten."""
        self._told = {}
        if session is None or session.suggestions.model != self._model:
            return
        scores = {each.id: each.score for each in session.suggestions.instances}
        for id, right in _answers(session).items():
            score = scores[id]
            if score is not None and id in self._seen and id not in self._before:
                self._told[id] = Answered(score, right)

    def move(self) -> None:
        """Put the score where it belongs now."""
        if not self.on:
            return
        answers = added(self._remembered(), record_of("", self._told.values()))
        score = round(start_score(record_for(self._records, self._kind), answers), 2)
        if score != self._settings.get(THRESHOLD):
            self._settings.set(THRESHOLD, score)
            self.moved.emit()

    def _remembered(self) -> ScoreRecord:
        counts = self._settings.get(ANSWERED).get(self._model)
        if counts is None:
            return NONE
        return ScoreRecord("", tuple(counts[:BINS]), tuple(counts[BINS:]))

    def _keep(self) -> None:
        """Remember the answers beyond this image."""
        if not self._told:
            return
        both = added(self._remembered(), record_of("", self._told.values()))
        counts = [*both.right, *both.wrong]
        if sum(counts) > MOST_KEPT:
            counts = [count / 2 for count in counts]
        self._told = {}
        others = [each for each in self._settings.get(ANSWERED).items() if each[0] != self._model]
        latest = dict(others[-(MODELS_KEPT - 1) :])
        self._settings.set(ANSWERED, {**latest, self._model: counts})


def _answers(session: ImageSession) -> dict[str, bool]:
    """Of each suggestion that has an answer, whether it was accepted."""
    rejected, document = session.document.rejected, session.document
    found = {}
    for each in session.suggestions.instances:
        if each.id in document:
            found[each.id] = True
        elif each.id in rejected:
            found[each.id] = False
    return found
