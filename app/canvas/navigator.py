"""Zooming and panning: keeps the view, answers the wheel, pinches and drags."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent

from app.canvas.view import View
from core.document.geometry.measure import Rect

NOTCH = 120.0
"""What one notch of a wheel reports, in eighths of a degree."""
STEPS_PER_DOUBLING = 4
"""Notches from a scale to the double; scales then repeat exactly, and so do their tiles."""
_PIXELS_PER_NOTCH = 96.0


class _Mode(Enum):
    FREE = auto()
    FIT = auto()  # the whole image follows the size of the window
    FIT_WIDTH = auto()


class Navigator:
    """The view of an image. `changed` is called after each change of the view."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.view = View()
        self.wheel_zooms = False
        self._changed = changed
        self._mode = _Mode.FIT
        self._image = (0.0, 0.0)
        self._around = (0.0, 0.0)
        self._hand: QPointF | None = None

    @property
    def image(self) -> tuple[float, float]:
        """Width and height of the image that is looked at; 0 when there is none."""
        return self._image

    @property
    def chosen(self) -> bool:
        """Whether the view was chosen by hand, and is not fitted."""
        return self._mode is _Mode.FREE

    def set_image(self, width: float, height: float) -> None:
        """Look at an image of another size."""
        self._image, self._around = (width, height), (0.0, 0.0)
        if self._mode is _Mode.FREE:
            self._show(self.view)
        else:
            self._refit()

    def set_surroundings(self, width: float, height: float) -> None:
        """Fit the image together with an area of this size whose corner it shares."""
        if (width, height) != self._around:
            self._around = (width, height)
            if self._mode is not _Mode.FREE:
                self._refit()

    def resize(self, width: int, height: int, dpr: float) -> None:
        """The viewport has another size (logical pixels) or pixel ratio."""
        self.view = replace(self.view, width=max(width, 1), height=max(height, 1), dpr=dpr)
        if self._mode is _Mode.FREE:
            self._show(self.view)
        else:
            self._refit()

    def fit(self) -> None:
        """Show the whole image, and go on doing so when the window's size changes."""
        self._mode = _Mode.FIT
        self._refit()

    def fit_width(self) -> None:
        """Show the whole width of the image, and go on doing so."""
        self._mode = _Mode.FIT_WIDTH
        self._refit()

    def look(self, centre: tuple[float, float], scale: float) -> None:
        """Put an image point in the middle of the viewport at a scale."""
        self._mode = _Mode.FREE
        self._show(replace(self.view, centre_x=centre[0], centre_y=centre[1], scale=scale))

    def reveal(self, rect: Rect, margin: float) -> None:
        """Bring a part of the image into sight, `margin` logical pixels from the border.

        The view moves no further than needed, and zooms out only when the part is too large.
        """
        view = self.view
        room = min(
            (view.width - 2 * margin) / max(rect.width, 1e-6),
            (view.height - 2 * margin) / max(rect.height, 1e-6),
        )
        if room <= 0:
            return
        scale = min(view.scale, room)
        half_x, half_y = (view.width / 2 - margin) / scale, (view.height / 2 - margin) / scale
        x = min(max(view.centre_x, rect.x1 - half_x), rect.x0 + half_x)
        y = min(max(view.centre_y, rect.y1 - half_y), rect.y0 + half_y)
        if (x, y, scale) != (view.centre_x, view.centre_y, view.scale):
            self.look((x, y), scale)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a logical point, or around the middle."""
        self._zoom_to(self.view.scale * factor, at)

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        self._mode = _Mode.FREE
        self._show(self.view.panned(dx, dy))

    @property
    def panning(self) -> bool:
        """Whether the image is being dragged."""
        return self._hand is not None

    def grab(self, at: QPointF) -> None:
        """Take the image by the hand."""
        self._hand = at

    def drag(self, at: QPointF) -> None:
        """The hand moves."""
        if self._hand is not None:
            moved = at - self._hand
            self._hand = at
            self.pan(moved.x(), moved.y())

    def let_go(self) -> None:
        """The hand lets go."""
        self._hand = None

    def wheel(self, event: QWheelEvent) -> None:
        """Ctrl zooms at the pointer, Shift goes sideways, the wheel alone goes up and down.

        With `wheel_zooms` the wheel alone zooms and Ctrl goes up and down.
        """
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        sideways = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if control != self.wheel_zooms and not sideways:
            self._wheel_zoom(event)
            return
        delta = QPointF(event.pixelDelta())
        if delta.isNull():
            delta = QPointF(event.angleDelta()) * (_PIXELS_PER_NOTCH / NOTCH)
        if sideways and delta.x() == 0:
            delta = delta.transposed()
        self.pan(delta.x(), delta.y())

    def pinch(self, event: QNativeGestureEvent) -> bool:
        """A gesture on a trackpad. False when it is not about zooming."""
        kind = event.gestureType()
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1.0 + event.value(), event.position())
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            self.fit() if self._mode is _Mode.FREE else self._zoom_to(1.0, event.position())
        else:
            return False
        return True

    def _wheel_zoom(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or event.angleDelta().x()
        notches = delta / NOTCH
        rung = math.log2(self.view.scale) * STEPS_PER_DOUBLING + notches
        if notches == round(notches):
            # Whole notches land on the rungs of a ladder that has 100 % on it.
            rung = math.floor(rung + 1e-6) if notches > 0 else math.ceil(rung - 1e-6)
        self._zoom_to(2.0 ** (rung / STEPS_PER_DOUBLING), event.position())

    def _zoom_to(self, scale: float, at: QPointF | None) -> None:
        self._mode = _Mode.FREE
        view = self.view
        limited = replace(view, scale=scale).within(*self._image).scale
        x, y = (at.x(), at.y()) if at is not None else (view.width / 2, view.height / 2)
        self._show(view.zoomed(limited, x, y))

    def _refit(self) -> None:
        width_only = self._mode is _Mode.FIT_WIDTH
        width, height = (max(pair) for pair in zip(self._image, self._around, strict=True))
        self._show(self.view.fitted(width, height, width_only=width_only))

    def _show(self, view: View) -> None:
        self.view = view.within(*self._image)
        self._changed()
