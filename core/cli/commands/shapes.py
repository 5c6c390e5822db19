"""`masklens shapes`: a data set of circles, squares and triangles, with their labels."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Final

from core.cli.console import CommandError, Console, UsageError
from core.cli.options import OUT_IS_FILE, add_json
from core.sentences import say
from core.storage.atomic import explain

HELP: Final = "Make a data set of circles, squares and triangles that overlap"
_LARGEST_SIDE: Final = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--images", type=int, default=100, metavar="N", help="default 100")
    parser.add_argument("--side", type=int, default=128, metavar="PX", help="default 128")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write images and labelme files; a folder that holds anything is left as it is."""
    from core.cli.shapes_scene import draw, write

    out, count, side = Path(arguments.out), arguments.images, arguments.side
    if count < 1 or not 32 <= side <= _LARGEST_SIDE:
        raise UsageError(
            say("cli.shapes_size", "There must be an image at least, with a side of 32 to 4096.")
        )
    if out.exists() and not out.is_dir():
        raise UsageError(OUT_IS_FILE.given(path=str(out)))
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(
            say("cli.shapes_kept", "{path} holds files already; choose another.", path=str(out))
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error, out)) from error
    shapes = 0
    for number in range(count):
        console.progress("drawing", number + 1, count)
        scene = draw(side, random.Random(f"{arguments.seed} {number}"))
        shapes += len(scene.instances)
        write(out / f"shapes_{number:04d}.png", scene)
    text = f"{count} images with {shapes} shapes: {out}"
    console.result(text, {"out": str(out), "images": count, "instances": shapes})
    return console.code()
