"""Labelling the open image: its labels and instances, and the tools that change them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor

from app.base.actions import EDIT, LABELS, TOOLS, Action
from app.base.feature import Feature, FocusArea
from app.base.settings import COLOUR_BY
from app.canvas.input import Begun
from app.editor.crowds import Crowds
from app.editor.panels.annotate import AnnotatePanel
from app.editor.panels.labels import LabelFinder
from app.editor.services import Services, chosen, engine, image, project, selection, several
from core.document.document import Changed
from core.document.edits import Edit
from core.document.geometry.measure import bounds
from core.document.hit import Hit
from core.document.regions import DONE_REGION, IGNORE, labelled
from core.gestures.base import Key

NUMBERED: Final = range(1, 10)
"""The labels that have a key of their own."""
DRAWING_TOOLS: Final = (
    *("polygon", "rectangle", "ellipse", "rotated", "brush"),
    *("point", "line", "linestrip"),
)
"""Tools whose shapes get the active label."""
PART_TOOLS: Final = ("add_part", "cut")
"""Tools that work on the selected instance."""


def _tool(
    name: str,
    text: str,
    keys: tuple[str, ...],
    icon: str,
    tip: str,
    *,
    part: bool = False,
    asks: bool = False,
    rule: bool = False,
) -> Action[AnnotateFeature]:
    """The row of a tool; `part` marks one that works on the selected instance, `asks` one that
    asks the model."""
    return Action(
        f"tool_{name}",
        TOOLS,
        text,
        keys,
        icon,
        (image, *((selection,) if part else ()), *((engine,) if asks else ())),
        turn=lambda self, _on: self.draw(name),
        checked=lambda self: self.services.viewport.tool == name,
        tip=tip,
        rule=rule,
    )


def _combine(how: str, text: str, tip: str, keys: tuple[str, ...] = ()) -> Action[AnnotateFeature]:
    return Action(
        f"combine_{how}",
        EDIT,
        text,
        keys,
        how,
        (image, several),
        do=lambda self: self.services.editing.combine(self.services.viewport.selection, how),
        tip=tip,
        rule=how == "union",
    )


def _label(number: int) -> Action[AnnotateFeature]:
    return Action(
        f"label_{number}",
        LABELS,
        f"Use label {number}",
        (str(number),),
        "label",
        (project,),
        do=lambda self: self.use_label(number),
        tip="For what is drawn next and, with the tool Select, for what is selected",
        menu=False,
    )


class AnnotateFeature(Feature):
    """The panel has the labels, the instances of the image and its suggestions."""

    NAME = "annotate"

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self.services = services
        self._crowds = Crowds(services)
        self.title = self.tr("Annotate")
        self.panel: AnnotatePanel = AnnotatePanel(services.actions)
        self._shown: Path | None = None
        self._begun: dict[Path, Begun] = {}  # outlines that wait for their image
        self._wire_image()
        self._wire_canvas()
        self._wire_panel()

    def _wire_image(self) -> None:
        services = self.services
        workspace, labelling = services.workspace, services.labelling
        workspace.project_changed.connect(self._on_project)
        workspace.image_changed.connect(self._on_image)
        workspace.document_changed.connect(self._on_document)
        labelling.changed.connect(self._on_labels)
        services.client.model_loaded.connect(labelling.take_model)
        labelling.failed.connect(lambda text: services.notices.fail("labels", text, warning=True))
        services.settings.changed.connect(self._on_labels)
        services.folder_edits.changed.connect(self.changed)
        services.tuning.made.connect(services.viewport.set_selection)
        services.editing.selected.connect(services.viewport.set_selection)
        services.editing.clipboard_changed.connect(self.changed)
        services.editing.said.connect(services.notices.say)
        services.renamer.said.connect(services.notices.say)
        services.renamer.failed.connect(services.notices.fail)

    def _wire_canvas(self) -> None:
        canvas, actions = self.services.viewport, self.services.actions
        canvas.edit_requested.connect(self._do)
        canvas.selection_changed.connect(self._on_selection)
        canvas.instance_activated.connect(lambda _id: actions["relabel"].trigger())
        canvas.tool_changed.connect(lambda _tool: self.changed.emit())
        canvas.context_requested.connect(self._open_menu)

    def _wire_panel(self) -> None:
        labels, instances = self.panel.labels, self.panel.instances
        labelling = self.services.labelling
        instances.selected.connect(self.services.viewport.set_selection)
        instances.relabel.connect(lambda: self.services.actions["relabel"].trigger())
        instances.menu_wanted.connect(self.menu_wanted)
        instances.shown.connect(lambda shape: self.services.viewport.reveal(bounds(shape)))
        instances.hidden_changed.connect(self.services.viewport.set_hidden)
        labels.activated.connect(labelling.activate)
        labels.added.connect(labelling.add)
        labels.renamed.connect(labelling.rename)
        labels.recoloured.connect(labelling.recolour)
        labels.removed.connect(labelling.remove)

    def focus_areas(self) -> Sequence[FocusArea]:
        """Labels and instances."""
        labels, instances = self.panel.labels, self.panel.instances
        return ((labels, labels.focus_list), (instances, instances.focus_table))

    def on_theme(self) -> None:
        """Tint the icons anew."""
        self.panel.instances.on_theme()

    # What happened

    def _on_project(self) -> None:
        self.services.viewport.cancel_gesture()
        self._begun.clear()
        self._shown = None
        self.changed.emit()

    def _on_image(self) -> None:
        canvas, staged = self.services.viewport, self.services.workspace.staged
        document = None if staged is None else staged.session.document
        self._put_aside()
        if canvas.tool in PART_TOOLS:
            canvas.set_tool("select")  # it is for what was selected
        canvas.set_hidden(())
        canvas.show_image(None if staged is None else staged.shown.pyramid)
        canvas.show_document(document)
        self.panel.instances.set_document(document)
        self._on_labels()
        self._shown = None if staged is None else staged.entry.path
        begun = None if self._shown is None else self._begun.pop(self._shown, None)
        if begun is not None:
            canvas.set_selection(begun.selection)
            canvas.set_tool(begun.tool)
            canvas.input.resume(begun)
        self.changed.emit()

    def _put_aside(self) -> None:
        """Keep the outline that is being drawn for when its image is shown again."""
        begun = self.services.viewport.input.put_aside()
        if begun is None or self._shown is None:
            return
        self._begun[self._shown] = begun
        if self._shown != self.services.workspace.path:
            text = self.tr("The outline you began waits in {image}.").format(image=self._shown.name)
            self.services.notices.say(text)

    def _on_document(self, changed: Changed) -> None:
        self.services.viewport.document_changed(changed)
        self.panel.instances.document_changed(changed)
        self.panel.labels.set_counts(self.services.labelling.counts())
        self.changed.emit()

    def _on_labels(self, setting: str = COLOUR_BY.key) -> None:
        """The labels, their colours or the active one are others."""
        if setting != COLOUR_BY.key:
            return
        panel, labelling = self.panel, self.services.labelling
        colours = labelling.colours(), self.services.settings.get(COLOUR_BY)
        self.services.viewport.set_colours(*colours)
        self.services.viewport.set_active_label(labelling.active)
        self.services.viewport.set_skeletons(labelling.skeletons())
        panel.instances.set_colours(*colours)
        panel.labels.set_labels(labelling.rows, labelling.active)
        panel.labels.set_counts(labelling.counts())

    def _on_selection(self, ids: frozenset[str]) -> None:
        self.panel.instances.set_selection(ids)
        self.changed.emit()

    def _open_menu(self, at: QPoint, hit: Hit | None) -> None:
        document = self.services.workspace.document
        name = "canvas"
        if hit is not None and document is not None:
            name = "instance" if hit.id in document else "suggestion"
        self.menu_wanted.emit(name, at)

    def has_instances(self) -> bool:
        """The image has instances or regions."""
        document = self.services.workspace.document
        return document is not None and bool(document.shapes)

    def can_undo(self) -> bool:
        """There is an act to take back."""
        return self.services.folder_edits.can_undo

    def can_redo(self) -> bool:
        """There is an act to make again."""
        return self.services.folder_edits.can_redo

    def _has_mark(self, mark: str) -> bool:
        return mark in self.services.editing.marks(self.services.viewport.selection)

    # What a person does

    def _mark(self, flag: str, on: bool) -> None:
        self.services.editing.mark(self.services.viewport.selection, flag, on)

    def _mark_crowd(self, on: bool) -> None:
        self.services.editing.mark_crowd(self.services.viewport.selection, on)

    def draw(self, tool: str) -> None:
        """Take a tool; nothing can be drawn without a label."""
        if tool in DRAWING_TOOLS:
            self.services.labelling.ensure()
        self.services.viewport.set_tool(tool)
        self.services.viewport.setFocus()
        self.changed.emit()

    def _do(self, edit: Edit, name: str) -> None:
        """Make the edit of a gesture; a suggestion that it takes gets the label of one accepted."""
        self.services.workspace.do(self.services.suggesting.as_accepted(edit), name)

    def delete(self) -> None:
        """Delete the marked vertex, or the selection; an outline loses its last vertex."""
        canvas = self.services.viewport
        if not canvas.input.act_on(Key.BACKSPACE):
            self.services.editing.delete(canvas.selection)

    def select_all(self) -> None:
        """Select all instances of the image."""
        document = self.services.workspace.document
        if document is not None:
            wanted = labelled(document.shapes)
            self.services.viewport.set_selection([each.id for each in wanted])

    def use_label(self, number: int) -> None:
        """Take a label for what is drawn next and, unless one draws, for what is selected."""
        labelling, canvas = self.services.labelling, self.services.viewport
        labelling.activate_number(number)
        ids = canvas.selection if canvas.tool == "select" else ()
        if ids and number <= len(labelling.names):
            self.services.editing.relabel(ids, labelling.names[number - 1])

    def relabel(self) -> None:
        """Let the person choose another label for what is selected, else for what comes next."""
        document, ids = self.services.workspace.document, self.services.viewport.selection
        labelling, editing = self.services.labelling, self.services.editing
        if document is None:
            return
        chosen = [each.label for each in document.shapes if each.id in ids] or [labelling.active]
        finder = LabelFinder(self.panel.window(), labelling.rows, chosen[0])
        finder.chosen.connect(
            lambda name: editing.relabel(ids, name) if ids else labelling.add(name)
        )
        finder.open_near(self._near_pointer())

    def _near_pointer(self) -> QPoint:
        canvas, at = self.services.viewport, QCursor.pos()
        if canvas.rect().contains(canvas.mapFromGlobal(at)):
            return at + QPoint(8, 8)
        return canvas.mapToGlobal(canvas.rect().center())

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[AnnotateFeature], ...]] = (
        Action("undo", EDIT, "Undo", ("Ctrl+Z",), "undo", (image, can_undo),
               do=lambda self: self.services.folder_edits.undo(),
               detail=lambda self: self.services.folder_edits.undo_name),
        Action("redo", EDIT, "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", (image, can_redo),
               do=lambda self: self.services.folder_edits.redo(),
               detail=lambda self: self.services.folder_edits.redo_name),
        Action("copy", EDIT, "Copy", ("Ctrl+C",), "copy", (image, selection),
               do=lambda self: self.services.editing.copy(self.services.viewport.selection),
               rule=True, tip="Copy the selected instances; they can be pasted into another image"),
        Action("paste", EDIT, "Paste", ("Ctrl+V",), "paste",
               (image, lambda self: self.services.editing.can_paste),
               do=lambda self: self.services.editing.paste()),
        Action("duplicate", EDIT, "Duplicate", ("Ctrl+D",), "duplicate", (image, selection),
               do=lambda self: self.services.editing.duplicate(self.services.viewport.selection)),
        Action("delete", EDIT, "Delete", ("Del", "Backspace"), "delete", (image, selection),
               do=delete, tip="Delete the marked vertices, or else the selected instances"),
        Action("relabel", EDIT, "Change label…", ("Ctrl+E",), "label", (image,),
               do=relabel, rule=True, tip="Give the selected instances another label, or what is "
               "drawn next where none is selected: type its name or its number"),
        Action("select_all", EDIT, "Select all", ("Ctrl+A",), "", (image, has_instances),
               do=select_all),
        Action("mark_ignore", EDIT, "Ignore in learning", ("Ctrl+I",), "", (image, selection),
               turn=lambda self, on: self._mark(IGNORE, on),
               checked=lambda self: self._has_mark("ignore"), rule=True,
               tip="Nothing is learned there, and nothing is compared with it"),
        Action("mark_crowd", EDIT, "Crowd", (), "", (image, selection), turn=_mark_crowd,
               checked=lambda self: self._has_mark("crowd"),
               tip="An area that stands for many objects; no example, and no background"),
        Action("no_crowds", EDIT, "No crowds in this folder", (), "", (project,),
               do=lambda self: self._crowds.take_off(),
               tip="Take the mark of crowds off all instances: some programs give it to each"),
        Action("mark_region", EDIT, "Done region", (), "region", (image, selection),
               turn=lambda self, on: self._mark(DONE_REGION, on),
               checked=lambda self: self._has_mark("region"),
               tip="Turn the selected instances into regions in which everything is labelled, "
                   "or back"),
        Action("tighten", EDIT, "Tighten…", ("N",), "tighten", (image, chosen, engine),
               do=lambda self: self.services.tuning.tighten(), rule=True,
               tip="Let the model draw the selected outlines anew, as fine as you like"),
        Action("smooth", EDIT, "Simplify, smooth and grow…", ("Shift+N",), "smooth",
               (image, chosen), do=lambda self: self.services.tuning.smooth(),
               tip="Simplify the selected outlines, or make all of them larger or smaller"),
        _combine("union", "Unite", "Make one instance of the selected ones", ("Shift+J",)),
        _combine("subtract", "Cut the others out",
                 "Take what the other selected instances cover from the largest one"),
        _combine("intersect", "Keep what all cover",
                 "Make one instance of what all selected ones cover"),
        _combine("exclusive", "Keep what only one covers",
                 "Make one instance of what an odd number of the selected ones covers"),
        Action("form_hull", EDIT, "Convex hull", (), "hull", (image, selection),
               do=lambda self: self.services.editing.form(self.services.viewport.selection, "hull"),
               tip="Take the dents from the selected instances"),
        Action("form_fill", EDIT, "Fill holes", (), "fill", (image, selection),
               do=lambda self: self.services.editing.form(self.services.viewport.selection, "fill"),
               tip="Take the holes from the selected instances"),
        _tool("select", "Select and move", ("V", "Ctrl+J"), "select",
              "Select, move and reshape instances"),
        _tool("polygon", "Polygon", ("P", "Ctrl+N"), "polygon",
              "Draw an outline: click its vertices, close with Enter or a double click"),
        _tool("rectangle", "Rectangle", ("R", "Ctrl+R"), "rectangle",
              "Draw a rectangle from corner to corner"),
        _tool("add_part", "Add a part", ("Shift+P",), "add",
              "Draw another outline that belongs to the selected instance", part=True, rule=True),
        _tool("cut", "Cut out", ("C",), "cut",
              "Draw a hole into the selected instance, or cut a piece off", part=True),
        _tool("split", "Split", ("Shift+C",), "split",
              "Draw a line across instances: what lies on either side becomes one of its own"),
        _tool("brush", "Brush", ("U",), "brush",
              "Paint an instance, add to the selected one, or erase from it with the right button"),
        _tool("vertex_brush", "Take vertices with a brush", (",",), "vertex_brush",
              "Brush over an outline: its vertices go; with the right button they are thinned"),
        _tool("ellipse", "Ellipse", ("Shift+O",), "ellipse",
              "Draw an ellipse, with Shift a circle, from corner to corner of its box"),
        _tool("rotated", "Turned box", ("Shift+Q",), "rotated",
              "Draw one side of a rectangle at any angle, then how far it reaches"),
        _tool("point", "Point", (".",), "point", "Set a point, which has a label and no area"),
        _tool("line", "Line", ("Shift+L",), "line",
              "Draw a line from one end to the other; it has a label and no area"),
        _tool("linestrip", "Line strip", ("Shift+S",), "linestrip",
              "Draw a line of many vertices, which has a label and no area"),
        _tool("keypoints", "Keypoints", ("Shift+K",), "keypoints",
              "Set the keypoints of the selected instance, one click each"),
        _tool("stretch", "Redraw a stretch", ("S",), "stretch",
              "Draw from one place of an outline to another: that stretch becomes what you draw"),
        _tool("box", "Box", ("B",), "box", asks=True, rule=True,
              tip="Drag a box around an object: the model draws its outline"),
        _tool("click", "Click", ("Q",), "click", asks=True,
              tip="Point at an object: the model shows its outline, a click keeps it"),
        _tool("region", "Mark a region as done", ("Shift+R",), "region",
              "Draw a rectangle in which every instance is labelled: the model learns from it, "
              "though the rest of the image is not done", rule=True),
        _tool("region_outline", "Mark a region as done, by outline", ("Ctrl+Shift+R",), "region",
              "The same with an outline of any shape"),
        Action("add_label", LABELS, "Add label…", ("L",), "add", (project,),
               do=lambda self: self.panel.labels.begin_add()),
        *(_label(number) for number in NUMBERED),
    )
