"""`masklens train`: fine-tune a model on labelled images, and measure before and after."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.cli.console import DONE, Console, UsageError
from core.cli.datasets import NO_DATASET, add_crowds, add_mismatch, answer
from core.cli.options import (
    add_architecture,
    add_device,
    add_json,
    add_settings,
    checked_settings,
    download,
    refuse_idle,
)
from core.sentences import say

if TYPE_CHECKING:
    from core.learning.events import Event
    from core.learning.folder import RunFolder
    from core.learning.gather import Gathered
    from core.learning.report import Report
    from core.learning.schedule import ScheduleChoices
    from core.learning.spec import RunSpec

HELP: Final = "Fine-tune a model on labelled images"
_HOLD_OUT: Final = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dataset",
        metavar="DATASET",
        help="a COCO file, or a folder of labelme or VIA files; where images of a folder are "
        "marked done, only those count",
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help="what to start from: starter, a name from `masklens models list`, a model file, or "
        "an architecture such as maskrcnn_mobilenet_v2_fpn for a new network, custom for one with "
        "the trunk that --backbone makes",
    )
    add_architecture(parser)
    add_device(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the run")
    parser.add_argument("--images", metavar="DIR", help="where the images are")
    add_crowds(parser)
    add_mismatch(parser)
    parser.add_argument("--val", metavar="DATASET", help="measure on these images instead")
    parser.add_argument(
        "--hold-out", type=float, metavar="F", help=f"share of images to measure on ({_HOLD_OUT})"
    )
    add_training(parser)
    parser.add_argument(
        "--reuse",
        action="append",
        default=[],
        metavar="LABEL=CLASS",
        help="let a new label start from a class that the model knows; LABEL= starts afresh",
    )
    parser.add_argument(
        "--leave-out-accepted",
        action="store_true",
        help="learn nothing from instances that were accepted without a change",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    add_json(parser)


def add_training(parser: argparse.ArgumentParser) -> None:
    """The options that say how to train."""
    parser.add_argument(
        "--backbone-weights", metavar="FILE", help="classification weights for a new network"
    )
    parser.add_argument("--steps", type=int, metavar="N", help="optimiser steps")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores but one")
    add_settings(parser, "train with, and keep in the model, a setting of the stages")
    parser.add_argument(
        "--schedule",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace a number of the schedule, e.g. learning_rate=2e-4, average=0 or "
        "phases=heads, 5+, 4+, 3+, all or [[0,0.5],[5,0.5]]; docs/learning.md names them",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Prepare or take up the run, carry it to its end, print the figures."""
    from core.learning.folder import RunFolder

    folder = RunFolder(Path(arguments.out).absolute())
    if not arguments.resume or not folder.spec_file.is_file():
        folder = _new_run(arguments, folder, console)
    else:
        _refuse_other_request(arguments, folder.spec())
    console.progress("loading torch")
    report = _finished(folder) or _carry_out(arguments, folder, console)
    if report is None:
        return DONE
    console.result(_as_text(report, folder), _document(report, folder))
    return console.code()


def _new_run(arguments: argparse.Namespace, folder: RunFolder, console: Console) -> RunFolder:
    from core.codec import FieldError
    from core.learning.errors import LearningError
    from core.learning.folder import RUN_EXISTS, create_run
    from core.learning.state import RunState

    if folder.spec_file.is_file():
        if folder.state() is not RunState.FAILED or folder.checkpoint_file.is_file():
            raise UsageError(RUN_EXISTS.given(path=str(folder.path)))
        folder.drop()  # it never took a step
    try:
        spec = _spec(arguments)
    except FieldError as error:
        raise UsageError(error.sentence) from error
    check_model(spec.model, console)
    gathered = _gather(arguments, spec, console)
    for note in gathered.notes:
        console.note(note)
    for problem in gathered.problems:
        console.fail_with(problem)
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return create_run(folder.path, spec, gathered)
    except LearningError as error:
        raise UsageError(error.sentence) from error


