"""What the legend on the canvas says of the layers that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.base.words import count_text, number_text
from app.lens.chains import fate_text
from app.lens.groups import FORCED, IGNORED, MATCH_COLOURS, NEGATIVE, POSITIVE
from app.lens.options import Options
from core.lens.colours import (
    DETECTION,
    FATE_STYLES,
    FATES,
    LEVELS,
    PADDING,
    PROPOSAL,
    STRONGEST,
    Colour,
    Style,
    cold_to_warm,
    heat,
)
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Fate, Trace
from core.lens.views.base import Entry, Line, Scale
from core.protocol.messages.lens import LensDrawn, PictureKind

DASH: Final = Style.DASH


def _tr(text: str) -> str:
    return QCoreApplication.translate("lens", text)


def _ramp(colours: Callable[[NDArray[Any]], NDArray[np.uint8]], low: float) -> tuple[Colour, ...]:
    return tuple((r, g, b) for r, g, b in colours(np.linspace(low, 1, 13)).tolist())


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be explained."""

    trace: Trace
    stage: str
    options: Options
    drawn: Mapping[str, LensDrawn]
    """The pictures on layers."""
    painted: Mapping[str, int]
    """How many boxes are painted on layers."""
    lines: Mapping[str, tuple[Line, ...]]
    """What views say of their layers."""


def legend(seen: Seen, shown: Iterable[str]) -> list[Line]:
    """The lines for the layers `shown`, by their names."""
    lines: list[Line] = []
    for name in shown:
        make = _LINES.get(name)
        lines += seen.lines.get(name, ()) if make is None else make(seen)
    return lines


def _input(seen: Seen) -> list[Line]:
    trace = seen.trace
    given = trace.input
    sizes = (*given.image_size[::-1], *given.size[::-1], *given.padded[::-1])
    text = _tr("{0} × {1}, resized to {2} × {3}, padded to {4} × {5}")
    border = Entry(_tr("border of the image; beyond it padding"), PADDING, DASH)
    return [Entry(text.format(*sizes)), border]


def _features(seen: Seen) -> list[Line]:
    trace = seen.trace
    drawn = seen.drawn.get("features")
    if drawn is None:
        return []
    backbone = seen.stage == "backbone"
    maps = trace.backbone.maps if backbone else trace.pyramid.maps
    level = seen.options.backbone_level if backbone else seen.options.pyramid_level
    name = (BACKBONE_LEVELS if backbone else PYRAMID_LEVELS)[level]
    channels, rows, columns = maps[level].shape
    size = f"{columns} × {rows}"
    if seen.options.feature_kind is PictureKind.COMPONENTS:
        text = _tr("{level}, {size} cells: three principal components of {channels} channels")
        return [Entry(text.format(level=name, size=size, channels=channels))]
    low, high = number_text(drawn.low), number_text(drawn.high)
    if seen.options.feature_kind is PictureKind.CHANNEL:
        text = _tr("{level}, {size} cells: channel {channel} of {channels}")
        text = text.format(level=name, size=size, channel=seen.options.channel, channels=channels)
        return [Entry(text), Scale(low, high, _ramp(cold_to_warm, -1))]
    text = _tr("{level}, {size} cells: length of the {channels} features")
    text = text.format(level=name, size=size, channels=channels)
    return [Entry(text), Scale(low, high, _ramp(heat, 0))]


def _objectness(seen: Seen) -> list[Line]:
    trace = seen.trace
    level = min(seen.options.objectness_level, len(trace.anchors.grids) - 1)
    rows, columns = trace.anchors.grids[level]
    text = _tr("{level}, {size} cells: best objectness of each")
    text = text.format(level=PYRAMID_LEVELS[level], size=f"{columns} × {rows}")
    return [Entry(text), Scale("0", "1", _ramp(heat, 0))]


