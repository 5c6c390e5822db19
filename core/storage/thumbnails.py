"""Small pictures of images, without decoding more of them than is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.storage import pixels
from core.storage.image_input import ImageInput
from core.storage.image_limits import MAX_PIXELS, check_size
from core.storage.images import read_image
from core.storage.pixels import Pixels


def thumbnail(path: Path, side: int) -> Pixels:
    """A picture (height, width, 3) as `read_image` gives it, no side longer than `side`.

    Raises ImageError as `read_image` does.
    """
    source = ImageInput.of_file(path)
    small = _of_jpeg(path, side) if source.kind == "JPEG" else None
    if small is None:
        small = Image.fromarray(read_image(path).pixels)
        small.thumbnail((side, side), Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(small))


def _of_jpeg(path: Path, side: int) -> Image.Image | None:
    """The picture decoded at a fraction of its size; None where `read_image` must say what is."""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            check_size(str(path), image.size, MAX_PIXELS)
            turned = pixels.orientation(image)
            image.draft("RGB", (side, side))
            small = image.convert("RGB")
    except pixels.DECODER_ERRORS:
        return None
    small.thumbnail((side, side), Image.Resampling.BOX)
    return Image.fromarray(np.ascontiguousarray(pixels.upright(np.asarray(small), turned)))
