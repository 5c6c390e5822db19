"""`masklens bench`: how much work a model saves that learns along the way, and prompts."""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli import bench_assist
from core.cli.commands.train import (
    add_training,
    check_model,
    is_new,
    refuse_idle_training,
    schedule_of,
)
from core.cli.console import Console, UsageError
from core.cli.datasets import open_labelled
from core.cli.options import (
    add_json,
    add_model,
    checked_settings,
    load_predictor,
    refuse_idle,
)
from core.sentences import say
from core.storage.atomic import write_atomic

if TYPE_CHECKING:
    from core.formats.dataset import Dataset
    from core.learning.curve import Curve, Labelled

HELP: Final = "Measure how much work a model saves that learns along the way, and prompts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="loop|assist")
    bench_assist.add_arguments(actions)
    loop = actions.add_parser(
        "loop", help="simulate a careful person who labels a data set image by image"
    )
    loop.add_argument("dataset", metavar="DATASET", help="a labelled data set, as for `train`")
    add_model(loop)
    loop.add_argument("--images", type=int, metavar="N", help="label only N images")
    loop.add_argument("--images-dir", metavar="DIR", help="where the images are")
    loop.add_argument("--every", type=int, default=10, metavar="N", help="train every N images")
    loop.add_argument(
        "--order", type=int, metavar="SEED", help="shuffle the images; default: as they stand"
    )
    loop.add_argument(
        "--threshold",
        type=float,
        metavar="S",
        help="lowest score of a suggestion; default: what would have been best on the images "
        "labelled so far",
    )
    loop.add_argument(
        "--assist",
        action="store_true",
        help="the person also has strokes, boxes, clicks and sweeps; each gesture is one action",
    )
    add_training(loop)
    loop.add_argument("--out", metavar="DIR", help="keep the runs and curve.json here")
    add_json(loop)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure prompts; or simulate, write the curve, print the sums."""
    if arguments.action == "assist":
        return bench_assist.run(arguments, console)
    if arguments.every < 1:
        raise UsageError(
            say(
                "learning.every",
                "A training every {every} images makes no sense; give at least 1.",
                every=arguments.every,
            )
        )
    dataset = open_labelled(arguments.dataset, arguments.images_dir, console)
    chosen = _chosen(dataset, arguments.images, arguments.order)
    kept: AbstractContextManager[str] = nullcontext(str(arguments.out or ""))
    with kept if arguments.out else tempfile.TemporaryDirectory() as folder:
        out = Path(folder).absolute()
        out.mkdir(parents=True, exist_ok=True)
        curve = _simulate(arguments, chosen, out, console)
        if arguments.out:
            write_atomic(out / "curve.json", json.dumps(curve.to_json(), indent=1).encode())
    document = {**curve.to_json(), "failed": console.failures}
    console.result(_as_text(curve), document)
    return console.code()


def _chosen(dataset: Dataset, count: int | None, order: int | None) -> Dataset:
    """The images that hold instances, in the order wanted, as many as wanted."""
    items = [item for item in dataset.items if any(not one.crowd for one in item.instances)]
    if order is not None:
        random.Random(order).shuffle(items)
    return replace(dataset, items=tuple(items[:count]))


def _simulate(
    arguments: argparse.Namespace, dataset: Dataset, out: Path, console: Console
) -> Curve:
    from core.engine.train.simulate import Simulation, simulate
    from core.learning.spec import RunSpec

    check_model(arguments.model, console)
    own_file = Path(arguments.model).is_file()
    refuse_idle_training(arguments)
    new = is_new(arguments.model)
    if new:
        for option in ("proposer", "proposer-arch", "tiles"):
            given = getattr(arguments, option.replace("-", "_"))
            refuse_idle(f"--{option}", given, needs="a model that is there already")
    base = None if new else load_predictor(arguments, console)
    weights = arguments.backbone_weights
    spec = RunSpec(
        model=str(Path(arguments.model).absolute()) if own_file else arguments.model,
        dataset=str(Path(arguments.dataset).absolute()),
        arch=arguments.arch,
        backbone=arguments.backbone,
        backbone_weights=None if weights is None else str(Path(weights).absolute()),
        steps=arguments.steps,
        seed=arguments.seed,
        hold_out=0.0,
        schedule=schedule_of(arguments),
        settings=checked_settings(arguments.settings),
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
        picture_every=0,
    )
    what = Simulation(dataset, spec, arguments.every, arguments.threshold, arguments.assist)

    def seen(one: Labelled) -> None:
        console.note(
            f"{one.key}: {one.loop.instances} instances, {one.costs.actions} actions "
            f"(never trained {one.never.actions}, by hand {one.loop.by_hand})"
            + ("" if one.assisted is None else f"; {_saved(one)}")
        )

    return simulate(what, base, out / "runs", seen)


def _saved(one: Labelled) -> str:
    """What each tool saved in an image, and what the outlines reached."""
    helped = one.assisted
    assert helped is not None
    parts = ", ".join(f"{name} {count}" for name, count in helped.saved.items())
    return f"saved: {parts}; {helped.reached} of {helped.instances} outlines reach IoU 0.8"


def _as_text(curve: Curve) -> str:
    from core.learning.curve import means

    lines = ["actions per instance   by hand   never trained   trained on the way"]
    third = curve.images[-max(1, len(curve.images) // 3) :]
    for title, images in (("all images", curve.images), ("last third", third)):
        row = means(images)
        lines.append(f"{title:<22}{row['by_hand']:8.2f}{row['never']:16.2f}{row['loop']:21.2f}")
    row = means(third)
    if "unassisted" in row:
        saved = ", ".join(
            f"{name.removeprefix('saved_')} {value:.2f}"
            for name, value in row.items()
            if name.startswith("saved_")
        )
        lines.append(f"last third without the tools {row['unassisted']:.2f}; saved: {saved}")
        lines.append(f"share of outlines with IoU of 0.8 or more: {row['reached']:.3f}")
    lines.append(f"{len(curve.rounds)} trainings, {curve.seconds:.0f} s in all")
    return "\n".join(lines)
