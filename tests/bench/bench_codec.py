"""Processor time of opening and saving label files, beside an older revision of this program.

    python -m tests.bench.bench_codec --against REVISION [--rounds N] [--only TEXT]

REVISION is checked out beside, and both read and write the same files, turn about, each in a
process of its own. *open* is reading the bytes into instances, every field checked, and making
the document; *save, one changed* writes them with one outline moved, as each save after the first;
*save, all new* writes instances that no file held. Figures are milliseconds of processor time: the
least of the rounds, so that a busy machine does not blur them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

SIDE = 4000
CASES = {"2,000 instances x 40 points": (2000, 40), "5,000 polygons x 20 points": (5000, 20)}
Figures = dict[str, float]


def document(count: int, points: int, ours: bool) -> dict[str, object]:
    """A label file of labelme's, or one that masklens wrote."""
    rng = np.random.default_rng(7)
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    shapes = []
    for number in range(count):
        radii = 30 * rng.uniform(0.7, 1.2, points)
        ring = rng.uniform(50, SIDE - 50, 2) + radii[:, None] * np.stack(
            (np.cos(angles), np.sin(angles)), axis=1
        )
        shape: dict[str, object] = {
            "label": f"cell {number % 5}",
            "points": ring.tolist(),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
        }
        if ours:
            shape["masklens"] = {"id": f"{number:016x}", "source": "drawn"}
        shapes.append(shape)
    top = {"version": "5.7.0", "flags": {}, "shapes": shapes, "imagePath": "a.png"}
    return {**top, "imageData": None, "imageHeight": SIDE, "imageWidth": SIDE}


def least(action: Callable[[], object], rounds: int) -> float:
    """The least processor time of some rounds, in milliseconds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        took.append(1000 * (time.process_time() - start))
    return round(min(took), 1)


def measure(path: Path, rounds: int) -> Figures:
    """What opening and saving a file costs with the program that is imported here."""
    from core.document.document import Document
    from core.formats import labelme
    from core.formats.label_file import LabelFile

    file = labelme.read(path)
    first, *rest = file.instances
    moved = tuple(((x + 1.0, y) for x, y in first.polygons[0].outer))
    changed = replace(first, polygons=(replace(first.polygons[0], outer=moved),))
    # Older revisions call the shapes of a file its instances.
    name = "shapes" if "shapes" in LabelFile.__dataclass_fields__ else "instances"
    one_changed = replace(file, **{name: (changed, *rest)})
    all_new = LabelFile(file.image_name, file.width, file.height, file.instances)

    def opened() -> None:
        read = labelme.read(path)
        Document(SIDE, SIDE, getattr(read, name))

    def opened_and_saved() -> None:
        read = labelme.read(path)
        Document(SIDE, SIDE, getattr(read, name))
        labelme.dumps(replace(read, **{name: (changed, *read.instances[1:])}))

    return {
        "open": least(opened, rounds),
        "open, and the first save": least(opened_and_saved, rounds),
        "save, one changed": least(lambda: labelme.dumps(one_changed), rounds),
        "save, all new": least(lambda: labelme.dumps(all_new), rounds),
    }


def run(folder: Path, path: Path, rounds: int) -> Figures:
    """Measure in a process of its own, with the program that lies in a folder."""
    words = [sys.executable, str(Path(__file__).resolve()), "--measure", str(path)]
    done = subprocess.run(
        [*words, "--rounds", str(rounds)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def compare(revision: str, rounds: int, only: str) -> None:
    """Print a table of both revisions."""
    here = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as name:
        old = Path(name, "old")
        git = ["git", "-C", str(here), "worktree"]
        subprocess.run([*git, "add", "--detach", str(old), revision], check=True, timeout=60)
        try:
            for case, (count, points) in CASES.items():
                if only not in case:
                    continue
                for ours in (True, False):
                    path = Path(name, "a.json")
                    path.write_text(json.dumps(document(count, points, ours), indent=2))
                    found: dict[Path, list[Figures]] = {old: [], here: []}
                    for _ in range(3):
                        for folder in found:
                            found[folder].append(run(folder, path, rounds))
                    title = f"{case}, {'ours' if ours else 'of labelme'}"
                    print(
                        f"\n| {title} | {revision[:9]} | now | times as fast |\n|---|---|---|---|"
                    )
                    for key in found[old][0]:
                        before, now = (min(each[key] for each in found[f]) for f in (old, here))
                        print(f"| {key} | {before:.1f} | {now:.1f} | {before / now:.1f} |")
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True, timeout=60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="REVISION")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", metavar="TEXT", default="", help="cases that hold this text")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, options.rounds)))
    elif options.against is None:
        parser.error("--against is missing")
    else:
        compare(options.against, options.rounds, options.only)


if __name__ == "__main__":
    main()
