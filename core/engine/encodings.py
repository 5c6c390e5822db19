"""What the engine keeps of an image for prompts: its maps, boxes and detections, without any mask.

The stages are those of a prediction, so that a prompt and a prediction speak of the same boxes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.document.instance import Polygons
from core.engine.colours import CELLS, colours_of
from core.engine.keypoints import find_keypoints, has_keypoints
from core.engine.pipeline import FoundBoxes, Run, Watch, find_boxes, propose_boxes
from core.engine.predict import Prediction, Predictor
from core.engine.prompt_pool import Pool, gather
from core.engine.stages import features, inputs, masks, roi
from core.lens.detail import Detail
from core.lens.settings import StageSettings
from core.lens.trace import PROPOSER_STAGES, STAGES, Detections, Prepared
from core.lru import Lru
from core.protocol.messages.prompts import KEPT_BYTES

ENCODING_STAGES: Final = STAGES[: STAGES.index("mask_logits")]
PROPOSER_ENCODING_STAGES: Final = (
    *PROPOSER_STAGES[: PROPOSER_STAGES.index("mask_logits")],
    *STAGES[STAGES.index("anchors") : STAGES.index("candidates")],
)
"""With a proposer the network's own boxes are found as well: prompts point at them too."""
_MASKS_KEPT: Final = 512
_ARRAYS: Final = ("boxes", "labels", "scores", "mask_probs", "mask_boxes")


@dataclass(frozen=True, slots=True)
class ImageKey:
    """Which image: its name, and what tells this version of it from others."""

    path: str
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A box under a point that was drawn."""

    label: int
    score: float
    steadiness: float
    """Of its mask alone."""
    mask: Tensor
    """Its mask led by the colours: probabilities 64×64, on the CPU."""
    place: Tensor
    """Where that lies, in resized pixels."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """One encoded image; tensors on the predictor's device, boxes in resized pixels."""

    predictor: Predictor
    prepared: Prepared
    """Its sizes; the tensor is empty."""
    levels: features.Maps
    """P2 to P5 as RoIs are pooled from them: float32 1×C×H×W."""
    own: FoundBoxes
    """What the network found itself."""
    found: FoundBoxes
    """What a prediction builds on: the same, or what the proposer found."""
    colours: Tensor
    """uint8 3×H×W: the resized image."""
    milliseconds: dict[str, float]
    known: Lru[int, Known] = field(default_factory=lambda: Lru(_MASKS_KEPT))
    """Rows of the pool that were drawn."""
    outlines: Lru[tuple[int, Detail], Polygons] = field(default_factory=lambda: Lru(_MASKS_KEPT))
    """Of these rows, in image pixels."""

    @cached_property
    def pool(self) -> Pool:
        """The boxes that a point can mean."""
        return gather(self.found, self.own, self.prepared.size)

    @cached_property
    def proposed_boxes(self) -> Tensor:
        """The boxes that may be like something: detections and the network's proposals, N×4."""
        return torch.cat((self.found.detections.resized_boxes, self.own.proposals.boxes))

    @cached_property
    def proposed_features(self) -> NDArray[np.float32]:
        """What the box head makes of them before it names them, N×D."""
        model, numerics = self.predictor.module, self.predictor.numerics
        with torch.inference_mode():
            found = roi.hidden_of(model, self.levels, [self.proposed_boxes], numerics)
        values: NDArray[np.float32] = found.cpu().numpy()
        return values

    @property
    def nbytes(self) -> int:
        """About what it takes in memory."""
        maps: int = sum(level.nbytes for level in self.levels.values())
        own, found = self.own, self.found
        rows: int = (
            len(own.decoded.boxes) * 60 + own.box_head.deltas.nbytes + own.box_head.logits.nbytes
        )
        cells = 2 * _MASKS_KEPT * CELLS * CELLS * 4  # masks, and outlines of no more
        return (
            maps
            + self.colours.nbytes
            + rows
            + (len(own.candidates.label) + len(found.candidates.label)) * 60
            + cells
        )

    @property
    def scale(self) -> NDArray[np.float32]:
        """Resized pixels for one pixel of the image: across, down, across, down."""
        across, down = self.prepared.scale
        return np.array((across, down, across, down), np.float32)

    def to_resized(self, boxes: NDArray[np.float32]) -> Tensor:
        """Boxes N×4 of the image as the network sees them, clipped to the image."""
        height, width = self.prepared.image_size
        limits = np.array((width, height, width, height), np.float32)
        kept = np.clip(boxes.reshape(-1, 4).astype(np.float32), 0, limits)
        return torch.from_numpy(kept * self.scale).to(self.predictor.device)

    def to_image(self, boxes: Tensor) -> NDArray[np.float32]:
        """Boxes N×4 in pixels of the image."""
        found: NDArray[np.float32] = boxes.detach().cpu().numpy().astype(np.float32) / self.scale
        return found


