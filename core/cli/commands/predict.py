"""`masklens predict`: propose instances for images and write them as labelme or COCO."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import Console, UsageError
from core.cli.inputs import Input, find_images
from core.cli.options import add_json, add_model, add_settings, chosen_settings, load_predictor
from core.sentences import say

if TYPE_CHECKING:
    from core.cli.writers import Writer
    from core.engine.files import FilePrediction
    from core.engine.predict import Predictor
    from core.lens.settings import StageSettings

HELP: Final = "Propose instances for images; write them as labelme or COCO"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE|FOLDER", help="what to look at")
    add_model(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="the folder for labelme files, or the COCO file",
    )
    parser.add_argument("--format", choices=("labelme", "coco"), default="labelme")
    parser.add_argument(
        "--like", metavar="FILE", help="with --format coco: take the ids of this COCO file"
    )
    parser.add_argument(
        "--score",
        type=float,
        metavar="S",
        help="score, 0 to 1, that a candidate must exceed to enter the last NMS",
    )
    add_settings(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Predict a few images at a time; one that fails is named and the others are done."""
    from core.cli.writers import CocoWriter, LabelmeWriter
    from core.formats.like import read_like

    out = Path(arguments.out)
    if arguments.like is not None and arguments.format != "coco":
        raise UsageError(say("cli.like_coco", "--like goes with --format coco."))
    like = None if arguments.like is None else read_like(Path(arguments.like))
    writer: Writer = CocoWriter(out, like) if arguments.format == "coco" else LabelmeWriter(out)
    images = find_images(arguments.images, console)
    predictor = load_predictor(arguments, console)
    settings = chosen_settings(arguments, predictor.loaded, score=arguments.score)
    writer.begin(predictor.loaded, settings, images)
    done = predict_all(images, predictor, settings, writer, console)
    writer.finish()
    document = {
        "model": predictor.loaded.revision,
        "format": arguments.format,
        "out": arguments.out,
        "images": [one.to_json() for one in done],
        "failed": console.failures,
    }
    detections = sum(one.detections for one in done)
    console.result(f"{len(done)} images, {detections} detections: {arguments.out}", document)
    return console.code()


@dataclass(frozen=True, slots=True)
class Predicted:
    """What came out for one image."""

    name: str
    width: int
    height: int
    detections: int
    seconds: float
    out: Path

    def to_json(self) -> dict[str, object]:
        """The entry of `--json`."""
        return {
            "file": self.name,
            "width": self.width,
            "height": self.height,
            "detections": self.detections,
            "seconds": round(self.seconds, 3),
            "out": str(self.out),
        }


def predict_all(
    images: Sequence[Input],
    predictor: Predictor,
    settings: StageSettings,
    writer: Writer,
    console: Console,
) -> list[Predicted]:
    """Predict and write all images in their order; what fails is reported and left out."""
    from core.engine.files import predict_files

    done: list[Predicted] = []
    wanted = [image for image in images if _can_be_written(image, writer, console)]
    found = predict_files(predictor, [image.path for image in wanted], settings)
    with contextlib.closing(found):
        for number, (image, coming) in enumerate(zip(wanted, found, strict=True)):
            console.progress(image.name, number + 1, len(wanted))
            with console.attempt(image.name):
                done.append(_write(image, coming.result(), writer, console))
    return done


def _can_be_written(image: Input, writer: Writer, console: Console) -> bool:
    before = len(console.failures)
    with console.attempt(image.name):
        writer.check(image)
    return len(console.failures) == before


def _write(image: Input, found: FilePrediction, writer: Writer, console: Console) -> Predicted:
    writer.check(image)  # an image before it may have taken its file
    prediction = found.prediction
    for note in found.notes:
        console.note(note)
    out = writer.write(image, prediction)
    return Predicted(
        image.name, prediction.width, prediction.height, len(prediction.scores), found.seconds, out
    )
