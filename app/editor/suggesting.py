"""The suggestions of the open image: which are shown, which are picked, and the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.base.settings import FOLLOW, PARTS, THRESHOLD, UNKNOWN_LABELS, Settings
from app.base.tasks import Context
from app.base.words import error_text
from app.editor.following import Following
from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.document.edits import Add, Edit, SetRejected
from core.document.instance import Instance, Source
from core.document.regions import covering
from core.project.project import Project
from core.project.suggestions import UNNAMED, SuggestionSet
from core.session import covered_by, store_suggestions


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who hears what became of suggestions that arrive; one of the two is called."""

    landed: Callable[[int, int], object] = lambda _shown, _below: None
    """With how many are shown and how many are below the score."""
    lost: Callable[[str], None] = lambda _why: None
    """With the reason; empty when the folder is another by now."""


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Suggestions for an image of a project, and who hears of them."""

    project: Project
    path: Path
    found: SuggestionSet
    hearing: Hearing
    early: bool


class Suggesting(QObject):
    """`changed` follows other suggestions or another threshold, `picked_changed` other picks."""

    changed = Signal()
    picked_changed = Signal()
    failed = Signal(str)

    def __init__(self, workspace: Workspace, labelling: Labelling, settings: Settings) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._settings = settings
        self._picked: frozenset[str] = frozenset()
        self._drawn: tuple[Instance, ...] = ()
        self.following = Following(settings, self)
        self.following.moved.connect(self._on_changed)
        labelling.changed.connect(self.changed)
        settings.changed.connect(self._on_setting)
        workspace.image_changed.connect(self._on_image)
        workspace.suggestions_changed.connect(self._on_suggestions)

    @property
    def threshold(self) -> float:
        """The least score of a suggestion that is shown."""
        return self._settings.get(THRESHOLD)

    @property
    def pending(self) -> tuple[Instance, ...]:
        """What waits for an answer, the best first; without a score behind all others."""
        staged = self._workspace.staged
        if staged is None:
            return ()
        return tuple(sorted(staged.waiting, key=lambda each: -(each.score or 0.0)))

    @property
    def shown(self) -> tuple[Instance, ...]:
        """Those of `pending` at or above the threshold; one without a score is always shown."""
        return self._from_threshold(self.pending)

    def _from_threshold(self, suggestions: Iterable[Instance]) -> tuple[Instance, ...]:
        least = self.threshold
        return tuple(each for each in suggestions if each.score is None or each.score >= least)

    @property
    def drawn(self) -> tuple[Instance, ...]:
        """What is shown, under the labels that accepting gives."""
        label = self.naming()
        old = {each.id: each for each in self._drawn}
        drawn = []
        for each in self.shown:
            known, name = old.get(each.id), label(each)
            # The same object as before keeps its outline on the canvas.
            same = known is not None and (known.label, known.polygons) == (name, each.polygons)
            drawn.append(known if known and same else replace(each, label=name))
        self._drawn = tuple(drawn)
        return self._drawn

    @property
    def picked(self) -> frozenset[str]:
        """The ids that the next answer is for."""
        return self._picked & {each.id for each in self.shown}

    def pick(self, ids: Iterable[str]) -> None:
        """Choose suggestions on the canvas."""
        ids = frozenset(ids)
        if ids != self._picked:
            self._picked = ids
            self.picked_changed.emit()

    def counted(self, shown: int, below: int) -> str:
        """How many suggestions are shown, and how many are not because of their score."""
        text = self.tr("%n suggestion(s)", "", shown)
        if below:
            text += " · " + self.tr("%n more below the score", "", below)
        return text

    def set_threshold(self, score: float) -> None:
        """Show only suggestions from this score on, whatever is answered."""
        self._settings.set(FOLLOW, False)
        self._settings.set(THRESHOLD, round(score, 2))
        self._on_changed()

    def pick_next(self, by: int) -> Instance | None:
        """Pick the next suggestion in the order of the scores; round about at the end."""
        shown = self.shown
        if not shown:
            return None
        places = [place for place, each in enumerate(shown) if each.id in self._picked]
        start = places[-1] if places else -1 if by > 0 else 0
        place = (start + by) % len(shown)
        self.pick([shown[place].id])
        return shown[place]

    def accept(self) -> None:
        """Accept what is picked, and pick the next."""
        self._accept([each for each in self.shown if each.id in self._picked])

    def answer(self, ids: frozenset[str], *, accepted: bool) -> None:
        """Accept or reject those of these that are shown, in one step that can be undone."""
        chosen = [each for each in self.shown if each.id in ids]
        (self._accept if accepted else self._reject)(chosen)

    @property
    def picked_labels(self) -> frozenset[str]:
        """The labels of what is picked."""
        return frozenset(each.label for each in self.shown if each.id in self._picked)

    def accept_labels(self, labels: frozenset[str]) -> None:
        """Accept everything that is shown with one of these labels, in one step."""
        self._accept([each for each in self.shown if each.label in labels])

    def accept_all(self) -> None:
        """Accept everything that is shown, in one step that can be undone."""
        self._accept(list(self.shown))

    def reject(self) -> None:
        """Reject what is picked, and pick the next."""
        self._reject([each for each in self.shown if each.id in self._picked])

    def reject_all(self) -> None:
        """Reject everything that waits for an answer, also below the threshold."""
        self._reject(list(self.pending))

    def as_accepted(self, edit: Edit) -> Edit:
        """An edit that puts suggestions in, with the labels that accepting them gives."""
        asked = {each.id for each in self.pending} if isinstance(edit, Add) else set()
        if not isinstance(edit, Add) or not any(each.id in asked for each in edit.shapes):
            return edit
        label = self.naming(given=True)
        return Add(
            tuple(
                replace(each, label=label(each))
                if isinstance(each, Instance) and each.id in asked
                else each
                for each in edit.shapes
            ),
            edit.at,
        )

    def naming(self, *, given: bool = False) -> Callable[[Instance], str]:
        """The label of what a model found; where it says none, the active label.

        A name that the project does not have comes in only with a score that suggestions are shown
        from: what is less sure is a guess. `given`: an instance gets the label now, so an active
        one is made where one is needed.
        """
        if given and self._labelling.names:
            self._labelling.ensure()
        known, renames = frozenset(self._labelling.names), self._labelling.renames()
        instead = self._labelling.coming
        if not known:
            return lambda found: found.label or instead
        keeps = self._settings.get(UNKNOWN_LABELS) == "names"

        def named(found: Instance) -> str:
            name = found.label
            now = name if name in known else renames.get(name, name)
            comes_in = keeps and name not in UNNAMED and bool(self._from_threshold((found,)))
            return now if now in known or comes_in else instead

        return named

    def arrive(
        self,
        project: Project,
        path: Path,
        found: SuggestionSet,
        hearing: Hearing = Hearing(),
        *,
        early: bool = False,
    ) -> None:
        """New suggestions for an image: onto the canvas if it is open, else into its file.

        `early` ones are the beginning of an answer, and go nowhere but onto the canvas.
        """
        entry = self._workspace.entry(path)
        if project is not self._workspace.project or entry is None:
            hearing.lost("")
            return
        staged = self._workspace.staged
        parts = self._settings.get(PARTS) == "show"
        arrived = _Arrived(project, path, found, hearing, early)
        if staged is not None and staged.entry.path == path:
            there = covering(staged.session.document.shapes)
            self._workspace.tasks.run(
                lambda _context: covered_by(found.instances, there, parts=parts),
                done=lambda hidden: self._land(arrived, hidden),
                failed=lambda error: hearing.lost(error_text(error)),
            )
            return

        if early:
            hearing.lost("")
            return

        def store(_context: Context) -> Mapping[str, str]:
            store_suggestions(project, entry, found)
            return covered_by(found.instances, (), parts=parts)

        self._workspace.tasks.run(
            store,
            done=lambda hidden: self._stored(arrived, hidden),
            failed=lambda error: hearing.lost(error_text(error)),
        )

    def _land(self, arrived: _Arrived, hidden: Mapping[str, str]) -> None:
        project, path, found = arrived.project, arrived.path, arrived.found
        staged = self._workspace.staged
        if staged is None or staged.entry.path != path or project is not self._workspace.project:
            # The person went on meanwhile.
            self.arrive(project, path, found, arrived.hearing, early=arrived.early)
            return
        if staged.session.read_only is not None:
            arrived.hearing.lost(self.tr("This image is open for looking only."))
            return
        before = {each.id for each in staged.session.suggestions.instances}
        ids = {each.id for each in found.instances}
        if arrived.early and ids < before:
            arrived.hearing.lost("")  # the whole answer was faster
            return
        staged.session.set_suggestions(found)
        self._picked &= ids
        if not before or not before < ids:
            # Else it is the rest of an answer, and what was said to its beginning stays said.
            self.following.begin(staged.session)
        self._workspace.suggestions_replaced(hidden)
        shown = len(self.shown)
        arrived.hearing.landed(shown, len(self.pending) - shown)

    def _stored(self, arrived: _Arrived, hidden: Mapping[str, str]) -> None:
        project, path = arrived.project, arrived.path
        entry = self._workspace.entry(path)
        if entry is None or project is not self._workspace.project:
            arrived.hearing.lost("")
            return
        self._workspace.tasks.run(
            lambda _context: project.status(entry),
            done=lambda status: self._workspace.set_status(path, status),
            failed=lambda error: self.failed.emit(error_text(error)),
        )
        worth = [each for each in arrived.found.instances if each.id not in hidden]
        shown = len(self._from_threshold(worth))
        arrived.hearing.landed(shown, len(worth) - shown)

    def _accept(self, chosen: list[Instance]) -> None:
        if not chosen:
            return
        label = self.naming(given=True)
        instances = tuple(
            replace(each, source=Source.ACCEPTED, label=label(each)) for each in chosen
        )
        name = self.tr("accept %n suggestion(s)", "", len(chosen))
        self._answer(chosen, lambda: self._workspace.do(Add(instances), name))

    def _reject(self, chosen: list[Instance]) -> None:
        staged = self._workspace.staged
        if not chosen or staged is None:
            return
        edit = SetRejected(staged.rejection(each.id for each in chosen), True)
        name = self.tr("reject %n suggestion(s)", "", len(chosen))
        self._answer(chosen, lambda: self._workspace.do(edit, name))

    def _answer(self, chosen: list[Instance], act: Callable[[], bool]) -> None:
        """Act, then pick what follows a single one, so that keys alone suffice."""
        shown = [each.id for each in self.shown]
        rest: list[str] = []
        if len(chosen) == 1 and chosen[0].id in shown:
            place = shown.index(chosen[0].id)
            rest = shown[place + 1 :] + shown[:place]
        if act():
            self.pick(rest[:1])

    def _on_setting(self, key: str) -> None:
        """Parts are to be shown, or not; labels that are not known become others."""
        staged = self._workspace.staged
        if key == UNKNOWN_LABELS.key:
            self.changed.emit()
        elif key == PARTS.key and staged is not None:
            waiting, there = staged.session.pending, covering(staged.session.document.shapes)
            parts = self._settings.get(PARTS) == "show"

            def done(hidden: Mapping[str, str]) -> None:
                if staged is self._workspace.staged:
                    self._workspace.suggestions_replaced(hidden)

            self._workspace.tasks.run(
                lambda _context: covered_by(waiting, there, parts=parts),
                done=done,
                failed=lambda error: self.failed.emit(error_text(error)),
            )

    def _on_image(self) -> None:
        self._picked = frozenset()
        self.following.begin(self._workspace.session)
        self.changed.emit()
        self.picked_changed.emit()

    def _on_suggestions(self) -> None:
        """Answers came, or other suggestions. The score moves while others still wait in sight:
        where all are answered, nothing new shall appear before the next image."""
        self.following.look(self._workspace.session)
        if self.shown:
            self.following.move()
        self._on_changed()

    def _on_changed(self) -> None:
        self.following.see(each.id for each in self.shown)
        self.changed.emit()
        self.picked_changed.emit()


def suggestion_set(model: str, instances: Iterable[Instance]) -> SuggestionSet:
    """What a model proposed, as it is stored."""
    suggested = tuple(replace(each, source=Source.SUGGESTED) for each in instances)
    return SuggestionSet(model=model, instances=suggested)
