"""The pinned image twice: with the labels of the person, and with what the network sees now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.learning.pinned import Outline, PinnedImage

GAP: Final = 6
PLAIN: Final = "#e69f00"


class PictureView(QWidget):
    """Two small pictures beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self._image: PinnedImage | None = None
        self._seen: tuple[Outline, ...] = ()
        self._colours: Mapping[str, str] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_image(self, image: PinnedImage | None, seen: Sequence[Outline]) -> None:
        """Show an image and what is seen in it."""
        if image is not self._image:
            self._image = image
            self.updateGeometry()
        self._seen = tuple(seen)
        self.update()

    def set_colours(self, colours: Mapping[str, str]) -> None:
        """The colours of the labels."""
        self._colours = colours
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room, and as high as the image needs."""
        return QSize(260, self.heightForWidth(260))

    def heightForWidth(self, width: int) -> int:
        """Two pictures, beside each other, with a line of text above."""
        if self._image is None:
            return 0
        size = self._image.picture.size()
        each = (width - GAP) / 2
        return round(each * size.height() / max(1, size.width())) + self.fontMetrics().height() + 4

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint both."""
        image = self._image
        if image is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        head = self.fontMetrics().height() + 4
        each = (self.width() - GAP) / 2
        size = image.picture.size()
        factor = min(each / size.width(), (self.height() - head) / size.height())
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText)
        halves = ((self.tr("Your labels"), image.labels), (self.tr("What it sees"), self._seen))
        for place, (title, outlines) in enumerate(halves):
            x = place * (each + GAP)
            painter.setPen(muted)
            painter.drawText(QRectF(x, 0, each, head), Qt.AlignmentFlag.AlignLeft, title)
            painter.save()
            painter.translate(x, head)
            painter.scale(factor, factor)
            painter.setClipRect(QRectF(image.picture.rect()))
            painter.drawImage(0, 0, image.picture)
            self._paint(painter, outlines)
            painter.restore()
        painter.end()

    def _paint(self, painter: QPainter, outlines: Sequence[Outline]) -> None:
        for outline in outlines:
            pen = QPen(QColor(self._colours.get(outline.label, PLAIN)), 1.6)
            pen.setCosmetic(True)
            painter.setPen(pen)
            for ring in outline.rings:
                painter.drawPolygon(ring)
