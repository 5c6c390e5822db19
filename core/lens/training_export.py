"""The training view as JSON, arrays, a picture and a section of the page of a trace."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.document.instance import Instance
from core.lens import pictures
from core.lens.colours import Colour, distinct
from core.lens.plates import GREY, WHITE, Scene
from core.lens.sheet import LONG_SIDE, Sheet, tiled
from core.lens.target_steps import target_steps
from core.lens.training import LOSSES
from core.lens.training_view import AnchorState, TrainingView
from core.lens.training_words import NONE_USABLE, anchors_drawn, anchors_matched, notes
from core.sentences import english, say

_STATES: Final[dict[AnchorState, Colour]] = {
    AnchorState.POSITIVE: (0, 220, 130),
    AnchorState.FORCED: (255, 110, 200),
    AnchorState.IGNORED: (154, 146, 52),
    AnchorState.NEGATIVE: GREY,
}
_OBJECT: Final[Colour] = (0, 220, 130)
_TARGET: Final[Colour] = (255, 176, 0)
_DEAREST: Final = 12
"""Items that stand in words on the page."""


def arrays(view: TrainingView) -> dict[str, NDArray[Any]]:
    """The arrays of the view by their names there."""
    return {
        field.name: value
        for field in fields(view)
        if isinstance(value := getattr(view, field.name), np.ndarray)
    }


def losses(view: TrainingView) -> dict[str, float]:
    """The five losses by torchvision's names."""
    return {name: float(loss) for name, loss in zip(LOSSES, view.losses, strict=True)}


def document(view: TrainingView) -> dict[str, object]:
    """What the view holds as a JSON object; the steps with their counts and sentences."""
    states = Counter(view.near_state().tolist())
    return {
        "seed": view.seed,
        "losses": {name: round(value, 6) for name, value in losses(view).items()},
        "rules": asdict(view.rules),
        "instances": list(view.ids),
        "left_out": [
            {"id": one.id, "label": one.label, "reason": one.reason.value} for one in view.left_out
        ],
        "anchors": {
            "positive": states[AnchorState.POSITIVE],
            "forced": states[AnchorState.FORCED],
            "ignored": states[AnchorState.IGNORED],
            "drawn_positive": len(view.positive),
            "drawn_negative": len(view.negative),
        },
        "steps": [
            {"name": step.name.value, "count": step.count, "sentence": english(step.sentence)}
            for step in target_steps(view)
        ],
        "mask_targets": {
            "mean_iou": _mean(view.mask_kept[:, 0]),
            "mean_iou_inside": _mean(view.mask_kept[:, 1]),
        },
        "arrays": {name: list(array.shape) for name, array in arrays(view).items()},
    }


