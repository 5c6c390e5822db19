"""Label images: pictures whose values are instances or classes, to instances and back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.codec import FieldError, wrong
from core.document.instance import Instance, Polygons
from core.document.runs import Mask, rasterise
from core.formats.errors import FormatError, read_bytes
from core.formats.limits import check_size
from core.formats.masks import trace
from core.sentences import english

Values = NDArray[Any]
LABEL: Final = "object"
"""The label of instances in files that know none."""
_MOST: Final = 65_535
_SUFFIXES: Final = (".png", ".tif", ".tiff", ".bmp", ".gif")


def is_label_name(path: Path) -> bool:
    """Whether the name is that of a picture that can hold values exactly."""
    return path.suffix.lower() in _SUFFIXES


def read_values(path: Path, where: str) -> Values:
    """The values (height, width) of a label image; colours become one number each.

    Palettes give their indices. Raises FieldError.
    """
    try:
        with Image.open(
            io.BytesIO(read_bytes(path)), formats=("PNG", "TIFF", "BMP", "GIF")
        ) as image:
            check_size(image.width, image.height, where)
            values = np.asarray(image)
    except FieldError:
        raise
    except FormatError as error:
        raise wrong(where, english(error.sentence)) from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError) as error:
        raise wrong(where, f"no picture that can be read ({error})") from error
    return numbers(values, where)


def numbers(values: Values, where: str) -> Values:
    """Any array of a picture as whole numbers (height, width). Raises FieldError."""
    if values.ndim == 3 and values.shape[2] in (2, 4):
        values = values[..., :-1]  # the last band is opacity
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] == 3 and values.dtype == np.uint8:
        wide = values.astype(np.int64)
        return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise wrong(where, f"an array of shape {values.shape} is no label image")
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and (values == np.floor(values)).all()):
            raise wrong(where, "its values are no whole numbers")
        return values.astype(np.int64)
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def instances_of(
    values: Values, label_of: Callable[[int], str | None], prefix: str, where: str
) -> tuple[Instance, ...]:
    """One instance a value but 0; values without a label are left out. Raises FieldError."""
    found: list[Instance] = []
    for value, mask, left, top in _cut_out(values, where):
        label = label_of(value)
        if label is not None:
            found.append(Instance(f"{prefix}-{value}", label, trace(mask, left, top)))
    return tuple(found)


def _cut_out(values: Values, where: str) -> Iterable[tuple[int, Mask, int, int]]:
    """Each value but 0 with its mask, cut to its box, and where the box begins."""
    height, width = values.shape
    check_size(width, height, where)
    flat = values.ravel()
    places = np.flatnonzero(flat)
    if not places.size:
        return
    order = places[np.argsort(flat[places], kind="stable")]
    known, starts = np.unique(flat[order], return_index=True)
    if len(known) > _MOST:
        raise wrong(where, f"{len(known)} values are no label image")
    for value, members in zip(known.tolist(), np.split(order, starts[1:]), strict=True):
        rows, columns = members // width, members % width
        top, left = int(rows.min()), int(columns.min())
        mask = np.zeros((int(rows.max()) - top + 1, int(columns.max()) - left + 1), np.bool_)
        mask[rows - top, columns - left] = True
        yield int(value), mask, left, top


def traced(mask: Mask) -> Polygons:
    """The outlines of a mask of a whole image, of which only the box around it is looked at."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return ()
    top, left = int(rows[0]), int(columns[0])
    return trace(mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1], left, top)


def pieces(mask: Mask, label: str, prefix: str) -> tuple[Instance, ...]:
    """One instance a piece that hangs together, by edges of pixels."""
    return tuple(
        Instance(f"{prefix}-{k}", label, (polygon,)) for k, polygon in enumerate(traced(mask))
    )


def painted(
    instances: Sequence[Instance], width: int, height: int, values: Sequence[int] | None = None
) -> tuple[NDArray[np.int32], int]:
    """The instances with values 1, 2 and so on, later ones on top, and how many lost pixels."""
    canvas = np.zeros((height, width), np.int32)
    lost: set[int] = set()
    for place, instance in enumerate(instances):
        mask = rasterise(instance.polygons, width, height)
        below = canvas[mask]
        lost.update(np.unique(below[below > 0]).tolist())
        canvas[mask] = place + 1
    if values is None:
        return canvas, len(lost)
    table = np.array([0, *values], np.int32)
    return table[canvas], len(lost)


def layered(instances: Sequence[Instance], width: int, height: int) -> NDArray[np.int32]:
    """The instances with values 1, 2 and so on in as few layers (layers, height, width) as keep
    all their pixels."""
    layers: list[NDArray[np.int32]] = [np.zeros((height, width), np.int32)]
    for place, instance in enumerate(instances):
        mask = rasterise(instance.polygons, width, height)
        layer = next((each for each in layers if not each[mask].any()), None)
        if layer is None:
            layer = np.zeros((height, width), np.int32)
            layers.append(layer)
        layer[mask] = place + 1
    return np.stack(layers)


def png_of(values: Values, coloured: bool = False) -> bytes:
    """Values (height, width) as a PNG: of 16 bits, or of 8 with the colours of VOC."""
    out = io.BytesIO()
    if coloured:
        image = Image.fromarray(values.astype(np.uint8)).convert("P")
        image.putpalette(palette())
    else:
        image = Image.fromarray(values.astype(np.uint16))
    image.save(out, "PNG")
    return out.getvalue()


def picture_png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (height, width, 3) as a PNG."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def mask_png(mask: Mask) -> bytes:
    """A mask as a black and white PNG of one bit."""
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


def palette() -> list[int]:
    """The palette of PASCAL VOC: the bits of a number dealt out to red, green and blue."""
    colours: list[int] = []
    for number in range(256):
        rgb = [0, 0, 0]
        for bit in range(8):
            rgb[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
        colours += rgb
    return colours
