"""Box and mask AP of detections against labels, as COCO defines them, with 300 detections an image.

pycocotools' `COCOeval` does the matching. Its `summarize` looks at 100 detections, so the figures
are taken from its arrays here. Labels that the model does not know are compared without regard to
class: their instances form one category of their own, in which every detection takes part and
one that fits an instance with a known label counts neither for nor against.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval, Params

from core.document.geometry import bounds
from core.document.instance import Instance, Polygons
from core.document.runs import encode
from core.document.skeleton import ABSENT, PERSON, Skeleton, flat, labelled_count
from core.engine.annotations import to_annotations
from core.engine.labelled_part import LabelledPart
from core.engine.predict import Prediction
from core.formats.labelled import Box

MAX_DETECTIONS: Final = 300
MAX_POINTED: Final = 20
"""Detections an image that count for keypoints, as in COCO."""
_SIGMA: Final = 0.05
"""Of keypoints for which COCO gives none; its own are 0.025 to 0.107."""
SIZES: Final[Mapping[str, tuple[float, float]]] = {
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
"""COCO's ranges of area, in square pixels of the image."""
_AP50, _AP75 = 0, 5  # places in COCOeval's IoU thresholds 0.50, 0.55, ...


Parts = dict[str, dict[str, dict[str, dict[str, float]]]]
"""`by_label` and `by_size`, then the label or size, then `box` and `mask`, then the figures."""


class Matching(StrEnum):
    """How labels were compared."""

    BY_LABEL = "by label"
    CLASS_AGNOSTIC = "class-agnostic"
    MIXED = "by label where the model knows the label, else class-agnostic"


