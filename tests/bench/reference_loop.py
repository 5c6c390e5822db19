"""A plain fine-tuning loop as torchvision's tutorial has it: what our defaults have to beat.

Fresh predictors for the new classes, the trunk frozen with its normalisation, AdamW at a constant
rate, random crops and horizontal flips, torchvision's own forward in training.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace

import numpy as np
import torch
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

from core.document.runs import rasterise
from core.engine.config import ModelConfig
from core.engine.freezing import start_training
from core.engine.weights import LoadedModel
from core.formats.dataset import Dataset, DatasetItem
from core.storage.images import read_image


def train(
    base: LoadedModel,
    dataset: Dataset,
    *,
    steps: int,
    seed: int,
    crop: int = 256,
    batch: int = 2,
    rate: float = 5e-4,
) -> tuple[LoadedModel, float]:
    """Fine-tune a model in place; returns it with the processor time in seconds that it took."""
    began = time.process_time()
    torch.manual_seed(seed)
    rng = random.Random(seed)
    config = replace(base.config, class_names=dataset.labels, trainable_layers=0)
    # Faster, and the same figures up to rounding.
    model = base.module.to(memory_format=torch.channels_last)
    width = model.roi_heads.box_predictor.cls_score.in_features
    channels = model.roi_heads.mask_predictor.conv5_mask.in_channels
    model.roi_heads.box_predictor = FastRCNNPredictor(width, config.num_classes)
    model.roi_heads.mask_predictor = MaskRCNNPredictor(
        channels, config.mask_channels, config.num_classes
    )
    start_training(model, config, still_norms=True)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=rate)
    items = [item for item in dataset.items if item.instances]
    pixels = {item.image_id: read_image(item.image_path).pixels for item in items}
    for _ in range(steps):
        chosen = [rng.choice(items) for _ in range(batch)]
        samples = [_crop(item, pixels[item.image_id], config, crop, rng) for item in chosen]
        losses = model([image for image, _ in samples], [target for _, target in samples])
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    seconds = time.process_time() - began
    return LoadedModel(model.eval(), config, "reference", "reference@0", {}), seconds


def _crop(
    item: DatasetItem,
    pixels: np.ndarray,
    config: ModelConfig,
    side: int,
    rng: random.Random,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A random square of an image, maybe mirrored, with the instances in it."""
    width, height = min(side, item.width), min(side, item.height)
    x, y = rng.randint(0, item.width - width), rng.randint(0, item.height - height)
    masks, labels = [], []
    for instance in item.instances:
        mask = rasterise(instance.polygons, item.width, item.height)[y : y + height, x : x + width]
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows) > 1 and len(columns) > 1:
            masks.append(mask)
            labels.append(config.class_names.index(instance.label) + 1)
    image = pixels[y : y + height, x : x + width]
    stack = np.array(masks, dtype=np.uint8).reshape(-1, height, width)
    if rng.random() < 0.5:
        image, stack = image[:, ::-1], stack[:, :, ::-1]
    boxes = [
        [m.any(0).nonzero()[0][0], m.any(1).nonzero()[0][0],
         m.any(0).nonzero()[0][-1] + 1, m.any(1).nonzero()[0][-1] + 1]
        for m in stack
    ]  # fmt: skip
    target = {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": torch.from_numpy(stack.copy()),
    }
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 255, target
