"""Fine-tuning against the plain loop, and with single choices taken away; run by hand.

    python -m tests.bench.study_learning nuclei reference ours --seeds 0 1 2 --out study.jsonl

Prints a line of JSON for each training and, at the end, a table. Seconds are processor time of the
whole training, the reading of images included.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from core.engine.evaluate import MAX_DETECTIONS, Evaluator
from core.engine.predict import Predictor
from core.engine.weights import LoadedModel, load_file, load_model, save_model
from core.formats.dataset import Dataset, open_dataset
from core.learning.folder import create_run
from core.learning.gather import gather_dataset
from core.learning.schedule import ScheduleChoices
from core.learning.spec import RunSpec
from core.storage.images import read_image
from tests.bench import reference_loop
from tests.bench.report import machine, table
from tests.core.engine.train.carrying import carry_out
from tests.data import shared_data

WAYS: dict[str, ScheduleChoices] = {
    "ours": ScheduleChoices(),
    "heads": ScheduleChoices(phases=((0, 1.0),)),
    "no-average": ScheduleChoices(average=0.0),
    "no-augmentation": ScheduleChoices(flip=False, scale=1.0, colour=False),
    "rotate": ScheduleChoices(rotate=True),
    "copy-paste": ScheduleChoices(copy_paste=0.5),
}
SETS = {
    "nuclei": (("nuclei_dsb2018", "instances.json"), ("nuclei_dsb2018", "images"), 20, 20),
    "roofs": (("roofs_via", "train19", "via_region_data.json"), None, 12, 7),
}


def split(name: str) -> tuple[Dataset, Dataset]:
    """The images learned from and the images measured on, the same ones each time."""
    labels, images, learned, measured = SETS[name]
    folder = None if images is None else shared_data(*images)
    dataset = open_dataset(shared_data(*labels), folder)
    items = sorted((i for i in dataset.items if i.instances), key=lambda item: item.file_name)
    random.Random(0).shuffle(items)
    first, second = items[:learned], items[learned : learned + measured]
    return replace(dataset, items=tuple(first)), replace(dataset, items=tuple(second))


def evaluate(loaded: LoadedModel, dataset: Dataset) -> dict[str, float]:
    """Figures as `masklens evaluate` gives them."""
    predictor = Predictor(loaded, device="cpu", precision="float32")
    settings = loaded.config.settings.with_(detections_per_image=MAX_DETECTIONS)
    evaluator = Evaluator(loaded.config.class_names, settings.mask)
    for item in dataset.items:
        pixels = read_image(item.image_path).pixels
        evaluator.add(item.instances, predictor.predict(pixels, settings))
    done = evaluator.evaluate()
    return {
        "mask_AP": done.mask.ap,
        "mask_AP50": done.mask.ap50,
        "mask_AP75": done.mask.ap75,
        "mask_AR": done.mask.ar,
        "box_AP": done.box.ap,
    }


def ours(way: str, model: str, dataset: Dataset, steps: int, seed: int, threads: int):
    """A run of the program itself, nothing held out, so that nothing is chosen by the figures.

    bfloat16 is what the program would choose by a trial of its own; a busy machine may mislead it.
    """
    with tempfile.TemporaryDirectory() as folder:
        spec = RunSpec(
            model=model,
            dataset="study",
            steps=steps,
            seed=seed,
            hold_out=0.0,
            schedule=WAYS[way],
            device="cpu",
            threads=threads,
            picture_every=0,
        )
        run = create_run(Path(folder, "run"), spec, gather_dataset(dataset, share=0.0))
        began = time.process_time()
        assert carry_out(run) is not None
        return load_file(run.model_file), time.process_time() - began


def main() -> None:
    """Train in every way and for every seed asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("set", choices=tuple(SETS))
    parser.add_argument("ways", nargs="+", choices=("base", "reference", *WAYS))
    parser.add_argument("--model", default="starter")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the trained models")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    learned, measured = split(arguments.set)
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in arguments.seeds:
        for way in arguments.ways:
            if way == "base":
                loaded, seconds = load_model(arguments.model), 0.0
            elif way == "reference":
                loaded, seconds = reference_loop.train(
                    load_model(arguments.model), learned, steps=arguments.steps, seed=seed
                )
            else:
                loaded, seconds = ours(
                    way, arguments.model, learned, arguments.steps, seed, arguments.threads
                )
            if arguments.keep is not None:
                name = f"{arguments.set}-{way}-{seed}.pt"
                save_model(arguments.keep / name, loaded.module, loaded.config, {})
            figures = {**evaluate(loaded, measured), "seconds": seconds}
            rows.setdefault(way, []).append(figures)
            line = json.dumps({"set": arguments.set, "way": way, "seed": seed, **figures})
            print(line, flush=True)
            if arguments.out is not None:
                with arguments.out.open("a") as file:
                    file.write(line + "\n")
    names = ("mask_AP", "mask_AP50", "mask_AP75", "box_AP", "seconds")
    print(machine())
    print(
        table(
            ("way", *names),
            [(w, *(spread([r[n] for r in rs]) for n in names)) for w, rs in rows.items()],
        )
    )


def spread(values: list[float]) -> str:
    """The mean, and the lowest and highest where there are several."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
