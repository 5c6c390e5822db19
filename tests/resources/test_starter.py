"""The starter's training in miniature, and the model file that ships."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as rle

from core.engine.weights import load_file
from core.engine.zoo import build_model
from resources.starter.exchange import Exchange
from resources.starter.measure import kind_of, measure_recall, measure_unseen
from resources.starter.pool import batches, image_of, make_pool, target_of, vary
from resources.starter.recipe import CONFIG, Bucket, Recipe
from resources.starter.scenes import make_scene
from resources.starter.training import Progress, learning_rate, lower_precision, train

ROOT = Path(__file__).resolve().parents[3]
TINY = replace(
    Recipe(), steps=2, minutes=5.0, buckets=(Bucket(64, 4, 2, 0.5), Bucket(96, 2, 1, 0.5))
)
SLIM = replace(CONFIG, fpn_channels=16, box_head_width=16, mask_channels=16, min_size=64)


def run(path: Path) -> dict[str, torch.Tensor]:
    seen: list[Progress] = []
    train(TINY, SLIM, path, half=False, processes=1, on_progress=seen.append)
    assert [progress.step for progress in seen] == [2]
    assert all(np.isfinite(value) for value in seen[0].losses.values())
    return load_file(path).module.state_dict()


def test_two_steps_of_training_write_a_model_that_loads_and_repeat_exactly(tmp_path: Path):
    first, again = run(tmp_path / "a.pt"), run(tmp_path / "b.pt")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert all(v.dtype == torch.float32 for v in first.values() if v.is_floating_point())
    loaded = load_file(tmp_path / "a.pt")
    assert loaded.extra["step"] == 2
    assert loaded.config == SLIM
    figures = measure_unseen(tmp_path / "a.pt", 2, 64)
    assert figures["instances"] > 0
    assert 0 <= figures["AP"] <= 1


def test_ranks_share_the_scenes_and_the_choice_of_bucket():
    bucket = Bucket(64, 5, 4, 1.0)
    shares = [make_pool(1, bucket, rank, 2) for rank in (0, 1)]
    assert [len(share) for share in shares] == [3, 2]
    other = Bucket(96, 4, 2, 1.0)
    pools = [
        [(bucket, make_pool(1, bucket, rank, 2)), (other, make_pool(1, other, rank, 2))]
        for rank in (0, 1)
    ]
    streams = [batches(pools[rank], 3, rank, 2) for rank in (0, 1)]
    for _ in range(6):
        left, right = (next(stream) for stream in streams)
        assert left.images[0].shape == right.images[0].shape
        assert len(left.images) == {64: 2, 96: 1}[left.images[0].shape[-1]]


def test_varied_scenes_keep_their_instances():
    scene = make_scene(1, 1, 64)
    areas = sorted(np.bincount(scene.index.ravel()))
    rng = np.random.default_rng(0)
    for _ in range(10):
        varied = vary(scene, rng)
        assert sorted(np.bincount(varied.index.ravel())) == areas
        target = target_of(varied)
        assert target["masks"].shape == (len(scene.labels), 64, 64)
        assert (target["boxes"][:, 2:] > target["boxes"][:, :2]).all()


def test_the_rate_rises_and_falls_with_the_count_or_the_clock():
    recipe = replace(Recipe(), steps=100, warm_up=0.1, learning_rate=1.0)
    assert learning_rate(recipe, 5, 0.05) == pytest.approx(0.5)
    assert learning_rate(recipe, 10, 0.1) == pytest.approx(1.0)
    assert learning_rate(recipe, 100, 1.0) == pytest.approx(0.01)
    assert learning_rate(recipe, 50, 1.0) == pytest.approx(0.01)


def test_one_process_alone_exchanges_nothing():
    gradient = torch.ones(3)
    exchange = Exchange(1)
    exchange.average(0, [gradient])
    assert gradient.tolist() == [1, 1, 1]
    assert exchange.tell(0, 0.25) == 0.25


def test_lower_precision_hands_float32_to_the_box_arithmetic():
    model = build_model(SLIM)
    lower_precision(model)
    model.transform._skip_resize = True
    scene = make_scene(1, 1, 64)
    losses = model([image_of(scene)], [target_of(scene)])
    assert all(loss.dtype == torch.float32 and loss.isfinite() for loss in losses.values())
    features = model.backbone(torch.zeros(1, 3, 64, 64))
    assert list(features) == ["0", "1", "2", "3", "pool"]
    assert all(level.dtype == torch.float32 for level in features.values())


def test_two_processes_meet_at_the_mean():
    exchange = Exchange(2)
    gradients = [[torch.full((2, 3), 1.0), torch.ones(4)], [torch.full((2, 3), 5.0), torch.ones(4)]]
    told: list[float] = []

    def work(rank: int) -> None:
        exchange.average(rank, gradients[rank])
        told.append(exchange.tell(rank, float(rank + 7)))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert told == [7, 7]
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
    assert loaded.config == CONFIG
    assert loaded.config.settings.detections_per_image == 300
    assert all(v.dtype == torch.float32 for v in loaded.module.parameters())
    assert measure_unseen(path, 3)["recall50"] > 0.4
