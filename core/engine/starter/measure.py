"""Figures of a model: mask AP on unseen scenes, class-agnostic mask recall on real images."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.engine.scenes import UNSEEN_SEED, make_scene
from core.engine.weights import LoadedModel, load_model

Pixels = NDArray[np.uint8]
Found = list[dict[str, Any]]
MOST = 300


@torch.inference_mode()
def detect(loaded: LoadedModel, pixels: Pixels, min_size: int | None = None) -> Found:
    """Detections of one image: label, score and run-length mask, best first."""
    module = loaded.module
    size = min_size or loaded.config.min_size
    module.transform.min_size = (size,)
    module.transform.max_size = max(loaded.config.max_size, round(size * 1.6))
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    height, width = pixels.shape[:2]
    prepared, _ = module.transform([image])
    features = module.backbone(prepared.tensors)
    proposals, _ = module.rpn(prepared, features)
    found, _ = module.roi_heads(features, proposals, prepared.image_sizes)
    rows, columns = prepared.image_sizes[0]
    scale = np.array([width / columns, height / rows] * 2, dtype=np.float32)
    boxes = found[0]["boxes"].numpy() * scale
    masks = found[0]["masks"].numpy()[:, 0]
    return [
        {"category_id": int(label), "score": float(score), "segmentation": paste(mask, box, pixels)}
        for label, score, mask, box in zip(
            found[0]["labels"], found[0]["scores"], masks, boxes, strict=True
        )
    ]


def paste(mask: NDArray[np.float32], box: NDArray[np.float32], pixels: Pixels) -> dict[str, Any]:
    """The run-length mask of the image's size for a 28 by 28 mask in its box."""
    height, width = pixels.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    full = np.zeros((height, width), dtype=np.uint8, order="F")
    if x1 > x0 and y1 > y0:
        side = mask.shape[0]
        scale = side / max(box[2] - box[0], 1e-3), side / max(box[3] - box[1], 1e-3)
        # The window's corners in the mask's own coordinates; a rim of zeros surrounds the mask.
        window = (
            (x0 - box[0]) * scale[0] + 1, (y0 - box[1]) * scale[1] + 1,
            (x1 - box[0]) * scale[0] + 1, (y1 - box[1]) * scale[1] + 1,
        )  # fmt: skip
        rimmed = Image.fromarray(np.pad(mask, 1))
        piece = rimmed.transform(
            (x1 - x0, y1 - y0), Image.Transform.EXTENT, window, Image.Resampling.BILINEAR
        )
        full[y0:y1, x0:x1] = np.asarray(piece) >= 0.5
    return dict(rle.encode(full))


def measure_recall(
    model: Path, dataset: Path, *, min_size: int | None = None, every: int = 1
) -> dict[str, float]:
    """Class-agnostic mask recall at IoU 0.5 on a COCO file, detections at the model's settings."""
    loaded = load_model(model)
    content = json.loads(dataset.read_text())
    images = content["images"][::every]
    kept = {image["id"] for image in images}
    truth = {
        "images": images,
        "categories": content["categories"],
        "annotations": [one for one in content["annotations"] if one["image_id"] in kept],
    }
    found: Found = []
    for image in images:
        with Image.open(_locate(dataset, image["file_name"])) as picture:
            pixels = np.array(picture.convert("RGB"))
        found += _of_image(detect(loaded, pixels, min_size), image["id"])
    judged = _judge(truth, found, classes=False, thresholds=[0.5])
    return {
        "images": len(images),
        "instances": sum(not one.get("iscrowd", 0) for one in truth["annotations"]),
        "detections": len(found),
        "recall50": float(judged.eval["recall"][0, 0, 0, -1]),
        "AP50": _mean(judged.eval["precision"][0, :, :, 0, -1]),
    }


def measure_unseen(model: Path, count: int, size: int = 256) -> dict[str, float]:
    """Mask AP, AP50 and AP75 on `count` scenes of the unseen series, at their own size."""
    loaded = load_model(model)
    truth: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [
            {"id": number, "name": name}
            for number, name in enumerate(loaded.config.class_names, start=1)
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
        found += _of_image(detect(loaded, scene.pixels), number)
    judged = _judge(truth, found, classes=True, thresholds=None)
    precision = judged.eval["precision"][:, :, :, 0, -1]
    return {
        "scenes": count,
        "instances": len(truth["annotations"]),
        "AP": _mean(precision),
        "AP50": _mean(precision[0]),
        "AP75": _mean(precision[5]),
        "recall50": _mean(judged.eval["recall"][0, :, 0, -1]),
    }


def _of_image(found: Found, image: int) -> Iterable[dict[str, Any]]:
    return ({**one, "image_id": image} for one in found)


def _judge(
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


def _locate(dataset: Path, name: str) -> Path:
    """The image beside the COCO file, in images/, or anywhere below its parent folder."""
    for folder in (dataset.parent, dataset.parent / "images"):
        if (folder / name).is_file():
            return folder / name
    return next(dataset.parent.parent.rglob(Path(name).name))