def _spec(arguments: argparse.Namespace) -> RunSpec:
    """The request. Raises FieldError, or UsageError for an option of the wrong form."""
    from core.learning.spec import RunSpec

    weights = arguments.backbone_weights
    if weights is not None and not Path(weights).is_file():
        raise UsageError(
            say("cli.no_backbone_weights", "There is no file {path} of a backbone.", path=weights)
        )
    refuse_idle_training(arguments)
    own_file = Path(arguments.model).is_file()
    held = arguments.hold_out
    return RunSpec(
        model=str(Path(arguments.model).absolute()) if own_file else arguments.model,
        dataset=str(Path(arguments.dataset).absolute()),
        arch=arguments.arch,
        backbone=arguments.backbone,
        backbone_weights=None if weights is None else str(Path(weights).absolute()),
        steps=arguments.steps,
        seed=arguments.seed,
        hold_out=(0.0 if arguments.val else _HOLD_OUT) if held is None else held,
        reuse=tuple((name, value) for name, value in map(_pair, arguments.reuse)),
        leave_out_accepted=arguments.leave_out_accepted,
        schedule=schedule_of(arguments),
        settings=checked_settings(arguments.settings),
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
        picture_every=0,
    )


def _refuse_other_request(arguments: argparse.Namespace, stored: RunSpec) -> None:
    """Raise UsageError when a run is resumed with options that it was not begun with."""
    from msgspec.structs import replace

    # How often a window is shown pictures is no option here.
    asked = replace(_spec(arguments), picture_every=stored.picture_every)
    plain = type(asked)(
        model=asked.model, dataset=asked.dataset, picture_every=stored.picture_every
    )
    for name in asked.__struct_fields__:
        now, then, unsaid = (getattr(spec, name) for spec in (asked, stored, plain))
        if now != then and (now != unsaid or name in ("model", "dataset")):
            raise UsageError(
                say(
                    "cli.other_request",
                    "The run in {path} was begun with another {name}; --resume goes on with what "
                    "was asked then. Leave the option out, or begin a run in another folder.",
                    path=arguments.out,
                    name=name.replace("_", " "),
                )
            )


def refuse_idle_training(arguments: argparse.Namespace) -> None:
    """Raise UsageError for an option of training that would do nothing."""
    from core.engine.backbones import CUSTOM

    own_file, new = Path(arguments.model).is_file(), is_new(arguments.model)
    if new:
        reuse = getattr(arguments, "reuse", None)
        refuse_idle("--reuse", reuse, needs="a model that knows classes")
        if arguments.model != CUSTOM:
            refuse_idle("--backbone", arguments.backbone, needs=f"--model {CUSTOM}")
    else:
        needs = "an architecture as --model"
        refuse_idle("--backbone-weights", arguments.backbone_weights, needs=needs)
    if not own_file:
        refuse_idle("--arch", arguments.arch, needs="a file of bare weights as --model")
    if getattr(arguments, "val", None) is not None:
        refuse_idle("--hold-out", arguments.hold_out, needs="leaving out --val")


def is_new(model: str) -> bool:
    """Whether `--model` names an architecture for a new network."""
    from core.engine.backbones import CUSTOM
    from core.engine.zoo import ARCHES

    return model in (*ARCHES, CUSTOM) and not Path(model).is_file()


def schedule_of(arguments: argparse.Namespace) -> ScheduleChoices:
    """What `--schedule` says. Raises UsageError."""
    from core.codec import FieldError
    from core.learning.schedule import SCHEDULE, ScheduleChoices

    given = {name: _value(text) for name, text in map(_pair, arguments.schedule)}
    unknown = given.keys() - set(ScheduleChoices.__struct_fields__)
    if unknown:
        raise UsageError(
            say(
                "cli.schedule_unknown",
                "The schedule has no number {name!r}. It has: {known}.",
                name=min(unknown),
                known=", ".join(ScheduleChoices.__struct_fields__),
            )
        )
    try:
        return SCHEDULE.convert(given)
    except FieldError as error:
        raise UsageError(error.sentence) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(
            say("learning.not_a_pair", "{text!r} is not of the form NAME=VALUE.", text=text)
        )
    return name, value


def _value(text: str) -> Any:
    from core.learning.schedule import STAGES

    if text in STAGES:
        return [[STAGES[text], 1.0]]
    try:
        return json.loads(text)
    except ValueError:
        return text


def check_model(spec: str, console: Console) -> None:
    """Fetch a named model that is not here; refuse a name that means nothing."""
    from core.engine import models

    if Path(spec).is_file() or is_new(spec):
        return
    if any(model.name == spec and not model.present for model in models.list_models()):
        download(spec, console)
    try:
        models.resolve(spec)
    except models.ModelError as error:
        raise UsageError(error.sentence) from error


