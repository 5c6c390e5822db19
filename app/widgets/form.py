"""A form made from its table of fields: each row says what may be chosen, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSlider,
    QWidget,
)


def clear_rows(form: QFormLayout, after: int = 0) -> None:
    """Take the rows from that one on away.

    Their widgets live on until the event is over, since one of them may have set it off: what
    `QFormLayout.removeRow` deletes under its own signal ends the program.
    """
    while form.rowCount() > after:
        row = form.takeRow(after)
        for item in (row.labelItem, row.fieldItem):
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values, each with what it is called."""

    name: str
    title: str
    items: tuple[tuple[str, Any], ...]
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, shown `per` times as large (100 for a share in percent).

    `special` is shown in place of the lowest one, which stands for None where it is `optional`.
    """

    name: str
    title: str
    low: float
    high: float
    step: float = 1
    decimals: int = 0
    suffix: str = ""
    special: str = ""
    tip: str = ""
    per: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A number from 0 to 1 on a slider."""

    name: str
    title: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Words below the field before."""

    title: str


Field = Choice | Number | Share
STEPS: Final = 100


class Form(QObject):
    """The widgets of some fields; `changed` carries a name and the value that a person chose."""

    changed = Signal(str, object)

    def __init__(self, rows: Iterable[Field | Note], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = tuple(rows)
        self.fields = {row.name: row for row in self.rows if not isinstance(row, Note)}
        self._widgets = {name: self._made(field) for name, field in self.fields.items()}

    def __getitem__(self, name: str) -> Any:
        """The widget of a field."""
        return self._widgets[name]

    def fill(self, layout: QFormLayout) -> None:
        """Put all rows into a layout."""
        for row in self.rows:
            if isinstance(row, Note):
                note = QLabel(row.title)
                note.setWordWrap(True)
                note.setForegroundRole(note.palette().ColorRole.PlaceholderText)
                layout.addRow("", note)
            else:
                layout.addRow(row.title, self._widgets[row.name])

    def narrow(self, layout: QFormLayout, text: str) -> int:
        """Show the rows of a layout in which all words of a text occur. Returns how many fields."""
        words = text.casefold().split()
        shown, count = True, 0
        for place, row in enumerate(self.rows):
            if not isinstance(row, Note):  # notes go with the field before
                said = " ".join((row.title, *_said(row))).casefold()
                shown = all(word in said for word in words)
                count += shown
            layout.setRowVisible(place, shown)
        return count

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show values by name, without a word that they changed."""
        for name, value in values.items():
            field, widget = self.fields[name], self[name]
            with QSignalBlocker(widget):
                match field:
                    case Choice():
                        _select(widget, value)
                    case Number():
                        widget.setValue(widget.minimum() if value is None else value * field.per)
                    case Share():
                        widget.setValue(round(value * STEPS))

    def value(self, name: str) -> Any:
        """What a field shows."""
        field, widget = self.fields[name], self[name]
        match field:
            case Choice():
                return _data(widget, widget.currentIndex())
            case Share():
                return widget.value() / STEPS
        shown = widget.value() if field.decimals else round(widget.value())
        if field.optional and shown == field.low:
            return None
        return shown if field.per == 1 else shown / field.per

    def _made(self, field: Field) -> QWidget:
        match field:
            case Choice():
                widget: Any = QComboBox()
                for text, value in field.items:
                    widget.addItem(text, value)
                told = widget.currentIndexChanged
            case Number():
                widget = QDoubleSpinBox()
                widget.setDecimals(field.decimals)
                widget.setRange(field.low, field.high)
                widget.setSingleStep(field.step)
                widget.setSuffix(field.suffix)
                widget.setSpecialValueText(field.special)
                widget.setKeyboardTracking(False)
                told = widget.valueChanged
            case Share():
                widget = QSlider(Qt.Orientation.Horizontal)
                widget.setRange(0, STEPS)
                told = widget.valueChanged
        told.connect(lambda _shown: self.changed.emit(field.name, self.value(field.name)))
        widget.setAccessibleName(field.title)
        widget.setToolTip(field.tip)
        made: QWidget = widget
        return made


def _said(field: Field) -> tuple[str, ...]:
    """What else a field says: its explanation, and what may be chosen."""
    choices = tuple(text for text, _ in field.items) if isinstance(field, Choice) else ()
    return field.tip, *choices


def _select(combo: QComboBox, value: Any) -> None:
    """Choose a value; one that is not in the list is shown as it is."""
    places = [k for k in range(combo.count()) if _data(combo, k) == value]
    if not places:
        combo.addItem(str(value), value)
        places = [combo.count() - 1]
    combo.setCurrentIndex(places[0])


def _data(combo: QComboBox, place: int) -> Any:
    value = combo.itemData(place)
    # Qt hands tuples back as lists.
    return tuple(map(tuple, value)) if isinstance(value, list) else value
