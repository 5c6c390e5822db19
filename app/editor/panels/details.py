"""What else is said of the selected instances, or of the image where none is selected: description,
flags, and the attributes that the project asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.widgets.form import clear_rows
from app.widgets.section import Section
from core.document.instance import ImageDetails, Shape, Value
from core.document.regions import DONE_REGION, IGNORE
from core.document.skeleton import PERSON, Skeleton
from core.project.settings import AttributeKind, AttributeRow

OURS: Final = frozenset((DONE_REGION, IGNORE))
"""Flags that have a switch elsewhere."""
_MIXED: Final = object()


def flag_names(shape: Shape | ImageDetails) -> tuple[str, ...]:
    """The flags that are set and have no switch elsewhere."""
    return tuple(name for name, on in shape.flags if on and name not in OURS)


@dataclass(frozen=True, slots=True)
class _Field:
    """A widget with how it shows a value, None for none; `_MIXED` where the selection differs."""

    widget: QWidget
    show: Callable[[object], None]


class DetailsPanel(Section):
    """Each signal carries what a person chose for all that is selected, or for the image."""

    described = Signal(str)
    flagged = Signal(object)  # tuple of the names that are set
    attributed = Signal(str, object)  # name, and value or None

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[AttributeRow, ...] = ()
        self._asked_of_images: tuple[AttributeRow, ...] = ()
        self._shown: tuple[AttributeRow, ...] = ()
        self._form = QFormLayout()
        self._form.setContentsMargins(10, 2, 10, 8)
        self._form.setVerticalSpacing(4)
        self._form.setHorizontalSpacing(8)
        self.body.addLayout(self._form)
        self._description = _text(self.described.emit)
        self._flags = _text(lambda text: self.flagged.emit(_names(text)))
        self._flags.widget.setToolTip(self.tr("Names with commas between them"))
        for title, field in (
            (self.tr("Description"), self._description),
            (self.tr("Flags"), self._flags),
        ):
            field.widget.setAccessibleName(title)
            self._form.addRow(title, field.widget)
        self._fixed = self._form.rowCount()
        self._attributes: dict[str, _Field] = {}
        self.hide()

    def set_attributes(
        self, asked: Sequence[AttributeRow], of_images: Sequence[AttributeRow]
    ) -> None:
        """What the project asks of each instance, and of each image."""
        self._asked, self._asked_of_images = tuple(asked), tuple(of_images)

    def show_details(self, told: Sequence[Shape] | ImageDetails | None) -> None:
        """Show what is said of an image, or what shapes have in common; nothing for None."""
        self.setVisible(told is not None)
        if told is None:
            return
        of_image = isinstance(told, ImageDetails)
        shapes = (told,) if isinstance(told, ImageDetails) else tuple(told)
        self._title.setText(self.tr("Image") if of_image else self.tr("Details"))
        self._make_rows(shapes, self._asked_of_images if of_image else self._asked)
        self._description.show(_common(each.description for each in shapes))
        flags = {each.flags: each for each in shapes}.values()
        self._flags.show(_common(", ".join(flag_names(each)) for each in flags))
        for name, field in self._attributes.items():
            field.show(_common(dict(each.attributes).get(name) for each in shapes))

    def _make_rows(
        self, shapes: Sequence[Shape | ImageDetails], asked: Sequence[AttributeRow]
    ) -> None:
        """One row for each attribute that is asked for, and for those that are there besides."""
        rows = {row.name: row for row in asked}
        for shape in shapes[:100]:
            for name, value in shape.attributes:
                rows.setdefault(name, AttributeRow(name, _kind_of(value)))
        wanted = tuple(rows.values())
        if wanted == self._shown:
            return
        self._shown = wanted
        clear_rows(self._form, self._fixed)
        self._attributes = {row.name: self._field(row) for row in wanted}
        for name, field in self._attributes.items():
            field.widget.setAccessibleName(name)
            self._form.addRow(QLabel(name, textFormat=Qt.TextFormat.PlainText), field.widget)

    def _field(self, row: AttributeRow) -> _Field:
        def tell(value: Value | None) -> None:
            self.attributed.emit(row.name, value)

        match row.kind:
            case AttributeKind.CHOICE:
                return _choice(row.choices, tell)
            case AttributeKind.SWITCH:
                return _switch(tell)
            case AttributeKind.NUMBER:
                return _text(lambda text: tell(float(text) if text else None), number=True)
        return _text(lambda text: tell(text or None))


def _text(tell: Callable[[str], object], *, number: bool = False) -> _Field:
    field = QLineEdit()
    if number:
        check = QDoubleValidator(-1e12, 1e12, 9, field)
        check.setNotation(QDoubleValidator.Notation.StandardNotation)
        check.setLocale(QLocale.c())
        field.setValidator(check)
    shown = [""]

    def show(value: object) -> None:
        mixed = value is _MIXED
        shown[0] = "" if mixed or value is None else f"{value:.12g}" if number else str(value)
        field.setPlaceholderText(QCoreApplication.translate("words", "differs") if mixed else "")
        if not field.hasFocus() or field.text() != shown[0]:
            field.setText(shown[0])

    def done() -> None:
        text = field.text().strip()
        if text != shown[0]:
            shown[0] = text
            tell(text)

    field.editingFinished.connect(done)
    return _Field(field, show)


def _choice(choices: Sequence[str], tell: Callable[[str | None], None]) -> _Field:
    box = QComboBox()
    box.addItem("", None)
    for each in choices:
        box.addItem(each, each)

    def show(value: object) -> None:
        text = "" if value is _MIXED or value is None else str(value)
        with QSignalBlocker(box):
            if box.findText(text) < 0:
                box.addItem(text, text)  # a value that is no longer among the choices
            box.setCurrentIndex(-1 if value is _MIXED else box.findText(text))

    box.currentIndexChanged.connect(lambda place: tell(box.itemData(place) if place >= 0 else None))
    return _Field(box, show)


def _switch(tell: Callable[[bool], None]) -> _Field:
    box = QCheckBox()

    def show(value: object) -> None:
        half = Qt.CheckState.PartiallyChecked
        on = Qt.CheckState.Checked if value is True else Qt.CheckState.Unchecked
        with QSignalBlocker(box):
            box.setCheckState(half if value is _MIXED else on)
            box.setTristate(False)

    box.clicked.connect(lambda on: tell(bool(on)))
    return _Field(box, show)


def _kind_of(value: Value) -> AttributeKind:
    if isinstance(value, bool):
        return AttributeKind.SWITCH
    return AttributeKind.TEXT if isinstance(value, str) else AttributeKind.NUMBER


def _common(values: Iterable[object]) -> object:
    """The value that all have; `_MIXED` without one."""
    different = set(values)
    return different.pop() if len(different) == 1 else _MIXED


def _names(text: str) -> tuple[str, ...]:
    names = (name.strip() for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name and name not in OURS))


@dataclass(frozen=True, slots=True)
class _Lines:
    """A field of lines: what stands there, an example, and a title where there are several."""

    text: str
    example: str
    title: str = ""


class _LinesDialog(QDialog):
    """Something that a person types line by line, in one field or more. `chosen` carries what was
    understood of each, as a tuple."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget, title: str, told: str, *fields: _Lines) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        explanation = QLabel(told)
        explanation.setWordWrap(True)
        self.texts = tuple(QPlainTextEdit(field.text) for field in fields)
        self.text = self.texts[0]
        self._problem = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self._take)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(explanation)
        for field, text in zip(fields, self.texts, strict=True):
            text.setPlaceholderText(field.example)
            text.setAccessibleName(field.title or title)
            text.setTabChangesFocus(True)
            if field.title:
                column.addWidget(QLabel(field.title))
            column.addWidget(text)
        column.addWidget(self._problem)
        column.addWidget(self.buttons)
        self.resize(420, 360)

    def read(self, text: str) -> object:
        """What a text says. Raises ValueError with a sentence."""
        raise NotImplementedError

    def _take(self) -> None:
        try:
            found = [self.read(text.toPlainText()) for text in self.texts]
        except ValueError as error:
            self._problem.setText(str(error))
            self._problem.show()
            return
        self.chosen.emit(tuple(found))
        self.accept()


