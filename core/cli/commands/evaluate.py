"""`masklens evaluate`: box and mask AP of a model on labelled images."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.cli.console import CommandError, Console
from core.cli.datasets import add_dataset, answer, open_labelled
from core.cli.options import add_json, add_model, add_settings, chosen_settings, load_predictor
from core.sentences import MasklensError, say

if TYPE_CHECKING:
    from core.engine.evaluate import Evaluation, Evaluator
    from core.engine.predict import Predictor
    from core.formats.dataset import Dataset
    from core.lens.settings import StageSettings

HELP = "Measure a model on labelled images: box and mask AP"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset(parser)
    add_model(parser)
    add_settings(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Predict every image, compare with its labels, print the figures."""
    dataset = open_labelled(
        arguments.dataset,
        arguments.images,
        console,
        crowds_as_objects=arguments.crowds_as_objects,
        mismatch=answer(arguments),
    )
    predictor = load_predictor(arguments, console)
    from core.engine.evaluate import MAX_DETECTIONS, Evaluator

    config = predictor.loaded.config
    settings = chosen_settings(arguments, config.settings, detections_per_image=MAX_DETECTIONS)
    evaluator = Evaluator(predictor.loaded.class_names, settings.mask)
    predict_all(dataset, predictor, settings, evaluator, console)
    if not evaluator.instances:
        raise CommandError(
            say(
                "cli.no_instances",
                "{path} holds no instances to compare with.",
                path=arguments.dataset,
            )
        )
    outcome = evaluator.evaluate()
    document = outcome.to_json()
    document |= {"model": predictor.loaded.revision, "failed": console.failures}
    console.result(as_text(outcome), document)
    return console.code()


def predict_all(
    dataset: Dataset,
    predictor: Predictor,
    settings: StageSettings,
    evaluator: Evaluator,
    console: Console,
) -> None:
    """Predict each image and hand it to the evaluator; what fails is reported and left out."""
    from core.engine.files import predict_file

    for number, item in enumerate(dataset.items):
        console.progress(item.file_name, number + 1, len(dataset.items))
        try:
            prediction, notes = predict_file(predictor, item.image_path, settings)
        except MasklensError as error:
            console.fail(item.file_name, error.sentence)
            continue
        for note in notes:
            console.note(note)
        evaluator.add(item.instances, prediction, item.regions)


def as_text(outcome: Evaluation) -> str:
    """The figures as a small table, and what one has to know about them."""
    lines = ["          AP   AP50   AP75     AR"]
    for name, figures in (("box", outcome.box), ("mask", outcome.mask)):
        values = (figures.ap, figures.ap50, figures.ap75, figures.ar)
        lines.append(f"{name:<5}" + "".join(f"{value:7.3f}" for value in values))
    lines.append(f"{outcome.images} images, {outcome.instances} instances, {outcome.crowds} crowds")
    if outcome.unknown_labels:
        labels = ", ".join(outcome.unknown_labels)
        lines.append(f"Unknown to the model, matched to detections of any class: {labels}")
    return "\n".join(lines)
