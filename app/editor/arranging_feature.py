"""Instances among others: which are chosen together, what is said of them, in which order they lie,
and which are taken over from image to image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from PySide6.QtWidgets import QMenu

from app.base.actions import EDIT, IMAGE, LABELS, VIEW, Action
from app.base.feature import Feature
from app.base.tasks import Context
from app.base.words import error_text, sentence_text
from app.editor.panels.annotate import AnnotatePanel
from app.editor.panels.details import OURS, AttributesDialog, KeypointsDialog, flag_names
from app.editor.services import Services, image, project, selection, several
from core.document.document import Changed
from core.document.edits import Add, Batch, Remove, SetDetails
from core.document.geometry.measure import bounds_of
from core.document.instance import ImageDetails, Shape, Source, Value, with_ids
from core.document.regions import labelled
from core.formats import labelme
from core.gestures.keypoints import NO_SKELETON
from core.project.project import ImageEntry
from core.sentences import Sentence

_Told = Shape | ImageDetails


class ArrangeFeature(Feature):
    """Its details stand in the annotate panel."""

    NAME = "arrange"

    def __init__(self, services: Services, panel: AnnotatePanel) -> None:
        super().__init__(services.workspace)
        self.services = services
        self._panel = panel
        details, workspace = panel.details, services.workspace
        details.described.connect(self._describe)
        details.flagged.connect(self._set_flags)
        details.attributed.connect(self._set_attribute)
        services.viewport.selection_changed.connect(lambda _ids: self._show())
        services.labelling.changed.connect(self._on_labelling)
        workspace.document_changed.connect(self._on_document)
        workspace.image_changed.connect(self._show)
        services.drawing.said.connect(lambda text: services.notices.say(text, key="overlap"))
        panel.instances.hidden_changed.connect(lambda _ids: self.changed.emit())
        services.viewport.hinted.connect(self._on_hint)
        services.viewport.refused.connect(self._on_refused)

    # The details of what is selected

    def _chosen(self) -> tuple[Shape, ...]:
        document, ids = self.services.workspace.document, self.services.viewport.selection
        if document is None or not ids:
            return ()
        return with_ids(document.shapes, ids)

    def _show(self) -> None:
        document = self.services.workspace.document
        of_image = None if document is None else document.details
        self._panel.details.show_details(self._chosen() or of_image)

    def _on_document(self, changed: Changed) -> None:
        if changed.details or changed.ids & self.services.viewport.selection:
            self._show()

    def _on_labelling(self) -> None:
        self._panel.details.set_attributes(
            self.services.labelling.attributes, self.services.labelling.image_attributes
        )
        self._show()

    def _say(self, fields: Callable[[_Told], dict[str, Any]], name: str) -> None:
        """Give all that is selected other fields, or the image where nothing is."""
        document, chosen = self.services.workspace.document, self._chosen()
        if chosen:
            changed = [(each, replace(each, **fields(each))) for each in chosen]
            self.services.editing.set_fields([new for old, new in changed if new != old], name)
        elif document is not None:
            details = replace(document.details, **fields(document.details))
            if details != document.details:
                self.services.workspace.do(SetDetails(details), name)

    def _describe(self, text: str) -> None:
        self._say(lambda _each: {"description": text}, self.tr("description"))

    def _set_flags(self, names: Sequence[str]) -> None:
        """Set these flags and no others; those that have a switch elsewhere stay."""

        def flagged(each: _Told) -> dict[str, Any]:
            if flag_names(each) == tuple(names):
                return {}
            there = [(name, on if name in OURS else name in names) for name, on in each.flags]
            known = {name for name, _ in there}
            more = [(name, True) for name in names if name not in known]
            return {"flags": (*there, *more)}

        self._say(flagged, self.tr("flags"))

    def _set_attribute(self, name: str, value: Value | None) -> None:
        self._say(lambda each: {"attributes": _with(each, name, value)}, name)

    def define_attributes(self) -> None:
        """Say what is asked of each instance and image."""
        labelling = self.services.labelling
        dialog = AttributesDialog(
            self._panel.window(), labelling.attributes, labelling.image_attributes
        )
        dialog.chosen.connect(lambda rows: labelling.set_attributes(*rows))
        dialog.show()

    def define_keypoints(self) -> None:
        """Say what the keypoints of a label are called: that of what is selected, or the active."""
        labelling = self.services.labelling
        chosen = {each.label for each in self._chosen()}
        name = chosen.pop() if len(chosen) == 1 else labelling.ensure()
        dialog = KeypointsDialog(self._panel.window(), name, labelling.skeletons().get(name))
        dialog.chosen.connect(lambda found: labelling.set_skeleton(name, *found))
        dialog.show()

    def _on_hint(self) -> None:
        """Where the tool in the hand has no keypoints to set, offer to name them."""
        self.services.notices.succeed("skeleton")
        if self.services.viewport.hint.id == NO_SKELETON.id:
            self._on_refused(self.services.viewport.hint)

    def _on_refused(self, said: Sentence) -> None:
        """Say why a gesture made no edit."""
        text, define = sentence_text(said), self.services.actions["label_keypoints"]
        if said.id == NO_SKELETON.id:
            self.services.notices.ask("skeleton", text, [(define.text(), define.trigger)])
        else:
            self.services.notices.say(text)

    # What is chosen, and seen

    def _of_their_labels(self) -> list[str]:
        """All that has a label of what is selected."""
        document = self.services.workspace.document
        labels = {each.label for each in self._chosen()}
        there = () if document is None else labelled(document.shapes)
        return [each.id for each in there if each.label in labels]

    def select_label(self) -> None:
        """Select all instances that have a label of the selected ones."""
        self.services.viewport.set_selection(self._of_their_labels())

    def hide_label(self) -> None:
        """Hide all instances that have a label of the selected ones."""
        rows = self._panel.instances.rows
        rows.set_hidden(rows.hidden | set(self._of_their_labels()))
        self.services.viewport.set_selection(())

    def has_hidden(self) -> bool:
        """Some instances are hidden one by one, or by their label."""
        return bool(self._panel.instances.rows.hidden)

    def zoom(self) -> None:
        """Fill the view with what is selected."""
        rect = bounds_of(self._chosen())
        if rect is not None:
            self.services.viewport.zoom_to(rect)

    def _has(self, mark: str) -> bool:
        return mark in self.services.editing.marks(self.services.viewport.selection)

    def has_group(self) -> bool:
        """Some of the selected ones belong to a group."""
        return any(each.group_id is not None for each in self._chosen())

    def select_group(self) -> None:
        """Select all that is of the groups of what is selected."""
        document = self.services.workspace.document
        groups = {each.group_id for each in self._chosen()} - {None}
        there = () if document is None else document.shapes
        mates = {each.id for each in there if each.group_id in groups}
        self.services.viewport.set_selection(mates | self.services.viewport.selection)

    def order(self, *, front: bool) -> None:
        """Lay what is selected above, or below, all others."""
        chosen, document = self._chosen(), self.services.workspace.document
        assert document is not None
        others = document.shapes[: -len(chosen)] if front else document.shapes[len(chosen) :]
        if not any(each in others for each in chosen):
            return
        name = self.tr("to the front") if front else self.tr("to the back")
        at = () if front else tuple(range(len(chosen)))
        gone = Remove(tuple(each.id for each in chosen))
        self.services.workspace.do(Batch((gone, Add(chosen, at)), name), name)

    def fill_overlap(self, menu: QMenu) -> None:
        """The rules for instances that cover each other."""
        drawing, labelling = self.services.drawing, self.services.labelling
        menu.clear()
        for rule, text in drawing.rules().items():
            action = menu.addAction(text, partial(drawing.set_rule, rule))
            action.setCheckable(True)
            action.setChecked(labelling.overlap is rule)

    # From image to image

    def previous(self) -> ImageEntry | None:
        """The image before the one that is shown, in the order of the folder."""
        path = self.services.workspace.path
        return None if path is None else self.services.workspace.entry(path, -1)

    def take_previous(self) -> None:
        """Take over what is labelled on the image before."""
        entry, path = self.previous(), self.services.workspace.path
        if entry is None:
            self.services.notices.say(self.tr("This is the first image."))
            return

        def read(_context: Context) -> tuple[Shape, ...]:
            if not entry.label_file.exists():
                return ()
            found = labelme.read(entry.label_file).shapes
            return tuple(each for each in found if each.source is not Source.SUGGESTED)

        def take(shapes: tuple[Shape, ...]) -> None:
            if path != self.services.workspace.path:
                return  # the person went on meanwhile
            if not self.services.editing.take_over(shapes):
                text = self.tr("{image} has nothing to take over.").format(image=entry.path.name)
                self.services.notices.say(text)

        self.services.workspace.tasks.run(
            read,
            done=take,
            failed=lambda error: self.services.notices.fail("previous", error_text(error)),
        )

    def to_next(self) -> None:
        """Copy what is selected, go on to the next image and paste it there."""
        self.services.editing.copy(self.services.viewport.selection)
        self.services.actions["next_image"].trigger()
        if self.services.workspace.under_way:
            self.services.workspace.in_turn(self.services.editing.paste)
        else:
            self.services.notices.say(self.tr("This is the last image."))

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[ArrangeFeature], ...]] = (
        Action("select_label", EDIT, "Select all of this label", ("Ctrl+Shift+A",), "",
               (image, selection), do=select_label),
        Action("to_front", EDIT, "To the front", ("Ctrl+]",), "", (image, selection),
               do=lambda self: self.order(front=True), rule=True,
               tip="Lay the selected instances above all others"),
        Action("to_back", EDIT, "To the back", ("Ctrl+[",), "", (image, selection),
               do=lambda self: self.order(front=False),
               tip="Lay the selected instances below all others"),
        Action("group", EDIT, "Group", ("Ctrl+G",), "group", (image, several), rule=True,
               do=lambda self: self.services.editing.group(self.services.viewport.selection),
               tip="Let the selected instances belong together"),
        Action("ungroup", EDIT, "Ungroup", ("Ctrl+Shift+G",), "", (image, has_group),
               do=lambda self: self.services.editing.ungroup(self.services.viewport.selection),
               tip="Let the selected instances belong to no group"),
        Action("select_group", EDIT, "Select the whole group", ("Shift+A",), "",
               (image, has_group), do=select_group),
        Action("lock", EDIT, "Lock", ("Ctrl+K",), "lock", (image, selection),
               turn=lambda self, on: self.services.editing.lock(
                   self.services.viewport.selection, on),
               checked=lambda self: self._has("locked"),
               tip="Keep the selected instances from being moved, changed or deleted by mistake; "
                   "they are selected in the list"),
        Action("select_below", EDIT, "Select what lies below", ("Shift+U",), "", (image,),
               do=lambda self: self.services.viewport.input.take_below(),
               tip="Go through the instances under the pointer, the smallest first"),
        Action("overlap", EDIT, "Where instances overlap", (), "intersect", (project,),
               fill=fill_overlap,
               tip="The rule of this folder: keep both, or cut one; what is locked is never cut"),
        Action("next_overlap", EDIT, "Next rule for overlaps", ("Ctrl+T",), "", (project,),
               do=lambda self: self.services.drawing.next_rule(),
               tip="Keep both, what is drawn last wins, what was there wins"),
        Action("attributes", LABELS, "Attributes…", (), "", (project,), do=define_attributes,
               rule=True, tip="Say what is asked of each instance and image"),
        Action("label_keypoints", LABELS, "Keypoints of the label…", (), "keypoints", (project,),
               do=define_keypoints, tip="Say what the keypoints of its instances are called"),
        Action("take_previous", IMAGE, "Take over from the previous image", ("Ctrl+P",), "",
               (image,), do=take_previous, rule=True,
               tip="Copy everything that is labelled on the image before"),
        Action("to_next", IMAGE, "Copy to the next image", ("Ctrl+Shift+D",), "",
               (image, selection), do=to_next,
               tip="Go on to the next image with copies of the selected instances"),
        Action("zoom_selection", VIEW, "Zoom to the selection", ("K",), "", (image, selection),
               do=zoom),
        Action("hide_label", VIEW, "Hide all of this label", (), "", (image, selection),
               do=hide_label, rule=True),
        Action("show_hidden", VIEW, "Show what was hidden", (), "", (image, has_hidden),
               do=lambda self: self._panel.instances.rows.set_hidden(())),
    )
    # fmt: on


def _with(
    shape: Shape | ImageDetails, name: str, value: Value | None
) -> tuple[tuple[str, Value], ...]:
    """The attributes with another value for one; None takes it away."""
    there = dict(shape.attributes)
    if value is None:
        there.pop(name, None)
    else:
        there[name] = value
    return tuple(there.items())
