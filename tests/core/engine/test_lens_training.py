"""The training view: the same draw and losses as torchvision's, told item by item."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import box_iou

from core.document.geometry import area
from core.document.instance import Instance, Polygon
from core.engine.jobs import Job, JobStopped
from core.engine.lens_rerun import Rerunner
from core.engine.lens_training import Lesson, lesson, replay
from core.engine.predict import Predictor
from core.engine.serve_lens import LensAnswers
from core.lens.target_steps import StepName, labels, overlaps, target_steps
from core.lens.training import LOSSES
from core.lens.training_view import AnchorState, Omitted, TrainingView
from core.lens.training_words import anchors_matched
from core.protocol import CancelReason, MessageReader, encode
from core.protocol.messages.lens_training import TrainLens
from core.sentences import english
from tests.core.engine.networks import SMALL, loaded, picture


def box(id: str, label: str, x: float, y: float, w: float, h: float, **more: object) -> Instance:
    ring = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
    return Instance(id, label, (Polygon(ring),), **more)


INSTANCES = (
    box("a", "cat", 10, 12, 34, 28),
    box("b", "dog", 60, 30, 25, 40),
    box("c", "bird", 100, 5, 12, 12),
    box("d", "cat", 62, 34, 30, 30),
)


@cache
def traced() -> tuple[Predictor, Rerunner]:
    predictor = Predictor(loaded(), device="cpu", precision="float32")
    trace = predictor.predict(picture(), keep_trace=True).trace
    return predictor, Rerunner(predictor, trace)


def view_of(*instances: Instance, seed: int = 3) -> TrainingView:
    return replay(*traced(), instances or INSTANCES, seed)


@pytest.fixture(scope="module")
def view() -> TrainingView:
    return view_of()


def learned() -> Lesson:
    taught = {name: name for name in SMALL.class_names}
    return lesson(INSTANCES, SMALL.class_names, taught, traced()[1].trace.input)


def torchvision_says(seed: int) -> tuple[dict[str, float], list[torch.Tensor]]:
    """Losses and samples of torchvision's own modules on the same maps and labels."""
    predictor, rerunner = traced()
    model, trace, what = predictor.module, rerunner.trace, learned()
    target = {
        "boxes": torch.from_numpy(what.boxes),
        "labels": torch.tensor(what.classes),
        "masks": torch.from_numpy(np.stack([what.mask(n) for n in range(4)]).astype(np.uint8)),
    }
    names = ("0", "1", "2", "3", "pool")
    maps = {name: level[None] for name, level in zip(names, trace.pyramid.maps, strict=True)}
    images = ImageList(trace.input.tensor[None], [trace.input.size])
    drawn: list[torch.Tensor] = []
    hooks = [model.rpn.fg_bg_sampler, model.roi_heads.fg_bg_sampler]
    for holder, sampler in zip((model.rpn, model.roi_heads), hooks, strict=True):

        def noting(given, sampler=sampler):
            positive, negative = sampler(given)
            drawn.extend((torch.where(positive[0])[0], torch.where(negative[0])[0]))
            return positive, negative

        holder.fg_bg_sampler = noting
    model.rpn.training = model.roi_heads.training = True
    try:
        torch.manual_seed(seed)
        with torch.inference_mode():
            boxes, first = model.rpn(images, maps, [target])
            _, second = model.roi_heads(maps, boxes, [trace.input.size], [target])
    finally:
        model.rpn.training = model.roi_heads.training = False
        model.rpn.fg_bg_sampler, model.roi_heads.fg_bg_sampler = hooks
    return {name: float(value) for name, value in {**first, **second}.items()}, drawn


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_losses_and_samples_are_torchvisions(seed: int) -> None:
    found = view_of(seed=seed)
    wanted, drawn = torchvision_says(seed)
    for name, loss in zip(LOSSES, found.losses, strict=True):
        assert loss == np.float32(wanted[name]), name
    assert np.array_equal(found.positive, drawn[0].numpy())
    assert np.array_equal(found.negative, drawn[1].numpy())
    both = torch.cat(drawn[2:]).sort().values.numpy()
    assert np.array_equal(np.sort(found.rois), both)


