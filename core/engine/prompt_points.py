"""What lies under a person's points: detections, what was suppressed, proposals, decoded boxes."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import boxes as box_ops

from core.document.geometry import Rect, area, bounds
from core.document.instance import Point, Polygons
from core.engine.clicks import click_head, drawn_anew, marks_of, present_of
from core.engine.colours import RAISED, led_by_colours
from core.engine.encodings import Encoding, Known
from core.engine.mending import mend, satisfied, wrong_points
from core.engine.prompt_pool import ORIGINS
from core.engine.prompts import (
    SHORTEST,
    Drawn,
    as_answer,
    channels,
    draw_masks,
    name_boxes,
    outline_in,
    seen_in,
    steadiness,
    without_specks,
)
from core.lens.detail import Detail, detailed_outline
from core.protocol.messages.prompts import PromptOrigin

_ANY: Final = 0.3
"""What an outline counts that has no score at all, or lies with its border at the point."""
_KIND: Final = 0.1
"""What each kind of box counts more than the one after it in `ORIGINS`."""
_ONE: Final = 0.7
"""IoU above which two boxes under the points are the same thing."""


@torch.inference_mode()
def boxes_under(
    encoding: Encoding, points: NDArray[np.float32], inside: NDArray[np.bool_], most: int
) -> list[int]:
    """Rows of the pool whose boxes hold all inner points, no two alike, the best first.

    Of points that are all outer ones none holds any.
    """
    pool = encoding.pool
    inner = torch.from_numpy(points[inside] * encoding.scale[:2]).to(pool.boxes.device)
    if not len(inner):
        return []
    x, y = inner[:, 0, None], inner[:, 1, None]
    left, top, right, bottom = pool.boxes.unbind(dim=1)
    held = ((x >= left) & (x <= right) & (y >= top) & (y <= bottom)).all(dim=0)
    held &= (right - left >= SHORTEST) & (bottom - top >= SHORTEST)
    rows = torch.where(held)[0]
    # Within a kind the better score, and a point is rather near the middle of what it means.
    x, y = inner.mean(dim=0)
    across = 1 - (2 * (x - left[rows]) / (right - left)[rows].clamp(min=1e-6) - 1).abs()
    down = 1 - (2 * (y - top[rows]) / (bottom - top)[rows].clamp(min=1e-6) - 1).abs()
    central = 0.5 + 0.5 * across.clamp(0, 1) * down.clamp(0, 1)
    rank = pool.score[rows] * central + (len(ORIGINS) - 1 - pool.origin[rows].clamp(min=1))
    kept: list[int] = rows[box_ops.nms(pool.boxes[rows], rank, _ONE)[:most]].tolist()
    return kept


@torch.inference_mode()
def drawn_under(
    encoding: Encoding,
    points: NDArray[np.float32],
    inside: NDArray[np.bool_],
    detail: Detail,
    most: int,
) -> list[Drawn]:
    """The masks of the boxes under the points, the best box first; empty masks are left out.

    A mask that was drawn before is not drawn again, nor is its outline.
    """
    pool, rows = encoding.pool, boxes_under(encoding, points, inside, most)
    new = [row for row in rows if row not in encoding.known]
    if new:
        boxes, label, score = pool.boxes[new], pool.label[new].clone(), pool.score[new].clone()
        unnamed = label == 0
        if unnamed.any():
            named = name_boxes(encoding, boxes[unnamed])
            label[unnamed] = named.label
            score[unnamed] = torch.where(named.label > 0, named.score, score[unnamed])
        found = draw_masks(encoding, boxes, channels(encoding, label))
        led, places = led_by_colours(encoding.colours, boxes[:, None], found[:, None], RAISED)
        for k, row in enumerate(new):
            encoding.known[row] = Known(
                int(label[k]),
                float(score[k]),
                steadiness(found[k].cpu().numpy()),
                led[k].cpu(),
                places[k].cpu(),
            )
    answers = list[Drawn]()
    for row in rows:
        known = encoding.known.get(row)
        assert known is not None
        whole = encoding.outlines.get((row, detail))
        if whole is None:
            whole = encoding.outlines[row, detail] = _outline_of(encoding, known, detail)
        box, origin = encoding.to_image(pool.boxes[row]), ORIGINS[int(pool.origin[row])]
        steady = known.steadiness
        one = as_answer(encoding, known.label, known.score, whole, box, origin, steady)
        answers.append(one)
    return [one for one in answers if one.polygons]


def _outline_of(encoding: Encoding, known: Known, detail: Detail) -> Polygons:
    place, field = encoding.to_image(known.place), known.mask.numpy()
    return without_specks(outline_in(encoding, field, place, detail))


def answer_points(
    encoding: Encoding,
    points: NDArray[np.float32],
    inside: NDArray[np.bool_],
    detail: Detail,
    most: int,
    present: Polygons = (),
) -> tuple[list[Drawn], int]:
    """What lies under points N×2 in image pixels, by size, and which of these is the best.

    An outline that is there is mended. Else the instances are looked for among all boxes, and when
    no mask has the inner points inside and the outer ones outside, the best of them is mended. So
    every answer has them so. The best is -1 when there is nothing.
    """
    spots = [(float(x), float(y)) for x, y in points]
    start = present

    @cache
    def under() -> list[Drawn]:
        return drawn_under(encoding, points, inside, detail, most)

    if not present:
        found = under()
        fitting = [one for one in found if satisfied(one.polygons, spots, inside)]
        if fitting:
            middle = points[inside].mean(axis=0)
            best = max(fitting, key=lambda one: _worth(one, middle))
            ordered = sorted(fitting, key=lambda one: area(one.polygons))
            return ordered, ordered.index(best)
        start = _nearest(found, spots, inside)

    corrected = _corrected(encoding, start, spots, inside, detail) if start else ()
    size = encoding.prepared.image_size
    mended = mend(
        start, spots, inside, corrected, lambda: [each.polygons for each in under()], size
    )
    if not mended or not satisfied(mended, spots, inside):
        return [], -1
    box = bounds(mended)
    corners = np.array((box.x0, box.y0, box.x1, box.y1), np.float32)
    named = name_boxes(encoding, encoding.to_resized(corners))
    label, score = int(named.label[0]), float(named.score[0])
    return [as_answer(encoding, label, score, mended, corners, PromptOrigin.MENDED, 1.0)], 0


def _worth(one: Drawn, at: NDArray[np.float32]) -> float:
    """How likely an outline is what was meant by points around a place.

    Steady, of a kind and with a score to be trusted, and with the place in the middle of its box:
    a person points at the middle of things.
    """
    kind = len(ORIGINS) - 1 - ORIGINS.index(one.origin)
    corner, far = one.box[:2], one.box[2:]
    off = np.abs(2 * (at - corner) / np.maximum(far - corner, 1e-6) - 1)
    central = float(np.prod(1 - np.minimum(off, 1)))
    return one.steadiness * (_ANY + one.trust + _KIND * kind) * (_ANY + central)


def _nearest(found: list[Drawn], points: list[Point], inside: NDArray[np.bool_]) -> Polygons:
    """The outline that has most points on the right side; of equal ones the surer box's."""
    if not found:
        return ()
    return min(found, key=lambda one: len(wrong_points(one.polygons, points, inside))).polygons


