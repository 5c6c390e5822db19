"""The losses of Mask R-CNN over the same stages as prediction; bit-equal to torchvision's.

Matching, sampling and losses happen in torchvision's order, so that one seed gives one result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.roi_heads import fastrcnn_loss, maskrcnn_loss

from core.engine.click_training import click_loss
from core.engine.clicks import click_head
from core.engine.config import ModelConfig, TrainingSettings
from core.engine.keypoints import has_keypoints, keypoint_loss, keypoint_shares, run_keypoint_head
from core.engine.mask_targets import mask_targets
from core.engine.stages import features, masks, proposals, roi
from core.engine.stages.inputs import Batch
from core.engine.stages.numerics import FLOAT32, Numerics
from core.engine.targets import leave_out, match_anchors, sample_anchors, sample_rois
from core.engine.zoo import WholeBox
from core.lens.settings import StageSettings
from core.lens.trace import Anchors, BoxHead, Proposals, Rpn
from core.lens.training import KEYPOINT_LOSS, AnchorTargets, ItemLosses, RoiTargets, TrainingTrace

_BETA = 1 / 9
TORCHVISION: Final = TrainingSettings()
CLICK_LOSS: Final = "loss_clicks"
Target = dict[str, Tensor]
"""`boxes` float32 N×4 and `masks` uint8 N×H×W in image pixels, `labels` int64 N from 1;
`keypoints` float32 N×K×3 in image pixels for a network that has the head.

Where images are not resized any more, `ignore` bool H×W may mark where background does not count.
"""


@dataclass(frozen=True, slots=True)
class TrainingPass:
    """One forward pass in training."""

    losses: dict[str, Tensor]
    """Scalars by torchvision's names, and `CLICK_LOSS` of a network that has the head."""
    traces: tuple[TrainingTrace, ...]
    """One for each image when items were asked for, else none."""

    @property
    def total(self) -> Tensor:
        """The sum that is minimised."""
        return torch.stack(list(self.losses.values())).sum()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network saw of a batch before anything is matched with labels."""

    levels: features.Maps
    anchors: Anchors
    rpn: Rpn
    """Logits N·A (of any shape) and deltas (N·A)×4, image after image."""
    sizes: tuple[tuple[int, int], ...]
    """Height and width of each resized image."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one draw of the samplers made of a batch: one entry an image."""

    proposals: tuple[Proposals, ...]
    """Under the limits of training."""
    anchors: tuple[AnchorTargets, ...]
    rois: tuple[RoiTargets, ...]


def training_pass(
    model: MaskRCNN,
    config: ModelConfig,
    images: Sequence[Tensor],
    targets: Sequence[Target],
    *,
    items: bool = False,
    numerics: Numerics = FLOAT32,
) -> TrainingPass:
    """The losses of a batch of float images 3×H×W with values 0 to 1, and their targets.

    Works in train mode, and in eval mode as a validation loss: then normalisation stands still
    and the size is not drawn at random. `items` also keeps matches, samples and every item's
    share. Raises ValueError when a target box has no width or no height.
    """
    listed, scaled = model.transform(list(images), [dict(target) for target in targets])
    _refuse_degenerate(scaled)
    sizes = tuple((image.shape[-2], image.shape[-1]) for image in images)
    batch = Batch(listed.tensors, tuple(listed.image_sizes), sizes)
    own = config.settings
    maps = features.run_backbone(model, batch, numerics)
    levels = features.run_pyramid(model, maps, numerics, own)
    anchors = features.make_anchors(model, batch, levels, own)
    seen = Seen(levels, anchors, features.run_rpn(model, levels, numerics), batch.sizes)
    drawn = draw_samples(model, config, seen, scaled)
    done = losses_of(
        model,
        seen,
        drawn,
        scaled,
        items=items,
        numerics=numerics,
        settings=own,
        rules=config.training,
    )
    if click_head(model) is None:
        return done
    shown = [batch.one(place) for place in range(len(images))]
    clicked = click_loss(model, levels, shown, scaled, numerics)
    return TrainingPass({**done.losses, CLICK_LOSS: clicked}, done.traces)


