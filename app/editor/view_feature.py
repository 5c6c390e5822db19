"""How the image is looked at: zoom, what is shown on it, how strong; the canvas itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from app.base.actions import MOUSE, VIEW, Action, Scope
from app.base.feature import Feature, FocusArea
from app.base.settings import (
    COLOUR_BY,
    CROSSHAIR,
    FOLDER_TREE,
    LIVE_WIRE,
    OPACITY,
    OVERVIEW,
    SNAPPING,
    TAGS,
    THUMBNAILS,
    VIEW_LEFT,
    WHEEL,
)
from app.canvas.look import Look
from app.editor.looking import look_text
from app.editor.panels.look import LookPopover
from app.editor.services import Services, image
from app.editor.splashing import Splashing

OPACITIES: Final = (0.0, 0.2, 0.35, 0.6)
ZOOM: Final = 1.25


class ViewFeature(Feature):
    """It has no panel: the canvas is its place."""

    NAME = "view"

    def __init__(self, services: Services) -> None:
        super().__init__(services.viewport)
        self.services = services
        self.instances_shown = True
        self.splashing = Splashing(
            services.workspace,
            services.suggesting,
            services.looking,
            services.viewport,
            services.notices,
        )
        self._left: dict[str, list[float]] = services.settings.get(VIEW_LEFT)
        services.looking.changed.connect(self.changed)
        # After all others have shown the image.
        services.workspace.image_changed.connect(self._on_image, Qt.ConnectionType.QueuedConnection)
        services.drawing.led.connect(services.viewport.input.look_again)
        services.looking.failed.connect(lambda text: services.notices.fail("look", text))
        services.settings.changed.connect(self._on_setting)
        for each in (OPACITY, WHEEL, TAGS, CROSSHAIR, OVERVIEW, SNAPPING):
            self._on_setting(each.key)

    def focus_areas(self) -> Sequence[FocusArea]:
        """The canvas."""
        return ((self.services.viewport, self.services.viewport.setFocus),)

    def _on_image(self) -> None:
        """The first image that is shown is looked at as when the window was closed."""
        staged = self.services.workspace.staged
        if staged is not None and self._left:
            x, y, scale = self._left.get(str(staged.entry.path), (0.0, 0.0, 0.0))
            self._left = {}
            if scale > 0:
                self.services.viewport.set_view((x, y), scale)

    def _on_setting(self, key: str) -> None:
        canvas, settings = self.services.viewport, self.services.settings
        if key == OPACITY.key:
            canvas.set_opacity(settings.get(OPACITY))
        elif key == WHEEL.key:
            canvas.set_wheel_zooms(settings.get(WHEEL) == "zoom")
        elif key == TAGS.key:
            canvas.set_tags_visible(settings.get(TAGS))
        elif key == CROSSHAIR.key:
            canvas.set_crosshair_visible(settings.get(CROSSHAIR))
        elif key == SNAPPING.key:
            canvas.set_snapping(settings.get(SNAPPING))
        elif key == OVERVIEW.key:
            canvas.set_overview_wanted(settings.get(OVERVIEW))
        self.changed.emit()

    def snap(self, on: bool) -> None:
        """Let vertices go onto the outlines of neighbours, or leave them where they are put."""
        self.services.settings.set(SNAPPING, on)
        here = self.tr("Vertices snap to neighbours; Ctrl or Alt held down lets go.")
        self.services.notices.say(here if on else self.tr("Vertices stay where they are put."))

    def save_splash(self) -> None:
        """Ask where the colour splash of the image is to be written."""
        staged = self.services.workspace.staged
        if staged is not None:
            name = f"{staged.entry.path.stem}.splash.png"
            title = self.tr("Save the colour splash")
            self.services.opener.ask_save(title, name, self.splashing.save)

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
        """Open the small window for range, channel, brightness, contrast, gamma and opacity."""
        canvas = self.services.viewport
        popover = LookPopover(canvas.window(), self.services.looking, self.services.settings)
        popover.open_near(canvas.mapToGlobal(QPoint(canvas.width() // 2 - 180, 12)))

    def end(self, then: Callable[[], None], *, asked: bool) -> None:
        """Keep how the folder is looked at."""
        self.services.looking.keep()
        then()

    def is_changed(self) -> bool:
        """Images are shown otherwise than they are."""
        return self.services.looking.look != Look()

    def next_channel(self) -> None:
        """Show another channel, and say which."""
        self.services.looking.next_channel()
        self.services.notices.say(look_text(self.services.looking.look), key="look")

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
        Action("snapping", VIEW, "Snap to neighbours", ("Shift+V",), "", turn=snap,
               checked=lambda self: self.services.settings.get(SNAPPING),
               tip="Vertices that are drawn or dragged, and strokes, go onto the outline of a "
                   "neighbour within 8 pixels, so that both share the border"),
        Action("live_wire", VIEW, "Outlines follow edges", ("Shift+H",), "",
               turn=lambda self, on: self.services.drawing.follow_edges(on),
               checked=lambda self: self.services.settings.get(LIVE_WIRE),
               tip="What is drawn with the polygon tools runs along the edges of the image from "
                   "click to click"),
        Action("overview", VIEW, "Overview of the image", ("F4",), "", (image,),
               turn=lambda self, on: self.services.settings.set(OVERVIEW, on),
               checked=lambda self: self.services.settings.get(OVERVIEW),
               tip="While not all of the image is in sight: a small picture of the whole, with "
                   "a frame that can be dragged"),
        Action("thumbnails", VIEW, "Thumbnails in the list", ("F7",), "images",
               turn=lambda self, on: self.services.settings.set(THUMBNAILS, on),
               checked=lambda self: self.services.settings.get(THUMBNAILS),
               tip="Show a small picture of each image in the list"),
        Action("folder_tree", VIEW, "Folders as a tree", ("Shift+F7",), "folder",
               turn=lambda self, on: self.services.settings.set(FOLDER_TREE, on),
               checked=lambda self: self.services.settings.get(FOLDER_TREE),
               tip="List folders within as a tree that can be folded, or images by their path"),
        Action("colour_by", VIEW, "Colour by", (), "", (image,), fill=fill_colour_by),
        Action("opacity", VIEW, "Next opacity", ("O",), "", (image,), do=next_opacity,
               tip="Step through outlines only, light and strong fill"),
        Action("adjust", VIEW, "Brightness, range, channels…", ("Shift+B",), "adjust", (image,),
               do=adjust, tip="Change how images are shown: range of values, channel, brightness, "
                              "contrast, gamma; files and what models see stay as they are"),
        Action("next_channel", VIEW, "Next channel", ("F9",), "", (image,), do=next_channel,
               tip="All channels, then one after the other, then grey"),
        Action("as_it_is", VIEW, "Show the image as it is", ("Ctrl+B",), "", (image, is_changed),
               do=lambda self: self.services.looking.reset(),
               tip="Range, channel, brightness, contrast and gamma back as they were"),
        Action("splash", VIEW, "Colour splash", ("Shift+F9",), "", (image,),
               turn=lambda self, on: self.splashing.turn(on),
               checked=lambda self: self.splashing.on,
               tip="Show the image in grey, and instances and suggestions in their colours"),
        Action("save_splash", VIEW, "Save the colour splash…", (), "", (image,),
               do=lambda self: self.save_splash(),
               tip="Write the image in grey, with its instances and suggestions in their colours"),
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
