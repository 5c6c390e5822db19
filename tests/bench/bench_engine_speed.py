"""Time of a prediction at 800×1216 beside torchvision's own forward, and the cost of a trace.

    python -m tests.bench.bench_engine_speed [--rounds N] [--detections N] [--threads N]

ResNet-50 with random weights whose class scores are stretched until about the wanted number of
detections comes out. torchvision's forward pastes its masks to full size; ours traces polygons.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from core.engine.config import ModelConfig
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel
from core.engine.zoo import build_model
from core.lens.settings import StageSettings
from core.lens.trace import STAGES
from tests.bench.report import interleaved, machine, table

SIZE = (800, 1216)


def stretched(detections: int) -> LoadedModel:
    """A random ResNet-50 Mask R-CNN of 91 classes that finds something, but not too much."""
    settings = StageSettings(detections_per_image=detections)
    config = ModelConfig(class_names=tuple(f"class {i}" for i in range(1, 91)), settings=settings)
    torch.manual_seed(0)
    module = build_model(config).eval()
    with torch.no_grad():
        module.rpn.head.cls_logits.weight.mul_(5)
        module.roi_heads.box_predictor.cls_score.weight.mul_(3)
        # Random masks are specks all over; these are whole, as those of a trained network are.
        module.roi_heads.mask_predictor.mask_fcn_logits.weight.mul_(0.02)
        module.roi_heads.mask_predictor.mask_fcn_logits.bias.add_(3)
    return LoadedModel(module, config, "random", "random@0", {})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--detections", type=int, default=20)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    print(machine())
    loaded = stretched(given.detections)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    image = torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float().div(255)
    exact = Predictor(loaded, device="cpu", precision="float32")
    low = Predictor(loaded, device="cpu", precision="bf16")

    def theirs() -> object:
        with torch.inference_mode():
            return loaded.module([image])

    found = interleaved(
        {
            "torchvision forward, float32": theirs,
            "masklens, float32": lambda: exact.predict(pixels),
            "masklens, float32, traced": lambda: exact.predict(pixels, keep_trace=True),
            "masklens, bf16": lambda: low.predict(pixels),
            "masklens, bf16, traced": lambda: low.predict(pixels, keep_trace=True),
        },
        given.rounds,
    )
    base = found["torchvision forward, float32"]
    rows = [
        [
            name,
            f"{taken.wall:.2f}",
            f"{base.wall / taken.wall:.2f}",
            f"{taken.cpu:.2f}",
            f"{base.cpu / taken.cpu:.2f}",
        ]
        for name, taken in found.items()
    ]
    print(table(["", "wall s", "times as fast", "processor s", "times as fast"], rows))
    times = [_stages(predictor, pixels) for predictor in (exact, low)]
    rows = [[stage, *(f"{each[stage]:.0f}" for each in times)] for stage in STAGES]
    print()
    print(table(["stage", "float32, processor ms", "bf16, processor ms"], rows))


def _stages(predictor: Predictor, pixels: np.ndarray) -> dict[str, float]:
    """Processor milliseconds of each stage of one prediction."""
    began: dict[str, float] = {}
    predictor.predict(pixels, on_stage=lambda name, _: began.setdefault(name, time.process_time()))
    ends = [*list(began.values())[1:], time.process_time()]
    return {
        name: 1000 * (end - start) for (name, start), end in zip(began.items(), ends, strict=True)
    }


if __name__ == "__main__":
    main()