def draw_samples(
    model: MaskRCNN, config: ModelConfig, seen: Seen, targets: Sequence[Target]
) -> Drawn:
    """Match and draw anchors, then RoIs, with torch's generator and in torchvision's order.

    Targets are in pixels of the resized images; their masks are not looked at.
    """
    found = [
        proposals.select(
            proposals.decode(model, one, seen.anchors), one, seen.anchors, size, _settings(config)
        )[1]
        for one, size in zip(features.split_rpn(seen.rpn, len(targets)), seen.sizes, strict=True)
    ]
    only = features.only_level(config.settings)
    anchors = sample_anchors(model, [_match(model, seen.anchors, each, only) for each in targets])
    rois = sample_rois(model, [each.boxes for each in found], targets, config.training)
    return Drawn(tuple(found), tuple(anchors), tuple(rois))


def losses_of(
    model: MaskRCNN,
    seen: Seen,
    drawn: Drawn,
    targets: Sequence[Target],
    *,
    items: bool = False,
    numerics: Numerics = FLOAT32,
    between: Callable[[], None] = lambda: None,
    settings: StageSettings | None = None,
    rules: TrainingSettings = TORCHVISION,
) -> TrainingPass:
    """The losses of what was drawn; targets in pixels of the resized images.

    `between` is called before each head.
    """
    anchors, rois, levels = drawn.anchors, drawn.rois, seen.levels
    settings = settings or features.own_settings(model)
    rpn_losses = _rpn_losses(seen.rpn, anchors, rules)
    between()
    answer = roi.run_box_head(model, levels, [each.boxes for each in rois], numerics, settings)
    box_losses = _roi_losses(answer, rois, rules)
    positive = [torch.where(each.label > 0)[0] for each in rois]
    boxes = [each.boxes[rows] for each, rows in zip(rois, positive, strict=True)]
    matched = [each.match[rows] for each, rows in zip(rois, positive, strict=True)]
    between()
    logits = masks.run_mask_head(model, levels, boxes, numerics, settings)
    if isinstance(model.roi_heads.mask_predictor, WholeBox):
        cells = logits.sum() * 0
    else:
        cells = mask_loss(logits, boxes, matched, targets, settings, rules)
    losses = {
        "loss_classifier": box_losses[0],
        "loss_box_reg": box_losses[1],
        "loss_mask": cells,
        "loss_objectness": rpn_losses[0],
        "loss_rpn_box_reg": rpn_losses[1],
    }
    points = None
    if has_keypoints(model):
        between()
        points = run_keypoint_head(model, levels, boxes, numerics, settings)
        losses[KEYPOINT_LOSS] = keypoint_loss(points, boxes, matched, targets)
    if not items:
        return TrainingPass(losses, ())
    work = _Pass(
        seen.rpn,
        anchors,
        answer,
        rois,
        positive,
        boxes,
        matched,
        logits,
        targets,
        settings.mask_activation == "softmax",
        rules,
        isinstance(model.roi_heads.mask_predictor, WholeBox),
        None if points is None else keypoint_shares(points, boxes, matched, targets),
    )
    return TrainingPass(losses, work.traces())


def mask_loss(
    logits: Tensor,
    boxes: Sequence[Tensor],
    matched: Sequence[Tensor],
    targets: Sequence[Target],
    settings: StageSettings,
    rules: TrainingSettings,
) -> Tensor:
    """The mean loss of the cells of all positive RoIs."""
    masks, labels = [t["masks"] for t in targets], [t["labels"] for t in targets]
    softmax = settings.mask_activation == "softmax"
    if not softmax and rules.mask_targets == "soft":
        loss: Tensor = maskrcnn_loss(logits, boxes, masks, labels, matched)
        return loss
    if not len(logits):
        nothing: Tensor = logits.sum() * 0
        return nothing
    side = logits.shape[-1]
    wanted = torch.cat(
        [
            mask_targets(one, box, rows, side, rules)
            for one, box, rows in zip(masks, boxes, matched, strict=True)
        ]
    )
    label = torch.cat([one[rows] for one, rows in zip(labels, matched, strict=True)])
    if softmax:
        return _softmax_shares(logits, label, wanted).mean()
    own = logits[torch.arange(len(label), device=label.device), label]
    return functional.binary_cross_entropy_with_logits(own, wanted)


