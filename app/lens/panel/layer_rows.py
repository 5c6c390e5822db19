"""Rows of layers: a switch, a count and an opacity each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider, QWidget

from app.base.words import count_text
from app.canvas.layers.plain import PlainLayer


class LayerRows(QWidget):
    """One row a layer, by its name; `refresh` follows switches and counts."""

    def __init__(
        self,
        titles: Mapping[str, str],
        layers: Mapping[str, PlainLayer],
        set_visible: Callable[[str, bool], object],
        set_opacity: Callable[[str, float], object],
    ) -> None:
        super().__init__()
        self._layers = layers
        self.switches: dict[str, QCheckBox] = {}
        self._rows: dict[str, tuple[QWidget, ...]] = {}
        self._counts: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(5)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for row, (name, title) in enumerate(titles.items()):
            switch, count = QCheckBox(title), QLabel()
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(5, 100)
            slider.setFixedWidth(44)
            slider.setValue(round(layers[name].opacity * 100))
            slider.setAccessibleName(self.tr("Opacity: {layer}").format(layer=title))
            slider.setToolTip(self.tr("Opacity"))
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            count.setForegroundRole(self.palette().ColorRole.PlaceholderText)
            switch.toggled.connect(lambda on, name=name: set_visible(name, on))
            slider.valueChanged.connect(lambda value, name=name: set_opacity(name, value / 100))
            grid.addWidget(switch, row, 0)
            grid.addWidget(count, row, 1)
            grid.addWidget(slider, row, 2)
            self.switches[name], self._counts[name] = switch, count
            self._rows[name] = switch, count, slider

    def show_only(self, there: Callable[[str], bool]) -> None:
        """Show only the rows of layers that there are."""
        for name, row in self._rows.items():
            for widget in row:
                widget.setVisible(there(name))

    def refresh(self) -> None:
        """Show which layers are seen and what they hold."""
        for name, switch in self.switches.items():
            layer = self._layers[name]
            with QSignalBlocker(switch):
                switch.setChecked(layer.visible)
            self._counts[name].setText(count_text(layer.count) if layer.count else "")
