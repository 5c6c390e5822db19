"""Between a trace and the tables that travel: the engine takes apart, the window puts together."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.document.instance import Instance, Polygons, Source
from core.lens import trace as stages
from core.lens.settings import StageSettings
from core.lens.trace import Trace, numpy_of
from core.protocol.messages.lens import FixedTables, SetTables

SetStages = Any
"""The stages that follow from the settings, named as in `Trace`: of a trace or of a re-run."""


def fixed_tables(trace: Trace, own: StageSettings, matching: tuple[float, float]) -> FixedTables:
    """What no setting changes. Raises ValueError when a stage is not as the message needs it."""
    return FixedTables(
        padded=trace.input.padded,
        size=_pair(trace.input.size),
        image_size=_pair(trace.input.image_size),
        backbone=tuple(_shape(each) for each in trace.backbone.maps),
        pyramid=tuple(_shape(each) for each in trace.pyramid.maps),
        anchors=_floats(trace.anchors.boxes),
        grids=tuple(_pair(each) for each in trace.anchors.grids),
        strides=tuple(_pair(each) for each in trace.anchors.strides),
        per_cell=trace.anchors.per_cell,
        logits=_floats(trace.rpn.logits),
        deltas=_floats(trace.rpn.deltas),
        decoded=_floats(trace.decoded.boxes),
        class_names=trace.class_names,
        model=trace.model,
        own=own,
        matching=matching,
    )


def set_tables(
    found: SetStages,
    masks: stages.MaskLogits | None = None,
    outlines: tuple[Polygons, ...] = (),
) -> SetTables:
    """What follows from the settings; without `masks` those are left out."""
    empty = np.zeros((0, 28, 28), np.float32)
    proposed: stages.Proposed | None = found.proposer
    return SetTables(
        settings=found.settings,
        fate=numpy_of(found.decoded.fate),
        suppressor=numpy_of(found.decoded.suppressor),
        proposals=_floats(found.proposals.boxes),
        objectness=_floats(found.proposals.score),
        proposal_anchor=numpy_of(found.proposals.anchor_index),
        roi_level=numpy_of(found.roi_levels.level),
        roi_scales=tuple(float(each) for each in found.roi_levels.scales),
        canonical_size=int(found.roi_levels.canonical_size),
        head_logits=_floats(found.box_head.logits),
        head_deltas=_floats(found.box_head.deltas),
        candidates=_floats(found.candidates.boxes),
        candidate_label=numpy_of(found.candidates.label),
        candidate_score=_floats(found.candidates.score),
        candidate_fate=numpy_of(found.candidates.fate),
        candidate_suppressor=numpy_of(found.candidates.suppressor),
        detections=_floats(found.detections.boxes),
        resized_detections=_floats(found.detections.resized_boxes),
        detection_candidate=numpy_of(found.detections.candidate_index),
        has_masks=masks is not None,
        mask_level=np.zeros(0, np.int64) if masks is None else numpy_of(masks.level),
        probabilities=empty if masks is None else _floats(masks.probabilities),
        outlines=tuple(
            Instance(str(index), "outline", outline, Source.SUGGESTED)
            for index, outline in enumerate(outlines)
            if outline
        ),
        milliseconds=tuple((name, float(taken)) for name, taken in found.milliseconds.items()),
        proposer="" if proposed is None else proposed.name,
        tile=np.zeros(0, np.int64) if proposed is None else numpy_of(proposed.tile),
        tiles=() if proposed is None else proposed.tiles,
    )


def trace_of(fixed: FixedTables, tables: SetTables) -> Trace:
    """A trace with arrays. The input and the maps have their shapes but hold only zeros."""
    rows = tables.detection_candidate
    classes = 1 if tables.proposer else max(tables.head_logits.shape[1] - 1, 1)
    proposal = np.arange(len(tables.candidates), dtype=np.int64) // classes
    outlines: list[Polygons] = [()] * (len(rows) if tables.has_masks else 0)
    for each in tables.outlines:
        outlines[int(each.id)] = each.polygons
    return Trace(
        input=stages.Prepared(_nothing((3, *fixed.padded)), fixed.size, fixed.image_size),
        backbone=stages.Backbone(tuple(_nothing(shape) for shape in fixed.backbone)),
        pyramid=stages.Pyramid(tuple(_nothing(shape) for shape in fixed.pyramid)),
        anchors=stages.Anchors(fixed.anchors, fixed.grids, fixed.strides, fixed.per_cell),
        rpn=stages.Rpn(fixed.logits, fixed.deltas),
        decoded=stages.Decoded(fixed.decoded, tables.fate, tables.suppressor),
        proposals=stages.Proposals(tables.proposals, tables.objectness, tables.proposal_anchor),
        roi_levels=stages.RoiLevels(tables.roi_level, tables.roi_scales, tables.canonical_size),
        box_head=stages.BoxHead(tables.head_logits, tables.head_deltas),
        candidates=stages.Candidates(
            tables.candidates,
            tables.candidate_label,
            tables.candidate_score,
            proposal,
            tables.candidate_fate,
            tables.candidate_suppressor,
        ),
        detections=stages.Detections(
            tables.detections,
            tables.resized_detections,
            tables.candidate_label[rows],
            tables.candidate_score[rows],
            rows,
            proposal[rows],
            tables.proposal_anchor[proposal[rows]],
        ),
        mask_logits=stages.MaskLogits(tables.mask_level, None, tables.probabilities),
        polygons=stages.Polygons(tuple(outlines)),
        settings=tables.settings,
        class_names=fixed.class_names,
        model=fixed.model,
        milliseconds=dict(tables.milliseconds),
        proposer=_proposed(fixed, tables) if tables.proposer else None,
    )


def _proposed(fixed: FixedTables, tables: SetTables) -> stages.Proposed:
    """What the proposer saw: its boxes are the candidates, in pixels of the image."""
    across, down = fixed.size[1] / fixed.image_size[1], fixed.size[0] / fixed.image_size[0]
    return stages.Proposed(
        name=tables.proposer,
        boxes=tables.candidates / np.array((across, down, across, down), np.float32),
        label=tables.candidate_label,
        score=tables.candidate_score,
        tile=tables.tile,
        tiles=tables.tiles,
    )


def _nothing(shape: tuple[int, ...]) -> Any:
    """Zeros of a shape that take no room."""
    return np.broadcast_to(np.float32(0), shape)


def _floats(value: Any) -> Any:
    return np.ascontiguousarray(numpy_of(value), dtype=np.float32)


def _pair(value: tuple[int, int]) -> tuple[int, int]:
    return int(value[0]), int(value[1])


def _shape(value: Any) -> tuple[int, int, int]:
    channels, height, width = (int(side) for side in value.shape[-3:])
    return channels, height, width
