"""What is said about the models that have a name."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "models.starter": (
        "Small general model trained on generated scenes: cells and objects; fast on a CPU"
    ),
    "models.photos": (
        "For photos: boxes and names of 80 kinds of things from {proposer}, masks from the starter"
    ),
    "models.coco": "torchvision's {arch} trained on COCO: box AP {box}, mask AP {mask}",
    "models.unknown": "There is no model named {name!r}. The names are: {known}.",
    "models.no_such": "{spec!r} is neither a model file nor one of the names {known}.",
    "models.not_fetched": (
        "The model {name!r} is not on this machine yet. Fetch it with: masklens models download "
        "{name}"
    ),
    "models.starter_missing": (
        "The model {name!r} belongs to the program but its file {path} is missing. Install "
        "masklens again."
    ),
    "models.wrong_hash": (
        "What came from {url} is not the model {name!r}: its hash is wrong. Nothing was kept; "
        "try again."
    ),
    "models.offline": (
        "The model {name!r} could not be fetched ({why}). It needs a connection to the internet "
        "once; or fetch {url} elsewhere and put it at {path}."
    ),
    "models.export_exists": "{path} is there already; choose another file with --out.",
}
