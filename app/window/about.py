"""Who we are, which version, under which licence."""

from __future__ import annotations

import importlib.metadata
import platform

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.base.icons import icon
from app.engine.client import EngineClient

LOG_HEIGHT = 150


class AboutDialog(QDialog):
    """A small window, which does not block, also with the last lines that the engine wrote."""

    def __init__(self, parent: QWidget, client: EngineClient) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About masklens"))
        sign = QLabel()
        sign.setPixmap(icon("app").pixmap(QSize(64, 64)))
        text = QLabel(
            f"<h3>masklens {_version()}</h3><p>"
            + self.tr("Label instance masks with a Mask R-CNN that can be looked into.")
            + "</p><p>"
            + self.tr("Apache License 2.0")
            + f"<br>Python {platform.python_version()} · Qt {qVersion()}</p>"
        )
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 24)
        for widget in (sign, text):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(widget)
        if client.engine_log:
            self._add_log(column, client.engine_log)

    def _add_log(self, column: QVBoxLayout, lines: str) -> None:
        title = QLabel(self.tr("The last lines of the engine"))
        log = QPlainTextEdit(lines)
        log.setReadOnly(True)
        log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        log.setAccessibleName(title.text())
        log.setMinimumSize(460, LOG_HEIGHT)
        for move in (QTextCursor.MoveOperation.End, QTextCursor.MoveOperation.StartOfLine):
            log.moveCursor(move)
        copy = QPushButton(self.tr("Copy"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(lines))
        for widget in (title, log, copy):
            column.addWidget(widget)


def _version() -> str:
    try:
        return importlib.metadata.version("masklens")
    except importlib.metadata.PackageNotFoundError:
        return ""
