"""Sentences that several formats say."""

from __future__ import annotations

from typing import Final

from core.sentences import say

BOXES: Final = say(
    "formats.boxes",
    "{path}: {count} annotations have a box and no outline; the box stands for the outline.",
)
BRIDGED: Final = say(
    "convert.bridged",
    "{count} instances have holes or several parts; {format} knows one "
    "outline, in which they are joined by lines of no width.",
)
CVAT_KINDS: Final = say(
    "formats.cvat_kinds",
    "{path}: {count} shapes are no outlines of objects ({kinds}) and were left out.",
)
EMPTY: Final = say(
    "convert.empty",
    "{count} instances cover no pixel of their image and were left out.",
)
EXISTS: Final = say(
    "convert.exists",
    "{path} is there already and was not overwritten: choose another place, or move it away.",
)
IMAGE_MISSING: Final = say(
    "formats.image_missing",
    "{path} names the image {name}, which was not found: put it beside the "
    "file or name the folder of the images.",
)
ISAT_BACKGROUND: Final = say(
    "formats.isat_background",
    "{path}: {count} areas are background, no objects; left out.",
)
LABELSTUDIO_KINDS: Final = say(
    "formats.labelstudio_kinds",
    "{path}: {count} results are no outlines of objects ({kinds}) and were left out.",
)
LABELSTUDIO_SEVERAL: Final = say(
    "formats.labelstudio_several",
    "{path}: {count} annotations of tasks that have several were left out; the last one counts.",
)
NO_SIDE: Final = say(
    "formats.no_side", "{path}: {count} sides of images are not known there; the image tells them."
)
NO_LABEL_NAMES: Final = say(
    "formats.no_label_names",
    "{path}: {count} label images know no labels; {label} stands there.",
)
OPENIMAGES_SCALED: Final = say(
    "formats.openimages_scaled",
    "{path}: {count} masks are of another size than their image and were scaled to it.",
)
OVERLAPS: Final = say(
    "convert.overlaps",
    "{count} instances lie under others and lost the pixels that they share with them.",
)
PNG_PIECES: Final = say(
    "formats.png_pieces",
    "{path}: {count} label images tell no instances apart; each piece that "
    "hangs together became one.",
)
TOO_LARGE: Final = say(
    "formats.too_large",
    "{path} has over {limit} bytes, which no label file needs: check whether it is one.",
)
TOO_MANY_VALUES: Final = say(
    "convert.too_many_values",
    "{name} has more than {most} instances, which a label image cannot hold: "
    "choose another layout.",
)
UNKNOWN: Final = say(
    "formats.unknown",
    "{path} is of no format that is read here; docs/formats.md lists them. Export it as COCO from "
    "the program that wrote it.",
)
VOC_UNMATCHED: Final = say(
    "formats.voc_unmatched",
    "{path}: {count} values of the label image fit no object of the file; they were left out.",
)
YOLO_UNNAMED: Final = say(
    "formats.yolo_unnamed",
    "{path}: {count} classes have no name; they are called {names}. Put a "
    "data.yaml or classes.txt beside the labels to name them.",
)
RESULTS: Final = say(
    "formats.results",
    "{path} is a list of results without images and categories: name the COCO file that it "
    "belongs to.",
)
