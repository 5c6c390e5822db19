"""How a row of the list of images is painted."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QPolygon
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.base.icons import pixmap
from app.base.theme import muted
from app.base.words import count_text
from app.editor.panels.image_rows import (
    DEPTH,
    FAILED,
    HEADING,
    PATH,
    STATUS,
    Heading,
    Index,
    kind_colour,
    kind_text,
)
from app.editor.thumbnails import Thumbnails
from core.document.status import ImageStatus

_INDENT: Final = 14
_PICTURE: Final = QSize(64, 48)


class ImageRow(QStyledItemDelegate):
    """A row: status icon, picture where wanted, name elided in its middle, status in a word."""

    thumbnails: Thumbnails | None = None
    """Where pictures come from, while they are wanted."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are equally high."""
        least = 26 if self.thumbnails is None else _PICTURE.height() + 6
        return QSize(120, max(least, option.fontMetrics.height() + 10))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the ground as the style does, then icon and texts."""
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        area = option.rect.adjusted(8 + _INDENT * index.data(DEPTH), 0, -8, 0)
        heading = index.data(HEADING)
        if heading is not None:
            self._paint_heading(painter, option, area, heading, index)
            return
        kind = index.data(STATUS)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        bright = option.palette.color(QPalette.ColorRole.HighlightedText)
        if kind:
            colour = bright if chosen else kind_colour(kind)
            icon = "status-failed" if kind == FAILED else f"status-{kind}"
            top = area.y() + (area.height() - 16) // 2
            ratio = painter.device().devicePixelRatio()
            painter.drawPixmap(area.x(), top, pixmap(icon, 16, colour, ratio))
        left = area.x() + 24
        if self.thumbnails is not None:
            self._paint_picture(painter, QRect(QPoint(left, area.y() + 3), _PICTURE), index)
            left += _PICTURE.width() + 8
        metrics = option.fontMetrics
        # An open circle says "untouched" well enough; the word would only crowd the names.
        word = "" if kind == ImageStatus.UNTOUCHED else kind_text(kind)
        room = metrics.horizontalAdvance(word) + 10 if word and area.right() - left > 186 else 0
        text = QRect(
            left, area.y(), area.right() + 1 - left - (room + 10 if room else 0), area.height()
        )
        painter.setPen(bright if chosen else option.palette.color(QPalette.ColorRole.Text))
        middle = Qt.AlignmentFlag.AlignVCenter
        name = index.data(Qt.ItemDataRole.DisplayRole)
        lines = name_lines(name, metrics, text.width(), 1 if self.thumbnails is None else 2)
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignLeft, lines)
        if room:
            painter.setPen(bright if chosen else muted(option.palette))
            painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, word)

    def _paint_picture(self, painter: QPainter, room: QRect, index: Index) -> None:
        assert self.thumbnails is not None
        image = self.thumbnails.get(index.data(PATH))
        if image is None or image.isNull():
            painter.fillRect(room, Qt.BrushStyle.Dense7Pattern)
            return
        size = image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(QPoint(0, 0), size)
        target.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)

    def _paint_heading(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        area: QRect,
        heading: Heading,
        index: Index,
    ) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        colour = option.palette.color(role)
        x, y = area.x() + 5, area.center().y()
        if heading.folded:
            arrow = [QPoint(x, y - 4), QPoint(x + 5, y), QPoint(x, y + 4)]
        else:
            arrow = [QPoint(x - 2, y - 2), QPoint(x + 6, y - 2), QPoint(x + 2, y + 3)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygon(arrow))
        painter.restore()
        count = count_text(heading.count)
        room = option.fontMetrics.horizontalAdvance(count) + 10
        text = area.adjusted(18, 0, -room, 0)
        font = QFont(option.font)
        font.setBold(True)
        painter.save()
        painter.setFont(font)
        painter.setPen(colour)
        middle = Qt.AlignmentFlag.AlignVCenter
        name = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideMiddle, text.width()
        )
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()
        painter.setPen(colour if chosen else muted(option.palette))
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, count)


def name_lines(name: str, metrics: QFontMetrics, width: int, most: int) -> str:
    """A name over at most so many lines; names that begin alike are told apart by their ends."""
    lines: list[str] = []
    while len(lines) < most - 1 and metrics.horizontalAdvance(name) > width:
        fits = len(metrics.elidedText(name, Qt.TextElideMode.ElideRight, width)) - 1
        if fits < 1:
            break
        lines.append(name[:fits])
        name = name[fits:]
    return "\n".join((*lines, metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)))
