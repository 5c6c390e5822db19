"""One example for the network: a window of an image, changed at random, with what to answer.

Everything random comes from one numpy generator, so a sample can be made again, in any thread.
The operations are those of torchvision.transforms.v2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.ops import masks_to_boxes
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as ops

from core.document.geometry import area
from core.document.skeleton import Skeleton
from core.engine.config import ModelConfig
from core.engine.keypoints import keypoint_targets, mirrored_order
from core.engine.losses import Target
from core.engine.train.plan import Plan
from core.engine.train.window import LEAST_AREA, LEAST_SIDE, area_of, choose_window, masks_of
from core.learning.frozen import FrozenImage

_LEAST_SEEN: Final = 0.2
"""Instances of which less than this share is in the window are neither object nor background."""
_TRIES: Final = 5
_MOST_IGNORED: Final = 0.9


@dataclass(frozen=True, slots=True)
class Sample:
    """An example; all parts share the size H×W."""

    image: Tensor
    """float32 3×H×W, 0 to 1."""
    masks: Tensor
    """uint8 N×H×W."""
    labels: Tensor
    """int64 N, from 1."""
    ignore: Tensor
    """bool H×W: where background is not to be believed."""
    keypoints: Tensor | None = None
    """float32 N×K×3 for a network that finds keypoints: x, y and visibility, as COCO has them."""

    def target(self) -> Target:
        """What the losses want; boxes are drawn around the masks, which must not be empty."""
        boxes = masks_to_boxes(self.masks) if len(self.masks) else torch.zeros(0, 4)
        boxes = boxes.float()
        boxes[:, 2:] += 1  # masks_to_boxes names the last pixel, boxes end behind it
        target = {"boxes": boxes, "masks": self.masks, "labels": self.labels}
        if self.keypoints is not None:
            target["keypoints"] = self.keypoints
        if self.ignore.any():
            target["ignore"] = self.ignore
        return target


def make_sample(
    image: FrozenImage,
    pixels: NDArray[np.uint8],
    config: ModelConfig,
    plan: Plan,
    rng: np.random.Generator,
) -> Sample:
    """A random view of an image; `pixels` uint8 H×W×3."""
    for _ in range(_TRIES):
        sample = _view(image, pixels, config, plan, rng)
        if float(sample.ignore.float().mean()) <= _MOST_IGNORED:
            break
    return _changed(sample, plan, rng, config.skeleton)


def _view(
    image: FrozenImage,
    pixels: NDArray[np.uint8],
    config: ModelConfig,
    plan: Plan,
    rng: np.random.Generator,
) -> Sample:
    """A window of the image at the network's resolution."""
    window = choose_window(image, config, plan.side, plan.scale, rng)
    part = pixels[window.y : window.y + window.height, window.x : window.x + window.width]
    picture = torch.from_numpy(np.ascontiguousarray(part)).permute(2, 0, 1).float().div(255)
    # Without smoothing, as the network itself resizes when it predicts.
    picture = ops.resize(picture, [window.rows, window.columns], antialias=False)
    size = (window.columns, window.rows)
    objects = [one for one in image.objects if window.sees(one.polygons)]
    masks = masks_of([window.place(one.polygons) for one in objects], *size)
    labels = torch.tensor([config.class_names.index(o.label) + 1 for o in objects]).long()
    crowds = [window.place(o.polygons) for o in image.instances if o.crowd]
    ignore = area_of(crowds, *size)
    if image.regions is not None:
        ignore |= ~area_of([window.place(region) for region in image.regions], *size)
    scale = (window.columns / window.width) * (window.rows / window.height)
    whole = torch.tensor([area(one) * scale for one in objects])
    keypoints = None
    if config.skeleton is not None:
        placed = [window.place_points(one.keypoints) for one in objects]
        keypoints = keypoint_targets(placed, len(config.skeleton.names))
    masks_found = torch.from_numpy(masks)
    sample = Sample(picture, masks_found, labels, torch.from_numpy(ignore), keypoints)
    return drop_unseen(sample, whole)


def drop_unseen(sample: Sample, whole: Tensor) -> Sample:
    """Take out instances that are too small to see; those cut off by most are ignored instead.

    `whole` is the area of each instance, N, in pixels, when nothing hides it.
    """
    if not len(sample.masks):
        return sample
    seen = sample.masks.flatten(1).sum(1)
    rows = sample.masks.any(2).sum(1)
    columns = sample.masks.any(1).sum(1)
    visible = (seen >= LEAST_AREA) & (rows >= LEAST_SIDE) & (columns >= LEAST_SIDE)
    keep = visible & (seen >= _LEAST_SEEN * whole)
    hidden = sample.masks[~keep].bool().any(0)
    return replace(
        sample,
        masks=sample.masks[keep],
        labels=sample.labels[keep],
        ignore=sample.ignore | hidden,
        keypoints=None if sample.keypoints is None else sample.keypoints[keep],
    )


def _changed(
    sample: Sample, plan: Plan, rng: np.random.Generator, skeleton: Skeleton | None = None
) -> Sample:
    """The sample flipped, turned and coloured at random."""
    image, masks = tv_tensors.Image(sample.image), tv_tensors.Mask(sample.masks)
    ignore = tv_tensors.Mask(sample.ignore[None])
    flips = rng.random(2) < 0.5
    points, size = sample.keypoints, (image.shape[-1], image.shape[-2])
    if plan.flip and flips[0]:
        image, masks, ignore = map(ops.horizontal_flip, (image, masks, ignore))
        points = _mirrored(points, skeleton, 0, size[0])
    if plan.rotate and flips[1]:
        image, masks, ignore = map(ops.vertical_flip, (image, masks, ignore))
        points = _mirrored(points, skeleton, 1, size[1])
    if plan.rotate and rng.random() < 0.5:
        image, masks, ignore = (part.transpose(-1, -2) for part in (image, masks, ignore))
        points = _mirrored(points, skeleton, None, 0)
    plain = v2.ToPureTensor()
    picture = plain(image)
    if plan.colour:
        picture = _coloured(picture, rng)
    return Sample(
        picture.contiguous(),
        plain(masks).contiguous(),
        sample.labels,
        plain(ignore)[0].contiguous().bool(),
        points,
    )


def _mirrored(
    points: Tensor | None, skeleton: Skeleton | None, axis: int | None, length: int
) -> Tensor | None:
    """Keypoints N×K×3 in a mirror: across an axis of `length` pixels, or with x and y exchanged.

    A left hand becomes a right one. Those without a place stay without one.
    """
    if points is None or skeleton is None:
        return points
    seen = points[..., 2:] > 0
    turned = points.clone()
    if axis is None:
        turned[..., :2] = points[..., [1, 0]]
    else:
        turned[..., axis] = length - points[..., axis]
    return torch.where(seen, turned, points)[:, mirrored_order(skeleton)]


def _coloured(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Mild changes of brightness, contrast, saturation and hue."""
    bright, contrast, saturation = rng.uniform(0.75, 1.25, 3)
    picture = ops.adjust_brightness(picture, float(bright))
    picture = ops.adjust_contrast(picture, float(contrast))
    picture = ops.adjust_saturation(picture, float(saturation))
    hue = float(rng.uniform(-0.03, 0.03))
    result: Tensor = ops.adjust_hue(picture, hue)
    return result
