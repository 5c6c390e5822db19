"""Where the image stands in the viewport: pure arithmetic between image, logical and device pixels.

Image pixels: x right, y down, (0, 0) the outer corner of the first pixel. Logical pixels: what Qt's
events speak. Device pixels: logical times the device pixel ratio. The image's corner always falls
on a whole device pixel, so that retained tiles are shown unscaled and sharp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.document.geometry.measure import Rect

SMALLEST_IMAGE = 24.0
"""Zooming out stops when the longer side of the image is this many logical pixels."""
LARGEST_SCALE = 96.0
"""Zooming in stops at this many logical pixels for one image pixel."""
FIT_MARGIN = 12.0


@dataclass(frozen=True, slots=True)
class View:
    """The image point in the middle of the viewport, and logical pixels per image pixel."""

    centre_x: float = 0.0
    centre_y: float = 0.0
    scale: float = 1.0
    width: int = 1
    height: int = 1
    dpr: float = 1.0

    @property
    def device_scale(self) -> float:
        """Device pixels per image pixel."""
        return self.scale * self.dpr

    @property
    def device_size(self) -> tuple[int, int]:
        """Width and height of the viewport in device pixels."""
        return round(self.width * self.dpr), round(self.height * self.dpr)

    @property
    def origin(self) -> tuple[int, int]:
        """The image's corner in device pixels."""
        return (
            round(self.width * self.dpr / 2 - self.centre_x * self.device_scale),
            round(self.height * self.dpr / 2 - self.centre_y * self.device_scale),
        )

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """From logical pixels of the viewport to image pixels."""
        left, top = self.origin
        return (x * self.dpr - left) / self.device_scale, (y * self.dpr - top) / self.device_scale

    def to_device(self, x: float, y: float) -> tuple[float, float]:
        """From image pixels to device pixels of the viewport."""
        left, top = self.origin
        return left + x * self.device_scale, top + y * self.device_scale

    def to_logical(self, x: float, y: float) -> tuple[float, float]:
        """From image pixels to logical pixels of the viewport."""
        device_x, device_y = self.to_device(x, y)
        return device_x / self.dpr, device_y / self.dpr

    def visible(self) -> Rect:
        """The part of image space inside the viewport; it may reach beyond the image."""
        x0, y0 = self.to_image(0, 0)
        x1, y1 = self.to_image(self.width, self.height)
        return Rect(x0, y0, x1, y1)

    def panned(self, dx: float, dy: float) -> View:
        """Moved so that the image follows the hand by (dx, dy) logical pixels."""
        return replace(
            self, centre_x=self.centre_x - dx / self.scale, centre_y=self.centre_y - dy / self.scale
        )

    def zoomed(self, scale: float, x: float, y: float) -> View:
        """At another scale, with the image point under logical (x, y) staying where it is."""
        image_x, image_y = self.to_image(x, y)
        return replace(
            self,
            scale=scale,
            centre_x=image_x - (x - self.width / 2) / scale,
            centre_y=image_y - (y - self.height / 2) / scale,
        )

    def within(self, image_width: float, image_height: float) -> View:
        """With the scale inside its limits and the middle of the viewport on the image."""
        smallest = min(1.0, SMALLEST_IMAGE / max(image_width, image_height, 1.0))
        return replace(
            self,
            scale=min(max(self.scale, smallest), LARGEST_SCALE),
            centre_x=min(max(self.centre_x, 0.0), image_width),
            centre_y=min(max(self.centre_y, 0.0), image_height),
        )

    def fitted(self, image_width: float, image_height: float, *, width_only: bool = False) -> View:
        """With the whole image (or its whole width) inside the viewport, a margin around it."""
        across = max(self.width - 2 * FIT_MARGIN, 1.0) / max(image_width, 1.0)
        down = max(self.height - 2 * FIT_MARGIN, 1.0) / max(image_height, 1.0)
        scale = across if width_only else min(across, down)
        centre_y = image_height / 2
        if width_only and image_height * scale > self.height:
            centre_y = (self.height / 2 - FIT_MARGIN) / scale
        return replace(self, scale=scale, centre_x=image_width / 2, centre_y=centre_y)
