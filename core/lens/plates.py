"""One picture a stage: what the stage holds, drawn over the dimmed image. Plain numpy and Pillow.

All functions take a trace with arrays; a stage that holds nothing gives the image with its legend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.document.instance import Instance
from core.lens import pictures
from core.lens.boxes import area as extents
from core.lens.boxes import box_of, iou, scaled
from core.lens.colours import FATES, LEVELS, Colour, distinct
from core.lens.recompute import sigmoid, softmax
from core.lens.report import ImageReport
from core.lens.sheet import LONG_SIDE, Sheet, tiled
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS, STAGES, Fate, Trace
from core.lens.views import VIEWS
from core.lens.views.base import Entry, Tile

MOST_BOXES: Final = 300
"""Boxes drawn of each kind; more would hide the image."""
WHITE: Final[Colour] = (245, 245, 245)
GREY: Final[Colour] = (150, 156, 170)
_FATE_WORDS: Final = {
    Fate.KEPT: "kept",
    Fate.SUPPRESSED: "suppressed by a stronger one",
    Fate.OVER_LIMIT: "over the limit",
    Fate.TOO_SMALL: "too small",
    Fate.LOW_SCORE: "score too low",
    Fate.BELOW_TOP_K: "below the top-k",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a plate is drawn from."""

    trace: Trace
    """With arrays."""
    pixels: NDArray[np.uint8]
    """The upright image, H×W×3."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels: tuple[Instance, ...] = ()

    def sheet(self, long_side: int = LONG_SIDE, dim: float = 0.45) -> Sheet:
        """An empty sheet over the image."""
        return Sheet(self.pixels, long_side=long_side, dim=dim)

    def in_image(self, boxes: NDArray[Any]) -> NDArray[np.float64]:
        """Resized pixels as pixels of the image."""
        across, down = self.trace.input.scale
        return scaled(boxes, (1 / across, 1 / down))


Plate = Callable[[Scene], Image.Image]


def plate(scene: Scene, stage: str) -> Image.Image:
    """The picture of a stage. Raises KeyError when there is no such stage."""
    if stage in VIEWS:
        return painted(scene, VIEWS[stage].tiles(scene.trace))
    return PLATES[stage](scene)


def painted(scene: Scene, tiles: Sequence[Tile]) -> Image.Image:
    """The tiles of a view."""
    drawn = []
    for tile in tiles:
        sheet = scene.sheet()
        for group in tile.marks:
            colours = [group.colour] * len(group.boxes)
            sheet.boxes(group.boxes, colours, width=group.width, opacity=group.opacity)
        lines = [line for line in tile.legend if isinstance(line, Entry) and line.colour]
        keys = [(line.colour, str(line.text)) for line in lines if line.colour is not None]
        drawn.append(sheet.finished(str(tile.title), keys))
    return tiled(drawn, 2) if len(drawn) > 1 else drawn[0]


def _input(scene: Scene) -> Image.Image:
    prepared = scene.trace.input
    view = pictures.network_view(prepared, scene.mean, scene.std)
    wide, high = round(view.place.x1), round(view.place.y1)
    canvas = np.zeros((max(high, 1), max(wide, 1), 3), dtype=np.uint8)
    canvas[: scene.pixels.shape[0], : scene.pixels.shape[1]] = scene.pixels[:high, :wide]
    sheet = Sheet(canvas)
    sheet.picture(view)
    height, width = prepared.image_size
    sheet.boxes(np.array([[0, 0, width, height]]), [(255, 200, 60)], width=2)
    rows, columns = prepared.padded
    title = (
        f"image {width} x {height}, resized to {prepared.size[1]} x {prepared.size[0]}, "
        f"padded to {columns} x {rows}"
    )
    return sheet.finished(title, [((255, 200, 60), "border of the image")])


def _backbone(scene: Scene) -> Image.Image:
    return _maps(scene, BACKBONE_LEVELS, scene.trace.backbone.maps, components=False)


def _pyramid(scene: Scene) -> Image.Image:
    return _maps(scene, PYRAMID_LEVELS, scene.trace.pyramid.maps, components=True)


def _maps(
    scene: Scene, names: Sequence[str], maps: Sequence[Any], *, components: bool
) -> Image.Image:
    tiles = []
    for name, values in zip(names, maps, strict=True):
        prepared, shape = scene.trace.input, " x ".join(str(n) for n in values.shape)
        sheet = scene.sheet(LONG_SIDE // 2, dim=0.3)
        sheet.picture(pictures.feature_norm(values, prepared), opacity=0.82, smooth=False)
        tiles.append(sheet.finished(f"{name}: length of the features, {shape}"))
        if components:
            other = scene.sheet(LONG_SIDE // 2, dim=0.3)
            view = pictures.feature_components(values, prepared)
            other.picture(view, opacity=0.9, smooth=False)
            tiles.append(other.finished(f"{name}: three principal components as colour"))
    return tiled(tiles, 2)


def _anchors(scene: Scene) -> Image.Image:
    anchors, sheet = scene.trace.anchors, scene.sheet()
    boxes, middle = scene.in_image(anchors.boxes), np.array(scene.pixels.shape[1::-1]) / 2
    start, keys = 0, []
    for level, count in enumerate(anchors.level_counts):
        part = boxes[start : start + count]
        centres = (part[:, :2] + part[:, 2:]) / 2
        if len(part):
            nearest = np.argsort(((centres - middle) ** 2).sum(axis=1), kind="stable")
            shown = part[nearest[: anchors.per_cell]]
            sheet.boxes(shown, [LEVELS[level]] * len(shown), width=2)
        if level >= 3:
            own = np.unique(centres.round(3), axis=0)
            sheet.dots(own, [LEVELS[level]] * len(own), 1.5 if level == 3 else 3)
        down, across = anchors.strides[level]
        keys.append(
            (LEVELS[level], f"{PYRAMID_LEVELS[level]}: {count}, every {across} x {down} px")
        )
        start += count
    for instance in scene.labels:
        own = box_of(instance.polygons, scene.trace.input.image_size)
        overlaps = iou(boxes, own)
        if overlaps.max(initial=0) > 0:
            best = int(overlaps.argmax())
            level = anchors.cell(best).level
            sheet.outline(instance.polygons, WHITE, fill=0.1, width=1)
            sheet.boxes(boxes[[best]], [LEVELS[level]], width=2.5)
            sheet.text(boxes[best, 0], boxes[best, 1], f"{overlaps[best]:.2f}", LEVELS[level])
    title = f"the {anchors.per_cell} anchors of the middle cell of each level"
    if scene.labels:
        title += ", and the best anchor of each instance with its IoU"
    return sheet.finished(title, keys)


def _rpn(scene: Scene) -> Image.Image:
    trace, tiles = scene.trace, []
    for level, name in enumerate(PYRAMID_LEVELS):
        sheet = scene.sheet(LONG_SIDE // 2)
        view = pictures.objectness(trace.rpn.logits, trace.anchors, level, trace.input)
        sheet.picture(view, opacity=0.85, smooth=False)
        counts = trace.anchors.level_counts
        part = trace.rpn.logits[sum(counts[:level]) : sum(counts[: level + 1])]
        best = float(sigmoid(part).max(initial=0))
        rows, columns = trace.anchors.grids[level]
        tiles.append(sheet.finished(f"{name}: {columns} x {rows} cells, best {best:.3f}"))
    strongest = scene.sheet(LONG_SIDE // 2)
    top = np.argsort(-trace.rpn.logits, kind="stable")[:100]
    levels = [trace.anchors.cell(int(index)).level for index in top]
    strongest.boxes(scene.in_image(trace.anchors.boxes[top]), [LEVELS[i] for i in levels])
    tiles.append(strongest.finished("the 100 strongest anchors, by level"))
    return tiled(tiles, 2)


def _decoded(scene: Scene) -> Image.Image:
    trace = scene.trace
    shown = np.argsort(-trace.rpn.logits, kind="stable")
    return _by_fate(scene, trace.decoded.boxes, trace.decoded.fate, shown, "decoded boxes")


def _by_fate(
    scene: Scene, boxes: Any, fate: Any, order: NDArray[np.int64], what: str
) -> Image.Image:
    """The strongest boxes of each fate, those that went on above the others."""
    sheet, keys = scene.sheet(), []
    groups = (
        (Fate.BELOW_TOP_K, 0.25),
        (Fate.TOO_SMALL, 0.9),
        (Fate.LOW_SCORE, 0.3),
        (Fate.SUPPRESSED, 0.4),
        (Fate.OVER_LIMIT, 0.6),
        (Fate.KEPT, 1.0),
    )
    for kind, opacity in groups:
        mine = order[fate[order] == kind][:MOST_BOXES]
        width = 2.0 if kind is Fate.KEPT else 1.2
        colours = [FATES[kind]] * len(mine)
        sheet.boxes(scene.in_image(boxes[mine]), colours, width=width, opacity=opacity)
        total = int((fate == kind).sum())
        if total:
            keys.append((FATES[kind], f"{total} {_FATE_WORDS[kind]}"))
    if not len(order):
        return sheet.finished(f"there are no {what}")
    return sheet.finished(f"{what}, at most {MOST_BOXES} of a kind", keys[::-1])


def _proposals(scene: Scene) -> Image.Image:
    stage, sheet = scene.trace.proposals, scene.sheet()
    boxes = scene.in_image(stage.boxes)
    if not len(boxes):
        return sheet.finished("there are no proposals")
    faint = [GREY] * len(boxes[50:MOST_BOXES])
    sheet.boxes(boxes[50:MOST_BOXES], faint, width=1, opacity=0.45)
    bright = [_warm(score) for score in stage.score[:50]]
    sheet.boxes(boxes[:50], bright, width=2)
    for index in range(min(10, len(boxes)) - 1, -1, -1):
        words = f"{index + 1}: {stage.score[index]:.2f}"
        sheet.text(boxes[index, 0], boxes[index, 1], words, bright[index])
    title = f"{len(boxes)} proposals: the first 50 bright, the first 10 with their objectness"
    return sheet.finished(title, [((255, 220, 120), "strong"), (GREY, "after the first 50")])


def _box_head(scene: Scene) -> Image.Image:
    trace, sheet = scene.trace, scene.sheet()
    classes = len(trace.class_names)
    probability = softmax(trace.box_head.logits)[:, 1:]
    title = "each proposal (grey) and the box of its most probable class"
    if not probability.size:
        return sheet.finished(title + ": there are no proposals")
    best = probability.argmax(axis=1)
    strength = probability.max(axis=1)
    shown = np.argsort(-strength, kind="stable")[:60]
    before = scene.in_image(trace.proposals.boxes[shown])
    after = scene.in_image(trace.candidates.boxes[shown * classes + best[shown]])
    colours = [distinct(int(label)) for label in best[shown]]
    sheet.boxes(before, [GREY] * len(shown), width=1, opacity=0.7)
    sheet.boxes(after, colours, width=1.8)
    sheet.lines(_centres(before), _centres(after), colours, 2)
    for row, index in list(enumerate(shown))[11::-1]:
        name = trace.class_names[int(best[index])]
        words = f"{name} {strength[index]:.2f}"
        sheet.text(after[row, 0], after[row, 1], words, colours[row])
    used = np.unique(best[shown])[:8]
    keys = [(distinct(int(label)), trace.class_names[int(label)]) for label in used]
    return sheet.finished(f"{title}: the 60 surest", [(GREY, "proposal"), *keys])


def _detections(scene: Scene) -> Image.Image:
    stage, sheet = scene.trace.detections, scene.sheet()
    if not len(stage.boxes):
        return sheet.finished("there are no detections")
    colours = [distinct(index) for index in range(len(stage.boxes))]
    sheet.boxes(stage.boxes, colours, width=2)
    for index in range(min(60, len(stage.boxes)) - 1, -1, -1):
        name = scene.trace.class_names[int(stage.label[index]) - 1]
        words = f"{index + 1} {name} {stage.score[index]:.2f}"
        sheet.text(stage.boxes[index, 0], stage.boxes[index, 1], words, colours[index])
    return sheet.finished(f"{len(stage.boxes)} detections: number, class and score", [])


def _mask_logits(scene: Scene) -> Image.Image:
    trace, sheet = scene.trace, scene.sheet(dim=0.3)
    stage = trace.detections
    if not len(stage.boxes):
        return sheet.finished("there are no masks")
    for index in np.argsort(-extents(stage.boxes), kind="stable").tolist():
        values = _own_logits(trace, index)
        sheet.picture(pictures.mask_logits(values, stage.boxes[index]), opacity=0.9)
    sheet.boxes(stage.boxes, [WHITE] * len(stage.boxes), width=1, opacity=0.7)
    keys = [((230, 100, 70), "inside (logit above 0)"), ((70, 130, 230), "outside (below 0)")]
    return sheet.finished(f"{len(stage.boxes)} masks of 28 x 28, over their boxes", keys)


def _own_logits(trace: Trace, index: int) -> NDArray[np.float32]:
    if trace.mask_logits.logits is not None:
        label = int(trace.detections.label[index])
        return np.asarray(trace.mask_logits.logits[index, label])
    shares = np.clip(trace.mask_logits.probabilities[index], 1e-6, 1 - 1e-6)
    return np.asarray(np.log(shares / (1 - shares)), dtype=np.float32)


def _polygons(scene: Scene) -> Image.Image:
    outlines, sheet = scene.trace.polygons.outlines, scene.sheet()
    if not outlines:
        return sheet.finished("there are no outlines")
    # The largest lie lowest, so that none hides a smaller one.
    for index in np.argsort(-extents(scene.trace.detections.boxes), kind="stable").tolist():
        sheet.outline(outlines[index], distinct(index))
    for index in range(min(60, len(outlines)) - 1, -1, -1):
        if outlines[index]:
            x0, y0, _, _ = scene.trace.detections.boxes[index]
            name = scene.trace.class_names[int(scene.trace.detections.label[index]) - 1]
            sheet.text(float(x0), float(y0), f"{index + 1} {name}", distinct(index))
    drawn = sum(1 for outline in outlines if outline)
    return sheet.finished(f"{drawn} outlines at a mask threshold of {scene.trace.settings.mask:g}")


def _centres(boxes: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)


def _warm(score: float) -> Colour:
    """From orange for a weak box to pale yellow for a strong one."""
    share = float(np.clip(score, 0, 1))
    return 255, round(120 + 120 * share), round(40 + 140 * share)


PLATES: Final[dict[str, Plate]] = dict(
    zip(
        [stage for stage in STAGES if stage not in VIEWS],
        (
            _input,
            _backbone,
            _pyramid,
            _anchors,
            _rpn,
            _decoded,
            _proposals,
            _box_head,
            _detections,
            _mask_logits,
            _polygons,
        ),
        strict=True,
    )
)


def verdict_plate(scene: Scene, report: ImageReport) -> Image.Image:
    """The labels over the image: found instances green, missed ones in red with their cut."""
    sheet = scene.sheet()
    found, missed = FATES[Fate.KEPT], FATES[Fate.SUPPRESSED]
    for one in report.instances:
        verdict = one.verdict
        sheet.outline(verdict.instance.polygons, found if verdict.found else missed, fill=0.3)
    for one in report.instances:
        box = box_of(one.verdict.instance.polygons, scene.trace.input.image_size)
        label, cut = one.verdict.instance.label, one.verdict.cut
        words = label if cut is None else f"{label}: {cut.value}"
        sheet.text(box[0], box[1], words, found if cut is None else missed)
    total = len(report.instances)
    alive = sum(one.verdict.found for one in report.instances)
    keys = [(found, f"{alive} found"), (missed, f"{total - alive} missed, and at which cut")]
    return sheet.finished("labelled instances", keys)
