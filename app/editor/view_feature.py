"""How the image is looked at: zoom, what is shown on it, how strong; the canvas itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QMenu, QPushButton, QSlider, QWidget

from app.base.actions import MOUSE, VIEW, Action, Scope
from app.base.feature import Feature, FocusArea
from app.base.settings import COLOUR_BY, CROSSHAIR, OPACITY, TAGS, WHEEL
from app.editor.services import Services, image

OPACITIES: Final = (0.0, 0.2, 0.35, 0.6)
ZOOM: Final = 1.25


class ViewFeature(Feature):
    """It has no panel: the canvas is its place."""

    NAME = "view"

    def __init__(self, services: Services) -> None:
        super().__init__(services.viewport)
        self.services = services
        self.instances_shown = True
        self._adjusted = (0.0, 0.0)
        services.settings.changed.connect(self._on_setting)
        for key in (COLOUR_BY.key, OPACITY.key, WHEEL.key, TAGS.key, CROSSHAIR.key):
            self._on_setting(key)

    def focus_areas(self) -> Sequence[FocusArea]:
        """The canvas."""
        return ((self.services.viewport, self.services.viewport.setFocus),)

    def _on_setting(self, key: str) -> None:
        canvas, settings = self.services.viewport, self.services.settings
        if key == OPACITY.key:
            canvas.set_opacity(settings.get(OPACITY))
        elif key == COLOUR_BY.key:
            canvas.set_colour_by(settings.get(COLOUR_BY))
        elif key == WHEEL.key:
            canvas.set_wheel_zooms(settings.get(WHEEL) == "zoom")
        elif key == TAGS.key:
            canvas.set_tags_visible(settings.get(TAGS))
        elif key == CROSSHAIR.key:
            canvas.set_crosshair_visible(settings.get(CROSSHAIR))
        self.changed.emit()

    def show_instances(self, shown: bool) -> None:
        """Show the instances, or hide them."""
        self.instances_shown = shown
        self.services.viewport.set_instances_visible(shown)

    def fill_colour_by(self, menu: QMenu) -> None:
        """What instances can be coloured by."""
        settings = self.services.settings
        menu.clear()
        for by, text in (
            ("label", self.tr("Label")),
            ("instance", self.tr("Instance")),
            ("source", self.tr("Source")),
            ("score", self.tr("Score, red to green")),
        ):
            action = menu.addAction(text, partial(settings.set, COLOUR_BY, by))
            action.setCheckable(True)
            action.setChecked(settings.get(COLOUR_BY) == by)

    def next_opacity(self) -> None:
        """Step through the opacities of fills."""
        settings = self.services.settings
        later = [value for value in OPACITIES if value > settings.get(OPACITY) + 0.01]
        settings.set(OPACITY, later[0] if later else OPACITIES[0])

    def adjust(self) -> None:
        """Open the popover for brightness, contrast and opacity."""
        canvas, settings = self.services.viewport, self.services.settings
        popover = AdjustPopover(canvas.window(), *self._adjusted, settings.get(OPACITY))

        def adjust(brightness: float, contrast: float) -> None:
            self._adjusted = (brightness, contrast)
            canvas.set_image_adjust(brightness, contrast)

        popover.image_adjusted.connect(adjust)
        popover.opacity_changed.connect(lambda value: settings.set(OPACITY, value))
        popover.open_near(canvas.mapToGlobal(QPoint(canvas.width() // 2 - 160, 12)))

    # fmt: off
    ACTIONS: ClassVar[tuple[Action[ViewFeature], ...]] = (
        Action("zoom_in", VIEW, "Zoom in", ("Ctrl++", "Ctrl+="), "zoom-in", (image,),
               do=lambda self: self.services.viewport.zoom_by(ZOOM)),
        Action("zoom_out", VIEW, "Zoom out", ("Ctrl+-",), "zoom-out", (image,),
               do=lambda self: self.services.viewport.zoom_by(1 / ZOOM)),
        Action("fit", VIEW, "Fit to window", ("Ctrl+F", "0"), "fit", (image,),
               do=lambda self: self.services.viewport.fit()),
        Action("fit_width", VIEW, "Fit width", ("Ctrl+Shift+F",), "fit-width", (image,),
               do=lambda self: self.services.viewport.fit_width()),
        Action("actual_size", VIEW, "Actual size", ("Ctrl+0",), "actual-size", (image,),
               do=lambda self: self.services.viewport.actual_size()),
        Action("show_instances", VIEW, "Show instances", ("T", "Ctrl+H"), "eye", (image,),
               turn=show_instances, checked=lambda self: self.instances_shown, rule=True),
        Action("peek", VIEW, "Hide everything while held", ("H",), "", (image,),
               turn=lambda self, on: self.services.viewport.set_bare(on), scope=Scope.HOLD,
               menu=False),
        Action("show_tags", VIEW, "Show names", (), "", (image,),
               turn=lambda self, on: self.services.settings.set(TAGS, on),
               checked=lambda self: self.services.settings.get(TAGS),
               tip="Show labels and scores beside the instances"),
        Action("show_crosshair", VIEW, "Show lines through the pointer", (), "", (image,),
               turn=lambda self, on: self.services.settings.set(CROSSHAIR, on),
               checked=lambda self: self.services.settings.get(CROSSHAIR),
               tip="While something is drawn, from border to border of the image"),
        Action("colour_by", VIEW, "Colour by", (), "", (image,), fill=fill_colour_by),
        Action("opacity", VIEW, "Next opacity", ("O",), "", (image,), do=next_opacity,
               tip="Step through outlines only, light and strong fill"),
        Action("adjust", VIEW, "Brightness and contrast…", ("Shift+B",), "adjust", (image,),
               do=adjust, tip="Change how the image is shown; the file stays as it is"),
        *(
            Action(id, MOUSE, text, keys, scope=Scope.TOOL, menu=False)
            for id, text, keys in (
                ("close_ring", "Close the outline that is being drawn", ("Return",)),
                ("last_vertex", "Take back the last vertex while drawing", ("Backspace",)),
                ("escape", "Leave a gesture, clear the selection", ("Esc",)),
                ("pan", "Pan while held and dragged; the middle button does it too", ("Space",)),
                ("nudge", "Move the selection by one pixel; with Shift by ten",
                 ("Left", "Right", "Up", "Down")),
            )
        ),
    )
    # fmt: on


class AdjustPopover(QFrame):
    """`image_adjusted` carries brightness and contrast, -1 to 1; `opacity_changed` 0 to 1."""

    image_adjusted = Signal(float, float)
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget, brightness: float, contrast: float, opacity: float) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setForegroundRole(QPalette.ColorRole.Mid)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(14, 12, 14, 12)
        self._grid.setHorizontalSpacing(12)
        self._brightness = self._slider(self.tr("Brightness"), -100, round(brightness * 100))
        self._contrast = self._slider(self.tr("Contrast"), -100, round(contrast * 100))
        self._opacity = self._slider(self.tr("Fill of instances"), 0, round(opacity * 100))
        for slider in (self._brightness, self._contrast):
            slider.valueChanged.connect(self._on_image)
        self._opacity.valueChanged.connect(lambda step: self.opacity_changed.emit(step / 100))
        reset = QPushButton(self.tr("Show the image as it is"))
        reset.clicked.connect(self._reset)
        self._grid.addWidget(reset, self._grid.rowCount(), 0, 1, 3)

    def open_near(self, place: QPoint) -> None:
        """Show it at a place on the screen, moved so that it stays on it."""
        screen = self._over.screen().availableGeometry()
        size = self.sizeHint()
        x = max(screen.left(), min(place.x(), screen.right() - size.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - size.height()))
        self.move(x, y)
        self.show()
        self._brightness.setFocus()

    def _slider(self, name: str, low: int, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(low, 100)
        slider.setMinimumWidth(180)
        slider.setAccessibleName(name)
        number = QLabel()
        number.setMinimumWidth(self.fontMetrics().horizontalAdvance("-100"))
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        slider.valueChanged.connect(number.setNum)
        slider.setValue(value)
        number.setNum(value)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(name), row, 0)
        self._grid.addWidget(slider, row, 1)
        self._grid.addWidget(number, row, 2)
        return slider

    def _on_image(self) -> None:
        self.image_adjusted.emit(self._brightness.value() / 100, self._contrast.value() / 100)

    def _reset(self) -> None:
        self._brightness.setValue(0)
        self._contrast.setValue(0)
