"""Pictures of what stays as it is from one frame to the next."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtGui import QImage, QPainter


class Still:
    """Paints anew while what is shown changes; once it stays the same, from one picture of it.

    So neither a moving view pays for pictures that serve once, nor a resting one for all that lies
    below the pointer.
    """

    def __init__(self, format: QImage.Format) -> None:
        self._format = format
        self._image: QImage | None = None
        self._key: Hashable = None

    def outdate(self) -> None:
        """What is shown is another now."""
        self._key = self._image = None

    def paint(
        self,
        painter: QPainter,
        size: tuple[int, int],
        key: Hashable,
        draw: Callable[[QPainter], None],
    ) -> None:
        """Show what `draw` paints on `size` device pixels; `key` says all about it."""
        key = (size, key)
        if key != self._key:
            self._key, self._image = key, None
            draw(painter)
            return
        if self._image is None:
            self._image = QImage(*size, self._format)
            self._image.fill(0)
            inner = QPainter(self._image)
            draw(inner)
            inner.end()
        painter.drawImage(0, 0, self._image)