def test_a_model_in_lower_precision_is_replayed_in_it() -> None:
    predictor = Predictor(loaded(), device="cpu", precision="bf16")
    trace = predictor.predict(picture(), keep_trace=True).trace
    assert trace is not None
    found = replay(predictor, Rerunner(predictor, trace), INSTANCES, 3)
    assert np.isfinite(found.losses).all()
    assert found.losses.sum() == pytest.approx(float(view_of().losses.sum()), rel=0.2)


def test_shares_sum_to_the_losses(view: TrainingView) -> None:
    shares = (view.classifier, view.box_reg, view.mask, view.objectness, view.rpn_box_reg)
    for share, loss in zip(shares, view.losses, strict=True):
        assert share.sum() == pytest.approx(float(loss), rel=1e-5)
    assert len(view.objectness) == len(view.positive) + len(view.negative)
    assert len(view.rpn_box_reg) == len(view.positive) > 0
    assert len(view.mask) == len(view.positive_rois) > 0


def test_a_seed_gives_the_same_draw_and_leaves_torchs_own_alone() -> None:
    torch.manual_seed(9)
    before = torch.rand(1)
    torch.manual_seed(9)
    first, other, again = view_of(seed=1), view_of(seed=2), view_of(seed=1)
    assert torch.equal(torch.rand(1), before)
    assert np.array_equal(first.negative, again.negative)
    assert np.array_equal(first.rois, again.rois)
    assert np.array_equal(first.losses, again.losses)
    assert not np.array_equal(first.negative, other.negative)


def test_the_steps_in_numpy_agree_with_the_draw(view: TrainingView) -> None:
    found = {step.name: step for step in target_steps(view)}
    overlap = overlaps(view)
    exact = box_iou(torch.from_numpy(view.pool), torch.from_numpy(view.boxes)).numpy()
    assert np.array_equal(overlap, exact)
    assert np.array_equal(labels(view, overlap), view.pool_label)
    best = overlap.argmax(axis=1)
    objects = np.flatnonzero(view.pool_label > 0)
    assert np.array_equal(best[objects], view.pool_match[objects])
    assert found[StepName.JOINED].count == len(view.pool) == view.proposals + 4
    positives = found[StepName.POSITIVES].count
    assert positives + found[StepName.NEGATIVES].count == len(view.pool)
    assert positives >= 4  # each instance's own box fits it
    sample = found[StepName.SAMPLE]
    assert sample.count == min(512, len(view.pool))
    assert sum(len(each.index) for each in sample.boxes) == sample.count
    assert found[StepName.MATCH].count == len(view.mask)
    before, after = found[StepName.DELTAS].pairs
    coder = traced()[0].module.roi_heads.box_coder
    deltas = coder.encode_single(torch.from_numpy(after), torch.from_numpy(before))
    assert np.array_equal(deltas.numpy(), view.roi_deltas[view.positive_rois])
    assert all(english(step.sentence) for step in found.values())


def test_mask_targets_laid_back_keep_most_of_a_rectangle(view: TrainingView) -> None:
    what, size = learned(), traced()[1].trace.input.size
    own = [n for n, row in enumerate(view.positive_rois) if view.rois[row] >= view.proposals]
    assert own
    for place in own:
        row = view.positive_rois[place]
        mask = what.mask(int(view.roi_match[row]))
        laid = (
            paste_masks_in_image(
                torch.from_numpy(view.mask_targets[place])[None, None],
                torch.from_numpy(view.pool[view.rois[row]])[None],
                size,
            )[0, 0].numpy()
            >= 0.5
        )
        iou = (laid & mask).sum() / (laid | mask).sum()
        assert view.mask_kept[place, 0] == pytest.approx(iou, abs=1e-6)
        assert view.mask_kept[place, 0] > 0.8
        assert view.mask_kept[place, 2] == 0
    assert np.all(view.mask_kept[:, 1] > 0.8)
    assert np.all(view.mask_kept[:, 0] <= 1.1 - view.mask_kept[:, 2])


def test_anchors_are_told_by_state(view: TrainingView) -> None:
    state = view.near_state()
    assert set(view.positive) <= set(view.near[view.near_label > 0])
    assert not set(view.negative) & set(view.near)
    fits = state == AnchorState.POSITIVE
    assert np.all(view.near_overlap[fits] >= 0.7)
    forced = state == AnchorState.FORCED
    assert np.all(view.near_overlap[forced] < 0.7)
    assert (fits | forced).sum() > 0
    first = int(view.near[0])
    assert view.anchor_match(first) == view.near_match[0]
    assert view.anchor_overlap(first) == view.near_overlap[0]
    assert view.anchor_match(int(view.negative[0])) == -1


