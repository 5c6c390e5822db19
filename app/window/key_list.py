"""All keys of the table on one page, in columns by group."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.base.action_set import ActionSet, key_texts
from app.base.actions import MOUSE, translated

COLUMNS: Final = (
    ("Tools", "Edit", "Labels"),
    ("Suggestions", "Lens", "Learning", "Image"),
    ("File", "View", MOUSE, "Help"),
)


class KeyList(QDialog):
    """A window beside the main one; it may stay open while one works."""

    def __init__(self, parent: QWidget, actions: ActionSet, *, wheel_zooms: bool) -> None:
        super().__init__(parent)
        self._wheel_zooms = wheel_zooms
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keys"))
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(20, 16, 20, 16)
        row.setSpacing(36)
        for groups in COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(4)
            for group in groups:
                self._add_group(column, group, actions)
            column.addStretch(1)
            row.addLayout(column, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        screen = self.screen().availableGeometry()
        wish = page.sizeHint()
        self.resize(min(wish.width() + 30, screen.width() - 40),
                    min(wish.height() + 10, screen.height() - 80))  # fmt: skip

    def _add_group(self, column: QVBoxLayout, group: str, actions: ActionSet) -> None:
        listed = [row for row in actions.rows.values() if row.group == group]
        lines = [
            (translated(row.text).rstrip("…"), "   ".join(texts))
            for row in listed
            if (texts := actions.keys(row.id))
        ]
        if group == MOUSE:
            lines += self._with_the_mouse()
        if not lines:
            return
        head = QLabel(translated(group))
        font = QFont(head.font())
        font.setBold(True)
        head.setFont(font)
        head.setContentsMargins(0, 10 if column.count() else 0, 0, 2)
        column.addWidget(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(3)
        for line, (what, how) in enumerate(lines):
            key = QLabel(how)
            key.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            grid.addWidget(QLabel(what), line, 0)
            grid.addWidget(key, line, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)
        column.addLayout(grid)

    def _with_the_mouse(self) -> list[tuple[str, str]]:
        """What the mouse does on the canvas; these cannot be chosen anew."""
        alt, shift, control = (
            key_texts([f"{name}+X"])[0][:-1] for name in ("Alt", "Shift", "Ctrl")
        )
        click, wheel = self.tr("click"), self.tr("wheel")
        return [
            (self.tr("Zoom at the pointer"), wheel if self._wheel_zooms else control + wheel),
            (self.tr("Go up and down"), control + wheel if self._wheel_zooms else wheel),
            (self.tr("Insert a vertex on an edge"), f"{alt}{click}   {control}{shift}{click}"),
            (self.tr("Insert a vertex and move it"), self.tr("drag the middle of an edge")),
            (self.tr("Delete a vertex"), shift + click),
            (self.tr("Select one more, or one less"), control + click),
            (self.tr("Select what is inside"), self.tr("drag beside instances")),
            (self.tr("Copy an instance"), self.tr("drag with the right button")),
            (self.tr("Accept a suggestion, change a label"), self.tr("double click")),
        ]
