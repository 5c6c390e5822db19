"""Does every verdict agree with the brute-force oracle, and does every offered setting work?

By hand: `python -m tests.bench.study_oracle [--coco N] [--nuclei N] [--random N]`. Prints one JSON
line a source with the counts; exits 1 when a verdict or a setting was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

from core.engine.lens_rerun import Rerunner
from core.engine.paste import run_length
from core.engine.predict import Predictor
from core.engine.weights import load_model
from core.formats.dataset import open_dataset
from core.lens.reading import read
from core.lens.trace import to_numpy
from core.lens.verdict import judge, life_in
from core.storage.images import read_image
from tests.core.lens.cases import case
from tests.core.lens.oracle import Oracle
from tests.data import ROOT

SHARED = ROOT.parent / "shared" / "data"


@dataclass
class Tally:
    instances: int = 0
    misses: int = 0
    wrong: list[str] = field(default_factory=list)
    cuts: Counter[str] = field(default_factory=Counter)
    offered: Counter[str] = field(default_factory=Counter)
    tried: int = 0
    failed: list[str] = field(default_factory=list)

    def to_json(self, source: str) -> dict[str, object]:
        return {
            "source": source,
            "instances": self.instances,
            "misses": self.misses,
            "disagreements": len(self.wrong),
            "cuts": dict(self.cuts),
            "settings_offered": dict(self.offered),
            "settings_run_in_full": self.tried,
            "settings_that_failed": len(self.failed),
            "details": [*self.wrong, *self.failed][:10],
        }


def study(tally, predictor, pixels, trace, rerunner, instances, *, offers, full):
    """Compare all instances; try the settings of `offers` of them, `full` by a full prediction."""
    values = to_numpy(trace)
    reading, oracle = read(values, run_length), Oracle(values)
    masks = reading.detection_masks()
    misses = 0
    for instance in instances:
        if instance.crowd:
            continue
        tally.instances += 1
        expected = oracle.lost_at(instance)
        verdict = judge(reading, instance, masks)
        if verdict.cut != expected or list(verdict.life.alive) != oracle.alive(instance):
            tally.wrong.append(f"{instance.id}: {verdict.cut}, oracle {expected}")
        if expected is None:
            continue
        tally.misses += 1
        tally.cuts[expected] += 1
        misses += 1
        if misses <= offers:
            try_setting(tally, predictor, pixels, reading, rerunner, instance, misses <= full)


def try_setting(tally, predictor, pixels, reading, rerunner, instance, in_full):
    verdict = judge(reading, instance, rerun=rerunner.reading)
    if verdict.remedy is None:
        return
    tally.offered[str(verdict.cut)] += 1
    if not in_full:
        return
    tally.tried += 1
    setting = verdict.remedy.setting
    changed = reading.settings.with_(**{setting.name: setting.value})
    trace = to_numpy(predictor.predict(pixels, changed, keep_trace=True).trace)
    life = life_in(read(trace, run_length), instance)
    by_oracle = Oracle(trace).lost_at(instance)
    if not life.past(verdict.cut) or life.lost_at != verdict.remedy.then:
        tally.failed.append(f"{instance.id}: {setting} gave {life.lost_at}")
    elif by_oracle != life.lost_at:
        tally.failed.append(f"{instance.id}: {setting} gave {life.lost_at}, oracle {by_oracle}")


def over_dataset(name, path: Path, images: Path, count: int, offers: int, full: int) -> Tally:
    tally = Tally()
    predictor = Predictor(load_model("starter"), device="cpu", precision="float32")
    items = open_dataset(path, images).items
    step = max(len(items) // count, 1)
    for number, item in enumerate(items[::step][:count]):
        pixels = read_image(item.image_path).pixels
        trace = predictor.predict(pixels, keep_trace=True).trace
        rerunner = Rerunner(predictor, trace)
        study(tally, predictor, pixels, trace, rerunner, item.instances, offers=offers, full=full)
        print(name, number, tally.instances, tally.misses, len(tally.wrong), file=sys.stderr)
    return tally


def over_random_models(count: int, offers: int, full: int) -> Tally:
    tally = Tally()
    for seed in range(100, 100 + count):
        one = case.__wrapped__(seed, 60)
        study(
            tally,
            one.predictor,
            one.pixels,
            one.rerunner.trace,
            one.rerunner,
            one.instances,
            offers=offers,
            full=full,
        )
        print("random", seed, tally.instances, tally.misses, len(tally.wrong), file=sys.stderr)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coco", type=int, default=50, help="images")
    parser.add_argument("--nuclei", type=int, default=24, help="images")
    parser.add_argument("--random", type=int, default=30, help="models")
    parser.add_argument("--offers", type=int, default=4, help="misses an image, settings tried")
    parser.add_argument("--full", type=int, default=1, help="of those, by a full prediction")
    given = parser.parse_args()
    torch.set_num_threads(1)
    tallies = {}
    if given.random:
        tallies["random models"] = over_random_models(given.random, given.offers, given.full)
        print(json.dumps(tallies["random models"].to_json("random models")), flush=True)
    for name, path, images, count in (
        (
            "COCO-tiny",
            SHARED / "coco_tiny" / "annotations" / "instances_train2017.json",
            SHARED / "coco_tiny" / "train2017",
            given.coco,
        ),
        (
            "nuclei",
            SHARED / "nuclei_dsb2018" / "instances.json",
            SHARED / "nuclei_dsb2018" / "images",
            given.nuclei,
        ),
    ):
        if count:
            tallies[name] = over_dataset(name, path, images, count, given.offers, given.full)
            print(json.dumps(tallies[name].to_json(f"starter on {name}")), flush=True)
    misses = sum(tally.misses for tally in tallies.values())
    bad = sum(len(tally.wrong) + len(tally.failed) for tally in tallies.values())
    print(json.dumps({"misses": misses, "wrong": bad}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
