"""The training view of a traced image: one training step replayed, without learning from it.

Nothing is computed in another way than in training: the maps of the trace go through the same
matching, drawing and losses (`targets`, `losses`), with the normalisation at rest as in prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.document.instance import Instance, Keypoints, Polygons, Source
from core.document.runs import encode, rasterise
from core.engine.keypoints import keypoint_targets
from core.engine.lens_rerun import Rerunner
from core.engine.losses import Drawn, Seen, Target, draw_samples, losses_of
from core.engine.paste import paste
from core.engine.predict import Predictor
from core.engine.train.window import LEAST_AREA, LEAST_SIDE, Window, area_of
from core.learning.classes import likely_class
from core.learning.resemblance import Votes
from core.lens.mask_target import kept
from core.lens.trace import Prepared, Trace, numpy_of, to_numpy
from core.lens.training import TrainingTrace
from core.lens.training_view import LeftOut, Omitted, Rules, TrainingView, training_view
from core.sentences import MasklensError, say


@dataclass(frozen=True, slots=True)
class Lesson:
    """A person's instances as one would train on them, in pixels of the resized image."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    classes: tuple[int, ...]
    """Label indices, from 1."""
    outlines: tuple[Polygons, ...]
    boxes: NDArray[np.float32]
    """N×4, around the pixels of each."""
    ignore: NDArray[np.bool_]
    """H×W: neither object nor background."""
    left_out: tuple[LeftOut, ...]
    keypoints: tuple[Keypoints, ...] = ()
    """N."""

    def target(self, device: torch.device) -> Target:
        """What matching and drawing need; there are no masks yet."""
        target = {
            "boxes": torch.from_numpy(self.boxes).to(device),
            "labels": torch.tensor(self.classes, dtype=torch.int64, device=device),
        }
        if self.ignore.any():
            target["ignore"] = torch.from_numpy(self.ignore).to(device)
        return target

    def mask(self, index: int) -> NDArray[np.bool_]:
        """The pixels of an instance: bool H×W."""
        height, width = self.ignore.shape
        return rasterise(self.outlines[index], width, height)


def classes_of(instances: Sequence[Instance], trace: Trace) -> dict[str, str]:
    """The class that each label is taught as: the one of its name.

    A label that the model does not know is taught as the class that it means by its name
    (`likely_class`), else as what the model takes most of its instances in this image for, as in a
    fine-tuning (`Votes`). What is in neither has no class.
    """
    names = trace.class_names
    labels = dict.fromkeys(one.label for one in instances if not one.crowd)
    known = {label: label if label in names else likely_class(label, names) for label in labels}
    found = [
        Instance("", names[label - 1], outline, Source.SUGGESTED, score)
        for label, score, outline in zip(
            trace.detections.label.tolist(),
            trace.detections.score.tolist(),
            trace.polygons.outlines,
            strict=True,
        )
        if outline
    ]
    votes = Votes(label for label, name in known.items() if name is None)
    height, width = trace.input.image_size
    votes.add([one for one in instances if not one.crowd], found, width, height)
    return {label: name for label, name in known.items() if name is not None} | votes.winners()


def lesson(
    instances: Sequence[Instance], names: Sequence[str], taught: Mapping[str, str], given: Prepared
) -> Lesson:
    """Sort out what one trains on; `taught` is the class of each label, of `names`.

    Those without a class, crowds, and what is too small to see are left out; there, background
    does not count, as in a fine-tuning.
    """
    (height, width), (rows, columns) = given.image_size, given.size
    window = Window(0, 0, width, height, columns, rows)
    ids, labels, classes, outlines, boxes, points = [], [], [], [], [], []
    left_out: list[LeftOut] = []
    hidden: list[Polygons] = []
    for instance in instances:
        outline = window.place(instance.polygons)
        runs = encode(outline, columns, rows)
        x, y, across, down = runs.box
        name = taught.get(instance.label)
        reason = None
        if instance.crowd:
            reason = Omitted.CROWD
        elif name is None:
            reason = Omitted.NO_CLASS
        elif runs.area < LEAST_AREA or min(across, down) < LEAST_SIDE:
            reason = Omitted.TOO_SMALL
        if reason is not None or name is None:
            left_out.append(LeftOut(instance.id, instance.label, reason or Omitted.NO_CLASS))
            hidden.append(outline)
            continue
        ids.append(instance.id)
        labels.append(instance.label)
        classes.append(list(names).index(name) + 1)
        outlines.append(outline)
        points.append(window.place_points(instance.keypoints))
        boxes.append((x, y, x + across, y + down))
    return Lesson(
        tuple(ids),
        tuple(labels),
        tuple(classes),
        tuple(outlines),
        np.array(boxes, np.float32).reshape(-1, 4),
        area_of(hidden, columns, rows),
        tuple(left_out),
        tuple(points),
    )


