"""Stage `proposer`, and how its boxes take the place of the RPN's and the box head's.

Each box of the proposer is one candidate with one label; from there on the cuts are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torchvision.models.detection.transform import resize_boxes
from torchvision.ops import boxes as box_ops

from core.engine.proposers import tiles
from core.engine.proposers.base import Boxes, Proposer, ProposerError
from core.engine.stages.roi import Refined
from core.lens.cells import Cells
from core.lens.settings import StageSettings
from core.lens.trace import (
    ANY_CLASS,
    Anchors,
    BoxHead,
    Decoded,
    Prepared,
    Proposals,
    Proposed,
    RoiLevels,
    Rpn,
)
from core.sentences import say


def propose(
    proposer: Proposer, image: Tensor, settings: StageSettings, *, explain: bool
) -> Proposed:
    """Every box that the proposer sees in an image, uint8 3×H×W, and in its tiles.

    With `explain` also the cells of a one-stage detector.
    Raises ProposerError when the answer has another form than it should.
    """
    found, source = tiles.propose(proposer, image, settings.proposer_tiles)
    _check(proposer, found.boxes, found.label, found.score)
    height, width = int(image.shape[-2]), int(image.shape[-1])
    return Proposed(
        name=proposer.name,
        boxes=box_ops.clip_boxes_to_image(found.boxes.float(), (height, width)),
        label=found.label,
        score=found.score.float(),
        tile=source,
        tiles=tiles.tiles_of(height, width, settings.proposer_tiles),
        cells=_cells(found) if explain else None,
    )


def _cells(found: Boxes) -> Cells | None:
    """The cells, with no source for the boxes of tiles, which come after the others."""
    if found.cells is None:
        return None
    cells = found.cells()
    source = torch.full_like(found.label, -1)
    source[: len(cells.source)] = cells.source
    return replace(cells, source=source)


def _check(proposer: Proposer, boxes: Tensor, label: Tensor, score: Tensor) -> None:
    count = len(boxes)
    if boxes.shape != (count, 4) or label.shape != (count,) or score.shape != (count,):
        problem = "boxes, labels and scores differ in number"
    elif count and not bool(torch.isfinite(boxes).all() & torch.isfinite(score).all()):
        problem = "a number is not finite"
    elif count and not 1 <= int(label.min()) <= int(label.max()) <= len(proposer.class_names):
        problem = "a label has no name"
    else:
        return
    raise ProposerError(
        say(
            "proposers.answer",
            "The proposer {name!r} gave an answer that cannot be used: {problem}.",
            name=proposer.name,
            problem=problem,
        )
    )


def as_refined(proposed: Proposed, prepared: Prepared) -> Refined:
    """The proposer's boxes as candidates before any cut, in resized pixels."""
    boxes = resize_boxes(proposed.boxes, prepared.image_size, prepared.size)
    rows = torch.arange(len(boxes), device=boxes.device)
    return Refined(boxes, proposed.label, proposed.score, rows)


def as_proposals(proposed: Proposed, prepared: Prepared) -> Proposals:
    """The proposer's boxes as proposals; none of them comes from an anchor."""
    boxes = resize_boxes(proposed.boxes, prepared.image_size, prepared.size)
    return Proposals(boxes, proposed.score, torch.full_like(proposed.label, -1))


def skipped(like: Tensor) -> tuple[Anchors, Rpn, Decoded, RoiLevels, BoxHead]:
    """The stages that a proposer makes idle: they hold nothing."""
    none, whole = like.new_zeros(0), torch.zeros(0, dtype=torch.int64, device=like.device)
    four = like.new_zeros((0, 4))
    return (
        Anchors(four, (), (), 0),
        Rpn(none, four),
        Decoded(four, whole.to(torch.int8), whole),
        RoiLevels(whole, (), 0),
        BoxHead(like.new_zeros((0, 0)), like.new_zeros((0, 0))),
    )


def channels_of(names: Sequence[str], model_names: Sequence[str]) -> tuple[int, ...]:
    """For each label of a proposer, from 1, the class of the model whose masks it takes.

    That is the class of the same name, else `ANY_CLASS`.
    """
    known = {name: index for index, name in enumerate(model_names, start=1)}
    return tuple(known.get(name, ANY_CLASS) for name in names)


def mask_channels(channels: Sequence[int], label: Tensor) -> Tensor:
    """The class whose mask each detection takes, or `ANY_CLASS`: int64 D."""
    return torch.tensor((ANY_CLASS, *channels), device=label.device)[label]
