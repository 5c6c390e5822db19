"""The starter's training in miniature, and the model file that ships."""

from __future__ import annotations

import csv
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as rle
from torchvision.models.detection import MaskRCNN

from core.engine.clicks import PREFIX
from core.engine.freezing import start_training
from core.engine.losses import draw_samples, training_pass
from core.engine.stages.numerics import FLOAT32
from core.engine.weights import load_file, save_model
from core.engine.zoo import build_model
from resources.starter import clicks
from resources.starter.__main__ import changed
from resources.starter.beginning import first_model, fit_laterals
from resources.starter.clicks import ClickRecipe
from resources.starter.credits import credits_of
from resources.starter.exchange import Exchange
from resources.starter.measure import kind_of, measure_recall, measure_unseen
from resources.starter.objective import losses_of, move, see
from resources.starter.photos import (
    COMPLETE,
    PARTIAL,
    Labelled,
    Photo,
    cut_out,
    divide,
    lay_over,
    of_scene,
    only,
    read_photos,
)
from resources.starter.pool import Batch, batch_of, batches_of, target_of, vary
from resources.starter.recipe import CONFIG, Recipe
from resources.starter.scenes import make_scene
from resources.starter.training import Inputs, Progress, learning_rate, train
from tests.models import save_tiny_model

# pycocotools has not caught up with numpy 2 where it decodes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
TINY = replace(
    Recipe(),
    steps=3,
    photos=1,
    photo_side=96,
    scenes=1,
    scene_side=64,
    fitted=4,
    save_every=2,
    held_out=1,
)
SLIM = replace(CONFIG, fpn_channels=16, box_head_width=16, mask_channels=16, min_size=128)


def photos_in(folder: Path) -> list[Photo]:
    """Two complete photos and one of a partly labelled set, drawn as scenes of three sizes."""
    sets = {"coco_full": [(80, 120), (150, 90)], "coco_person": [(100, 100)]}
    for name, sizes in sets.items():
        (folder / "images" / name).mkdir(parents=True)
        (folder / "index").mkdir(exist_ok=True)
        images, annotations = [], []
        for number, (height, width) in enumerate(sizes, start=1):
            scene = make_scene(1, number, 160)
            pixels, index = scene.pixels[:height, :width], scene.index[:height, :width]
            Image.fromarray(pixels).save(folder / "images" / name / f"{number}.png")
            size = {"height": height, "width": width, "file_name": f"{number}.png"}
            images.append({"id": number, **size})
            for value in np.unique(index[index > 0]):
                coded = rle.encode(np.asfortranarray(index == value, dtype=np.uint8))
                annotations.append({
                    "id": len(annotations) + 1, "image_id": number, "category_id": 7,
                    "iscrowd": int(value == 1), "area": int(rle.area(coded)),
                    "segmentation": {**coded, "counts": coded["counts"].decode("ascii")},
                })  # fmt: skip
        content = {"images": images, "annotations": annotations}
        content["categories"] = [{"id": 7, "name": "person"}]
        (folder / "index" / f"{name}.json").write_text(json.dumps(content))
    return read_photos(folder, ("coco_full", "coco_person"))


def run(path: Path, inputs: Inputs, steps: int = TINY.steps) -> dict[str, torch.Tensor]:
    seen: list[Progress] = []
    recipe = replace(TINY, steps=steps, fall=0.0)
    train(recipe, SLIM, path, inputs, half=False, on_progress=seen.append)
    assert [progress.step for progress in seen] == [steps]
    assert all(np.isfinite(value) for value in seen[0].losses.values())
    return load_file(path).module.state_dict()


def test_a_training_repeats_exactly_even_when_it_was_broken_off(tmp_path: Path):
    photos = photos_in(tmp_path)
    first = run(tmp_path / "a.pt", Inputs(photos))
    run(tmp_path / "b.pt", Inputs(photos), steps=2)
    again = run(tmp_path / "b.pt", Inputs(photos, resume=True))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert all(v.dtype == torch.float32 for v in first.values() if v.is_floating_point())
    loaded = load_file(tmp_path / "a.pt")
    assert loaded.extra["step"] == 3
    assert loaded.config == SLIM
    figures = measure_unseen(tmp_path / "a.pt", 2, 64)
    assert figures["instances"] > 0
    assert 0 <= figures["AP"] <= 1


def test_a_process_whose_parent_is_gone_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr("resources.starter.training.os.getppid", lambda: next(parents))
    seen: list[Progress] = []
    recipe = replace(TINY, steps=9, save_every=1)
    train(recipe, SLIM, tmp_path / "a.pt", Inputs(), half=False, on_progress=seen.append)
    assert seen == []
    assert load_file(tmp_path / "a.pt").extra["step"] == 2


