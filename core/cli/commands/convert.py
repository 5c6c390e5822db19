"""`masklens convert`: labels from one format into another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from core.cli.console import INTERRUPTED, Console, UsageError
from core.cli.datasets import NO_DATASET, add_mismatch, answer
from core.cli.options import add_json
from core.formats.names import FORMAT_NAMES
from core.sentences import english, say

HELP: Final = "Convert labels from any format into any other"

TO_HELP: Final = f"one of {', '.join(FORMAT_NAMES)}"
WRONG_OUT: Final = ("convert.not_a_folder", "convert.not_a_file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", help="a file or a folder of labels")
    parser.add_argument("--to", required=True, choices=FORMAT_NAMES, metavar="FORMAT", help=TO_HELP)
    parser.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="a folder; for formats with one file for all images, a file",
    )
    parser.add_argument(
        "--split",
        metavar="SHARES",
        help="deal the images out to train, val and test, for example 80,10,10",
    )
    parser.add_argument(
        "--group-by",
        metavar="WHAT",
        help="with --split, keep images together that are in one folder (WHAT is folder), or in "
        "whose names a regular expression finds the same",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a choice of the format, such as layout=masks for png",
    )
    parser.add_argument("--images", metavar="DIR", help="where the images are")
    add_mismatch(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Convert, naming what could not be."""
    from core.formats.convert import FormatError, Stopped, convert
    from core.formats.registry import OptionError, choices
    from core.formats.splits import SplitError, grouping, shares

    source = Path(arguments.source)
    if not source.exists():
        raise UsageError(NO_DATASET.given(path=str(source)))
    if arguments.group_by is not None and arguments.split is None:
        raise UsageError(say("convert.group_alone", "--group-by says nothing without --split."))

    def tell(done: int, total: int) -> None:
        console.progress(f"converting {source}", done, total)

    tell(0, 0)
    try:
        report = convert(
            source,
            arguments.to,
            arguments.out,
            images_dir=arguments.images,
            split=None if arguments.split is None else shares(arguments.split),
            group=None if arguments.group_by is None else grouping(arguments.group_by),
            options=choices(arguments.to, arguments.option),
            mismatch=answer(arguments),
            tell=tell,
        )
    except Stopped as stopped:
        console.note(stopped.sentence)
        return INTERRUPTED
    except (OptionError, SplitError) as error:
        raise UsageError(error.sentence) from error
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
