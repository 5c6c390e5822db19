"""By how much an image is enlarged or made smaller before the network sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.transform import (
    GeneralizedRCNNTransform,
    resize_boxes,
    resize_keypoints,
)

MOST_PIXELS: Final = 1536**2
"""No image is enlarged beyond this only for the sake of `least_factor`."""


def input_factor(
    min_size: float,
    max_size: float,
    least_factor: float | None,
    height: int,
    width: int,
    *,
    square: bool = False,
) -> float:
    """The factor for an image of that size in pixels.

    Without `least_factor` it is torchvision's (`GeneralizedRCNNTransform`): the shorter side
    becomes `min_size` unless the longer one would exceed `max_size`. So of two images of cells as
    large, that of the wider field is seen smaller. `least_factor` is the least factor, as far as
    `MOST_PIXELS` allow. For a `square` input (matterport's `resize_image`) nothing is made smaller
    for the sake of `min_size`.
    """
    if square:
        return min(max(1.0, min_size / min(height, width)), max_size / max(height, width))
    factor = min(min_size / min(height, width), max_size / max(height, width))
    if least_factor is None:
        return factor
    return max(factor, min(least_factor, most_factor(height, width)))


def most_factor(height: int, width: int) -> float:
    """The factor at which an image of that size has `MOST_PIXELS`."""
    return math.sqrt(MOST_PIXELS / (height * width))


def sides(height: int, width: int, factor: float) -> tuple[int, int]:
    """Height and width of an image after the factor, rounded down, but never less than a pixel."""
    return max(math.floor(height * factor), 1), max(math.floor(width * factor), 1)


def resized(image: Tensor, factor: float) -> Tensor:
    """A float image 3×H×W at the size that the network sees, interpolated as torchvision does."""
    height, width = image.shape[-2:]
    size = sides(height, width, factor)
    result: Tensor = functional.interpolate(
        image[None], size=size, mode="bilinear", align_corners=False
    )[0]
    return result


class InputTransform(GeneralizedRCNNTransform):  # type: ignore[misc]
    """torchvision's transform, with a least factor, and for images of any shape.

    Of a very long image torchvision makes one without height.
    """

    def __init__(
        self,
        min_size: int,
        max_size: int,
        image_mean: Sequence[float],
        image_std: Sequence[float],
        least_factor: float | None = None,
        *,
        square: bool = False,
    ) -> None:
        """A `square` input is padded with black to a square of `max_size`, or as far as a multiple
        of 64 where nothing is resized."""
        divisor = 64 if square else 32
        super().__init__(
            min_size, max_size, list(image_mean), list(image_std), size_divisible=divisor
        )
        self.least_factor = least_factor
        self.square = square
        # Python's numbers: the state_dict has no buffers of a transform.
        self.black = [-mean / std for mean, std in zip(image_mean, image_std, strict=True)]

    def batch_images(self, images: list[Tensor], size_divisible: int = 32) -> Tensor:
        """Images 3×H×W in one tensor, padded at the right and bottom."""
        if self.square:
            return padded(self, images)
        batched: Tensor = super().batch_images(images, size_divisible)
        return batched

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """The image 3×H×W and its target at the size that the network sees; as torchvision does it
        where there is no least factor."""
        before = (image.shape[-2], image.shape[-1])
        factor = factor_of(self, *before)
        thin = min(before) * factor < 1
        theirs = self.least_factor is None and not thin and not self.square
        if theirs or (self.training and self._skip_resize):
            both: tuple[Tensor, dict[str, Tensor] | None] = super().resize(image, target)
            return both
        image = resized(image, factor)
        if target is None:
            return image, None
        target = dict(target)
        target["boxes"] = resize_boxes(target["boxes"], before, image.shape[-2:])
        if "masks" in target:
            masks = target["masks"][:, None].float()
            masks = functional.interpolate(masks, size=image.shape[-2:])
            target["masks"] = masks[:, 0].byte()
        if "keypoints" in target:
            size = (image.shape[-2], image.shape[-1])
            target["keypoints"] = resize_keypoints(target["keypoints"], before, size)
        return image, target


def factor_of(transform: GeneralizedRCNNTransform, height: int, width: int) -> float:
    """The factor of a network's transform when nothing is drawn at random; a network that
    torchvision built has no least factor."""
    own = isinstance(transform, InputTransform)
    least, square = (transform.least_factor, transform.square) if own else (None, False)
    return input_factor(
        transform.min_size[-1], transform.max_size, least, height, width, square=square
    )


def padded(transform: GeneralizedRCNNTransform, images: Sequence[Tensor]) -> Tensor:
    """Resized images 3×H×W of any sizes in one tensor, each in its upper left part.

    The rest is the mean colour, or black for a square input.
    """
    divisor = transform.size_divisible
    height, width = (_up(max(image.shape[side] for image in images), divisor) for side in (1, 2))
    square = isinstance(transform, InputTransform) and transform.square
    if square and not transform.training:
        height = width = max(height, width, _up(transform.max_size, divisor))
    together = images[0].new_zeros((len(images), 3, height, width))
    if square:
        together += together.new_tensor(transform.black)[:, None, None]
    for slot, image in zip(together, images, strict=True):
        slot[:, : image.shape[1], : image.shape[2]].copy_(image)
    return together


def _up(length: int, divisor: int) -> int:
    return -(-length // divisor) * divisor
