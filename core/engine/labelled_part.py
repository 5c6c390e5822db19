"""What can be compared in an image of which only some regions are labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from core.document.instance import Instance, Polygon, Polygons
from core.document.runs import encode, mask_iou

_MOSTLY: Final = 0.5


class LabelledPart:
    """The finished regions of an image. What lies outside of them by more than half is not judged.

    Outlines and boxes are in pixels of the image.
    """

    def __init__(self, regions: Iterable[Polygons], width: int, height: int) -> None:
        """Together the regions are the part in which everything is labelled."""
        self._size = (width, height)
        self._runs = self._encoded(tuple(chain.from_iterable(regions)))

    def labels(self, instances: Iterable[Instance]) -> list[Instance]:
        """The instances that are compared; crowds anywhere, as they only excuse."""
        return [one for one in instances if one.crowd or self._has(self._encoded(one.polygons))]

    def detections(self, annotations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The detections that are compared, as COCO annotations. Where a mask is empty, the box
        decides."""
        return [
            one
            for one in annotations
            if self._has(one["segmentation"] if one["area"] else self._encoded(_box(one["bbox"])))
        ]

    def _encoded(self, polygons: Polygons) -> dict[str, object]:
        return encode(polygons, *self._size).to_json()

    def _has(self, runs: dict[str, object]) -> bool:
        return bool(mask_iou([runs], [self._runs], [True])[0, 0] >= _MOSTLY)


def _box(bbox: Sequence[float]) -> Polygons:
    x, y, width, height = bbox
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return (Polygon(corners),)