class TrainingViewError(MasklensError):
    """There is no training step to show."""


@torch.inference_mode()
def replay(
    predictor: Predictor,
    traced: Rerunner,
    instances: Sequence[Instance],
    seed: int = 0,
    *,
    check: Callable[[], None] = lambda: None,
) -> TrainingView:
    """What one training step would do with a traced image under a seed.

    The same seed gives the same samples on the same kind of device. `check` is called between the
    parts and may raise, to stop the work. Raises TrainingViewError when a proposer gave the boxes.
    """
    if traced.trace.proposer is not None:
        raise TrainingViewError(
            say(
                "lens.proposer_learns_not",
                "The boxes of this model come from the proposer {name}, which does not learn. "
                "Choose the network alone, to see what a training step would do.",
                name=traced.trace.proposer.name,
            )
        )
    trace, model, config = traced.trace, predictor.module, predictor.loaded.config
    taught = classes_of(instances, trace)
    learned = lesson(instances, config.class_names, taught, trace.input)
    check()
    device = trace.anchors.boxes.device
    target = learned.target(device)
    seen = Seen(traced.levels, trace.anchors, trace.rpn, (trace.input.size,))
    with _seeded(seed, device):
        drawn = draw_samples(model, config, seen, [target])
    check()
    few, target, masks = _with_masks(drawn, learned, target, check)
    if config.skeleton is not None:
        points = [learned.keypoints[index] for index in masks]
        few_points = keypoint_targets(points, len(config.skeleton.names))
        target["keypoints"] = few_points.to(device)
    passed = losses_of(
        model,
        seen,
        few,
        [target],
        items=True,
        numerics=predictor.numerics,
        between=check,
        rules=config.training,
    )
    found = to_numpy(replace(passed.traces[0], rois=drawn.rois[0]))
    proposals = drawn.proposals[0]
    rules = {name: getattr(config.training, name) for name in Rules.__dataclass_fields__}
    return training_view(
        found,
        seed=seed,
        rules=Rules(**rules),
        ids=learned.ids,
        labels=learned.labels,
        classes=np.array(learned.classes, np.int64),
        boxes=learned.boxes,
        left_out=learned.left_out,
        proposals=numpy_of(proposals.boxes),
        proposal_score=numpy_of(proposals.score),
        mask_kept=_kept(found, masks),
        losses={name: float(loss) for name, loss in passed.losses.items()},
    )


def _with_masks(
    drawn: Drawn, learned: Lesson, target: Target, check: Callable[[], None]
) -> tuple[Drawn, Target, dict[int, NDArray[np.bool_]]]:
    """The draw with masks, but only of the instances that some RoI stands for.

    The RoIs then count those instances only; their losses are the same.
    """
    rois = drawn.rois[0]
    rows = torch.where(rois.label > 0)[0]
    used, place = torch.unique(rois.match[rows], return_inverse=True)
    match = torch.zeros_like(rois.match)
    match[rows] = place
    masks: dict[int, NDArray[np.bool_]] = {}
    for index in used.tolist():
        check()
        masks[index] = learned.mask(index)
    together = np.stack(list(masks.values())) if masks else np.zeros((0, *learned.ignore.shape))
    stacked = torch.from_numpy(together.astype(np.uint8)).to(rois.boxes.device)
    labels: Tensor = target["labels"][used]
    few = replace(drawn, rois=(replace(rois, match=match),))
    return few, {**target, "masks": stacked, "labels": labels}, masks


def _kept(found: TrainingTrace, masks: dict[int, NDArray[np.bool_]]) -> NDArray[np.float32]:
    """What each mask target keeps of the mask: P×3."""
    rois, rows = found.rois, []
    for wanted, roi in zip(found.mask_targets, np.flatnonzero(rois.label > 0), strict=True):
        mask, box = masks[int(rois.match[roi])], rois.boxes[roi]
        crop = paste(wanted, box, (mask.shape[0], mask.shape[1]))
        one = kept(mask, crop.bits, (crop.x, crop.y), box)
        rows.append((one.iou, one.inside, one.outside))
    return np.array(rows, np.float32).reshape(-1, 3)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """torch's generators with a seed, and afterwards as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
