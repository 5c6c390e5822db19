"""Held-out images before and after: a list of cards, painted from pictures that come as needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.base.tasks import Tasks
from app.canvas.style import PAPER
from app.learning.report_pictures import Pair, Pairs
from core.learning.report import ImageChange

Index = QModelIndex | QPersistentModelIndex
CHANGE: Final = Qt.ItemDataRole.UserRole
LEAST_CARD: Final = 300
PAD: Final = 8
RATIO: Final = 0.75
SAME: Final = 0.005
_LEAST_HEIGHT: Final = 56
CAPTION: Final = QColor(20, 22, 26, 190)


def quality_text(change: ImageChange) -> str:
    """The quality before and after in percent, with an arrow."""
    arrow = "=" if abs(change.change) < SAME else ("▲" if change.change > 0 else "▼")
    before, after = (round(100 * v) for v in (change.quality_before, change.quality_after))
    return f"{arrow} {QLocale().toString(before)} → {QLocale().toString(after)} %"


class Cards(QAbstractListModel):
    """The changes in the order in which they are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._changes: list[ImageChange] = []
        self._rows: dict[str, int] = {}

    def set_changes(self, changes: Sequence[ImageChange]) -> None:
        """Show other images."""
        self.beginResetModel()
        self._changes = list(changes)
        self._rows = {one.key: row for row, one in enumerate(self._changes)}
        self.endResetModel()

    def at(self, row: int) -> ImageChange:
        """The image of a row."""
        return self._changes[row]

    def refresh(self, key: str) -> None:
        """Paint an image anew."""
        row = self._rows.get(key)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of images."""
        return 0 if parent is not None and parent.isValid() else len(self._changes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Names, and the whole in words for tips and screen readers."""
        if not index.isValid():
            return None
        change = self._changes[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return change.key
        if role == CHANGE:
            return change
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join((change.key, quality_text(change), self.counts(change)))
        return None

    def counts(self, change: ImageChange) -> str:
        """What was gained and lost, in words."""
        parts = []
        if change.gained:
            parts.append(self.tr("%n gained", "", len(change.gained)))
        if change.lost:
            parts.append(self.tr("%n lost", "", len(change.lost)))
        if change.false_before or change.false_after:
            parts.append(
                self.tr("false {before} → {after}").format(
                    before=change.false_before, after=change.false_after
                )
            )
        return " · ".join(parts) or self.tr("nothing gained or lost")


class CardPainter(QStyledItemDelegate):
    """Paints a card: two pictures, and two lines below them."""

    def __init__(self, cards: Cards, pairs: Pairs, view: QListView) -> None:
        super().__init__(view)
        self._cards, self._pairs, self._view = cards, pairs, view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As many cards side by side as there is room for."""
        room = self._view.viewport().width()
        width = max(120, room // max(1, room // LEAST_CARD) - 1)
        return QSize(width, self._picture_height(width) + self._text_height() + 3 * PAD)

    def _picture_width(self, width: int) -> int:
        return (width - 3 * PAD) // 2

    def _picture_height(self, width: int) -> int:
        return round(self._picture_width(width) * RATIO)

    def _text_height(self) -> int:
        return 2 * self._view.fontMetrics().lineSpacing()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Ground, pictures, words."""
        change = index.data(CHANGE)
        rect, palette = option.rect, option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            role = QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Midlight
            painter.fillRect(rect, palette.color(role))
        width, height = self._picture_width(rect.width()), self._picture_height(rect.width())
        ratio = self._view.devicePixelRatioF()
        pair = self._pairs.get(change.key, _step(width * ratio), _step(height * ratio))
        for side in (0, 1):
            left = rect.left() + PAD + side * (width + PAD)
            self._picture(
                painter, QRect(left, rect.top() + PAD, width, height), pair, side, palette
            )
        self._words(painter, rect, height, change, palette, chosen)
        painter.restore()

    def _picture(
        self, painter: QPainter, box: QRect, pair: Pair | None, side: int, palette: QPalette
    ) -> None:
        painter.fillRect(box, palette.color(QPalette.ColorRole.AlternateBase))
        picture: QImage | None = None
        if pair is not None:
            picture = pair.after if side else pair.before
        if picture is not None:
            size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, picture)
            self._caption(painter, box, self.tr("after") if side else self.tr("before"))
            return
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        text = "…" if pair is None else pair.problem
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    def _caption(self, painter: QPainter, box: QRect, text: str) -> None:
        metrics = self._view.fontMetrics()
        width = metrics.horizontalAdvance(text) + 10
        place = QRect(box.left(), box.top(), width, metrics.height() + 2)
        painter.fillRect(place, CAPTION)
        painter.setPen(PAPER)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _words(
        self,
        painter: QPainter,
        rect: QRect,
        height: int,
        change: ImageChange,
        palette: QPalette,
        chosen: bool,
    ) -> None:
        metrics = self._view.fontMetrics()
        line = metrics.lineSpacing()
        left, width = rect.left() + PAD, rect.width() - 2 * PAD
        top = rect.top() + 2 * PAD + height
        strong = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        muted = strong if chosen else QPalette.ColorRole.PlaceholderText
        quality = quality_text(change)
        taken = metrics.horizontalAdvance(quality) + PAD
        first = QRect(left, top, width, line)
        painter.setPen(palette.color(strong))
        painter.drawText(
            first, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, quality
        )
        name = metrics.elidedText(change.key, Qt.TextElideMode.ElideMiddle, max(0, width - taken))
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(palette.color(muted))
        counts = metrics.elidedText(self._cards.counts(change), Qt.TextElideMode.ElideRight, width)
        second = first.translated(0, line)
        painter.drawText(second, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, counts)


class Gallery(QListView):
    """The cards. `chosen` carries the key of an image that a person clicked or pressed Enter on."""

    opened = Signal(str)

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pairs = Pairs(tasks, self)
        self.cards = Cards()
        self.setModel(self.cards)
        self.setItemDelegate(CardPainter(self.cards, self.pairs, self))
        self.setAccessibleName(self.tr("Held-out images before and after"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.pairs.ready.connect(self.cards.refresh)
        self.clicked.connect(self._open)
        self.activated.connect(self._open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cards have the width of the list."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def changeEvent(self, event: QEvent) -> None:
        """Another font needs other cards."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.scheduleDelayedItemsLayout()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.cards.at(index.row()).key)


def _step(pixels: float) -> int:
    """A size in steps, so that a panel that is being dragged does not make all pictures anew."""
    return max(80, -(-round(pixels) // 80) * 80)
