"""`masklens list`: the images of a folder for which a question holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.console import Console
from core.cli.options import add_json

HELP = "List the images of a folder for which all conditions hold, such as label:cell -done"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder, with the folders within")
    parser.add_argument(
        "query",
        nargs=argparse.REMAINDER,
        metavar="CONDITION",
        help="label:NAME, source:, flag:, status:, name:, done, score<0.5, size>1000, count=0; "
        "-CONDITION for what shall not hold",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read one image after the other, and name those that are meant."""
    from core.project.project import Project
    from core.session.query import asked, parse

    query = parse(" ".join(arguments.query))
    project = Project(Path(arguments.folder))
    found = [
        image.relative
        for image in project.images()
        if query.holds(asked(project, image, files=query.reads_files))
    ]
    console.result("\n".join(found), {"query": str(query), "images": found})
    return console.code()