def _softmax_shares(logits: Tensor, label: Tensor, wanted: Tensor) -> Tensor:
    """The loss of each cell where classes compete for it, as in FCN and FCIS: the cross-entropy
    between the RoI's class and the background, channel 0. P×28×28; targets may be soft."""
    likely = logits.log_softmax(dim=1)
    own = likely[torch.arange(len(label), device=label.device), label]
    return -(wanted * own + (1 - wanted) * likely[:, 0])


def _match(
    model: MaskRCNN, anchors: Anchors, target: Target, only: int | None = None
) -> AnchorTargets:
    """The anchors of an image matched, without those that count for nothing: in an ignored area,
    or of another level than the `only` one."""
    matched = match_anchors(model, anchors.boxes, target["boxes"])
    if only is not None:
        elsewhere = proposals.level_of(anchors, anchors.boxes.device) != only
        matched = replace(matched, label=matched.label.masked_fill(elsewhere, -1.0))
    if "ignore" not in target:
        return matched
    return replace(matched, label=leave_out(matched.label, anchors.boxes, target["ignore"]))


def _settings(config: ModelConfig) -> StageSettings:
    """The settings of inference with the limits that training puts on proposals."""
    return replace(
        config.settings,
        rpn_pre_nms_top_n=config.training.rpn_pre_nms_top_n,
        rpn_post_nms_top_n=config.training.rpn_post_nms_top_n,
    )


def _refuse_degenerate(targets: Sequence[Target]) -> None:
    for index, target in enumerate(targets):
        boxes = target["boxes"]
        bad = (boxes[:, 2:] <= boxes[:, :2]).any(dim=1)
        if bad.any():
            box = boxes[torch.where(bad)[0][0]].tolist()
            raise ValueError(f"target {index} has a box without width or height: {box}")


def box_shares(
    found: Tensor, wanted: Tensor, samples: int, positive: int, rules: TrainingSettings
) -> Tensor:
    """What each of some deltas P×4 adds to a box loss: P.

    `samples` and `positive` count those of the whole batch.
    """
    theirs = rules.box_loss == "sampled"
    each = functional.smooth_l1_loss(found, wanted, beta=_BETA if theirs else 1.0, reduction="none")
    return each.sum(1) / (samples if theirs else max(4 * positive, 1))


def _roi_losses(
    answer: BoxHead, rois: Sequence[RoiTargets], rules: TrainingSettings
) -> tuple[Tensor, Tensor]:
    """Class and box loss of the RoIs; nothing where none was drawn."""
    label = torch.cat([each.label for each in rois])
    wanted = torch.cat([each.deltas for each in rois])
    if not len(label):
        return answer.logits.sum() * 0, answer.deltas.sum() * 0
    if rules.box_loss == "sampled":
        both: tuple[Tensor, Tensor] = fastrcnn_loss(
            answer.logits, answer.deltas, [r.label for r in rois], [r.deltas for r in rois]
        )
        return both
    rows = torch.where(label > 0)[0]
    own = answer.deltas.reshape(len(label), -1, 4)[rows, label[rows]]
    shares = box_shares(own, wanted[rows], len(label), len(rows), rules)
    return functional.cross_entropy(answer.logits, label), shares.sum()


def _rpn_losses(
    rpn: Rpn, targets: Sequence[AnchorTargets], rules: TrainingSettings
) -> tuple[Tensor, Tensor]:
    """Objectness and box loss as `RegionProposalNetwork.compute_loss` has them."""
    count = len(targets[0].label)
    positive = torch.cat([each.positive + i * count for i, each in enumerate(targets)])
    negative = torch.cat([each.negative + i * count for i, each in enumerate(targets)])
    sampled = torch.cat([positive, negative])
    label = torch.cat([each.label for each in targets])
    wanted = torch.cat([each.deltas for each in targets])
    objectness = functional.binary_cross_entropy_with_logits(
        rpn.logits.flatten()[sampled], label[sampled]
    )
    if rules.box_loss == "positive":
        found, count = rpn.deltas[positive], len(positive)
        shares = box_shares(found, wanted[positive], sampled.numel(), count, rules)
        return objectness, shares.sum()
    box = functional.smooth_l1_loss(
        rpn.deltas[positive], wanted[positive], beta=_BETA, reduction="sum"
    )
    return objectness, box / sampled.numel()


