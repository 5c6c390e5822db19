"""The folder and its images: opening it, going through them, files in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QMenu

from app.base.actions import FILE, IMAGE, Action
from app.base.feature import Feature, FocusArea
from app.base.settings import RECENT
from app.base.words import sentence_text
from app.editor.advice import ModelAdvice
from app.editor.banners import WorkBanners
from app.editor.checking import Checker
from app.editor.dropping import Dropping
from app.editor.elsewhere import LabelsElsewhere
from app.editor.exporting import Choice
from app.editor.fitting import Fitting
from app.editor.importing import Preview
from app.editor.leaving import ask_to_end
from app.editor.listing import Listing
from app.editor.marking import mark_done, offer_done
from app.editor.panels.images import ImagesPanel
from app.editor.panels.transfer import ExportDialog, ImportDialog
from app.editor.searching import KeptFilter, Search
from app.editor.services import Services, image, project
from app.engine.boxes_choice import BoxesFrom
from app.widgets.banners import Kind
from core.document.edits import SetDone
from core.document.status import ImageStatus
from core.formats.format import Format
from core.project.project import ImageEntry


class ImagesFeature(Feature):
    """The panel lists the images of the folder."""

    NAME = "images"
    at_left = True

    def __init__(self, services: Services) -> None:
        super().__init__(services.workspace)
        self.services = services
        self.title = self.tr("Images")
        self.panel: ImagesPanel = ImagesPanel()
        self._banners = WorkBanners(services)
        self.advice = ModelAdvice(services)
        self._kept_filter = KeptFilter(services, self.panel)
        self._search = Search(services.workspace)
        self._own = (Fitting(services), LabelsElsewhere(services), Listing(services, self.panel))
        self._checker, self._dropping = Checker(services), Dropping(services)
        self._wire()
        self._show_recent()

    def _wire(self) -> None:
        services, notices, panel = self.services, self.services.notices, self.panel
        workspace = services.workspace
        workspace.project_changed.connect(self._on_project)
        workspace.image_changed.connect(self._on_image)
        workspace.document_changed.connect(self.changed)
        workspace.status_changed.connect(panel.set_status)
        workspace.image_failed.connect(lambda path, why: panel.set_reason(path, why or None))
        workspace.going.connect(self._on_going)
        workspace.refused.connect(lambda text: notices.fail("edit", text, warning=True))
        workspace.saver.failed.connect(lambda text: notices.fail("save", text))
        workspace.saver.saved.connect(lambda: notices.succeed("save"))
        for files in (services.exporter, services.importer):
            files.failed.connect(notices.fail)
        services.exporter.said.connect(lambda text, _path: notices.say(text))
        services.importer.said.connect(notices.say)
        self._search.failed.connect(lambda text: notices.fail("search", text))
        services.importer.imported.connect(lambda images: offer_done(services, images))
        panel.selection_changed.connect(self.changed)
        services.importer.looked.connect(self._on_looked)
        services.opener.labels_wanted.connect(services.importer.look)
        services.settings.changed.connect(self._on_setting)
        services.models.file_wanted.connect(self._ask_model)
        services.models.boxes.file_wanted.connect(self._ask_boxes)
        services.central.empty.folder_chosen.connect(self.services.opener.open_folder)
        panel.chosen.connect(lambda path: workspace.in_turn(lambda: workspace.go(path), moves=True))
        panel.asked.connect(self._search.start)
        self._search.found.connect(panel.add_found)
        panel.left.connect(services.viewport.setFocus)
        workspace.given_up.connect(self._on_given_up)
        services.folder_edits.said.connect(lambda text: notices.say(text, key="undo"))
        services.folder_edits.failed.connect(notices.fail)

    # The window

    def focus_areas(self) -> Sequence[FocusArea]:
        """The list of images."""
        return ((self.panel, self.panel.focus_list),)

    def on_theme(self) -> None:
        """Tint the icons anew."""
        self.panel.refresh_icons()

    def can_take(self, mime: QMimeData) -> bool:
        """Files may be dropped."""
        return self._dropping.can_take(mime)

    def take(self, mime: QMimeData) -> None:
        """Open what was dropped, or say why not."""
        self._dropping.take(mime)

    def end(self, then: Callable[[], None], *, asked: bool) -> None:
        """Save; ask when that fails."""
        self._kept_filter.keep()
        workspace = self.services.workspace
        workspace.in_turn(
            lambda: workspace.saver.flush(
                lambda ok: then() if ok else ask_to_end(self.services, then)
            ),
            moves=True,
        )

    # What happened

    def _on_project(self) -> None:
        workspace = self.services.workspace
        root = None if workspace.project is None else workspace.project.root
        if self._kept_filter.follow(root):
            self.services.viewport.fit()
        self.panel.set_images([(image.path, image.relative) for image in workspace.images])
        self.wanted.emit(workspace.project is not None)
        self.changed.emit()

    def _on_image(self) -> None:
        workspace, notices = self.services.workspace, self.services.notices
        notices.succeed("edit")
        self.panel.set_current(workspace.path)
        self._show_page()
        names = [workspace.path.name] if workspace.path is not None else []
        if workspace.project is not None:
            names.append(workspace.project.root.name)
        self.titled.emit(" – ".join((*names, "masklens")))
        self.changed.emit()
        if workspace.staged is not None:
            for note in workspace.staged.picture.decoded.notes:
                notices.say(sentence_text(note))

    def _show_page(self) -> None:
        workspace, central = self.services.workspace, self.services.central
        if workspace.project is None:
            central.show_welcome()
        elif not workspace.images:
            folder = workspace.project.root.name
            within = self.services.labelling.layout[0]
            text = (
                self.tr("There are no images in {folder}, nor in the folders within.")
                if within
                else self.tr("There are no images in {folder}; folders within are left out.")
            ).format(folder=folder)
            central.show_message(Kind.INFO, text)
        elif workspace.failure:
            central.show_message(Kind.WARNING, workspace.failure)
        else:
            central.show_canvas()

    def _on_given_up(self, count: int) -> None:
        text = self.tr("%n key(s) meant for another image had no effect.", "", count)
        self.services.notices.say(text, Kind.WARNING)

    def _on_going(self, path: Path | None) -> None:
        """An image is on its way (its row is marked at once), or is there."""
        self.panel.set_current(path or self.services.workspace.path)

    def _on_setting(self, key: str) -> None:
        if key == RECENT.key:
            self._show_recent()

    def _show_recent(self) -> None:
        recent = self.services.settings.get(RECENT)
        self.services.central.empty.set_recent(recent)

    # What a person asks for

    def fill_recent(self, menu: QMenu) -> None:
        """List the folders opened last."""
        menu.clear()
        for folder in self.services.settings.get(RECENT):
            action = menu.addAction(folder.replace("&", "&&"))
            action.triggered.connect(
                lambda _on, path=Path(folder): self.services.opener.open_folder(path)
            )
        if menu.isEmpty():
            menu.addAction(self.tr("None yet")).setEnabled(False)

    def import_labels(self) -> None:
        """Let the person choose a file of labels."""
        self.services.opener.ask_existing(
            self.tr("Import labels: choose a file"),
            self.services.importer.look,
            folder=False,
            filters=(
                self.tr("Label files (*.json *.csv *.xml *.yaml *.txt *.npy *.npz)"),
                self.tr("All files (*)"),
            ),
        )

    def import_folder(self) -> None:
        """Let the person choose a folder of labels, such as one of YOLO or VOC."""
        title = self.tr("Import labels: choose a folder")
        self.services.opener.ask_existing(title, self.services.importer.look, folder=True)

    def _on_looked(self, preview: Preview) -> None:
        dialog = ImportDialog(preview, self.panel.window())
        dialog.accepted.connect(lambda: self.services.importer.take(preview, dialog.answer))
        dialog.open()

    def export_labels(self) -> None:
        """Let the person choose a format and a place."""
        dialog = ExportDialog(self.panel.window())
        dialog.looked.connect(self.services.exporter.look)
        self.services.exporter.lost.connect(dialog.show_lost)
        dialog.chosen.connect(self._ask_place)
        dialog.begin()
        dialog.open()

    def _ask_place(self, format: Format, choice: Choice) -> None:
        opener, project = self.services.opener, self.services.workspace.project
        name = "labels" if project is None else project.root.name
        title = self.tr("Export as {format}").format(format=format.title)

        def write(path: Path, chosen: Choice = choice) -> None:
            self.services.exporter.to_format(format, path, chosen)

        # A file for each split of the data set that the labels came from goes into a folder.
        one_file = format.ending and choice.split is None and not self.services.exporter.splits
        if one_file:
            asked = replace(choice, replace=True)  # by the dialog
            opener.ask_save(title, f"{name}{format.ending}", lambda path: write(path, asked))
        else:
            opener.ask_existing(title, write, folder=True)

    def export_labelme(self) -> None:
        """Let the person choose the folder of the copy."""
        title = self.tr("Export as labelme: choose a folder")
        self.services.opener.ask_existing(title, self.services.exporter.to_labelme, folder=True)

    def _ask_boxes(self, spec: str) -> None:
        """Let the person choose the weights of a detector that gives the boxes for a model."""
        boxes = self.services.models.boxes
        self.services.opener.ask_existing(
            self.tr("Weights of a detector"),
            lambda path: boxes.choose(spec, BoxesFrom(str(path))),
            folder=False,
        )

    def _ask_model(self) -> None:
        self.services.opener.ask_existing(
            self.tr("Choose a model"),
            lambda path: self.services.models.choose(str(path)),
            folder=False,
            filters=(self.tr("Models (*.pt *.pth *.h5)"), self.tr("All files (*)")),
        )

    def _set_subfolders(self, on: bool) -> None:
        labelling = self.services.labelling
        labelling.set_layout(on, labelling.layout[1], self._open_anew)

    def ask_labels_folder(self) -> None:
        """Let the person choose where label files lie; beside the images in the folder itself."""
        self.services.opener.ask_existing(
            self.tr("Label files in: choose a folder"), self._set_labels_folder, folder=True
        )

    def _set_labels_folder(self, chosen: Path) -> None:
        labelling, project = self.services.labelling, self.services.workspace.project
        if project is None:
            return
        try:
            below = chosen.absolute().relative_to(project.root).as_posix()
            labelling.set_layout(
                labelling.layout[0], "" if below == "." else below, self._open_anew
            )
        except ValueError:
            text = self.tr(
                "{folder} does not lie in {project}: open a folder that holds images and labels."
            ).format(folder=str(chosen), project=str(project.root))
            self.services.notices.fail("labels", text, warning=True)

    def _open_anew(self) -> None:
        project = self.services.workspace.project
        if project is not None:
            self.services.opener.open_folder(project.root)

    def may_mark(self) -> bool:
        """Several images are chosen in the list, and nothing is under way over the folder."""
        return len(self.panel.chosen_paths()) > 1 and not self.services.folder_edits.running

    def mark_chosen(self) -> None:
        """Mark the images as done that are chosen in the list."""
        workspace = self.services.workspace
        found = [workspace.entry(path) for path in self.panel.chosen_paths()]
        mark_done(self.services, [entry for entry in found if entry is not None])

    def is_done(self) -> bool:
        """The open image is marked as done."""
        document = self.services.workspace.document
        return document is not None and document.done

    def set_done(self, done: bool) -> bool:
        """Mark the open image as done, or take that back; False when it could not be."""
        workspace = self.services.workspace
        if workspace.document is None or self.is_done() == done:
            return workspace.document is not None
        name = self.tr("mark as done") if done else self.tr("take back the mark of done")
        made = workspace.do(SetDone(done), name)
        self.changed.emit()
        return made

    def done_and_next(self) -> None:
        """Mark it, then on to the next that is open."""
        if self.set_done(True):
            self.next_open()

    def next_open(self) -> None:
        """On to the next image that is not done."""
        workspace = self.services.workspace

        def is_open(entry: ImageEntry) -> bool:
            known = workspace.status(entry.path)
            return known is not ImageStatus.DONE and self.panel.rows.shows(entry.path)

        if not workspace.step(1, is_open):
            self.services.notices.say(self.tr("No image after this one is open."), key="step")

    def step(self, by: int) -> None:
        """On to the next image that the filter shows, or back."""
        workspace = self.services.workspace
        if workspace.step(by, lambda entry: self.panel.rows.shows(entry.path)):
            return
        if workspace.images:
            last = self.tr("This is the last image that is listed.")
            first = self.tr("This is the first image that is listed.")
            self.services.notices.say(last if by > 0 else first, key="step")

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[ImagesFeature], ...]] = (
        Action("open_folder", FILE, "Open folder…", ("Ctrl+U",), "folder",
               do=lambda self: self.services.opener.ask_folder(), tip="Open a folder of images"),
        Action("open_images", FILE, "Open images…", ("Ctrl+O",), "image",
               do=lambda self: self.services.opener.ask_images(),
               tip="Open some images of a folder"),
        Action("recent", FILE, "Recent folders", fill=fill_recent),
        Action("try_sample", FILE, "Try the sample", (), "images",
               do=lambda self: self.services.opener.try_sample(),
               tip="Copy a few generated images to your own folder and open them"),
        Action("save", FILE, "Save", ("Ctrl+S",), "save", (image,),
               do=lambda self: self.services.workspace.saver.flush(lambda _ok: None), rule=True,
               tip="Write the labels of this image now; they are also saved by themselves"),
        Action("import", FILE, "Import labels…", (), "import", (project,), do=import_labels,
               rule=True, tip="Read a file of labels of another program into this folder"),
        Action("import_folder", FILE, "Import a folder of labels…", (), "import", (project,),
               do=import_folder, tip="Read a folder of labels, such as one of YOLO or VOC"),
        Action("export", FILE, "Export labels…", ("Ctrl+Shift+E",), "export", (project,),
               do=export_labels,
               tip="Write all labels of this folder in any format; see what it has no place for"),
        Action("export_labelme", FILE, "Export as labelme…", (), "export", (project,),
               do=export_labelme,
               tip="Write a copy of all images and labelme files to another folder"),
        Action("close_project", FILE, "Close folder", ("Ctrl+W",), "", (project,),
               do=lambda self: self.services.workspace.close_project(lambda _ok: None), rule=True,
               moves=True),
        Action("next_image", IMAGE, "Next image", ("D", "PgDown"), "next", (project,),
               do=lambda self: self.step(1), moves=True),
        Action("previous_image", IMAGE, "Previous image", ("A", "PgUp"), "previous", (project,),
               do=lambda self: self.step(-1), moves=True),
        Action("next_open", IMAGE, "Next image that is not done", ("Shift+D",), "", (project,),
               do=next_open, moves=True),
        Action("find_image", IMAGE, "Find an image", ("Ctrl+L",), "search", (project,),
               do=lambda self: self.panel.focus_filter()),
        Action("done", IMAGE, "Done", ("M", "Ctrl+Return"), "done", (image,), turn=set_done,
               checked=is_done, rule=True, tip="Mark this image as finished"),
        Action("done_next", IMAGE, "Done, and on to the next open image", ("Shift+M",), "",
               (image,), do=done_and_next),
        Action("mark_chosen", IMAGE, "Mark the chosen images as done", ("Ctrl+Shift+M",), "done",
               (project, may_mark), do=mark_chosen,
               tip="Choose several images in the list with Shift or Ctrl; undone as one"),
        Action("check_labels", IMAGE, "Check the labels…", (), "", (project,),
               do=lambda self: self._checker.start(),
               tip="Outlines that cross themselves, duplicates, lost files and the like; repair "
                   "them one by one or all"),
        Action("subfolders", IMAGE, "List images of folders within", (), "", (project,),
               turn=_set_subfolders, checked=lambda self: self.services.labelling.layout[0],
               rule=True, tip="List the images of the folders within this one, by their path"),
        Action("labels_folder", IMAGE, "Label files in a folder of their own…", (), "folder",
               (project,), do=ask_labels_folder,
               tip="Such as the output folder of labelme; choose the open folder itself to have "
                   "label files beside the images"),
        Action("reload", IMAGE, "Reload from disk", ("F5",), "refresh", (image,),
               do=lambda self: self.services.workspace.reload(), rule=True,
               tip="Read this image and its labels again; labels not saved yet are saved first"),
    )
