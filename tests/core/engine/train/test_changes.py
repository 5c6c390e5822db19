from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.engine.evaluate import Evaluator
from core.engine.predict import Prediction
from core.engine.train.changes import change_of, find
from core.learning.frozen import FrozenImage
from core.learning.seen import Outcome
from tests.core.learning.making import square

TRUTHS = (square("a", 10, 10, 20), square("b", 60, 10, 20))


def image(tmp_path, *more):
    return FrozenImage("i.png", tmp_path / "i.png", 1, 100, 60, (*TRUTHS, *more))


def prediction(*boxes, label="square"):
    """Detections whose masks fill their boxes: x, y, size, score."""
    count = len(boxes)
    corners = np.array([(x, y, x + s, y + s) for x, y, s, _ in boxes], np.float32).reshape(-1, 4)
    return Prediction(
        width=100,
        height=60,
        boxes=corners,
        labels=np.ones(count, np.int64),
        label_names=(label,) * count,
        scores=np.array([score for *_, score in boxes], np.float32),
        mask_probs=np.ones((count, 28, 28), np.float32),
        mask_boxes=corners,
        instances=tuple(square(f"d{k}", x, y, s) for k, (x, y, s, _) in enumerate(boxes)),
        instance_detections=tuple(range(count)),
        trace=None,
        ms={},
    )


def test_found_missed_and_false_ones_are_counted(tmp_path):
    seen = prediction((10, 10, 20, 0.9), (35, 30, 20, 0.8), (60, 10, 20, 0.3))
    found = find(image(tmp_path), seen, 0.5, known=True)
    assert found.ids == {"a"}
    assert found.false == 1
    assert found.quality == pytest.approx(1 / (1 + 0.5 + 0.5), abs=0.05)


def test_another_label_counts_only_where_the_model_does_not_know_the_label(tmp_path):
    seen = prediction((10, 10, 20, 0.9), label="cell")
    assert find(image(tmp_path), seen, 0.5, known=True).ids == frozenset()
    assert find(image(tmp_path), seen, 0.5, known=False).ids == {"a"}


def test_detections_in_an_ignored_area_are_not_false(tmp_path):
    crowd = replace(square("c", 30, 30, 25), crowd=True)
    found = find(image(tmp_path, crowd), prediction((33, 33, 18, 0.9)), 0.5, known=True)
    assert found.false == 0


def test_detections_outside_of_all_finished_regions_are_not_false(tmp_path):
    seen = prediction((10, 10, 20, 0.9), (35, 35, 18, 0.8), (75, 30, 20, 0.7))
    parts = replace(image(tmp_path), regions=(square("r", 0, 0, 30).polygons,))
    assert find(parts, seen, 0.5, known=True).false == 0
    parts = replace(image(tmp_path), regions=(square("r", 0, 0, 60).polygons,))
    assert find(parts, seen, 0.5, known=True).false == 1


def test_each_detection_says_what_it_found(tmp_path):
    crowd = replace(square("c", 30, 30, 25), crowd=True)
    boxes = ((10, 10, 20, 0.9), (33, 33, 18, 0.8), (0, 40, 10, 0.7), (60, 10, 20, 0.4))
    seen = find(image(tmp_path, crowd), prediction(*boxes), 0.5, known=True).seen
    assert [(one.instance.id, one.outcome, one.found) for one in seen] == [
        ("d0", Outcome.FOUND, "a"),
        ("d1", Outcome.IGNORED, ""),
        ("d2", Outcome.FALSE, ""),
    ]


def test_a_change_names_what_was_gained_and_lost(tmp_path):
    before = find(image(tmp_path), prediction((10, 10, 20, 0.9)), 0.5, known=True)
    after = find(image(tmp_path), prediction((60, 10, 20, 0.9)), 0.5, known=True)
    change = change_of(image(tmp_path), before, after)
    assert (change.gained, change.lost) == (("b",), ("a",))


def test_figures_by_label_and_by_size():
    evaluator = Evaluator(("square", "disc"))
    truths = (square("a", 10, 10, 20), square("b", 50, 10, 40, "disc"))
    evaluator.add(truths, prediction((10, 10, 20, 0.9)))
    parts = evaluator.breakdown()
    assert parts["by_label"]["square"]["mask"]["AP50"] == pytest.approx(1.0)
    assert parts["by_label"]["disc"]["mask"]["AP50"] == 0.0
    assert set(parts["by_size"]) == {"small", "medium"}
    assert parts["by_size"]["small"]["box"]["AP50"] == pytest.approx(1.0)
    assert parts["by_size"]["medium"]["box"]["AP50"] == 0.0