def _gather(arguments: argparse.Namespace, spec: RunSpec, console: Console) -> Gathered:
    from core.formats.dataset import open_dataset
    from core.learning.gather import gather_dataset, gather_project
    from core.project.project import Project

    path = Path(arguments.dataset)
    for given in filter(None, (arguments.dataset, arguments.val)):
        if not Path(given).exists():
            raise UsageError(NO_DATASET.given(path=given))

    def looked(done: int, total: int) -> None:
        console.progress("looking at the images", done, total)

    leave_out, share = spec.leave_out_accepted, spec.hold_out
    if path.is_dir() and arguments.val is None and arguments.images is None:
        project = Project(path)
        if any(project.summary(image).done for image in project.images()):
            needs = "a data set: in this folder images are marked done"
            refuse_idle("--crowds-as-objects", arguments.crowds_as_objects, needs=needs)
            return gather_project(
                project, share=share, leave_out_accepted=leave_out, on_image=looked
            )
    crowds, fitted = arguments.crowds_as_objects, answer(arguments)
    val = None
    if arguments.val is not None:
        val = open_dataset(arguments.val, crowds_as_objects=crowds, mismatch=fitted)
    return gather_dataset(
        open_dataset(path, arguments.images, crowds_as_objects=crowds, mismatch=fitted),
        share=share,
        measured_on=val,
        leave_out_accepted=leave_out,
        on_image=looked,
    )


def _finished(folder: RunFolder) -> Report | None:
    """The report of a run that has come to its end before."""
    from core.learning.report import read_report
    from core.storage import inside

    if folder.state().final and inside.is_file(folder.report_file):
        return read_report(folder.report_file)
    return None


def _carry_out(arguments: argparse.Namespace, folder: RunFolder, console: Console) -> Report | None:
    from core.engine.train.session import run_training

    folder.forget_command()
    if arguments.backbone is not None and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return run_training(folder, _Narrator(console).hear, allowed=_allowed(arguments))


def _allowed(arguments: argparse.Namespace) -> frozenset[str]:
    """What the command line lets the run reach for, whatever its folder says."""
    given = filter(None, (arguments.model, arguments.backbone_weights))
    files = (str(Path(path).absolute()) for path in given)
    return frozenset(filter(None, (*files, arguments.backbone)))


class _Narrator:
    """Shows events on stderr."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = 0
        self._last = time.monotonic()

    def hear(self, event: Event) -> None:
        from core.learning import events

        match event:
            case events.Noted(sentence):
                self._console.note(sentence)
            case events.Planned():
                self._steps = event.steps
                self._console.note(_plan_text(event))
            case events.Stepped():
                total = sum(event.losses.values())
                text = f"loss {total:.3f}, {event.left:.0f} s left"
                self._console.progress(text, event.step, self._steps)
            case events.Validated():
                self._console.note(
                    f"step {event.step}: "
                    + ", ".join(f"{name} AP {ap:.3f}" for name, ap in event.figures.items())
                    + (" (averaged weights)" if event.averaged else "")
                )
            case _:
                return


def _plan_text(event: Any) -> str:
    time_text = f", about {event.seconds / 60:.1f} minutes" if event.seconds else ""
    return (
        f"{event.steps} steps of {event.batch} images up to {event.side} pixels on "
        f"{event.device} ({event.precision}){time_text}; {event.images} images to learn from, "
        f"{event.held_out} held out"
    )


def _document(report: Report, folder: RunFolder) -> dict[str, object]:
    return {
        "steps": report.steps,
        "seconds": report.seconds,
        "before": _plain(report.before),
        "after": _plain(report.after),
        "model": str(folder.model_file),
    }


def _plain(figures: Any) -> object:
    """Figures as `masklens evaluate` prints them."""
    if figures is None:
        return None
    return {name: value for name, value in figures.items() if not name.startswith("by_")}


def _as_text(report: Report, folder: RunFolder) -> str:
    lines = [f"{report.steps} steps in {report.seconds:.0f} s: {folder.model_file}"]
    for title, figures in (("before", report.before), ("after", report.after)):
        if figures is not None:
            parts: Any = figures
            shown = ", ".join(
                f"{kind} AP {parts[kind]['AP']:.3f} AP50 {parts[kind]['AP50']:.3f}"
                for kind in ("box", "mask", "keypoints")
                if kind in parts and (kind != "mask" or report.judged_by == kind)
            )
            lines.append(f"{title:<7}{shown}")
    return "\n".join(lines)
