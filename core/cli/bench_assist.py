"""`masklens bench assist`: how well boxes and clicks outline the instances of a data set."""

from __future__ import annotations

import argparse
import random
from typing import TYPE_CHECKING, Any

from core.cli.console import Console, UsageError
from core.cli.datasets import open_labelled
from core.cli.options import add_json, add_model, load_predictor
from core.sentences import say

if TYPE_CHECKING:
    from core.engine.assist_bench import Assisted
    from core.formats.dataset import DatasetItem


def add_arguments(actions: Any) -> None:
    """The arguments of this part of `masklens bench`."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "assist", help="prompt for every instance of a data set by boxes and by clicks"
    )
    parser.add_argument("dataset", metavar="DATASET", help="a labelled data set, as for `train`")
    add_model(parser)
    parser.add_argument("--images", metavar="DIR", help="where the images are")
    parser.add_argument("--count", type=int, metavar="N", help="only N images, chosen by --seed")
    parser.add_argument(
        "--each", type=int, metavar="N", help="at most N instances an image, chosen by --seed"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the jitter and of what is chosen")
    parser.add_argument("--no-floors", action="store_true", help="leave out ellipse and GrabCut")
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure and print."""
    for name in ("count", "each"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UsageError(
                say("cli.at_least_one", "--{name} {value} leaves nothing.", name=name, value=value)
            )
    dataset = open_labelled(arguments.dataset, arguments.images, console)
    items = [item for item in dataset.items if any(not one.crowd for one in item.instances)]
    if arguments.count is not None and arguments.count < len(items):
        items = random.Random(arguments.seed).sample(items, arguments.count)
    predictor = load_predictor(arguments, console)
    from core.engine.assist_bench import measure

    done: list[str] = []

    def show(item: DatasetItem) -> None:
        done.append(item.file_name)
        console.progress(item.file_name, len(done), len(items))

    outcome = measure(
        predictor,
        items,
        seed=arguments.seed,
        each=arguments.each,
        floors=not arguments.no_floors,
        on_image=show,
    )
    document = {
        "model": predictor.loaded.revision,
        "seed": arguments.seed,
        **outcome.to_json(),
        "failed": console.failures,
    }
    console.result(_as_text(outcome), document)
    return console.code()


def _as_text(outcome: Assisted) -> str:
    lines = [f"{'prompt':<22}{'mask IoU':>9}{'IoU >= 0.8':>12}{'median ms':>11}{'95 % ms':>9}"]
    for name, figures in outcome.ways.items():
        row = figures.to_json()
        cells = [row["iou"], row["share"], row["median_ms"], row["p95_ms"]]
        texts = [
            f"{'' if value is None else f'{value:.{digits}f}':>{width}}"
            for value, digits, width in zip(cells, (3, 3, 1, 1), (9, 12, 11, 9), strict=True)
        ]
        lines.append(f"{name.replace('_', ' '):<22}{''.join(texts)}")
    lines.append(f"{outcome.instances} instances on {outcome.images} images")
    return "\n".join(lines)