def test_instances_without_an_anchor_of_their_own_are_counted(view: TrainingView) -> None:
    matched = set(view.near_match[view.near_label > 0].tolist())
    assert dict(anchors_matched(view).args)["alone"] == 4 - len(matched)
    # A forced anchor goes to the instance that it overlaps most: here one takes them all.
    taken = replace(view, near_match=np.where(view.near_label > 0, 2, view.near_match))
    assert dict(anchors_matched(taken).args)["alone"] == 3


def test_what_cannot_be_taught_is_left_out_and_no_background_either() -> None:
    away = (
        box("e", "Cats!", 10, 60, 20, 20),
        box("f", "roof", 0, 0, 130, 55),
        box("g", "dog", 40, 60, 30, 20, crowd=True),
        box("h", "dog", 50, 50, 0.5, 20),
        box("i", "dog", 200, 50, 20, 20),
    )
    found = view_of(*away)
    assert found.ids == ("e",)
    assert found.classes.tolist() == [1]
    reasons = {one.id: one.reason for one in found.left_out}
    assert reasons == {
        "f": Omitted.NO_CLASS,
        "g": Omitted.CROWD,
        "h": Omitted.TOO_SMALL,
        "i": Omitted.TOO_SMALL,
    }
    assert (found.pool_label < 0).any()
    assert (found.near_state() == AnchorState.IGNORED).sum() > 100
    scale = traced()[1].trace.input.scale[1]
    anchors = traced()[1].trace.anchors.boxes.numpy()[found.negative]
    over_roof = (anchors[:, :2] >= 0).all(axis=1) & (anchors[:, 3] <= 55 * scale)
    assert not (over_roof & (anchors[:, 2] <= 130 * scale)).any()


def test_an_unknown_label_is_taught_as_what_the_model_takes_it_for() -> None:
    trace = traced()[1].trace
    outlines = trace.polygons.outlines
    seen = [n for n, score in enumerate(trace.detections.score.tolist()) if score >= 0.3]
    number = max(seen, key=lambda n: area(outlines[n]) if outlines[n] else 0.0)
    outline = outlines[number]
    found = view_of(Instance("n", "roof", outline), Instance("m", "birds", outline))
    assert found.left_out == ()
    assert found.classes.tolist() == [int(trace.detections.label[number]), 3]


def test_without_any_instance_everything_is_background() -> None:
    found = view_of(box("f", "roof", 0, 0, 10, 10))
    assert found.ids == ()
    assert len(found.positive) == 0
    assert set(found.roi_label) == {0}
    assert found.mask_targets.shape == (0, 28, 28)
    assert found.losses[LOSSES.index("loss_mask")] == 0
    assert [step.count for step in target_steps(found)][-4:] == [len(found.rois), 0, 0, 0]


def test_the_work_can_be_stopped() -> None:
    class Stop(Exception):
        pass

    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 4:
            raise Stop

    with pytest.raises(Stop):
        replay(*traced(), INSTANCES, 0, check=check)


def test_the_view_travels_whole_and_the_work_stops_when_nobody_wants_it(tmp_path: Path) -> None:
    Image.fromarray(picture()).save(tmp_path / "a.png")
    path = str(tmp_path / "a.png")
    request = TrainLens(7, "lens:train", path=path, instances=INSTANCES, seed=3)
    answers, job = LensAnswers(), Job(request, 0)
    answer = answers.train(traced()[0], request, job, lambda step, done, total: None)
    sent = [bytes(chunk) for chunk in encode(answer)]
    (heard,) = MessageReader().feed(b"".join(sent))
    found, wanted = heard.view, view_of()
    for field in fields(TrainingView):
        one, other = getattr(found, field.name), getattr(wanted, field.name)
        same = np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
        assert same, field.name
    assert sum(map(len, sent)) < 2_000_000
    job.given_up = CancelReason.ASKED
    with pytest.raises(JobStopped):
        answers.train(traced()[0], request, job, lambda step, done, total: None)
