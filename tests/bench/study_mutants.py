"""Break lines of engine and lens on purpose and see whether a test notices. By hand.

`python tests/bench/study_mutants.py [NAME ...]` changes one place after the other in a copy of the
sources beside the repository's own, runs the test files named with it, and prints what survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ENGINE: Final = "core/engine/stages"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A place that is changed, and the tests that should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _switch(name: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(name, f"{ENGINE}/{file}", old, new, ("tests/core/engine/test_switches.py",))


MUTANTS: Final = (
    Mutant(
        "share of positive RoIs from the RPN's setting",
        "core/engine/zoo.py",
        '"box_positive_fraction": training.roi_positive_fraction',
        '"box_positive_fraction": training.rpn_positive_fraction',
        ("tests/core/engine/test_losses.py",),
    ),
    Mutant(
        "share of an ignored area",
        "core/engine/targets.py",
        "inside >= 0.5 * whole",
        "inside >= 0.6 * whole",
        ("tests/core/engine/test_losses.py",),
    ),
    Mutant(
        "suppressor at the threshold",
        f"{ENGINE}/nms.py",
        "above = overlap > threshold",
        "above = overlap >= threshold",
        ("tests/core/lens/test_limits.py",),
    ),
    Mutant(
        "alive from a half",
        "core/lens/life.py",
        "values >= ALIVE_FROM)",
        "values > ALIVE_FROM)",
        ("tests/core/lens/test_limits.py",),
    ),
    Mutant(
        "a mask alive from a half",
        "core/lens/life.py",
        "any(value >= ALIVE_FROM",
        "any(value > ALIVE_FROM",
        ("tests/core/lens/test_limits.py",),
    ),
    Mutant(
        "rank in the level at ties",
        "core/lens/evidence.py",
        "(part >= reading.logits[anchor])",
        "(part > reading.logits[anchor])",
        ("tests/core/lens/test_limits.py",),
    ),
    Mutant(
        "rank of a detection at ties",
        "core/lens/evidence.py",
        "(reading.score[survived] >= reading.score[row])",
        "(reading.score[survived] > reading.score[row])",
        ("tests/core/lens/test_limits.py",),
    ),
    Mutant(
        "rank of a proposal at ties",
        "core/lens/evidence.py",
        "* (1 - _LAST_DIGITS)",
        "* (1 + _LAST_DIGITS)",
        ("tests/core/lens/test_limits.py",),
    ),
    _switch("level: epsilon", "pooling.py", "_EPSILON: Final = 1e-6", "_EPSILON: Final = 1e-2"),
    _switch("level: rounding", "pooling.py", "else exact.round()", "else exact.ceil()"),
    _switch("level: P4", "pooling.py", "_P4: Final = 4", "_P4: Final = 5"),
    _switch("RoIWarp: rounding", "pooling.py", "* scale).round()], dim=1)", "* scale)], dim=1)"),
    _switch("RoIPool: scale", "pooling.py", "roi_pool(values, rois, size, scale)",
            "roi_pool(values, rois, size, scale * 1.3)"),
    _switch("crop: far corner", "pooling.py", "(far - 1) / last", "far / last"),
    _switch("crop: axes", "pooling.py", "in ((rois[:, 1], rois[:, 3], columns)",
            "in ((rois[:, 2], rois[:, 4], columns)"),
    _switch("aligned", "pooling.py", "aligned=settings.roi_aligned == \"yes\"", "aligned=False"),
    _switch("Soft-NMS: sigma", "nms.py", "SIGMA: Final = 0.5", "SIGMA: Final = 0.4"),
    _switch("Soft-NMS: square", "nms.py", "overlap**2", "overlap"),
    _switch("Soft-NMS: limit", "nms.py", "if mine[best] <= least", "if mine[best] <= 0"),
    _switch("softmax over classes", "masks.py", "logits.softmax(dim=1)", "logits.softmax(dim=2)"),
    _switch("one map: top-down", "features.py", "fpn.inner_blocks[place](fitting[name])",
            "fpn.inner_blocks[place](fitting[name]) + 1"),
    _switch("anchors: stretch", "features.py", "ratio * stretch", "ratio / stretch"),
    _switch("anchors: scale", "features.py", "size * scale", "size / scale"),
    _switch("together: top-k", "proposals.py", "logits.topk(min(limit, len(logits)))",
            "logits.topk(min(limit // 2, len(logits)))"),
    Mutant(
        "softmax loss: background",
        "core/engine/losses.py",
        "(1 - wanted) * likely[:, 0]",
        "(1 - wanted) * likely[:, 1]",
        ("tests/core/engine/test_switches.py",),
    ),
    Mutant(
        "one map: anchors elsewhere learn",
        "core/engine/losses.py",
        "!= only",
        "== only",
        ("tests/core/engine/test_switches.py",),
    ),
    *(
        Mutant(f"matterport: {name}", f"core/engine/{file}", old, new,
               ("tests/core/engine/test_matterport.py",))
        for name, file, old, new in (
            ("pooling of the stem", "matterport.py", "ceil_mode=True", "ceil_mode=False"),
            ("which score is the object's", "matterport.py", "both[:, 1::2] - both[:, 0::2]",
             "both[:, 0::2] - both[:, 1::2]"),
            ("negative RoIs", "targets.py", "int(count / share) - count", "int(count / share)"),
            ("far corner of a mini-mask", "mask_targets.py", "* last + 1", "* last"),
            ("background among classes", "stages/roi.py", "(score >= background[proposal])",
             "(score > -1)"),
            ("mean of the box loss", "losses.py", "max(4 * positive, 1)", "max(positive, 1)"),
            ("never made smaller", "input_size.py", "min(max(1.0, min_size",
             "min(max(0.5, min_size"),
        )
    ),
)  # fmt: skip


def main(names: list[str]) -> None:
    """Print each mutant and whether it was noticed."""
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for mutant in MUTANTS:
            if names and mutant.name not in names:
                continue
            place = copy / mutant.file
            text = place.read_text("utf-8")
            if text.count(mutant.old) != 1:
                print(f"{mutant.name}: the line is not there any more")
                continue
            place.write_text(text.replace(mutant.old, mutant.new), "utf-8")
            noticed = _fails(copy, mutant.tests)
            place.write_text(text, "utf-8")
            print(f"{'noticed ' if noticed else 'SURVIVES'}  {mutant.name}", flush=True)
            survivors += [] if noticed else [mutant.name]
    print(f"{len(survivors)} survive")


def _fails(copy: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False)
    return done.returncode == 1


if __name__ == "__main__":
    main(sys.argv[1:])
