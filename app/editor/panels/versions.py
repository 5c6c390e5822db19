"""The panel of other states of the labels: which there are, what differs, and what to take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
)

from app.base.action_set import ActionSet
from app.base.words import count_text, error_text
from app.canvas.layers.differences import COLOURS, SIGNS
from app.editor.differing import OtherState
from app.editor.panels.instance_rows import swatch
from app.widgets.section import Section, small_button
from core.session.difference import Difference, Kind
from core.storage.versions import Version

MOST_ROWS: Final = 2000
DONE: Final = "done"
DETAILS: Final = "details"
"""The row of the mark "finished"; no instance has this id."""
_ID: Final = Qt.ItemDataRole.UserRole


class VersionsPanel(Section):
    """`chosen` carries the number of a state, or -1; `lit` the id of a row that was clicked."""

    chosen = Signal(int)
    lit = Signal(str)
    ticked = Signal()

    def __init__(self, actions: ActionSet) -> None:
        super().__init__()
        self._title.setText(self.tr("Versions"))
        self.states = QListWidget()
        self.states.setAccessibleName(self.tr("Other states of the labels"))
        self.rows = QListWidget()
        self.rows.setAccessibleName(self.tr("What differs"))
        for view in (self.states, self.rows):
            view.setFrameShape(QFrame.Shape.NoFrame)
            view.setUniformItemSizes(True)
            view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
            view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            view.setTextElideMode(Qt.TextElideMode.ElideRight)  # their tool tips say all
        self._about = QLabel()
        self._about.setWordWrap(True)
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setContentsMargins(10, 6, 10, 6)
        self._take = QPushButton()
        self._take.setAutoDefault(False)
        self._take.clicked.connect(actions["take_over"].trigger)
        actions["take_over"].changed.connect(
            lambda: self._take.setEnabled(actions["take_over"].isEnabled())
        )
        self._lay_out(actions)
        self.states.currentRowChanged.connect(self.chosen)
        self.rows.currentItemChanged.connect(self._on_row)
        self.rows.itemChanged.connect(lambda _item: self.ticked.emit())
        self.set_states(())

    def set_states(self, states: Sequence[OtherState]) -> None:
        """Show which states there are; none of them is chosen."""
        with QSignalBlocker(self.states):
            self.states.clear()
            for state in states:
                self.add_state(state)
        self.show_differences(None)

    def add_state(self, state: OtherState) -> None:
        """One more."""
        item = QListWidgetItem(f"{when_text(state)}   {what_text(state)}")
        item.setToolTip(item.text())
        self.states.addItem(item)
        self.set_note(count_text(self.states.count()))

    def show_differences(self, state: OtherState | None) -> None:
        """Show what differs in a state, each with a tick for whether it is to be taken."""
        with QSignalBlocker(self.rows):
            self.rows.clear()
            if state is not None and state.compared is not None:
                for difference in state.compared.differences[:MOST_ROWS]:
                    self._add_row(difference, state.on_disk)
                if state.compared.done:
                    self._add(DONE, self.tr("the mark “done”"), ticked=True)
                if state.compared.details:
                    self._add(DETAILS, self.tr("what is said of the image"), ticked=True)
        self._about.setText(self._explain(state))
        on_disk = state is not None and state.on_disk
        self._take.setText(self.tr("Merge what is ticked") if on_disk else self.tr("Restore"))
        self.ticked.emit()

    def taken(self) -> frozenset[str]:
        """The ids of the rows that are ticked."""
        rows = [self.rows.item(row) for row in range(self.rows.count())]
        return frozenset(row.data(_ID) for row in rows if row.checkState() is Qt.CheckState.Checked)

    def tick_all(self, on: bool) -> None:
        """Tick every row, or none."""
        state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        with QSignalBlocker(self.rows):
            for row in range(self.rows.count()):
                self.rows.item(row).setCheckState(state)
        self.ticked.emit()

    def _add_row(self, difference: Difference, on_disk: bool) -> None:
        text = f"{SIGNS[difference.kind]} {difference.shape.label or '?'}"
        if difference.both:
            text = self.tr("{what}   changed here and there").format(what=text)
        elif difference.ours:
            text = self.tr("{what}   changed here only").format(what=text)
        # What a person has done here gives way to another program only when the person says so.
        ticked = not (on_disk and (difference.ours or difference.both))
        self._add(difference.id, text, ticked=ticked, kind=difference.kind)

    def _add(self, id: str, text: str, *, ticked: bool, kind: Kind | None = None) -> None:
        item = QListWidgetItem(text)
        item.setData(_ID, id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        if kind is not None:
            item.setIcon(swatch(COLOURS[kind].name()))
        self.rows.addItem(item)

    def _on_row(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.lit.emit(item.data(_ID))

    def _explain(self, state: OtherState | None) -> str:
        if state is None:
            if self.states.count():
                return self.tr("Choose a version to see on the canvas what differs.")
            return self.tr("Each save keeps a version here for a week. There is none yet.")
        if state.compared is None:
            return error_text(state.problem or Exception())
        if state.compared.same:
            return self.tr("The same as what is on the canvas.")
        if len(state.compared.differences) > MOST_ROWS:
            return self.tr("So much differs that only all of it can be taken.")
        if state.on_disk:
            return self.tr("What is ticked is taken from the other program; the rest stays yours.")
        return self.tr("What is ticked becomes as it was. It can be undone.")

    def _lay_out(self, actions: ActionSet) -> None:
        self.body.addWidget(self.states, 2)
        self.body.addWidget(self._about)
        self.body.addWidget(self.rows, 3)
        line = QHBoxLayout()
        line.setContentsMargins(10, 6, 10, 10)
        for id in ("tick_all", "tick_none"):
            line.addWidget(small_button(actions[id]))
        line.addStretch(1)
        line.addWidget(self._take)
        self.body.addLayout(line)


def when_text(state: OtherState) -> str:
    """When a version was in the label file, in the user's way."""
    if not isinstance(state.source, Version):
        return QCoreApplication.translate("VersionsPanel", "On the disk now, by another program")
    moment = QDateTime.fromSecsSinceEpoch(int(state.source.time))
    today = (
        datetime.now().astimezone().date()
        == datetime.fromtimestamp(state.source.time).astimezone().date()
    )
    text = QLocale().toString(moment.time(), QLocale.FormatType.ShortFormat)
    if not today:
        text = QLocale().toString(moment, QLocale.FormatType.ShortFormat)
    if state.source.foreign:
        text = QCoreApplication.translate("VersionsPanel", "{time}, another program’s").format(
            time=text
        )
    return text


def what_text(state: OtherState) -> str:
    """What differs, in a few signs."""
    if state.compared is None:
        return QCoreApplication.translate("VersionsPanel", "unreadable")
    if state.compared.same:
        return QCoreApplication.translate("VersionsPanel", "as now")
    kinds = [each.kind for each in state.compared.differences]
    counted = [f"{SIGNS[kind]}{count_text(kinds.count(kind))}" for kind in Kind if kind in kinds]
    if not counted and not state.compared.done:
        return QCoreApplication.translate("VersionsPanel", "what is said of the image")
    return "  ".join(counted) or QCoreApplication.translate("VersionsPanel", "the mark “done”")