def test_heads_of_another_model_are_taken_over_and_its_pyramid_is_fitted(tmp_path: Path):
    torch.manual_seed(1)
    old_config = replace(SLIM, arch="resnet18", mask_outputs="per_class")
    old = build_model(old_config).eval()
    save_model(tmp_path / "old.pt", old, old_config)
    config = replace(SLIM, mask_layers=6)
    model = first_model(TINY, config, None, tmp_path / "old.pt", [])
    assert torch.equal(model.rpn.head.cls_logits.weight, old.rpn.head.cls_logits.weight)
    theirs = old.roi_heads.mask_predictor.mask_fcn_logits.weight[-1:]
    assert torch.equal(model.roi_heads.mask_predictor.mask_fcn_logits.weight, theirs)
    rois = torch.rand(2, 16, 14, 14)
    deeper, plain = model.roi_heads.mask_head(rois), old.roi_heads.mask_head(rois)
    torch.testing.assert_close(deeper, plain)
    unlike = replace(config, fpn_channels=8)
    with pytest.raises(ValueError, match="counterpart"):
        first_model(TINY, unlike, None, tmp_path / "old.pt", [])


def test_laterals_that_can_be_found_are_found():
    torch.manual_seed(2)
    old, new = build_model(SLIM).eval(), build_model(SLIM).eval()
    new.backbone.body.load_state_dict(old.backbone.body.state_dict())
    images = iter([torch.rand(3, 128, 128) for _ in range(6)])
    explained = fit_laterals(new, old, images)
    assert len(explained) == 4
    assert min(explained[:3]) > 0.98


def test_a_step_sees_the_same_whenever_it_is_asked_and_ranks_share_it(tmp_path: Path):
    photos = photos_in(tmp_path)
    recipe = replace(TINY, photos=2, scenes=2)
    whole = batches_of(recipe, photos, 128, 5)
    again = batches_of(recipe, photos, 128, 5)
    parts = [batches_of(recipe, photos, 128, 5, rank, 2) for rank in (0, 1)]
    for kind, side in ((0, 96), (1, 64)):
        assert [image.shape[-1] for image in whole[kind].images] == [side, side]
        for rank in (0, 1):
            assert torch.equal(whole[kind].images[rank], parts[rank][kind].images[0])
            assert torch.equal(whole[kind].images[rank], again[kind].images[rank])
    later = batches_of(recipe, photos, 128, 6)
    assert not torch.equal(later[0].images[0], whole[0].images[0])


def test_what_is_not_labelled_is_background_only_where_everything_is(tmp_path: Path):
    complete, _, partial = photos_in(tmp_path)
    rng = np.random.default_rng(0)
    known, unknown = (cut_out(each, 96, 96, rng) for each in (complete, partial))
    assert unknown.unknown.all()
    assert not known.unknown.all()
    assert known.unknown.any() == bool(complete.crowds)
    torch.manual_seed(0)
    model = build_model(SLIM)
    start_training(model, SLIM, still_norms=True)
    # With half of the scene unlabelled, what the labels leave out must not be learnt from.
    batch = batch_of([unknown])
    losses = losses_of(model, SLIM, TINY, batch, FLOAT32)
    negatives = draw_negatives(model, batch)
    assert negatives == 0
    assert all(value.isfinite() for value in losses.values())
    assert draw_negatives(model, batch_of([known])) > 0


def test_a_photo_of_which_nothing_is_known_teaches_nothing():
    pixels = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    nothing = Labelled(pixels, np.zeros((0, 96, 96), bool), (), np.ones((96, 96), bool))
    model = build_model(SLIM)
    start_training(model, SLIM, still_norms=True)
    losses = losses_of(model, SLIM, TINY, batch_of([nothing]), FLOAT32)
    assert [float(value.detach()) for value in losses.values()] == [0.0] * 5
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


def draw_negatives(model: MaskRCNN, batch: Batch) -> int:
    drawn = draw_samples(model, SLIM, see(model, batch, FLOAT32), batch.targets)
    anchors = sum(len(each.negative) for each in drawn.anchors)
    return anchors + sum(int((each.label == 0).sum()) for each in drawn.rois)


def test_photos_to_measure_on_are_complete_and_never_learnt_from(tmp_path: Path):
    photos = photos_in(tmp_path)
    learned, held_out = divide(photos, 1, 3)
    assert len(held_out) == 1
    assert held_out[0].complete
    assert {id(each) for each in learned} | {id(held_out[0])} == {id(each) for each in photos}
    assert divide(photos, 1, 3)[1] == held_out
    content = only(tmp_path, held_out)
    assert [image["file_name"] for image in content["images"]] == [held_out[0].path.name]
    masks = len(held_out[0].masks) + len(held_out[0].crowds)
    assert len(content["annotations"]) == masks > 0


