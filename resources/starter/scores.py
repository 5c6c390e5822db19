"""`python -m resources.starter.scores`: write into a model file how often its scores are right.

    python -m resources.starter.scores PHOTOS --nuclei NUCLEI.json [--model resources/starter.pt]

The photos are those that training holds out, the nuclei a COCO file that was never learnt from.
The network alone is measured on both kinds, with the bundled proposer on photos. Nothing but the
records in the file changes; the weights stay as they are, bit for bit.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from core.engine.annotations import to_annotations
from core.engine.models import PHOTOS as PAIR
from core.engine.models import info
from core.engine.predict import Predictor
from core.engine.proposers.registry import load_proposer
from core.engine.weights import load_file, with_proposer
from core.lens.scores import CELLS, PHOTOS, Answered, record_of, start_score
from core.session.covering import covered_by
from core.storage.atomic import write_atomic
from core.storage.images import read_image
from resources.starter.measure import judge, locate
from resources.starter.photos import COMPLETE, PARTIAL, divide, only, read_photos
from resources.starter.recipe import Recipe

NUCLEI_EVERY: Final = 4
"""Every fourth image of nuclei is measured."""


def answers(predictor: Predictor, truth: dict[str, Any], near: Path) -> Iterator[Answered]:
    """Every suggestion that would be shown for the images of a COCO file, and whether it is right.

    Right is an IoU of 0.5 with an instance that no better one has taken, whatever the label.
    """
    found: list[dict[str, Any]] = []
    for number, image in enumerate(truth["images"]):
        sys.stderr.write(f"\r{number + 1} of {len(truth['images'])} ")
        prediction = predictor.predict(read_image(locate(near, image["file_name"])).pixels)
        hidden = covered_by(prediction.instances, ())
        pairs = zip(prediction.instances, prediction.instance_detections, strict=True)
        shown = {detection for instance, detection in pairs if instance.id not in hidden}
        listed = to_annotations(prediction, image["id"], 0, 0.5)
        found += [one for place, one in enumerate(listed) if place in shown]
    judged = judge(truth, found, classes=False, thresholds=[0.5])
    for outcome in filter(None, judged.evalImgs):
        ignored = np.asarray(outcome["dtIgnore"])[0]
        for score, match, out in zip(
            outcome["dtScores"], np.asarray(outcome["dtMatches"])[0], ignored, strict=True
        ):
            if not out:
                yield Answered(float(score), bool(match > 0))


def write_records(path: Path, extra: dict[str, object]) -> None:
    """Put entries into what a model file says beside its weights."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    content["extra"] = {**content["extra"], **extra}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())


def main(arguments: list[str] | None = None) -> int:
    """Measure, write, and say what came out; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m resources.starter.scores")
    parser.add_argument("photos", type=Path, help="folder with index/ and images/")
    parser.add_argument("--nuclei", type=Path, required=True, help="COCO file of nuclei")
    parser.add_argument("--model", type=Path, default=Path("resources/starter.pt"))
    parser.add_argument("--limit", type=int, help="only this many images of each kind")
    given = parser.parse_args(arguments)
    recipe = Recipe()
    _, held_out = divide(
        read_photos(given.photos, (COMPLETE, *PARTIAL)), recipe.held_out, recipe.seed
    )
    photos, photos_at = (
        only(given.photos, held_out[: given.limit]),
        given.photos / "images" / COMPLETE,
    )
    nuclei = _part(json.loads(given.nuclei.read_text()), NUCLEI_EVERY, given.limit)
    loaded = load_file(given.model)
    alone = Predictor(loaded, device="cpu", precision="float32")
    pair = info(PAIR)
    assert pair.proposer is not None
    proposer = load_proposer(pair.proposer)
    both = with_proposer(loaded, proposer, PAIR, **pair.settings)
    together = Predictor(both, device="cpu", precision="float32")
    own = [
        record_of(CELLS, answers(alone, nuclei, given.nuclei.parent / "x")),
        record_of(PHOTOS, answers(alone, photos, photos_at / "x")),
    ]
    with_boxes = [record_of(PHOTOS, answers(together, photos, photos_at / "x"))]
    records: dict[str, object] = {
        "scores": [each.to_json() for each in own],
        "proposer_scores": {pair.proposer: [each.to_json() for each in with_boxes]},
    }
    write_records(given.model, records)
    for name, listed in (("alone", own), (PAIR, with_boxes)):
        for each in listed:
            sys.stdout.write(
                f"{name} on {each.kind}: half are right from {start_score(each):.2f}\n"
            )
    return 0


def _part(content: dict[str, Any], every: int, limit: int | None) -> dict[str, Any]:
    images = content["images"][::every][:limit]
    kept = {image["id"] for image in images}
    ones = [one for one in content["annotations"] if one["image_id"] in kept]
    return {**content, "images": images, "annotations": ones}


if __name__ == "__main__":
    raise SystemExit(main())
