"""Curves over the steps of a run: thin lines on a quiet ground, and a legend that says the last
values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.base.theme import is_dark
from app.widgets.scroll_page import wrapped

# Okabe and Ito (2008), each in a tone for the light and one for the dark ground.
COLOURS: Final = (
    ("#0072b2", "#56b4e9"),
    ("#b35400", "#e69f00"),
    ("#007a59", "#2dd4a7"),
    ("#a0447a", "#e08ab8"),
    ("#6b6b00", "#d8cf3c"),
    ("#333333", "#e6e6e6"),
)

Values = NDArray[np.float64]
_FEW_POINTS: Final = 100
_NEWEST: Final = 0.12  # weight of the newest value in a running mean


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; x are steps. `marked` puts a dot on each value."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: int
    marked: bool = False
    dashed: bool = False
    rough: bool = False
    """Jumps from value to value: the values themselves are faint, their running mean is not."""


class Plot(QWidget):
    """The lines themselves, with the highest value and the last step at the axes."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._total = 1.0
        self._height = height
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, self._height)

    def show_lines(self, lines: Sequence[Line], total: float) -> None:
        """Show other lines; `total` is the last step there will be."""
        self._lines, self._total = tuple(lines), max(1.0, total)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint grid, numbers and lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        top = nice_above(max((y for line in self._lines for _, y in line.points), default=1.0))
        texts = [number_text(top * k / 2) for k in (0, 1, 2)]
        left = max(map(metrics.horizontalAdvance, texts)) + 8
        low = metrics.height() + 4
        area = QRectF(left, metrics.height() / 2, 1, 1)
        area.setRight(self.width() - 8)
        area.setBottom(self.height() - low)
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText)
        for k, text in enumerate(texts):
            y = area.bottom() - area.height() * k / 2
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Midlight), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(muted)
            place = QRectF(0, y - metrics.height() / 2, left - 6, metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, text)
        below = QRectF(area.left(), area.bottom() + 2, area.width(), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._total:.0f}")
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self.tr("steps"))
        for line in self._lines:
            self._paint(painter, line, area, top)
        painter.end()

    def _paint(self, painter: QPainter, line: Line, area: QRectF, top: float) -> None:
        if not line.points:
            return
        values = np.asarray(line.points, dtype=np.float64)
        x = area.left() + area.width() * np.minimum(1.0, values[:, 0] / self._total)
        y = area.bottom() - area.height() * np.minimum(1.0, values[:, 1] / top)
        colour = line_colour(line.colour)
        if line.rough:
            faint = QColor(colour)
            faint.setAlpha(70)
            painter.setPen(QPen(faint, 1))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # many times faster
            painter.drawPolyline(_polygon(*thinned(x, y)))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ends = np.flatnonzero(np.diff(x // 2, append=np.inf))  # a point each two pixels
            x, y = x[ends], running_mean(y)[ends]
        style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 1.6, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        if len(x) > 1:
            painter.drawPolyline(_polygon(x, y))
        if line.marked or len(x) == 1:
            painter.setBrush(colour)
            for point in zip(x.tolist(), y.tolist(), strict=True):
                painter.drawEllipse(QPointF(*point), 2.5, 2.5)


class Curves(QWidget):
    """A plot with a legend below it."""

    def __init__(self, title: str, height: int, columns: int) -> None:
        super().__init__()
        self._columns = columns
        self._title = title
        self.plot = Plot(height)
        self._legend = QGridLayout()
        self._legend.setContentsMargins(0, 0, 0, 0)
        self._legend.setHorizontalSpacing(10)
        self._legend.setVerticalSpacing(0)
        self._entries: list[_Entry] = []
        head = wrapped(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(head)
        column.addWidget(self.plot)
        column.addLayout(self._legend)

    def show_lines(self, lines: Sequence[Line], total: float) -> None:
        """Show other lines, and their last values."""
        self.plot.show_lines(lines, total)
        while len(self._entries) < len(lines):
            entry, place = _Entry(), len(self._entries)
            self._legend.addWidget(entry, place // self._columns, place % self._columns)
            self._entries.append(entry)
        texts = []
        for place, entry in enumerate(self._entries):
            entry.setVisible(place < len(lines))
            if place < len(lines):
                texts.append(entry.show_line(lines[place]))
        self.setAccessibleName(f"{self._title}: {', '.join(texts)}")


class _Entry(QLabel):
    """A line of the legend: a dash in the colour, the name, the last value."""

    def __init__(self) -> None:
        super().__init__()
        self._line = Line("", (), 0)
        self.setContentsMargins(18, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_line(self, line: Line) -> str:
        self._line = line
        last = f" {line.points[-1][1]:.2f}" if line.points else ""
        text = f"{line.name}{last}"
        self.setText(text)
        self.setToolTip(text)
        self.update()
        return text

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        style = Qt.PenStyle.DotLine if self._line.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(line_colour(self._line.colour), 3, style))
        middle = self.height() // 2
        painter.drawLine(1, middle, 12, middle)
        painter.end()


def line_colour(number: int) -> QColor:
    """The colour of a line in the present theme."""
    return QColor(COLOURS[number % len(COLOURS)][1 if is_dark() else 0])


def running_mean(values: Values) -> Values:
    """Each value drawn towards those before it; the first ones are plain means."""
    weights = np.maximum(1 / np.arange(1, len(values) + 1), _NEWEST)
    mean, found = 0.0, []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean += (value - mean) * weight
        found.append(mean)
    return np.array(found)


def thinned(x: Values, y: Values) -> tuple[Values, Values]:
    """The highest and the lowest point of each two pixels: what one can see of a long curve."""
    if len(x) < _FEW_POINTS:
        return x, y
    begins = np.flatnonzero(np.diff(x // 2, prepend=-1.0))
    low, high = np.minimum.reduceat(y, begins), np.maximum.reduceat(y, begins)
    return np.repeat(x[begins], 2), np.stack([low, high], 1).reshape(-1)


def _polygon(x: Values, y: Values) -> QPolygonF:
    return QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])


def nice_above(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 5, 10 times a power of ten that is not below a value."""
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    for factor in (1, 1.5, 2, 3, 5, 10):
        if value <= factor * power * 1.0001:
            return factor * power
    return 10 * power


def number_text(value: float) -> str:
    """A value with two or three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
