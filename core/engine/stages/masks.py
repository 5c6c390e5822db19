"""Stages `mask_logits` and `polygons`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.transform import resize_boxes

from core.engine.colours import RAISED, led_by_colours
from core.engine.stages.features import Maps, own_settings
from core.engine.stages.numerics import FLOAT32, Numerics, Part
from core.engine.stages.pooling import level_of, pool_rois
from core.engine.zoo import WholeBox
from core.lens.outline import outline
from core.lens.settings import StageSettings
from core.lens.trace import ANY_CLASS, Detections, MaskLogits, Polygons, numpy_of

MASKS_AT_ONCE = 128
"""RoIs that go through the mask head together: 128 take about 100 MB."""
LED_AT_ONCE = 8
"""Masks that the colours lead together: more no longer fit a processor's cache."""


def run_mask_head(
    model: MaskRCNN,
    levels: Maps,
    boxes: Sequence[Tensor],
    numerics: Numerics = FLOAT32,
    settings: StageSettings | None = None,
) -> Tensor:
    """Mask logits ΣD×K×28×28 of boxes in resized pixels, one tensor D×4 an image."""
    heads = model.roi_heads
    if isinstance(heads.mask_predictor, WholeBox):  # nothing is read, however many channels
        return heads.mask_predictor.whole(sum(len(each) for each in boxes), levels["0"])
    pooled = pool_rois(heads.mask_roi_pool, levels, boxes, settings or own_settings(model))
    with numerics.context(Part.MASK_HEAD, pooled.device):
        hidden = heads.mask_head(numerics.fit(Part.MASK_HEAD, pooled))
        hidden = heads.mask_predictor.relu(heads.mask_predictor.conv5_mask(hidden))
    logits: Tensor = heads.mask_predictor.mask_fcn_logits(hidden.float())
    return logits


def find_masks(
    model: MaskRCNN,
    levels: Maps,
    detections: Sequence[Detections],
    numerics: Numerics = FLOAT32,
    *,
    channels: Sequence[Tensor] | None = None,
    all_classes: bool = False,
    between: Callable[[], None] = lambda: None,
    settings: StageSettings | None = None,
) -> list[MaskLogits]:
    """The masks of a batch, one result an image; `between` is called before each part.

    With `all_classes` the logits of every class are kept, else only the answer. The mask is that
    of the detection's label, or that which `channels` names: int64 D for each image.
    """
    counts = [len(each.label) for each in detections]
    label = torch.cat(list(channels) if channels else [each.label for each in detections])
    pool, kept, own = model.roi_heads.mask_roi_pool, [], []
    settings = settings or own_settings(model)
    for start in range(0, max(len(label), 1), MASKS_AT_ONCE):
        between()
        boxes = _rows([each.resized_boxes for each in detections], start)
        logits = run_mask_head(model, levels, boxes, numerics, settings)
        part = label[start : start + MASKS_AT_ONCE]
        own.append(probabilities_of(logits, part, settings))
        if all_classes:
            kept.append(logits)
    probabilities = torch.split(torch.cat(own), counts)
    everything = torch.split(torch.cat(kept), counts) if kept else (None,) * len(counts)
    named: Sequence[Tensor | None] = channels or (None,) * len(counts)
    return [
        MaskLogits(level_of(pool, each.resized_boxes, settings), logits, probability, channel)
        for each, logits, probability, channel in zip(
            detections, everything, probabilities, named, strict=True
        )
    ]


def probabilities_of(logits: Tensor, channel: Tensor, settings: StageSettings) -> Tensor:
    """How likely each pixel of each detection belongs to it: D×28×28 of D×K×28×28.

    With `softmax` the classes and the background, channel 0, compete for each pixel.
    """
    if settings.mask_activation == "softmax":
        return answers(logits.softmax(dim=1), channel)
    return torch.sigmoid(answers(logits, channel))


def answers(logits: Tensor, channel: Tensor) -> Tensor:
    """The logits D×28×28 that count for each detection: those of its class, of D×K×28×28.

    Of a network that draws one mask for all classes, every class has the same.
    """
    own = logits[torch.arange(len(channel), device=channel.device), channel.clamp(min=0)]
    anything = channel == ANY_CLASS
    if anything.any():
        own[anything] = logits[anything, 1:].amax(dim=1)
    return own


def _rows(boxes: Sequence[Tensor], start: int) -> list[Tensor]:
    """`MASKS_AT_ONCE` rows from row `start` of the boxes of all images, still image by image."""
    rows, before = [], 0
    for each in boxes:
        first = max(start - before, 0)
        rows.append(each[first : max(start + MASKS_AT_ONCE - before, 0)])
        before += len(each)
    return rows


def trace_outlines(
    masks: MaskLogits,
    detections: Detections,
    image_size: tuple[int, int],
    settings: StageSettings,
    colours: Tensor | None = None,
) -> Polygons:
    """The outline of each mask in pixels of the image, never pasted to full size.

    `colours` lead the masks where the settings say so: uint8 3×h×w, the resized image.
    """
    led = lead(masks.probabilities, detections, image_size, settings, colours)
    return outlined(masks.probabilities, detections, image_size, settings, led)


Led = tuple[Tensor, Tensor]
"""Masks led by colours, D×S×S, and the boxes D×4 in pixels of the image in which they lie."""


def lead(
    probabilities: Tensor,
    detections: Detections,
    image_size: tuple[int, int],
    settings: StageSettings,
    colours: Tensor | None,
) -> Led | None:
    """The masks D×28×28 of detections led by the colours of the resized image.

    None where the settings do not ask for it, where there are none, or boxes without masks.
    """
    if settings.mask_colours != "yes" or colours is None or bool((probabilities == 1).all()):
        return None
    parts = [
        led_by_colours(colours, boxes[:, None], likely[:, None], RAISED)
        for boxes, likely in zip(
            torch.split(detections.resized_boxes, LED_AT_ONCE),
            torch.split(probabilities, LED_AT_ONCE),
            strict=True,
        )
    ]
    led, places = (torch.cat(each) for each in zip(*parts, strict=True))
    size = colours.shape[1], colours.shape[2]
    return led, resize_boxes(places, size, image_size)


def outlined(
    probabilities: Tensor,
    detections: Detections,
    image_size: tuple[int, int],
    settings: StageSettings,
    led: Led | None,
) -> Polygons:
    """The outlines of masks, led or as they are."""
    values, places = led or (probabilities, detections.boxes)
    outlines = tuple(
        outline(probability, box, image_size, settings.mask)
        for probability, box in zip(numpy_of(values), numpy_of(places), strict=True)
    )
    return Polygons(outlines, *(led or (None, None)))