def test_pasted_instances_cover_what_lies_below(tmp_path: Path):
    complete, _, partial = photos_in(tmp_path)
    rng = np.random.default_rng(4)
    for _ in range(5):
        under, over = cut_out(complete, 96, 128, rng), cut_out(partial, 96, 128, rng)
        both = lay_over(under, over, 3, rng)
        assert len(both.masks) == len(both.labels)
        assert (both.masks.sum(axis=(1, 2)) > 0).all()
        # Pasted instances come last; nothing below keeps a pixel of them.
        target = target_of(both)
        assert (target["boxes"][:, 2:] > target["boxes"][:, :2]).all()
        assert (both.masks.sum(axis=0) <= 1).all()
        changed = (both.pixels != under.pixels).any(axis=2)
        assert not (changed & both.unknown & ~under.unknown).any()


def test_every_photo_has_a_row_among_the_credits(tmp_path: Path):
    (tmp_path / "index").mkdir()
    images = {
        "coco_full": [{"coco_id": 5, "coco_license": 4, "flickr_url": "http://a/b.jpg"}] * 2,
        "openimages_animals": [{"openimages_id": "e8,1"}],
    }
    for name, listed in images.items():
        (tmp_path / "index" / f"{name}.json").write_text(json.dumps({"images": listed}))
    rows = list(csv.reader(credits_of(tmp_path, tuple(images)).splitlines()))
    assert rows[1] == ["coco_full", "COCO 5", "CC BY 2.0", "http://a/b.jpg"]
    assert rows[2][:2] == ["openimages_animals", "Open Images e8,1"]
    assert len(rows) == 3
    shipped = ROOT / "resources" / "starter_credits.csv"
    kept = list(csv.reader(shipped.read_text().splitlines()))
    assert {row[0] for row in kept[1:]} == {COMPLETE, *PARTIAL}
    assert all(len(row) == 4 and row[2] != "unknown" for row in kept)


def test_boxes_are_moved_within_their_share():
    boxes = torch.tensor([[10.0, 20.0, 50.0, 120.0]]).repeat(500, 1)
    moved = move(boxes, 0.1, torch.Generator().manual_seed(0))
    sides = moved[:, 2:] - moved[:, :2]
    assert sides.min(0).values.tolist() == pytest.approx([36, 90], abs=0.5)
    assert sides.max(0).values.tolist() == pytest.approx([44, 110], abs=0.5)
    shift = (moved[:, :2] + moved[:, 2:]) / 2 - torch.tensor([30.0, 70.0])
    assert shift.abs().max(0).values.tolist() == pytest.approx([4, 10], abs=0.3)
    assert torch.equal(move(boxes, 0.0), boxes)


def test_varied_scenes_keep_their_instances():
    scene = make_scene(1, 1, 64)
    areas = sorted(np.bincount(scene.index.ravel()))
    rng = np.random.default_rng(0)
    for _ in range(10):
        varied = vary(scene, rng)
        assert sorted(np.bincount(varied.index.ravel())) == areas
        target = target_of(of_scene(varied))
        assert target["masks"].shape == (len(scene.labels), 64, 64)
        assert (target["boxes"][:, 2:] > target["boxes"][:, :2]).all()


def test_the_rate_rises_stays_and_falls():
    recipe = replace(Recipe(), steps=100, warm_up=10, fall=0.2)
    assert learning_rate(recipe, 4) == pytest.approx(0.5)
    assert learning_rate(recipe, 10) == learning_rate(recipe, 80) == 1
    assert learning_rate(recipe, 90) == pytest.approx(0.5)
    assert learning_rate(recipe, 100) == pytest.approx(0.02)
    # More steps make the plateau longer and change nothing that lies behind.
    assert learning_rate(replace(recipe, steps=200), 60) == learning_rate(recipe, 60)


def test_scores_learn_how_well_boxes_fit():
    torch.manual_seed(0)
    model = build_model(SLIM)
    batch = batch_of([of_scene(make_scene(1, 1, 64))])
    losses = {}
    for quality in (False, True):
        torch.manual_seed(4)
        recipe = replace(TINY, quality=quality)
        losses[quality] = losses_of(model, SLIM, recipe, batch, FLOAT32)
    for name in ("loss_mask", "loss_box_reg", "loss_rpn_box_reg"):
        assert torch.equal(losses[True][name], losses[False][name])
    for name in ("loss_objectness", "loss_classifier"):
        assert not torch.equal(losses[True][name], losses[False][name])
    torch.manual_seed(4)
    whole = training_pass(skipping(model), SLIM, batch.images, batch.targets).losses
    for name in ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"):
        torch.testing.assert_close(losses[False][name], whole[name])


