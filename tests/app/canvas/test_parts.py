"""The parts of the canvas for themselves: view, pyramid, tiles, outlines, tags, no leaks."""

from __future__ import annotations

import gc
import sys
import time
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter

from app.canvas.backdrop import paint_grid
from app.canvas.look import Look, shade
from app.canvas.outlines import OutlineTable, level_of, make_path, make_ready
from app.canvas.pyramid import OVERVIEW_SIDE, ImagePyramid
from app.canvas.style import Palette, ink_on
from app.canvas.tile_layer import TileLayer
from app.canvas.tiles import TILE, TileKey, cost, tiles_in
from app.canvas.view import LARGEST_SCALE, View
from core.document.geometry import Rect, bounds
from core.document.instance import Instance, Line, Polygon
from core.lru import Lru
from tests.app.canvas.conftest import SQUARE, instance

views = st.builds(
    View,
    centre_x=st.floats(0, 5000),
    centre_y=st.floats(0, 4000),
    scale=st.floats(0.01, LARGEST_SCALE),
    width=st.integers(50, 4000),
    height=st.integers(50, 3000),
    dpr=st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0]),
)


@given(views, st.floats(0, 4000), st.floats(0, 3000))
def test_to_image_and_back(view, x, y):
    assert view.to_logical(*view.to_image(x, y)) == pytest.approx((x, y), abs=1e-6)
    assert all(isinstance(side, int) for side in view.origin), "whole device pixels"


@given(views, st.floats(0.01, LARGEST_SCALE), st.floats(0, 4000), st.floats(0, 3000))
def test_zooming_keeps_the_point_under_the_pointer(view, scale, x, y):
    image = view.to_image(x, y)
    after = view.zoomed(scale, x, y).to_image(x, y)
    assert np.hypot(after[0] - image[0], after[1] - image[1]) * scale * view.dpr <= 1.5


@given(views, st.integers(1, 20000), st.integers(1, 20000))
def test_fitting_shows_all_of_the_image(view, width, height):
    visible = view.fitted(width, height).visible()
    assert visible.x0 <= 0.5 / view.scale + 1
    assert visible.x1 >= width - 1 / view.fitted(width, height).device_scale
    inside = view.within(width, height)
    assert 0 <= inside.centre_x <= width


@given(views)
def test_tiles_cover_what_is_seen_and_no_more(view):
    width, height = 5000.0, 4000.0
    keys = tiles_in(view, width, height)
    seen = view.visible()
    for key in keys:
        assert key.rect().intersects(seen.grown(1 / view.device_scale))
    part = Rect(max(seen.x0, 0), max(seen.y0, 0), min(seen.x1, width), min(seen.y1, height))
    if part.width > 0 and part.height > 0:
        columns = [key.column for key in keys]
        rows = [key.row for key in keys]
        side = TILE / view.device_scale
        slack = 1.0 / view.device_scale
        assert min(columns) * side <= part.x0 + slack
        assert (max(columns) + 1) * side >= part.x1 - slack
        assert (max(rows) + 1) * side >= part.y1 - slack


def test_the_pyramid_halves_and_shares_the_first_level():
    pixels = np.zeros((3001, 2100, 3), np.uint8)
    pixels[:, 1050:] = 240
    pyramid = ImagePyramid.build(pixels)
    assert (pyramid.width, pyramid.height) == (2100, 3001)
    sizes = [pyramid.image(k).size().toTuple() for k in range(pyramid.level_count)]
    assert sizes == [(2100, 3001), (1050, 1501), (525, 751)]
    assert max(sizes[-1]) <= OVERVIEW_SIDE
    assert pyramid.image(2).pixelColor(400, 700).red() == 240
    assert pyramid.image(2).pixelColor(100, 700).red() == 0
    pixels[0, 0] = 77
    assert pyramid.image(0).pixelColor(0, 0).red() == 77
    assert [pyramid.level_for(s) for s in (4.0, 1.0, 0.7, 0.5, 0.3, 0.01)] == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_the_pyramid_refuses_other_arrays(pixels):
    with pytest.raises(ValueError, match="uint8"):
        ImagePyramid.build(pixels)


def test_the_cache_forgets_the_longest_unseen():
    cache = Lru(3 * TILE * TILE * 4, cost)
    keys = [TileKey(1.0, k, 0) for k in range(4)]
    for key in keys[:3]:
        cache[key] = QImage(TILE, TILE, QImage.Format.Format_RGB32)
    assert cache[keys[0]] is not None
    cache[keys[3]] = QImage(TILE, TILE, QImage.Format.Format_RGB32)
    assert keys[1] not in cache
    assert keys[0] in cache
    assert cache.total <= cache.limit
    cache.clear()
    assert (len(cache), cache.total) == (0, 0)


