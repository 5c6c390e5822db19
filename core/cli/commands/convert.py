"""`masklens convert`: labels from one format into another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from core.cli.console import Console, UsageError
from core.cli.options import add_json
from core.sentences import say

HELP: Final = "Convert labels: labelme, COCO and VIA into labelme or COCO"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", metavar="SRC", help="a COCO or VIA file, or a folder of labels")
    parser.add_argument("--to", required=True, choices=("labelme", "coco"))
    parser.add_argument(
        "--out", required=True, metavar="PATH", help="a folder for labelme, a file for COCO"
    )
    parser.add_argument("--images", metavar="DIR", help="where the images are")
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Convert, naming what could not be."""
    from core.formats.convert import convert

    source = Path(arguments.source)
    if not source.exists():
        raise UsageError(say("cli.no_dataset", path=str(source)))
    images = Path(arguments.images) if arguments.images is not None else None
    console.progress(f"reading {source}")
    report = convert(source, arguments.to, Path(arguments.out), images_dir=images)
    raise NotImplementedError(report)