class AttributesDialog(_LinesDialog):
    """The attributes of the project, one a line: those of instances, then those of images."""

    def __init__(
        self, parent: QWidget, asked: Sequence[AttributeRow], of_images: Sequence[AttributeRow]
    ) -> None:
        super().__init__(
            parent,
            self.tr("Attributes"),
            self.tr(
                "One a line: a name, a colon, and text, number or switch, or the values to choose "
                "from with commas between them."
            ),
            _Lines(
                "\n".join(map(row_text, asked)),
                self.tr("ripe: switch\nside: left, right\nnote: text"),
                self.tr("Of each instance"),
            ),
            _Lines(
                "\n".join(map(row_text, of_images)),
                self.tr("weather: sun, rain\nchecked by: text"),
                self.tr("Of each image"),
            ),
        )

    def read(self, text: str) -> tuple[AttributeRow, ...]:
        """The rows of a text."""
        rows: list[AttributeRow] = []
        for line in filter(str.strip, text.splitlines()):
            row = row_of(line)
            if row is None or row.name in (each.name for each in rows):
                said = self.tr("“{line}” is no attribute, or is there twice.")
                raise ValueError(said.format(line=line.strip()[:60]))
            rows.append(row)
        return tuple(rows)


class KeypointsDialog(_LinesDialog):
    """The keypoints of a label, one a line. `chosen` carries a skeleton, or None for no text."""

    def __init__(self, parent: QWidget, label: str, skeleton: Skeleton | None) -> None:
        super().__init__(
            parent,
            self.tr("Keypoints of {label}").format(label=label),
            self.tr(
                "One a line, in the order in which they are set. Behind a colon the keypoints "
                "that a line joins it with, with commas between them."
            ),
            _Lines("" if skeleton is None else skeleton.text(), self.tr("head: tail\ntail")),
        )
        person = self.buttons.addButton(
            self.tr("A person, as in COCO"), QDialogButtonBox.ButtonRole.ResetRole
        )
        person.clicked.connect(lambda: self.text.setPlainText(PERSON.text()))

    def read(self, text: str) -> Skeleton | None:
        try:
            return Skeleton.from_text(text) if text.strip() else None
        except ValueError:
            said = self.tr(
                "Each line needs a name of its own without commas, and behind the colon only names "
                "that have a line."
            )
            raise ValueError(said) from None


def row_text(row: AttributeRow) -> str:
    """An attribute as a person types it."""
    what = ", ".join(row.choices) if row.kind is AttributeKind.CHOICE else row.kind.value
    return f"{row.name}: {what}"


def row_of(line: str) -> AttributeRow | None:
    """The attribute that a line names; None for what is none."""
    name, colon, what = (part.strip() for part in line.rpartition(":"))
    choices = tuple(dict.fromkeys(each for each in map(str.strip, what.split(",")) if each))
    plain = {kind.value: kind for kind in AttributeKind if kind is not AttributeKind.CHOICE}
    try:
        if not (name and colon and choices):
            return None
        if len(choices) == 1 and what in plain:
            return AttributeRow(name, plain[what])
        return AttributeRow(name, AttributeKind.CHOICE, choices)
    except ValueError:
        return None
