"""What came of a run: figures before and after, and the held-out images, most changed first."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QHideEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.base.tasks import Task, Tasks
from app.base.words import error_text
from app.learning.panel.report_figures import FiguresTable, change_text, figure_text
from app.learning.panel.report_gallery import Gallery
from app.learning.report_pictures import FALSE, FOUND, MISSED, Sources, open_sources, stroke
from app.widgets.scroll_page import ScrollPage
from core.learning.compared import compared, ground
from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.report import ImageChange, Kind, Report
from core.learning.split import FEW

_BEST, _WORST, _MOST = range(3)
_MOST_ACCEPTED: Final = 0.25
"""From this share of untouched proposals on, they say more about the old model than the labels."""
_ABOVE_TABLE: Final = 2  # behind the headline and what there is to say about it
_SAMPLE: Final = 26
_MARGIN: Final = 10
_LEAST_HEIGHT: Final = 56


class ReportView(QWidget):
    """Shows one report at a time. `image_wanted` carries the path of an image to be opened."""

    image_wanted = Signal(Path)
    looked_at = Signal(bool)  # whether it is in sight now

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._report: Report | None = None
        self._sources: Sources | None = None
        self._opening: Task[Sources] | None = None
        self.headline = _wrapped(bold=True)
        self.warning = _wrapped()
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("What the figures compare"))
        self.kind.currentIndexChanged.connect(lambda _index: self._fill_figures())
        self.figures = FiguresTable()
        self.order = QComboBox()
        self.order.addItems(
            [
                self.tr("Most gained first"),
                self.tr("Most lost first"),
                self.tr("Most changed first"),
            ]
        )
        self.order.setAccessibleName(self.tr("Order of the images"))
        self.order.currentIndexChanged.connect(lambda _index: self._fill_gallery())
        self._images_title = _wrapped()
        self.legend = Legend()
        self._top, self._below = ScrollPage(self.tr("Figures")), QWidget()
        self.gallery = Gallery(tasks)
        self.gallery.opened.connect(self._open)
        self._lay_out()
        self.clear()

    def show_report(self, report: Report, run_folder: RunFolder) -> None:
        """Show what came of a run; the pictures come from its folder as they are looked at."""
        self.clear()
        self._report = report
        self._say(None)
        self._name_kinds(report)
        self._fill_figures()
        self._fill_gallery()
        self._opening = self._tasks.run(
            lambda _context: open_sources(run_folder), done=self._take, failed=self._on_failed
        )

    def clear(self) -> None:
        """Show nothing."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        self._report = self._sources = None
        self.headline.setText("")
        self.warning.hide()
        self.gallery.pairs.set_sources(None)
        self._fill_figures()
        self._fill_gallery()

    def _take(self, sources: Sources) -> None:
        self._opening = None
        self._sources = sources
        self._say(len(sources.labels))
        if sources.accepted > sources.measured_on * _MOST_ACCEPTED:
            text = self.tr(
                "{accepted} of these {all} instances were accepted just as a model had proposed "
                "them. Measured on them, the model before looks better than it is."
            ).format(accepted=sources.accepted, all=sources.measured_on)
            self._warn(f"{self.warning.text()} {text}", quiet=True)
        self.gallery.pairs.set_sources(sources)
        self.gallery.viewport().update()

    def _on_failed(self, error: Exception) -> None:
        self._opening = None
        self._warn(error_text(error))

    # Words

    def _say(self, images: int | None) -> None:
        """`images` is how many the run had in all, once that is known."""
        report = self._report
        assert report is not None
        base = ground(report)
        if base is None:
            self.headline.setText(self.tr("Nothing was held out to measure."))
            self._warn(
                self.tr("Finish %n images or more, and a run can say whether it helped.", "", FEW)
            )
            return
        whole = compared(report, report.judged_by)[0].figures[0]
        change = f"{figure_text(whole.before)} → {figure_text(whole.after)}"
        if whole.before is None or whole.after is None:
            change = self.tr("{after} now").format(after=figure_text(whole.after))
        else:
            change = f"{change}   {change_text(whole)}"
        text = {
            Kind.MASK: self.tr("Mask AP {change}"),
            Kind.BOX: self.tr("Box AP {change}"),
            Kind.KEYPOINTS: self.tr("Keypoint AP {change}"),
        }[report.judged_by]
        self.headline.setText(text.format(change=change))
        held = self.tr("%n held-out image(s)", "", base.images)
        instances = self.tr("%n instance(s)", "", base.instances)
        measured = self.tr("measured on {images} with {instances}").format(
            images=held, instances=instances
        )
        if base.is_thin or (images is not None and images < FEW):
            self._warn(
                self.tr(
                    "This was {measured}: too little for before and after to be trusted yet. "
                    "Look at the images below instead."
                ).format(measured=measured)
            )
        else:
            self._warn(measured[:1].upper() + measured[1:] + ".", quiet=True)

    def _warn(self, text: str, *, quiet: bool = False) -> None:
        self.warning.setText(text if quiet else f"⚠ {text}")
        self.warning.show()

    # Figures and images

    def _name_kinds(self, report: Report) -> None:
        names = {
            Kind.MASK: self.tr("Masks"),
            Kind.BOX: self.tr("Boxes"),
            Kind.KEYPOINTS: self.tr("Keypoints"),
        }
        self.kind.clear()
        for kind in report.kinds:
            self.kind.addItem(names[kind], kind)

    def _fill_figures(self) -> None:
        kind = self.kind.currentData()
        rows = () if self._report is None or kind is None else compared(self._report, kind)
        self.figures.set_rows(rows)
        self.figures.setVisible(bool(rows))
        self.kind.setVisible(bool(rows))

    def _fill_gallery(self) -> None:
        changes = () if self._report is None else self._report.images
        falling = sorted(changes, key=lambda one: -one.change)
        match self.order.currentIndex():
            case 0:
                shown = falling
            case 1:
                shown = falling[::-1]
            case _:
                shown = sorted(changes, key=lambda one: -abs(one.change))
        self.gallery.cards.set_changes(shown)
        self._below.setVisible(bool(changes))
        self._images_title.setText(_verdict(changes))

    def _open(self, key: str) -> None:
        labels = None if self._sources is None else self._sources.labels
        number = None if labels is None else labels.number_of(key)
        if labels is None or number is None:
            return
        try:
            path = labels.read(number).path
        except LearningError as error:  # the run was taken away meanwhile
            self._warn(error_text(error))
            return
        self.image_wanted.emit(path)

    def add_section(self, widget: QWidget) -> None:
        """Put something above the table of figures."""
        self._top.column.insertWidget(_ABOVE_TABLE, widget)

    def showEvent(self, event: QShowEvent) -> None:
        """It comes into sight."""
        super().showEvent(event)
        self.looked_at.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """It goes out of sight."""
        super().hideEvent(event)
        self.looked_at.emit(False)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setContentsMargins(10, 4, 10, 0)
        first.addWidget(self.headline, 1)
        first.addWidget(self.kind, 0, Qt.AlignmentFlag.AlignTop)
        second = QHBoxLayout()
        second.setContentsMargins(10, 6, 10, 0)
        second.addWidget(self._images_title, 1)
        second.addWidget(self.order)
        table = QVBoxLayout()
        table.setContentsMargins(4, 0, 8, 0)
        table.addWidget(self.figures)
        words = QVBoxLayout()
        words.setContentsMargins(10, 0, 10, 4)
        words.addWidget(self.warning)
        self._top.column.setContentsMargins(0, 0, 0, 0)
        self._top.column.setSpacing(4)
        for layout in (first, words, table):
            self._top.column.addLayout(layout)
        self._top.column.addStretch(1)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        below.addLayout(second)
        below.addWidget(self.legend)
        below.addWidget(self.gallery, 1)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        self._top.setMinimumHeight(_LEAST_HEIGHT)
        for half in (self._top, self._below):
            halves.addWidget(half)
        halves.setSizes([340, 360])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(halves)


