"""`python -m resources.starter.credits`: who made the photos that the starter learns from.

One row a photo: the set, its number at COCO or Open Images, its licence and where it was published.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from core.storage.atomic import write_atomic
from resources.starter.photos import COMPLETE, PARTIAL

LICENCES: Final = {
    1: "CC BY-NC-SA 2.0",
    2: "CC BY-NC 2.0",
    3: "CC BY-NC-ND 2.0",
    4: "CC BY 2.0",
    5: "CC BY-SA 2.0",
    6: "CC BY-ND 2.0",
    7: "no known copyright restrictions",
    8: "United States government work",
}
"""COCO's numbers of licences."""
_OPEN_IMAGES: Final = "CC BY 2.0 (by the rule of Open Images)"
_HEAD: Final = ("set", "number", "licence", "published at")


def credits_of(folder: Path, sets: Sequence[str]) -> str:
    """The rows as CSV. Raises OSError when a set is not there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    for name in sets:
        content = json.loads((folder / "index" / f"{name}.json").read_text())
        writer.writerows(sorted({_row(name, image) for image in content["images"]}))
    return text.getvalue()


def _row(name: str, image: dict[str, Any]) -> tuple[str, str, str, str]:
    if "coco_id" in image:
        licence = LICENCES.get(image.get("coco_license", 0), "unknown")
        return name, f"COCO {image['coco_id']}", licence, image.get("flickr_url", "")
    return name, f"Open Images {image['openimages_id']}", _OPEN_IMAGES, ""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m resources.starter.credits")
    parser.add_argument("photos", type=Path, help="folder with index/")
    parser.add_argument("--out", type=Path, default=Path("resources/starter_credits.csv"))
    chosen = parser.parse_args()
    write_atomic(chosen.out, credits_of(chosen.photos, (COMPLETE, *PARTIAL)).encode())


if __name__ == "__main__":
    main()
