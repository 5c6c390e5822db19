"""A page of a panel that scrolls up and down when the panel is low."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget


class ScrollPage(QScrollArea):
    """Widgets are added to `column`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        body = QWidget()
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(10, 8, 10, 10)
        self.column.setSpacing(8)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setAccessibleName(name)


def wrapped(text: str = "") -> QLabel:
    """A label that breaks its lines."""
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def say(label: QLabel, text: str) -> None:
    """Show a text, or hide the label when there is none."""
    label.setText(text)
    label.setVisible(bool(text))
