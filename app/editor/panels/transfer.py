"""Dialogs of import and export: what a file holds, what a format has no place for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.base.words import sentence_text
from app.editor.exporting import Choice
from app.editor.fitting import answer_words
from app.editor.importing import Preview
from core.formats.format import Format
from core.formats.mismatch import Answer
from core.formats.registry import FORMATS
from core.formats.splits import SplitError, grouping, shares


class ImportDialog(QDialog):
    """What a file holds and what of it cannot come in, before it does. `accepted` takes it."""

    def __init__(self, preview: Preview, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import labels"))
        counts = (
            preview.title,
            self.tr("%n image(s)", "", preview.images),
            self.tr("%n instance(s)", "", preview.instances),
        )
        self.summary = QLabel(" · ".join(counts))
        nothing = self.tr("Everything in the file has a place here.")
        self.remarks = Lines(preview.remarks, nothing)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        accept = buttons.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        save = buttons.addButton(self.tr("Save list…"), QDialogButtonBox.ButtonRole.ActionRole)
        save.setEnabled(bool(preview.remarks))
        save.clicked.connect(self._ask_place)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.answers = QComboBox()
        self.answers.addItem(self.tr("Ask for each image when it is opened"), None)
        words = answer_words()
        for each in preview.answers:
            self.answers.addItem(words[each], each)
        column = QVBoxLayout(self)
        for widget in (self.summary, self.remarks):
            column.addWidget(widget)
        if preview.answers:
            form = QFormLayout()
            form.addRow(self.tr("Labels made for another size"), self.answers)
            column.addLayout(form)
        column.addWidget(buttons)
        accept.setDefault(True)  # a button that is in no dialog yet would not be
        self.resize(620, 320)
        self.finished.connect(self.deleteLater)

    @property
    def answer(self) -> Answer | None:
        """What becomes of labels for images of another size; None where each is asked about."""
        given: Answer | None = self.answers.currentData()
        return None if given is None else Answer(given)

    def _ask_place(self) -> None:
        self.remarks.ask_place(self.tr("Save list"), self.summary.setText)


class ExportDialog(QDialog):
    """A format, its options, and what it has no place for.

    `looked` asks for what would be lost; `chosen` carries the format and the choice.
    """

    looked = Signal(object)
    chosen = Signal(object, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export labels"))
        self.formats = QComboBox()
        for format in FORMATS:
            self.formats.addItem(format.title)
        self.options = QComboBox()
        self.split = QLineEdit()
        self.split.setPlaceholderText(self.tr("none; for example 80,10,10"))
        self.group = QLineEdit()
        self.group.setPlaceholderText(self.tr("folder, or a regular expression"))
        self.lost = Lines((), "")
        form = QFormLayout()
        form.addRow(self.tr("Format"), self.formats)
        form.addRow(self.tr("Layout"), self.options)
        form.addRow(self.tr("Split into train, val, test"), self.split)
        form.addRow(self.tr("Keep together by"), self.group)
        form.addRow(self.tr("Has no place for"), self.lost)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        role = QDialogButtonBox.ButtonRole.AcceptRole
        choose = self._buttons.addButton(self.tr("Choose a place…"), role)
        self.save = self._buttons.addButton(
            self.tr("Save list…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.save.clicked.connect(
            lambda: self.lost.ask_place(self.tr("Save list"), self.lost.appendPlainText)
        )
        self._buttons.accepted.connect(self._choose)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self._buttons)
        choose.setDefault(True)
        self.resize(620, 360)
        self.finished.connect(self.deleteLater)
        self.formats.currentIndexChanged.connect(self._show_format)

    @property
    def format(self) -> Format:
        """The format that is chosen."""
        return FORMATS[self.formats.currentIndex()]

    def begin(self) -> None:
        """Show the first format."""
        self._show_format()

    def show_lost(self, format: Format, lines: Sequence[str]) -> None:
        """Show what the format has no place for, if it is still the one that is chosen."""
        if format is self.format:
            self.lost.show_lines(lines, self.tr("Nothing is lost."))
            self.save.setEnabled(bool(lines))

    def _show_format(self) -> None:
        self.options.clear()
        for option in self.format.options:
            self.options.addItems(list(option.choices))
        self.options.setEnabled(bool(self.format.options))
        self.lost.show_lines((), self.tr("Looking…"))
        self.save.setEnabled(False)
        self.looked.emit(self.format)

    def _choose(self) -> None:
        text, by = self.split.text().strip(), self.group.text().strip()
        try:
            split = shares(text) if text else None
            group = grouping(by) if by else None
        except SplitError as error:
            self.lost.show_lines((sentence_text(error.sentence),), "")
            self.split.setFocus()
            return
        names = [option.name for option in self.format.options]
        options = {names[0]: self.options.currentText()} if names else {}
        self.chosen.emit(self.format, Choice(split, group, options))
        self.accept()


class Lines(QPlainTextEdit):
    """Lines to read, copy and save."""

    def __init__(self, lines: Sequence[str], nothing: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.show_lines(lines, nothing)

    def show_lines(self, lines: Sequence[str], nothing: str) -> None:
        """Show the lines, or what stands for none."""
        self.setPlainText("\n".join(lines) or nothing)

    def ask_place(self, title: str, failed: Callable[[str], None]) -> None:
        """Ask for a text file and write the lines there; `failed` hears when that cannot be."""
        dialog = QFileDialog(self, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.fileSelected.connect(lambda name: self.save(Path(name), failed))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, failed: Callable[[str], None]) -> None:
        """Write the lines to a text file."""
        try:
            path.write_text(self.toPlainText() + "\n", encoding="utf-8")
        except OSError as error:
            failed(f"{path.name}: {error.strerror or error}")