@torch.inference_mode()
def encode(
    predictor: Predictor,
    pixels: NDArray[np.uint8],
    watch: Watch | None = None,
    settings: StageSettings | None = None,
) -> Encoding:
    """Encode an upright image, uint8 H×W×3 in RGB; `settings` default to the model's own.

    All numbers are those of a prediction. Raises PredictionCancelled between stages when the watch
    says so; ValueError when the pixels have another shape or type.
    """
    watch = watch or Watch()
    model, proposer = predictor.module, predictor.proposer
    watch.stages = ENCODING_STAGES if proposer is None else PROPOSER_ENCODING_STAGES
    image = predictor.image(pixels)
    settings = settings or predictor.loaded.config.settings
    with watch.stage("input"):
        batch = inputs.prepare(model, [image])
    with watch.stage("backbone"):
        maps = features.run_backbone(model, batch, predictor.numerics)
    with watch.stage("pyramid"):
        levels = features.run_pyramid(model, maps, predictor.numerics)
    del maps
    found = None
    if proposer is not None:
        found = propose_boxes(proposer, [image], batch, settings, watch, explain=False)[0]
        settings = predictor.loaded.network.config.settings
    own, rois = find_boxes(model, batch, levels, settings, predictor.numerics, watch, explain=False)
    whole = batch.one(0)
    return Encoding(
        predictor,
        replace(whole, tensor=batch.tensors.new_zeros((3, 0, 0))),
        rois,
        own[0],
        found or own[0],
        colours_of(model, whole),
        dict(watch.milliseconds),
    )


@torch.inference_mode()
def prediction_of(
    encoding: Encoding,
    watch: Watch | None = None,
    surest_from: float | None = None,
    surest: Callable[[Prediction], None] = lambda _first: None,
) -> Prediction:
    """The prediction of an encoded image: masks and outlines of its detections, nothing else anew.

    Equal to `Predictor.predict` under the settings of the encoding. `surest` hears of those from a
    score on before the others are drawn; all of them have it as their beginning. Raises
    PredictionCancelled when the watch says so.
    """
    watch = watch or Watch()
    watch.stages = encoding.predictor.stages
    detections = encoding.found.detections
    count = 0 if surest_from is None else int((detections.score >= surest_from).sum())
    if not 0 < count < len(detections.score):
        return _drawn(encoding, detections, watch)
    first = _drawn(encoding, _rows(detections, slice(count)), watch)
    surest(first)
    return _joined(first, _drawn(encoding, _rows(detections, slice(count, None)), watch))


def _rows(detections: Detections, rows: slice) -> Detections:
    return Detections(*(getattr(detections, each.name)[rows] for each in fields(Detections)))


def _joined(first: Prediction, rest: Prediction) -> Prediction:
    """One prediction of two; `ms` is that of the second, which went on counting."""

    def arrays(name: str) -> Any:
        return np.concatenate((getattr(first, name), getattr(rest, name)))

    shift = len(first.scores)
    return replace(
        rest,
        **{name: arrays(name) for name in _ARRAYS},
        keypoints=None if first.keypoints is None else arrays("keypoints"),
        label_names=first.label_names + rest.label_names,
        instances=first.instances + rest.instances,
        instance_detections=(
            *first.instance_detections,
            *(shift + index for index in rest.instance_detections),
        ),
    )


def _drawn(encoding: Encoding, detections: Detections, watch: Watch) -> Prediction:
    predictor = encoding.predictor
    with watch.stage("mask_logits"):
        found = masks.find_masks(
            predictor.module,
            encoding.levels,
            [detections],
            predictor.numerics,
            channels=predictor.mask_channels([detections]),
            between=watch.check,
        )[0]
    settings = predictor.loaded.config.settings
    pointed = None
    if has_keypoints(predictor.module):
        with watch.stage("keypoints"):
            pointed = find_keypoints(
                predictor.module,
                encoding.levels,
                [detections],
                [encoding.prepared],
                predictor.numerics,
                settings,
            )[0]
    with watch.stage("polygons"):
        size = encoding.prepared.image_size
        outlines = masks.trace_outlines(found, detections, size, settings, encoding.colours)
    done = Run(encoding.prepared, detections, found, outlines, None, pointed)
    return predictor.as_prediction(done, {**encoding.milliseconds, **watch.milliseconds})


class Encodings:
    """The encodings used last, of one model; not safe to share between threads."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._predictor: Predictor | None = None
        self._kept: Lru[ImageKey, Encoding] = Lru(limit, lambda one: one.nbytes)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, predictor: Predictor, key: ImageKey) -> Encoding | None:
        """The encoding of this version of the image by this very model, if it is kept."""
        if predictor is not self._predictor:
            self._kept.clear()
            self._predictor = predictor
        return self._kept.get(key)

    def keep(self, key: ImageKey, encoding: Encoding) -> None:
        """Keep one, and forget what no longer fits in."""
        if encoding.predictor is not self._predictor:
            self._kept.clear()
            self._predictor = encoding.predictor
        self._kept[key] = encoding

    def set_limit(self, limit: int) -> None:
        """From now on keep at most so many bytes, but always the newest."""
        self._kept.set_limit(limit)


__all__ = ["Encoding", "Encodings", "ImageKey", "encode", "prediction_of"]