def _verdict(changes: tuple[ImageChange, ...]) -> str:
    better = sum(one.change > 0.005 for one in changes)
    worse = sum(one.change < -0.005 for one in changes)
    same = len(changes) - better - worse
    text = QCoreApplication.translate("ReportView", "▲ {better} better, ▼ {worse} worse, = {same}")
    return text.format(better=better, worse=worse, same=same)


def _wrapped(*, bold: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if bold:
        font = QFont(label.font())
        font.setBold(True)
        label.setFont(font)
    return label


class Legend(QWidget):
    """What the lines in the pictures mean; wraps where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = (
            (FOUND, Qt.PenStyle.SolidLine, self.tr("found")),
            (MISSED, Qt.PenStyle.DashLine, self.tr("missed")),
            (FALSE, Qt.PenStyle.DotLine, self.tr("false ✕")),
        )
        self.setAccessibleName(
            self.tr("Solid lines: found. Dashed: missed. Dotted, with a cross: false.")
        )
        self.setToolTip(self.accessibleName())

        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """One line of text, where there is room for it."""
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:
        """Narrow."""
        return QSize(100, self._line)

    def heightForWidth(self, width: int) -> int:
        """As many lines as it takes."""
        return round(self._places(width)[-1].bottom())

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 6

    def _places(self, width: int) -> list[QRectF]:
        """Where each entry goes: one behind the other, on the next line when the first is full."""
        metrics = self.fontMetrics()
        places: list[QRectF] = []
        left = top = 0.0
        for _colour, _style, text in self._entries:
            taken = _SAMPLE + 6 + metrics.horizontalAdvance(text) + 4
            if left and left + taken > width - 2 * _MARGIN:
                left, top = 0.0, top + self._line
            places.append(QRectF(_MARGIN + left, top, taken, self._line))
            left += taken + 12
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        """Samples of lines, each with its word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self._places(self.width())
        for (colour, style, text), place in zip(self._entries, places, strict=True):
            line = QPainterPath()
            line.moveTo(place.left(), place.center().y())
            line.lineTo(place.left() + _SAMPLE, place.center().y())
            stroke(painter, [line], colour, style, 2.0)
            painter.setPen(self.palette().color(self.foregroundRole()))
            words = place.adjusted(_SAMPLE + 6, 0, 0, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
