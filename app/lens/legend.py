"""What the legend on the canvas says of the layers that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtGui import QColor

from app.canvas.layers.anchors import STRONGEST
from app.canvas.layers.legend import Entry, Line, Scale
from app.canvas.layers.lens_colours import (
    DETECTION,
    FATE_COLOURS,
    FATE_STYLES,
    LEVEL_COLOURS,
    PADDING,
    PROPOSAL,
    SHAPE_STYLES,
)
from app.lens.chains import fate_text
from app.lens.groups import FORCED, IGNORED, MATCH_COLOURS, NEGATIVE, POSITIVE
from app.lens.options import Options
from app.words import count_text
from core.lens.colours import cold_to_warm, heat
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, Fate, Trace
from core.protocol.messages.lens import LensDrawn, PictureKind

DASH: Final = Qt.PenStyle.DashLine


def _tr(text: str) -> str:
    return QCoreApplication.translate("lens", text)


def number_text(value: float, digits: int = 2) -> str:
    """A number with that many decimals, as the user's language writes it."""
    return QLocale().toString(float(value), "f", digits)


def _ramp(colours: Callable[[NDArray[Any]], NDArray[np.uint8]], low: float) -> tuple[QColor, ...]:
    return tuple(QColor(*rgb) for rgb in colours(np.linspace(low, 1, 13)).tolist())


def legend(
    trace: Trace,
    stage: str,
    shown: Iterable[str],
    options: Options,
    drawn: Mapping[str, LensDrawn],
) -> list[Line]:
    """The lines for the layers `shown`, by their names; `drawn` are the pictures on them."""
    lines: list[Line] = []
    for name in shown:
        make = _LINES.get(name)
        if make is not None:
            lines += make(trace, stage, options, drawn.get(name))
    return lines


def _input(trace: Trace, _stage: str, _options: Options, _drawn: LensDrawn | None) -> list[Line]:
    given = trace.input
    sizes = (*given.image_size[::-1], *given.size[::-1], *given.padded[::-1])
    text = _tr("{0} × {1}, resized to {2} × {3}, padded to {4} × {5}")
    border = Entry(_tr("border of the image; beyond it padding"), PADDING, DASH)
    return [Entry(text.format(*sizes)), border]


def _features(trace: Trace, stage: str, options: Options, drawn: LensDrawn | None) -> list[Line]:
    if drawn is None:
        return []
    backbone = stage == "backbone"
    maps = trace.backbone.maps if backbone else trace.pyramid.maps
    level = options.backbone_level if backbone else options.pyramid_level
    name = (BACKBONE_LEVELS if backbone else PYRAMID_LEVELS)[level]
    channels, rows, columns = maps[level].shape
    size = f"{columns} × {rows}"
    if options.feature_kind is PictureKind.COMPONENTS:
        text = _tr("{level}, {size} cells: three principal components of {channels} channels")
        return [Entry(text.format(level=name, size=size, channels=channels))]
    low, high = number_text(drawn.low), number_text(drawn.high)
    if options.feature_kind is PictureKind.CHANNEL:
        text = _tr("{level}, {size} cells: channel {channel} of {channels}")
        text = text.format(level=name, size=size, channel=options.channel, channels=channels)
        return [Entry(text), Scale(low, high, _ramp(cold_to_warm, -1))]
    text = _tr("{level}, {size} cells: length of the {channels} features")
    text = text.format(level=name, size=size, channels=channels)
    return [Entry(text), Scale(low, high, _ramp(heat, 0))]


def _objectness(
    trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None
) -> list[Line]:
    level = min(options.objectness_level, len(trace.anchors.grids) - 1)
    rows, columns = trace.anchors.grids[level]
    text = _tr("{level}, {size} cells: best objectness of each")
    text = text.format(level=PYRAMID_LEVELS[level], size=f"{columns} × {rows}")
    return [Entry(text), Scale("0", "1", _ramp(heat, 0))]


def _anchors(trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None) -> list[Line]:
    match options.anchor_colour:
        case "fate":
            counts = np.bincount(trace.decoded.fate, minlength=len(Fate))
            entries = [
                (f"{fate_text(fate)}: {count_text(int(counts[fate]))}", colour)
                for fate, colour in FATE_COLOURS.items()
                if counts[fate]
            ]
        case "level":
            levels = zip(PYRAMID_LEVELS, trace.anchors.level_counts, LEVEL_COLOURS, strict=False)
            entries = [(f"{name}: {count_text(count)}", colour) for name, count, colour in levels]
        case "match":
            names = {
                POSITIVE: _tr("positive: IoU 0.7 and more"),
                FORCED: _tr("forced: the best for an instance"),
                IGNORED: _tr("ignored: IoU 0.3 to 0.7"),
                NEGATIVE: _tr("negative: IoU below 0.3, without boxes"),
            }
            entries = [(text, QColor(*MATCH_COLOURS[state])) for state, text in names.items()]
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
            for each, colour in FATE_COLOURS.items()
            if counts[each] and each is not least
        ),
    ]


