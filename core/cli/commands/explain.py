"""`masklens explain`: why each labelled instance was found or missed, and each false positive."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.cli.console import Console
from core.cli.datasets import add_dataset, answer, open_labelled
from core.cli.options import add_json, add_model, add_settings, chosen_settings, load_predictor

if TYPE_CHECKING:
    from core.engine.predict import Predictor
    from core.formats.dataset import Dataset, DatasetItem
    from core.lens.funnel import Bar
    from core.lens.life import Life
    from core.lens.report import ImageReport
    from core.lens.settings import StageSettings

HELP = "Say why each labelled instance was found or missed, and what each false positive is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset(parser)
    add_model(parser)
    add_settings(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Trace image by image, judge the labels, and sum up; an image that fails is named."""
    dataset = open_labelled(
        arguments.dataset,
        arguments.images,
        console,
        crowds_as_objects=arguments.crowds_as_objects,
        mismatch=answer(arguments),
    )
    predictor = load_predictor(arguments, console)
    settings = chosen_settings(arguments, predictor.loaded)
    gathered = Gathered()
    explain_all(dataset, predictor, settings, gathered, console)
    document = gathered.document()
    document |= {
        "model": predictor.loaded.revision,
        "settings": settings.to_json(),
        "failed": console.failures,
    }
    console.result(gathered.text(), document)
    return console.code()


@dataclass(slots=True)
class Gathered:
    """What has been found so far, image by image."""

    instances: list[dict[str, object]] = field(default_factory=list)
    false_positives: list[dict[str, object]] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)

    def add(self, image: str, report: ImageReport) -> None:
        from core.lens.report import false_positive_json, instance_json

        self.instances += [instance_json(image, one) for one in report.instances]
        self.false_positives += [false_positive_json(image, one) for one in report.false_positives]
        self.lives += [one.verdict.life for one in report.instances]

    def funnel(self) -> tuple[Bar, ...]:
        """Where recall was lost."""
        from core.lens.funnel import funnel

        return funnel(self.lives)

    def document(self) -> dict[str, object]:
        """The answer of `--json`."""
        return {
            "instances": self.instances,
            "false_positives": self.false_positives,
            "funnel": [{"stage": bar.stage, "alive": bar.alive} for bar in self.funnel()],
        }

    def text(self) -> str:
        """A line for each instance that was missed, the funnel, and false positives by kind."""
        lines = [f"{_place(each)}: {each['sentence']}" for each in self.instances]
        return "\n".join([*lines, "", *funnel_lines(self.funnel()), "", *self._kinds()])

    def _kinds(self) -> list[str]:
        kinds = Counter(str(each["kind"]) for each in self.false_positives)
        total = len(self.false_positives)
        return [f"{total} false positives", *(f"{n:>8}  {kind}" for kind, n in kinds.most_common())]


def explain_all(
    dataset: Dataset,
    predictor: Predictor,
    settings: StageSettings,
    gathered: Gathered,
    console: Console,
) -> None:
    """Explain each image; what fails is reported and left out."""
    from core.engine.lens_explain import trace_file

    def one(item: DatasetItem) -> None:
        def show(done: int, of: int) -> None:
            console.progress(f"{item.file_name}: instance {done + 1} of {of}")

        explained, _, notes = trace_file(
            predictor, item.image_path, item.instances, settings, progress=show
        )
        for note in notes:
            console.note(note)
        gathered.add(item.file_name, explained.report)

    console.each(dataset.items, lambda item: item.file_name, one)


def funnel_lines(bars: Sequence[Bar]) -> list[str]:
    """The funnel as bars of text."""
    most = max(bars[0].alive, 1)
    lines = []
    for index, bar in enumerate(bars):
        lost = bars[index - 1].alive - bar.alive if index else 0
        drawn = "█" * round(30 * bar.alive / most)
        line = f"{bar.stage:<16}{bar.alive:>6}  {drawn:<30}{f'  -{lost}' if lost else ''}"
        lines.append(line.rstrip())
    return lines


def _place(each: Mapping[str, object]) -> str:
    return f"{each['image']} {each['id']} ({each['label']})"
