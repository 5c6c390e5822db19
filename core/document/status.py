"""How far the work on one image has come."""

from __future__ import annotations

from enum import StrEnum


class ImageStatus(StrEnum):
    """The state of an image in the list, from nothing done to finished."""

    UNTOUCHED = "untouched"  # no instances and no suggestions
    SUGGESTED = "suggested"  # a model has proposed instances; nobody has taken any
    IMPORTED = "imported"  # its instances came with a file of labels; nobody has changed them here
    CORRECTED = "corrected"  # a person has made, accepted or changed instances
    DONE = "done"  # a person has marked the image as finished
