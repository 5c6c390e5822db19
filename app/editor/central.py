"""The middle of the window: banners, then the canvas or what stands in its place."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.canvas.viewport import Viewport
from app.editor.empty_state import EmptyState, MessagePage
from app.widgets.banners import Banners, Kind


class Central(QWidget):
    """Banners above, and below them one page at a time."""

    def __init__(self, open_folder: QAction, try_sample: QAction, viewport: Viewport) -> None:
        super().__init__()
        self.banners = Banners()
        self.viewport = viewport
        self.empty = EmptyState(open_folder, try_sample)
        self.message = MessagePage()
        self.stack = QStackedWidget()
        for page in (self.empty, self.message, self.viewport):
            self.stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banners)
        column.addWidget(self.stack, 1)

    def show_welcome(self) -> None:
        """No folder is open."""
        self.stack.setCurrentWidget(self.empty)

    def show_message(self, kind: Kind, text: str) -> None:
        """There is no image to show; say why."""
        self.message.show_message(kind, text)
        self.stack.setCurrentWidget(self.message)

    def show_canvas(self) -> None:
        """There is an image."""
        self.stack.setCurrentWidget(self.viewport)
