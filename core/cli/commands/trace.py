"""`masklens trace`: every stage of one prediction as numbers, pictures and one page."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import CommandError, Console, UsageError, unforeseen
from core.cli.datasets import NO_DATASET
from core.cli.options import (
    OUT_IS_FILE,
    add_json,
    add_model,
    add_settings,
    chosen_settings,
    load_predictor,
    refuse_idle,
)
from core.sentences import MasklensError, say
from core.storage.atomic import explain as explain_error
from core.storage.atomic import write_atomic

if TYPE_CHECKING:
    from core.document.instance import Instance
    from core.engine.lens_explain import Explained
    from core.engine.predict import Predictor
    from core.lens.page import Training
    from core.lens.trace import Trace
    from core.lens.training_view import TrainingView
    from core.lens.views.base import Scene

HELP: Final = "Write every stage of one prediction as numbers, pictures and an HTML page"
INDEX: Final = "index.html"
SUMMARY: Final = "trace.json"
"""Also tells that a folder was written by this command and may be written again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="what to look at")
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="a labelme, VIA or COCO file; its instances are judged one by one, and a training "
        "step with them is replayed",
    )
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="with --labels: what the training step draws its anchors and RoIs with (default 0)",
    )
    add_settings(parser)
    add_json(parser)


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Trace the image and write the folder."""
    path, out = Path(arguments.image), Path(arguments.out)
    if not path.is_file():
        raise UsageError(say("cli.no_image", "There is no image file {path}.", path=str(path)))
    if not arguments.labels:
        refuse_idle("--seed", arguments.seed, needs="--labels")
    labels = read_labels(Path(arguments.labels), path, console) if arguments.labels else ()
    make_folder(out)
    predictor = load_predictor(arguments, console)
    settings = chosen_settings(arguments, predictor.loaded)
    console.progress(f"tracing {path.name}")
    from core.engine.lens_explain import trace_file
    from core.lens.trace import to_numpy
    from core.lens.views.base import Scene

    try:
        explained, pixels, notes = trace_file(predictor, path, labels, settings)
    except MasklensError:
        raise
    except Exception as error:
        raise CommandError(unforeseen(path.name, error)) from error
    for note in notes:
        console.note(note)
    config = predictor.loaded.config
    plain = tuple(each for each in labels if not each.crowd)
    trace = to_numpy(explained.trace)
    scene = Scene(trace, pixels, config.image_mean, config.image_std, plain)
    folder = Folder(out, console)
    changed = settings.changed_from(config.settings)
    view = None
    if arguments.labels:
        from core.engine.lens_training import TrainingViewError, replay

        console.progress("replaying a training step")
        try:
            view = replay(predictor, explained.rerunner, labels, arguments.seed or 0)
        except TrainingViewError as error:
            console.note(error.sentence)
    stages = folder.write(scene, explained, path.name, changed, labels, view)
    document = summary(trace, predictor, path, out, stages)
    folder.put(SUMMARY, as_bytes(document))
    lines = [f"{one['name']:<12}{one['count']:>9}{one['ms']:>9.1f} ms" for one in stages]
    console.result("\n".join([*lines, str(out / INDEX)]), {"stages": stages})
    return console.code()


def read_labels(path: Path, image: Path, console: Console) -> tuple[Instance, ...]:
    """The instances that a label file has for an image. Raises UsageError when it has none of it.

    A file about one image is taken at its word; in others the image is found by its name.
    """
    from core.document.instance import Source
    from core.document.regions import comparable
    from core.formats.collect import collect

    if not path.exists():
        raise UsageError(NO_DATASET.given(path=str(path)))
    collection = collect(path)
    for note in (*collection.notes, *collection.problems):
        console.note(note)
    if len(collection.images) == 1:
        chosen = collection.images[0]
    else:
        named = [one for one in collection.images if Path(one.file_name).name == image.name]
        if not named:
            raise UsageError(
                say(
                    "cli.image_not_labelled",
                    "{path} has no labels for an image named {image}.",
                    path=str(path),
                    image=image.name,
                )
            )
        chosen = named[0]
    own = (each for each in chosen.shapes if each.source is not Source.SUGGESTED)
    return comparable(own)


def make_folder(out: Path) -> None:
    """Make the folder. Raises UsageError when it is a file or holds what is not a trace."""
    if out.exists() and not out.is_dir():
        raise UsageError(OUT_IS_FILE.given(path=str(out)))
    try:
        out.mkdir(parents=True, exist_ok=True)
        occupied = any(out.iterdir()) and not (out / SUMMARY).is_file()
    except OSError as error:
        raise CommandError(explain_error(error, out)) from error
    if occupied:
        raise UsageError(
            say(
                "cli.trace_kept",
                "{path} holds files that are no trace of masklens and is left as it is; choose "
                "another --out.",
                path=str(out),
            )
        )


def summary(
    trace: Trace, predictor: Predictor, image: Path, out: Path, stages: Sequence[dict[str, object]]
) -> dict[str, object]:
    """What `trace.json` holds; `--json` prints the stages of it."""
    height, width = trace.input.image_size
    return {
        "image": str(image),
        "width": width,
        "height": height,
        "model": predictor.loaded.revision,
        "class_names": list(trace.class_names),
        "settings": trace.settings.to_json(),
        "out": str(out),
        "page": INDEX,
        "stages": list(stages),
    }


def as_bytes(document: dict[str, object]) -> bytes:
    from core.lens.export import as_json

    return as_json(document)


class Folder:
    """Writes the files of a trace; names begin with the number of the stage."""

    def __init__(self, out: Path, console: Console) -> None:
        self._out = out
        self._console = console

    def put(self, name: str, data: bytes) -> str:
        """Write one file and return its name. Raises StorageError."""
        write_atomic(self._out / name, data)
        return name

    def write(
        self,
        scene: Scene,
        explained: Explained,
        name: str,
        changed: Sequence[str],
        labels: Sequence[Instance],
        view: TrainingView | None,
    ) -> list[dict[str, object]]:
        """Write all stages and the page; returns what `--json` says of each stage.

        Labels are told about, verdicts and all, when there are any.
        """
        from core.lens import views
        from core.lens.page import Labelled, page
        from core.lens.painter import paint
        from core.lens.report import false_positive_json, instance_json
        from core.lens.views import verdicts

        pictures, stages, shown = {}, [], views.of(scene.trace)
        for number, (stage, view_of_it) in enumerate(shown.items(), start=1):
            self._console.progress(f"drawing {stage}", number, len(shown))
            pictures[stage] = paint(scene, view_of_it.tiles(scene))
            stages.append(self._stage(scene.trace, stage, number, png(pictures[stage])))
        labelled = training = None
        if view is not None:
            training = self._training(scene, view, labels)
        if labels or view is not None:
            report = explained.report
            labelled = Labelled(report, paint(scene, verdicts.tiles(scene, report)))
            self.put("labels.png", png(labelled.picture))
            judged: dict[str, object] = {
                "instances": [instance_json(name, one) for one in report.instances],
                "false_positives": [
                    false_positive_json(name, one) for one in report.false_positives
                ],
            }
            self.put("labels.json", as_bytes(judged))
        self._console.progress("writing the page")
        self.put(INDEX, page(scene.trace, name, pictures, labelled, changed, training).encode())
        return stages

    def _training(self, scene: Scene, view: TrainingView, labels: Sequence[Instance]) -> Training:
        from core.lens.export import npy
        from core.lens.page import Training
        from core.lens.painter import paint
        from core.lens.training_export import arrays, document
        from core.lens.views.training import tiles

        picture = paint(scene, tiles(scene, view, {one.id: one for one in labels}))
        self.put("training.png", png(picture))
        self.put("training.json", as_bytes(document(view)))
        for name, array in arrays(view).items():
            self.put(f"training.{name}.npy", npy(array))
        return Training(view, picture)

    def _stage(self, trace: Trace, stage: str, number: int, picture: bytes) -> dict[str, object]:
        from core.lens.export import arrays, document, npy

        prefix = f"{number:02d}_{stage}"
        values = document(trace, stage)
        files = [self.put(f"{prefix}.png", picture), self.put(f"{prefix}.json", as_bytes(values))]
        files += [
            self.put(f"{prefix}.{name}.npy", npy(array))
            for name, array in arrays(trace, stage).items()
        ]
        return {"name": stage, "count": values["count"], "ms": values["ms"], "files": files}


def png(image: object) -> bytes:
    """A Pillow image as the bytes of a PNG file."""
    import io

    from PIL import Image

    assert isinstance(image, Image.Image)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)  # half the time of the default, a tenth larger
    return buffer.getvalue()
