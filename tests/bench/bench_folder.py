"""Images a minute: one after the other with all threads, against a few at a time.

    python -m tests.bench.bench_folder IMAGE... [--model starter] [--threads 2] [--rounds 3]

Both ways take turns, so that other work slows them alike; the shortest round of each counts, by the
clock and in processor time. Says whether the numbers are the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from core.cli.console import Console
from core.cli.options import add_model, load_predictor
from core.engine.files import predict_file, predict_files
from core.engine.predict import Prediction, Predictor

Way = Callable[[Predictor, Sequence[Path]], list[Prediction]]


def one_by_one(predictor: Predictor, paths: Sequence[Path]) -> list[Prediction]:
    settings = predictor.loaded.config.settings
    return [predict_file(predictor, path, settings)[0] for path in paths]


def side_by_side(predictor: Predictor, paths: Sequence[Path]) -> list[Prediction]:
    settings = predictor.loaded.config.settings
    return [each.result().prediction for each in predict_files(predictor, paths, settings)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("images", nargs="+", type=Path)
    add_model(parser, "starter")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    predictor = load_predictor(given, Console(sys.stdout, as_json=False))
    torch.set_num_threads(given.threads)
    ways: dict[str, Way] = {"one by one": one_by_one, "side by side": side_by_side}
    best = {name: (float("inf"), float("inf")) for name in ways}
    found: dict[str, list[Prediction]] = {}
    one_by_one(predictor, given.images[:1])
    for _ in range(given.rounds):
        for name, way in ways.items():
            wall, processor = time.perf_counter(), time.process_time()
            found[name] = way(predictor, given.images)
            took = time.perf_counter() - wall, time.process_time() - processor
            best[name] = min(best[name], took)
    for name, (wall, processor) in best.items():
        pace = 60 * len(given.images) / wall
        sys.stdout.write(f"{name}: {pace:.1f} images a minute, {processor:.1f} s of processor\n")
    ratio = best["one by one"][0] / best["side by side"][0]
    same = all(
        np.array_equal(a.boxes, b.boxes) and np.array_equal(a.mask_probs, b.mask_probs)
        for a, b in zip(*found.values(), strict=True)
    )
    sys.stdout.write(f"{ratio:.2f} times as many; the same numbers: {same}\n")


if __name__ == "__main__":
    main()
