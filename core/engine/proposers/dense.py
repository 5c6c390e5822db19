"""What torchvision's one-stage detectors say of each cell, listened to while they look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.transform import resize_boxes
from torchvision.ops.boxes import clip_boxes_to_image

from core.lens.cells import CellLevel, Cells

Answers = Mapping[str, Tensor]
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answers of a head become probabilities."""

    name: str
    probability: Callable[[Tensor], Tensor]
    """Logits P×K to probabilities P×K."""
    decode: str
    """What its box coder decodes with."""
    inside: str = ""
    """The answer that counts beside the classes, if there is one."""
    score: Callable[[Tensor, Tensor], Tensor] = lambda probability, _inside: probability


READINGS: Final[Mapping[type[nn.Module], Reading]] = MappingProxyType(
    {
        FCOS: Reading(
            "fcos",
            torch.sigmoid,
            "decode",
            "bbox_ctrness",
            lambda probability, inside: torch.sqrt(probability * inside),
        ),
        RetinaNet: Reading("retinanet", torch.sigmoid, "decode_single"),
        SSD: Reading("ssd", lambda logits: torch.softmax(logits, dim=-1), "decode_single"),
    }
)
"""By torchvision's classes; those of two stages have no cells."""


class Heard:
    """Listens to the head and the anchors of a detector while it looks at one image."""

    def __init__(self, module: Any) -> None:
        self.system = next((r for kind, r in READINGS.items() if isinstance(module, kind)), None)
        self._module = module
        self._hooks: list[Any] = []
        self._head: Answers = {}
        self._anchors: Tensor = torch.zeros((0, 4))
        self._grids: list[tuple[int, int]] = []
        self._sizes = ((1, 1), (1, 1))

    def __enter__(self) -> Heard:
        if self.system is not None:
            self._hooks = [
                self._module.head.register_forward_hook(self._on_head),
                self._module.anchor_generator.register_forward_hook(self._on_anchors),
            ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def _on_head(self, _module: nn.Module, _inputs: Any, answers: Answers) -> None:
        self._head = {name: each[0].detach() for name, each in answers.items()}

    def _on_anchors(self, _module: nn.Module, inputs: Any, anchors: list[Tensor]) -> None:
        images, maps = inputs
        self._anchors = anchors[0]
        self._grids = [(int(each.shape[-2]), int(each.shape[-1])) for each in maps]
        padded = int(images.tensors.shape[-2]), int(images.tensors.shape[-1])
        self._sizes = (images.image_sizes[0], padded)

    def cells(
        self, size: tuple[int, int], boxes: Tensor, label: Tensor, score: Tensor
    ) -> Callable[[], Cells]:
        """What makes the cells, for an image of this height and width and the boxes found in it."""
        return lambda: self._cells(size, boxes, label, score)

    def _cells(self, size: tuple[int, int], boxes: Tensor, label: Tensor, score: Tensor) -> Cells:
        reading = self.system
        assert reading is not None  # nobody asks otherwise
        (height, width), padded = self._sizes
        across, down = size[1] / width, size[0] / height
        probability = reading.probability(self._head["cls_logits"].float())
        inside = torch.zeros(0, device=boxes.device)
        if reading.inside:
            inside = torch.sigmoid(self._head[reading.inside].float()).flatten()
        start = self._anchors.float() * boxes.new_tensor((across, down, across, down))
        scores = reading.score(probability, inside[:, None])
        # Class 0 is the background, or nothing at all.
        best, likeliest = probability[:, 1:].max(dim=1)
        return Cells(
            reading.name,
            self._levels(start, padded, (across, down)),
            start,
            self._head["bbox_regression"].float(),
            inside,
            best,
            likeliest + 1,
            _sources(scores, self._decoded(size), boxes, label, score),
        )

    def _decoded(self, size: tuple[int, int]) -> Tensor:
        """The boxes of all answers by the detector's own coder, as it hands them on."""
        reading, regression = self.system, self._head["bbox_regression"]
        assert reading is not None
        inner = self._sizes[0]
        boxes = getattr(self._module.box_coder, reading.decode)(regression, self._anchors)
        kept: Tensor = resize_boxes(clip_boxes_to_image(boxes, inner), inner, size)
        return kept.float()

    def _levels(
        self, start: Tensor, padded: tuple[int, int], scale: tuple[float, float]
    ) -> tuple[CellLevel, ...]:
        per_cell = [int(each) for each in self._module.anchor_generator.num_anchors_per_location()]
        levels, first = list[CellLevel](), 0
        for (rows, columns), shapes in zip(self._grids, per_cell, strict=True):
            middles = start[first : first + rows * columns * shapes].view(rows, columns, shapes, 4)
            middle = (middles[:, :, 0, :2] + middles[:, :, 0, 2:]) / 2
            x, y = middle[0, 0].tolist()
            wide = float(middle[0, 1, 0]) - x if columns > 1 else padded[1] * scale[0]
            high = float(middle[1, 0, 1]) - y if rows > 1 else padded[0] * scale[1]
            stride = round(wide / scale[0])
            levels.append(CellLevel(stride, rows, columns, shapes, (wide, high), (x, y)))
            first += rows * columns * shapes
        return tuple(levels)


def _sources(
    scores: Tensor, decoded: Tensor, boxes: Tensor, label: Tensor, score: Tensor
) -> Tensor:
    """The row of `scores` P×K that each box was made of: it has its score for its label.

    Of several with the same score that whose decoded box P×4 is nearest; -1 where there is none.
    """
    rows, columns = torch.isin(scores, score).nonzero(as_tuple=True)
    known: dict[tuple[int, float], list[int]] = {}
    found = zip(rows.tolist(), columns.tolist(), scores[rows, columns].tolist(), strict=True)
    for row, column, value in found:
        known.setdefault((column, value), []).append(row)
    source = torch.full_like(label, -1)
    for number, (column, value) in enumerate(zip(label.tolist(), score.tolist(), strict=True)):
        places = known.get((column, value))
        if places is None:  # the last digit depends on how many are reckoned at a time
            near = (scores[:, column] - value).abs() < _ROUNDING
            places = near.nonzero().flatten().tolist()
        if places:
            away = (decoded[places] - boxes[number]).abs().sum(dim=1)
            source[number] = places[int(away.argmin())]
    return source
