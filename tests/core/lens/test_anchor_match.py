"""Anchors against the labels: the short way gives what comparing every pair gives."""

from __future__ import annotations

import numpy as np
import pytest

from core.document.instance import Instance, Polygon
from core.lens.boxes import iou_matrix
from core.lens.training_view import AnchorState
from core.lens.views import anchors
from core.lens.views.base import Look, Options
from core.lens.views.marks import AnchorsShown, Entry, Later
from tests.core.lens.cases import case


def square(id: str, x: float, y: float, side: float, *, crowd: bool = False) -> Instance:
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return Instance(id, "thing", (Polygon(ring),), crowd=crowd)


PLACE = ((2.0, 2.0), (60, 80))
"""Scale and size of the image."""
NETWORKS = ((0.7, 0.3), (0.5, 0.5), (0.6, 0.1))


@pytest.mark.parametrize("matching", NETWORKS)
@pytest.mark.parametrize("seed", range(6))
def test_states_are_those_of_comparing_every_pair(seed: int, matching: tuple[float, float]) -> None:
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
    high, low = matching
    expected = np.where(best >= low, AnchorState.IGNORED, AnchorState.NEGATIVE)
    expected = np.where(forced, AnchorState.FORCED, expected)
    expected = np.where(best >= high, AnchorState.POSITIVE, expected)
    state, overlap = anchors.matches(boxes, *PLACE, instances, matching)
    assert state.tolist() == expected.tolist()
    assert np.allclose(overlap, best)


def test_crowds_and_nothing_at_all_leave_anchors_negative() -> None:
    boxes = np.array([[0, 0, 40, 40], [100, 100, 120, 120]], np.float32)
    for instances in ([], [square("a", 0, 0, 20, crowd=True)], [square("b", 900, 900, 5)]):
        state, overlap = anchors.matches(boxes, *PLACE, instances, (0.7, 0.3))
        assert set(state.tolist()) == {AnchorState.NEGATIVE}
        assert overlap.max() == 0


def test_matching_stops_when_it_is_asked_to() -> None:
    def stop() -> None:
        raise TimeoutError

    one = [square("a", 0, 0, 9)]
    with pytest.raises(TimeoutError):
        anchors.matches(np.zeros((1, 4), np.float32), *PLACE, one, (0.7, 0.3), stop)


@pytest.mark.parametrize("matching", NETWORKS)
def test_colours_and_legend_follow_the_thresholds_of_the_model(
    matching: tuple[float, float],
) -> None:
    """The same boxes, in the colours that this model's own thresholds give them."""
    trace = case(0).trace
    later = anchors.draw(
        Look(trace, Options(anchor_colour="match"), instances=case(0).instances, matching=matching)
    )
    assert isinstance(later, Later)
    shown = later.make(lambda: None)
    assert isinstance(shown, AnchorsShown)
    place = (trace.input.scale, trace.input.image_size)
    state, _ = anchors.matches(trace.anchors.boxes, *place, case(0).instances, matching)
    for each, colour in anchors.MATCHES.items():
        assert (shown.colours[state == each][:, :3] == colour).all()
    words = [str(line.text) for line in shown.legend if isinstance(line, Entry)]
    high, low = matching
    assert words == [
        f"positive: IoU {high:g} and more",
        "forced: the best for an instance",
        f"ignored: IoU {low:g} to {high:g}",
        f"negative: IoU below {low:g}, without boxes",
    ]
