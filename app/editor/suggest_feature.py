"""Suggestions: asking the model for them, and answering what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from app.base.actions import SUGGEST, Action, Scope
from app.base.feature import Feature, FocusArea
from app.base.settings import FOLLOW, THRESHOLD
from app.editor.panels.annotate import AnnotatePanel
from app.editor.services import Services, engine, image, project, selection
from app.engine.models import Choice
from core.document.geometry.measure import bounds


class SuggestFeature(Feature):
    """Suggestions stand in the list of the annotate panel, what is done with them below it."""

    NAME = "suggest"

    def __init__(self, services: Services, panel: AnnotatePanel) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.section, self._list = panel.suggestions, panel.instances
        self.shown = True
        self._tool_before = "select"
        self._held_back = False
        self.section.set_threshold(services.suggesting.threshold)
        self.section.set_following(services.suggesting.following.on)
        self._wire_panel()
        self._wire()

    def _wire_panel(self) -> None:
        suggesting = self.services.suggesting
        self.section.threshold_changed.connect(suggesting.set_threshold)
        self.section.following_chosen.connect(suggesting.following.set_on)
        self._list.picked.connect(self._pick)
        self._list.answered.connect(lambda ids, accepted: suggesting.answer(ids, accepted=accepted))

    def _wire(self) -> None:
        services, notices = self.services, self.services.notices
        services.suggesting.changed.connect(self._on_suggestions)
        services.suggesting.picked_changed.connect(self._on_picked)
        services.suggesting.failed.connect(lambda text: notices.fail("suggest", text))
        services.annotator.landed.connect(self._on_landed)
        services.viewport.rested.connect(self._on_rest)
        services.viewport.suggestion_picked.connect(services.suggesting.pick)
        services.viewport.suggestion_activated.connect(
            lambda _id: services.actions["accept"].trigger()
        )
        services.viewport.answered.connect(
            lambda ids, accepted: services.suggesting.answer(ids, accepted=accepted)
        )
        services.viewport.asked.connect(services.prompting.ask)
        services.viewport.kept.connect(services.prompting.keep)
        services.viewport.tool_changed.connect(
            lambda tool: services.prompting.prepare() if tool in ("box", "click") else None
        )
        services.prompting.heard.connect(services.viewport.hear)
        services.prompting.ready_changed.connect(services.viewport.set_prompts_ready)
        services.prompting.made.connect(services.viewport.set_selection)
        services.prompting.said.connect(notices.say)
        services.alike.said.connect(notices.say)
        services.annotator.said.connect(notices.say)
        services.annotator.failed.connect(notices.fail)
        services.annotator.changed.connect(self.changed)
        services.models.changed.connect(self.changed)
        services.client.model_loaded.connect(services.suggesting.following.take_model)
        services.models.failed.connect(notices.fail)
        services.models.succeeded.connect(notices.succeed)
        services.models.asked.connect(self._ask)
        services.settings.changed.connect(self._on_setting)

    def focus_areas(self) -> Sequence[FocusArea]:
        """The score slider."""
        return ((self.section, self.section.focus_slider),)

    def _ask(self, choice: Choice) -> None:
        """Ask what a model file leaves open, without holding anything up."""

        def open_dialog() -> None:
            dialog = QInputDialog(self.services.viewport.window())
            dialog.setWindowTitle(self.tr("The model"))
            dialog.setLabelText(f"{choice.text}\n\n{choice.hint}")
            if choice.names:
                dialog.setComboBoxItems(list(choice.names))
            dialog.textValueSelected.connect(choice.answer)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.show()

        self.services.notices.ask("model", choice.text, [(self.tr("Name it…"), open_dialog)])

    # What happened

    def _on_suggestions(self) -> None:
        """Other suggestions, or another threshold."""
        suggesting = self.services.suggesting
        shown = suggesting.shown
        self._show()
        self._list.set_suggestions(suggesting.drawn, len(suggesting.pending) - len(shown))
        self.changed.emit()

    def _show(self) -> None:
        """Put them on the canvas; never over what is being drawn: then when that is over."""
        canvas = self.services.viewport
        self._held_back = canvas.busy and canvas.tool != "select"
        if not self._held_back:
            canvas.show_suggestions(self.services.suggesting.drawn)

    def _on_rest(self) -> None:
        if self._held_back:
            self._show()

    def _on_picked(self) -> None:
        picked = self.services.suggesting.picked
        self.services.viewport.select_suggestions(picked)
        self._list.set_picked(picked)
        self.changed.emit()

    def _on_landed(self, path: Path, shown: int, below: int) -> None:
        """The model has answered."""
        self.services.notices.succeed(f"suggest:{path}")
        if path == self.services.workspace.path:
            self.services.notices.say(self.services.suggesting.counted(shown, below))

    def _on_setting(self, key: str) -> None:
        settings = self.services.settings
        if key == FOLLOW.key:
            self.section.set_following(settings.get(FOLLOW))
        elif key == THRESHOLD.key:
            self.section.set_threshold(settings.get(THRESHOLD))

    # What holds

    def has_shown(self) -> bool:
        """Some suggestions are shown."""
        return bool(self.services.suggesting.shown)

    def has_picked(self) -> bool:
        """Some suggestions are picked."""
        return bool(self.services.suggesting.picked)

    def folder_free(self) -> bool:
        """The folder is not being gone through."""
        return not self.services.annotator.folder_running

    # What a person does

    def set_shown(self, shown: bool) -> None:
        """Show suggestions, or hide them."""
        self.shown = shown
        self.services.viewport.set_suggestions_visible(shown)
        self.changed.emit()

    def bring(self) -> bool:
        """Bring suggestions into sight; False when they were not: unseen they get no answer."""
        were_shown = self.shown
        self.set_shown(True)
        return were_shown

    def _pick(self, ids: frozenset[str]) -> None:
        """Pick what was chosen in the list, where it is seen."""
        if ids:
            self.bring()
        self.services.suggesting.pick(ids)

    def suggest(self) -> None:
        """Ask for the open image."""
        self.bring()
        self.services.annotator.suggest()

    def answer_all(self, answer: Callable[[], None]) -> None:
        """Answer all of them, unless they were out of sight."""
        if self.bring():
            answer()
        else:
            text = self.tr("The suggestions were hidden. Here they are: once more to answer them.")
            self.services.notices.say(text)

    def find_alike(self) -> None:
        """Suggest what is like the selected instances."""
        self.bring()
        self.services.alike.find(self.services.viewport.selection)

    def sweep(self, on: bool) -> None:
        """Take the tool that sweeps, or go back to the one before."""
        canvas = self.services.viewport
        if on and canvas.tool != "sweep":
            self.bring()
            self._tool_before = canvas.tool
            canvas.set_tool("sweep")
        elif not on and canvas.tool == "sweep":
            canvas.complete_gesture()
            canvas.set_tool(self._tool_before)
        canvas.setFocus()

    def _accept_labels(self) -> None:
        suggesting = self.services.suggesting
        suggesting.accept_labels(suggesting.picked_labels)

    def pick_next(self, by: int) -> None:
        """Pick the next one, or the one before, and bring it into sight."""
        self.bring()
        picked = self.services.suggesting.pick_next(by)
        if picked is not None:
            self.services.viewport.reveal(bounds(picked))
        else:
            self.services.notices.say(self.tr("There are no suggestions here."), key="step")

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[SuggestFeature], ...]] = (
        Action("suggest_image", SUGGEST, "Suggest for this image", ("I",), "suggest",
               (image, engine), do=suggest, tip="Let the model propose instances for this image",
               short="Suggest"),
        Action("suggest_folder", SUGGEST, "Suggest for the whole folder", ("Ctrl+M",),
               "suggest-all", (project, engine, folder_free),
               do=lambda self: self.services.annotator.suggest_folder(),
               tip="Let the model propose instances for every image that is not done yet"),
        Action("accept", SUGGEST, "Accept", ("Y",), "accept", (image, has_picked),
               do=lambda self: self.services.suggesting.accept(), rule=True,
               tip="Accept the picked suggestions"),
        Action("accept_all", SUGGEST, "Accept all shown", ("Shift+Y",), "accept-all",
               (image, has_shown),
               do=lambda self: self.answer_all(self.services.suggesting.accept_all),
               tip="Accept every suggestion above the score slider"),
        Action("accept_label", SUGGEST, "Accept all of this label", ("Ctrl+Shift+Y",),
               "accept-all", (image, has_picked),
               do=lambda self: self.answer_all(self._accept_labels),
               tip="Accept every shown suggestion with the label of the picked one"),
        Action("reject", SUGGEST, "Reject", ("X",), "reject", (image, has_picked),
               do=lambda self: self.services.suggesting.reject(),
               tip="Reject the picked suggestions"),
        Action("clear_suggestions", SUGGEST, "Reject all", ("Shift+X",), "clear",
               (image, has_shown),
               do=lambda self: self.answer_all(self.services.suggesting.reject_all),
               tip="Reject every suggestion of this image"),
        Action("alike", SUGGEST, "Everything like this", ("J",), "alike",
               (image, selection, engine),
               do=lambda self: self.find_alike(),
               tip="Suggest everything like the selected instances; each answer tells more"),
        Action("sweep", SUGGEST, "Sweep", (), "sweep", (image,), turn=sweep,
               checked=lambda self: self.services.viewport.tool == "sweep", rule=True,
               tip="Brush over suggestions: left button accepts, right button rejects (hold Z)"),
        Action("sweep_held", SUGGEST, "Sweep over suggestions while held", ("Z",), "", (image,),
               turn=sweep, scope=Scope.HOLD, menu=False),
        Action("next_suggestion", SUGGEST, "Next suggestion", ("Tab",), "", (image,),
               do=lambda self: self.pick_next(1), scope=Scope.CANVAS, rule=True),
        Action("previous_suggestion", SUGGEST, "Previous suggestion", ("Shift+Tab",), "",
               (image,), do=lambda self: self.pick_next(-1), scope=Scope.CANVAS),
        Action("show_suggestions", SUGGEST, "Show suggestions", ("G",), "eye", (image,),
               turn=set_shown, checked=lambda self: self.shown, rule=True),
    )