def _strongest(options: Options, total: int) -> str:
    if total <= options.most:
        return _tr("all {n}").format(n=count_text(total))
    text = _tr("the strongest {n} of {total}")
    return text.format(n=count_text(options.most), total=count_text(total))


def _decoded(trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None) -> list[Line]:
    what = _tr("decoded boxes, {which}")
    total = trace.counts()["decoded"]
    which = what.format(which=_strongest(options, total))
    return _by_fate(trace.decoded.fate, Fate.BELOW_TOP_K, which)


def _candidates(
    trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None
) -> list[Line]:
    what = _tr("candidates, {which}")
    which = what.format(which=_strongest(options, trace.counts()["candidates"]))
    return _by_fate(trace.candidates.fate, Fate.LOW_SCORE, which)


def _proposals(trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None) -> list[Line]:
    what = _tr("proposals, {which}")
    which = _strongest(options, len(trace.proposals.boxes))
    return [Entry(what.format(which=which), PROPOSAL)]


def _detections(
    trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None
) -> list[Line]:
    what = _tr("detections, {which}")
    which = _strongest(options, len(trace.detections.boxes))
    return [Entry(what.format(which=which), DETECTION)]


def _roi_levels(
    trace: Trace, _stage: str, _options: Options, _drawn: LensDrawn | None
) -> list[Line]:
    stage = trace.roi_levels
    most = len(stage.scales) - 1
    counts = np.bincount(stage.level, minlength=most + 1)
    lines: list[Line] = [Entry(_tr("level by the root of the area, in network pixels"))]
    for level in range(most + 1):
        high = stage.canonical_size * 2 ** (level - 1)
        if level == 0:
            rule = _tr("below {high}").format(high=f"{high:g}")
        elif level == most:
            rule = _tr("from {low}").format(low=f"{high / 2:g}")
        else:
            rule = _tr("{low} to {high}").format(low=f"{high / 2:g}", high=f"{high:g}")
        text = f"{PYRAMID_LEVELS[level]}, {rule}: {count_text(int(counts[level]))}"
        lines.append(Entry(text, LEVEL_COLOURS[level], SHAPE_STYLES[level]))
    return lines


def _sampling(trace: Trace, _stage: str, options: Options, _drawn: LensDrawn | None) -> list[Line]:
    text = _tr("{bins} × {bins} cells of 2 × 2 points; the brighter a cell, the more it counts")
    return [Entry(text.format(bins=options.bins), QColor("#56b4e9"), Qt.PenStyle.DotLine)]


def _arrows(_trace: Trace, _stage: str, _options: Options, _drawn: LensDrawn | None) -> list[Line]:
    return [
        Entry(_tr("proposal"), PROPOSAL, DASH),
        Entry(_tr("refined by the box head"), DETECTION),
    ]


def _mask(trace: Trace, _stage: str, options: Options, drawn: LensDrawn | None) -> list[Line]:
    if drawn is None:
        return []
    name = _tr("its own class")
    if options.mask_label:
        name = trace.class_names[options.mask_label - 1]
    scale = Scale(_tr("outside −4"), _tr("4 inside"), _ramp(cold_to_warm, -1))
    return [Entry(_tr("mask logits: {label}").format(label=name)), scale]


def _polygons(trace: Trace, _stage: str, _options: Options, _drawn: LensDrawn | None) -> list[Line]:
    count = trace.counts()["polygons"]
    text = _tr("{n} masks, cut at {threshold}")
    threshold = number_text(trace.settings.mask)
    return [Entry(text.format(n=count_text(count), threshold=threshold))]


_LINES: Final[dict[str, Callable[[Trace, str, Options, LensDrawn | None], list[Line]]]] = {
    "input": _input,
    "features": _features,
    "objectness": _objectness,
    "anchors": _anchors,
    "decoded": _decoded,
    "proposals": _proposals,
    "roi_levels": _roi_levels,
    "candidates": _candidates,
    "detections": _detections,
    "arrows": _arrows,
    "sampling": _sampling,
    "mask_logits": _mask,
    "polygons": _polygons,
}
