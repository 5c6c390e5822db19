"""By how much an image is enlarged or made smaller before the network sees it."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.transform import GeneralizedRCNNTransform, resize_boxes

MOST_PIXELS: Final = 1536**2
"""No image is enlarged beyond this only for the sake of `least_factor`."""


def input_factor(
    min_size: float, max_size: float, least_factor: float | None, height: int, width: int
) -> float:
    """The factor for an image of that size in pixels.

    Without `least_factor` it is torchvision's (`GeneralizedRCNNTransform`): the shorter side
    becomes `min_size` unless the longer one would exceed `max_size`. So of two images of cells as
    large, that of the wider field is seen smaller. `least_factor` is the least factor, as far as
    `MOST_PIXELS` allow.
    """
    factor = min(min_size / min(height, width), max_size / max(height, width))
    if least_factor is None:
        return factor
    return max(factor, min(least_factor, math.sqrt(MOST_PIXELS / (height * width))))


class InputTransform(GeneralizedRCNNTransform):  # type: ignore[misc]
    """torchvision's transform, with a least factor."""

    least_factor: float | None = None

    def factor(self, height: int, width: int) -> float:
        """The factor for an image of that size when nothing is drawn at random."""
        return input_factor(self.min_size[-1], self.max_size, self.least_factor, height, width)

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """The image 3×H×W and its target at the size that the network sees; as torchvision does it
        where there is no least factor."""
        if self.least_factor is None or (self.training and self._skip_resize):
            resized: tuple[Tensor, dict[str, Tensor] | None] = super().resize(image, target)
            return resized
        before = (image.shape[-2], image.shape[-1])
        factor = self.factor(*before)
        image = functional.interpolate(
            image[None],
            scale_factor=factor,
            mode="bilinear",
            recompute_scale_factor=True,
            align_corners=False,
        )[0]
        if target is None:
            return image, None
        target = dict(target)
        target["boxes"] = resize_boxes(target["boxes"], before, image.shape[-2:])
        if "masks" in target:
            masks = target["masks"][:, None].float()
            masks = functional.interpolate(masks, scale_factor=factor, recompute_scale_factor=True)
            target["masks"] = masks[:, 0].byte()
        return image, target