@torch.inference_mode()
def _corrected(
    encoding: Encoding,
    start: Polygons,
    points: list[Point],
    inside: NDArray[np.bool_],
    detail: Detail,
) -> Polygons:
    """What the click-correct head makes of an outline and points, in the box around both.

    Without such a head: what masks and colours say there. Empty beside the image.
    """
    edges = bounds(start)
    for (x, y), inner in zip(points, inside, strict=True):
        if inner:
            edges = Rect(min(edges.x0, x), min(edges.y0, y), max(edges.x1, x), max(edges.y1, y))
    box = encoding.to_resized(np.array((edges.x0, edges.y0, edges.x1, edges.y1), np.float32))
    if float((box[0, 2:] - box[0, :2]).min()) < SHORTEST:
        return ()
    named = name_boxes(encoding, box)
    predictor = encoding.predictor
    view, place = seen_in(encoding, box, named)
    within = encoding.to_image(place[0])
    corners, device = within.tolist(), predictor.device
    marks = marks_of(points, inside, corners).to(device)
    present = present_of(start, corners).to(device)
    head = click_head(predictor.module)
    field = torch.sigmoid(drawn_anew(head, view, marks, present))[0]
    size = encoding.prepared.image_size
    return without_specks(detailed_outline(field.cpu().numpy(), within, size, detail))
