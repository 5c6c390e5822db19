"""What a model finds in labelled images whatever it calls it, and how good its masks are.

    python -m tests.bench.bench_photos DATASET [IMAGES] --model starter [--json]

Every class counts as one, crowds are left out. An instance is found when a detection overlaps its
mask by an IoU of 0.5. `true box` is the mean IoU of the mask that the model makes from the box of
the instance, `moved box` the same after that box was moved by a tenth of its sides, each also with
the colours of the image leading the mask; `--set mask_colours=no` (or `yes`) says whether they lead
the masks of what is found. The ellipse
that fills the box says what a mask without any knowledge would reach.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from torchvision.models.detection.transform import resize_boxes

from core.cli.console import Console
from core.cli.datasets import open_labelled
from core.cli.options import add_json, add_model, add_settings, chosen_settings, load_predictor
from core.document.geometry import bounds
from core.document.instance import Instance
from core.document.runs import encode as encode_polygons
from core.engine.annotations import to_annotations
from core.engine.colours import RAISED, colours_of, led_by_colours
from core.engine.evaluate import Evaluator
from core.engine.paste import encode, paste
from core.engine.predict import Prediction, Predictor
from core.engine.stages import features, inputs, masks
from core.lens.settings import StageSettings
from core.lens.trace import ANY_CLASS
from core.storage.images import read_image

FOUND_IOU: Final = 0.5
MOVED_BY: Final = 0.1
ONE_CLASS: Final = "object"
_ELLIPSE_SIDE: Final = 112

Boxes = NDArray[np.float32]


@dataclass(slots=True)
class Totals:
    """What was measured so far."""

    images: int = 0
    seconds: list[float] = field(default_factory=list)
    detections: int = 0
    best_mask: list[float] = field(default_factory=list)
    """The best mask IoU of any detection, for each instance."""
    best_box: list[float] = field(default_factory=list)
    from_boxes: dict[str, list[float]] = field(default_factory=dict)
    """Mask IoU for each instance, by where the mask came from."""

    def document(self, evaluator: Evaluator) -> dict[str, object]:
        """All figures."""
        outcome = evaluator.evaluate()
        return {
            "images": self.images,
            "instances": len(self.best_mask),
            "mask_recall": _share(self.best_mask),
            "box_recall": _share(self.best_box),
            "detections_per_image": self.detections / max(self.images, 1),
            "mask_AP50": outcome.mask.ap50,
            "box_AP50": outcome.box.ap50,
            "mask_AR": outcome.mask.ar,
            "mask_iou": {name: float(np.mean(ious)) for name, ious in self.from_boxes.items()},
            "seconds_per_image": float(np.median(self.seconds)),
        }


def _share(ious: Sequence[float]) -> float:
    return float(np.mean(np.array(ious) >= FOUND_IOU))


def measure(
    predictor: Predictor,
    dataset: Any,
    settings: StageSettings,
    console: Console,
    seed: int = 0,
) -> dict[str, object]:
    """The figures of a model on a data set."""
    totals, random = Totals(), np.random.default_rng(seed)
    classes = len(predictor.loaded.class_names)
    evaluator = Evaluator((ONE_CLASS,) * classes, settings.mask)
    for number, item in enumerate(dataset.items, start=1):
        console.progress(item.file_name, number, len(dataset.items))
        pixels = read_image(item.image_path).pixels
        start = time.perf_counter()
        prediction = predictor.predict(pixels, settings)
        totals.seconds.append(time.perf_counter() - start)
        truths = [replace(one, label=ONE_CLASS) for one in item.instances if one.polygons]
        evaluator.add(truths, prediction, item.regions)
        counted = [one for one in truths if not one.crowd]
        _compare(totals, counted, prediction, settings)
        if counted:
            _masks_of_boxes(totals, predictor, pixels, counted, settings, random)
    return totals.document(evaluator)


def _compare(
    totals: Totals, truths: Sequence[Instance], prediction: Prediction, settings: StageSettings
) -> None:
    totals.images += 1
    totals.detections += len(prediction.boxes)
    if not truths:
        return
    found = to_annotations(prediction, 1, 1, settings.mask)
    wanted = _runs(truths, prediction.width, prediction.height)
    seen = [one["segmentation"] for one in found]
    totals.best_mask += _best(coco_mask.iou(seen, wanted, [0] * len(wanted)), len(wanted))
    boxes = [_corner_and_size(box) for box in _boxes(truths)]
    overlap = coco_mask.iou(
        np.array([one["bbox"] for one in found]), np.array(boxes), [0] * len(wanted)
    )
    totals.best_box += _best(overlap, len(wanted))


def _best(ious: Any, count: int) -> list[float]:
    return np.asarray(ious).max(axis=0).tolist() if len(ious) else [0.0] * count


def _runs(truths: Sequence[Instance], width: int, height: int) -> list[dict[str, object]]:
    return [encode_polygons(one.polygons, width, height).to_json() for one in truths]


def _boxes(truths: Sequence[Instance]) -> Boxes:
    found = [bounds(one.polygons) for one in truths]
    return np.array([(b.x0, b.y0, b.x1, b.y1) for b in found], dtype=np.float32)


def _corner_and_size(box: Boxes) -> list[float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return [x0, y0, x1 - x0, y1 - y0]


def _moved(boxes: Boxes, random: np.random.Generator, width: int, height: int) -> Boxes:
    """Each box moved by a tenth of its width and of its height, the directions drawn at random."""
    sides = boxes[:, 2:] - boxes[:, :2]
    step = sides * MOVED_BY * random.choice((-1.0, 1.0), sides.shape)
    moved = boxes + np.concatenate((step, step), axis=1)
    limits = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(moved, 0, limits).astype(np.float32)


def _masks_of_boxes(
    totals: Totals,
    predictor: Predictor,
    pixels: NDArray[np.uint8],
    truths: Sequence[Instance],
    settings: StageSettings,
    random: np.random.Generator,
) -> None:
    size = pixels.shape[0], pixels.shape[1]
    wanted = _runs(truths, size[1], size[0])
    true = _boxes(truths)
    moved = _moved(true, random, size[1], size[0])
    made, led, places = _mask_probabilities(predictor, pixels, np.concatenate((true, moved)))
    ellipses = np.repeat(_ellipse()[None], len(true), axis=0)
    half = len(true)
    for name, boxes, probabilities in (
        ("true box", true, made[:half]),
        ("moved box", moved, made[half:]),
        ("true box, led by colours", places[:half], led[:half]),
        ("moved box, led by colours", places[half:], led[half:]),
        ("ellipse in true box", true, ellipses),
        ("ellipse in moved box", moved, ellipses),
    ):
        ious = totals.from_boxes.setdefault(name, [])
        for index, box in enumerate(boxes):
            runs = encode(paste(probabilities[index], box, size, settings.mask), size)
            ious.append(float(coco_mask.iou([dict(runs)], [wanted[index]], [0])[0][0]))


@torch.inference_mode()
def _mask_probabilities(
    predictor: Predictor, pixels: NDArray[np.uint8], boxes: Boxes
) -> tuple[NDArray[np.float32], ...]:
    """The mask head's answer for boxes of unknown things, in pixels of the image; the same led by
    colours, and where that lies."""
    model, numerics = predictor.module, predictor.numerics
    image = torch.from_numpy(np.array(pixels)).to(predictor.device).permute(2, 0, 1)
    batch = inputs.prepare(model, [image])
    maps = features.run_backbone(model, batch, numerics)
    levels = features.roi_maps(features.run_pyramid(model, maps, numerics))
    resized = resize_boxes(
        torch.from_numpy(boxes).to(predictor.device), batch.image_sizes[0], batch.sizes[0]
    )
    logits = torch.cat(
        [
            masks.run_mask_head(model, levels, [part], numerics)
            for part in resized.split(masks.MASKS_AT_ONCE)
        ]
    )
    channel = torch.full((len(boxes),), ANY_CLASS, device=logits.device)
    made = masks.answers(logits, channel).sigmoid()
    led, places = led_by_colours(
        colours_of(model, batch.one(0)), resized[:, None], made[:, None], RAISED
    )
    places = resize_boxes(places, batch.sizes[0], batch.image_sizes[0])
    return made.cpu().numpy(), led.cpu().numpy(), places.cpu().numpy()


def _ellipse() -> NDArray[np.float32]:
    """1 inside of the ellipse that touches the sides of a square, 0 outside."""
    place = (np.arange(_ELLIPSE_SIDE) + 0.5) / _ELLIPSE_SIDE * 2 - 1
    inside = place[:, None] ** 2 + place[None, :] ** 2 <= 1
    filled: NDArray[np.float32] = inside.astype(np.float32)
    return filled


def as_text(document: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [
        f"{document['images']} images, {document['instances']} instances",
        f"mask recall {document['mask_recall']:.3f}, box recall {document['box_recall']:.3f}, "
        f"{document['detections_per_image']:.1f} detections an image",
        f"mask AP50 {document['mask_AP50']:.3f}, box AP50 {document['box_AP50']:.3f}, "
        f"mask AR {document['mask_AR']:.3f}",
        *(f"mask IoU from {name}: {iou:.3f}" for name, iou in document["mask_iou"].items()),
        f"{document['seconds_per_image']:.3f} s an image",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", metavar="DATASET", help="as for `masklens evaluate`")
    parser.add_argument("images", nargs="?", metavar="IMAGES", help="where the images are")
    add_model(parser)
    add_settings(parser)
    add_json(parser)
    parser.add_argument("--seed", type=int, default=0, help="draws where boxes are moved to")
    given = parser.parse_args()
    console = Console(sys.stdout, as_json=given.json)
    dataset = open_labelled(given.dataset, given.images, console)
    predictor = load_predictor(given, console)
    settings = chosen_settings(given, predictor.loaded)
    document = measure(predictor, dataset, settings, console, given.seed)
    document["model"] = predictor.loaded.revision
    console.result(as_text(document), document)


if __name__ == "__main__":
    main()
