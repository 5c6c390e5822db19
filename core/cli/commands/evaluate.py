"""`masklens evaluate`: box and mask AP of a model on labelled images."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from core.cli.console import CommandError, Console
from core.cli.datasets import add_dataset, answer, open_labelled
from core.cli.options import add_json, add_model, add_settings, chosen_settings, load_predictor
from core.sentences import say

if TYPE_CHECKING:
    from core.engine.evaluate import Evaluation, Evaluator, Parts
    from core.engine.predict import Predictor
    from core.formats.dataset import Dataset, DatasetItem
    from core.lens.settings import StageSettings

ANY_LABEL: Final = "unknown labels"
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

    settings = chosen_settings(arguments, predictor.loaded, detections_per_image=MAX_DETECTIONS)
    evaluator = Evaluator(
        predictor.loaded.class_names, settings.mask, predictor.loaded.config.skeleton
    )
    predict_all(dataset, predictor, settings, evaluator, console)
    if not evaluator.instances:
        raise CommandError(
            say(
                "cli.no_instances",
                "{path} holds no instances to compare with.",
                path=arguments.dataset,
            )
        )
    outcome, parts = evaluator.evaluate(), evaluator.breakdown()
    document = {**outcome.to_json(), **parts}
    document |= {"model": predictor.loaded.revision, "failed": console.failures}
    console.result(as_text(outcome, parts), document)
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

    def one(item: DatasetItem) -> None:
        prediction, notes = predict_file(predictor, item.image_path, settings)
        for note in notes:
            console.note(note)
        evaluator.add(item.instances, prediction, item.regions, item.boxes)

    console.each(dataset.items, lambda item: item.file_name, one)


def as_text(outcome: Evaluation, parts: Parts) -> str:
    """The figures as a table, by label and by size too, and what one has to know about them."""
    rows = [("box", outcome.box.to_json()), ("mask", outcome.mask.to_json())]
    if outcome.keypoints is not None:
        rows.append(("keypoints (OKS)", outcome.keypoints.to_json()))
    for part in parts.values():
        rows += [
            (f"{name or ANY_LABEL}, {kind}", figures)
            for name, kinds in part.items()
            for kind, figures in kinds.items()
        ]
    wide = max(len(title) for title, _ in rows)
    lines = [" " * wide + "".join(f"{name:>7}" for name in rows[0][1])]
    lines += [
        f"{title:<{wide}}" + "".join(f"{value:7.3f}" for value in figures.values())
        for title, figures in rows
    ]
    lines.append(f"{outcome.images} images, {outcome.instances} instances, {outcome.crowds} crowds")
    lines.append("small: below 32², large: from 96² square pixels")
    if outcome.unknown_labels:
        labels = ", ".join(outcome.unknown_labels)
        lines.append(f"Unknown to the model, matched to detections of any class: {labels}")
    return "\n".join(lines)