class Counting:
    """A source whose tiles take several slices and say how often they were begun."""

    format = QImage.Format.Format_RGB32
    cut = False

    def is_quick(self, device_scale) -> bool:
        return False

    def __init__(self) -> None:
        self.begun: list[TileKey] = []

    def begin(self, key):
        self.begun.append(key)
        return Slow()

    def stand_in(self, painter, view) -> None: ...


class Slow:
    def __init__(self) -> None:
        self.left = 3

    def paint(self, painter, deadline) -> bool:
        self.left -= 1
        time.sleep(0.001)
        return self.left == 0


def test_tiles_are_made_in_slices_and_only_once():
    source = Counting()
    layer = TileLayer(source, 64 << 20)
    layer.set_extent(1000, 900)
    view = View(500, 450, 1.0, 1000, 900)
    slices = 0
    while not layer.make(view, time.perf_counter() + 0.0005):
        slices += 1
        assert slices < 100
    assert slices >= 8
    assert sorted((key.column, key.row) for key in source.begun) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert layer.make(view, time.perf_counter() + 1)
    assert len(source.begun) == 4


def test_only_tiles_that_show_the_change_are_made_again():
    source = Counting()
    layer = TileLayer(source, 64 << 20)
    layer.set_extent(1000, 900)
    view = View(500, 450, 1.0, 1000, 900)
    while not layer.make(view, time.perf_counter() + 1):
        pass
    source.begun.clear()
    layer.invalidate(Rect(600, 100, 650, 150), reach=5)
    assert not layer.is_ready(view)
    while not layer.make(view, time.perf_counter() + 1):
        pass
    assert [(key.column, key.row) for key in source.begun] == [(1, 0)]
    source.begun.clear()
    layer.invalidate(Rect(500, 100, 508, 150), reach=5)
    while not layer.make(view, time.perf_counter() + 1):
        pass
    assert {(key.column, key.row) for key in source.begun} == {(0, 0), (1, 0)}


def test_tiles_out_of_sight_change_nothing_that_is_seen():
    layer = TileLayer(Counting(), 64 << 20)
    layer.set_extent(4000, 400)
    view = View(500, 200, 1.0, 900, 400)
    while not layer.make(view, time.perf_counter() + 1):
        pass
    seen = layer.version
    assert layer.take_progress()
    while not layer.make(view, time.perf_counter() + 1, margin=1):
        pass
    assert layer.version == seen
    assert not layer.take_progress()
    layer.invalidate(Rect(500, 100, 510, 110))
    while not layer.make(view, time.perf_counter() + 1):
        pass
    assert layer.version > seen
    assert layer.take_progress()


@settings(max_examples=40, deadline=None)
@given(
    st.permutations("abcdefgh"), st.permutations("abcdefgh"), st.integers(0, 8), st.integers(0, 8)
)
def test_the_table_follows_what_comes_goes_moves_and_changes(first, second, some, others):
    made = {id: instance(id, [(x + k, y) for x, y in SQUARE]) for k, id in enumerate("abcdefgh")}
    before, now = [made[id] for id in first[:some]], [made[id] for id in second[:others]]
    if now:
        now[0] = instance(now[0].id, [(x, y + 90) for x, y in SQUARE])
        now[-1] = instance(now[-1].id, label="named anew")
    table = OutlineTable()
    table.set(before)
    kept = {each.id: table.get(each.id) for each in before}
    for shapes in (now, before):
        table.set(shapes)
        there = {each.id: each for each in shapes}
        for id in made:
            outline = table.get(id)
            assert (outline is None) is (id not in there)
            if outline is not None:
                assert outline.instance is there[id]
                assert outline.box == bounds(there[id])
                assert table.holds(outline)
        for each in now if shapes is now else []:
            if any(each is other for other in before):
                assert table.get(each.id) is kept[each.id]


def test_paths_made_together_are_those_made_singly():
    angles = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    ring = tuple(zip((60 + 30 * np.cos(angles)).tolist(), np.sin(angles).tolist(), strict=True))
    tiny = tuple((x / 900, y / 900) for x, y in ring)
    hole = ((50.0, 0.0), (70.0, 0.1), (60.0, 0.4))
    shapes = [
        Instance("a", "cell", (Polygon(ring, (hole, tiny)), Polygon(SQUARE))),
        Line("l", "line", (Polygon(ring[:20]),), line=True),
        Instance("b", "cell", (Polygon(tiny),)),
        Instance("c", "cell", (Polygon(SQUARE, (hole,)),)),
    ]
    for scale in (0.01, 0.3, 1.0, 8.0):
        table = OutlineTable()
        table.set(shapes)
        outlines = [table.get(each.id) for each in shapes]
        make_ready(outlines, level_of(scale))
        for outline, each in zip(outlines, shapes, strict=True):
            error = 0.5 / 2.0 ** level_of(scale) if scale < 4 else 0.0
            assert outline.path(scale) == make_path(each, error)
            rings = 1 if each.line else sum(len(part.rings) for part in each.polygons)
            path = outline.path(scale)
            corners = [path.elementAt(k) for k in range(path.elementCount())]
            assert sum(corner.isMoveTo() for corner in corners) == rings
            assert len(corners) >= (1 if each.line else 4 * rings)
    assert outlines[0].path(8.0) == make_path(shapes[0])
    assert not outlines[0].path(8.0).contains(QPointF(60.0, 0.2)), "the hole"


