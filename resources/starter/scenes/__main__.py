"""`python -m resources.starter.scenes`: write the sample images, or show scenes and masks."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from resources.starter.scenes.generator import TRAINING_SEED, make_scene
from resources.starter.scenes.sample import write_samples


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m resources.starter.scenes", description=__doc__)
    parser.add_argument("--sample", type=Path, metavar="DIR", help="write the sample images")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write a sheet of scenes")
    parser.add_argument("--seed", type=int, default=TRAINING_SEED, help="series of the sheet")
    parser.add_argument("--count", type=int, default=16, help="scenes on the sheet")
    chosen = parser.parse_args(arguments)
    if chosen.sample is None and chosen.sheet is None:
        parser.error("give --sample or --sheet")
    if chosen.sample is not None:
        for path in write_samples(chosen.sample):
            print(path)  # noqa: T201
    if chosen.sheet is not None:
        contact_sheet(chosen.seed, chosen.count).save(chosen.sheet)
    return 0


def contact_sheet(seed: int, count: int, size: int = 256, columns: int = 8) -> Image.Image:
    """Scenes 0.. of a series, each above its masks in random colours."""
    palette = np.random.default_rng(0).integers(60, 256, (256, 3)).astype(np.uint8)
    palette[0] = 0
    rows = -(-count // columns)
    canvas = Image.new("RGB", (min(count, columns) * size, rows * 2 * size))
    for number in range(count):
        scene = make_scene(seed, number, size)
        x, y = number % columns * size, number // columns * 2 * size
        canvas.paste(Image.fromarray(scene.pixels), (x, y))
        canvas.paste(Image.fromarray(palette[scene.index]), (x, y + size))
    return canvas


if __name__ == "__main__":
    raise SystemExit(main())
