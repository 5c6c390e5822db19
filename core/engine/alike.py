"""Everything like some instances: proposals whose box-head features are near theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import boxes as box_ops

from core.document.geometry import bounds
from core.document.instance import Instance
from core.engine.encodings import Encoding
from core.engine.prompts import Drawn, as_drawn, channels, draw_masks, name_boxes
from core.engine.stages import roi
from core.learning.alike import likeness
from core.lens.detail import Detail
from core.protocol.messages.prompts import PromptOrigin

_TAKEN: Final = 0.3
"""IoU of boxes from which on something is there already."""
_ONE: Final = 0.4
"""IoU of boxes above which two suggestions are the same thing."""


@torch.inference_mode()
def answer_alike(
    encoding: Encoding,
    meant: Sequence[Instance],
    turned_down: Sequence[Instance],
    there: Sequence[Instance],
    detail: Detail,
    most: int,
    line: float | None = None,
) -> tuple[list[Drawn], float]:
    """What is like some instances, the likest first, and the line that was used.

    Instances that are there, and the examples themselves, are not found again. The answers have
    the label of the first example and the likeness for a score.
    """
    boxes = encoding.proposed_boxes
    if not len(boxes):
        return [], 0.0 if line is None else line
    examples = _features(encoding, meant)
    compared = likeness(encoding.proposed_features, examples, _features(encoding, turned_down))
    line = compared.line if line is None else line
    near = torch.from_numpy(compared.values).to(boxes.device)
    known = torch.cat([_boxes(encoding, each) for each in (meant, turned_down, there)])
    free = near >= line
    if len(known):
        free &= box_ops.box_iou(boxes, known).amax(dim=1) < _TAKEN
    rows = torch.where(free)[0]
    rows = rows[box_ops.nms(boxes[rows], near[rows], _ONE)[:most]]
    return _drawn(encoding, boxes[rows], near[rows], meant[0].label, detail), line


def _drawn(
    encoding: Encoding, boxes: Tensor, near: Tensor, label: str, detail: Detail
) -> list[Drawn]:
    if not len(boxes):
        return []
    named = name_boxes(encoding, boxes)
    names = encoding.predictor.loaded.class_names
    channel = named.channel
    if label in names:
        channel = channels(encoding, torch.full_like(channel, names.index(label) + 1))
    masks = draw_masks(encoding, named.refined, channel).cpu().numpy()
    image_boxes = encoding.to_image(named.refined)
    found = []
    for row, mask in enumerate(masks):
        one = as_drawn(encoding, 0, 0.0, mask, image_boxes[row], PromptOrigin.PROPOSAL, detail)
        value = float(near[row])
        if one.polygons:
            found.append(replace(one, label=label, score=value, trust=value, likeness=value))
    return found


def _boxes(encoding: Encoding, instances: Sequence[Instance]) -> Tensor:
    edges = [bounds(one.polygons) for one in instances]
    corners = [(edge.x0, edge.y0, edge.x1, edge.y1) for edge in edges]
    return encoding.to_resized(np.array(corners, np.float32).reshape(-1, 4))


def _features(encoding: Encoding, instances: Sequence[Instance]) -> NDArray[np.float32]:
    return features_of(encoding, _boxes(encoding, instances))


def features_of(encoding: Encoding, boxes: Tensor) -> NDArray[np.float32]:
    """What the box head makes of boxes N×4 in resized pixels before it names them: N×D."""
    predictor = encoding.predictor
    found = roi.hidden_of(predictor.module, encoding.levels, [boxes], predictor.numerics)
    values: NDArray[np.float32] = found.cpu().numpy()
    return values
