"""A titled part of a panel: a heading with small buttons at its right, and a body."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Section(QWidget):
    """Heading and body; `note` stands muted beside the heading."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(title)
        font = QFont(self._title.font())
        font.setBold(True)
        self._title.setFont(font)
        self._note = QLabel()
        self._note.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._head = QHBoxLayout()
        self._head.setContentsMargins(10, 6, 6, 2)
        self._head.setSpacing(6)
        self._head.addWidget(self._title)
        self._head.addWidget(self._note, 1)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._head)
        column.addLayout(self.body, 1)

    def set_note(self, text: str) -> None:
        """Say something short beside the heading, such as a count."""
        self._note.setText(text)

    def add_button(self, action: QAction) -> QToolButton:
        """Put a small button at the right of the heading."""
        button = small_button(action)
        self._head.addWidget(button)
        return button


def small_button(action: QAction) -> QToolButton:
    """A flat icon button of 26 pixels for an action."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAutoRaise(True)
    button.setIconSize(QSize(16, 16))
    button.setMinimumSize(26, 26)
    button.setAccessibleName(action.text())
    return button
