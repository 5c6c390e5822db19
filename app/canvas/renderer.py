"""All that is seen of image and instances, from the image up, and the making of its tiles."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from app.canvas.backdrop import paint_border, paint_crosshair, paint_grid
from app.canvas.image_tiles import ImageTiles
from app.canvas.instance_tiles import InstanceLook, InstanceTiles
from app.canvas.keypoints import KeypointPainter
from app.canvas.layers.base import Layer, LayerView
from app.canvas.live import LiveLook, LivePainter
from app.canvas.look import Shade
from app.canvas.outlines import Outline, OutlineTable
from app.canvas.pyramid import ImagePyramid
from app.canvas.still import Still
from app.canvas.style import FILL, LINE_SELECTED, TOLERANCE, Palette
from app.canvas.tags import Tags
from app.canvas.tile_layer import TileLayer
from app.canvas.view import View
from core.document.document import Changed
from core.document.geometry.measure import Rect, bounds
from core.document.instance import Instance, Shape, Source
from core.gestures.base import Preview
from core.gestures.scene import Scene

SLICE = 0.003
"""Seconds of tile making at a time."""
LIVE_MOST = 48
"""Selections up to this size are painted anew in each frame; larger ones have tiles too."""
_IMAGE_BYTES = 96 << 20
_TAGGED_MOST = 40


class Renderer:
    """The picture: image, layers, instances, suggestions, selection, preview, tags."""

    def __init__(self, scene: Scene) -> None:
        self.preview = Preview()
        self.tried: tuple[Shape, ...] = ()
        """Shapes as they would become, whatever the tool in the hand shows."""
        self.layers: list[Layer] = []
        self.tags_shown = True
        self.handles_shown = True
        self.tags = Tags(Palette())
        self._scene = scene
        self._size = (0.0, 0.0)
        self._still = Still(QImage.Format.Format_RGB32)
        self._palette = Palette()
        self._fill = FILL
        self._pointed: tuple[Shape, ...] = ()
        self._pointing: tuple[Shape, ...] = ()
        self._selection: frozenset[str] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._lingering: frozenset[str] = frozenset()
        self._instances = OutlineTable()
        self._suggestions = OutlineTable()
        self._image = ImageTiles()
        self._image_tiles = TileLayer(self._image, _IMAGE_BYTES)
        self._base = InstanceTiles(self._instances, InstanceLook(self._palette))
        self._chosen = InstanceTiles(
            self._instances, InstanceLook(self._palette, width=LINE_SELECTED), inverted=True
        )
        self._proposed = InstanceTiles(self._suggestions, InstanceLook(self._palette, dashed=True))
        self.set_look(self._palette, FILL)

    # What is shown

    def set_image(self, pyramid: ImagePyramid | None) -> None:
        """Show another image, or none; instances are to be set anew."""
        self._image.set_pyramid(pyramid)
        self._size = (pyramid.width, pyramid.height) if pyramid else (0.0, 0.0)
        for tiles in self._layers():
            tiles.set_extent(*self._size)

    def overview(self) -> QImage | None:
        """The whole image at a small size as it is shown; None without one."""
        return self._image.overview()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the image in pixels; zeros without one."""
        return self._size

    @property
    def has_image(self) -> bool:
        """Whether there is an image."""
        return self._size != (0.0, 0.0)

    def set_shade(self, shade: Shade | None) -> None:
        """Show the image's pixels through a shade, or as they are."""
        self._image.set_shade(shade)
        self._image_tiles.invalidate()

    def set_pixels(self, pyramid: ImagePyramid) -> None:
        """Show the same image, of the same size, with other pixels."""
        self._image.set_pyramid(pyramid)
        self._image_tiles.invalidate()

    def set_look(self, palette: Palette, fill: float) -> None:
        """The colours of labels and the opacity of fills, 0 to 1."""
        self._palette, self.tags.palette, self._fill = palette, palette, fill
        self.tags.clear()
        for source in (self._base, self._chosen, self._proposed):
            source.look.palette = palette
            source.look.fill = fill
            source.invalidate()
        self._proposed.look.fill = 0.0  # many of them would fog the image

    def set_instances(self, shapes: Sequence[Shape], changed: Changed | None = None) -> None:
        """The document's shapes; `changed` says which of them are new, altered or gone."""
        self._instances.set(shapes)
        self.tags.outdate()
        if changed is None or not self._hidden:
            self._scene.know(self._instances.boxes)
        if changed is None or self._pointed or self._have_keypoints(changed.ids):
            self._pointed = tuple([each for each in shapes if each.keypoints])
        if changed is None:
            self._lingering = frozenset()
            self._base.invalidate()
            self._chosen.invalidate()
        elif changed.ids:
            if not changed.ids <= self._base.marked:
                self._base.invalidate(changed.rect)
            if not changed.ids.isdisjoint(self._chosen.marked):
                self._chosen.invalidate(changed.rect)

    def _have_keypoints(self, ids: Iterable[str]) -> bool:
        there = filter(None, map(self._scene.get, ids))
        return any(map(attrgetter("keypoints"), there))

    def set_suggestions(self, suggestions: Sequence[Instance]) -> None:
        """The suggestions above the threshold."""
        self._suggestions.set(suggestions)
        self._pointing = tuple(each for each in suggestions if each.keypoints)
        self.tags.outdate()
        self._proposed.invalidate()

    def set_selection(self, selection: frozenset[str], picked: frozenset[str]) -> None:
        """What is selected is taken out of the tiles and drawn with its handles."""
        gone = self._live() - selection
        self._lingering = (self._lingering | gone) - selection
        self._selection = selection
        self._proposed.mark(picked)
        self._mark()

    def set_hidden(self, ids: frozenset[str]) -> None:
        """Instances that are not to be seen at all."""
        self._hidden = ids
        self._mark()

    def _mark(self) -> None:
        self._base.mark(self._selection | self._hidden)
        large = len(self._selection) > LIVE_MOST
        self._chosen.mark(self._selection - self._hidden if large else frozenset())

    def _live(self) -> frozenset[str]:
        """The selected instances that are painted anew in each frame."""
        few = len(self._selection) <= LIVE_MOST
        return self._selection - self._hidden if few else frozenset()

    # Making

    def _layers(self) -> tuple[TileLayer, ...]:
        return self._image_tiles, self._base.tiles, self._chosen.tiles, self._proposed.tiles

    def take_progress(self) -> bool:
        """Whether tiles were finished since the last call."""
        progress = [tiles.take_progress() for tiles in self._layers()]
        return any(progress)

    def make(self, view: View, seconds: float = SLICE, *, tags: bool = True) -> bool:
        """Make tiles for that long: those in sight first, then those around. True when done.

        The choice of `tags` comes between, in a slice of its own, for there may be many.
        """
        start = time.perf_counter()
        deadline = start + seconds
        for source in (self._base, self._chosen, self._proposed):
            if source.look.dpr != view.dpr:
                source.look.dpr = view.dpr
                source.invalidate()
        for margin in (0, 1):
            for tiles in self._layers():
                if not tiles.make(view, deadline, margin):
                    return False
            if margin == 0:
                self._lingering = frozenset()
                if not self.tags.is_chosen(view):
                    if not tags or time.perf_counter() > start + seconds / 10:
                        return False
                    self.tags.choose(view, self._tables())
        return True

    # Painting, in device pixels of the viewport

    def paint(
        self, painter: QPainter, view: View, ground: QColor, crosshair: QPointF | None = None
    ) -> None:
        """Paint a whole frame from what is there, with lines through a logical point."""
        shown = self._scene.instances_shown, self._scene.suggestions_shown
        resting = self._image_tiles, self._base.tiles, self._proposed.tiles
        versions = tuple(tiles.version for tiles in resting)
        draw = partial(self._paint_resting, view=view, ground=ground)
        if any(layer.visible and layer.below_instances for layer in self.layers):
            draw(painter)  # only their owners know when they change
        else:
            key = (view, ground.rgba(), shown, versions)
            self._still.paint(painter, view.device_size, key, draw)
        if not self.has_image:
            return
        if self._scene.instances_shown:
            self._paint_chosen(painter, view)
        self._paint_layers(painter, view, below=False)
        self._paint_live(painter, view)
        if crosshair is not None:
            paint_crosshair(painter, view, crosshair * view.dpr, *self._size)

    def _paint_resting(self, painter: QPainter, view: View, ground: QColor) -> None:
        """What neither the pointer nor a gesture changes."""
        across, down = view.device_size
        painter.fillRect(0, 0, across + 1, down + 1, ground)
        if not self.has_image:
            return
        self._image_tiles.paint(painter, view)
        paint_border(painter, view, *self._size)
        paint_grid(painter, view, *self._size)
        self._paint_layers(painter, view, below=True)
        if self._scene.instances_shown:
            self._base.tiles.paint(painter, view)
        if self._scene.suggestions_shown:
            self._proposed.tiles.paint(painter, view)

    def _paint_layers(self, painter: QPainter, view: View, *, below: bool) -> None:
        part, (width, height) = view.visible(), self._size
        inside = Rect(
            max(part.x0, 0.0), max(part.y0, 0.0), min(part.x1, width), min(part.y1, height)
        )
        left, top = view.origin
        scale = view.device_scale
        for layer in self.layers:
            if layer.visible and layer.below_instances is below:
                painter.save()
                painter.setTransform(QTransform(scale, 0, 0, scale, left, top), True)
                painter.setOpacity(layer.opacity)
                layer.paint(painter, LayerView(inside, scale, view.dpr, (view.width, view.height)))
                painter.restore()

    def _paint_chosen(self, painter: QPainter, view: View) -> None:
        """A large selection, perhaps on the move."""
        dx, dy = self._offset()
        scale = view.device_scale
        if self.preview.copying or (dx, dy) == (0.0, 0.0):
            self._chosen.tiles.paint(painter, view)
        if (dx, dy) != (0.0, 0.0):
            self._chosen.tiles.paint(painter, view, dx=round(dx * scale), dy=round(dy * scale))

    def _offset(self) -> tuple[float, float]:
        return self.preview.offset or (0.0, 0.0)

    def _paint_live(self, painter: QPainter, view: View) -> None:
        look = LiveLook(self._palette, self._fill, self._scene.label)
        live = LivePainter(painter, view, look)
        tagged: list[Outline] = []
        if self._scene.suggestions_shown:
            tagged += self._paint_picked(live)
        if self._scene.instances_shown:
            tagged += self._paint_selected(live, view)
        self._paint_keypoints(painter, view)
        self._paint_tags(painter, view, tagged)
        if self.preview.ghost is not None:
            live.ghost(*self.preview.ghost)
        if self.preview.line:
            live.drawing(self.preview)
        if self.preview.stroke:
            live.stroke(self.preview.stroke)
        if self.preview.snapped is not None:
            live.snapped(self.preview.snapped)
        if self.preview.brush is not None:
            live.brush(*self.preview.brush)
        for point, inside in self.preview.points:
            live.point(point, inside=inside)
        if self.preview.band is not None:
            live.band(self.preview.band)

    def _paint_picked(self, live: LivePainter) -> list[Outline]:
        tagged: list[Outline] = []
        changing = {each.id for each in (*self.preview.changed, *self.tried)}
        hover = self._suggestions.get(self.preview.hover_suggestion or "")
        if hover is not None and hover.instance.id not in self._proposed.marked:
            live.hovered(hover.instance, hover.path(live.scale), dashed=True)
            tagged.append(hover)
        for id in (*self.preview.accepting, *self.preview.rejecting):
            swept = self._suggestions.get(id)
            if swept is not None:
                path = swept.path(live.scale)
                if id in self.preview.accepting:
                    live.instance(swept.instance, path, selected=True)
                else:
                    live.rejected(path)
        for id in self._proposed.marked:
            outline = self._suggestions.get(id)
            if outline is not None and id not in changing:
                path = outline.path(live.scale)
                live.instance(outline.instance, path, selected=True, dashed=True)
                tagged.append(outline)
        return tagged

    def _paint_selected(self, live: LivePainter, view: View) -> list[Outline]:
        preview = self.preview
        tolerance = TOLERANCE / view.scale
        for outline in filter(None, map(self._instances.get, self._lingering)):
            live.instance(outline.instance, outline.path(live.scale), selected=False)
        changing = {each.id for each in (*preview.changed, *self.tried)}
        tagged: list[Outline] = []
        hover = self._instances.get(preview.hover.id) if preview.hover else None
        if hover is not None and hover.instance.id not in self._base.marked:
            live.hovered(hover.instance, hover.path(live.scale))
            tagged.append(hover)
            if self.handles_shown and self._scene.offers_handles(hover.instance.id, tolerance):
                live.handles(hover.instance, preview.hover, None, selected=False)
        dx, dy = self._offset()
        moving = live if preview.offset is None else live.moved(dx, dy)
        for id in self._live():
            kept = self._instances.get(id)
            if kept is None or id in changing:
                continue
            path = kept.path(live.scale)
            if preview.copying:
                live.instance(kept.instance, path, selected=False)
            moving.instance(kept.instance, path, selected=True, moving=preview.offset is not None)
            if preview.offset is None:
                tagged.append(kept)
            if self.handles_shown and self._scene.offers_handles(id, tolerance):
                alone = len(self._scene.selection) == 1
                moving.handles(kept.instance, preview.hover, preview.vertex, turns=alone)
        live.changed(preview.changed, preview if self.handles_shown else None)
        live.changed(self.tried, None)
        new = (each for each in preview.changed if self._scene.get(each.id) is None)
        # Their tags say how sure the model is, as those of suggestions do.
        asked = [replace(each, source=Source.SUGGESTED) for each in new if not preview.stroke]
        return tagged + [Outline(each, bounds(each)) for each in asked]

    def _paint_keypoints(self, painter: QPainter, view: View) -> None:
        changing = {each.id for each in self.preview.changed} | self._hidden
        shapes = [each for each in self._pointed if each.id not in changing]
        shapes += [each for each in self.preview.changed if each.keypoints]
        shapes = shapes if self._scene.instances_shown else []
        shapes += self._pointing if self._scene.suggestions_shown else ()
        if shapes:
            points = KeypointPainter(painter, view, self._palette, self._scene.skeletons)
            points.paint(shapes, self._selection, self.preview.keypoint, self._offset())

    def _paint_tags(self, painter: QPainter, view: View, forced: Sequence[Outline]) -> None:
        hidden = self._base.marked
        shown = self.tags_shown and not self.preview.line
        self.tags.paint(painter, view, forced[:_TAGGED_MOST], hidden if shown else None)

    def _tables(self) -> list[OutlineTable]:
        """Where tags may come from."""
        instances = [self._instances] if self._scene.instances_shown else []
        return instances + ([self._suggestions] if self._scene.suggestions_shown else [])