@dataclass(frozen=True, slots=True)
class Figures:
    """COCO's figures, 0 to 1: AP and AR are means over IoU 0.50 to 0.95 and over labels."""

    ap: float
    ap50: float
    ap75: float
    ar: float

    def to_json(self) -> dict[str, float]:
        """The figures by their usual names."""
        return {"AP": self.ap, "AP50": self.ap50, "AP75": self.ap75, "AR": self.ar}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome; `instances` without crowds, which are left out as COCO does."""

    box: Figures
    mask: Figures
    images: int
    instances: int
    crowds: int
    matching: Matching
    unknown_labels: tuple[str, ...]
    """Labels in the data that the model does not know."""
    keypoints: Figures | None = None
    """By OKS in the place of IoU, where labels and model have keypoints."""

    def to_json(self) -> dict[str, object]:
        """The figures, and what one has to know about them."""
        return {
            "box": self.box.to_json(),
            "mask": self.mask.to_json(),
            **({} if self.keypoints is None else {"keypoints": self.keypoints.to_json()}),
            "images": self.images,
            "instances": self.instances,
            "crowds": self.crowds,
            "matching": str(self.matching),
            "unknown_labels": list(self.unknown_labels),
        }


class Evaluator:
    """Gathers labels and detections image by image; masks are kept as run lengths."""

    def __init__(
        self,
        class_names: Sequence[str],
        mask_threshold: float = 0.5,
        skeleton: Skeleton | None = None,
    ) -> None:
        """`class_names[i]` belongs to label index i + 1; `skeleton` is that of the model."""
        self._skeleton = skeleton
        self._ids: dict[str, int] = {}
        for index, name in enumerate(class_names, start=1):
            self._ids.setdefault(name, index)
        self._id_of_index = [0, *(self._ids[name] for name in class_names)]
        self._any_class = len(class_names) + 1
        self._mask_threshold = mask_threshold
        self._images: list[dict[str, int]] = []
        self._truths: list[dict[str, Any]] = []
        self._detections: list[dict[str, Any]] = []
        self._unknown: set[str] = set()

    def add(
        self,
        instances: Iterable[Instance],
        prediction: Prediction,
        regions: Sequence[Polygons] | None = None,
        boxes: Mapping[str, Box] = MappingProxyType({}),
    ) -> None:
        """Take in one image with its labels; outlines are in pixels of that image.

        `boxes` are those that the label file gives itself, by instance; others are the outlines'.

        `regions` are those in which everything is labelled, None for the whole image; what lies
        outside by more than half counts neither for nor against.
        """
        image_id = len(self._images) + 1
        width, height = prediction.width, prediction.height
        self._images.append({"id": image_id, "width": width, "height": height})
        part = None if regions is None else LabelledPart(regions, width, height)
        instances = instances if part is None else part.labels(instances)
        for instance in instances:
            truth = self._truth(instance, image_id, width, height)
            if instance.id in boxes:
                truth["bbox"] = list(boxes[instance.id])
            self._truths.append(truth)
            if instance.label not in self._ids:
                self._unknown.add(instance.label)
        found = to_annotations(prediction, image_id, 1, self._mask_threshold)
        found = found if part is None else part.detections(found)
        for number, detection in enumerate(found, start=len(self._detections) + 1):
            detection["id"] = number
            detection["category_id"] = self._id_of_index[detection["category_id"]]
        self._detections += found

    def _truth(self, instance: Instance, image_id: int, width: int, height: int) -> dict[str, Any]:
        runs, box = encode(instance.polygons, width, height), bounds(instance)
        return {
            "id": len(self._truths) + 1,  # COCOeval takes 0 for "not matched"
            "image_id": image_id,
            "category_id": self._ids.get(instance.label, self._any_class),
            "bbox": [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
            "segmentation": runs.to_json(),
            "area": runs.area,
            "iscrowd": int(instance.crowd),
            **self._pointed(instance),
        }

    def _pointed(self, instance: Instance) -> dict[str, Any]:
        """COCO's keys of its keypoints, as many as the model has."""
        if self._skeleton is None:
            return {}
        count = len(self._skeleton.names)
        points = (*instance.keypoints[:count], *[ABSENT] * (count - len(instance.keypoints)))
        return {"keypoints": flat(points), "num_keypoints": labelled_count(points)}

    @property
    def instances(self) -> int:
        """How many instances that count, crowds left out, have been taken in."""
        return sum(not truth["iscrowd"] for truth in self._truths)

    def evaluate(self) -> Evaluation:
        """The figures over all images taken in. Raises ValueError when there is no instance."""
        if not self.instances:
            raise ValueError("there is nothing to compare with")
        truths, detections = self._categories()
        known = any(truth["category_id"] != self._any_class for truth in self._truths)
        matching = Matching.BY_LABEL
        if self._unknown:
            matching = Matching.MIXED if known else Matching.CLASS_AGNOSTIC
        pointed = any(truth.get("num_keypoints") for truth in self._truths)
        return Evaluation(
            keypoints=self._figures("keypoints", truths, detections) if pointed else None,
            box=self._figures("bbox", truths, detections),
            mask=self._figures("segm", truths, detections),
            images=len(self._images),
            instances=self.instances,
            crowds=len(self._truths) - self.instances,
            matching=matching,
            unknown_labels=tuple(sorted(self._unknown)),
        )

    def _categories(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Labels and detections, with copies of both in the category of unknown labels."""
        if not self._unknown:
            return self._truths, self._detections
        in_any = {"category_id": self._any_class}
        known = [one for one in self._truths if one["category_id"] != self._any_class]
        set_aside = [{**one, **in_any, "set_aside": 1} for one in known]
        again = [{**one, **in_any} for one in self._detections]
        return _numbered([*self._truths, *set_aside]), _numbered([*self._detections, *again])

    def breakdown(self) -> Parts:
        """Figures by label and by size: `{"by_label": {label: {"box": ..., "mask": ...}}, ...}`.

        Sizes are COCO's, by area in pixels of the image: small below 32², large from 96². Labels
        that the model does not know stand together under an empty name. Sizes without instances
        are left out. Raises ValueError when there is no instance.
        """
        if not self.instances:
            raise ValueError("there is nothing to compare with")
        names = {id: name for name, id in self._ids.items()} | {self._any_class: ""}
        truths, detections = self._categories()
        by_label: dict[str, dict[str, dict[str, float]]] = {}
        by_size: dict[str, dict[str, dict[str, float]]] = {}
        for title, kind in (("box", "bbox"), ("mask", "segm")):
            done = self._accumulated(kind, truths, detections, SIZES)
            precision, recall = done.eval["precision"], done.eval["recall"]
            for k, category in enumerate(done.params.catIds):
                figures = _figures_of(precision[:, :, k, 0, -1], recall[:, k, 0, -1])
                by_label.setdefault(names[category], {})[title] = figures.to_json()
            for k, size in enumerate(SIZES):
                if k and (recall[..., k, -1] > -1).any():
                    figures = _figures_of(precision[..., k, -1], recall[..., k, -1])
                    by_size.setdefault(size, {})[title] = figures.to_json()
        return {"by_label": by_label, "by_size": by_size}

    def _figures(
        self, kind: str, truths: list[dict[str, Any]], detections: list[dict[str, Any]]
    ) -> Figures:
        done = self._accumulated(kind, truths, detections, {"all": SIZES["all"]})
        return _figures_of(done.eval["precision"][..., 0, -1], done.eval["recall"][..., 0, -1])

    def _accumulated(
        self,
        kind: str,
        truths: list[dict[str, Any]],
        detections: list[dict[str, Any]],
        sizes: Mapping[str, tuple[float, float]],
    ) -> COCOeval:
        """COCOeval with its arrays: precision IoU × recall × category × size × 1, recall alike."""
        categories = sorted({one["category_id"] for one in truths})
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            evaluator = _Evaluator(
                self._coco(truths, categories), self._coco(detections, categories), kind
            )
            evaluator.params.imgIds = [image["id"] for image in self._images]
            evaluator.params.catIds = categories
            evaluator.params.maxDets = [MAX_DETECTIONS]
            if kind == "keypoints" and self._skeleton is not None:
                evaluator.params.maxDets = [MAX_POINTED]
                evaluator.params.kpt_oks_sigmas = sigmas_of(self._skeleton)
            evaluator.params.areaRng = [list(pair) for pair in sizes.values()]
            evaluator.params.areaRngLbl = list(sizes)
            evaluator.evaluate()
            evaluator.accumulate()
        return evaluator

    def _coco(self, annotations: list[dict[str, Any]], categories: list[int]) -> COCO:
        coco = COCO()
        coco.dataset = {
            "images": self._images,
            "annotations": [dict(one) for one in annotations],  # COCOeval writes into them
            "categories": [{"id": id} for id in categories],
        }
        coco.createIndex()
        return coco


def sigmas_of(skeleton: Skeleton) -> NDArray[np.float64]:
    """How far the same keypoint is set apart by different people, in shares of the instance's side:
    COCO's for a person's, else one for all."""
    if skeleton.names == PERSON.names:
        return np.asarray(Params("keypoints").kpt_oks_sigmas)
    return np.full(len(skeleton.names), _SIGMA)


class _Evaluator(COCOeval):  # type: ignore[misc]
    """COCOeval that also leaves out labels which are set aside without being crowds."""

    def _prepare(self) -> None:
        super()._prepare()
        for truths in self._gts.values():
            for truth in truths:
                truth["ignore"] = truth["iscrowd"] or truth.get("set_aside", 0)
                if self.params.iouType == "keypoints":
                    truth["ignore"] = truth["ignore"] or not truth["num_keypoints"]


def _numbered(annotations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "id": id} for id, one in enumerate(annotations, start=1)]


def _figures_of(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> Figures:
    """Figures from precision IoU × recall × ... and recall IoU × ..."""
    return Figures(
        ap=_mean(precision),
        ap50=_mean(precision[_AP50]),
        ap75=_mean(precision[_AP75]),
        ar=_mean(recall),
    )


def _mean(values: NDArray[np.float64]) -> float:
    """The mean over categories that have instances; COCOeval marks the others with -1."""
    return float(values[values > -1].mean())
