"""The image as the network sees it."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.lens import pictures
from core.lens.colours import PADDING, Style
from core.lens.pictures import PictureKind
from core.lens.trace import Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.marks import Entry, Group, Laid, Line, PictureAsked, PictureShown
from core.lens.views.table import Column, Table, text


def table(trace: Trace) -> Table:
    """The sizes of the image on its way."""
    sizes = (trace.input.image_size, trace.input.size, trace.input.padded)
    places = np.arange(3)
    names = (text("image"), text("resized"), text("with padding"))
    columns = (
        Column(text("Size of"), places, names),
        Column(text("Width"), np.array([size[1] for size in sizes])),
        Column(text("Height"), np.array([size[0] for size in sizes])),
    )
    return Table(columns, places, descending=False)


def draw(look: Look) -> PictureAsked:
    """The network's input with its padding."""
    lines = legend(look.trace)
    frame = look.trace.input.image_size
    return PictureAsked(PictureKind.INPUT, lambda _low, _high: lines, frame=frame)


def legend(trace: Trace) -> tuple[Line, ...]:
    """The sizes, and what the border is."""
    given = trace.input
    image, resized, padded = (
        f"{size[1]} × {size[0]}" for size in (given.image_size, given.size, given.padded)
    )
    sizes = text(
        "{image}, resized to {resized}, padded to {padded}",
        image=image,
        resized=resized,
        padded=padded,
    )
    border = text("border of the image; beyond it padding")
    return Entry(sizes), Entry(border, PADDING, Style.DASH)


def tiles(scene: Scene) -> tuple[Tile, ...]:
    """The same, with black where the image does not reach."""
    given = scene.trace.input
    view = pictures.network_view(given, scene.mean, scene.std)
    height, width = given.image_size
    border = Group(np.array([[0.0, 0, width, height]]), np.arange(1), PADDING, width=2)
    sizes, key = legend(scene.trace)
    assert isinstance(sizes, Entry)
    room = (view.place.x1, view.place.y1)
    return (Tile(sizes.text, (Laid(view, smooth=True), border), (key,), room=room),)


def document(trace: Trace) -> dict[str, object]:
    """Sizes and scale."""
    return {
        "image_size": list(trace.input.image_size),
        "resized_size": list(trace.input.size),
        "padded_size": list(trace.input.padded),
        "scale": list(trace.input.scale),
    }


STAGE: Final = Stage(
    name="input",
    title=text("Input"),
    heading=text("Input"),
    about=text(
        "The image is normalised, resized so that its shorter side has a fixed length, and padded "
        "at the right and bottom: to a multiple of 32, or to a square in a model of matterport's. "
        "All boxes up to the detections are pixels of "
        "this resized image."
    ),
    count=lambda trace: 1,
    table=table,
    tiles=tiles,
    shows=("input",),
    layers=(
        Layer(
            "input",
            text("Input with padding"),
            PictureShown,
            draw,
            frozenset(),
            rank=-1,
            below=True,
        ),
    ),
    document=document,
)
