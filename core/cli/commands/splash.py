"""`masklens splash`: keep the colour of what the model finds and turn the rest to grey."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import CommandError, Console, UsageError
from core.cli.inputs import Input, find_images
from core.cli.options import (
    OUT_IS_FILE,
    add_json,
    add_model,
    add_settings,
    chosen_settings,
    load_predictor,
)
from core.sentences import say
from core.storage.atomic import explain, write_atomic

if TYPE_CHECKING:
    from core.engine.predict import Predictor
    from core.lens.settings import StageSettings

HELP: Final = "Keep the colour of what the model finds, and turn the rest to grey"
_SHOWN: Final = 0.5
_ENDING: Final = ".splash.png"
KEPT: Final = say("cli.splash_kept", "{path} is there already and is left as it is.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE|FOLDER", help="images, or folders of a video's frames"
    )
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder for the pictures")
    parser.add_argument(
        "--label", action="append", default=[], metavar="L", help="only this; may be repeated"
    )
    parser.add_argument(
        "--score", type=float, metavar="S", help=f"lowest score that counts (default {_SHOWN})"
    )
    add_settings(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """One picture an image, in their order; one that fails is named and the others are done."""
    out = Path(arguments.out)
    if out.exists() and not out.is_dir():
        raise UsageError(OUT_IS_FILE.given(path=str(out)))
    images = find_images(arguments.images, console)
    predictor = load_predictor(arguments, console)
    score = _SHOWN if arguments.score is None else arguments.score
    settings = chosen_settings(arguments, predictor.loaded, score=score)
    unknown = sorted(set(arguments.label) - set(predictor.loaded.class_names))
    if unknown:
        raise UsageError(
            say(
                "cli.splash_label",
                "The model does not know {label}; it knows {known}.",
                label=", ".join(unknown),
                known=", ".join(predictor.loaded.class_names),
            )
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error, out)) from error
    done: list[dict[str, object]] = []
    console.each(
        images,
        lambda image: image.name,
        lambda image: done.append(_one(image, predictor, settings, arguments.label, out)),
    )
    document = {"model": predictor.loaded.revision, "images": done, "failed": console.failures}
    console.result(f"{len(done)} pictures: {out}", document)
    return console.code()


def _one(
    image: Input, predictor: Predictor, settings: StageSettings, labels: list[str], out: Path
) -> dict[str, object]:
    from core.storage.images import read_image
    from core.storage.splash import splash_png

    target = out / f"{image.path.name}{_ENDING}"
    if target.exists():
        raise CommandError(KEPT.given(path=str(target)))
    pixels = read_image(image.path).pixels
    found = predictor.predict(pixels, settings).instances
    wanted = [one for one in found if not labels or one.label in labels]
    write_atomic(target, splash_png(pixels, (one.polygons for one in wanted)))
    return {"file": image.name, "instances": len(wanted), "out": str(target)}
