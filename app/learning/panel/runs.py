"""All runs of the project: when, from what, how it went; use a model again, or delete a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.words import count_text, duration_text, sentence_text
from app.learning.names import run_name, state_text
from app.widgets.scroll_page import wrapped
from core.learning.history import RunSummary
from core.learning.report import Figures, Kind
from core.learning.state import RunState

ID = Qt.ItemDataRole.UserRole
ROW_HEIGHT = 26


class RunsPage(QWidget):
    """Buttons ask for what the selected run is for: each signal carries its RunSummary."""

    use_wanted = Signal(object)
    report_wanted = Signal(object)
    resume_wanted = Signal(object)
    delete_wanted = Signal(object)

    def __init__(self, name_of: Callable[[str], str]) -> None:
        """`name_of` says how a model is called for people."""
        super().__init__()
        self._name_of = name_of
        self._runs: dict[str, RunSummary] = {}
        self._current: str | None = None
        self._free = True
        self._shown: tuple[object, ...] = ()
        self._empty = wrapped(self.tr("No run yet. What each run was and brought will stand here."))
        self._empty.setContentsMargins(10, 8, 10, 8)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Runs"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHeaderLabels([self.tr("Run"), self.tr("AP"), self.tr("State")])
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(True)
        self.list.currentItemChanged.connect(lambda: self._show_details())
        self._details = wrapped()
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._make_buttons()
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(10, 6, 10, 10)
        below.addWidget(self._details, 1)
        for buttons in ((self.use, self.report), (self.resume, self.delete)):
            row = QHBoxLayout()
            for button in buttons:
                row.addWidget(button)
            below.addLayout(row)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.list)
        self._split.addWidget(lower)
        self._split.setSizes([200, 300])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._empty)
        column.addWidget(self._split, 1)
        self.show_runs((), None, True)

    def _make_buttons(self) -> None:
        self.use = QPushButton(self.tr("Use its model"))
        self.use.setIcon(icon("model"))
        self.report = QPushButton(self.tr("Report"))
        self.resume = QPushButton(self.tr("Go on"))
        self.resume.setIcon(icon("learn"))
        self.delete = QPushButton(self.tr("Delete…"))
        self.delete.setIcon(icon("delete"))
        self.delete.setToolTip(self.tr("Delete the files of this run; labels stay"))
        for button, signal in (
            (self.use, self.use_wanted),
            (self.report, self.report_wanted),
            (self.resume, self.resume_wanted),
            (self.delete, self.delete_wanted),
        ):
            button.setMinimumHeight(28)
            button.clicked.connect(self._asking(signal))

    def show_runs(self, runs: Sequence[RunSummary], current: str | None, free: bool) -> None:
        """Show runs, given the oldest first. `current` is the run whose model is in use; `free`
        says that no run is under way."""
        shown = (tuple(runs), current, free)
        if shown == self._shown:
            return
        self._shown = shown
        chosen = self.selected
        self._runs = {one.run.id: one for one in runs}
        self._current, self._free = current, free
        self._empty.setVisible(not runs)
        self._split.setVisible(bool(runs))
        with QSignalBlocker(self.list):
            self.list.clear()
            for run in reversed(runs):
                self.list.addTopLevelItem(self._item(run))
            if chosen is not None:
                self.select(chosen.run.id)
            elif runs:
                self.select(runs[-1].run.id)
        self._show_details()

    @property
    def selected(self) -> RunSummary | None:
        """The run that is selected."""
        item: QTreeWidgetItem | None = self.list.currentItem()
        return None if item is None else self._runs.get(item.data(0, ID))

    def select(self, id: str) -> None:
        """Select a run."""
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item is not None and item.data(0, ID) == id:
                self.list.setCurrentItem(item)

    def _item(self, run: RunSummary) -> QTreeWidgetItem:
        item = QTreeWidgetItem([run_name(run.run.id), _judged(run), self._state(run)])
        item.setData(0, ID, run.run.id)
        width = self.list.fontMetrics().horizontalAdvance(item.text(0))
        item.setSizeHint(0, QSize(width + 20, ROW_HEIGHT))
        if run.run.id == self._current:
            font = QFont(item.font(0))
            font.setBold(True)
            for column in range(self.list.columnCount()):
                item.setFont(column, font)
        return item

    def _state(self, run: RunSummary) -> str:
        if run.run.id == self._current:
            return self.tr("in use")
        if run.left_over:
            return self.tr("Cut off")
        return state_text(run.state)

    def _show_details(self) -> None:
        run = self.selected
        self._details.setText("" if run is None else "\n".join(self._lines(run)))
        has_model = run is not None and run.report is not None
        over = run is not None and not run.alive
        self.use.setEnabled(has_model and run is not None and run.run.id != self._current)
        self.report.setEnabled(has_model)
        unfinished = run is not None and (run.left_over or run.state is RunState.FAILED)
        self.resume.setVisible(unfinished)
        self.resume.setEnabled(unfinished and self._free)
        self.delete.setEnabled(over and run is not None and run.run.id != self._current)

    def _lines(self, run: RunSummary) -> list[str]:
        """What was asked for and what came of it."""
        spec, plan, report = run.spec, run.planned, run.report
        lines = [self.tr("From the model {model}").format(model=self._name_of(spec.model))]
        if plan is not None:
            lines.append(
                self.tr("{images} images to learn from, {held} held out").format(
                    images=count_text(plan.images), held=count_text(plan.held_out)
                )
            )
            lines.append(
                self.tr("{steps} steps of {batch} images up to {side} px on {device}").format(
                    steps=count_text(plan.steps),
                    batch=plan.batch,
                    side=plan.side,
                    device=plan.device.upper(),
                )
            )
        chosen = spec.schedule.chosen()
        if spec.leave_out_accepted:
            lines.append(self.tr("Without what was accepted unchanged"))
        if chosen:
            text = ", ".join(f"{name} = {value}" for name, value in chosen.items())
            lines.append(self.tr("Set by hand: {settings}").format(settings=text))
        if report is not None:
            lines.append(
                self.tr("{steps} steps taken in {time}").format(
                    steps=count_text(report.steps), time=duration_text(report.seconds)
                )
            )
            for label, name in report.reused:
                lines.append(self.tr("{label} started from {name}").format(label=label, name=name))
            named = {
                Kind.BOX: self.tr("Box AP {change}"),
                Kind.MASK: self.tr("Mask AP {change}"),
                Kind.KEYPOINTS: self.tr("Keypoint AP {change}"),
            }
            lines += [
                text.format(change=_change(run, kind) or "–")
                for kind, text in named.items()
                if kind in report.kinds
            ]
        if run.failure is not None:
            lines.append(sentence_text(run.failure))
        return lines

    def _asking(self, signal: SignalInstance) -> Callable[[], None]:
        def ask() -> None:
            run = self.selected
            if run is not None:
                signal.emit(run)

        return ask


def _judged(run: RunSummary) -> str:
    """What the network was chosen by, before and after."""
    return "" if run.report is None else _change(run, run.report.judged_by)


def _change(run: RunSummary, kind: Kind) -> str:
    """Average precision before and after, such as `0.21 → 0.48`."""
    if run.report is None:
        return ""
    before, after = _ap(run.report.before, kind), _ap(run.report.after, kind)
    if after is None:
        return ""
    return f"{after:.2f}" if before is None else f"{before:.2f} → {after:.2f}"


def _ap(figures: Figures | None, kind: str) -> float | None:
    part = None if figures is None else figures.get(kind)
    value = part.get("AP") if isinstance(part, dict) else None
    return float(value) if isinstance(value, int | float) else None