def _mean(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


# The picture


def training_plate(scene: Scene, view: TrainingView, instances: dict[str, Instance]) -> Image.Image:
    """Four tiles: anchors drawn, RoIs drawn, what their boxes should be, and mask targets.

    `instances` are the person's, by their ids.
    """
    tiles = [_anchors(scene, view), _rois(scene, view), _deltas(scene, view)]
    tiles.append(_masks(scene, view, instances))
    lowest = max(tile.height for tile in tiles)
    return tiled([_padded(tile, lowest) for tile in tiles], 2)


def _padded(tile: Image.Image, height: int) -> Image.Image:
    if tile.height == height:
        return tile
    sheet = Image.new("RGB", (tile.width, height), tile.getpixel((0, tile.height - 1)))
    sheet.paste(tile)
    return sheet


def _half(scene: Scene) -> Sheet:
    return scene.sheet(LONG_SIDE // 2)


def _anchors(scene: Scene, view: TrainingView) -> Image.Image:
    sheet, boxes = _half(scene), scene.in_image(scene.trace.anchors.boxes)
    sheet.boxes(boxes[view.negative], [GREY] * len(view.negative), width=1, opacity=0.5)
    state = dict(zip(view.near.tolist(), view.near_state().tolist(), strict=True))
    colours = [_STATES[AnchorState(state[anchor])] for anchor in view.positive.tolist()]
    sheet.boxes(boxes[view.positive], colours, width=1.8)
    counts = Counter(state[anchor] for anchor in view.positive.tolist())
    keys = [
        (_STATES[AnchorState.POSITIVE], f"{counts[AnchorState.POSITIVE]} positive"),
        (_STATES[AnchorState.FORCED], f"{counts[AnchorState.FORCED]} forced"),
        (GREY, f"{len(view.negative)} background"),
    ]
    return sheet.finished(f"anchors drawn with seed {view.seed}", keys)


def _rois(scene: Scene, view: TrainingView) -> Image.Image:
    sheet, boxes = _half(scene), scene.in_image(view.pool)
    positive = view.roi_label > 0
    few = view.rois[~positive]
    sheet.boxes(boxes[few], [GREY] * len(few), width=1, opacity=0.5)
    index = view.rois[positive]
    sheet.boxes(boxes[index], [_OBJECT] * len(index), width=1.8)
    keys = [(_OBJECT, f"{len(index)} with an object"), (GREY, f"{len(few)} background")]
    return sheet.finished(f"RoIs drawn with seed {view.seed}", keys)


def _deltas(scene: Scene, view: TrainingView) -> Image.Image:
    sheet, rows = _half(scene), view.positive_rois
    before = scene.in_image(view.pool[view.rois[rows]])
    after = scene.in_image(view.boxes[view.roi_match[rows]])
    colours = [distinct(int(match)) for match in view.roi_match[rows]]
    sheet.boxes(before, colours, width=1.2, opacity=0.8)
    sheet.boxes(after, [WHITE] * len(after), width=1.2)
    for corner in (0, 2):
        ends = slice(corner, corner + 2)
        sheet.lines(before[:, ends], after[:, ends], colours, 1.4)
    return sheet.finished("what the deltas should be", [(WHITE, "box of the instance")])


def _masks(scene: Scene, view: TrainingView, instances: dict[str, Instance]) -> Image.Image:
    """For each instance the target of the RoI that fits it best, and the full mask around it."""
    sheet, rows = _half(scene), view.positive_rois
    best: dict[int, int] = {}
    for place, row in enumerate(rows.tolist()):
        match = int(view.roi_match[row])
        if match not in best or view.mask_kept[place, 0] > view.mask_kept[best[match], 0]:
            best[match] = place
    for place in best.values():
        box = scene.in_image(view.pool[view.rois[rows[place]]][None])[0]
        sheet.picture(pictures.mask_target(view.mask_targets[place], box), smooth=False)
    for match in best:
        sheet.outline(instances[view.ids[match]].polygons, (74, 168, 255), fill=0.0, width=1.2)
    keys = [(_TARGET, "mask target, 28 x 28"), ((74, 168, 255), "full mask")]
    return sheet.finished("the best target of each instance", keys if best else [])


# The section


def section(view: TrainingView, class_names: tuple[str, ...], picture: str) -> str:
    """The section of the page as HTML; `picture` is an `img` element."""
    said = [
        say(
            "lens.training_about",
            "One training step replayed on this image without learning from it: which anchors and "
            "RoIs a seed draws, what they are asked for, and how far the answers are off.",
        )
    ]
    said += [NONE_USABLE] if not view.ids else []
    said += notes(view, class_names)
    said += [anchors_matched(view), anchors_drawn(view)]
    total = float(view.losses.sum())
    bars = "".join(
        _bar(name, value, max(losses(view).values())) for name, value in losses(view).items()
    )
    steps = "".join(f"<li>{escape(english(step.sentence))}</li>" for step in target_steps(view))
    about = "".join(f"<p>{escape(english(sentence))}</p>" for sentence in said)
    return (
        f'<section id="training"><h2>Training<small>{total:.4f} &middot; seed {view.seed}</small>'
        f"</h2>{about}{picture}<table><tbody>{bars}</tbody></table>"
        f"<h3>Eight steps</h3><ol>{steps}</ol>{_dearest(view, class_names)}</section>"
    )


def _bar(name: str, value: float, most: float) -> str:
    wide = 100 * value / most if most else 0.0
    return (
        f"<tr><td>{name}</td><td>{value:.4f}</td><td style='width:60%'><div style='width:{wide:.1f}"
        f"%;height:10px;border-radius:3px;background:var(--mark)'></div></td></tr>"
    )


def _dearest(view: TrainingView, class_names: tuple[str, ...]) -> str:
    """The RoIs that cost most."""
    if not len(view.rois):
        return ""
    cost = view.classifier.astype(np.float64)
    rows = view.positive_rois
    cost[rows] += view.box_reg + view.mask
    order = np.argsort(-cost, kind="stable")[:_DEAREST]
    place = {int(row): n for n, row in enumerate(rows)}
    lines = []
    for row in order.tolist():
        label = int(view.roi_label[row])
        name = class_names[label - 1] if label else "background"
        n = place.get(row)
        parts = [f"class {view.classifier[row]:.5f}"]
        if n is not None:
            parts += [f"box {view.box_reg[n]:.5f}", f"mask {view.mask[n]:.5f}"]
        cells = (int(view.rois[row]) + 1, escape(name), f"{cost[row]:.5f}", ", ".join(parts))
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{cell}</th>" for cell in ("RoI", "asked for", "loss", "of it"))
    return (
        f"<h3>The {len(lines)} RoIs that cost most</h3><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
