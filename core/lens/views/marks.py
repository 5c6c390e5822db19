"""Marks of a view: what the layers of the canvas show, what lies on paper, lines of a legend.

Frozen values without Qt and Pillow; painters draw them. Everything that has a place has it in
pixels of the image unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Polygons
from core.lens.cells import CellLevel
from core.lens.colours import Colour, Style
from core.lens.items import Box
from core.lens.pictures import Picture, PictureKind
from core.lens.trace import Anchors
from core.lens.views.table import Ints, Words

Boxes = NDArray[np.float64]
"""N×4 of x0, y0, x1, y1."""


# Lines of a legend


@dataclass(frozen=True, slots=True)
class Entry:
    """Words behind a line in a colour and style, behind a filled field, or behind nothing."""

    text: Words
    colour: Colour | None = None
    style: Style = Style.SOLID
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours from a low value to a high one."""

    low: Words
    high: Words
    colours: tuple[Colour, ...]


Line = Entry | Scale


# What a layer of the canvas shows


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Boxes that look alike. `index` are their numbers in the stage.

    On paper they are as wide and opaque as it says; on the canvas thin, and opaque but for what
    is `fogged`.
    """

    boxes: Boxes
    index: Ints
    colour: Colour
    style: Style = Style.SOLID
    width: float = 1.5
    opacity: float = 1.0
    fogged: bool = False
    """Whether they are only as opaque on the canvas, too, where many would hide the image."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxesShown:
    """Boxes one can point at: later groups lie above earlier ones; `total` is what there is."""

    groups: tuple[Group, ...]
    total: int
    legend: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PictureShown:
    """A picture over its place, with the border of the image where it has a `frame`."""

    picture: Picture
    legend: tuple[Line, ...] = ()
    frame: tuple[int, int] | None = None
    """Height and width."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureAsked:
    """A picture that only the engine can draw; `legend` takes the ends of its scale."""

    kind: PictureKind
    legend: Callable[[float, float], tuple[Line, ...]]
    level: int = 0
    """Counts C2 to C5, then P2 to P6."""
    channel: int = 0
    detection: int = 0
    label: int = 0
    step: str = ""
    """How far a map of the pyramid has come: `lateral`, `sum`, or all the way."""
    frame: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AnchorsShown:
    """Anchors of one level and shape or of all; a cell shows its strongest.

    Boxes have the colours of their anchors where `coloured`, few in all, and faint ones none.
    """

    anchors: Anchors
    scale: tuple[float, float]
    """Resized pixels for one image pixel, across and down."""
    strength: NDArray[np.float32]
    """A."""
    colours: NDArray[np.uint8]
    """A×4: red, green, blue, opacity."""
    legend: tuple[Line, ...]
    coloured: bool
    level: int | None
    shape: int | None


@dataclass(frozen=True, slots=True)
class CellSeen:
    """A cell of a one-stage detector, where its box starts, the box, and what is said of it."""

    level: int
    cell: Box
    start: Box
    box: Box
    number: int
    """Of the box in the stage; -1 where the detector gave none."""
    score: float
    colour: Colour
    """Of the level."""
    fate: Colour
    style: Style
    """Of the fate."""
    lines: tuple[Words, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CellsShown:
    """The cells of a one-stage detector, seen where one points."""

    levels: tuple[CellLevel, ...]
    at: Callable[[float, float], tuple[CellSeen, ...]]
    """The cells at a place of the image, one on each level, that of the best score first."""
    of: Callable[[int], CellSeen | None]
    """The cell of a box by its number."""
    legend: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SamplingShown:
    """Where RoIAlign reads for a box: columns and rows of its points, and the cells it mixes."""

    box: Box
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bins: int
    cells: tuple[tuple[Box, float], ...]
    """Corners of a cell and how much it counts in all."""
    legend: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BarsShown:
    """Names and shares beside a box, the largest first."""

    box: Box
    bars: tuple[tuple[str, float], ...]
    legend: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ArrowsShown:
    """Boxes N×4 and what becomes of them, row by row."""

    before: Boxes
    after: Boxes
    legend: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OutlinesShown:
    """Outlines by their numbers, empty where there is none, each in its colour.

    Those of `before` are dashed and not filled.
    """

    outlines: tuple[Polygons, ...]
    colours: tuple[Colour, ...]
    legend: tuple[Line, ...] = ()
    before: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One box on the way of a chosen one."""

    box: Box
    text: Words
    colour: Colour
    style: Style


@dataclass(frozen=True, slots=True, eq=False)
class ChainShown:
    """The way of a box, and a person's outline when it is about one."""

    links: tuple[Link, ...]
    outline: Polygons = ()
    legend: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A drawing that takes too long for the window; `make` calls its argument, which may raise."""

    make: Callable[[Callable[[], object]], Drawing]


@dataclass(frozen=True, slots=True)
class Pending:
    """What is needed is on its way: the layer stays as it is."""


Drawing = (
    BoxesShown
    | PictureShown
    | PictureAsked
    | AnchorsShown
    | CellsShown
    | SamplingShown
    | BarsShown
    | ArrowsShown
    | OutlinesShown
    | ChainShown
    | Later
    | Pending
)


# On paper


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A picture laid over the image."""

    picture: Picture
    opacity: float = 1.0
    smooth: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """An outline with its holes, filled with some opacity."""

    polygons: Polygons
    colour: Colour
    fill: float = 0.35
    width: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Pointers:
    """Arrows from points N×2 to points N×2, each in its colour."""

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    colours: tuple[Colour, ...]
    width: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """Points N×2."""

    points: NDArray[np.float64]
    colour: Colour
    size: float


@dataclass(frozen=True, slots=True)
class Label:
    """Words with their lower left corner at a point."""

    x: float
    y: float
    text: Words
    colour: Colour


Mark = Group | Laid | Outline | Pointers | Dots | Label
