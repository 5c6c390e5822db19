"""Icons: our own SVG drawings, tinted with the palette's text colour at any pixel ratio."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES: Final = (16, 20, 32, 40, 64)


def icon(name: str, colour: QColor | None = None) -> QIcon:
    """The drawing `name` in `colour` (default: button text of the current palette)."""
    palette = QGuiApplication.palette()
    normal = colour or palette.color(QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    selected = palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(name, normal.name(), disabled.name(), (colour or selected).name())


def pixmap(name: str, size: int, colour: QColor, ratio: float = 1.0) -> QPixmap:
    """One drawing as a pixmap of `size` logical pixels."""
    image = _draw(name, round(size * ratio), colour.name())
    image.setDevicePixelRatio(ratio)
    return image


@cache
def _icon(name: str, normal: str, disabled: str, selected: str) -> QIcon:
    made = QIcon()
    for size in SIZES:
        made.addPixmap(_draw(name, size, normal), QIcon.Mode.Normal)
        made.addPixmap(_draw(name, size, disabled), QIcon.Mode.Disabled)
        made.addPixmap(_draw(name, size, selected), QIcon.Mode.Selected)
    return made


@cache
def _source(name: str) -> str:
    return files("resources").joinpath("icons", f"{name}.svg").read_text("utf-8")


def _draw(name: str, size: int, colour: str) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    image = QPixmap(QSize(size, size))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image
