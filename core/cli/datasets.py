"""The labelled data set that several commands take, and where its images are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import Console, UsageError
from core.sentences import say

if TYPE_CHECKING:
    from core.formats.dataset import Dataset
    from core.formats.mismatch import Answer

NO_DATASET: Final = say("cli.no_dataset", "There is no dataset {path}.")


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """DATASET and `--images`."""
    parser.add_argument(
        "dataset", metavar="DATASET", help="a file or folder of labels, of any format"
    )
    parser.add_argument("--images", metavar="DIR", help="where the images are")
    add_crowds(parser)
    add_mismatch(parser)


def add_mismatch(parser: argparse.ArgumentParser) -> None:
    """`--mismatch`."""
    parser.add_argument(
        "--mismatch",
        choices=("scale", "turn", "turn-right", "turn-left", "keep", "detach"),
        metavar="ANSWER",
        help="what becomes of labels made for an image of another size: scale them; turn them as "
        "EXIF turns the image; turn-right or turn-left; keep them as they are; detach them. "
        "Applies where it can be right; else they are left out, or the size stays with them",
    )


def answer(arguments: argparse.Namespace) -> Answer | None:
    """What `--mismatch` says."""
    from core.formats.mismatch import Answer

    return None if arguments.mismatch is None else Answer(arguments.mismatch)


def add_crowds(parser: argparse.ArgumentParser) -> None:
    """`--crowds-as-objects`."""
    parser.add_argument(
        "--crowds-as-objects",
        action="store_true",
        help="take instances marked as crowds (iscrowd) for single objects",
    )


def open_labelled(
    path: str,
    images: str | None,
    console: Console,
    *,
    crowds_as_objects: bool = False,
    mismatch: Answer | None = None,
) -> Dataset:
    """Open a data set, telling what was noticed and naming what had to be left out.

    Raises UsageError when there is none, FormatError when its labels cannot be read.
    """
    from core.formats.dataset import open_dataset

    if not Path(path).exists():
        raise UsageError(NO_DATASET.given(path=path))
    dataset = open_dataset(path, images, crowds_as_objects=crowds_as_objects, mismatch=mismatch)
    for note in dataset.notes:
        console.note(note)
    for problem in dataset.problems:
        console.fail_with(problem)
    return dataset
