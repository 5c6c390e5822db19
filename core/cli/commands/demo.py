"""`masklens demo`: the sample images with a first pre-annotation, in a window or without."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.commands.window import PREANNOTATE, open_window
from core.cli.console import DONE, CommandError, Console
from core.cli.display import has_display
from core.cli.inputs import Input
from core.cli.options import add_json, add_model, load_predictor
from core.sentences import MasklensError, say

if TYPE_CHECKING:
    from core.cli.writers import LabelmeWriter
    from core.engine.predict import Predictor

HELP: Final = "Try it: copy the sample images and let the starter model propose"
DEFAULT_FOLDER: Final = "masklens-demo"
NO_WINDOW_AT_ALL: Final = ("cli.no_qt", "cli.qt_display")
"""Obstacles in spite of which the demo goes on, without a window."""
SHOWN_SCORE: Final = 0.5
"""The overlay shows suggestions from this score on; the label file holds all of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        default=DEFAULT_FOLDER,
        metavar="FOLDER",
        help=f"where to copy the sample images (default: ./{DEFAULT_FOLDER})",
    )
    add_model(parser, default="starter")
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Copy the sample; open the window on it, or predict where there is no display."""
    folder = Path(arguments.folder)
    images = copy_sample(folder)
    if not has_display():
        return predict_here(images, folder, arguments, console)
    console.note(
        say("cli.demo_opens", "Opening the sample images in {folder}.", folder=str(folder))
    )
    try:
        code = open_window([PREANNOTATE, "--", str(folder)])
    except CommandError as obstacle:
        if obstacle.sentence.id not in NO_WINDOW_AT_ALL:
            raise
        console.note(obstacle.sentence)
        return predict_here(images, folder, arguments, console)
    if code == DONE and console.as_json:
        console.result("", {"folder": str(folder), "window": True, "images": []})
    return code


def copy_sample(folder: Path) -> list[Input]:
    """Copy the sample to a folder and return its images; what is already there is left as it is.

    Raises CommandError when the folder cannot be written or the sample is not installed.
    """
    from core.storage.atomic import explain, write_atomic
    from core.storage.images import is_image_name

    sample = sorted(_sample_files(), key=lambda file: file.name)
    if not sample:
        raise CommandError(
            say("cli.no_sample", "The sample images are not installed with masklens.")
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error, folder)) from error
    for file in sample:
        if not (folder / file.name).exists():
            write_atomic(folder / file.name, file.read_bytes())
    images = [folder / file.name for file in sample if is_image_name(file.name)]
    return [Input(str(path), path) for path in images]


def _sample_files() -> Iterator[Traversable]:
    """Images, labels, and who made the photos."""
    folder = files("resources") / "sample"
    if folder.is_dir():
        yield from (file for file in folder.iterdir() if file.is_file())


def predict_here(
    images: list[Input], folder: Path, arguments: argparse.Namespace, console: Console
) -> int:
    """Write suggestions and an overlay beside each image, and say where they are."""
    from core.cli.writers import LabelmeWriter

    console.note(
        say(
            "cli.demo_without_window",
            "There is no display, so the starter model predicts right here.",
        )
    )
    predictor = load_predictor(arguments, console)
    settings = predictor.loaded.config.settings
    writer = LabelmeWriter(folder)
    writer.begin(predictor.loaded, settings, images)
    done = []
    for number, image in enumerate(images):
        console.progress(image.name, number + 1, len(images))
        try:
            writer.check(image)
        except CommandError as kept:
            console.note(kept.sentence)
            continue
        try:
            done.append(_predict_one(image, predictor, writer))
        except MasklensError as error:
            console.fail(image.name, error.sentence)
    lines = [
        f"{one['file']}: {one['instances']} suggestions in {one['labels']}, "
        f"{one['shown']} of them drawn in {one['overlay']}"
        for one in done
    ]
    lines.append(f"Open them with: masklens {folder}")
    document = {"folder": str(folder), "window": False, "images": done}
    console.result("\n".join(lines), {**document, "failed": console.failures})
    return console.code()


def _predict_one(image: Input, predictor: Predictor, writer: LabelmeWriter) -> dict[str, object]:
    from core.cli.overlay import draw_overlay
    from core.storage.atomic import write_atomic
    from core.storage.images import OVERLAY_SUFFIX, read_image

    pixels = read_image(image.path).pixels
    prediction = predictor.predict(pixels)
    labels = writer.write(image, prediction)
    overlay = image.path.with_name(image.path.stem + OVERLAY_SUFFIX)
    shown = [one for one in prediction.instances if (one.score or 0.0) >= SHOWN_SCORE]
    write_atomic(overlay, draw_overlay(pixels, shown))
    return {
        "file": image.name,
        "instances": len(prediction.instances),
        "shown": len(shown),
        "labels": str(labels),
        "overlay": str(overlay),
    }
