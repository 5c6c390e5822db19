"""All keys of the table on one page, in columns by group."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, Qt
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

translate = QCoreApplication.translate
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
            lines += with_the_mouse(self._wheel_zooms)
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


def with_the_mouse(wheel_zooms: bool) -> list[tuple[str, str]]:
    """What the mouse does on the canvas, and how; these cannot be chosen anew."""
    alt, shift, control = (key_texts([f"{name}+X"])[0][:-1] for name in ("Alt", "Shift", "Ctrl"))
    click, wheel = translate("KeyList", "click"), translate("KeyList", "wheel")
    drag = translate("KeyList", "drag")
    up_and_down = control + wheel if wheel_zooms else wheel
    return [
        (translate("KeyList", "Zoom at the pointer"), wheel if wheel_zooms else control + wheel),
        (translate("KeyList", "Go up and down"), up_and_down),
        (
            translate("KeyList", "Insert a vertex on an edge"),
            f"{alt}{click}   {control}{shift}{click}",
        ),
        (
            translate("KeyList", "Insert a vertex and move it"),
            translate("KeyList", "drag the middle of an edge"),
        ),
        (translate("KeyList", "Delete a vertex"), shift + click),
        (translate("KeyList", "Select one more, or one less"), control + click),
        (
            translate("KeyList", "Select what is inside"),
            translate("KeyList", "drag beside instances") + f"   {shift}{drag}",
        ),
        (
            translate("KeyList", "Select what lies below"),
            translate("KeyList", "click once more at the same place"),
        ),
        (
            translate("KeyList", "Copy an instance"),
            translate("KeyList", "drag with the right button"),
        ),
        (
            translate("KeyList", "Accept a suggestion, change a label"),
            translate("KeyList", "double click"),
        ),
    ]