def test_the_grid_lies_on_the_borders_of_pixels_and_ends_with_the_image():
    picture = QImage(200, 160, QImage.Format.Format_RGB32)
    picture.fill(0x808080)
    painter = QPainter(picture)
    view = View(2.0, 2.0, 16.0, 200, 160)
    paint_grid(painter, view, 5, 4)
    painter.end()
    row = [picture.pixelColor(x, 88).red() for x in range(200)]
    dark = [x for x, value in enumerate(row) if value < 0x80]
    left, top = view.origin
    assert dark == [left + 16 * k for k in range(6)]
    assert [x for x, value in enumerate(row) if value > 0x80] == [x + 1 for x in dark]
    column = [picture.pixelColor(left + 8, y).red() for y in range(160)]
    assert [y for y, value in enumerate(column) if value < 0x80] == [top + 16 * k for k in range(5)]


def test_the_table_keeps_paths_of_what_did_not_change():
    table = OutlineTable()
    a, b = instance("a"), instance("b")
    table.set([a, b])
    kept = table.get("a")
    table.set([instance("b", label="other"), a])
    assert table.get("a") is kept
    assert table.get("b").instance.label == "other"
    assert [each.instance.id for each in table.within(Rect(0, 0, 30, 30))] == ["b", "a"]
    assert [each.instance.id for each in table.within(Rect(0, 0, 30, 30), {"b"})] == ["a"]
    assert [each.instance.id for each in table.within(Rect(0, 0, 30, 30), {"b"}, True)] == ["b"]
    table.set([a])
    assert table.get("b") is None


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 200), st.floats(0.01, 3))
def test_simplified_paths_stay_within_half_a_device_pixel(count, scale):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = tuple((float(50 + 40 * np.cos(a)), float(50 + 40 * np.sin(a))) for a in angles)
    table = OutlineTable()
    table.set([instance("c", ring)])
    path = table.get("c").path(scale)
    full = make_path(instance("c", ring))
    assert path.elementCount() <= full.elementCount()
    elements = [path.elementAt(k) for k in range(path.elementCount())]
    corners = np.array([(element.x, element.y) for element in elements])
    away = np.hypot(*(np.array(ring)[:, None] - corners).transpose(2, 0, 1)).min(axis=1)
    assert (away * scale <= 0.75).all()


def test_adjustment_tables():
    assert shade(Look()) is None
    brighter = shade(Look(brightness=0.5)).table
    assert brighter[0] == 128
    assert brighter[255] == 255
    stronger = shade(Look(contrast=1)).table
    assert stronger[0] == 0
    assert stronger[255] == 255
    assert (np.diff(stronger.astype(int)) >= 0).all()


def test_made_up_colours_repeat_and_names_are_legible():
    assert Palette().colour("cat") == Palette().colour("cat")
    assert Palette().colour("cat") != Palette().colour("dog")
    assert ink_on(Palette({"y": "#ffff00"}).colour("y")).lightness() < 60
    assert ink_on(Palette({"b": "#000080"}).colour("b")).lightness() > 200


def test_a_closed_viewport_is_let_go(make_bench, qtbot):
    bench = make_bench(instance("a"))
    pyramid = ImagePyramid.build(np.zeros((50, 50, 3), np.uint8))
    bench.viewport.show_image(pyramid)
    gone = weakref.ref(pyramid)
    del pyramid
    bench.viewport.show_image(None)
    bench.settle()
    gc.collect()
    assert gone() is None, "an image that is no longer shown is not kept"


def test_painting_loses_no_reference_to_none(make_bench):
    bench = make_bench(instance("a", SQUARE))
    bench.viewport.set_selection(["a"])
    bench.settle()
    before = sys.getrefcount(None)
    for _ in range(200):
        bench.viewport.repaint()
    assert abs(sys.getrefcount(None) - before) < 100


def test_a_painter_of_a_tile_ends_with_its_slice():
    """An image can be painted on again only when the painter before has ended."""
    source = Counting()
    layer = TileLayer(source, 1 << 20)
    layer.set_extent(100, 100)
    view = View(50, 50, 1.0, 100, 100)
    assert not layer.make(view, 0.0)
    painter = QPainter(layer._work.image)
    assert painter.isActive()
    painter.drawPoint(QPointF(1, 1))
    painter.end()
