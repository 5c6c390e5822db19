"""The stages in their order: one path for a quick prediction and for a full trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN

from core.document.skeleton import Skeleton
from core.engine.colours import colours_of
from core.engine.keypoints import find_keypoints, has_keypoints
from core.engine.proposers import stage as proposing
from core.engine.proposers.base import Proposer
from core.engine.stages import features, inputs, masks, roi
from core.engine.stages import proposals as rpn_stage
from core.engine.stages.numerics import FLOAT32, Numerics
from core.lens.settings import StageSettings
from core.lens.trace import (
    STAGES,
    Anchors,
    BoxHead,
    Candidates,
    Decoded,
    Detections,
    KeypointMaps,
    MaskLogits,
    Polygons,
    Prepared,
    Proposals,
    Proposed,
    RoiLevels,
    Rpn,
    Trace,
    stages_of,
)

Cancelled = Callable[[], bool]
OnStage = Callable[[str, int], None]
"""Called with the name of a stage and its place from 0 when the stage begins."""


class PredictionCancelled(Exception):
    """The asker no longer wants the answer."""


@dataclass(slots=True)
class Watch:
    """Times each stage, tells who wants to know, and stops between stages when asked to."""

    cancelled: Cancelled | None = None
    on_stage: OnStage | None = None
    stages: tuple[str, ...] = STAGES
    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Around the work of one stage. Raises PredictionCancelled before it when asked to."""
        self.check()
        if self.on_stage is not None:
            self.on_stage(name, self.stages.index(name))
        start = time.perf_counter()
        yield
        taken = (time.perf_counter() - start) * 1000
        self.milliseconds[name] = self.milliseconds.get(name, 0.0) + taken

    def check(self) -> None:
        """Raise PredictionCancelled when the asker has lost interest."""
        if self.cancelled is not None and self.cancelled():
            raise PredictionCancelled


@dataclass(frozen=True, slots=True)
class Run:
    """What a run knows of one image at its end; `trace` is there when it was asked for."""

    prepared: Prepared
    detections: Detections
    masks: MaskLogits
    polygons: Polygons
    trace: Trace | None
    keypoints: KeypointMaps | None = None


@dataclass(frozen=True, slots=True)
class FoundBoxes:
    """The stages between the pyramid and the masks, of one image."""

    anchors: Anchors
    rpn: Rpn
    decoded: Decoded
    proposals: Proposals
    roi_levels: RoiLevels
    box_head: BoxHead
    candidates: Candidates
    detections: Detections
    proposed: Proposed | None = None


@torch.inference_mode()
def run(
    model: MaskRCNN,
    images: Sequence[Tensor],
    settings: StageSettings,
    *,
    proposer: Proposer | None = None,
    channels: Sequence[int] = (),
    numerics: Numerics = FLOAT32,
    keep: bool = False,
    class_names: tuple[str, ...] = (),
    skeleton: Skeleton | None = None,
    revision: str = "",
    watch: Watch | None = None,
) -> list[Run]:
    """All stages over images 3×H×W (uint8, or float 0 to 1) of any sizes, padded to one batch.

    `model` is in eval mode and on the device of the images. A `proposer` gives the boxes in place
    of the RPN and the box head; `channels` are then `proposers.stage.channels_of` its labels.
    `keep` makes a trace of each image and looks up every suppressor; the numbers are the same
    either way. Raises PredictionCancelled between two stages when the watch says so.
    """
    watch, settings = watch or Watch(), features.fitted(model, settings)
    pointing = has_keypoints(model)
    watch.stages = stages_of(proposer is not None, pointing)
    with watch.stage("input"):
        batch = inputs.prepare(model, images)
    with watch.stage("backbone"):
        maps = features.run_backbone(model, batch, numerics)
    with watch.stage("pyramid"):
        levels = features.run_pyramid(model, maps, numerics, settings)
    backbones = [features.backbone_of(maps, i) for i in range(len(images))] if keep else []
    del maps  # C2 to C5 take more room than all later stages together
    if proposer is None:
        boxes, rois = find_boxes(model, batch, levels, settings, numerics, watch, explain=keep)
    else:
        boxes = propose_boxes(proposer, images, batch, settings, watch, explain=keep)
        rois = features.roi_maps(levels)
    with watch.stage("mask_logits"):
        named = None
        if proposer is not None:
            named = [proposing.mask_channels(channels, each.detections.label) for each in boxes]
        found_masks = masks.find_masks(
            model,
            rois,
            [each.detections for each in boxes],
            numerics,
            channels=named,
            all_classes=keep,
            between=watch.check,
            settings=settings,
        )
    pointed: Sequence[KeypointMaps | None] = (None,) * len(images)
    if pointing:
        with watch.stage("keypoints"):
            each_image = [batch.one(index) for index in range(len(images))]
            seen = [each.detections for each in boxes]
            pointed = find_keypoints(model, rois, seen, each_image, numerics, settings, keep=keep)
    runs = []
    for index, (found, mask) in enumerate(zip(boxes, found_masks, strict=True)):
        prepared = batch.one(index)
        with watch.stage("polygons"):
            colours = colours_of(model, prepared) if settings.mask_colours == "yes" else None
            polygons = masks.trace_outlines(
                mask, found.detections, prepared.image_size, settings, colours
            )
        trace = None
        if keep:
            trace = Trace(
                input=prepared,
                backbone=backbones[index],
                pyramid=features.pyramid_of(levels, index),
                anchors=found.anchors,
                rpn=found.rpn,
                decoded=found.decoded,
                proposals=found.proposals,
                roi_levels=found.roi_levels,
                box_head=found.box_head,
                candidates=found.candidates,
                detections=found.detections,
                mask_logits=mask,
                polygons=polygons,
                settings=settings,
                class_names=class_names,
                model=revision,
                milliseconds=dict(watch.milliseconds),
                proposer=found.proposed,
                keypoints=pointed[index],
                skeleton=skeleton,
            )
        runs.append(Run(prepared, found.detections, mask, polygons, trace, pointed[index]))
    return runs


