"""The popover for how things are shown: brightness and contrast of the image, opacity of fills."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSlider, QWidget


class AdjustPopover(QFrame):
    """`image_adjusted` carries brightness and contrast, -1 to 1; `opacity_changed` 0 to 1."""

    image_adjusted = Signal(float, float)
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget, brightness: float, contrast: float, opacity: float) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setForegroundRole(QPalette.ColorRole.Mid)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(14, 12, 14, 12)
        self._grid.setHorizontalSpacing(12)
        self._brightness = self._slider(self.tr("Brightness"), -100, round(brightness * 100))
        self._contrast = self._slider(self.tr("Contrast"), -100, round(contrast * 100))
        self._opacity = self._slider(self.tr("Fill of instances"), 0, round(opacity * 100))
        for slider in (self._brightness, self._contrast):
            slider.valueChanged.connect(self._on_image)
        self._opacity.valueChanged.connect(lambda step: self.opacity_changed.emit(step / 100))
        reset = QPushButton(self.tr("Show the image as it is"))
        reset.clicked.connect(self._reset)
        self._grid.addWidget(reset, self._grid.rowCount(), 0, 1, 3)

    def open_near(self, place: QPoint) -> None:
        """Show it at a place on the screen, moved so that it stays on it."""
        screen = self._over.screen().availableGeometry()
        size = self.sizeHint()
        x = max(screen.left(), min(place.x(), screen.right() - size.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - size.height()))
        self.move(x, y)
        self.show()
        self._brightness.setFocus()

    def _slider(self, name: str, low: int, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(low, 100)
        slider.setMinimumWidth(180)
        slider.setAccessibleName(name)
        number = QLabel()
        number.setMinimumWidth(self.fontMetrics().horizontalAdvance("-100"))
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        slider.valueChanged.connect(number.setNum)
        slider.setValue(value)
        number.setNum(value)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(name), row, 0)
        self._grid.addWidget(slider, row, 1)
        self._grid.addWidget(number, row, 2)
        return slider

    def _on_image(self) -> None:
        self.image_adjusted.emit(self._brightness.value() / 100, self._contrast.value() / 100)

    def _reset(self) -> None:
        self._brightness.setValue(0)
        self._contrast.setValue(0)
