"""`masklens convert`: labels from one format into another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from core.cli.console import Console, UsageError
from core.cli.datasets import NO_DATASET
from core.cli.options import add_json
from core.sentences import english

HELP: Final = "Convert labels: labelme, COCO and VIA into labelme or COCO"

WRONG_OUT: Final = ("convert.not_a_folder", "convert.not_a_file")


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
    from core.formats.convert import FormatError, convert

    source = Path(arguments.source)
    if not source.exists():
        raise UsageError(NO_DATASET.given(path=str(source)))
    console.progress(f"reading {source}")
    try:
        report = convert(source, arguments.to, arguments.out, images_dir=arguments.images)
    except FormatError as error:
        if error.sentence.id in WRONG_OUT:
            raise UsageError(error.sentence) from error
        raise
    for note in report.notes:
        console.note(note)
    for problem in report.problems:
        console.fail_with(problem)
    document = {
        "to": report.to,
        "out": arguments.out,
        "images": report.images,
        "instances": report.instances,
        "written": [str(path) for path in report.written],
        "notes": [english(note) for note in report.notes],
        "failed": console.failures,
    }
    text = f"{report.images} images, {report.instances} instances: {arguments.out}"
    console.result(text, document)
    return console.code()
