"""Ways into a folder: dialogs, recent ones, things dropped on the window, the sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.base.paths import Paths
from app.base.settings import RECENT, START, Settings
from app.base.words import error_text
from app.editor.central import Central
from app.editor.preannotate import PreAnnotator
from app.editor.project_opening import folder_and_images
from app.editor.workspace import Workspace
from app.widgets.notices import Notices
from core.formats.beside import folder_to_open
from core.storage.atomic import write_atomic
from core.storage.images import IMAGE_SUFFIXES

LABEL_SUFFIXES: Final = (".json", ".xml", ".csv", ".yaml", ".npz")
"""Files that hold labels and no image; what is dropped or named is one of these."""
SAMPLE_FIRST: Final = "nuclei-1.jpg"
"""The image of the sample that shows best what the bundled model does."""


class Opener(QObject):
    """Opens folders and images; what fails is said and leaves the present folder alone.

    `labels_wanted` carries a file of labels whose images were opened.
    """

    labels_wanted = Signal(object)
    images_asked = Signal()  # the folder is open, and these images of it were wanted

    def __init__(
        self,
        central: Central,
        notices: Notices,
        paths: Paths,
        settings: Settings,
        workspace: Workspace,
        annotator: PreAnnotator,
    ) -> None:
        super().__init__(workspace)
        self._central, self._notices, self._paths = central, notices, paths
        self._settings, self._workspace, self._annotator = settings, workspace, annotator
        workspace.image_changed.connect(self._remember)

    def open_paths(self, paths: Sequence[Path], then: Callable[[], None] | None = None) -> None:
        """Open a folder, some images of one folder, or the images of a file with labels."""
        gone = [path for path in paths if not path.exists()]
        if gone:
            text = self.tr("There is no {path}, so nothing was opened.")
            self._notices.fail("open", text.format(path=str(gone[0])))
            return
        if len(paths) == 1 and paths[0].suffix.lower() in LABEL_SUFFIXES:
            self._open_labels(paths[0].absolute(), then)
            return
        try:
            folder, only = folder_and_images(paths)
        except ValueError:
            self._notices.fail("open", self.tr("Only one folder can be open at a time."))
            return
        first = None if len(only) > 1 else paths[0].absolute() if only else None
        self._open(folder, only if len(only) > 1 else (), first, then)

    def open_folder(self, folder: Path) -> None:
        """Open a folder."""
        self._open(folder, (), None, None)

    def ask_folder(self) -> None:
        """Let the person choose a folder."""
        dialog = self._dialog(self.tr("Open folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.open_folder(Path(name)))
        dialog.open()

    def ask_images(self) -> None:
        """Let the person choose images of one folder."""
        dialog = self._dialog(self.tr("Open images"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        suffixes = " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES)
        dialog.setNameFilters([f"{self.tr('Images')} ({suffixes})", self.tr("All files (*)")])
        dialog.filesSelected.connect(lambda names: self.open_paths([Path(n) for n in names]))
        dialog.open()

    def ask_save(self, title: str, name: str, act: Callable[[Path], None]) -> None:
        """Let the person choose a file to write; the dialog asks before one is replaced."""
        dialog = self._dialog(title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix.lstrip("."))
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda chosen: act(Path(chosen)))
        dialog.open()

    def ask_existing(
        self, title: str, act: Callable[[Path], None], *, folder: bool, filters: Sequence[str] = ()
    ) -> None:
        """Let the person choose a folder or a file that is there."""
        dialog = self._dialog(title)
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        if filters:
            dialog.setNameFilters(list(filters))
        dialog.fileSelected.connect(lambda chosen: act(Path(chosen)))
        dialog.open()

    def open_last(self) -> None:
        """Open the folder of the last time, where it is still there and that is wanted."""
        recent = self._settings.get(RECENT)
        if self._settings.get(START) == "empty" or not recent:
            return
        folder = Path(recent[0])

        def open_it(there: bool) -> None:
            if there and self._workspace.project is None:
                self.open_folder(folder)

        self._workspace.tasks.run(
            lambda _context: folder.is_dir(),
            done=open_it,
            failed=lambda error: self._failed(error_text(error)),
        )

    def try_sample(self) -> None:
        """Copy the sample to the user's folder and open it; the first time, ask for suggestions."""
        target = self._paths.data / "sample"
        new = not target.exists()
        then = self._annotator.suggest_folder if new else None
        first = target / SAMPLE_FIRST if new else None
        self._workspace.tasks.run(
            lambda _context: copy_sample(target),
            done=lambda folder: self._open(folder, (), first, then),
            failed=lambda error: self._notices.fail("sample", error_text(error)),
        )

    def _open(
        self,
        folder: Path,
        only: Sequence[Path],
        first: Path | None,
        then: Callable[[], None] | None,
    ) -> None:
        workspace = self._workspace

        def opened() -> None:
            self._notices.succeed("open")
            self._settings.remember_folder(folder)
            within = sum("/" in image.relative for image in workspace.images)
            if within:
                text = self.tr("%n image(s) lie in folders within; they are listed by their path.",
                               "", within)  # fmt: skip
                self._notices.say(text, key="within")
            if first is not None or only:
                self.images_asked.emit()
            if first is not None and workspace.entry(first) is not None:
                workspace.go(first)
            elif workspace.images:
                seen = workspace.entry(folder / self._settings.seen_last(folder))
                workspace.go((seen or workspace.images[0]).path)
            if then is not None:
                then()

        workspace.open(folder, only, then=opened, failed=self._failed)

    def _open_labels(self, file: Path, then: Callable[[], None] | None) -> None:
        """Open the folder of the images that a file is for, and show what is in the file."""

        def opened() -> None:
            if then is not None:
                then()
            entries = self._workspace.images
            own = next((each for each in entries if each.label_file == file), None)
            if own is not None:
                self.images_asked.emit()
                self._workspace.go(own.path)  # the labels of one image, where they belong
            else:
                self.labels_wanted.emit(file)

        self._workspace.tasks.run(
            lambda _context: folder_to_open(file),
            done=lambda folder: self._open(folder, (), None, opened),
            failed=lambda error: self._failed(error_text(error)),
        )

    def _remember(self) -> None:
        workspace = self._workspace
        if workspace.project is not None and workspace.staged is not None:
            name = workspace.staged.entry.relative
            self._settings.remember_image(workspace.project.root, name)

    def _failed(self, text: str) -> None:
        self._notices.fail("open", text)

    def _dialog(self, title: str) -> QFileDialog:
        start = self._workspace.project
        recent = self._settings.get(RECENT)
        folder = str(start.root) if start else recent[0] if recent else str(Path.home())
        dialog = QFileDialog(self._central.window(), title, folder)
        dialog.finished.connect(dialog.deleteLater)
        return dialog


def copy_sample(target: Path) -> Path:
    """Copy the sample to `target`, leaving alone what is there; returns it.

    Raises OSError or StorageError when that cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    with as_file(files("resources").joinpath("sample")) as source:
        for file in sorted(source.iterdir()):
            place = target / file.name
            if file.suffix != ".py" and file.is_file() and not place.exists():
                write_atomic(place, file.read_bytes())
    return target
