"""Predicting one image: pixels in, detections and suggested instances out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.document.instance import Instance, Source, new_id
from core.engine.fusing import lowered_copy
from core.engine.keypoints import as_keypoints
from core.engine.pipeline import Cancelled, OnStage, PredictionCancelled, Run, Watch, run
from core.engine.precision import (
    Arithmetic,
    Precision,
    choose_device,
    choose_numerics,
    choose_prediction_arithmetic,
    fast_copy,
)
from core.engine.proposers.stage import channels_of, mask_channels
from core.engine.weights import LoadedModel
from core.lens.settings import StageSettings
from core.lens.trace import Detections, Trace, numpy_of, stages_of
from core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model sees in one image; D detections, strongest first, boxes in image pixels."""

    width: int
    height: int
    boxes: NDArray[np.float32]
    """D×4: x0, y0, x1, y1."""
    labels: NDArray[np.int64]
    """D: label index, from 1."""
    label_names: tuple[str, ...]
    """D: the class name of each detection."""
    scores: NDArray[np.float32]
    """D, 0 to 1."""
    mask_probs: NDArray[np.float32]
    """D×S×S: probability of the detection's own class inside its box of `mask_boxes`."""
    mask_boxes: NDArray[np.float32]
    """D×4: where the masks lie; `boxes`, with a margin where the colours led the masks."""
    instances: tuple[Instance, ...]
    """A suggestion for each detection whose mask is not empty."""
    instance_detections: tuple[int, ...]
    """The detection that each instance comes from."""
    trace: Trace | None
    """Every stage, with tensors; None unless asked for."""
    ms: Mapping[str, float]
    """Milliseconds of each stage, by the names of `core.lens.trace.STAGES`."""
    keypoints: NDArray[np.float32] | None = None
    """D×K×3 of a network that finds keypoints: x, y in image pixels, and the logit there."""


class Predictor:
    """A loaded model on a device, in a precision that suits it.

    `device` is `auto` (CUDA, then MPS, then CPU) or a name of torch; `precision` is `auto`
    (measured once on a CPU and remembered), `float32` (bit-equal to torchvision), `fast` (float32
    on a CPU, as graphs where the extra is installed) or `bf16`; `threads` caps torch's threads.
    Boxes, anchors and NMS are float32 whatever the precision. A model that is not `lasting`
    changes with the next step of a training. One that `may_measure` not takes float32 where `auto`
    is `undecided` on this machine. Not safe to share between threads.
    Raises DeviceError when the device is not there.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
        lasting: bool = True,
        may_measure: bool = True,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.loaded = loaded
        self.device = choose_device(device)
        chosen = choose_prediction_arithmetic(
            loaded, self.device, precision, may_measure=may_measure
        )
        self.undecided = chosen is None
        self.arithmetic = chosen or Arithmetic()
        dtype = self.arithmetic.dtype
        self.numerics = choose_numerics(loaded.config.arch, self.device, dtype)
        self.proposer = loaded.proposer
        self.note: Sentence | None = None
        """Why the precision that was asked for is not all that it could be."""
        module, why = loaded.module, None
        if self.arithmetic.fast:
            module, self.proposer, why = fast_copy(loaded, lasting=lasting)
            self.note = why if precision == "fast" else None
        elif self.numerics.autocast is not None:
            module = lowered_copy(loaded.module, self.numerics)
        self.precision = self.arithmetic.named(with_graphs=lasting and why is None)
        self.module = module.to(self.device).eval()
        self.channels: tuple[int, ...] = ()
        if self.proposer is not None:
            self.proposer.to(self.device)
            self.channels = channels_of(self.proposer.class_names, loaded.config.class_names)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of a prediction, in their order."""
        pointing = self.loaded.config.skeleton is not None
        return stages_of(self.loaded.proposer is not None, pointing)

    def predict(
        self,
        pixels: NDArray[np.uint8],
        settings: StageSettings | None = None,
        *,
        keep_trace: bool = False,
        cancelled: Cancelled | None = None,
        on_stage: OnStage | None = None,
    ) -> Prediction:
        """Detections of an upright image, uint8 H×W×3 in RGB.

        `settings` default to the model's own. Raises PredictionCancelled between stages once
        `cancelled` returns True; ValueError when the pixels have another shape or type.
        """
        image = self.image(pixels)
        watch = Watch(cancelled, on_stage)
        found = run(
            self.module,
            [image],
            settings or self.loaded.config.settings,
            proposer=self.proposer,
            channels=self.channels,
            numerics=self.numerics,
            keep=keep_trace,
            class_names=self.loaded.class_names,
            skeleton=self.loaded.config.skeleton,
            revision=self.loaded.revision,
            watch=watch,
        )[0]
        return self.as_prediction(found, watch.milliseconds)

    def image(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Pixels uint8 H×W×3 as the stages take them: uint8 3×H×W. Raises ValueError."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(f"pixels must be uint8 H×W×3, not {pixels.dtype} {pixels.shape}")
        # torch warns about memory that it may not write to, though nothing here writes.
        own = pixels if pixels.flags.writeable else pixels.copy()
        return torch.from_numpy(own).to(self.device).permute(2, 0, 1)

    def mask_channels(self, detections: Sequence[Detections]) -> list[torch.Tensor] | None:
        """The class whose mask each detection takes, image by image; None: its own."""
        if self.loaded.proposer is None:
            return None
        return [mask_channels(self.channels, each.label) for each in detections]

    def as_prediction(self, found: Run, milliseconds: Mapping[str, float]) -> Prediction:
        """What a run found, as numbers outside of torch and as suggestions."""
        height, width = found.prepared.image_size
        labels = numpy_of(found.detections.label)
        scores = numpy_of(found.detections.score)
        names = tuple(self.loaded.class_names[int(label) - 1] for label in labels)
        outlines = found.polygons.outlines
        led, where = found.polygons.led, found.polygons.led_boxes
        places = None if found.keypoints is None else numpy_of(found.keypoints.places)
        drawn = tuple(index for index, polygons in enumerate(outlines) if polygons)
        return Prediction(
            width=width,
            height=height,
            boxes=numpy_of(found.detections.boxes),
            labels=labels,
            label_names=names,
            scores=scores,
            mask_probs=numpy_of(found.masks.probabilities if led is None else led),
            mask_boxes=numpy_of(found.detections.boxes if where is None else where),
            instances=tuple(
                Instance(
                    id=new_id(),
                    label=names[index],
                    polygons=outlines[index],
                    source=Source.SUGGESTED,
                    score=float(scores[index]),
                    model=self.loaded.revision,
                    keypoints=() if places is None else as_keypoints(places[index]),
                )
                for index in drawn
            ),
            instance_detections=drawn,
            trace=found.trace,
            ms=dict(milliseconds),
            keypoints=places,
        )


__all__ = ["Prediction", "PredictionCancelled", "Predictor"]
