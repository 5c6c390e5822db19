"""Notices: a line that floats over the canvas for four seconds, or stays when something failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon, pixmap
from app.widgets.banners import Button, Kind, kind_colour

log = logging.getLogger(__name__)
SHORT: Final = 4000  # ms
WIDTH: Final = 460
MOST: Final = 4


class Toast(QFrame):
    """One floating notice."""

    closed = Signal()

    def __init__(
        self, kind: Kind, text: str, buttons: list[Button], close_name: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.text = text
        sign = QLabel()
        sign.setPixmap(pixmap(kind.value, 18, kind_colour(kind), self.devicePixelRatioF()))
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label, 1, Qt.AlignmentFlag.AlignTop)
        cross = QToolButton()
        cross.setAutoRaise(True)
        cross.setIcon(icon("close"))
        cross.setIconSize(QSize(16, 16))
        cross.setAccessibleName(close_name)
        cross.clicked.connect(self.closed)
        row.addWidget(cross, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 8, 10)
        column.addLayout(row)
        if buttons:
            column.addLayout(self._button_row(buttons))
        self.setAccessibleName(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A card with a thin border and an edge in the colour of its kind."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.setPen(QPen(palette.color(palette.ColorRole.Mid), 1))
        painter.setBrush(palette.color(palette.ColorRole.Base))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        edge = QColor(kind_colour(self.kind))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(edge)
        painter.drawRoundedRect(0, 8, 3, self.height() - 16, 1.5, 1.5)

    def _button_row(self, buttons: list[Button]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        for caption, action in buttons:
            button = QPushButton(caption)
            button.setAutoDefault(False)
            button.clicked.connect(action)
            row.addWidget(button)
        return row


class Notices(QObject):
    """Stacks notices in the lower right corner of a widget; no sentence is there twice."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._toasts: dict[str, Toast] = {}
        self._count = 0
        host.installEventFilter(self)

    def say(
        self,
        text: str,
        kind: Kind = Kind.INFO,
        buttons: list[Button] | None = None,
        *,
        key: str = "",
    ) -> None:
        """Say something that may pass: it goes after four seconds (twice that with buttons).

        Of what is said under the same key only the last stays.
        """
        if key:
            self.succeed(f"#{key}")
        if self._told(text):
            return
        toast = self._put(f"#{key or self._count}", kind, text, buttons or [])
        timer = QTimer(toast)
        timer.setSingleShot(True)
        timer.timeout.connect(toast.closed)
        timer.start(SHORT * (2 if buttons else 1))

    def fail(self, key: str, text: str, details: str = "", *, warning: bool = False) -> None:
        """Say that something failed. It stays, one for each key, until closed or `succeed`."""
        log.warning("%s%s", text, f"\n{details}" if details else "")

        def copy() -> None:
            QGuiApplication.clipboard().setText(f"{text}\n\n{details}".strip())

        self.succeed(key)
        if self._told(text):
            return
        self._put(
            key, Kind.WARNING if warning else Kind.ERROR, text, [(self.tr("Copy details"), copy)]
        )

    def ask(self, key: str, text: str, buttons: list[Button]) -> None:
        """Ask something that stays until it is answered or closed, one for each key."""
        self.succeed(key)
        closing = [(caption, self._answering(key, action)) for caption, action in buttons]
        self._put(key, Kind.INFO, text, closing)

    def succeed(self, key: str) -> None:
        """Take the failure of this key away: it works again."""
        toast = self._toasts.pop(key, None)
        if toast is not None:
            toast.hide()
            toast.deleteLater()
            self._place()

    def texts(self) -> list[str]:
        """What is on show, oldest first."""
        return [toast.text for toast in self._toasts.values()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the corner when the host is resized."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _told(self, text: str) -> bool:
        """Whether a notice that stays says this already; it comes to the front, one that passes
        makes room."""
        for key, toast in list(self._toasts.items()):
            if toast.text == text:
                if key.startswith("#"):
                    self.succeed(key)
                else:
                    self._toasts[key] = self._toasts.pop(key)
                    self._place()
                    return True
        return False

    def _put(self, key: str, kind: Kind, text: str, buttons: list[Button]) -> Toast:
        self._count += 1
        while len(self._toasts) >= MOST:
            self.succeed(next(iter(self._toasts)))
        toast = Toast(kind, text, buttons, self.tr("Close this notice"), self._host)
        self._toasts[key] = toast
        toast.closed.connect(lambda: self._forget(key, toast))
        toast.show()
        self._place()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(toast, text))
        return toast

    def _answering(self, key: str, action: Callable[[], None]) -> Callable[[], None]:
        def act() -> None:
            self.succeed(key)
            action()

        return act

    def _forget(self, key: str, toast: Toast) -> None:
        if self._toasts.get(key) is toast:
            self.succeed(key)

    def _place(self) -> None:
        right, bottom = self._host.width() - 16, self._host.height() - 16
        for toast in reversed(self._toasts.values()):
            width = min(WIDTH, self._host.width() - 32)
            toast.setFixedWidth(width)
            toast.resize(width, toast.heightForWidth(width))
            bottom -= toast.height()
            toast.move(right - width, bottom)
            toast.raise_()
            bottom -= 8
