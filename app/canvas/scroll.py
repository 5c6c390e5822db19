"""Scroll bars over the right and lower edge of the canvas, while the image is larger than it.

They lie on the canvas and take no room from it: a fitted view would else change its own size.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QStyle, QStyleOptionSlider, QWidget

from app.canvas.navigator import Navigator
from app.canvas.overview import Overview
from app.canvas.style import faded
from app.canvas.view import View
from core.document.geometry.measure import Rect

_REVEAL_MARGIN = 40.0
_ROUND = 3.0
_FILLED = 0.8  # of the view, by what is zoomed to
_CLOSEST = 16.0  # logical pixels per image pixel, when zooming to something small


class _Bar(QScrollBar):
    """A flat bar that covers what is below it: the style's own makes the canvas paint again."""

    def __init__(self, orientation: Qt.Orientation, canvas: QWidget) -> None:
        super().__init__(orientation, canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The groove, and the handle where the style takes it, stronger under the pointer."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # the style takes it away
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, self
        )
        held = self.isSliderDown() or self.underMouse()
        inset, palette = (3 if held else 4), self.palette()
        painter = QPainter(self)
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Window))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = palette.color(QPalette.ColorRole.WindowText)
        painter.setBrush(faded(ink, 0.6 if held else 0.4))
        inner = QRectF(handle).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(inner, _ROUND, _ROUND)
        painter.end()


class ScrollBars:
    """Both bars. `look` is called with a centre (image pixels) when a person moves one.

    Any image point can come to the middle of the canvas, so a bar goes from the image's one edge
    in the middle to the other edge there.
    """

    def __init__(self, canvas: QWidget, look: Callable[[float, float], None]) -> None:
        self._look = look
        self._view = View()
        self._free = (0, 0, 0, 0)
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
        self._free = (0, 0, view.width - thick_down, view.height - thick_across)
        # The corner belongs to one of them: what is left is a rectangle, which Qt paints faster.
        self._across.setGeometry(0, view.height - thick_across, view.width, thick_across)
        self._down.setGeometry(view.width - thick_down, 0, thick_down, view.height - thick_across)
        self._set(self._across, across, wide, view.width, view.centre_x * view.scale)
        self._set(self._down, down, high, view.height, view.centre_y * view.scale)

    @property
    def free(self) -> tuple[int, int, int, int]:
        """The part of the canvas without bars: x, y, width and height in logical pixels."""
        return self._free

    def _make(self, canvas: QWidget, orientation: Qt.Orientation) -> QScrollBar:
        bar = _Bar(orientation, canvas)
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


class LookingWidget(QWidget):
    """A widget that shows a part of an image: zooming, panning, and the bars for it."""

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._navigator = Navigator(self._view_changed)
        self._bars = ScrollBars(self, lambda x, y: self.set_view((x, y), self.view()[1]))
        self._overview = Overview(self, lambda x, y: self.set_view((x, y), self.view()[1]))
        self._reported_scale = 0.0

    def view(self) -> tuple[tuple[float, float], float]:
        """The image point in the middle, and the scale."""
        view = self._navigator.view
        return (view.centre_x, view.centre_y), view.scale

    @property
    def chosen_view(self) -> tuple[float, float, float] | None:
        """Middle, in image pixels, and scale of a view that was chosen by hand; None: fitted."""
        (x, y), scale = self.view()
        return (x, y, scale) if self._navigator.chosen else None

    def set_view(self, centre: tuple[float, float], scale: float) -> None:
        """Put an image point in the middle at a scale."""
        self._navigator.look(centre, scale)

    def zoom_by(self, factor: float) -> None:
        """Zoom around the middle."""
        self._navigator.zoom_by(factor)

    def fit(self) -> None:
        """Show the whole image, and keep doing so when the window's size changes."""
        self._navigator.fit()

    def set_surroundings(self, width: float, height: float) -> None:
        """Let a fitted view also show what layers paint beyond the right and bottom border."""
        self._navigator.set_surroundings(width, height)

    def fit_width(self) -> None:
        """Show the whole width of the image, and keep doing so."""
        self._navigator.fit_width()

    def actual_size(self) -> None:
        """One logical pixel for each image pixel."""
        self._navigator.look(self.view()[0], 1.0)

    def zoom_to(self, rect: Rect) -> None:
        """Fill the view with a part of the image, with some room around it."""
        across, down = max(rect.width, 1e-6), max(rect.height, 1e-6)
        scale = min(self.width() / across, self.height() / down) * _FILLED
        self._navigator.look(rect.centre, min(scale, _CLOSEST))

    def reveal(self, rect: Rect) -> None:
        """Move the image, and zoom out if need be, so that a part of it is in sight."""
        self._navigator.reveal(rect, _REVEAL_MARGIN)

    def set_wheel_zooms(self, zooms: bool) -> None:
        """Let the wheel alone zoom, and Ctrl with it go up and down."""
        self._navigator.wheel_zooms = zooms

    def set_overview_wanted(self, wanted: bool) -> None:
        """Show a small picture of the image while not all of it is in sight, or never."""
        self._overview.set_wanted(wanted)

    def refresh(self) -> None:
        """Paint the canvas again, without the bars: they paint themselves, and slowly."""
        self.update(*self._bars.free)

    def _view_changed(self) -> None:
        scale = self._navigator.view.scale
        if scale != self._reported_scale:
            self._reported_scale = scale
            self.zoom_changed.emit(scale)
        self._bars.follow(self._navigator.view, self._navigator.image)
        self._overview.follow(self._navigator.view, self._navigator.image)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the image where it is, or fitted."""
        self._navigator.resize(self.width(), self.height(), self.devicePixelRatioF())
