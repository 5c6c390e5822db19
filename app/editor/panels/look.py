"""The small window that changes how images are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)

from app.base.settings import OPACITY, Settings
from app.canvas.look import ALL, GREY, Look, Rule
from app.editor.looking import Looking
from app.widgets.range_bar import RangeBar

_GAMMA_STEPS: Final = 100  # of a factor of ten
_WIDE: Final = 360


class LookPopover(QFrame):
    """Range of values, channel, brightness, contrast, gamma, fill of instances; all at once."""

    def __init__(self, parent: QWidget, looking: Looking, settings: Settings) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._over, self._looking, self._settings = parent, looking, settings
        self._showing = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setForegroundRole(QPalette.ColorRole.Mid)
        self.setAccessibleName(self.tr("How images are shown"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(14, 12, 14, 12)
        self._grid.setHorizontalSpacing(12)
        self._rule = self._combo(self.tr("Black and white"), self._set_rule)
        for text, rule in (
            (self.tr("as the model sees it"), "model"),
            (self.tr("least and largest value"), "file"),
            (self.tr("percentiles 0.1 and 99.9"), "percentiles"),
            (self.tr("chosen below"), "own"),
        ):
            self._rule.addItem(text, rule)
        self._bar = RangeBar()
        self._bar.moved.connect(looking.set_range)
        self._grid.addWidget(self._bar, self._grid.rowCount(), 0, 1, 3)
        self._low, self._high = self._spin(self.tr("Black")), self._spin(self.tr("White"))
        ends = QHBoxLayout()
        ends.setSpacing(8)
        for word, spin in ((self.tr("Black"), self._low), (self.tr("White"), self._high)):
            ends.addWidget(QLabel(word))
            ends.addWidget(spin, 1)
        self._grid.addLayout(ends, self._grid.rowCount(), 0, 1, 3)
        self._channel = self._combo(self.tr("Channel"), self._set_channel)
        self._brightness = self._slider(self.tr("Brightness"), -100, 100, "{:.0f}")
        self._contrast = self._slider(self.tr("Contrast"), -100, 100, "{:.0f}")
        self._gamma = self._slider(self.tr("Gamma"), -_GAMMA_STEPS, _GAMMA_STEPS, "{:.2f}", _gamma)
        for slider in (self._brightness, self._contrast, self._gamma):
            slider.valueChanged.connect(self._on_slider)
        self._fill = self._slider(self.tr("Fill of instances"), 0, 100, "{:.0f}")
        self._fill.valueChanged.connect(lambda step: settings.set(OPACITY, step / 100))
        note = QLabel(self.tr("The file and what the model sees stay as they are."))
        note.setWordWrap(True)
        note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._grid.addWidget(note, self._grid.rowCount(), 0, 1, 3)
        reset = QPushButton(self.tr("Show the image as it is"))
        reset.clicked.connect(looking.reset)
        self._grid.addWidget(reset, self._grid.rowCount(), 0, 1, 3)
        self.setMinimumWidth(_WIDE)
        looking.changed.connect(self._show)
        self._show()
        looking.learn_values()

    def open_near(self, place: QPoint) -> None:
        """Show it at a place on the screen, moved so that it stays on it."""
        screen = self._over.screen().availableGeometry()
        size = self.sizeHint().expandedTo(self.minimumSize())
        x = max(screen.left(), min(place.x(), screen.right() - size.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - size.height()))
        self.move(x, y)
        self.show()
        self._brightness.setFocus()

    # What a person does

    def _set_rule(self, rule: Rule) -> None:
        bounds = self._looking.bounds
        if rule == "own" and bounds is not None:
            self._looking.set_range(*bounds)
        else:
            self._looking.set(replace(self._looking.look, rule=rule))

    def _set_channel(self, channel: int) -> None:
        self._looking.set(replace(self._looking.look, channel=channel))

    def _on_spin(self) -> None:
        low, high = self._low.value(), self._high.value()
        if low < high and (low, high) != self._looking.bounds:
            self._looking.set_range(low, high)

    def _on_slider(self) -> None:
        if self._showing:
            return
        self._looking.set(
            replace(
                self._looking.look,
                brightness=self._brightness.value() / 100,
                contrast=self._contrast.value() / 100,
                gamma=_gamma(self._gamma.value()),
            )
        )

    # What is shown

    def _show(self) -> None:
        self._showing = True
        self._show_look(self._looking.look)
        self._showing = False

    def _show_look(self, look: Look) -> None:
        _put(self._rule, look.rule)
        self._show_channels(look)
        for slider, step in (
            (self._brightness, round(look.brightness * 100)),
            (self._contrast, round(look.contrast * 100)),
            (self._gamma, round(math.log10(look.gamma) * _GAMMA_STEPS)),
            (self._fill, round(self._settings.get(OPACITY) * 100)),
        ):
            if slider.value() != step:
                slider.setValue(step)
        values, bounds = self._looking.values, self._looking.bounds
        known = values is not None and bounds is not None
        for widget in (self._bar, self._low, self._high):
            widget.setEnabled(known)
        if values is None or bounds is None:
            return
        whole = (0.0, 255.0) if values.kind == "uint8" else values.bounds
        least, most = _limits(values.array.dtype, values.bounds)
        self._bar.set_values(values.histogram, whole)
        self._bar.set_range(*bounds)
        for spin, value in ((self._low, bounds[0]), (self._high, bounds[1])):
            with QSignalBlocker(spin):
                spin.setDecimals(0 if values.array.dtype.kind in "iu" else 4)
                spin.setRange(least, most)
                spin.setSingleStep(max((whole[1] - whole[0]) / 100, 1e-4))
                if not spin.hasFocus() or abs(spin.value() - value) > spin.singleStep() / 1e3:
                    spin.setValue(value)

    def _show_channels(self, look: Look) -> None:
        named = [self.tr("red"), self.tr("green"), self.tr("blue")]
        bands, values = self._looking.channels, self._looking.values
        if bands != 3 or (values is not None and values.colours < 3):
            named = [self.tr("channel {n}").format(n=k + 1) for k in range(bands)]
        items = [(self.tr("as the model sees it"), ALL), *zip(named, range(bands), strict=False),
                 (self.tr("grey"), GREY)]  # fmt: skip
        if [self._channel.itemText(k) for k in range(self._channel.count())] != [
            text for text, _ in items
        ]:
            with QSignalBlocker(self._channel):
                self._channel.clear()
                for text, channel in items:
                    self._channel.addItem(text, channel)
        _put(self._channel, look.channel)

    # Rows

    def _row(self, name: str, widget: QWidget, number: QLabel | None = None) -> None:
        row = self._grid.rowCount()
        widget.setAccessibleName(name)
        self._grid.addWidget(QLabel(name), row, 0)
        self._grid.addWidget(widget, row, 1, 1, 2 if number is None else 1)
        if number is not None:
            self._grid.addWidget(number, row, 2)

    def _combo(self, name: str, act: Callable[[Any], object]) -> QComboBox:
        combo = QComboBox()
        combo.currentIndexChanged.connect(lambda _place: act(combo.currentData()))
        self._row(name, combo)
        return combo

    def _spin(self, name: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setAccessibleName(name)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(self._on_spin)
        return spin

    def _slider(
        self,
        name: str,
        low: int,
        high: int,
        text: str,
        value: Callable[[int], float] = float,
    ) -> QSlider:
        slider, number = QSlider(Qt.Orientation.Horizontal), QLabel()
        slider.setRange(low, high)
        slider.setMinimumWidth(180)
        number.setMinimumWidth(self.fontMetrics().horizontalAdvance("-100.0"))
        number.setAlignment(Qt.AlignmentFlag.AlignRight)

        def tell() -> None:
            number.setText(text.format(value(slider.value())))

        slider.valueChanged.connect(tell)
        tell()
        self._row(name, slider, number)
        return slider


def _gamma(step: int) -> float:
    """The gamma of a step of its slider, 0.1 to 10."""
    return float(round(10 ** (step / _GAMMA_STEPS), 4))


def _put(combo: QComboBox, data: object) -> None:
    with QSignalBlocker(combo):
        combo.setCurrentIndex(max(combo.findData(data), 0))


def _limits(dtype: np.dtype[Any], bounds: tuple[float, float]) -> tuple[float, float]:
    """What may be typed: all that such a number can hold where that is little, else `bounds`."""
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        kinds = np.iinfo(dtype)
        return float(kinds.min), float(kinds.max)
    return bounds
