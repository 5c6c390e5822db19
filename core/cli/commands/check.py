"""`masklens check`: what is wrong with the labels of a folder, and putting it right."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.console import Console
from core.cli.options import add_json
from core.sentences import MasklensError, english

HELP = "Look for outlines that cross themselves, duplicates, lost label files and the like"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder, with the folders within")
    parser.add_argument(
        "--repair", action="store_true", help="put right what can be, and write the label files"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look at one image after the other; exit code 1 when something stays wrong."""
    from core.project.project import Project
    from core.session import change_labels
    from core.session.health import Problem, examine, lost_label_files, repairs

    project = Project(Path(arguments.folder))
    images = project.images()
    labels = [label.name for label in project.load_settings().labels]
    found: list[Problem] = lost_label_files(project, images)
    repaired = 0
    if arguments.repair:
        project.lock()
    try:
        for image in images:
            problems = examine(project, image, labels)
            if arguments.repair and any(each.repair is not None for each in problems):
                try:
                    repaired += change_labels(project, image, repairs) is not None
                    problems = examine(project, image, labels)
                except MasklensError as error:
                    console.fail(image.relative, error.sentence)
            found += problems
    finally:
        project.unlock()
    lines = [f"{each.file}: {english(each.sentence)}" for each in found]
    document = {
        "problems": [
            {"file": each.file, "kind": each.kind.value, "instance": each.id,
             "repairable": each.repair is not None, "text": english(each.sentence)}
            for each in found
        ],
        "repaired": repaired,
        "failed": console.failures,
    }  # fmt: skip
    console.result("\n".join(lines) or "Nothing is wrong.", document)
    return 1 if found else console.code()
