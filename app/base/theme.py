"""Colours of the program: two palettes over the Fusion style, following the system or the user."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QProxyStyle, QStyle, QStyleOption, QWidget

Role = QPalette.ColorRole
Group = QPalette.ColorGroup

# Chrome is neutral, so that the colours of labels and of the photo are the only loud ones.
LIGHT: Final[dict[Role, str]] = {
    Role.Window: "#f3f4f6",
    Role.WindowText: "#1c2026",
    Role.Base: "#ffffff",
    Role.AlternateBase: "#f7f8fa",
    Role.Text: "#1c2026",
    Role.Button: "#f8f9fb",
    Role.ButtonText: "#1c2026",
    Role.BrightText: "#ffffff",
    Role.Light: "#ffffff",
    Role.Midlight: "#e6e8ec",
    Role.Mid: "#c3c8d0",
    Role.Dark: "#9aa1ac",
    Role.Shadow: "#6b7280",
    Role.Highlight: "#0b62a8",
    Role.HighlightedText: "#ffffff",
    Role.Accent: "#0b62a8",
    Role.Link: "#0b62a8",
    Role.LinkVisited: "#5b3fa0",
    Role.ToolTipBase: "#26292e",
    Role.ToolTipText: "#f2f4f7",
    Role.PlaceholderText: "#666e7c",
}
DARK: Final[dict[Role, str]] = {
    Role.Window: "#24272b",
    Role.WindowText: "#e4e7eb",
    Role.Base: "#1a1c1f",
    Role.AlternateBase: "#1e2124",
    Role.Text: "#e4e7eb",
    Role.Button: "#2e3237",
    Role.ButtonText: "#e4e7eb",
    Role.BrightText: "#ffffff",
    Role.Light: "#41464d",
    Role.Midlight: "#353a40",
    Role.Mid: "#454b53",
    Role.Dark: "#15171a",
    Role.Shadow: "#0c0d0f",
    Role.Highlight: "#2f7fc8",
    Role.HighlightedText: "#ffffff",
    Role.Accent: "#4a9be0",
    Role.Link: "#6ab0ea",
    Role.LinkVisited: "#b6a0ee",
    Role.ToolTipBase: "#3a3f46",
    Role.ToolTipText: "#f2f4f7",
    Role.PlaceholderText: "#98a0ab",
}
FADED: Final = {True: "#6d747e", False: "#9aa1ab"}  # disabled text, by darkness
SCHEMES: Final = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


_BOXES: Final = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
)
_RADIO: Final = QStyle.PrimitiveElement.PE_IndicatorRadioButton


class Outlined(QProxyStyle):
    """Fusion, with a border around check boxes: on dark ground its own cannot be seen.

    Every label, those of message boxes and tool tips too, shows its text as it is: a file may have
    a name that Qt would take for HTML. One that is meant to be rich says so (`setTextFormat`).
    """

    def __init__(self) -> None:
        super().__init__("Fusion")

    def polish(self, target: Any) -> None:
        """Make plain what would guess."""
        if isinstance(target, QLabel) and target.textFormat() == Qt.TextFormat.AutoText:
            target.setTextFormat(Qt.TextFormat.PlainText)
        super().polish(target)

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw as Fusion does, then the border."""
        super().drawPrimitive(element, option, painter, widget)
        if element in _BOXES or element == _RADIO:
            painter.save()
            painter.setPen(muted(option.palette))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            frame = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
            if element == _RADIO:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.drawEllipse(frame)
            else:
                painter.drawRect(frame)
            painter.restore()


class Theme(QObject):
    """Keeps the application's palette in step with the chosen or the system's colour scheme."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = "system"
        self._style = Outlined()
        application.setStyle(self._style)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._apply)
        self._apply()

    def choose(self, name: str) -> None:
        """Follow `system`, or stay `light` or `dark`."""
        self._choice = name
        # What Qt does not paint itself, such as title bars, follows where the platform can do it.
        QGuiApplication.styleHints().setColorScheme(SCHEMES[name])
        self._apply()

    @property
    def dark(self) -> bool:
        """Whether the dark palette is in force."""
        if self._choice == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._choice == "dark"

    def _apply(self) -> None:
        self._application.setPalette(make_palette(self.dark))
        self.changed.emit()


def is_dark() -> bool:
    """Whether the application is painted dark."""
    return QGuiApplication.palette().color(Role.Window).lightness() < 128


def make_palette(dark: bool) -> QPalette:
    """The whole palette, with disabled text faded."""
    palette = QPalette()
    for role, colour in (DARK if dark else LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText, Role.PlaceholderText):
        palette.setColor(Group.Disabled, role, QColor(FADED[dark]))
    palette.setColor(Group.Disabled, Role.Highlight, QColor(palette.color(Role.Mid)))
    return palette


def muted(palette: QPalette) -> QColor:
    """The colour of secondary text on this palette; still 4.5 to 1 against the ground."""
    return palette.color(Role.PlaceholderText)