def skipping(model: MaskRCNN) -> MaskRCNN:
    model.transform._skip_resize = True
    return model


def test_names_that_the_command_line_may_change():
    recipe, config = changed(["steps=7", "scale=[0.5, 2]", 'arch="efficientnet_lite2"'])
    assert (recipe.steps, recipe.scale, config.arch) == (7, (0.5, 2), "efficientnet_lite2")
    with pytest.raises(SystemExit, match="no_such"):
        changed(["no_such=1"])


def test_one_process_alone_exchanges_nothing():
    gradient = torch.ones(3)
    Exchange(1).average(0, [gradient])
    assert gradient.tolist() == [1, 1, 1]


def test_two_processes_meet_at_the_mean():
    exchange = Exchange(2)
    gradients = [[torch.full((2, 3), 1.0), torch.ones(4)], [torch.full((2, 3), 5.0), torch.ones(4)]]

    def work(rank: int) -> None:
        exchange.average(rank, gradients[rank])

    threads = [threading.Thread(target=work, args=(rank,)) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    for mine in gradients:
        assert mine[0].tolist() == [[3.0] * 3] * 2
        assert mine[1].tolist() == [1.0] * 4


def test_recall_counts_what_is_found_by_kind_of_image(tmp_path: Path):
    scenes = [make_scene(1, number, 64) for number in (1, 2, 3)]
    images, annotations = [], []
    for number, scene in enumerate(scenes, start=1):
        Image.fromarray(scene.pixels).save(tmp_path / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 64})
        for mask in scene.masks():
            coded = rle.encode(np.asfortranarray(mask, dtype=np.uint8))
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1, "iscrowd": 0,
                "area": int(mask.sum()), "bbox": rle.toBbox(coded).tolist(),
                "segmentation": {"size": [64, 64], "counts": coded["counts"].decode("ascii")},
            })  # fmt: skip
    file = tmp_path / "instances.json"
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "a"}]}
    file.write_text(json.dumps(content))
    figures = measure_recall(ROOT / "resources" / "starter.pt", file)
    assert figures["images"] == 3
    assert figures["instances"] == sum(len(scene.labels) for scene in scenes)
    kinds = figures["by_kind"].values()
    assert sum(kind["images"] for kind in kinds) == 3
    found = sum(kind["recall50"] * kind["instances"] for kind in kinds)
    assert found == pytest.approx(figures["recall50"] * figures["instances"])
    assert 0 < figures["recall50"] <= 1


def test_kinds_of_image():
    dark = np.full((8, 8, 3), 20, np.uint8)
    assert kind_of(dark) == "grey, dark"
    assert kind_of(255 - dark) == "grey, bright"
    assert (
        kind_of(np.broadcast_to(np.array([200, 120, 220], np.uint8), (8, 8, 3))) == "colour, bright"
    )


def test_the_shipped_starter_finds_most_of_an_unseen_scene():
    path = ROOT / "resources" / "starter.pt"
    assert path.stat().st_size <= 35_000_000
    loaded = load_file(path)
    assert loaded.config.class_names == CONFIG.class_names
    assert loaded.config.settings.detections_per_image == 300
    assert all(v.dtype == torch.float32 for v in loaded.module.parameters())
    assert measure_unseen(path, 3)["recall50"] > 0.4


SCENES = Recipe(photos=0, scenes=1, scene_side=96)


def test_the_click_head_is_taught_alone_and_goes_on_after_a_break(tmp_path: Path) -> None:
    model, whole, broken = (tmp_path / f"{name}.pt" for name in ("model", "whole", "broken"))
    save_tiny_model(model)
    told: list[tuple[int, float]] = []
    two = ClickRecipe(images=3, each=3, steps=2, batch=3, save_every=1)

    def say(step: int, loss: float) -> None:
        told.append((step, loss))

    clicks.teach(model, whole, [], SCENES, two, on_step=say)
    assert [step for step, _ in told] == [2]
    assert told[0][1] > 0

    class Broken(Exception):
        pass

    save = clicks._save

    def save_once(*arguments: Any) -> None:
        save(*arguments)
        raise Broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clicks, "_save", save_once)
        with pytest.raises(Broken):
            clicks.teach(model, broken, [], SCENES, two)
    clicks.teach(model, broken, [], SCENES, two, resume=True)
    ours, theirs = (load_file(path).module.state_dict() for path in (whole, broken))
    before = load_file(model).module.state_dict()
    assert set(ours) - set(before) == {name for name in ours if name.startswith(PREFIX)}
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name
        if name in before:
            kept = before[name].half().float() if value.dim() > 1 else before[name]
            assert torch.equal(value, kept), name
    assert any(ours[name].any() for name in ours if name.startswith(f"{PREFIX}last.2"))
