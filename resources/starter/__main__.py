"""`python -m resources.starter`: train the starter model, its click head alone, or measure one."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.engine.config import ModelConfig
from resources.starter.clicks import ClickRecipe, teach
from resources.starter.measure import measure_recall, measure_unseen
from resources.starter.photos import COMPLETE, PARTIAL, divide, only, read_photos
from resources.starter.recipe import CONFIG, Recipe
from resources.starter.training import Inputs, report, train


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    if chosen.evaluate is not None:
        figures: dict[str, object] = {"model": chosen.evaluate}
        if chosen.unseen:
            figures["unseen"] = measure_unseen(chosen.evaluate, chosen.unseen)
        for dataset in chosen.dataset:
            figures[str(dataset)] = measure_recall(
                chosen.evaluate, dataset, min_size=chosen.min_size, every=chosen.every
            )
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return 0
    recipe, config = changed(chosen.change)
    photos = read_photos(chosen.photos, (COMPLETE, *PARTIAL)) if chosen.photos else []
    learned, held_out = divide(photos, recipe.held_out, recipe.seed)
    if chosen.held_out is not None:
        chosen.held_out.write_text(json.dumps(only(chosen.photos, held_out)))
        return 0
    if chosen.clicks is not None:
        clicks = replace(ClickRecipe(), steps=chosen.click_steps)
        teach(
            chosen.clicks,
            chosen.out,
            learned,
            recipe,
            clicks,
            resume=chosen.resume,
            on_step=_say_step,
        )
        return 0
    train(
        recipe,
        config,
        chosen.out,
        Inputs(learned, chosen.weights, chosen.before, chosen.resume),
        half=chosen.precision == "bf16",
        processes=chosen.processes,
        on_progress=report,
    )
    return 0


def _say_step(step: int, loss: float) -> None:
    sys.stdout.write(f"step {step}  clicks {loss:.4f}\n")
    sys.stdout.flush()


def changed(changes: list[str]) -> tuple[Recipe, ModelConfig]:
    """The recipe and the network with some fields changed, each given as NAME=JSON.

    Raises SystemExit for a name that neither has.
    """
    recipe, config = Recipe(), CONFIG
    for change in changes:
        name, _, text = change.partition("=")
        value = json.loads(text)
        field: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value}
        if name in Recipe.__dataclass_fields__:
            recipe = replace(recipe, **field)
        elif name in ModelConfig.__dataclass_fields__:
            config = replace(config, **field)
        else:
            raise SystemExit(f"Neither the recipe nor the network has a field {name}.")
    return recipe, config


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m resources.starter", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("resources/starter.pt"))
    parser.add_argument("--photos", type=Path, help="folder with index/ and images/")
    parser.add_argument("--held-out", type=Path, help="only write the photos not learnt from here")
    parser.add_argument(
        "--clicks", type=Path, metavar="MODEL", help="only teach this model's click-correct head"
    )
    parser.add_argument("--click-steps", type=int, default=ClickRecipe().steps, metavar="N")
    parser.add_argument("--weights", type=Path, help="the trunk's weights as a classifier")
    parser.add_argument("--before", type=Path, help="model file whose heads are taken over")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--change", nargs="*", default=[], metavar="NAME=JSON")
    parser.add_argument("--precision", choices=("bf16", "float32"), default="float32")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--evaluate", metavar="MODEL", help="measure this model instead")
    parser.add_argument("--unseen", type=int, default=0, help="with --evaluate: unseen scenes")
    parser.add_argument("--dataset", type=Path, nargs="*", default=[], help="COCO files")
    parser.add_argument("--min-size", type=int, help="with --evaluate: another input size")
    parser.add_argument("--every", type=int, default=1, help="with --evaluate: every n-th image")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