def _anchors(seen: Seen) -> list[Line]:
    trace = seen.trace
    match seen.options.anchor_colour:
        case "fate":
            counts = np.bincount(trace.decoded.fate, minlength=len(Fate))
            entries = [
                (f"{fate_text(fate)}: {count_text(int(counts[fate]))}", colour)
                for fate, colour in FATES.items()
                if counts[fate]
            ]
        case "level":
            levels = zip(PYRAMID_LEVELS, trace.anchors.level_counts, LEVELS, strict=False)
            entries = [(f"{name}: {count_text(count)}", colour) for name, count, colour in levels]
        case "match":
            names = {
                POSITIVE: _tr("positive: IoU 0.7 and more"),
                FORCED: _tr("forced: the best for an instance"),
                IGNORED: _tr("ignored: IoU 0.3 to 0.7"),
                NEGATIVE: _tr("negative: IoU below 0.3, without boxes"),
            }
            entries = [(text, MATCH_COLOURS[state]) for state, text in names.items()]
        case _:
            return [
                Entry(_tr("objectness of each cell")),
                Scale("0", "1", _ramp(heat, 0)),
                Entry(_tr("boxes of the strongest thousand"), STRONGEST),
            ]
    return [Entry(text, colour, filled=True) for text, colour in entries]


def _by_fate(fate: NDArray[Any], least: Fate, what: str) -> list[Line]:
    counts = np.bincount(fate, minlength=len(Fate))
    return [
        Entry(what),
        *(
            Entry(f"{fate_text(each)}: {count_text(int(counts[each]))}", colour, FATE_STYLES[each])
            for each, colour in FATES.items()
            if counts[each] and each is not least
        ),
    ]


def _of(seen: Seen, name: str, total: int) -> str:
    """How many of the boxes of a layer are painted."""
    painted = min(seen.painted.get(name, total), total)
    if painted == total:
        return count_text(total)
    return _tr("{n} of {total}").format(n=count_text(painted), total=count_text(total))


def _decoded(seen: Seen) -> list[Line]:
    trace = seen.trace
    text = _tr("{n} decoded boxes").format(n=_of(seen, "decoded", trace.counts()["decoded"]))
    return _by_fate(trace.decoded.fate, Fate.BELOW_TOP_K, text)


def _proposals(seen: Seen) -> list[Line]:
    count = _of(seen, "proposals", len(seen.trace.proposals.boxes))
    return [Entry(_tr("{n} proposals").format(n=count), PROPOSAL)]


def _detections(seen: Seen) -> list[Line]:
    count = _of(seen, "detections", len(seen.trace.detections.boxes))
    return [Entry(_tr("{n} detections").format(n=count), DETECTION)]


def _sampling(seen: Seen) -> list[Line]:
    text = _tr("{bins} × {bins} cells of 2 × 2 points; the brighter a cell, the more it counts")
    return [Entry(text.format(bins=seen.options.bins), (86, 180, 233), Style.DOT)]


def _arrows(seen: Seen) -> list[Line]:
    return [
        Entry(_tr("proposal"), PROPOSAL, DASH),
        Entry(_tr("refined by the box head"), DETECTION),
    ]


def _mask(seen: Seen) -> list[Line]:
    trace = seen.trace
    drawn = seen.drawn.get("mask_logits")
    if drawn is None:
        return []
    name = _tr("its own class")
    if seen.options.mask_label:
        name = trace.class_names[seen.options.mask_label - 1]
    scale = Scale(_tr("outside −4"), _tr("4 inside"), _ramp(cold_to_warm, -1))
    return [Entry(_tr("mask logits: {label}").format(label=name)), scale]


def _polygons(seen: Seen) -> list[Line]:
    trace = seen.trace
    count = trace.counts()["polygons"]
    text = _tr("{n} masks, cut at {threshold}")
    threshold = number_text(trace.settings.mask)
    return [Entry(text.format(n=count_text(count), threshold=threshold))]


_LINES: Final[dict[str, Callable[[Seen], list[Line]]]] = {
    "input": _input,
    "features": _features,
    "objectness": _objectness,
    "anchors": _anchors,
    "decoded": _decoded,
    "proposals": _proposals,
    "detections": _detections,
    "arrows": _arrows,
    "sampling": _sampling,
    "mask_logits": _mask,
    "polygons": _polygons,
}
