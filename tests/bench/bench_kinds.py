"""What the banner would say of folders: photos, cells, or nothing.

`python -m tests.bench.bench_kinds FOLDER...` prints for each folder with images in it the kind that
`core.session.kinds` tells it by, the share of its images that are taken for cells one by one (at
most `--each` of them, spread over it), and the milliseconds that the folder took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from core.lens.scores import CELLS
from core.session.kinds import kind_of, kind_of_image
from core.storage.images import read_image

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_kinds")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=40)
    given = parser.parse_args()
    print("| folder | images | taken for | of them taken for cells | ms |\n|---|---|---|---|---|")
    for folder in given.folders:
        images = sorted(each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES)
        if not images:
            continue
        start = time.perf_counter()
        kind = kind_of(images)
        taken = (time.perf_counter() - start) * 1000
        some = images[:: max(1, len(images) // given.each)][: given.each]
        cells = sum(kind_of_image(read_image(each).pixels) == CELLS for each in some)
        name = f"{folder.parent.name}/{folder.name}"
        print(f"| {name} | {len(images)} | {kind or '-'} | {cells} of {len(some)} | {taken:.0f} |")


if __name__ == "__main__":
    main()
