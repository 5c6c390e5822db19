"""What is seen: colours at places, before and after changes, with every tile up to date."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtTest import QTest

from app.canvas import look as looks
from app.canvas.backdrop import ground
from app.canvas.layers.legend import LegendLayer
from app.canvas.look import Look, shade
from app.canvas.renderer import Renderer
from core.document.edits import Add, Batch, Relabel, Remove, Reshape
from core.document.geometry import translate
from core.document.instance import Instance, Polygon, Seen
from core.lens.views.marks import Entry
from tests.app.canvas.conftest import BLUE, SQUARE, instance, suggestion

FAR = ((90.0, 60.0), (115.0, 60.0), (115.0, 90.0), (90.0, 90.0))
HOLE = ((40.0, 40.0), (60.0, 40.0), (60.0, 60.0), (40.0, 60.0))
GREY = (200, 200, 200)


def rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def is_reddish(colour: QColor) -> bool:
    return colour.red() > colour.green() + 15 and colour.red() > colour.blue() + 15


def test_an_instance_is_filled_and_outlined_in_its_colour(make_bench):
    bench = make_bench(instance("a"))
    assert is_reddish(bench.colour(50, 50))
    line = bench.colour(50, 20)
    assert line.red() > 180
    assert line.green() < 90
    assert rgb(bench.colour(100, 50)) == GREY
    assert rgb(bench.colour(-3, 50)) == rgb(ground(bench.viewport.palette()))


def test_a_hole_shows_the_image(make_bench):
    bench = make_bench(Instance("a", "cell", (Polygon(SQUARE, (HOLE,)),)))
    assert rgb(bench.colour(50, 50)) == GREY
    assert is_reddish(bench.colour(30, 50))


def test_opacity_and_visibility(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_opacity(0.0)
    assert rgb(bench.colour(50, 50)) == GREY
    assert bench.colour(50, 20).green() < 90
    bench.viewport.set_opacity(1.0)
    assert rgb(bench.colour(50, 50)) == (255, 0, 0)
    bench.viewport.set_instances_visible(False)
    assert rgb(bench.colour(50, 50)) == GREY


def test_hidden_instances_one_by_one(make_bench):
    bench = make_bench(instance("a"), instance("b", FAR))
    bench.viewport.set_hidden({"a"})
    assert rgb(bench.colour(50, 50)) == GREY
    assert is_reddish(bench.colour(100, 75))
    bench.viewport.set_selection(["a"])
    assert rgb(bench.colour(50, 50)) == GREY
    bench.viewport.set_hidden(())
    assert is_reddish(bench.colour(50, 50))


def test_an_edit_is_seen_where_it_was_and_where_it_is(make_bench):
    bench = make_bench(instance("a"))
    moved = translate(bench.document.get("a").polygons, 30, 0)
    bench.apply(Reshape("a", moved), "move")
    assert rgb(bench.colour(30, 50)) == GREY
    assert is_reddish(bench.colour(100, 50))
    bench.apply(Relabel.to("other", ["a"]), "relabel")
    assert bench.colour(100, 50).blue() > bench.colour(100, 50).red()
    bench.viewport.set_colours({"other": "#00ff00"})
    assert bench.colour(100, 50).green() > bench.colour(100, 50).blue()


def test_a_selected_instance_looks_different_beyond_its_colour(make_bench):
    bench = make_bench(instance("a"))
    before = bench.pixels()
    bench.viewport.set_selection(["a"])
    selected = bench.pixels()
    corner = bench.on(20, 20)
    handle = selected[corner.y() - 2 : corner.y() + 3, corner.x() - 2 : corner.x() + 3]
    assert (handle == 255).all(), "a white handle on the vertex"
    assert (before[corner.y(), corner.x()] != 255).any()
    bench.viewport.set_selection([])
    assert (bench.pixels() == before).all(), "nothing of the selection stays behind"


def test_suggestions_are_dashed(make_bench):
    bench = make_bench()
    bench.viewport.set_tags_visible(False)
    bench.viewport.show_suggestions([suggestion("s", SQUARE)])
    row = bench.pixels()[bench.on(50, 20).y()]
    line = row[bench.on(25, 20).x() : bench.on(75, 20).x()].astype(int)
    red = (line[:, 0] - line[:, 1]) > 80
    changes = int(np.abs(np.diff(red.astype(int))).sum())
    assert changes > 20, "red and gap in turn"
    bench.viewport.show_suggestions([])
    assert rgb(bench.colour(50, 50)) == GREY


def test_the_line_of_an_instance_is_whole(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_tags_visible(False)
    row = bench.pixels()[bench.on(50, 20).y()]
    line = row[bench.on(25, 20).x() : bench.on(75, 20).x()].astype(int)
    assert ((line[:, 0] - line[:, 1]) > 80).all()


def test_a_drag_shows_the_instance_where_it_would_be(make_bench):
    bench = make_bench(instance("a"))
    QTest.mousePress(bench.viewport, Qt.LeftButton, pos=bench.at(50, 60))
    QTest.mouseMove(bench.viewport, bench.at(80, 60))
    assert is_reddish(bench.colour(105, 50))
    assert rgb(bench.colour(30, 50)) == GREY
    bench.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, pos=bench.at(80, 60))
    assert is_reddish(bench.colour(30, 50))


def test_many_selected_are_moved_as_one_picture(make_bench):
    squares = [
        instance(
            str(k),
            [
                (x + k % 8 * 12 + 4, y + k // 8 * 12 + 4)
                for x, y in ((0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0))
            ],
        )
        for k in range(60)
    ]
    bench = make_bench(*squares)
    bench.viewport.set_tags_visible(False)
    bench.viewport.set_selection([str(k) for k in range(60)])
    assert is_reddish(bench.colour(8, 8))
    QTest.mousePress(bench.viewport, Qt.LeftButton, pos=bench.at(8, 8))
    QTest.mouseMove(bench.viewport, bench.at(14, 8))
    assert rgb(bench.colour(8, 6)) == GREY
    assert is_reddish(bench.colour(14, 8))
    QTest.mouseRelease(bench.viewport, Qt.LeftButton, pos=bench.at(14, 8))
    assert is_reddish(bench.colour(14, 8))
    assert rgb(bench.colour(8, 6)) == GREY
    assert len(bench.edits) == 1


def test_an_outline_under_the_pencil_is_seen(make_bench):
    bench = make_bench()
    bench.viewport.set_crosshair_visible(False)
    bench.viewport.set_tool("polygon")
    bench.click(20, 20)
    bench.click(80, 20)
    QTest.mouseMove(bench.viewport, bench.at(80, 80))
    assert is_reddish(bench.colour(50, 20))
    assert is_reddish(bench.colour(80, 50))
    bench.viewport.cancel_gesture()
    assert rgb(bench.colour(50, 20)) == GREY


def test_pixels_are_crisp_when_large(make_bench):
    pixels = np.zeros((100, 120, 3), np.uint8)
    pixels[:, ::2] = 255
    bench = make_bench(pixels=pixels)
    bench.viewport.set_view((60, 50), 8.0)
    row = bench.pixels()[bench.on(60, 50).y()]
    values = row[bench.on(40, 50).x() : bench.on(80, 50).x(), 0]
    assert set(values.tolist()) == {0, 255}


def test_a_look_changes_what_is_seen(make_bench):
    pixels = np.full((100, 120, 3), 100, np.uint8)
    pixels[..., 2] = 40
    bench = make_bench(pixels=pixels)
    for look, expected in (
        (Look(brightness=0.2), (151, 151, 91)),
        (Look(contrast=-1.0), (128, 128, 128)),
        (Look(gamma=2.0), (160, 160, 101)),
        (Look(channel=2), (40, 40, 40)),
        (Look(channel=looks.GREY), (93, 93, 93)),
        (Look(), (100, 100, 40)),
    ):
        bench.viewport.set_shade(shade(look))
        assert rgb(bench.colour(60, 50)) == expected, look
    bench.viewport.set_shade(shade(Look(), (40.0, 100.0)))
    assert rgb(bench.colour(60, 50)) == (255, 255, 0)


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7, 3.3, 20.0])
def test_the_image_is_where_the_coordinates_say(make_bench, scale):
    pixels = np.full((400, 600, 3), 60, np.uint8)
    pixels[100:200, 300:450] = (0, 255, 0)
    bench = make_bench(size=(600, 400), pixels=pixels)
    bench.viewport.set_view((300, 100), scale)
    step = 3 / scale
    assert bench.colour(300 + step, 100 + step).green() == 255
    assert bench.colour(300 - step, 100 + step).green() == 60
    assert bench.colour(300 + step, 100 - step).green() == 60


def test_stale_tiles_stand_in_at_once_and_are_then_replaced(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_view((60, 50), 3.7)
    renderer = bench.viewport._renderer
    renderer.make = lambda view, seconds=0.0: False
    image = bench.viewport.grab().toImage()
    assert is_reddish(image.pixelColor(bench.on(50, 50))), "from the tiles of the last scale"
    del renderer.make
    bench.settle()
    assert renderer._base.tiles.is_ready(bench.viewport._navigator.view)


class Stripe:
    """A layer that paints a blue field and takes clicks on it."""

    def __init__(self, below: bool) -> None:
        self.visible, self.opacity, self.below_instances = True, 1.0, below
        self.picked: list[tuple[float, float]] = []
        self.views = []

    def paint(self, painter: QPainter, view) -> None:
        self.views.append(view)
        painter.fillRect(30, 30, 20, 20, QColor(BLUE))

    def hover(self, x, y, tolerance) -> bool:
        return 30 <= x <= 50

    def leave(self) -> None: ...

    def pick(self, x, y, tolerance) -> bool:
        inside = 30 <= x <= 50 and 30 <= y <= 50
        if inside:
            self.picked.append((x, y))
        return inside


def test_a_layer_paints_in_image_coordinates_and_is_picked_first(make_bench):
    bench = make_bench(instance("a"))
    layer = Stripe(below=False)
    bench.viewport.add_layer(layer)
    assert rgb(bench.colour(40, 40)) == (0, 0, 255)
    assert layer.views[-1].scale == 4.0 * bench.viewport.devicePixelRatioF()
    bench.click(40, 40)
    assert len(layer.picked) == 1
    assert bench.viewport.selection == frozenset()
    layer.visible = False
    bench.viewport.layer_changed()
    assert is_reddish(bench.colour(40, 40))
    bench.viewport.remove_layer(layer)


def test_a_layer_below_lies_under_the_instances(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_opacity(0.5)
    bench.viewport.add_layer(Stripe(below=True))
    colour = bench.colour(40, 40)
    assert colour.red() > 100
    assert colour.blue() > 100


def test_no_image_is_a_plain_ground(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.show_document(None)
    bench.viewport.show_image(None)
    QTest.mouseClick(bench.viewport, Qt.LeftButton)
    assert len(np.unique(bench.pixels()[20:-20, 20:-20].reshape(-1, 3), axis=0)) == 1


def test_colours_that_are_no_colours_are_made_up(make_bench):
    bench = make_bench(instance("a"))
    bench.viewport.set_colours({"cell": "not a colour"})
    assert rgb(bench.colour(50, 20)) not in (GREY, (255, 0, 0))


def test_a_picture_of_what_rests_is_never_behind(make_bench):
    bench = make_bench(instance("a"), instance("b", FAR, label="other"))
    viewport, renderer = bench.viewport, bench.viewport._renderer
    moved = translate(bench.document.get("a").polygons, 5, 7)
    steps = [
        lambda: bench.apply(Reshape("a", moved), "moved"),
        lambda: bench.apply(Relabel((("b", "cell"),)), "named"),
        lambda: viewport.set_hidden(["b"]),
        lambda: viewport.show_suggestions([suggestion("s", FAR)]),
        lambda: viewport.set_suggestions_visible(False),
        lambda: viewport.set_view((40.0, 40.0), 2.5),
        lambda: viewport.set_shade(shade(Look(brightness=0.4))),
        lambda: viewport.set_opacity(0.9),
        lambda: viewport.set_instances_visible(False),
    ]
    for number, step in enumerate(steps):
        before = bench.pixels()
        step()
        bench.pixels()
        resting = bench.pixels()
        assert renderer._still._image is not None, number
        renderer._still.outdate()
        renderer.tags.outdate()
        bench.settle()
        renderer._still.outdate()
        assert (bench.pixels() == resting).all(), number
        assert (resting != before).any(), number


def test_after_edits_one_sees_what_a_canvas_sees_that_knows_only_the_last_state(make_bench):
    bench = make_bench(*(instance(id) for id in "ab"), instance("c", FAR, label="other"))
    nearer = translate(bench.document.get("c").polygons, -40, -30)
    point = ((8.0, 8.0, Seen.VISIBLE),)
    steps = [
        Add((instance("d", HOLE, label="other"),)),
        Reshape("c", nearer),
        Relabel((("a", "other"), ("d", "cell"))),
        Remove(("b",)),
        Add((instance("e", FAR), instance("f", HOLE)), (0, 2)),
        Reshape("a", bench.document.get("a").polygons, keypoints=point),
        Batch((Remove(("d",)), Reshape("e", nearer))),
    ]
    pictures = []
    for step in (*steps, *["undo"] * len(steps), *["redo"] * len(steps)):
        bench.viewport.set_selection(("a",) if len(pictures) % 3 else ())
        if step in ("undo", "redo"):
            bench.viewport.document_changed(getattr(bench.history, step)())
        else:
            bench.apply(step, "step")
        bench.viewport.set_selection(())
        pictures.append((bench.pixels(), bench.document.shapes))
    for number in (2, 5, 6, 9, len(steps) * 2 - 1, len(pictures) - 1):
        seen, shapes = pictures[number]
        assert (make_bench(*shapes).pixels() == seen).all(), number


def test_close_by_the_first_frame_of_a_zoom_shows_the_pixels_themselves(make_bench):
    pixels = np.random.default_rng(5).integers(0, 255, (100, 120, 3), np.uint8)
    bench = make_bench(pixels=pixels)
    bench.viewport.set_view((55.0, 45.0), 9.3)
    bench.viewport._renderer.make = lambda *_, **__: False
    first = bench.frame()
    del bench.viewport._renderer.make
    same = (bench.pixels() == first).all(axis=2)
    assert same[40:440, 40:560].mean() > 0.9, "but for the rounding at their borders"


def test_tags_say_what_instances_are_called_now(make_bench):
    bench = make_bench(instance("a"))
    bench.apply(Relabel((("a", "other"),)), "named")
    seen = bench.pixels()
    assert (make_bench(instance("a", label="other")).pixels() == seen).all()


def test_the_bars_cover_what_is_below_them(make_bench, monkeypatch):
    asked = []
    paint = Renderer.paint
    monkeypatch.setattr(
        Renderer, "paint", lambda self, *rest: (asked.append(1), paint(self, *rest))[1]
    )
    bench = make_bench(instance("a"))
    bench.viewport.set_view((60.0, 50.0), 12.0)
    bench.settle()
    asked.clear()
    bench.viewport._bars._across.update()
    bench.viewport._bars._down.update()
    QTest.qWait(1)
    assert not asked
    bench.viewport._navigator.pan(9, 4)
    QTest.qWait(1)
    assert len(asked) == 1


def test_a_click_folds_the_board_of_colours(make_bench):
    bench = make_bench(instance("a"))
    legend = LegendLayer()
    legend.show([Entry(f"Line {number}") for number in range(12)])
    legend.visible = True
    bench.viewport.add_layer(legend)
    ground_there = bench.viewport.height() - 150
    whole = bench.pixels()
    QTest.mouseClick(bench.viewport, Qt.LeftButton, Qt.NoModifier, QPoint(30, ground_there))
    folded = bench.pixels()
    assert (folded[ground_there, 12] != whole[ground_there, 12]).any()
    assert bench.viewport.selection == frozenset()
    at = QPoint(30, bench.viewport.height() - 18)
    QTest.mouseClick(bench.viewport, Qt.LeftButton, Qt.NoModifier, at)
    assert (bench.pixels() == whole).all()
    QTest.mouseClick(bench.viewport, Qt.LeftButton, Qt.NoModifier, bench.at(50, 50))
    assert bench.viewport.selection == {"a"}
