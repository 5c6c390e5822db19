"""The training view as JSON, arrays, pictures and a section of the page of a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.lens import pictures
from core.lens.colours import DETECTION, FULL_MASK, TARGET, Colour, distinct
from core.lens.target_steps import target_steps
from core.lens.training import LOSSES
from core.lens.training_view import AnchorState, TrainingView
from core.lens.training_words import anchors_drawn, anchors_matched, notes
from core.lens.views.anchors import MATCHES
from core.lens.views.base import Scene, Tile, in_image
from core.lens.views.common import GREY, WHITE, one_by_one
from core.lens.views.marks import Entry, Group, Laid, Mark, Outline, Pointers
from core.lens.views.table import Ints, text
from core.sentences import english, say

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


# The pictures


def tiles(scene: Scene, view: TrainingView, instances: Mapping[str, Instance]) -> tuple[Tile, ...]:
    """Anchors drawn, RoIs drawn, what their boxes should be, and mask targets.

    `instances` are the person's, by their ids.
    """
    return (
        _anchors(scene, view),
        _rois(scene, view),
        _deltas(scene, view),
        _masks(scene, view, instances),
    )


def _drawn(scene: Scene, boxes: NDArray[Any], parts: Sequence[tuple[Ints, Colour]]) -> list[Mark]:
    """Background thin and faint, and above it boxes with an object."""
    marks: list[Mark] = []
    for index, colour in parts:
        wide, opacity = (1.0, 0.5) if colour == GREY else (1.8, 1.0)
        corners = in_image(scene.trace, boxes[index])
        marks.append(Group(corners, index, colour, width=wide, opacity=opacity))
    return marks


def _anchors(scene: Scene, view: TrainingView) -> Tile:
    fits = np.array([view.anchor_overlap(anchor) for anchor in view.positive.tolist()])
    forced = fits < view.rules.rpn_foreground_iou
    colours = MATCHES[AnchorState.POSITIVE], MATCHES[AnchorState.FORCED]
    parts = [
        (view.negative, GREY),
        (view.positive[forced], colours[1]),
        (view.positive[~forced], colours[0]),
    ]
    keys = (
        Entry(text("{n} positive", n=int((~forced).sum())), colours[0]),
        Entry(text("{n} forced", n=int(forced.sum())), colours[1]),
        Entry(text("{n} background", n=len(view.negative)), GREY),
    )
    title = text("anchors drawn with seed {seed}", seed=str(view.seed))
    return Tile(title, _drawn(scene, scene.trace.anchors.boxes, parts), keys, small=True)


def _rois(scene: Scene, view: TrainingView) -> Tile:
    positive = view.roi_label > 0
    few, index = view.rois[~positive], view.rois[positive]
    keys = (
        Entry(text("{n} with an object", n=len(index)), DETECTION),
        Entry(text("{n} background", n=len(few)), GREY),
    )
    title = text("RoIs drawn with seed {seed}", seed=str(view.seed))
    marks = _drawn(scene, view.pool, [(few, GREY), (index, DETECTION)])
    return Tile(title, marks, keys, small=True)


def _deltas(scene: Scene, view: TrainingView) -> Tile:
    rows = view.positive_rois
    before = in_image(scene.trace, view.pool[view.rois[rows]])
    after = in_image(scene.trace, view.boxes[view.roi_match[rows]])
    colours = tuple(distinct(int(match)) for match in view.roi_match[rows])
    marks: list[Mark] = [
        *one_by_one(before, colours, width=1.2, opacity=0.8),
        Group(after, rows, WHITE, width=1.2),
        Pointers(before[:, :2], after[:, :2], colours, 1.4),
        Pointers(before[:, 2:], after[:, 2:], colours, 1.4),
    ]
    keys = (Entry(text("box of the instance"), WHITE),)
    return Tile(text("what the deltas should be"), marks, keys, small=True)


def _masks(scene: Scene, view: TrainingView, instances: Mapping[str, Instance]) -> Tile:
    """For each instance the target of the RoI that fits it best, and the full mask around it."""
    rows, best = view.positive_rois, dict[int, int]()
    for place, row in enumerate(rows.tolist()):
        match = int(view.roi_match[row])
        if match not in best or view.mask_kept[place, 0] > view.mask_kept[best[match], 0]:
            best[match] = place
    marks: list[Mark] = []
    for place in best.values():
        box = in_image(scene.trace, view.pool[view.rois[rows[place]]][None])[0]
        marks.append(Laid(pictures.mask_target(view.mask_targets[place], box)))
    for match in best:
        polygons = instances[view.ids[match]].polygons
        marks.append(Outline(polygons, FULL_MASK, fill=0.0, width=1.2))
    keys = (Entry(text("mask target, 28 × 28"), TARGET), Entry(text("full mask"), FULL_MASK))
    return Tile(text("the best target of each instance"), marks, keys if best else (), small=True)


# The page


def page_values(view: TrainingView, class_names: tuple[str, ...]) -> dict[str, object]:
    """What the section of the page takes, without the picture."""
    said = [say("lens.training_about")]
    said += [say("lens.none_usable")] if not view.ids else []
    said += [*notes(view, class_names), anchors_matched(view), anchors_drawn(view)]
    values = losses(view)
    most = max(values.values()) or 1.0
    return {
        "total": f"{float(view.losses.sum()):.4f}",
        "seed": view.seed,
        "said": [english(sentence) for sentence in said],
        "losses": [(n, f"{value:.4f}", f"{100 * value / most:.1f}") for n, value in values.items()],
        "steps": [english(step.sentence) for step in target_steps(view)],
        "dearest": _dearest(view, class_names),
    }


def _dearest(view: TrainingView, class_names: tuple[str, ...]) -> list[tuple[object, ...]]:
    """The RoIs that cost most."""
    cost = view.classifier.astype(np.float64)
    rows = view.positive_rois
    cost[rows] += view.box_reg + view.mask
    place = {int(row): n for n, row in enumerate(rows)}
    found: list[tuple[object, ...]] = []
    for row in np.argsort(-cost, kind="stable")[:_DEAREST].tolist():
        label, n = int(view.roi_label[row]), place.get(row)
        parts = [f"class {view.classifier[row]:.5f}"]
        if n is not None:
            parts += [f"box {view.box_reg[n]:.5f}", f"mask {view.mask[n]:.5f}"]
        name = class_names[label - 1] if label else "background"
        found.append((int(view.rois[row]) + 1, name, f"{cost[row]:.5f}", ", ".join(parts)))
    return found
