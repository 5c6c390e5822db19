"""One box in a few words, as its tag on the canvas says them."""

from __future__ import annotations

from app.base.words import text_of
from app.lens.chains import fate_text
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.lens.recompute import sigmoid
from core.lens.trace import Trace
from core.lens.views import VIEWS


def describe(trace: Trace, stage: str, item: Item) -> str:
    """What tells most about a box at a stage."""
    number = item.index
    if stage in VIEWS and item.kind is VIEWS[stage].kind:
        return text_of(VIEWS[stage].describe(trace, number))
    match item.kind:
        case BoxKind.ANCHOR:
            cell = trace.anchors.cell(number)
            return f"{cell.row}, {cell.column} · {_objectness(trace, number):.3f}"
        case BoxKind.DECODED:
            fate = fate_text(int(trace.decoded.fate[number]))
            return f"{_objectness(trace, number):.3f} · {fate}"
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
