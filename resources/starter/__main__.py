"""`python -m resources.starter`: train the starter model, or measure a model file."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from resources.starter.measure import measure_recall, measure_unseen
from resources.starter.recipe import CONFIG, Recipe
from resources.starter.training import report, train


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    if chosen.evaluate is not None:
        figures: dict[str, object] = {"model": chosen.evaluate}
        if chosen.unseen:
            figures["unseen"] = measure_unseen(chosen.evaluate, chosen.unseen)
        for dataset in chosen.dataset:
            figures[str(dataset)] = measure_recall(
                chosen.evaluate, dataset, min_size=chosen.min_size, every=chosen.every
            )
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return 0
    recipe = replace(Recipe(), seed=chosen.seed, steps=chosen.steps, minutes=chosen.minutes)
    if chosen.scale != 1:
        smaller = tuple(
            replace(b, scenes=max(b.batch, round(b.scenes * chosen.scale))) for b in recipe.buckets
        )
        recipe = replace(recipe, buckets=smaller)
    train(
        recipe,
        CONFIG,
        chosen.out,
        half=chosen.precision == "bf16",
        processes=chosen.threads,
        on_progress=report,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    recipe = Recipe()
    parser = argparse.ArgumentParser(prog="python -m resources.starter", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("resources/starter.pt"))
    parser.add_argument("--seed", type=int, default=recipe.seed)
    parser.add_argument("--steps", type=int, default=recipe.steps)
    parser.add_argument("--minutes", type=float, default=recipe.minutes, help="stop by then")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the scenes to make")
    parser.add_argument("--precision", choices=("bf16", "float32"), default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--evaluate", metavar="MODEL", help="measure this model instead")
    parser.add_argument("--unseen", type=int, default=0, help="with --evaluate: unseen scenes")
    parser.add_argument("--dataset", type=Path, nargs="*", default=[], help="COCO files")
    parser.add_argument("--min-size", type=int, help="with --evaluate: another input size")
    parser.add_argument("--every", type=int, default=1, help="with --evaluate: every n-th image")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
