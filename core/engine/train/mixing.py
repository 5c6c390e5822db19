"""Copy-paste: instances of one sample laid over another (Ghiasi et al. 2021, section 3)."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from core.engine.train.sample import Sample, drop_unseen

_MOST_PASTED: Final = 8


def paste(onto: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """`onto` with some instances of `donor` in the place that they have there.

    What they cover is no longer visible: masks below lose those pixels, and instances that are
    hidden by most are ignored.
    """
    height = min(onto.image.shape[1], donor.image.shape[1])
    width = min(onto.image.shape[2], donor.image.shape[2])
    candidates = [k for k, mask in enumerate(donor.masks) if not _cut(mask, height, width)]
    if not candidates:
        return onto
    count = int(rng.integers(1, min(_MOST_PASTED, len(candidates)) + 1))
    chosen = [int(k) for k in rng.choice(candidates, count, replace=False)]
    added = torch.zeros((count, *onto.image.shape[1:]), dtype=torch.uint8)
    added[:, :height, :width] = donor.masks[chosen][:, :height, :width]
    cover = added.bool().any(0)
    image = onto.image.clone()
    inside = cover[:height, :width]
    image[:, :height, :width][:, inside] = donor.image[:, :height, :width][:, inside]
    below = onto.masks * (~cover)
    masks = torch.cat([below, added])
    whole = torch.cat([onto.masks.flatten(1).sum(1), added.flatten(1).sum(1)])
    labels = torch.cat([onto.labels, donor.labels[chosen]])
    points = None
    if onto.keypoints is not None and donor.keypoints is not None:
        points = torch.cat([onto.keypoints, donor.keypoints[chosen]])
    return drop_unseen(Sample(image, masks, labels, onto.ignore & ~cover, points), whole)


def _cut(mask: torch.Tensor, height: int, width: int) -> bool:
    """Whether a mask reaches the border, where it may go on."""
    inner = mask[1 : height - 1, 1 : width - 1].sum()
    return bool(inner != mask.sum()) or not bool(inner)
