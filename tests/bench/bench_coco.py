"""Processor time and memory of reading and converting large COCO files, made here.

    python -m tests.bench.bench_coco [--images 500] [--annotations 20000] [--to coco]

The outlines have the lengths of COCO's: 24 points on average. `--images 118000 --annotations
860000` is the size of train2017. Images are not there, as on a machine that only has the labels.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from core.formats.collect import collect
from core.formats.convert import convert


def write(path: Path, images: int, annotations: int) -> None:
    """A COCO file of that size, one entry after the other."""
    random.seed(1)
    with path.open("w") as out:
        out.write(
            '{"categories": ' + json.dumps([{"id": k, "name": f"c{k}"} for k in range(1, 81)])
        )
        out.write(', "images": [')
        for k in range(images):
            entry = {"id": k, "file_name": f"{k:012}.jpg", "width": 640, "height": 480}
            out.write((", " if k else "") + json.dumps(entry))
        out.write('], "annotations": [')
        for k in range(annotations):
            out.write((", " if k else "") + json.dumps(annotation(k, images)))
        out.write("]}")


def annotation(number: int, images: int) -> dict[str, object]:
    """One annotation with an outline such as a person draws."""
    x, y, size = random.uniform(0, 560), random.uniform(0, 400), random.uniform(10, 80)
    count = random.randint(8, 40)
    ring = [
        round(v, 2)
        for _ in range(count)
        for v in (x + random.random() * size, y + random.random() * size)
    ]
    return {
        "id": number + 1,
        "image_id": number % images,
        "category_id": 1 + number % 80,
        "segmentation": [ring],
        "area": round(size * size, 2),
        "bbox": [round(x, 2), round(y, 2), round(size, 2), round(size, 2)],
        "iscrowd": 0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--annotations", type=int, default=20_000)
    parser.add_argument("--to", help="convert to this format, after reading")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "in", "c.json")
        path.parent.mkdir()
        write(path, options.images, options.annotations)
        start = time.process_time()
        found = collect(path)
        took = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        count = sum(len(image.shapes) for image in found.images)
        size = path.stat().st_size / 1e6
        print(f"{size:.0f} MB, {count} instances: read in {took:.2f} s, at most {peak:.0f} MB")
        if options.to is not None:
            del found
            out = Path(name, "out.json" if options.to == "coco" else "out")
            start = time.process_time()
            convert(path, options.to, out)
            took = time.process_time() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"converted to {options.to} in {took:.2f} s, at most {peak:.0f} MB")


if __name__ == "__main__":
    main()
