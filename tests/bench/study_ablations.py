"""What the choices of the stages do to AP, trained anew with each. By hand; hours on two cores.

`python tests/bench/study_ablations.py OUT --dataset DIR --val DIR [--steps N] [--seeds 0,1,2]
[--only NAME ...]` trains a new network for every variant and seed, each in a folder below OUT, and
prints a table of box and mask AP: mean and spread over the seeds. What is there is not done again.
With `--switch MODEL` nothing is trained: a model meets each choice as a switch, on `--val`, and the
table says what that does to its AP.
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
SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    "RoIAlign, aligned": ("roi_aligned=yes",),
    "only the best class": ("roi_classes=best",),
}
"""Of choices that a prediction has and a training does not ask for."""
DEEPER: Final = {"deeper trunk: ResNet-34": "maskrcnn_resnet34_fpn"}
TRUNK: Final = "maskrcnn_resnet18_fpn"


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset")
    parser.add_argument("--val", required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--switch", metavar="MODEL")
    parser.add_argument("--images", type=int, default=20, help="of --val, for --switch")
    given = parser.parse_args()
    if given.switch is not None:
        _switch(given)
        return
    if given.dataset is None:
        parser.error("--dataset is needed to train")
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


def _switch(given: argparse.Namespace) -> None:
    """One trace an image; each choice then runs again only what follows it."""
    from core.engine.evaluate import MAX_DETECTIONS, Evaluator
    from core.engine.lens_rerun import Rerunner
    from core.engine.pipeline import Run
    from core.engine.predict import Predictor
    from core.engine.weights import load_model
    from core.formats.dataset import open_dataset
    from core.storage.images import read_image

    predictor = Predictor(load_model(given.switch), precision="float32")
    own = predictor.loaded.config.settings.with_(detections_per_image=MAX_DETECTIONS)
    choices = {name: own.with_text(texts) for name, texts in {**VARIANTS, **SWITCHES}.items()}
    measured = {
        name: Evaluator(predictor.loaded.class_names, settings.mask)
        for name, settings in choices.items()
    }
    for item in open_dataset(Path(given.val)).items[: given.images]:
        pixels = read_image(item.image_path).pixels
        trace = predictor.predict(pixels, own, keep_trace=True).trace
        assert trace is not None
        again = Rerunner(predictor, trace, pixels)
        for name, settings in choices.items():
            found = again.run(settings)
            run = Run(found.input, found.detections, found.mask_logits, found.polygons, None)
            seen = predictor.as_prediction(run, {})
            measured[name].add(item.instances, seen, item.regions, item.boxes)
    print("| Switched to | mask AP | box AP | mask AP50 |\n|---|---|---|---|")
    for name, evaluator in measured.items():
        figures = evaluator.evaluate()
        mask, box = figures.mask, figures.box
        print(f"| {name} | {mask.ap:.3f} | {box.ap:.3f} | {mask.ap50:.3f} |")


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
