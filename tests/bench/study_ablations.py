"""What the choices of the stages do to AP, trained anew with each. By hand; hours on two cores.

`python tests/bench/study_ablations.py OUT --dataset DIR --val DIR [--steps N] [--seeds 0,1,2]
[--only NAME ...]` trains a new network for every variant and seed and writes the figures of each
below OUT: what is there is not done again. After each it writes OUT/table.md: mean and spread over
the seeds. With `--table` nothing is trained. With `--switch MODEL` nothing is trained either: a
model meets each choice as a switch, on `--val`, and the table says what that does to its AP.

The networks are small on purpose: a ResNet-18 with narrow heads learns from scratch with the
losses of the program, AdamW and mirrored images, and only the trained network is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from math import cos, pi
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torchvision.ops import masks_to_boxes

from core.engine.config import ModelConfig, TrainingSettings
from core.engine.evaluate import Evaluator
from core.engine.freezing import start_training
from core.engine.losses import Target, training_pass
from core.engine.predict import Predictor
from core.engine.train.window import masks_of
from core.engine.weights import LoadedModel
from core.engine.zoo import build_model
from core.formats.dataset import open_dataset
from core.lens.settings import StageSettings
from core.storage.images import read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.formats.dataset import DatasetItem

ONE_MAP: Final = "without FPN: C4 alone"
VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "RoIAlign, sigmoid, FPN": (),
    "RoIPool": ("roi_pool=roipool",),
    "RoIWarp": ("roi_pool=roiwarp",),
    "crop and resize": ("roi_pool=crop",),
    "softmax masks": ("mask_activation=softmax",),
    ONE_MAP: ("fpn=C4",),
    "levels to the nearest": ("roi_level=round",),
    "one top-k for all levels": ("rpn_levels=together",),
    "Soft-NMS": ("suppression=soft",),
}
SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    "RoIAlign, aligned": ("roi_aligned=yes",),
    "only the best class": ("roi_classes=best",),
}
"""Of choices that a prediction has and a training does not ask for."""
TRUNK: Final = "resnet18"
DEEPER: Final = {"deeper trunk: ResNet-34": "resnet34"}
BATCH: Final = 4
RATE: Final = 1e-3


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset")
    parser.add_argument("--val", required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--table", action="store_true", help="write the table of what is done")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--switch", metavar="MODEL")
    parser.add_argument("--images", type=int, default=20, help="of --val, for --switch")
    given = parser.parse_args()
    if given.switch is not None:
        _switch(given)
        return
    chosen = [name for name in (*VARIANTS, *DEEPER) if not given.only or name in given.only]
    if not given.table:
        if given.dataset is None:
            parser.error("--dataset is needed to train")
        given.out.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)
        # Seed by seed, so that an early end still leaves every variant with as many.
        for seed in given.seeds.split(","):
            for name in chosen:
                kept = _kept(given.out, name, seed)
                if not kept.is_file():
                    kept.write_text(json.dumps(_trained(given, name, int(seed))))
                    (given.out / "table.md").write_text(_table(given.out))
    (given.out / "table.md").write_text(_table(given.out))
    print(_table(given.out))


def _kept(out: Path, name: str, seed: str) -> Path:
    return out / f"{name.replace(' ', '_')}_{seed}.json"


def _table(out: Path) -> str:
    lines = ["| Variant | seeds | mask AP | box AP | mask AP50 |", "|---|---|---|---|---|"]
    for name in (*VARIANTS, *DEEPER):
        files = sorted(out.glob(f"{name.replace(' ', '_')}_*.json"))
        found = [json.loads(file.read_text()) for file in files]
        cells = [
            _spread([one[kind][figure] for one in found])
            for kind, figure in (("mask", "AP"), ("box", "AP"), ("mask", "AP50"))
            if found
        ]
        if found:
            lines.append(f"| {name} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _switch(given: argparse.Namespace) -> None:
    """One trace an image; each choice then runs again only what follows it."""
    from core.engine.evaluate import MAX_DETECTIONS
    from core.engine.lens_rerun import Rerunner
    from core.engine.pipeline import Run
    from core.engine.weights import load_model

    predictor = Predictor(load_model(given.switch), precision="float32")
    own = predictor.loaded.config.settings.with_(detections_per_image=MAX_DETECTIONS)
    choices = {name: own.with_text(texts) for name, texts in {**VARIANTS, **SWITCHES}.items()}
    measured = {
        name: Evaluator(predictor.loaded.class_names, settings.mask)
        for name, settings in choices.items()
    }
    for item in open_dataset(Path(given.val)).items[: given.images]:
        pixels = read_image(item.image_path).pixels
        trace = predictor.predict(pixels, own, keep_trace=True).trace
        assert trace is not None
        again = Rerunner(predictor, trace, pixels)
        for name, settings in choices.items():
            found = again.run(settings)
            run = Run(found.input, found.detections, found.mask_logits, found.polygons, None)
            seen = predictor.as_prediction(run, {})
            measured[name].add(item.instances, seen, item.regions, item.boxes)
    print("| Switched to | mask AP | box AP | mask AP50 |\n|---|---|---|---|")
    for name, evaluator in measured.items():
        figures = evaluator.evaluate()
        mask, box = figures.mask, figures.box
        print(f"| {name} | {mask.ap:.3f} | {box.ap:.3f} | {mask.ap50:.3f} |")


def _config(name: str, labels: tuple[str, ...], size: int) -> ModelConfig:
    """A network for images of `size` pixels with instances of a sixth to a half of that.

    Alone, a map has the anchors of all levels, as a Faster R-CNN on C4 has.
    """
    sides = tuple(size / 8 * 2**level for level in range(5))
    together = (sides[:3],) * len(sides)
    settings = StageSettings(detections_per_image=50).with_text(VARIANTS.get(name, ()))
    return ModelConfig(
        arch=DEEPER.get(name, TRUNK),
        class_names=labels,
        min_size=size,
        max_size=size * 2,
        anchor_sizes=together if name == ONE_MAP else tuple((side,) for side in sides),
        fpn_channels=64,
        box_head_width=256,
        mask_channels=64,
        roi_canonical_size=size * 2 // 3,
        norm="batch",
        trainable_layers=5,
        settings=settings,
        training=TrainingSettings(
            rpn_pre_nms_top_n=300,
            rpn_post_nms_top_n=100,
            roi_samples=32,
            roi_positive_fraction=0.375,
        ),
    )


def _trained(given: argparse.Namespace, name: str, seed: int) -> Mapping[str, object]:
    """Train and measure one network: the figures of `Evaluation.to_json`, and the seconds."""
    began = time.process_time()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    learnt = [_read(item) for item in open_dataset(Path(given.dataset)).items]
    labels = tuple(sorted({one.label for item, _ in learnt for one in item.instances}))
    config = _config(name, labels, given.size)
    model = build_model(config)
    start_training(model, config, still_norms=False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4)
    for step in range(given.steps):
        share = min(1.0, (step + 1) / 20) * (1 + cos(pi * step / given.steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = RATE * share
        batch = [_example(*learnt[k], labels, rng) for k in rng.integers(len(learnt), size=BATCH)]
        done = training_pass(model, config, [one for one, _ in batch], [one for _, one in batch])
        optimiser.zero_grad(set_to_none=True)
        done.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        if step % 50 == 0 or step + 1 == given.steps:
            print(name, seed, step, f"{float(done.total.detach()):.3f}", flush=True)
    predictor = Predictor(
        LoadedModel(model.eval(), config, name, f"{name}@{seed}", {}),
        device="cpu",
        precision="float32",
    )
    evaluator = Evaluator(labels, config.settings.mask)
    for item in open_dataset(Path(given.val)).items:
        evaluator.add(item.instances, predictor.predict(_read(item)[1]), item.regions)
    figures = evaluator.evaluate().to_json()
    print(name, seed, figures["mask"], flush=True)
    return {**figures, "seconds": time.process_time() - began, "steps": given.steps}


def _read(item: DatasetItem) -> tuple[DatasetItem, NDArray[np.uint8]]:
    return item, read_image(item.image_path).pixels


def _example(
    item: DatasetItem, pixels: NDArray[np.uint8], labels: tuple[str, ...], rng: np.random.Generator
) -> tuple[torch.Tensor, Target]:
    """An image, mirrored at random, with its instances of 4 pixels and more."""
    height, width = pixels.shape[:2]
    masks = torch.from_numpy(masks_of([one.polygons for one in item.instances], width, height))
    kind = torch.tensor([labels.index(one.label) + 1 for one in item.instances]).long()
    seen = masks.any(1).sum(1).clamp(max=4) + masks.any(2).sum(1).clamp(max=4) == 8
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div(255)
    for axis in (1, 2):
        if rng.random() < 0.5:
            image, masks = image.flip(axis), masks.flip(axis)
    boxes = masks_to_boxes(masks[seen]).float() if bool(seen.any()) else torch.zeros(0, 4)
    boxes[:, 2:] += 1
    return image, {"boxes": boxes, "masks": masks[seen].contiguous(), "labels": kind[seen]}


def _spread(values: list[float]) -> str:
    """The mean and the lowest and highest value."""
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
