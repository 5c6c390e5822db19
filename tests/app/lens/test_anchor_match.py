"""Anchors against the labels: the short way gives what comparing every pair gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.lens import groups
from core.document.instance import Instance, Polygon
from core.lens.boxes import iou_matrix
from core.lens.trace import Anchors


def square(id: str, x: float, y: float, side: float, *, crowd: bool = False) -> Instance:
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return Instance(id, "thing", (Polygon(ring),), crowd=crowd)


def traced(boxes: np.ndarray) -> Any:
    anchors = Anchors(boxes, ((1, len(boxes)),), ((8, 8),), 1)
    given = SimpleNamespace(scale=(2.0, 2.0), image_size=(60, 80))
    return SimpleNamespace(anchors=anchors, input=given)


@pytest.mark.parametrize("seed", range(8))
def test_states_are_those_of_comparing_every_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-20, 140, (300, 2))
    boxes = np.hstack([corners, corners + rng.uniform(4, 60, (300, 2))]).astype(np.float32)
    instances = [square(str(n), *rng.uniform(0, 50, 2), rng.uniform(2, 25)) for n in range(6)]
    own = [each.polygons[0].outer for each in instances]
    sides = np.array([[r[0][0], r[0][1], r[2][0], r[2][1]] for r in own])
    labels = 2 * np.clip(sides, 0, [80, 60, 80, 60])
    overlaps = iou_matrix(labels, boxes)
    best = overlaps.max(axis=0)
    forced = ((overlaps == overlaps.max(axis=1, keepdims=True)) & (overlaps > 0)).any(axis=0)
    expected = np.where(best >= 0.3, groups.IGNORED, groups.NEGATIVE)
    expected = np.where(forced, groups.FORCED, expected)
    expected = np.where(best >= 0.7, groups.POSITIVE, expected)
    state, overlap = groups.match_of_anchors(traced(boxes), instances)
    assert state.tolist() == expected.tolist()
    assert np.allclose(overlap, best)


def test_crowds_and_nothing_at_all_leave_anchors_negative() -> None:
    boxes = np.array([[0, 0, 40, 40], [100, 100, 120, 120]], np.float32)
    for instances in ([], [square("a", 0, 0, 20, crowd=True)], [square("b", 900, 900, 5)]):
        state, overlap = groups.match_of_anchors(traced(boxes), instances)
        assert set(state.tolist()) == {groups.NEGATIVE}
        assert overlap.max() == 0


def test_matching_stops_when_it_is_asked_to() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        groups.match_of_anchors(traced(np.zeros((1, 4), np.float32)), [square("a", 0, 0, 9)], stop)
