"""What is said about proposers."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "proposers.missing": (
        "The proposer {name!r} belongs to the program but its file {path} is missing. Install "
        "masklens again."
    ),
    "proposers.unknown": (
        "{spec!r} is neither a file of weights nor one of the proposers {known}."
    ),
    "proposers.answer": "The proposer {name!r} gave an answer that cannot be used: {problem}.",
    "proposers.broken": (
        "The proposer {name!r} that another package brings could not be made: {why}."
    ),
    "proposers.arch": (
        "{path} is not one of torchvision's detectors that can propose, as far as its names tell. "
        "Say which with --proposer-arch: {known}."
    ),
    "proposers.mismatch": "The weights in {path} do not fit {arch}: {problem}.",
}
"""English texts by sentence id; arguments in braces, as `str.format` takes them."""
