"""Figures of a model: mask AP on unseen scenes, class-agnostic mask recall on real images."""

from __future__ import annotations

import contextlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.engine.annotations import to_annotations
from core.engine.predict import Predictor
from core.engine.weights import load_model
from core.engine.zoo import build_model
from resources.starter.scenes import UNSEEN_SEED, make_scene

MOST: Final = 300
"""Detections an image that count."""

Pixels = NDArray[np.uint8]
Found = list[dict[str, Any]]


def open_model(model: str | Path, min_size: int | None = None) -> Predictor:
    """A float32 predictor on the CPU, at the model's own input size or at another."""
    loaded = load_model(model)
    if min_size is not None:
        longest = max(loaded.config.max_size, round(min_size * 1.6))
        config = replace(loaded.config, min_size=min_size, max_size=longest)
        module = build_model(config)
        module.load_state_dict(loaded.module.state_dict())
        loaded = replace(loaded, config=config, module=module.eval())
    return Predictor(loaded, device="cpu", precision="float32")


def detect(predictor: Predictor, pixels: Pixels, image: int) -> Found:
    """COCO annotations of what the model finds in one image, best first."""
    return to_annotations(predictor.predict(pixels), image, 1, 0.5)


def kind_of(pixels: Pixels) -> str:
    """A rough kind of image, to tell where a model does well: its colour and its brightness."""
    values = pixels.astype(np.float32)
    coloured = float((values.max(axis=2) - values.min(axis=2)).mean()) > 8
    return ("colour" if coloured else "grey") + (", dark" if values.mean() < 80 else ", bright")


def measure_recall(
    model: str | Path, dataset: Path, *, min_size: int | None = None, every: int = 1
) -> dict[str, Any]:
    """Class-agnostic mask recall at IoU 0.5 on a COCO file, detections at the model's settings."""
    predictor = open_model(model, min_size)
    content = json.loads(dataset.read_text())
    images = content["images"][::every]
    kept = {image["id"] for image in images}
    truth = {
        "images": images,
        "categories": content["categories"],
        "annotations": [one for one in content["annotations"] if one["image_id"] in kept],
    }
    found: Found = []
    kinds: dict[int, str] = {}
    for image in images:
        with Image.open(locate(dataset, image["file_name"])) as picture:
            pixels = np.array(picture.convert("RGB"))
        kinds[image["id"]] = kind_of(pixels)
        found += detect(predictor, pixels, image["id"])
    judged = judge(truth, found, classes=False, thresholds=[0.5])
    return {
        "images": len(images),
        "instances": sum(not one.get("iscrowd", 0) for one in truth["annotations"]),
        "detections": len(found),
        "recall50": float(judged.eval["recall"][0, 0, 0, -1]),
        "AP50": _mean(judged.eval["precision"][0, :, :, 0, -1]),
        "by_kind": _by_kind(judged, kinds),
    }


def _by_kind(judged: Any, kinds: Mapping[int, str]) -> dict[str, dict[str, float]]:
    """Images, instances and recall for each kind of image."""
    images, instances, matched = (defaultdict[str, int](int) for _ in range(3))
    for outcome in judged.evalImgs:
        if outcome is None:
            continue
        kind = kinds[outcome["image_id"]]
        counts = np.asarray(outcome["gtIgnore"]) == 0
        images[kind] += 1
        instances[kind] += int(counts.sum())
        hits = np.asarray(outcome["gtMatches"])[0] > 0
        matched[kind] += int((hits & counts).sum())
    return {
        kind: {
            "images": images[kind],
            "instances": instances[kind],
            "recall50": matched[kind] / max(1, instances[kind]),
        }
        for kind in sorted(images)
    }


def measure_unseen(model: str | Path, count: int, size: int = 256) -> dict[str, float]:
    """Mask AP, AP50 and AP75 on `count` scenes of the unseen series, at their own size."""
    predictor = open_model(model)
    truth: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [
            {"id": number, "name": name}
            for number, name in enumerate(predictor.loaded.config.class_names, start=1)
        ],
    }
    found: Found = []
    for number in range(1, count + 1):
        scene = make_scene(UNSEEN_SEED, number, size)
        truth["images"].append({"id": number, "width": size, "height": size})
        for label, mask in zip(scene.labels, scene.masks(), strict=True):
            coded = rle.encode(np.asfortranarray(mask, dtype=np.uint8))
            truth["annotations"].append(
                {
                    "id": len(truth["annotations"]) + 1,
                    "image_id": number,
                    "category_id": label,
                    "iscrowd": 0,
                    "area": int(mask.sum()),
                    "bbox": rle.toBbox(coded).tolist(),
                    "segmentation": coded,
                }
            )
        found += detect(predictor, scene.pixels, number)
    judged = judge(truth, found, classes=True, thresholds=None)
    precision = judged.eval["precision"][:, :, :, 0, -1]
    return {
        "scenes": count,
        "instances": len(truth["annotations"]),
        "AP": _mean(precision),
        "AP50": _mean(precision[0]),
        "AP75": _mean(precision[5]),
        "recall50": _mean(judged.eval["recall"][0, :, 0, -1]),
    }


def judge(
    truth: Mapping[str, Any], found: Found, *, classes: bool, thresholds: Sequence[float] | None
) -> Any:
    """COCO's own matching with up to 300 detections an image."""
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO()
        reference.dataset = dict(truth)
        reference.createIndex()
        judge = COCOeval(reference, reference.loadRes(found), "segm")
        judge.params.maxDets = [MOST]
        judge.params.areaRng = judge.params.areaRng[:1]
        judge.params.areaRngLbl = judge.params.areaRngLbl[:1]
        judge.params.useCats = int(classes)
        if thresholds is not None:
            judge.params.iouThrs = np.array(thresholds)
        judge.evaluate()
        judge.accumulate()
    return judge


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the figures that exist: pycocotools marks the absent with -1."""
    present = values[values > -1]
    return float(present.mean()) if present.size else 0.0


def locate(dataset: Path, name: str) -> Path:
    """The image beside the COCO file, in images/, or anywhere below its parent folder."""
    for folder in (dataset.parent, dataset.parent / "images"):
        if (folder / name).is_file():
            return folder / name
    return next(dataset.parent.parent.rglob(Path(name).name))
