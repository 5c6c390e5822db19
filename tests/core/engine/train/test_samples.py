from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.codec import builtins
from core.document.instance import Polygon
from core.engine.config import ModelConfig
from core.engine.targets import leave_out
from core.engine.train.mixing import paste
from core.engine.train.plan import PLAN, Plan, make_plan
from core.engine.train.sample import Sample, make_sample
from core.engine.train.stream import Stream, batches
from core.engine.train.window import masks_of
from core.learning.errors import LearningError
from core.learning.frozen import FrozenLabels
from core.learning.spec import RunSpec
from core.storage.images import read_image
from tests.core.learning.making import labelled_image, make_run

CONFIG = ModelConfig(class_names=("square",), min_size=96, max_size=192)


def plan(**changes) -> Plan:
    made = make_plan(
        RunSpec("m", "d"),
        CONFIG,
        images=20,
        objects=500,
        new_network=False,
        device="cpu",
        dtype="float32",
        threads=1,
    )
    return replace(made, side=96, **changes)


def sample_of(image, seed=0, **changes) -> Sample:
    rng = np.random.default_rng(seed)
    return make_sample(image, read_image(image.path).pixels, CONFIG, plan(**changes), rng)


STILL = {"flip": False, "rotate": False, "colour": False, "scale": 1.0}


def test_an_unchanged_sample_is_the_image_as_the_network_sees_it(tmp_path):
    image = labelled_image(tmp_path, 1)
    sample = sample_of(image, **STILL)
    assert sample.image.shape == (3, 96, 96)
    boxes = sample.target()["boxes"].numpy()
    true = [
        [x * 1.5 for x in (*o.polygons[0].outer[0], *o.polygons[0].outer[2])] for o in image.objects
    ]
    np.testing.assert_allclose(boxes, true, atol=1.0)


@pytest.mark.parametrize("seed", range(8))
def test_masks_follow_the_pixels_through_every_change(tmp_path, seed):
    image = labelled_image(tmp_path, seed)
    sample = sample_of(image, seed, rotate=True, colour=False)
    bright = sample.image.mean(0) > 0.4
    covered = sample.masks.bool().any(0) | sample.ignore
    assert len(sample.masks) == len(sample.labels) > 0
    assert (bright == covered).float().mean() > 0.95
    boxes = sample.target()["boxes"]
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert boxes.min() >= 0
    assert boxes.max() <= 96


def test_a_sample_can_be_made_again(tmp_path):
    image = labelled_image(tmp_path, 1)
    one, two, other = sample_of(image, 5), sample_of(image, 5), sample_of(image, 6)
    assert torch.equal(one.image, two.image)
    assert torch.equal(one.masks, two.masks)
    assert one.image.shape != other.image.shape or not torch.equal(one.image, other.image)


def test_crowds_and_what_lies_outside_finished_regions_are_ignored(tmp_path):
    image = labelled_image(tmp_path, 1)
    crowd = replace(image.instances[0], crowd=True)
    sample = sample_of(replace(image, instances=(crowd, *image.instances[1:])), **STILL)
    assert len(sample.masks) == 3
    assert sample.ignore.float().mean() == pytest.approx(
        (crowd.polygons[0].outer[2][0] - crowd.polygons[0].outer[0][0]) ** 2 / 64**2, abs=0.02
    )
    half = Polygon(((0, 0), (32, 0), (32, 64), (0, 64)))
    sample = sample_of(replace(image, regions=((half,),)), **STILL)
    assert not sample.ignore[:, :48].any()
    assert sample.ignore[:, 48:].all()


