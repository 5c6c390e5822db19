"""The formats and where each lives, without loading any of them: for what lists them at once."""

from __future__ import annotations

from typing import Final

HOMES: Final = {
    "labelme": "labelme_format",
    "via": "via_format",
    "coco": "coco_format",
    "isat": "isat",
    "cvat": "cvat",
    "labelstudio": "labelstudio",
    "voc": "voc",
    "cellpose": "cellpose",
    "npz": "npz",
    "openimages": "openimages",
    "dataset": "labelme_dataset",
    "yolo": "yolo",
    "png": "png_masks",
}
"""Module by name of the format; in a folder of several formats the first of them is taken."""
FORMAT_NAMES: Final = tuple(HOMES)
