"""The viewport: one widget with the image, its instances, and the tools to edit them.

It never changes the document. What a person does comes out as an edit in `edit_requested`; who
applies it calls `document_changed` with what `History.do` returned, before the signal returns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import is_

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.base.words import sentence_text
from app.canvas.backdrop import ground, paint_focus
from app.canvas.input import CanvasInput
from app.canvas.layers.base import Layer
from app.canvas.look import Shade
from app.canvas.pyramid import ImagePyramid
from app.canvas.renderer import SLICE, Renderer
from app.canvas.scroll import LookingWidget
from app.canvas.style import FILL, Palette
from app.canvas.tools import CURSORS, UNCROSSED, WITH_HANDLES
from core.document.document import Changed, Document
from core.document.instance import Instance, Shape
from core.document.skeleton import Skeleton
from core.gestures.base import Answered, Cursor, Key, Outcome
from core.gestures.scene import Scene
from core.sentences import Sentence


class Viewport(LookingWidget):
    """See the module. Centres and scales are image pixels, and logical pixels per image pixel."""

    edit_requested = Signal(object, str)  # Edit, not yet applied; its name for the undo menu
    selection_changed = Signal(object)  # frozenset[str]
    suggestion_picked = Signal(object)  # frozenset[str]
    instance_activated = Signal(str)  # double click on an instance
    suggestion_activated = Signal(str)  # double click on a suggestion
    pointer_moved = Signal(float, float)  # image pixels
    pointer_left = Signal()
    tool_changed = Signal(str)
    context_requested = Signal(object, object)  # global QPoint, Hit or None
    rested = Signal()  # what was being drawn or dragged is over
    refused = Signal(object)  # Sentence: why a gesture made no edit
    answered = Signal(object, bool)  # frozenset[str] of suggestions; whether they are accepted
    asked = Signal(object)  # Asked: what a model is to draw now
    kept = Signal(object)  # Kept: what of it becomes an instance
    hinted = Signal(object)  # Sentence: what mouse and keys do with the tool in the hand

    def __init__(self, parent: QWidget | None = None, scene: Scene | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(120, 90)
        self.setAccessibleName(self.tr("Canvas"))
        self._scene = scene or Scene()
        self._renderer = Renderer(self._scene)
        self._renderer.tags.font = self.font()
        self._overview.picture = self._renderer.overview
        self.input = self._make_input()
        self._document: Document | None = None
        self._suggestions: tuple[Instance, ...] = ()
        self._instances_shown = self._suggestions_shown = True
        self._bare = False
        self._palette_of_labels = Palette()
        self._fill = FILL
        self._quiet = False
        self._tags_shown = True
        self._crosshair = True
        self._worked = False
        self._painted_scale = 0.0
        self._work = QTimer(self, singleShot=True, interval=0)
        self._work.timeout.connect(self._make)

    def _make_input(self) -> CanvasInput:
        made = CanvasInput(self, self._scene, self._navigator)
        made.outcome.connect(self._apply)
        made.cursor.connect(self._show_cursor)
        made.hinted.connect(self.hinted)
        made.pointer_moved.connect(self.pointer_moved)
        made.pointer_left.connect(self._forget_hover)
        made.layer_hovered.connect(self.refresh)
        made.activated.connect(self._on_activated)
        made.menu_wanted.connect(
            lambda at, hit: self.context_requested.emit(self.mapToGlobal(at), hit)
        )
        return made

    # The image and what is on it

    def show_image(self, image: ImagePyramid | None) -> None:
        """Show an image, fitted unless the view was chosen by hand; instances are set anew."""
        self.cancel_gesture()
        self._renderer.set_image(image)
        self.input.has_image = image is not None
        size = (image.width, image.height) if image else (0, 0)
        self._navigator.set_image(*size)
        self.refresh()

    def show_document(self, document: Document | None) -> None:
        """Show the instances of a document; nothing is selected then."""
        self.cancel_gesture()
        self._document = self._scene.document = document
        self._renderer.set_instances(document.shapes if document else ())
        self._select(frozenset(), self._scene.picked)
        self.refresh()

    def document_changed(self, changed: Changed) -> None:
        """The shown document has changed; to be called after each edit, undo and redo."""
        if self._document is None:
            return
        self._renderer.set_instances(self._document.shapes, changed)
        self._select(self._document.known(self._scene.selection), self._scene.picked)
        self.input.refresh()
        self.refresh()

    def show_suggestions(self, instances: Sequence[Instance]) -> None:
        """Show these suggestions and no others."""
        before, self._suggestions = self._suggestions, tuple(instances)
        if len(before) == len(instances) and all(map(is_, before, instances)):
            return
        self._scene.set_suggestions(self._suggestions)
        self._renderer.set_suggestions(self._suggestions)
        known = {each.id for each in self._suggestions}
        self._select(self._scene.selection, self._scene.picked & known)
        self.input.refresh()
        self.refresh()

    # What it looks like

    def set_colours(self, colours: Mapping[str, str], by: str = "label") -> None:
        """The colour of each label as `#rrggbb`; others get one made from their name.

        Shapes are coloured `by` label, instance, source or score.
        """
        self._palette_of_labels = Palette(colours, by)
        self._restyle()

    def set_opacity(self, opacity: float) -> None:
        """The opacity of fills, 0 (outlines only) to 1."""
        self._fill = opacity
        self._restyle()

    def set_quiet(self, quiet: bool) -> None:
        """Show instances as outlines without names, so that what lies below them is seen."""
        if quiet != self._quiet:
            self._quiet = quiet
            self._restyle()

    def _restyle(self) -> None:
        fill = 0.0 if self._quiet else self._fill
        self._renderer.tags_shown = self._tags_shown and not self._quiet
        self._renderer.set_look(self._palette_of_labels, fill)
        self.refresh()

    def set_instances_visible(self, visible: bool) -> None:
        """Show or hide all instances; hidden ones cannot be taken."""
        self._instances_shown = visible
        self._show_or_hide()

    def set_suggestions_visible(self, visible: bool) -> None:
        """Show or hide all suggestions; hidden ones cannot be picked."""
        self._suggestions_shown = visible
        self._show_or_hide()

    def set_bare(self, bare: bool) -> None:
        """Show the image without instances and suggestions, or again what was chosen to be seen."""
        self._bare = bare
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        self._scene.instances_shown = self._instances_shown and not self._bare
        self._scene.suggestions_shown = self._suggestions_shown and not self._bare
        self._renderer.tags.outdate()
        self.input.refresh()
        self.refresh()

    def set_hidden(self, ids: Collection[str]) -> None:
        """Hide these instances and no others; hidden ones cannot be taken."""
        self._scene.set_hidden(frozenset(ids))
        self._renderer.set_hidden(frozenset(ids))
        self.input.refresh()
        self.refresh()

    def set_tags_visible(self, visible: bool) -> None:
        """Show or hide the names beside instances, those selected or hovered excepted."""
        self._tags_shown = visible
        self._restyle()

    def set_crosshair_visible(self, visible: bool) -> None:
        """Show or hide the lines through the pointer while drawing."""
        self._crosshair = visible
        self.refresh()

    def set_shade(self, shade: Shade | None) -> None:
        """Show the image's pixels through a shade, or as they are."""
        self._renderer.set_shade(shade)
        self.refresh()

    def show_pixels(self, image: ImagePyramid) -> None:
        """Show the same image, of the same size, with other pixels."""
        self._renderer.set_pixels(image)
        self.refresh()

    def add_layer(self, layer: Layer) -> None:
        """Put a layer on top of those added before."""
        self._renderer.layers.append(layer)
        self.input.layers = tuple(self._renderer.layers)
        self.refresh()

    def remove_layer(self, layer: Layer) -> None:
        """Take a layer away. Raises ValueError when it is not there."""
        self._renderer.layers.remove(layer)
        self.input.layers = tuple(self._renderer.layers)
        self.refresh()

    def layer_changed(self) -> None:
        """A layer wants to be painted again."""
        self.refresh()

    # What is selected, and with which tool

    def set_active_label(self, label: str) -> None:
        """The label of what is drawn next; without one nothing can be drawn."""
        self._scene.label = label
        self.refresh()

    def set_skeletons(self, skeletons: Mapping[str, Skeleton]) -> None:
        """What the keypoints of each label are called, and how they are joined."""
        self._scene.skeletons = skeletons
        self.input.look_again()
        self.refresh()

    @property
    def selection(self) -> frozenset[str]:
        """The ids of the selected instances."""
        return self._scene.selection

    def set_selection(self, ids: Collection[str]) -> None:
        """Select instances; unknown ids are passed over."""
        self._select(self._scene.known(ids), self._scene.picked)

    def select_suggestions(self, ids: Collection[str]) -> None:
        """Pick suggestions."""
        known = {each.id for each in self._suggestions}
        self._select(self._scene.selection, frozenset(ids) & known)

    def _select(self, selection: frozenset[str], picked: frozenset[str]) -> None:
        scene = self._scene
        selection_is_new, picks_are_new = selection != scene.selection, picked != scene.picked
        if not selection_is_new and not picks_are_new:
            return
        scene.selection, scene.picked = selection, picked
        self._renderer.set_selection(selection, picked)
        self.refresh()
        if selection_is_new:
            self.selection_changed.emit(selection)
        if picks_are_new:
            self.suggestion_picked.emit(picked)

    @property
    def tool(self) -> str:
        """The tool in use."""
        return self.input.tool

    def set_tool(self, tool: str) -> None:
        """Take one of `tools.TOOLS`. Raises ValueError for any other name."""
        if tool != self.input.tool:
            self.input.take(tool)
            self._renderer.handles_shown = tool in WITH_HANDLES
            self.tool_changed.emit(tool)

    def show_tried(self, shapes: Sequence[Shape]) -> None:
        """Show instances or suggestions as they would become, in place of what they are."""
        self._renderer.tried = tuple(shapes)
        self.refresh()

    def hear(self, answered: Answered) -> None:
        """Show what a model draws for what was asked."""
        self.input.hear(answered)

    def set_snapping(self, snapping: bool) -> None:
        """Whether vertices snap to the outlines of neighbours."""
        self._scene.snapping = snapping
        self.input.refresh()

    def set_prompts_ready(self, ready: bool) -> None:
        """Whether a model has seen the image, and answers what is asked at once."""
        self._scene.prompts_ready = ready
        self.input.refresh()

    @property
    def hint(self) -> Sentence:
        """What mouse and keys do with the tool in the hand."""
        return self.input.hint

    def cancel_gesture(self) -> None:
        """Drop what has been begun, as Escape does."""
        self.input.cancel()

    def complete_gesture(self) -> None:
        """End what has been begun, as Enter does."""
        self.input.act_on(Key.ENTER)

    @property
    def busy(self) -> bool:
        """Whether a gesture has begun that `cancel_gesture` would drop."""
        return self.input.busy

    def _apply(self, outcome: Outcome) -> None:
        """Show what a gesture led to, and hand on its edit and selection."""
        worked, self._worked = self._worked, self.busy
        self._renderer.preview = outcome.preview
        self._show_cursor(outcome.cursor)
        if outcome.edit is not None and outcome.name is not None:
            self.edit_requested.emit(outcome.edit, sentence_text(outcome.name))
        for ids, accepted in ((outcome.accepted, True), (outcome.rejected, False)):
            if ids:
                self.answered.emit(ids, accepted)
        selection, picked = self._scene.selection, self._scene.picked
        if outcome.selection is not None:
            selection = self._scene.known(outcome.selection)
        self._select(selection, picked if outcome.picked is None else outcome.picked)
        if outcome.asks is not None:
            self.asked.emit(outcome.asks)
        if outcome.keeps is not None:
            self.kept.emit(outcome.keeps)
        if outcome.refusal is not None:
            self.refused.emit(outcome.refusal)
        self.refresh()
        if worked and not self.busy:
            self.rested.emit()

    def _on_activated(self, id: str, suggested: bool) -> None:
        (self.suggestion_activated if suggested else self.instance_activated).emit(id)

    def _forget_hover(self) -> None:
        """The pointer is gone: nothing is under it."""
        self.pointer_left.emit()
        self._renderer.preview = self._renderer.preview.without_pointer()
        self.refresh()

    # Qt

    def _show_cursor(self, cursor: Cursor) -> None:
        """Show a pointer shape, the hand while the image is being moved."""
        shape = CURSORS[cursor]
        if self._navigator.panning:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self.input.space_held:
            shape = Qt.CursorShape.OpenHandCursor
        if shape != self.cursor().shape():
            self.setCursor(shape)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show the frame; make tiles within the time of a slice first, but not while zooming."""
        view = self._navigator.view
        if view.dpr != self.devicePixelRatioF():
            self._navigator.resize(self.width(), self.height(), self.devicePixelRatioF())
            view = self._navigator.view
        zooming, self._painted_scale = view.scale != self._painted_scale, view.scale
        # What is zoomed through is gone before its tiles would be there; tags can wait.
        if zooming or not self._renderer.make(view, SLICE, tags=False):
            self._work.start()
        painter = QPainter(self)
        painter.scale(1 / view.dpr, 1 / view.dpr)
        pointer = self.input.pointer
        crosshair = self._crosshair and pointer is not None and self.input.tool not in UNCROSSED
        self._renderer.paint(painter, view, ground(self.palette()), pointer if crosshair else None)
        if self.hasFocus():
            paint_focus(painter, view, self.palette())
        painter.end()

    def _make(self) -> None:
        if self._renderer.make(self._navigator.view, SLICE):
            self.refresh()
        else:
            self._work.start()
            if self._renderer.take_progress():
                self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font and the palette."""
        if event.type() == QEvent.Type.FontChange:
            self._renderer.tags.font = self.font()
            self._renderer.tags.clear()
        self.refresh()
        super().changeEvent(event)