def find_boxes(
    model: MaskRCNN,
    batch: inputs.Batch,
    levels: features.Maps,
    settings: StageSettings,
    numerics: Numerics,
    watch: Watch,
    *,
    explain: bool,
) -> tuple[list[FoundBoxes], features.Maps]:
    """From the pyramid to the detections, image by image, and the maps that RoIs come from."""
    with watch.stage("anchors"):
        anchors = features.make_anchors(model, batch, levels, settings)
    with watch.stage("rpn"):
        rpns = features.split_rpn(features.run_rpn(model, levels, numerics), len(batch.sizes))
    decoded, chosen = [], []
    for rpn, size in zip(rpns, batch.sizes, strict=True):
        with watch.stage("decoded"):
            boxes = rpn_stage.decode(model, rpn, anchors)
        with watch.stage("proposals"):
            one, two = rpn_stage.select(boxes, rpn, anchors, size, settings, explain=explain)
        decoded.append(one)
        chosen.append(two)
    with watch.stage("roi_levels"):
        pool = model.roi_heads.box_roi_pool
        roi_levels = [roi.roi_levels(pool, each.boxes, settings) for each in chosen]
    with watch.stage("box_head"):
        rois = features.roi_maps(levels)
        answer = roi.run_box_head(model, rois, [each.boxes for each in chosen], numerics, settings)
        answers = roi.split_box_head(answer, [len(each.boxes) for each in chosen])
    found = []
    for index, (head, kept) in enumerate(zip(answers, chosen, strict=True)):
        prepared = batch.one(index)
        with watch.stage("candidates"):
            refined = roi.refine(model, head, kept, prepared.size)
            candidates, rows = roi.find_candidates(refined, settings, explain=explain)
        with watch.stage("detections"):
            detections = roi.find_detections(candidates, rows, kept, prepared)
        found.append(
            FoundBoxes(
                anchors,
                rpns[index],
                decoded[index],
                kept,
                roi_levels[index],
                head,
                candidates,
                detections,
            )
        )
    return found, rois


def propose_boxes(
    proposer: Proposer,
    images: Sequence[Tensor],
    batch: inputs.Batch,
    settings: StageSettings,
    watch: Watch,
    *,
    explain: bool,
) -> list[FoundBoxes]:
    """The proposer's boxes in the place of those stages, image by image."""
    found = []
    for index, image in enumerate(images):
        prepared = batch.one(index)
        with watch.stage("proposer"):
            proposed = proposing.propose(proposer, image, settings, explain=explain)
        proposals = proposing.as_proposals(proposed, prepared)
        with watch.stage("candidates"):
            refined = proposing.as_refined(proposed, prepared)
            candidates, rows = roi.find_candidates(refined, settings, explain=explain)
        with watch.stage("detections"):
            detections = roi.find_detections(candidates, rows, proposals, prepared)
        anchors, rpn, decoded, levels, head = proposing.skipped(proposals.boxes)
        found.append(
            FoundBoxes(
                anchors,
                rpn,
                decoded,
                proposals,
                levels,
                head,
                candidates,
                detections,
                proposed,
            )
        )
    return found
