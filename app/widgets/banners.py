"""Banners: a line above the canvas that says something lasting and offers what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon, pixmap
from app.base.theme import is_dark

_LETTERS: Final = 48
"""Where less room than this is left beside the buttons, they go below the sentence."""


class Kind(Enum):
    """How serious a notice is; the value is its icon."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def kind_colour(kind: Kind) -> QColor:
    """The accent of a kind, legible on the ground of either theme."""
    light = {Kind.INFO: "#0b62a8", Kind.WARNING: "#8a5a00", Kind.ERROR: "#b3261e"}
    dark = {Kind.INFO: "#6ab0ea", Kind.WARNING: "#e0a83e", Kind.ERROR: "#f2877f"}
    return QColor((dark if is_dark() else light)[kind])


Button = tuple[str, Callable[[], None]]


class Banner(QFrame):
    """Icon, sentence, buttons beside or below it, and a cross unless it must be answered."""

    closed = Signal()

    def __init__(self, kind: Kind, text: str, buttons: Sequence[Button], close: str | None) -> None:
        super().__init__()
        self.kind = kind
        self._sign = QLabel()
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
        self.setAccessibleName(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(8)
        row.addWidget(self._sign)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.addWidget(label, 1)
        self._buttons = QHBoxLayout()
        for caption, action in buttons:
            button = QPushButton(caption)
            button.setAutoDefault(False)
            button.clicked.connect(action)
            self._buttons.addWidget(button)
        self._buttons.addStretch()
        if buttons:
            self._body.addLayout(self._buttons)
        row.addLayout(self._body, 1)
        self._cross = QToolButton()
        self._cross.setAutoRaise(True)
        self._cross.setIconSize(QSize(16, 16))
        if close is None:
            self._cross.hide()
        self._cross.setAccessibleName(close or "")
        self._cross.setToolTip(close or "")
        self._cross.clicked.connect(self.closed)
        row.addWidget(self._cross)
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons never take the room of the sentence."""
        beside = self.width() - self._buttons.sizeHint().width()
        narrow = beside < _LETTERS * self.fontMetrics().averageCharWidth()
        way = QBoxLayout.Direction
        self._body.setDirection(way.TopToBottom if narrow else way.LeftToRight)
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A tinted ground with a rule below."""
        painter = QPainter(self)
        accent = kind_colour(self.kind)
        ground = QColor(accent)
        ground.setAlpha(38 if is_dark() else 24)
        painter.fillRect(self.rect(), ground)
        painter.fillRect(0, 0, 3, self.height(), accent)

    def _tint(self) -> None:
        self._sign.setPixmap(
            pixmap(self.kind.value, 18, kind_colour(self.kind), self.devicePixelRatioF())
        )
        self._cross.setIcon(icon("close"))


class Banners(QWidget):
    """The banners above the canvas, at most one for each key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._shown: dict[str, Banner] = {}

    def show_banner(
        self,
        key: str,
        kind: Kind,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        closable: bool = True,
        details: str = "",
    ) -> Banner:
        """Show a banner; one with the same key goes. Buttons close it before they act.

        `details` can be copied.
        """
        self.drop(key)
        closing = [(caption, self._closing(key, action)) for caption, action in buttons]
        if details:
            whole = f"{text}\n\n{details}"
            copy = (self.tr("Copy details"), lambda: QGuiApplication.clipboard().setText(whole))
            closing.insert(0, copy)
        banner = Banner(kind, text, closing, self.tr("Close") if closable else None)
        banner.closed.connect(lambda: self.drop(key))
        self._shown[key] = banner
        self._column.addWidget(banner)
        return banner

    def drop(self, key: str) -> None:
        """Take a banner away."""
        banner = self._shown.pop(key, None)
        if banner is not None:
            banner.hide()
            banner.deleteLater()

    def drop_all(self, prefix: str) -> None:
        """Take away all banners whose key begins with `prefix`."""
        for key in [key for key in self._shown if key.startswith(prefix)]:
            self.drop(key)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of what is shown."""
        return tuple(self._shown)

    def _closing(self, key: str, action: Callable[[], None]) -> Callable[[], None]:
        def act() -> None:
            self.drop(key)
            action()

        return act
