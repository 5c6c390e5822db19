"""The maps of features: those of the backbone, and the pyramid that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from core.lens import pictures
from core.lens.colours import cold_to_warm, heat
from core.lens.pictures import PictureKind
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Trace
from core.lens.views.base import Layer, Look, Scene, Stage, Tile
from core.lens.views.common import one_level, ramp, read_levels
from core.lens.views.marks import Entry, Laid, Line, PictureAsked, PictureShown, Scale
from core.lens.views.table import Column, Table, Text, Words, text

LEVELS: Final = {"backbone": BACKBONE_LEVELS, "pyramid": PYRAMID_LEVELS}


STEPS: Final = {
    "lateral": text("after the lateral 1×1"),
    "sum": text("after the sum with the coarser level"),
}


def table(stage: str, trace: Trace) -> Table:
    """The shape and stride of each map."""
    maps = getattr(trace, stage).maps
    places = np.arange(len(maps))
    shapes = np.array([each.shape[-3:] for each in maps]).reshape(-1, 3)
    columns = (
        Column(text("Level"), places, LEVELS[stage][: len(maps)]),
        Column(text("Channels"), shapes[:, 0]),
        Column(text("Rows"), shapes[:, 1]),
        Column(text("Columns"), shapes[:, 2]),
        Column(text("Stride"), trace.input.padded[1] // np.maximum(shapes[:, 2], 1)),
    )
    return Table(columns, places, descending=False)


def draw(look: Look) -> PictureAsked:
    """One map: the length of its features, a channel, or three principal components."""
    options, backbone = look.options, look.stage == "backbone"
    alone = one_level(look.trace)
    chosen = options.pyramid_level if alone is None else alone
    level = options.backbone_level if backbone else chosen
    maps = (look.trace.backbone if backbone else look.trace.pyramid).maps
    name: Words = LEVELS["backbone" if backbone else "pyramid"][level]
    channels, rows, columns = maps[level].shape
    kind, channel = options.feature_kind, options.channel
    # P6 is every second cell of P5, and has no steps of its own.
    step = "" if backbone or level >= len(BACKBONE_LEVELS) else options.pyramid_step
    if step:
        name = text("{level} {step}", level=name, step=STEPS[step])

    def legend(low: float, high: float) -> tuple[Line, ...]:
        args = {"level": name, "size": f"{columns} × {rows}", "channels": str(channels)}
        if kind is PictureKind.COMPONENTS:
            said = text(
                "{level}, {size} cells: three principal components of {channels} channels", **args
            )
            return (Entry(said),)
        if kind is PictureKind.CHANNEL:
            said = text(
                "{level}, {size} cells: channel {channel} of {channels}",
                channel=str(channel),
                **args,
            )
            return Entry(said), Scale(*_ends(low, high), ramp(cold_to_warm, -1))
        said = text("{level}, {size} cells: length of the {channels} features", **args)
        return Entry(said), Scale(*_ends(low, high), ramp(heat))

    return PictureAsked(
        kind,
        legend,
        level=level + (0 if backbone else len(BACKBONE_LEVELS)),
        channel=channel,
        step=step,
    )


def _ends(low: float, high: float) -> tuple[Text, Text]:
    return text("{value}", value=low), text("{value}", value=high)


def tiles(stage: str, scene: Scene) -> list[Tile]:
    """The length of the features of each map; of the pyramid also principal components."""
    given, found = scene.trace.input, list[Tile]()
    maps: Sequence[Any] = getattr(scene.trace, stage).maps
    places = read_levels(scene.trace) if stage == "pyramid" else range(len(maps))
    for name, values in ((LEVELS[stage][place], maps[place]) for place in places):
        shape = " × ".join(str(n) for n in values.shape)
        length = text("{level}: length of the features, {shape}", level=name, shape=shape)
        norm = Laid(pictures.feature_norm(values, given), 0.82)
        found.append(Tile(length, (norm,), small=True, dim=0.3))
        if stage == "pyramid":
            parts = text("{level}: three principal components as colour", level=name)
            colours = Laid(pictures.feature_components(values, given), 0.9)
            found.append(Tile(parts, (colours,), small=True, dim=0.3))
    return found


BACKBONE: Final = Stage(
    name="backbone",
    title=text("Backbone C2–C5"),
    heading=text("Backbone"),
    about=text(
        "A classification network turns the image into four maps of features, C2 to C5, each half "
        "as fine as the one before. Bright cells have long feature vectors: something there "
        "excites the network."
    ),
    count=lambda trace: len(trace.backbone.maps),
    table=partial(table, "backbone"),
    tiles=partial(tiles, "backbone"),
    shows=("features",),
)
PYRAMID: Final = Stage(
    name="pyramid",
    title=text("Pyramid P2–P6"),
    heading=text("Feature pyramid"),
    about=text(
        "The coarse maps, which know what is there, are added to the fine maps, which know where. "
        "A 1×1 convolution gives each the same number of channels, the coarser level is enlarged "
        "and added, and a 3×3 convolution smooths the sum; P6 is every second cell of P5. "
        "In the pictures at the right, cells with like features have like colours."
    ),
    count=lambda trace: len(read_levels(trace)),
    table=partial(table, "pyramid"),
    tiles=partial(tiles, "pyramid"),
    shows=("features",),
    layers=(
        Layer(
            "features",
            text("Feature map"),
            PictureShown,
            draw,
            frozenset({"options", "stage"}),
            rank=-1,
            below=True,
            opacity=0.8,
        ),
    ),
)
