"""What a view is: how a stage is looked at, its layers, its pictures, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance, Polygons
from core.lens.boxes import scaled
from core.lens.evidence import BoxKind
from core.lens.items import Chain, Item, chain_of
from core.lens.pictures import PictureKind
from core.lens.trace import Trace
from core.lens.views.marks import Boxes, Drawing, Line, Mark
from core.lens.views.table import Ints, Table, Text, Words

# What is looked at


@dataclass(frozen=True, slots=True)
class Options:
    """What a person chose to see. Levels count from 0 for C2 and P2."""

    feature_kind: PictureKind = PictureKind.NORM
    backbone_level: int = 1
    pyramid_level: int = 1
    pyramid_step: str = ""
    """`lateral` (1×1 convolution of the backbone's map), `sum` (with the coarser levels added), or
    nothing: after the 3×3 convolution, as it goes on."""
    channel: int = 0
    objectness_level: int = 1
    anchor_level: int | None = None
    """None for all."""
    anchor_shape: int | None = None
    anchor_colour: str = "cell"
    """`cell` (under the pointer, nothing else), `objectness`, `fate`, `level` or `match`."""
    bins: int = 7
    """7 for the box head, 14 for the mask head."""
    most: int = 300
    """Boxes of a stage on the canvas: the strongest."""
    mask_label: int = 0
    """Label index of the mask logits; 0 for the detection's own."""


@dataclass(frozen=True, slots=True)
class Look:
    """A trace and how somebody looks at it."""

    trace: Trace
    options: Options = Options()
    stage: str = ""
    chosen: Item | None = None
    only: Ints | None = None
    """Numbers that a filter left of the boxes of this kind; None for all."""
    instances: tuple[Instance, ...] = ()
    """Those of a person, for comparisons."""
    outline: Polygons = ()
    """The instance that a question is about."""
    before: Trace | None = None
    """The same image under the model's own settings."""
    matching: tuple[float, float] = (0.7, 0.3)
    """IoU from which an anchor is positive in training, and below which it is negative."""

    def best(self, rank: NDArray[Any]) -> Ints:
        """The wanted ones of some numbers of boxes, best first."""
        wanted = rank if self.only is None else rank[np.isin(rank, self.only)]
        return np.asarray(wanted[: self.options.most], dtype=np.int64)

    def focus(self) -> Item | None:
        """The chosen box; the strongest one of the stage while nothing is chosen."""
        trace = self.trace
        if self.chosen is not None:
            return self.chosen
        if self.stage == "mask_logits" and len(trace.detections.label):
            return Item(BoxKind.DETECTION, 0)
        if len(trace.detections.label):
            return Item(BoxKind.PROPOSAL, int(trace.detections.proposal_index[0]))
        return Item(BoxKind.PROPOSAL, 0) if len(trace.proposals.boxes) else None

    def focused(self) -> Chain:
        """The way of the box in focus; empty without one."""
        item = self.focus()
        return Chain() if item is None else chain_of(self.trace, item)


def in_image(trace: Trace, boxes: NDArray[Any]) -> Boxes:
    """Resized pixels as pixels of the image."""
    across, down = trace.input.scale
    return scaled(boxes, (1 / across, 1 / down))


# Pictures on paper


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture over the dimmed image: marks, later ones above, a title and a legend below."""

    title: Words
    marks: Sequence[Mark] = ()
    legend: Sequence[Line] = ()
    small: bool = False
    """Half as wide, two in a row."""
    dim: float = 0.45
    room: tuple[float, float] | None = None
    """Width and height where more than the image is shown, black around it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What pictures on paper are drawn from."""

    trace: Trace
    """With arrays."""
    pixels: NDArray[np.uint8]
    """The upright image, H×W×3."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """A line of the page that opens: what it is about, and more."""

    number: int
    name: str
    value: str
    way: str
    text: str


@dataclass(frozen=True, slots=True)
class Details:
    """What the page says below a picture: rows of a table, or lines that open, and a remark."""

    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    folds: Sequence[Fold] = ()
    remark: str = ""


# Layers and stages


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the canvas, which a person can switch."""

    name: str
    title: Text
    form: type[Any]
    """What `draw` gives: one of `Drawing`; for pictures `PictureShown`, whoever draws them."""
    draw: Callable[[Look], Drawing | None]
    """None where there is nothing to show."""
    follows: frozenset[str]
    """Which of `options`, `chosen`, `stage`, `only` and `labels` it is drawn again for."""
    kind: BoxKind | None = None
    """What its boxes are."""
    describe: Callable[[Trace, int], Words] = lambda _trace, _number: ""
    """One box in a few words, by its number."""
    rank: int = 0
    """Layers of a higher one lie above."""
    below: bool = False
    """Whether it lies below the instances."""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage shows. Every function takes a trace with arrays."""

    name: str
    """The field of the trace, if it has one of its own."""
    title: Text
    """For a list of stages."""
    heading: Text
    about: Text
    """For somebody who has read only the paper's abstract."""
    count: Callable[[Trace], int]
    table: Callable[[Trace], Table]
    tiles: Callable[[Scene], Sequence[Tile]]
    """Its picture on paper; two in a row when there are more."""
    shows: tuple[str, ...]
    """The layers one sees when one comes to it."""
    layers: tuple[Layer, ...] = ()
    """Its own."""
    document: Callable[[Trace], Mapping[str, object]] = lambda _trace: {}
    """What is particular to it, for JSON."""
    details: Callable[[Trace], Details | None] = lambda _trace: None
