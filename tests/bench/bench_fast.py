"""What float32 costs as torchvision has it, folded in torch alone, and with graphs of ONNX Runtime.

    python -m tests.bench.bench_fast [--model photos] [--size 800 1344] [--threads 1] [--rounds 6]

Noise goes through trunk, pyramid, RPN and the proposer (the whole and four tiles), each way after
the other in each round; medians, and how far the numbers are from those of float32.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from core.engine.predict import Predictor
from core.engine.stages.features import run_backbone, run_pyramid, run_rpn
from core.engine.stages.inputs import Batch
from core.engine.weights import load_model
from tests.bench.report import machine, table

LOOKS = 5
Taken = dict[str, tuple[float, float]]
Found = TypeVar("Found")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_fast")
    parser.add_argument("--model", default="photos")
    parser.add_argument("--size", nargs=2, type=int, default=(800, 1344))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    loaded, size = load_model(given.model), tuple(given.size)
    ways = {
        "float32": Predictor(loaded, device="cpu", precision="float32"),
        "torch alone": Predictor(loaded, device="cpu", precision="fast", lasting=False),
        "fast": Predictor(loaded, device="cpu", precision="fast"),
    }
    images = torch.randn((1, 3, *size), generator=torch.Generator().manual_seed(0))
    batch = Batch(images, (size,), (size,))
    look = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    found: dict[str, list[Taken]] = {name: [] for name in ways}
    values: dict[str, list[Tensor]] = {}
    for _ in range(given.rounds + 1):
        for name, predictor in ways.items():
            taken, values[name] = _once(predictor, batch, look)
            found[name].append(taken)
    rows = [[name, *_columns(rounds[1:])] for name, rounds in found.items()]
    parts = list(found["float32"][0])
    print(table(["processor ms (clock)", *parts, "together"], rows))
    for name in ways:
        pairs = zip(values["float32"], values[name], strict=True)
        print(f"{name}: off by {max(float((a - b).abs().max()) for a, b in pairs):.1e} at most")


@torch.inference_mode()
def _once(predictor: Predictor, batch: Batch, look: Tensor) -> tuple[Taken, list[Tensor]]:
    taken: Taken = {}
    model, proposer = predictor.module, predictor.proposer
    maps = _timed(taken, "trunk", lambda: run_backbone(model, batch))
    levels = _timed(taken, "pyramid", lambda: run_pyramid(model, maps))
    rpn = _timed(taken, "RPN", lambda: run_rpn(model, levels))
    values = [*maps.values(), *levels.values(), rpn.logits, rpn.deltas]
    if proposer is not None:
        seen = _timed(taken, "proposer", lambda: [proposer.propose(look) for _ in range(LOOKS)])
        values.append(seen[0].score)
    return taken, values


def _timed(taken: Taken, name: str, work: Callable[[], Found]) -> Found:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    taken[name] = 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)
    return found


def _columns(rounds: list[Mapping[str, tuple[float, float]]]) -> list[str]:
    each = np.median([list(one.values()) for one in rounds], axis=0)
    whole = np.median([np.sum(list(one.values()), axis=0) for one in rounds], axis=0)
    return [f"{cpu:.0f} ({clock:.0f})" for cpu, clock in (*each, whole)]


if __name__ == "__main__":
    main()
