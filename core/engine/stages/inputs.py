"""Stage `input`: images normalised, resized and padded, as `InputTransform` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.image_list import ImageList

from core.engine.input_size import factor_of, padded, resized
from core.lens.trace import Prepared


@dataclass(frozen=True, slots=True)
class Batch:
    """Prepared images that share one padded tensor."""

    tensors: Tensor
    """float32 N×3×H×W."""
    sizes: tuple[tuple[int, int], ...]
    """Height and width of each resized image."""
    image_sizes: tuple[tuple[int, int], ...]
    """Height and width of each image."""

    def one(self, index: int) -> Prepared:
        """One image of the batch."""
        return Prepared(self.tensors[index], self.sizes[index], self.image_sizes[index])

    def as_list(self) -> ImageList:
        """The batch as torchvision's modules want it."""
        return ImageList(self.tensors, list(self.sizes))


def prepare(model: MaskRCNN, images: Sequence[Tensor]) -> Batch:
    """Prepare images, uint8 or float 0 to 1, 3×H×W, of any sizes.

    Bit-equal to `model.transform` in eval mode, but with one copy of the image as floats instead
    of three. uint8 becomes float by division by 255.
    """
    inputs = [_resize(model, image) for image in images]
    return Batch(
        padded(model.transform, inputs),
        tuple((image.shape[1], image.shape[2]) for image in inputs),
        tuple((image.shape[1], image.shape[2]) for image in images),
    )


def _resize(model: MaskRCNN, image: Tensor) -> Tensor:
    transform = model.transform
    whole = torch.empty(image.shape, dtype=_float_of(image), device=image.device).copy_(image)
    if not image.is_floating_point():
        whole.div_(255)
    whole.sub_(_column(transform.image_mean, whole)).div_(_column(transform.image_std, whole))
    return resized(whole, factor_of(transform, *image.shape[-2:]))


def _float_of(image: Tensor) -> torch.dtype:
    return image.dtype if image.is_floating_point() else torch.float32


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)[:, None, None]
