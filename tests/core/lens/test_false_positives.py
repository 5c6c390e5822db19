"""Which instance a detection stands for, and what is wrong with one that stands for none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from core.document.instance import Instance, Polygon
from core.document.runs import encode
from core.lens.false_positives import Kind, Matching, false_positives, kind_of, match
from core.lens.reading import Reading
from core.lens.settings import StageSettings
from core.lens.trace import Anchors

SIDE = 40


def square(x0: int, x1: int) -> tuple[Polygon, ...]:
    """Ten pixels high, from column to column."""
    return (Polygon(((x0, 0), (x1, 0), (x1, 10), (x0, 10))),)


def labelled(label: str, x0: int, x1: int, *, crowd: bool = False) -> Instance:
    return Instance(f"{label} {x0}", label, square(x0, x1), crowd=crowd)


def reading(labels: Sequence[int]) -> Reading:
    """Detections of these labels, strongest first; of the rest only what is looked at."""
    count, nothing = len(labels), np.zeros(0)
    names = "anchors logits decoded anchor_fate anchor_suppressor proposals proposal_anchor"
    empty: dict[str, Any] = dict.fromkeys(f"{names} boxes fate suppressor".split(), nothing)
    return Reading(
        settings=StageSettings(),
        class_names=("cat", "dog"),
        size=(SIDE, SIDE),
        image_size=(SIDE, SIDE),
        grid=Anchors(nothing, (), (), 1),
        label=np.array(labels),
        score=np.linspace(0.9, 0.5, count).astype(np.float32),
        detections=np.arange(count),
        mask=lambda *_: {},
        **empty,
    )


def runs(*spans: tuple[int, int]) -> list[Any]:
    return [encode(square(*span), SIDE, SIDE).to_json() for span in spans]


def test_an_instance_is_found_once_by_the_strongest_and_from_a_half_on() -> None:
    truth = [labelled("cat", 0, 10), labelled("cat", 20, 30), labelled("cat", 32, 40)]
    # Of IoU 1 and 1 with the first, exactly a half with the second, less with the third.
    found = match(reading([1] * 4), truth, runs((0, 10), (0, 10), (20, 25), (32, 35)))
    assert found.instance.tolist() == [0, -1, 1, -1]
    assert not found.in_crowd.any()
    wrong = false_positives(reading([1] * 4), truth, runs((0, 10), (0, 10), (20, 25), (32, 35)))
    assert [(each.detection, each.kind, each.iou) for each in wrong] == [
        (1, Kind.DUPLICATE, 1.0),
        (3, Kind.POOR_BOX, 3 / 8),
    ]


def test_half_of_it_in_a_crowd_counts_neither_way() -> None:
    truth = [labelled("cat", 0, 10, crowd=True), labelled("cat", 30, 40)]
    spans = runs((5, 15), (6, 16))
    found = match(reading([1, 1]), truth, spans)
    assert found.in_crowd.tolist() == [True, False]
    assert [each.detection for each in false_positives(reading([1, 1]), truth, spans)] == [1]


def test_a_label_that_the_model_does_not_know_is_right_for_any() -> None:
    truth = [labelled("roof", 0, 10), labelled("dog", 20, 30)]
    found = match(reading([1, 1]), truth, runs((0, 10), (20, 30)))
    assert found.right.tolist() == [[True, False], [True, False]]
    assert found.instance.tolist() == [0, -1]


@pytest.mark.parametrize(
    ("own", "other", "kind"),
    [
        (0.1, 0.9, Kind.POOR_BOX),  # asked first
        (0.49, 0.0, Kind.POOR_BOX),
        (0.09, 0.5, Kind.WRONG_CLASS),
        (0.5, 0.5, Kind.WRONG_CLASS),
        (0.5, 0.49, Kind.DUPLICATE),
        (0.09, 0.09, Kind.BACKGROUND),
        (0.09, 0.1, Kind.POOR_BOX_AND_WRONG_CLASS),
        (0.0, 0.49, Kind.POOR_BOX_AND_WRONG_CLASS),
    ],
)
def test_kinds_by_their_limits(own: float, other: float, kind: Kind) -> None:
    right = np.array([[True, False]])
    found = Matching(np.array([[own, other]]), right, np.array([-1]), np.array([False]))
    assert kind_of(found, 0)[0] is kind
