"""Memory of 100 instances on an image of 4000×6000, stage by stage, above the prepared input.

    python -m tests.bench.bench_engine_memory [--model FILE]

Without a model a random ResNet-18 network stands in, which finds what it finds; the masks are
then replaced by 100 smooth ones over boxes from 40 to 2000 pixels, the worst case for outlines.
"""

from __future__ import annotations

import argparse
import gc

import numpy as np
import torch
from torchvision.models.detection.roi_heads import paste_masks_in_image

from core.engine.config import ModelConfig
from core.engine.paste import encode, paste
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel, load_model
from core.engine.zoo import build_model
from core.lens.outline import outline
from core.lens.settings import StageSettings
from core.lens.trace import STAGES
from tests.bench.report import PeakMemory, machine, table

SIZE = (4000, 6000)
COUNT = 100


def stand_in() -> LoadedModel:
    """A random small network that finds 100 things."""
    settings = StageSettings(score=0.0, detections_per_image=COUNT)
    config = ModelConfig(
        arch="resnet18",
        min_size=400,
        max_size=640,
        fpn_channels=128,
        box_head_width=256,
        mask_channels=128,
        settings=settings,
    )
    torch.manual_seed(0)
    return LoadedModel(build_model(config).eval(), config, "random", "random@0", {})


def instances() -> tuple[np.ndarray, np.ndarray]:
    """Smooth masks 100×28×28 and boxes 100×4 all over the image."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    masks, boxes = [], []
    for _ in range(COUNT):
        edge = 0.7 + 0.15 * np.cos(rng.integers(2, 7) * np.arctan2(y, x) + rng.uniform(0, 6))
        masks.append(1 / (1 + np.exp(9 * (np.hypot(x, y) - edge))))
        width, height = np.exp(rng.uniform(np.log(40), np.log(2000), 2))
        left, top = rng.uniform(0, SIZE[1] - width), rng.uniform(0, SIZE[0] - height)
        boxes.append([left, top, left + width, top + height])
    return np.array(masks, dtype=np.float32), np.array(boxes, dtype=np.float32)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--torchvision", action="store_true", help="also paste as torchvision does")
    given = parser.parse_args()
    print(machine())
    loaded = load_model(given.model) if given.model else stand_in()
    predictor = Predictor(loaded, device="cpu", precision="float32")
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    predictor.predict(pixels[:400, :600])
    gc.collect()
    memory, peaks = PeakMemory(), {}
    current = ""

    def on_stage(name: str, _: int) -> None:
        nonlocal current
        if current == "input":
            peaks["input"] = memory.above()
            memory.reset()
        elif current:
            peaks[current] = memory.above()
        current = name

    memory.reset()
    found = predictor.predict(pixels, on_stage=on_stage)
    peaks[current] = memory.above()
    print(f"\n{len(found.scores)} detections. Peak in MB: input above the pixels, all others above")
    print("the prepared input and since it was there.\n")
    print(table(["stage", "peak MB"], [[n, f"{peaks[n] / 1e6:.0f}"] for n in STAGES]))
    masks, boxes = instances()
    rows = []
    memory.reset()
    polygons = [outline(m, b, SIZE, 0.5) for m, b in zip(masks, boxes, strict=True)]
    rows.append(["100 outlines", f"{memory.above() / 1e6:.0f}"])
    memory.reset()
    encoded = [encode(paste(m, b, SIZE), SIZE) for m, b in zip(masks, boxes, strict=True)]
    rows.append(["100 compressed run-length masks", f"{memory.above() / 1e6:.0f}"])
    assert all(polygons)
    assert len(encoded) == COUNT
    if given.torchvision:
        memory.reset()
        paste_masks_in_image(torch.from_numpy(masks)[:20, None], torch.from_numpy(boxes)[:20], SIZE)
        rows.append(["torchvision's paste, a fifth of them", f"{memory.above() / 1e6:.0f}"])
    print()
    print(table(["100 instances, 40 to 2000 px", "peak MB"], rows))


if __name__ == "__main__":
    main()
