"""The labels of the project: their order, colours, the active one; kept on disk off-thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.tasks import Writer
from app.base.words import error_text
from app.editor.panels.label_rows import LabelRow
from app.editor.workspace import Workspace
from core.document.edits import Overlap
from core.document.instance import Instance
from core.document.limits import MOST_LABELS, MOST_LETTERS
from core.document.regions import labelled
from core.document.skeleton import Skeleton
from core.project.settings import AttributeRow, ProjectSettings
from core.protocol import ModelLoaded

FIRST_LABEL: Final = "object"


class Labelling(QObject):
    """`changed` follows every change of labels, colours or the active label."""

    changed = Signal()
    renamed = Signal(str, str)  # old and new name; the images are still to be changed
    merge_wanted = Signal(str, str)  # a label, and another that exists, which it is to become
    failed = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._settings = ProjectSettings()
        self._writer = Writer(workspace.tasks, lambda error: self.failed.emit(error_text(error)))
        self._told_of_many = False
        self._of_model: dict[str, Skeleton] = {}
        workspace.project_changed.connect(self._on_project)
        workspace.labels_found.connect(self.learn)
        workspace.skeletons_found.connect(self.learn_skeletons)
        workspace.image_changed.connect(self._learn_from_image)
        workspace.document_changed.connect(lambda _changed: self._learn_from_image())

    @property
    def rows(self) -> tuple[LabelRow, ...]:
        """The labels with their colours, in the order of the number keys."""
        return tuple(LabelRow(label.name, label.colour) for label in self._settings.labels)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the labels."""
        return tuple(label.name for label in self._settings.labels)

    @property
    def active(self) -> str:
        """The label of what is drawn next; empty while the project has none."""
        return self._settings.active or ""

    def renames(self) -> dict[str, str]:
        """What labels were called before, each with what it is called now."""
        return dict(self._settings.renames)

    def colours(self) -> dict[str, str]:
        """The colour of each label."""
        return self._settings.colours()

    def counts(self) -> Counter[str]:
        """How many instances of the open image have which label."""
        document = self._workspace.document
        there = labelled(document.shapes) if document else ()
        return Counter(map(attrgetter("label"), there))

    def learn(self, names: Collection[str]) -> None:
        """Take labels that were seen in files into the list."""
        wanted = set(names)
        self._set(self._settings.with_labels(names))
        if not wanted <= {*self.names, ""} and not self._told_of_many:
            self._told_of_many = True
            self._tell_of_many()

    def add(self, name: str) -> None:
        """Add a label, or take the one of that name, and make it the active one."""
        self._set(self._settings.with_labels([name]))
        if name not in self.names:
            self._tell_of_many()
        self.activate(name)

    def _tell_of_many(self) -> None:
        text = self.tr("The list takes {most} labels of up to {letters} letters, and no more.")
        self.failed.emit(text.format(most=MOST_LABELS, letters=MOST_LETTERS))

    def activate(self, name: str) -> None:
        """Draw with this label from now on."""
        if name in self.names:
            self._set(replace(self._settings, active=name))

    def activate_number(self, number: int) -> None:
        """Draw with the label of a number key, 1 to 9."""
        if number <= len(self.names):
            self.activate(self.names[number - 1])

    def recolour(self, name: str, colour: str) -> None:
        """Give a label another colour, `#rrggbb`."""
        self._set(self._settings.with_colour(name, colour))

    def skeletons(self) -> Mapping[str, Skeleton]:
        """The keypoints of the labels that have any; as the model in use has them, where nobody has
        said otherwise."""
        return {**self._of_model, **self._settings.skeletons()}

    def take_model(self, model: ModelLoaded) -> None:
        """The keypoints of what this model suggests are named and joined from now on."""
        skeleton = model.skeleton
        self._of_model = {} if skeleton is None else dict.fromkeys(model.labels, skeleton)
        self.changed.emit()

    def set_skeleton(self, name: str, skeleton: Skeleton | None) -> None:
        """Say what the keypoints of a label are called; those of instances stay as they are."""
        self._set(self._settings.with_skeleton(name, skeleton))

    def learn_skeletons(self, found: Mapping[str, Skeleton]) -> None:
        """Take over what a file says of labels of which nobody has said anything."""
        settings = self._settings.with_labels(found)
        for name, skeleton in found.items():
            if name not in settings.skeletons():
                settings = settings.with_skeleton(name, skeleton)
        self._set(settings)

    def rename(self, old: str, new: str) -> None:
        """Give a label another name, in the list and in all images; one in use is asked about."""
        if new == old:
            return
        if new in self.names:
            self.merge_wanted.emit(old, new)
            return
        self._set(self._settings.renamed(old, new))
        self.renamed.emit(old, new)

    def rename_on_list(self, old: str, new: str) -> None:
        """Give a label another name in the list alone, unless it is in use."""
        if old in self.names and new not in self.names:
            self._set(self._settings.renamed(old, new))

    def merge_on_list(self, old: str, new: str) -> Callable[[bool], None]:
        """Take a label off the list that becomes another; what undoes that (True) or redoes it."""
        labels = self._settings.labels
        place = next((k for k, label in enumerate(labels) if label.name == old), len(labels))
        was_active = self.active == old
        style = labels[place] if place < len(labels) else None

        def turn(undone: bool) -> None:
            settings = self._settings
            if not undone:
                self._set(settings.merged(old, new))
            elif style is not None:
                back = settings.with_style(style, place)
                self._set(replace(back, active=old) if was_active and back.active == new else back)

        turn(False)
        return turn

    def forget(self, name: str) -> None:
        """Take a label off the list that no image has any more."""
        if not self.counts()[name]:
            self._set(self._settings.without_label(name))

    def remove(self, name: str) -> None:
        """Take a label off the list; refused while the open image uses it."""
        if self.counts()[name]:
            text = self.tr("“{label}” is used in this image.").format(label=name)
            self.failed.emit(text)
            return
        self._set(self._settings.without_label(name))

    @property
    def coming(self) -> str:
        """The active label, or the one that `ensure` would make active."""
        return self.active or (self.names[0] if self.names else FIRST_LABEL)

    def ensure(self) -> str:
        """The active label; a project without labels gets a first one."""
        if not self.active:
            self.add(self.coming)
        return self.active

    @property
    def layout(self) -> tuple[bool, str]:
        """Whether images in folders within are listed, and the folder of the label files."""
        return self._settings.subfolders, self._settings.labels_folder

    def set_layout(self, subfolders: bool, labels_folder: str, then: Callable[[], None]) -> None:
        """Change what `layout` says, and write it; `then` follows, the folder opened anew by it.

        Raises ValueError when the folder of labels does not lie below the project's.
        """
        settings = replace(self._settings, subfolders=subfolders, labels_folder=labels_folder)
        project = self._workspace.project
        if settings == self._settings or project is None:
            return
        self._settings = settings
        self._workspace.tasks.run(
            lambda _context: project.save_settings(settings),
            done=lambda _none: then(),
            failed=lambda error: self.failed.emit(error_text(error)),
        )

    @property
    def overlap(self) -> Overlap:
        """What becomes of instances that would cover each other."""
        return self._settings.overlap

    def set_overlap(self, rule: Overlap) -> None:
        """From now on; what covers each other already stays."""
        self._set(replace(self._settings, overlap=rule))

    @property
    def attributes(self) -> tuple[AttributeRow, ...]:
        """What is asked of each instance beside its label."""
        return self._settings.attributes

    @property
    def image_attributes(self) -> tuple[AttributeRow, ...]:
        """What is asked of each image."""
        return self._settings.image_attributes

    def set_attributes(
        self, asked: tuple[AttributeRow, ...], of_images: tuple[AttributeRow, ...]
    ) -> None:
        """Ask this of each instance and image; what was answered before stays in the files."""
        self._set(replace(self._settings, attributes=asked, image_attributes=of_images))

    def _on_project(self) -> None:
        opened = self._workspace.opened
        self._settings = ProjectSettings() if opened is None else opened.settings
        self._writer.forget()
        self._told_of_many = False
        self.changed.emit()

    def _learn_from_image(self) -> None:
        document = self._workspace.document
        if document is not None:
            there = dict.fromkeys(map(attrgetter("label"), labelled(document.shapes)))
            if new := there.keys() - set(self.names):
                self.learn([label for label in there if label in new])
            self._keep_skeletons(document.instances)

    def _keep_skeletons(self, instances: Iterable[Instance]) -> None:
        """What was accepted keeps its keypoints' names when another model is in use."""
        if self._of_model:
            known, seen = self._settings.skeletons(), {x.label for x in instances if x.keypoints}
            new = {k: v for k, v in self._of_model.items() if k in seen and k not in known}
            if new:
                self.learn_skeletons(new)

    def _set(self, settings: ProjectSettings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.changed.emit()
            self._write()

    def _write(self) -> None:
        project = self._workspace.project
        if project is None or not project.locked:
            return
        settings = self._settings
        self._writer.write(lambda: project.save_settings(settings))