@dataclass(frozen=True, slots=True)
class _Pass:
    """The values of a pass from which the shares of the items are worked out."""

    rpn: Rpn
    anchors: Sequence[AnchorTargets]
    answer: BoxHead
    rois: Sequence[RoiTargets]
    positive: Sequence[Tensor]
    boxes: Sequence[Tensor]
    matched: Sequence[Tensor]
    mask_logits: Tensor
    targets: Sequence[Target]
    softmax: bool = False
    """Whether the classes compete for the cells of a mask."""
    rules: TrainingSettings = TORCHVISION
    boxes_only: bool = False
    """Whether there are no masks to be asked for."""
    keypoints: Sequence[Tensor] | None = None
    """The shares of the RoIs with an object, where the network has keypoints."""

    def traces(self) -> tuple[TrainingTrace, ...]:
        """One trace an image."""
        images = len(self.rois)
        rpns = features.split_rpn(self.rpn, images)
        answers = roi.split_box_head(self.answer, [len(each.label) for each in self.rois])
        logits = torch.split(self.mask_logits, [len(rows) for rows in self.positive])
        return tuple(self._one(i, rpns[i], answers[i], logits[i]) for i in range(images))

    def _one(self, i: int, rpn: Rpn, answer: BoxHead, mask_logits: Tensor) -> TrainingTrace:
        objectness, rpn_box = self._rpn_shares(self.anchors[i], rpn)
        classifier, box = self._roi_shares(self.rois[i], self.positive[i], answer)
        side = mask_logits.shape[-1]
        masks, boxes = self.targets[i]["masks"], self.boxes[i]
        wanted = mask_targets(masks, boxes, self.matched[i], side, self.rules)
        label = self.rois[i].label[self.positive[i]]
        own = mask_logits[torch.arange(len(label), device=label.device), label]
        if self.boxes_only:
            wanted = torch.ones_like(own)
        pixels = sum(len(rows) for rows in self.positive) * side * side
        if self.softmax:
            mask = _softmax_shares(mask_logits, label, wanted)
        else:
            mask = functional.binary_cross_entropy_with_logits(own, wanted, reduction="none")
        mask = mask.flatten(1).sum(1) / max(pixels, 1)
        points = None if self.keypoints is None else self.keypoints[i]
        shares = ItemLosses(objectness, rpn_box, classifier, box, mask, points)
        return TrainingTrace(self.anchors[i], self.rois[i], wanted, own, shares)

    def _rpn_shares(self, target: AnchorTargets, rpn: Rpn) -> tuple[Tensor, Tensor]:
        sampled = sum(len(each.positive) + len(each.negative) for each in self.anchors)
        rows = torch.cat([target.positive, target.negative])
        objectness = functional.binary_cross_entropy_with_logits(
            rpn.logits[rows], target.label[rows], reduction="none"
        )
        found, wanted = rpn.deltas[target.positive], target.deltas[target.positive]
        positive = sum(len(each.positive) for each in self.anchors)
        return objectness / sampled, box_shares(found, wanted, sampled, positive, self.rules)

    def _roi_shares(
        self, target: RoiTargets, positive: Tensor, answer: BoxHead
    ) -> tuple[Tensor, Tensor]:
        rois = sum(len(each.label) for each in self.rois)
        classifier = functional.cross_entropy(answer.logits, target.label, reduction="none")
        deltas = answer.deltas.unflatten(1, (-1, 4))
        found, wanted = deltas[positive, target.label[positive]], target.deltas[positive]
        count = sum(len(each) for each in self.positive)
        return classifier / rois, box_shares(found, wanted, rois, count, self.rules)
