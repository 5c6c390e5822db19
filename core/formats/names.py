"""The names of the formats, without loading any of them: for what lists them at once."""

from __future__ import annotations

from typing import Final

FORMAT_NAMES: Final = (
    *("labelme", "via", "coco", "isat", "cvat", "labelstudio", "voc", "cellpose", "npz"),
    *("openimages", "dataset", "yolo", "png"),
)
