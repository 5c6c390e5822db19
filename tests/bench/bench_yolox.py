"""Our YOLOX-Nano beside the published one in onnxruntime: the same numbers, and how fast.

    python -m tests.bench.bench_yolox yolox_nano_coco.onnx FOLDER [--limit 20] [--write FILE]

Needs onnxruntime. `--write` stores what onnxruntime says of the sample image, for the tests.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch

import resources
from core.engine.proposers.yolox import SIDE, decode, letterbox, load_bundled
from core.storage.image_tree import list_images
from core.storage.images import read_image
from tests.bench.report import interleaved, machine, table

SAMPLE = Path(resources.__file__).parent / "sample" / "things-1.jpg"
ROWS = 24


def square(path: Path) -> torch.Tensor:
    """An image as the network wants it."""
    return letterbox(torch.from_numpy(np.array(read_image(path).pixels)).permute(2, 0, 1))[0]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("onnx", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    published = onnxruntime.InferenceSession(str(given.onnx), options)
    ours = load_bundled().module

    def theirs_of(image: torch.Tensor) -> np.ndarray:
        return published.run(None, {"images": image.contiguous().numpy()})[0]

    if given.write:
        answer = theirs_of(square(SAMPLE))[0]
        strongest = np.argsort(-answer[:, 4] * answer[:, 5:].max(axis=1))[:ROWS]
        spread = np.linspace(0, len(answer) - 1, ROWS).astype(np.int64)
        rows = np.unique(np.concatenate((strongest, spread)))
        np.savez_compressed(given.write, rows=rows, answer=answer[rows])
    print(machine())
    differences = []
    with torch.inference_mode():
        for path in list_images(given.folder)[: given.limit]:
            image = square(path)
            one, two = ours(image).numpy()[0], theirs_of(image)[0]
            boxes = [decode(torch.from_numpy(each), SIDE, SIDE)[0].numpy() for each in (one, two)]
            inside = two[:, 4] > 0.01
            differences.append(
                (
                    np.abs(one - two)[:, 4:].max(),
                    np.abs(one - two)[:, :4].max(),
                    np.abs(boxes[0] - boxes[1])[inside].max() if inside.any() else 0,
                )
            )
        worst = np.max(differences, axis=0)
        head = ["images", "scores", "offsets in cells", "boxes above 0.01 in pixels"]
        print(table(head, [[len(differences), *(f"{value:.1e}" for value in worst)]]))
        taken = interleaved(
            {"ours": lambda: ours(image), "onnxruntime": lambda: theirs_of(image)}, rounds=15
        )
    rows = [[name, f"{t.wall * 1000:.0f}", f"{t.cpu * 1000:.0f}"] for name, t in taken.items()]
    print(table(["one thread", "ms", "processor ms"], rows))


if __name__ == "__main__":
    main()
