"""Processor time and memory of reading and converting large COCO files, made here.

    python -m tests.bench.bench_coco [--images 500] [--annotations 20000] [--to labelme] [--photos]

The outlines have the lengths of COCO's: 24 points on average. `--images 118000 --annotations
860000` is the size of train2017. Images are not there, as on a machine that only has the labels,
or with `--photos` are all alike. `--to` also takes `folder`, as the window imports.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from core.formats.collect import collect
from core.formats.convert import convert

_OUTLINES = 5000


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
        drawn = [outline() for _ in range(_OUTLINES)]
        for k in range(annotations):
            ids = f'"id": {k + 1}, "image_id": {k % images}, "category_id": {1 + k % 80}'
            out.write(f"{', ' if k else ''}{{{ids}, {drawn[k % _OUTLINES]}}}")
        out.write("]}")


def outline() -> str:
    """What else an annotation says, with an outline such as a person draws."""
    x, y, size = random.uniform(0, 560), random.uniform(0, 400), random.uniform(10, 80)
    count = random.randint(8, 40)
    ring = [
        round(v, 2)
        for _ in range(count)
        for v in (x + random.random() * size, y + random.random() * size)
    ]
    more = {
        "segmentation": [ring],
        "area": round(size * size, 2),
        "bbox": [round(x, 2), round(y, 2), round(size, 2), round(size, 2)],
        "iscrowd": 0,
    }
    return json.dumps(more)[1:-1]


def write_photos(folder: Path, count: int) -> None:
    """So many images of the size that the file says, all alike."""
    photo = io.BytesIO()
    Image.new("L", (640, 480)).save(photo, "PNG")
    for k in range(count):
        (folder / f"{k:012}.jpg").write_bytes(photo.getvalue())


class Steps:
    """Hears of progress as the command line and the window do, and counts how often."""

    def __init__(self) -> None:
        self.told = 0
        self.longest = 0.0
        self.before = ""
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        self.told += 1
        if now - self._last > self.longest:
            self.longest, self.before = now - self._last, f"{done} of {total}"
        self._last = now


def take(path: Path, to: str, out: Path, tell: Steps) -> None:
    """Convert, or import into the folder of the file as the window does."""
    if to != "folder":
        convert(path, to, out, images_dir=path.parent, tell=tell)
        return
    from app.base.tasks import Context
    from app.editor.importing import import_read, look_at
    from core.project.project import Project

    project = Project(path.parent, ())
    project.lock()
    context = Context(tell)
    preview = look_at(project, path, context)
    report = import_read(project, preview.read, context)
    project.unlock()
    print(f"imported {report.instances} instances on {len(report.written)} images")


def measure(what: str, work: Callable[[Steps], object]) -> object:
    """Do something; print its processor time, wall time, the most memory so far, its progress."""
    tell = Steps()
    start, began = time.process_time(), time.monotonic()
    found = work(tell)
    took, wall = time.process_time() - start, time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what}: {took:.2f} s of the processor, {wall:.0f} s in all, at most {peak:.0f} MB; "
        f"progress {tell.told} times, at most {tell.longest:.1f} s apart, before {tell.before}",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--annotations", type=int, default=20_000)
    parser.add_argument("--to", help="convert to this format instead of only reading")
    parser.add_argument("--photos", action="store_true", help="with images")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "in", "c.json")
        path.parent.mkdir()
        write(path, options.images, options.annotations)
        if options.photos:
            write_photos(path.parent, options.images)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {options.annotations} instances")
        if options.to is None:
            measure("read", lambda tell: collect(path, tell))
            return
        out = Path(name, "out.json" if options.to == "coco" else "out")
        measure(f"to {options.to}", lambda tell: take(path, options.to, out, tell))


if __name__ == "__main__":
    main()
