"""What a person does to selected instances and regions: copy, paste, duplicate, delete, relabel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.editor.labelling import Labelling
from app.editor.workspace import Workspace
from core.codec import uncollected
from core.document.document import Document
from core.document.edits import Add, Batch, Edit, Relabel, Remove, Reshape, SetFields, SetRejected
from core.document.geometry import (
    Outline,
    area,
    clip_to_image,
    exclusive,
    hull,
    intersect,
    subtract,
    union,
    without_holes,
)
from core.document.geometry.boxes import is_box
from core.document.geometry.measure import Rect
from core.document.geometry.vertices import moved_inside, translate
from core.document.instance import Polygons, Shape, new_ids, with_ids
from core.document.regions import (
    DONE_REGION,
    IGNORE,
    covering,
    is_done,
    is_ignored,
    is_marked,
    labelled,
    with_flag,
)
from core.document.skeleton import shifted
from core.gestures.boxes import BoxTable
from core.gestures.drags import copied

COMBINING: Final[Mapping[str, Callable[..., Polygons]]] = {
    "union": union,
    "subtract": subtract,
    "intersect": intersect,
    "exclusive": exclusive,
}
FORMING: Final[Mapping[str, Callable[[Outline], Polygons]]] = {"hull": hull, "fill": without_holes}
OFFSET: Final = 12.0  # image pixels between a duplicate and its original


class Editing(QObject):
    """`selected` carries the ids that should be selected after an edit."""

    selected = Signal(object)
    clipboard_changed = Signal()
    said = Signal(str)

    def __init__(self, workspace: Workspace, labelling: Labelling) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._labelling = labelling
        self._clipboard: tuple[Shape, ...] = ()

    @property
    def can_paste(self) -> bool:
        """Whether something was copied."""
        return bool(self._clipboard)

    def copy(self, ids: Iterable[str]) -> None:
        """Remember instances; they can be pasted into any image."""
        self._clipboard = self._chosen(ids)
        self.clipboard_changed.emit()
        if self._clipboard:
            self.said.emit(self.tr("%n instance(s) copied", "", len(self._clipboard)))

    def paste(self) -> None:
        """Put copies where the originals were, cut to the image."""
        document = self._workspace.document
        if document is None or not self._clipboard:
            return
        made = self._copies(self._clipboard, 0.0)
        if not made:
            self.said.emit(self.tr("What was copied lies outside this image."))
            return
        self._add(made, self.tr("paste %n instance(s)", "", len(made)))
        if len(made) < len(self._clipboard):
            missing = len(self._clipboard) - len(made)
            self.said.emit(self.tr("%n instance(s) lie outside this image", "", missing))

    def duplicate(self, ids: Iterable[str]) -> None:
        """Put copies a little beside the originals. The rule for overlaps is for when they move."""
        made = self._copies(self._chosen(ids), OFFSET)
        if made:
            self._add(made, self.tr("duplicate %n instance(s)", "", len(made)), as_is=True)

    def take_over(self, shapes: Iterable[Shape]) -> bool:
        """Put copies of another image's instances where they were there; False without any."""
        made = self._copies(tuple(shapes), 0.0)
        if made:
            self._add(made, self.tr("take over %n instance(s)", "", len(made)))
        return bool(made)

    def delete(self, ids: Iterable[str]) -> None:
        """Delete instances. What a model had proposed counts as rejected, else it would return."""
        staged = self._workspace.staged
        chosen = tuple(each.id for each in self._unlocked(ids))
        if staged is None or not chosen:
            return
        name = self.tr("delete %n instance(s)", "", len(chosen))
        edit: Edit = Remove(chosen)
        proposed = staged.rejection(chosen)
        if proposed:
            edit = Batch((edit, SetRejected(proposed, True)), name)
        self._workspace.do(edit, name)

    def relabel(self, ids: Iterable[str], label: str) -> None:
        """Give instances another label, which the project may not know yet."""
        chosen = labelled(self._unlocked(ids))
        wanted = [each.id for each in chosen if each.label != label]
        if label not in self._labelling.names:
            self._labelling.learn([label])
        if wanted:
            name = self.tr("change label of %n instance(s)", "", len(wanted))
            self._workspace.do(Relabel.to(label, wanted), name)

    def combine(self, ids: Iterable[str], how: str) -> None:
        """Make one of several: `union`, `intersect`, `exclusive`; or `subtract` the others.

        The largest keeps its label and identity. Subtracting leaves the others as they are.
        """
        chosen = sorted(covering(self._unlocked(ids)), key=area, reverse=True)
        if len(chosen) < 2:
            self.said.emit(self.tr("Select two instances or more."))
            return
        first, others = chosen[0], chosen[1:]
        polygons = COMBINING[how](first, *others)
        if not polygons:
            self.said.emit(self.tr("That would leave nothing of the instance."))
            return
        pointed = next((each.keypoints for each in chosen if each.keypoints), ())
        edits: list[Edit] = [Reshape(first.id, polygons, keypoints=pointed or None)]
        if how != "subtract":
            gone = tuple(each.id for each in others)
            edits.append(Remove(gone))
            staged = self._workspace.staged
            proposed = () if staged is None else staged.rejection(gone)
            edits += [SetRejected(proposed, True)] if proposed else []
        names = {
            "union": self.tr("unite %n instance(s)", "", len(chosen)),
            "intersect": self.tr("intersect %n instance(s)", "", len(chosen)),
            "exclusive": self.tr("keep what one of %n instance(s) covers", "", len(chosen)),
            "subtract": self.tr("cut %n other(s) out", "", len(others)),
        }
        edit = edits[0] if len(edits) == 1 else Batch(tuple(edits), names[how])
        if self._workspace.do(edit, names[how]):
            self.selected.emit(frozenset({first.id}))

    def form(self, ids: Iterable[str], how: str) -> None:
        """Give each instance another form: `hull` without dents, `fill` without holes."""
        names = {"hull": self.tr("convex hull"), "fill": self.tr("fill holes")}
        formed = [(each, FORMING[how](each)) for each in self._unlocked(ids) if not each.line]
        edits = tuple(
            Reshape(each.id, polygons)
            for each, polygons in formed
            if polygons and polygons != each.polygons
        )
        if not edits:
            self.said.emit(self.tr("Nothing changes by that."))
            return
        edit = edits[0] if len(edits) == 1 else Batch(edits, names[how])
        self._workspace.do(edit, names[how])

    def mark(self, ids: Iterable[str], flag: str, on: bool) -> None:
        """Set a flag of instances, or take it away: DONE_REGION or IGNORE."""
        names = {
            (DONE_REGION, True): self.tr("turn into a done region"),
            (DONE_REGION, False): self.tr("turn back into an instance"),
            (IGNORE, True): self.tr("ignore in learning"),
            (IGNORE, False): self.tr("no longer ignore"),
        }
        shapes = [each for each in self._unlocked(ids) if not each.line]
        chosen = [each for each in shapes if is_marked(each, flag) is not on]
        self.set_fields(
            [replace(each, flags=with_flag(each, flag, on)) for each in chosen], names[flag, on]
        )

    def mark_crowd(self, ids: Iterable[str], on: bool) -> None:
        """Say that instances stand for many objects, or take that back."""
        name = self.tr("mark as crowd") if on else self.tr("no longer a crowd")
        shapes = [each for each in self._unlocked(ids) if not each.line]
        chosen = [each for each in shapes if each.crowd is not on]
        self.set_fields([replace(each, crowd=on) for each in chosen], name)

    def lock(self, ids: Iterable[str], on: bool) -> None:
        """Keep instances from being changed by mistake, or let them be changed again."""
        name = self.tr("lock") if on else self.tr("unlock")
        chosen = [each for each in self._chosen(ids) if each.locked is not on]
        self.set_fields([replace(each, locked=on) for each in chosen], name)

    def group(self, ids: Iterable[str]) -> None:
        """Let instances belong together, and to no other group."""
        document, chosen = self._workspace.document, self._unlocked(ids)
        if document is not None and len(chosen) > 1:
            free = max((each.group_id or 0 for each in document.shapes), default=0) + 1
            name = self.tr("group %n instance(s)", "", len(chosen))
            self.set_fields([replace(each, group_id=free) for each in chosen], name)

    def ungroup(self, ids: Iterable[str]) -> None:
        """Let instances belong to no group."""
        chosen = [each for each in self._unlocked(ids) if each.group_id is not None]
        self.set_fields([replace(each, group_id=None) for each in chosen], self.tr("ungroup"))

    def set_fields(self, wanted: Iterable[Shape], name: str) -> None:
        """Give instances the fields of these, which are the same but for them."""
        edit = _fields_edit(wanted, name)
        if edit is not None:
            self._workspace.do(edit, name)

    def marks(self, ids: Iterable[str]) -> frozenset[str]:
        """Which marks all of these have: `region`, `ignore`, `crowd`, `locked`, `grouped`."""
        chosen = self._chosen(ids)
        found = {
            "region": all(is_done(each) for each in chosen),
            "ignore": all(is_ignored(each) for each in chosen),
            "crowd": all(each.crowd for each in chosen),
            "locked": all(each.locked for each in chosen),
            "grouped": all(each.group_id is not None for each in chosen),
        }
        return frozenset(name for name, holds in found.items() if holds and chosen)

    def _chosen(self, ids: Iterable[str]) -> tuple[Shape, ...]:
        document = self._workspace.document
        return () if document is None else with_ids(document.shapes, ids)

    def _unlocked(self, ids: Iterable[str]) -> tuple[Shape, ...]:
        """Those of the ids that may be changed; of the others it is said that they stay."""
        chosen = self._chosen(ids)
        free = tuple(each for each in chosen if not each.locked)
        if len(free) < len(chosen):
            self.said.emit(
                self.tr("%n locked instance(s) stay as they are", "", len(chosen) - len(free))
            )
        return free

    def _copies(self, originals: tuple[Shape, ...], offset: float) -> tuple[Shape, ...]:
        document = self._workspace.document
        if document is None:
            return ()
        outlines, ids = [each.polygons for each in originals], new_ids(len(originals))
        with uncollected():  # of thousands the points alone would be searched again and again
            moved = [translate(each, offset, offset) if offset else each for each in outlines]
            copies = [
                _copy(each, id, polygons, offset)
                for each, id, polygons in zip(originals, ids, moved, strict=True)
            ]
            inside = {*BoxTable(copies).inside(Rect(0, 0, document.width, document.height))}
            made = (
                each if row in inside else _clipped(each, document)
                for row, each in enumerate(copies)
            )
            return tuple(each for each in made if each is not None)

    def _add(self, shapes: tuple[Shape, ...], name: str, *, as_is: bool = False) -> None:
        if self._workspace.do(Add(shapes), name, as_is=as_is):
            self.selected.emit(frozenset(each.id for each in shapes))


def _copy(shape: Shape, id: str, polygons: Polygons, offset: float) -> Shape:
    """A person's own copy, moved by an offset, with these polygons."""
    points = shape.keypoints
    return copied(shape, id, polygons, shifted(points, offset, offset) if points else None)


def _clipped(shape: Shape, document: Document) -> Shape | None:
    """What of a shape lies on the image; None where nothing does."""
    inside = moved_inside if shape.line else clip_to_image
    polygons = inside(shape.polygons, document.width, document.height)
    box = shape.box and is_box(polygons)
    return replace(shape, polygons=polygons, box=box) if polygons else None


def _fields_edit(wanted: Iterable[Shape], name: str) -> Edit | None:
    """What gives shapes these fields; None without any."""
    edits = tuple(map(SetFields.of, wanted))
    return edits[0] if len(edits) == 1 else Batch(edits, name) if edits else None


def no_crowds(document: Document) -> Edit | None:
    """What takes the mark of crowds off every instance; None where none has it."""
    return _fields_edit(
        (replace(each, crowd=False) for each in document.shapes if each.crowd), "no crowds"
    )
