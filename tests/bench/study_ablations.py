"""What the choices of the stages do to AP, trained anew with each. By hand; hours on two cores.

`python tests/bench/study_ablations.py OUT --dataset DIR --val DIR [--steps N] [--seeds 0,1,2]
[--only NAME ...]` trains a new network for every variant and seed, each in a folder below OUT, and
prints a table of box and mask AP: mean and spread over the seeds. What is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "RoIAlign, sigmoid, FPN": (),
    "RoIPool": ("roi_pool=roipool",),
    "RoIWarp": ("roi_pool=roiwarp",),
    "crop and resize": ("roi_pool=crop",),
    "softmax masks": ("mask_activation=softmax",),
    "without FPN: C4 alone": ("fpn=C4",),
    "levels to the nearest": ("roi_level=round",),
    "one top-k for all levels": ("rpn_levels=together",),
    "Soft-NMS": ("suppression=soft",),
}
DEEPER: Final = {"deeper trunk: ResNet-34": "maskrcnn_resnet34_fpn"}
TRUNK: Final = "maskrcnn_resnet18_fpn"


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    print("| Variant | mask AP | box AP | mask AP50 |\n|---|---|---|---|")
    for name, settings in [*VARIANTS.items(), *((name, ()) for name in DEEPER)]:
        if given.only and name not in given.only:
            continue
        found = [_figures(given, name, settings, seed) for seed in seeds]
        cells = [
            _spread([one[kind][figure] for one in found])
            for kind, figure in (("mask", "AP"), ("box", "AP"), ("mask", "AP50"))
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _figures(
    given: argparse.Namespace, name: str, settings: tuple[str, ...], seed: int
) -> dict[str, dict[str, float]]:
    """The figures of a run that has come to its end; carried out first when it has not."""
    run = given.out / f"{name.replace(' ', '_')}_{seed}"
    kept = run.with_suffix(".json")
    if not kept.is_file():
        command = [sys.executable, "-m", "core.cli", "train", given.dataset, "--val", given.val]
        command += ["--model", DEEPER.get(name, TRUNK), "--out", str(run), "--resume", "--json"]
        command += ["--steps", str(given.steps), "--seed", str(seed), "--threads", "1"]
        command += ["--precision", "float32", "--schedule", f"size={given.size}"]
        command += ["--schedule", f"side={max(given.size // 32 * 32, 32)}"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        given.out.mkdir(parents=True, exist_ok=True)
        kept.write_text(done.stdout)
    after: dict[str, dict[str, float]] = json.loads(kept.read_text())["after"]
    return after


def _spread(values: list[float]) -> str:
    """The mean and the lowest and highest value."""
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
