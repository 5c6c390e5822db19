"""Scroll bars over the right and lower edge of the canvas, while the image is larger than it.

They lie on the canvas and take no room from it: a fitted view would else change its own size.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QScrollBar, QWidget

from app.canvas.view import View


class ScrollBars:
    """Both bars. `look` is called with a centre (image pixels) when a person moves one.

    Any image point can come to the middle of the canvas, so a bar goes from the image's one edge
    in the middle to the other edge there.
    """

    def __init__(self, canvas: QWidget, look: Callable[[float, float], None]) -> None:
        self._look = look
        self._view = View()
        self._down = self._make(canvas, Qt.Orientation.Vertical)
        self._across = self._make(canvas, Qt.Orientation.Horizontal)
        self._down.setAccessibleName(QCoreApplication.translate("scroll", "Scroll up and down"))
        self._across.setAccessibleName(QCoreApplication.translate("scroll", "Scroll sideways"))

    def follow(self, view: View, image: tuple[float, float]) -> None:
        """Show where the view is on an image of this size (image pixels)."""
        self._view = view
        wide, high = image[0] * view.scale, image[1] * view.scale
        across, down = wide > view.width + 1, high > view.height + 1
        thick_down = self._down.sizeHint().width() if down else 0
        thick_across = self._across.sizeHint().height() if across else 0
        self._across.setGeometry(
            0, view.height - thick_across, view.width - thick_down, thick_across
        )
        self._down.setGeometry(view.width - thick_down, 0, thick_down, view.height - thick_across)
        self._set(self._across, across, wide, view.width, view.centre_x * view.scale)
        self._set(self._down, down, high, view.height, view.centre_y * view.scale)

    def _make(self, canvas: QWidget, orientation: Qt.Orientation) -> QScrollBar:
        bar = QScrollBar(orientation, canvas)
        bar.setCursor(Qt.CursorShape.ArrowCursor)
        bar.hide()
        bar.valueChanged.connect(self._moved)
        return bar

    def _set(self, bar: QScrollBar, shown: bool, size: float, page: int, value: float) -> None:
        with QSignalBlocker(bar):
            bar.setRange(0, round(size))
            bar.setPageStep(page)
            bar.setSingleStep(max(1, page // 10))
            bar.setValue(round(value))
        bar.setVisible(shown)

    def _moved(self) -> None:
        view = self._view
        # A bar that is hidden, or stands where the view is, must not round the view to its steps.
        x = self._place(self._across, view.centre_x)
        y = self._place(self._down, view.centre_y)
        self._look(x, y)

    def _place(self, bar: QScrollBar, now: float) -> float:
        if bar.isHidden() or bar.value() == round(now * self._view.scale):
            return now
        return bar.value() / self._view.scale
