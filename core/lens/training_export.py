"""The training view as JSON, arrays, pictures and a section of the page of a trace."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.lens.target_steps import target_steps
from core.lens.training_view import AnchorState, TrainingView
from core.lens.training_words import NONE_USABLE, anchors_drawn, anchors_matched, notes
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
    """The losses by torchvision's names."""
    return {name: float(loss) for name, loss in zip(view.loss_names, view.losses, strict=True)}


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


# The page


def page_values(view: TrainingView, class_names: tuple[str, ...]) -> dict[str, object]:
    """What the section of the page takes, without the picture."""
    said = [
        say(
            "lens.training_about",
            "One training step replayed on this image without learning from it: which anchors and "
            "RoIs a seed draws, what they are asked for, and how far the answers are off.",
        )
    ]
    said += [NONE_USABLE] if not view.ids else []
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
    cost[rows] += sum(view.object_shares.values())
    place = {int(row): n for n, row in enumerate(rows)}
    found: list[tuple[object, ...]] = []
    for row in np.argsort(-cost, kind="stable")[:_DEAREST].tolist():
        label, n = int(view.roi_label[row]), place.get(row)
        parts = [f"class {view.classifier[row]:.5f}"]
        if n is not None:
            parts += [f"{name} {share[n]:.5f}" for name, share in view.object_shares.items()]
        name = class_names[label - 1] if label else "background"
        found.append((int(view.rois[row]) + 1, name, f"{cost[row]:.5f}", ", ".join(parts)))
    return found