def test_instances_cut_off_by_most_are_neither_object_nor_background():
    mask = torch.zeros(1, 20, 20, dtype=torch.uint8)
    mask[0, :3, :3] = 1
    from core.engine.train.sample import drop_unseen

    sample = Sample(torch.zeros(3, 20, 20), mask, torch.ones(1).long(), torch.zeros(20, 20).bool())
    kept = drop_unseen(sample, torch.tensor([20.0]))
    assert len(kept.masks) == 1
    cut = drop_unseen(sample, torch.tensor([200.0]))
    assert len(cut.masks) == 0
    assert int(cut.ignore.sum()) == 9


def test_background_in_an_ignored_area_does_not_count():
    area = torch.zeros(40, 40, dtype=torch.bool)
    area[:, 20:] = True
    boxes = torch.tensor([[0, 0, 10, 10], [25, 5, 35, 15], [15, 0, 24, 9], [30.0, 0, 40, 10]])
    label = torch.tensor([0.0, 0, 0, 1])
    assert leave_out(label, boxes, area).tolist() == [0, -1, 0, 1]


def test_pasted_instances_hide_what_they_cover(tmp_path):
    onto = sample_of(labelled_image(tmp_path, 1), **STILL)
    donor = sample_of(labelled_image(tmp_path, 2), **STILL)
    mixed = paste(onto, donor, np.random.default_rng(0))
    assert int(mixed.masks.sum(0).max()) == 1
    assert len(mixed.masks) == len(mixed.labels)
    changed = (mixed.image != onto.image).any(0)
    assert changed.any()
    assert not (changed & ~mixed.masks.bool().any(0)).any()


def test_masks_keep_holes():
    ring = ((2.0, 2.0), (18.0, 2.0), (18.0, 18.0), (2.0, 18.0))
    hole = ((6.0, 6.0), (14.0, 6.0), (14.0, 14.0), (6.0, 14.0))
    masks = masks_of([(Polygon(ring, (hole,)),)], 20, 20)
    assert masks[0, 10, 10] == 0
    assert int(masks.sum()) == 16 * 16 - 8 * 8


def test_batches_depend_on_the_step_alone_also_with_threads(tmp_path):
    labels = make_run(tmp_path, tmp_path / "m").labels()
    chosen = plan(steps=6, batch=2, copy_paste=0.5)
    plain = list(batches(Stream(labels, CONFIG, pytest.fail), 0, chosen, 0))
    ahead = list(batches(Stream(labels, CONFIG, pytest.fail), 2, chosen, 3))
    assert len(plain) == 6
    for one, two in zip(plain[2:], ahead, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.images, two.images, strict=True))


def test_an_epoch_sees_every_image_once(tmp_path):
    labels = make_run(tmp_path, tmp_path / "m").labels()
    from core.engine.train.stream import _place

    numbers = labels.numbers(held_out=False)
    for epoch in range(4):
        seen = [_place(numbers, epoch * 3 + k, seed=1) for k in range(3)]
        assert sorted(seen) == numbers


def test_images_that_vanish_are_named_once_and_the_others_go_on(tmp_path):
    labels = make_run(tmp_path, tmp_path / "m").labels()
    problems = []
    stream = Stream(labels, CONFIG, problems.append)
    (tmp_path / "images" / "000.png").unlink()
    for step in range(4):
        stream.batch(step, plan(batch=2))
    assert len(problems) == 1
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    fresh = Stream(FrozenLabels(labels.path), CONFIG, problems.append)
    with pytest.raises(LearningError, match="None of the images"):
        fresh.batch(0, plan())


def test_the_plan_grows_with_the_data_and_gives_way_to_choices():
    from core.learning.schedule import phases_for, steps_for

    assert steps_for(5) < steps_for(60) < steps_for(300) <= 1500
    assert max(s for s, _ in phases_for(5, 50)) <= max(s for s, _ in phases_for(500, 5000))
    assert phases_for(5, 50)[0][0] == 0
    smaller = plan(batch=4).smaller()
    assert smaller is not None
    assert smaller.batch == 2
    assert replace(plan(), batch=1, side=128).smaller() is None
    assert PLAN.convert(builtins(plan())) == plan()
