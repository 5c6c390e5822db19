"""What the training view shows of a replayed step is what the step holds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.engine.lens_training import replay
from core.lens.boxes import iou
from core.lens.target_steps import StepName
from core.lens.training_view import AnchorState
from core.lens.views.base import Scene
from core.lens.views.marks import ArrowsShown, BoxesShown, PictureShown
from core.lens.views.table import Table
from core.lens.views.training import ANYWHERE, LAYERS, PLACES, describe, losses_of, tiles
from core.lens.views.training.anchors import STATES
from core.lens.views.training.replayed import Replayed, TrainingLook, narrowed, replayed
from tests.core.lens.cases import case

SEED = 3


@cache
def found() -> Replayed:
    one = case(SEED)
    instances = tuple(each for each in one.instances if each.label != "roof")[:12]
    return replayed(one.trace, replay(one.predictor, one.rerunner, instances, 1), instances)


def column(table: Table, title: str) -> np.ndarray:
    (one,) = [each for each in table.columns if str(each.title) == title]
    return one.values


def drawn(place: str, layer: str, **look: object) -> BoxesShown | None:
    make = PLACES[place].draw.get(layer)
    shown = None if make is None else make(TrainingLook(found(), place, **look))
    assert shown is None or isinstance(shown, BoxesShown)
    return shown


@pytest.mark.parametrize("place", list(PLACES))
def test_each_row_stands_for_a_box_of_its_size(place: str) -> None:
    table = PLACES[place].table(found())
    assert len(set(table.index.tolist())) == len(table.index)
    for row, number in list(enumerate(table.index.tolist()))[:: max(1, len(table.index) // 20)]:
        x0, y0, x1, y1 = found().box(number)
        assert column(table, "Width")[row] == pytest.approx(x1 - x0, abs=1e-3)
        assert column(table, "Height")[row] == pytest.approx(y1 - y0, abs=1e-3)
        assert str(describe(found(), number))


@pytest.mark.parametrize("place", list(PLACES))
def test_boxes_lie_where_their_numbers_say_and_a_filter_leaves_its_own(place: str) -> None:
    table = PLACES[place].table(found())
    for layer in ("train_anchors", "train_rois"):
        shown = drawn(place, layer, most=10_000)
        if shown is None:
            continue
        index = np.concatenate([group.index for group in shown.groups])
        assert all(found().is_roi(n) == (layer == "train_rois") for n in index.tolist())
        for group in shown.groups:
            assert np.allclose(group.boxes, [found().box(n) for n in group.index.tolist()])
        only = table.index[::2]
        left = [n for group in narrowed(shown, only).groups for n in group.index.tolist()]
        assert sorted(left) == sorted(n for n in index.tolist() if n in only)


def test_the_shares_of_the_items_sum_to_the_losses() -> None:
    view = found().view
    # Items have them in the order objectness, RPN box, class, box, mask.
    assert np.allclose(found().losses.sum(axis=0), view.losses[[3, 4, 0, 1, 2]], rtol=1e-4)
    table = PLACES["losses"].table(found())
    assert np.allclose(column(table, "Loss"), found().losses.sum(axis=1))
    for row, number in enumerate(table.index.tolist()):
        assert losses_of(found(), number) == found().losses[row].tolist()
    outside = next(n for n in range(10_000) if n not in set(table.index.tolist()))
    assert losses_of(found(), outside) is None


def test_states_of_anchors_follow_the_rules_of_the_model() -> None:
    """The colours of the drawn anchors agree with their overlap, whatever the thresholds are."""
    view, high = found().view, found().view.rules.rpn_foreground_iou
    shown = drawn("anchor_draw", "train_anchors")
    assert shown is not None
    labels = view.boxes
    for group in shown.groups:
        (state,) = [s for s, look in STATES.items() if look == (group.colour, group.style)]
        for number in group.index.tolist():
            best = float(iou(labels, found().trace.anchors.boxes[number]).max(initial=0))
            if state is AnchorState.POSITIVE:
                assert best >= high - 1e-5
            elif state is AnchorState.FORCED:
                assert best < high + 1e-5


def test_arrows_lead_to_the_box_of_the_instance_and_to_the_chosen_one_alone() -> None:
    every = PLACES[StepName.DELTAS].draw["train_arrows"](TrainingLook(found(), StepName.DELTAS))
    assert isinstance(every, ArrowsShown)
    view = found().view
    assert len(every.before) == len(view.positive_rois) > 1
    number = int(view.rois[view.positive_rois[1]]) + found().first_roi
    look = TrainingLook(found(), StepName.DELTAS, chosen=number)
    one = PLACES[StepName.DELTAS].draw["train_arrows"](look)
    assert isinstance(one, ArrowsShown)
    assert one.before.tolist() == [list(found().box(number))]
    assert one.after.tolist() == [every.after[1].tolist()]


def test_the_mask_target_is_that_of_the_chosen_box_and_else_the_costliest() -> None:
    view, target = found().view, ANYWHERE["train_target"]
    rows = view.positive_rois
    for row in (0, int(view.mask.argmax())):
        number = int(view.rois[rows[row]]) + found().first_roi
        shown = target(TrainingLook(found(), "losses", chosen=number))
        assert isinstance(shown, PictureShown)
        wanted = (np.clip(view.mask_targets[row], 0, 1) * 200).astype(np.uint8)
        assert np.array_equal(shown.picture.pixels[..., 3], wanted)
    costliest = target(TrainingLook(found(), StepName.MASKS))
    assert isinstance(costliest, PictureShown)
    assert np.array_equal(costliest.picture.pixels, shown.picture.pixels)
    assert target(TrainingLook(found(), "losses")) is None


def test_each_place_has_layers_words_and_a_count() -> None:
    for place in PLACES.values():
        assert set(place.draw) <= set(LAYERS)
        assert str(place.title)
        assert place.count(found()) >= 0
        assert place.sentence(found()).id.startswith("lens.")
    pixels = np.zeros((*found().trace.input.image_size, 3), np.uint8)
    scene = Scene(found().trace, pixels, (0.5,) * 3, (0.5,) * 3)
    assert len(tiles(scene, found().view, {each.id: each for each in found().instances})) == 4
