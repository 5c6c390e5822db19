"""Suggestions: asking the model for them, and answering what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from app.base.actions import SUGGEST, Action, Scope
from app.base.feature import Feature, FocusArea
from app.base.settings import UNKNOWN_LABELS
from app.editor.panels.suggestions import SuggestionsPanel
from app.editor.services import Services, engine, image, project
from app.engine.models import Choice
from core.document.geometry.measure import bounds


class SuggestFeature(Feature):
    """Its section stands in the annotate panel."""

    NAME = "suggest"

    def __init__(self, services: Services, section: SuggestionsPanel) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.section = section
        self.shown = True
        section.set_threshold(services.suggesting.threshold)
        section.set_unknown(services.settings.get(UNKNOWN_LABELS))
        section.threshold_changed.connect(services.suggesting.set_threshold)
        section.unknown_chosen.connect(lambda choice: services.settings.set(UNKNOWN_LABELS, choice))
        self._wire()

    def _wire(self) -> None:
        services, notices = self.services, self.services.notices
        services.suggesting.changed.connect(self._on_suggestions)
        services.suggesting.picked_changed.connect(self._on_picked)
        services.suggesting.failed.connect(lambda text: notices.fail("suggest", text))
        services.suggesting.landed.connect(self._on_landed)
        services.viewport.suggestion_picked.connect(services.suggesting.pick)
        services.viewport.suggestion_activated.connect(
            lambda _id: services.actions["accept"].trigger()
        )
        services.annotator.said.connect(notices.say)
        services.annotator.failed.connect(notices.fail)
        services.annotator.changed.connect(self.changed)
        services.models.changed.connect(self.changed)
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
        self.services.viewport.show_suggestions(shown)
        self.section.set_counts(len(shown), len(suggesting.pending))
        self.changed.emit()

    def _on_picked(self) -> None:
        self.services.viewport.select_suggestions(self.services.suggesting.picked)
        self.changed.emit()

    def _on_landed(self, path: Path, count: int) -> None:
        """The model has answered."""
        notices = self.services.notices
        notices.succeed(f"suggest:{path}")
        if path != self.services.workspace.path:
            return
        shown = len(self.services.suggesting.shown)
        if shown or not count:
            notices.say(self.tr("%n suggestion(s)", "", shown))
        else:
            text = self.tr("%n suggestion(s), all below the score slider.", "", count)
            notices.say(text)

    def _on_setting(self, key: str) -> None:
        if key == UNKNOWN_LABELS.key:
            self.section.set_unknown(self.services.settings.get(UNKNOWN_LABELS))

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

    def pick_next(self, by: int) -> None:
        """Pick the next one, or the one before, and bring it into sight."""
        self.bring()
        picked = self.services.suggesting.pick_next(by)
        if picked is not None:
            self.services.viewport.reveal(bounds(picked))

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
        Action("reject", SUGGEST, "Reject", ("X",), "reject", (image, has_picked),
               do=lambda self: self.services.suggesting.reject(),
               tip="Reject the picked suggestions"),
        Action("clear_suggestions", SUGGEST, "Reject all", ("Shift+X",), "clear",
               (image, has_shown),
               do=lambda self: self.answer_all(self.services.suggesting.reject_all),
               tip="Reject every suggestion of this image"),
        Action("next_suggestion", SUGGEST, "Next suggestion", ("Tab",), "", (image, has_shown),
               do=lambda self: self.pick_next(1), scope=Scope.CANVAS, rule=True),
        Action("previous_suggestion", SUGGEST, "Previous suggestion", ("Shift+Tab",), "",
               (image, has_shown), do=lambda self: self.pick_next(-1), scope=Scope.CANVAS),
        Action("show_suggestions", SUGGEST, "Show suggestions", ("G",), "eye", (image,),
               turn=set_shown, checked=lambda self: self.shown, rule=True),
    )
