"""How many detections of float32 come back in a lower precision: class equal, box IoU from 0.9.

    python -m tests.bench.bench_engine_precision FOLDER... [--model starter] [--score 0.3] \
        [--precision fast]

Only detections above the score count. Matching is one to one, strongest first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torchvision.ops import box_iou

from core.engine.predict import Prediction, Predictor
from core.engine.weights import load_model
from core.storage.image_tree import list_images
from core.storage.images import read_image
from tests.bench.report import machine, table


def matched(one: Prediction, two: Prediction, score: float, iou: float = 0.9) -> tuple[int, int]:
    """How many detections of `one` above the score have a partner in `two`, and how many there are.

    A partner needs no score of its own, so that a detection on the threshold is not counted as
    lost.
    """
    strong = one.scores > score
    overlap = box_iou(torch.from_numpy(one.boxes[strong]), torch.from_numpy(two.boxes))
    same = torch.from_numpy(one.labels[strong])[:, None] == torch.from_numpy(two.labels)[None]
    overlap = torch.where(same, overlap, torch.zeros(()))
    found = 0
    for row in range(len(overlap)):
        best = overlap[row].max(dim=0) if overlap.shape[1] else None
        if best is not None and float(best.values) >= iou:
            found += 1
            overlap[:, int(best.indices)] = 0
    return found, len(overlap)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--precision", choices=("bf16", "fast"), default="bf16")
    parser.add_argument("--score", type=float, default=0.3)
    parser.add_argument("--limit", type=int, default=100, help="images of each folder")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    exact = Predictor(load_model(given.model), device="cpu", precision="float32")
    low = Predictor(load_model(given.model), device="cpu", precision=given.precision)
    rows = []
    for folder in given.folders:
        there, back, total, back_total = 0, 0, 0, 0
        paths = list_images(folder)[: given.limit]
        for path in paths:
            pixels = read_image(path).pixels
            one, two = exact.predict(pixels), low.predict(pixels)
            forward, backward = matched(one, two, given.score), matched(two, one, given.score)
            there, total = there + forward[0], total + forward[1]
            back, back_total = back + backward[0], back_total + backward[1]
        rows.append(
            [
                folder.name,
                len(paths),
                f"{there} of {total} ({100 * there / max(total, 1):.2f} %)",
                f"{back} of {back_total} ({100 * back / max(back_total, 1):.2f} %)",
            ]
        )
    other = given.precision
    head = [f"float32 found again in {other}", f"{other} found in float32"]
    print(table(["images", "number", *head], rows))


if __name__ == "__main__":
    main()
