"""The verdict by brute force, written from the table in docs/lens.md and nothing else.

It takes only what the network computed (logits, deltas, masks of a few cells) and torchvision's own
operations, makes every cut again, and asks at each stage whether some box fits the instance.
"""

from __future__ import annotations

import numpy as np
import shapely
import torch
from pycocotools import mask as coco_mask
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import batched_nms, box_iou, clip_boxes_to_image

CUTS = (
    "anchors",
    "rpn_topk",
    "rpn_small",
    "rpn_nms",
    "proposal_limit",
    "box_head",
    "class",
    "score",
    "nms",
    "detection_limit",
    "mask",
)


class Oracle:
    """One trace, cut again from its logits and deltas."""

    def __init__(self, trace):
        self.trace = trace
        self.settings = trace.settings
        self._rpn()
        self._heads()
        values, boxes = trace.polygons.led, trace.polygons.led_boxes
        if values is None:
            values, boxes = trace.mask_logits.probabilities, trace.detections.boxes
        values = torch.as_tensor(values)[:, None]
        pasted = paste_masks_in_image(values, torch.as_tensor(boxes), trace.input.image_size)
        drawn = (pasted[:, 0] >= self.settings.mask).numpy()
        self.masks = [coco_mask.encode(np.asfortranarray(one, np.uint8)) for one in drawn]

    def _rpn(self):
        t, s = self.trace, self.settings
        anchors, logits = torch.as_tensor(t.anchors.boxes), torch.as_tensor(t.rpn.logits)
        deltas = torch.as_tensor(t.rpn.deltas)
        decoded = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode(deltas, [anchors]).reshape(-1, 4)
        decoded = clip_boxes_to_image(decoded, t.input.size)
        level = torch.cat(
            [torch.full((count,), i) for i, count in enumerate(t.anchors.level_counts)]
        )
        top = torch.cat(
            [
                rows[logits[rows].topk(min(s.rpn_pre_nms_top_n, len(rows))).indices]
                for rows in (torch.where(level == i)[0] for i in range(5))
            ]
        )
        width, height = (decoded[top, 2:] - decoded[top, :2]).unbind(1)
        large = top[(width >= s.rpn_min_size) & (height >= s.rpn_min_size)]
        large = large[torch.sigmoid(logits[large]) >= s.rpn_score]
        score = torch.sigmoid(logits[large])
        kept = large[batched_nms(decoded[large], score, level[large], s.rpn_nms)]
        self.anchors, self.decoded = anchors, decoded
        self.top, self.large, self.after_rpn_nms = top, large, kept
        self.proposals = kept[: s.rpn_post_nms_top_n]

    def _heads(self):
        t, s = self.trace, self.settings
        logits = torch.as_tensor(t.box_head.logits)
        classes = logits.shape[1]
        rois = self.decoded[self.proposals]
        boxes = BoxCoder((10.0, 10.0, 5.0, 5.0)).decode(torch.as_tensor(t.box_head.deltas), [rois])
        boxes = clip_boxes_to_image(boxes.reshape(len(rois), classes, 4), t.input.size)
        probability = torch.softmax(logits, -1)
        self.refined = boxes[:, 1:].reshape(-1, 4)
        self.score = probability[:, 1:].reshape(-1)
        self.label = torch.arange(1, classes).repeat(len(rois))
        self.winner = (
            (probability[:, 1:] == probability[:, 1:].max(1, keepdim=True).values).reshape(-1)
            if len(rois)
            else torch.zeros(0, dtype=torch.bool)
        )
        rows = torch.where(self.score > s.score)[0]
        size = self.refined[rows, 2:] - self.refined[rows, :2]
        self.scored = rows[(size >= s.box_min_size).all(1)]
        kept = batched_nms(
            self.refined[self.scored], self.score[self.scored], self.label[self.scored], s.nms
        )
        self.distinct = self.scored[kept]
        self.detected = self.distinct[: s.detections_per_image]

    def alive(self, instance):
        """For each cut, whether the instance lives behind it."""
        high, wide = self.trace.input.image_size
        shape = shapely.intersection(_shape(instance.polygons), shapely.box(0, 0, wide, high))
        if shape.area <= 1e-6:
            return [False] * 11
        x0, y0, x1, y1 = shape.bounds
        resized_high, resized_wide = self.trace.input.size
        across, down = resized_wide / wide, resized_high / high
        box = torch.tensor([[x0 * across, y0 * down, x1 * across, y1 * down]], dtype=torch.float64)

        drawn = coco_mask.frPyObjects(
            [[v for point in p for v in point] for p in _rings(shape)], high, wide
        )
        pixels = coco_mask.merge(drawn)

        def fits(boxes):
            return box_iou(boxes.double(), box)[:, 0] >= 0.5

        near, refined = fits(self.decoded), fits(self.refined)
        names = self.trace.class_names
        right = torch.ones(len(self.label), dtype=torch.bool)
        if instance.label in names:
            right = torch.tensor([names[i - 1] == instance.label for i in self.label.tolist()])
        labelled = refined & right.bool() if len(right) else refined
        return [
            bool(fits(self.anchors).any() or near.any()),
            bool(near[self.top].any()),
            bool(near[self.large].any()),
            bool(near[self.after_rpn_nms].any()),
            bool(near[self.proposals].any()),
            bool(refined.any()),
            bool((labelled & self.winner).any()),
            bool(labelled[self.scored].any()),
            bool(labelled[self.distinct].any()),
            bool(labelled[self.detected].any()),
            any(
                _overlap(mask, pixels) >= 0.5
                for mask, row in zip(self.masks, self.detected.tolist(), strict=True)
                if right[row]
            ),
        ]

    def lost_at(self, instance):
        """The cut after the last living stage, or None when the instance is found."""
        return cut_after(self.alive(instance))


def cut_after(alive):
    """The cut that took an instance which lives behind these cuts; None when it is found."""
    if alive[-1]:
        return None
    last = max(np.flatnonzero(alive), default=-1)
    return CUTS[last + 1]


def _shape(polygons):
    parts = [shapely.Polygon(p.outer, p.holes) for p in polygons]
    return shapely.union_all([p if p.is_valid else shapely.make_valid(p) for p in parts])


def _overlap(one, other):
    """IoU of two masks in pixels."""
    return coco_mask.iou([one], [other], [0])[0, 0]


def _rings(shape):
    """The outer rings of what has no holes."""
    return [list(part.exterior.coords)[:-1] for part in shapely.get_parts(shape) if part.area]
