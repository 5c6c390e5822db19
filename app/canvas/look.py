"""How the image is shown: range of values, channel, brightness, contrast, gamma.

All of it changes only what a person sees; the file, and what a model is given, stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

ALL: Final = -1
GREY: Final = -2
# ITU-R BT.601, in 1/256.
_WEIGHTS: Final = (77, 150, 29)
Rule = Literal["model", "file", "percentiles", "own"]
_Share = Annotated[float, Meta(ge=-1, le=1)]
_Value = Annotated[float, Meta(ge=-1e300, le=1e300)]


@dataclass(frozen=True, slots=True)
class Look:
    """Brightness and contrast run from -1 to 1; `channel` is a band counted from 0, ALL or GREY.

    Black and white are, by `rule`: what a model sees as such, the smallest and the largest value
    of the file, its percentiles, or `low` and `high` for images whose numbers are of that `kind`.
    """

    brightness: _Share = 0.0
    contrast: _Share = 0.0
    gamma: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
    channel: Annotated[int, Meta(ge=GREY, le=255)] = ALL
    rule: Rule = "model"
    low: _Value = 0.0
    high: _Value = 255.0
    kind: Annotated[str, Meta(max_length=20)] = "uint8"

    def same_pixels(self, other: Look, *, deep: bool) -> bool:
        """Whether both need the same pixels of an image, of whose values a `deep` one has more."""
        mine, theirs = (
            (each.rule, (each.low, each.high, each.kind) if each.rule == "own" else None,
             max(each.channel, ALL if deep else 2))
            for each in (self, other)
        )  # fmt: skip
        return mine == theirs

    def range_of(
        self, bounds: tuple[float, float], percentiles: tuple[float, float]
    ) -> tuple[float, float]:
        """The values that become black and white, where the rule is not the model's."""
        if self.rule == "own":
            return self.low, self.high
        return bounds if self.rule == "file" else percentiles


@dataclass(frozen=True, slots=True)
class Shade:
    """What becomes of 8-bit pixels: a channel of three (or ALL, GREY), then a table of 256."""

    channel: int = ALL
    table: NDArray[np.uint8] | None = None

    def apply(self, pixels: NDArray[np.uint8]) -> None:
        """Change pixels (height, width, 4; B, G, R and one unused) in place."""
        if self.channel == GREY:
            red, green, blue = _WEIGHTS
            total = pixels[..., 2].astype(np.uint16) * red
            total += pixels[..., 1].astype(np.uint16) * green
            total += pixels[..., 0].astype(np.uint16) * blue
            pixels[..., :3] = (total >> 8).astype(np.uint8)[..., None]
        elif self.channel != ALL:
            pixels[..., :3] = pixels[..., 2 - self.channel, None].copy()
        if self.table is not None:
            np.take(self.table, pixels, out=pixels, mode="clip")

    def seen(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pixels (height, width, 3; R, G, B) as they are to be seen; those given stay."""
        turned = np.empty((*pixels.shape[:2], 4), np.uint8)
        turned[..., :3], turned[..., 3] = pixels[..., ::-1], 0
        self.apply(turned)
        return np.ascontiguousarray(turned[..., 2::-1])


def shade(look: Look, bounds: tuple[float, float] | None = None) -> Shade | None:
    """What is done to 8-bit pixels; None for nothing. `bounds` become black and white first."""
    channel = look.channel if look.channel < 3 else ALL
    plain = (look.brightness, look.contrast, look.gamma) == (0, 0, 1)
    if plain and bounds in (None, (0.0, 255.0)):
        return None if channel == ALL else Shade(channel)
    return Shade(channel, table(look, bounds))


def table(look: Look, bounds: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """The 256 values that pixel values become.

    Contrast turns around mid-grey: at -1 all is grey, at 1 it is four times as strong. A gamma over
    1 brightens what is dark.
    """
    low, high = bounds or (0.0, 255.0)
    values = (np.arange(256) - low) / max(high - low, 1e-9)
    gain = 1 + look.contrast if look.contrast < 0 else 1 + 3 * look.contrast
    values = (np.clip(values, 0, 1) - 0.5) * gain + 0.5 + look.brightness
    values = np.clip(values, 0, 1) ** (1 / look.gamma)
    made: NDArray[np.uint8] = np.rint(values * 255).astype(np.uint8)
    return made
