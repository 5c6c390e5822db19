"""A small picture of the whole image on the canvas, while not all of it is in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.canvas.style import INK, PAPER, faded
from app.canvas.view import View

_LARGEST: Final = 180  # logical pixels of the longer side
_SMALLEST: Final = 48  # below this nothing is seen on it
_SHARE: Final = 0.3  # of the canvas, at most
_MARGIN: Final = 12
_LEAST: Final = 4.0  # logical pixels of the frame around what is in sight


class Overview(QWidget):
    """It frames what is in sight; `look` is called with an image point that shall be the middle.

    `picture` gives the image at some smaller size, None without one.
    """

    def __init__(self, canvas: QWidget, look: Callable[[float, float], None]) -> None:
        super().__init__(canvas)
        self.picture: Callable[[], QImage | None] = lambda: None
        self._look = look
        self._wanted = False
        self._view = View()
        self._image = (0.0, 0.0)
        self._small = QImage()
        self._made_of = 0
        self._offset: QPointF | None = None  # from the pointer to the middle of the frame
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(self.tr("Overview"))
        self.setToolTip(self.tr("The whole image; drag the frame, or click where to look"))
        self.hide()

    def set_wanted(self, wanted: bool) -> None:
        """Show it where there is need of it, or never."""
        self._wanted = wanted
        self.follow(self._view, self._image)

    def follow(self, view: View, image: tuple[float, float]) -> None:
        """Show which part of an image of this size (image pixels) a view has in sight."""
        self._view, self._image = view, image
        size = self._size()
        part = view.visible()
        whole = part.x0 <= 0 and part.y0 <= 0 and part.x1 >= image[0] and part.y1 >= image[1]
        shown = self._wanted and not whole and size is not None
        if shown and size is not None:
            bar = 20 if part.x0 > 0 or part.x1 < image[0] else 0  # the scroll bar lies below
            top = view.height - size.height() - _MARGIN - bar
            self.setGeometry(_MARGIN, top, size.width(), size.height())
            self.update()
        self.setVisible(shown)

    def frame(self) -> QRectF:
        """What is in sight, in the pixels of this widget."""
        part, scale = self._view.visible(), self._scale()
        left, top = max(part.x0, 0.0) * scale, max(part.y0, 0.0) * scale
        right = min(part.x1, self._image[0]) * scale
        bottom = min(part.y1, self._image[1]) * scale
        frame = QRectF(left, top, max(right - left, _LEAST), max(bottom - top, _LEAST))
        frame.moveRight(min(frame.right(), float(self.width())))
        frame.moveBottom(min(frame.bottom(), float(self.height())))
        return frame

    def _scale(self) -> float:
        return self.width() / max(self._image[0], 1.0)

    def _size(self) -> QSize | None:
        across, down = self._image
        most = min(_LARGEST, _SHARE * self._view.width, _SHARE * self._view.height)
        if not across or not down or most < _SMALLEST:
            return None
        scale = most / max(across, down)
        return QSize(max(round(across * scale), 2), max(round(down * scale), 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the frame, or look where the pointer is."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        frame, at = self.frame(), event.position()
        self._offset = frame.center() - at if frame.contains(at) else QPointF()
        self._go(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the frame."""
        self._go(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the frame go."""
        self._offset = None

    def _go(self, at: QPointF) -> None:
        if self._offset is not None:
            middle = (at + self._offset) / self._scale()
            self._look(middle.x(), middle.y())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, darker outside of what is in sight."""
        picture = self.picture()
        if picture is None:
            return
        size = self.size() * self.devicePixelRatioF()
        key = picture.cacheKey()
        if key != self._made_of or self._small.size() != size:
            self._made_of, smooth = key, Qt.TransformationMode.SmoothTransformation
            if picture.width() > 2 * size.width():  # else this alone would take tens of ms
                picture = picture.scaled(size * 2)
            self._small = picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        painter = QPainter(self)
        painter.drawImage(QRectF(self.rect()), self._small)
        frame = self.frame()
        dim, right, bottom = faded(INK, 0.45), frame.right(), frame.bottom()
        painter.fillRect(QRectF(0, 0, self.width(), frame.top()), dim)
        painter.fillRect(QRectF(0, bottom, self.width(), self.height() - bottom), dim)
        painter.fillRect(QRectF(0, frame.top(), frame.left(), frame.height()), dim)
        painter.fillRect(QRectF(right, frame.top(), self.width() - right, frame.height()), dim)
        painter.setPen(QPen(PAPER, 1))
        painter.drawRect(frame.adjusted(0, 0, -1, -1))
        painter.setPen(QPen(faded(INK, 0.7), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
