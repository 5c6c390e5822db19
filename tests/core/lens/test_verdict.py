"""Verdicts agree with the brute-force oracle, and what they offer works."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from pycocotools import mask as coco_mask

from core.document.instance import Instance, Polygon
from core.document.runs import encode
from core.engine.annotations import to_annotations
from core.engine.paste import run_length
from core.lens.life import CUTS
from core.lens.reading import read
from core.lens.trace import to_numpy
from core.lens.verdict import judge, life_in
from tests.core.lens.cases import case
from tests.core.lens.oracle import Oracle, cut_after

SEEDS = range(9)
TRIED = range(1, 8)


@cache
def oracle_of(seed):
    """What the oracle says of each instance of a case: alive behind each cut, and lost where."""
    oracle = Oracle(case(seed).trace)
    lives = [oracle.alive(each) for each in case(seed).instances]
    return [(alive, cut_after(alive)) for alive in lives]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_verdict_agrees_with_the_oracle(seed):
    one = case(seed)
    reading = read(one.trace, run_length)
    for instance, (alive, lost_at) in zip(one.instances, oracle_of(seed), strict=True):
        verdict = judge(reading, instance)
        assert list(verdict.life.alive) == alive
        assert verdict.cut == lost_at


def test_a_verdict_has_the_mask_iou_that_the_model_is_measured_by():
    one = case(7)  # masks led by colours, at a threshold of 0.62
    prediction = one.predictor.predict(one.pixels, one.trace.settings)
    found = to_annotations(prediction, 0, 1, one.trace.settings.mask)
    found = [(each["segmentation"], prediction.label_names[k]) for k, each in enumerate(found)]
    reading, high = read(one.trace, run_length), 0
    for instance in one.instances:
        of_label = [runs for runs, label in found if label == instance.label]
        if instance.label not in reading.class_names:
            of_label = [runs for runs, _ in found]
        truth = encode(instance.polygons, *reading.image_size[::-1]).to_json()
        best = coco_mask.iou(of_label, [truth], [0]).max() if of_label else 0.0
        verdict = judge(reading, instance)
        assert verdict.evidence.best_mask_iou == best
        high += best > 0.3
        if verdict.detection is not None:  # that of the best mask found it
            runs, _ = found[verdict.detection]
            assert coco_mask.iou([runs], [truth], [0]).item() == best
    assert high >= 5


def test_the_cases_lose_instances_at_every_cut_and_find_some():
    lost = Counter()
    for seed in SEEDS:
        lost.update(lost_at for _alive, lost_at in oracle_of(seed))
    assert set(lost) == {*CUTS, None}
    assert sum(lost.values()) - lost[None] >= 350


@cache
def remedied(seed):
    """The verdicts on some instances of a case, with settings tried."""
    one = case(seed)
    reading = read(one.trace, run_length)
    return [judge(reading, each, rerun=one.rerunner.reading) for each in one.instances[:12]]


@pytest.mark.parametrize("seed", TRIED)
def test_a_setting_that_is_offered_brings_the_instance_past_the_cut(seed):
    one = case(seed)
    checked = [verdict for verdict in remedied(seed) if verdict.remedy is not None][:3]
    assert checked
    for verdict in checked:
        setting = verdict.remedy.setting
        changed = one.trace.settings.with_(**{setting.name: setting.value})
        full = to_numpy(one.predictor.predict(one.pixels, changed, keep_trace=True).trace)
        life = life_in(read(full, run_length), verdict.instance)
        assert life.past(verdict.cut)
        assert life.lost_at == verdict.remedy.then
        assert Oracle(full).lost_at(verdict.instance) == verdict.remedy.then


def test_a_setting_is_offered_wherever_one_could_help():
    """The cuts that a threshold makes always have an offer; the others never."""
    offered, cuts = Counter(), Counter()
    for verdict in (verdict for seed in TRIED for verdict in remedied(seed)):
        cuts[verdict.cut] += 1
        offered[verdict.cut] += verdict.remedy is not None
    for cut in ("rpn_small", "rpn_nms", "proposal_limit", "score", "nms", "detection_limit"):
        assert offered[cut] == cuts[cut], cut
    assert offered["anchors"] == offered["box_head"] == offered[None] == 0


def test_an_instance_outside_the_image_is_lost_at_the_anchors():
    reading = read(case(0).trace, run_length)
    away = Instance("a", "cat", (Polygon(((-90, -90), (-50, -90), (-50, -50))),))
    verdict = judge(reading, away)
    assert verdict.cut == "anchors"
    assert verdict.evidence.best_anchor_iou == 0


def test_without_a_rerun_nothing_is_offered():
    reading = read(case(0).trace, run_length)
    assert all(judge(reading, instance).remedy is None for instance in case(0).instances)
