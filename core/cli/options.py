"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import Console, UsageError
from core.sentences import say

if TYPE_CHECKING:
    from core.engine.predict import Predictor
    from core.engine.weights import LoadedModel
    from core.lens.settings import StageSettings, Value

MEGABYTE: Final = 1_000_000
OUT_IS_FILE: Final = say("cli.out_is_file", "{path} is a file; a folder is needed there.")
WRONG_MODEL_OPTIONS: Final = (
    "models.unknown",
    "models.no_such",
    "engine.arch_needed",
    "engine.arch_unneeded",
    "engine.backbone_unneeded",
)
"""What can go wrong with a model that the command line is to blame for."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document on stdout, all else on stderr"
    )


def add_model(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The options that choose a model and how it runs; `--model` is required without a default."""
    parser.add_argument(
        "--model",
        required=default is None,
        default=default,
        metavar="M",
        help="starter, a name from `masklens models list`, or a model file",
    )
    add_architecture(parser)
    add_proposer(parser)
    add_device(parser)


def add_proposer(parser: argparse.ArgumentParser) -> None:
    """What gives the boxes in place of the model."""
    parser.add_argument(
        "--proposer",
        metavar="P",
        help="let another detector give the boxes and labels, the model the masks: yolox-nano, "
        "the name of one that another package brings, or a state_dict of torchvision's RetinaNet, "
        "SSD, SSDLite, FCOS or Faster R-CNN",
    )
    parser.add_argument(
        "--proposer-arch",
        metavar="A",
        help="which of torchvision's detectors that is, e.g. retinanet_resnet50_fpn; by default "
        "the names in the file tell",
    )
    parser.add_argument(
        "--tiles",
        type=int,
        metavar="N",
        help="let the proposer look at N overlapping tiles beside the whole image, e.g. 4",
    )


def add_architecture(parser: argparse.ArgumentParser) -> None:
    """What a model file may not say itself."""
    parser.add_argument(
        "--arch", metavar="A", help="architecture of a bare state_dict, e.g. maskrcnn_resnet50_fpn"
    )
    parser.add_argument(
        "--backbone",
        metavar="MODULE:FUNCTION",
        help="your own backbone, for a model that has one; also FILE.py:FUNCTION",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where the model runs and how exactly."""
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "fast", "bf16"),
        default="auto",
        help="fast is float32 on a CPU with the last digits differing, in ONNX Runtime where the "
        "extra `fast` is installed; auto measures once (default)",
    )


def add_settings(
    parser: argparse.ArgumentParser, help: str = "replace a setting of the model, e.g. nms=0.4"
) -> None:
    """`--set NAME=VALUE`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help=f"{help}; may be given several times",
    )


def refuse_idle(option: str, given: object, *, needs: str) -> None:
    """Raise UsageError when an option was given that does nothing here."""
    if given not in (None, False, []):
        raise UsageError(
            say(
                "cli.idle_option",
                "{option} does nothing without {needs}; leave it out.",
                option=option,
                needs=needs,
            )
        )


def load_model(arguments: argparse.Namespace, console: Console) -> LoadedModel:
    """Load the model that `--model`, `--arch` and `--backbone` name, fetching it if need be.

    Raises UsageError when they name nothing that one can ask for.
    """
    if getattr(arguments, "proposer", None) is None:
        given = getattr(arguments, "proposer_arch", None)
        refuse_idle("--proposer-arch", given, needs="--proposer")
    console.progress("loading torch")
    from core.engine.light_import import import_torchvision

    import_torchvision()
    from core.engine import models, weights
    from core.engine.config import ConfigError
    from core.engine.proposers import base as proposers
    from core.lens.settings import SettingError

    if arguments.backbone is not None and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    spec, tiles = arguments.model, getattr(arguments, "tiles", None)
    try:
        if any(model.name == spec and not model.present for model in models.list_models()):
            download(spec, console)
        console.progress(f"loading {spec}")
        loaded = weights.load_model(
            spec,
            arch=arguments.arch,
            backbone=arguments.backbone,
            proposer=getattr(arguments, "proposer", None),
            proposer_arch=getattr(arguments, "proposer_arch", None),
        )
        return loaded if tiles is None else _with_tiles(loaded, tiles)
    except (ConfigError, SettingError) as error:
        raise UsageError(error.sentence) from error
    except proposers.ProposerError as error:
        raise UsageError(error.sentence) from error
    except (models.ModelError, weights.ModelFileError) as error:
        if error.sentence.id in WRONG_MODEL_OPTIONS:
            raise UsageError(error.sentence) from error
        raise


def _with_tiles(loaded: LoadedModel, tiles: int) -> LoadedModel:
    """The model whose proposer looks at tiles. Raises UsageError without one, SettingError."""
    from dataclasses import replace

    if loaded.proposer is None:
        refuse_idle("--tiles", True, needs="a proposer")
    settings = loaded.config.settings.with_(proposer_tiles=tiles)
    return replace(loaded, config=replace(loaded.config, settings=settings))


def load_predictor(arguments: argparse.Namespace, console: Console) -> Predictor:
    """The model of `load_model` on the device and in the precision that the options name."""
    loaded = load_model(arguments, console)
    from core.engine.precision import DeviceError
    from core.engine.predict import Predictor

    try:
        predictor = Predictor(loaded, device=arguments.device, precision=arguments.precision)
    except DeviceError as error:
        raise UsageError(error.sentence) from error
    if predictor.note is not None:
        console.note(predictor.note)
    return predictor


def download(
    name: str, console: Console, mirrors: Sequence[str] = (), file: Path | None = None
) -> None:
    """Fetch a named model with a progress line, or take it from a file. Raises MasklensError."""
    from core.engine import models

    def show(done: int, total: int) -> None:
        share = f" of {total / MEGABYTE:.0f}" if total else ""
        console.progress(f"{name}: {done / MEGABYTE:.0f}{share} MB")

    present = models.info(name).present
    path = models.download(name, show, mirrors=mirrors, file=file)
    if not present:
        console.note(say("cli.downloaded", "{name} is now at {path}.", name=name, path=str(path)))


def chosen_settings(
    arguments: argparse.Namespace, loaded: LoadedModel, **changes: Value | None
) -> StageSettings:
    """The model's own settings with `changes` and then `--set` applied.

    Raises UsageError, also for a setting that this model does not look at.
    """
    from core.lens.settings import SettingError

    given = {name: value for name, value in changes.items() if value is not None}
    own = loaded.config.settings
    try:
        settings = own.with_(**given).with_text(arguments.settings)
    except SettingError as error:
        raise UsageError(error.sentence) from error
    asked = {text.partition("=")[0].strip() for text in arguments.settings}
    idle = settings.idle() | loaded.config.idle_settings(proposed=loaded.proposer is not None)
    for name in sorted(asked & idle.keys()):
        refuse_idle(f"--set {name}", True, needs=idle[name])
    return settings


def checked_settings(given: list[str]) -> tuple[str, ...]:
    """What `--set` says. Raises UsageError."""
    from core.lens.settings import SettingError, StageSettings

    try:
        StageSettings().with_text(given)
    except SettingError as error:
        raise UsageError(error.sentence) from error
    return tuple(given)
