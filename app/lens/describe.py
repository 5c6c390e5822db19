"""One box in a few words, as its tag on the canvas says them."""

from __future__ import annotations

import numpy as np

from app.lens.chains import fate_text
from app.lens.items import Item
from core.lens.evidence import BoxKind
from core.lens.recompute import sigmoid
from core.lens.trace import PYRAMID_LEVELS, Trace


def describe(trace: Trace, stage: str, item: Item) -> str:
    """What tells most about a box at a stage."""
    number = item.index
    match item.kind:
        case BoxKind.ANCHOR:
            cell = trace.anchors.cell(number)
            return f"{cell.row}, {cell.column} · {_objectness(trace, number):.3f}"
        case BoxKind.DECODED:
            fate = fate_text(int(trace.decoded.fate[number]))
            return f"{_objectness(trace, number):.3f} · {fate}"
        case BoxKind.PROPOSAL if stage == "roi_levels":
            x0, y0, x1, y1 = trace.proposals.boxes[number].tolist()
            side = float(np.sqrt(max((x1 - x0) * (y1 - y0), 0.0)))
            level = PYRAMID_LEVELS[int(trace.roi_levels.level[number])]
            return f"{number + 1} · {level} · {x1 - x0:.0f} × {y1 - y0:.0f} → √ {side:.0f}"
        case BoxKind.PROPOSAL:
            return f"{number + 1} · {float(trace.proposals.score[number]):.3f}"
        case BoxKind.CANDIDATE:
            name = trace.class_names[int(trace.candidates.label[number]) - 1]
            fate = fate_text(int(trace.candidates.fate[number]))
            return f"{name} {float(trace.candidates.score[number]):.3f} · {fate}"
        case BoxKind.DETECTION:
            name = trace.class_names[int(trace.detections.label[number]) - 1]
            return f"{number + 1} · {name} {float(trace.detections.score[number]):.3f}"


def _objectness(trace: Trace, anchor: int) -> float:
    return float(sigmoid(trace.rpn.logits[anchor : anchor + 1])[0])
