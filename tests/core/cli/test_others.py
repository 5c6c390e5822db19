"""`masklens evaluate`, `models`, `convert` and `demo`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import resources
from core.cli import display, main
from core.cli.commands import demo
from core.engine import fetching
from core.engine import models as named_models
from core.formats import labelme
from core.storage.image_tree import list_images
from core.storage.images import image_size


def document(capfd: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    capfd.readouterr()
    assert main([*map(str, words), "--json"]) == code
    return json.loads(capfd.readouterr().out)


@pytest.fixture
def dataset(folder: Path) -> Path:
    """A COCO file with one square on each image, of a label that the model knows."""
    images = [
        {"id": k, "file_name": name, "width": 80, "height": height}
        for k, (name, height) in enumerate((("a1.png", 64), ("a2.jpg", 40), ("a10.png", 64)))
    ]
    square = [[5, 5, 35, 5, 35, 35, 5, 35]]
    annotations = [
        {
            "id": 7 + k,
            "image_id": k,
            "category_id": 3,
            "bbox": [5, 5, 30, 30],
            "segmentation": square,
            "area": 900,
            "iscrowd": 0,
        }
        for k in range(3)
    ]
    categories = [{"id": 3, "name": "cell"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    return folder / "labels.json"


def test_evaluate_prints_the_figures(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("evaluate", dataset, "--model", model, "--precision", "float32")
    outcome = document(capfd, *words)
    for kind in ("box", "mask"):
        assert set(outcome[kind]) == {"AP", "AP50", "AP75", "AR"}
        assert all(0 <= value <= 1 for value in outcome[kind].values())
    assert outcome["images"] == outcome["instances"] == 3
    assert outcome["matching"] == "by label"
    assert main(list(map(str, words))) == 0
    assert "AP50" in capfd.readouterr().out


def test_bench_assist_measures_boxes_clicks_and_floors(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("bench", "assist", dataset, "--model", model, "--precision", "float32")
    outcome = document(capfd, *words, "--count", "2")
    assert (outcome["images"], outcome["instances"]) == (2, 2)
    clicks = {f"click_{count}" for count in (1, 2, 3)}
    asked = {"box", "box_jittered", "box_jittered_click_2", *clicks}
    floors = {"ellipse", "ellipse_jittered"}
    assert set(outcome["prompts"]) >= asked | floors
    for name, figures in outcome["prompts"].items():
        assert 0 <= figures["iou"] <= 1
        assert 0 <= figures["share"] <= 1
        if name in asked:
            assert 0 < figures["median_ms"] <= figures["p95_ms"]
        else:
            assert figures["median_ms"] is None
    assert outcome["prompts"]["ellipse"]["iou"] == pytest.approx(3.1416 / 4, abs=0.05)
    assert outcome["encode_ms"]["median"] > 0
    again = document(capfd, *words, "--count", "2")
    assert again["prompts"]["box_jittered"]["iou"] == outcome["prompts"]["box_jittered"]["iou"]
    without = document(capfd, *words, "--each", "1", "--no-floors")
    assert not floors & set(without["prompts"])
    assert main([*map(str, words), "--count", "0"]) == 2


def test_evaluate_says_which_labels_the_model_does_not_know(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset.write_text(dataset.read_text().replace('"cell"', '"roof"'))
    words = ("evaluate", dataset, "--model", model, "--precision", "float32")
    outcome = document(capfd, *words)
    assert outcome["matching"] == "class-agnostic"
    assert outcome["unknown_labels"] == ["roof"]
    assert main(list(map(str, words))) == 0
    assert "roof" in capfd.readouterr().out


def test_evaluate_names_images_that_are_not_there(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dataset.parent / "a2.jpg").unlink()
    outcome = document(capfd, "evaluate", dataset, "--model", model, code=1)
    assert outcome["images"] == 2
    assert "a2.jpg" in json.dumps(outcome["failed"])


def test_evaluate_finds_images_elsewhere(
    dataset: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "labels" / "all.json"
    moved.parent.mkdir()
    dataset.rename(moved)
    words = ("evaluate", moved, "--images", dataset.parent, "--model", model)
    assert document(capfd, *words)["images"] == 3


@pytest.mark.parametrize(("name", "code"), [("nothing.json", 2), ("a1.png", 1)])
def test_evaluate_refuses_what_is_no_dataset(
    name: str, code: int, folder: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(folder / name), "--model", str(model)]) == code
    assert name in capfd.readouterr().err


def test_models_list_and_info(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    listed = document(capfd, "models", "list")["models"]
    assert listed[0]["name"] == "starter"
    assert {"coco"} <= {one["name"] for one in listed}
    info = document(capfd, "models", "info", model)
    assert info["config"]["class_names"] == ["cell", "square"]
    assert info["parameters"] > 1000
    assert main(["models", "list"]) == 0
    assert "starter" in capfd.readouterr().out
    assert main(["models", "info", str(model)]) == 0
    assert "cell, square" in capfd.readouterr().out
    assert main(["models", "info", "no such"]) == 2


def test_models_download_says_why_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(named_models.torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(fetching.urllib.request, "urlopen", offline)
    monkeypatch.setattr(fetching, "PAUSE_SECONDS", 0.0)
    outcome = document(capfd, "models", "get", "coco", code=1)
    assert outcome["failed"][0]["file"] == "coco"
    assert "no network" in outcome["failed"][0]["sentence"]
    assert [p.suffix for p in tmp_path.rglob("*.p*")] == [".lock"]
    assert main(["models", "get", "nothing"]) == 2


def test_convert_there_and_back(
    dataset: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = document(capfd, "convert", dataset, "--to", "labelme", "--out", tmp_path / "l")
    assert outcome["images"] == 3
    assert outcome["instances"] == 3
    assert {Path(path).name for path in outcome["written"]} == {"a1.json", "a2.json", "a10.json"}
    back = tmp_path / "back.json"
    assert main(["convert", str(tmp_path / "l"), "--to", "coco", "--out", str(back)]) == 0
    boxes = [annotation["bbox"] for annotation in json.loads(back.read_text())["annotations"]]
    assert boxes == [[5, 5, 30, 30]] * 3
    assert main(["convert", "nothing.json", "--to", "coco", "--out", "x"]) == 2
    assert main(["convert", str(dataset), "--to", "coco", "--out", str(tmp_path)]) == 2


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sample images of our own, so that the test does not depend on those shipped."""
    made = tmp_path / "resources" / "sample"
    made.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for k in range(2):
        Image.fromarray(noise).save(made / f"scene{k}.png")
    monkeypatch.setattr(demo, "files", lambda _: made.parent)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return made


def test_demo_without_a_display_predicts_there_and_then(
    sample: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "try"
    outcome = document(capfd, "demo", target, "--model", model)
    assert len(outcome["images"]) == 2
    for one in outcome["images"]:
        labels = labelme.read(Path(one["labels"]))
        assert {instance.source for instance in labels.instances} == {"suggested"}
        assert image_size(one["overlay"]) == (64, 48)
    assert [path.name for path in list_images(target)] == ["scene0.png", "scene1.png"]
    assert sorted(os.listdir(target)) == [
        *("scene0.json", "scene0.overlay.png", "scene0.png"),
        *("scene1.json", "scene1.overlay.png", "scene1.png"),
    ]


def test_demo_overwrites_nothing(
    sample: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "try"
    target.mkdir()
    mine = Image.new("RGB", (30, 30))
    mine.save(target / "scene0.png")
    (target / "scene1.json").write_text("mine")
    assert main(["demo", str(target), "--model", str(model)]) == 0
    assert image_size(target / "scene0.png") == (30, 30)
    assert (target / "scene1.json").read_text() == "mine"
    assert "scene1.json" in capfd.readouterr().err


def test_demo_opens_the_window_where_there_is_a_display(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr(demo, "has_display", lambda: True)
    monkeypatch.setattr(demo, "open_window", lambda words: opened.append(list(words)) or 0)
    assert main(["demo", str(tmp_path / "try")]) == 0
    assert opened == [["--preannotate", "--", str(tmp_path / "try")]]
    assert len(list_images(tmp_path / "try")) == 2


def test_demo_without_qt_predicts_too(
    sample: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo, "has_display", lambda: True)
    monkeypatch.setattr(display, "has_qt", lambda: False)
    outcome = document(capfd, "demo", tmp_path / "try", "--model", model)
    assert outcome["window"] is False
    assert len(outcome["images"]) == 2


def test_the_shipped_sample_is_there() -> None:
    folder = Path(resources.__file__).parent / "sample"
    assert len(list_images(folder)) >= 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
def test_demo_on_a_display_that_does_not_answer_predicts_too(
    sample: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    outcome = document(capfd, "demo", tmp_path / "try", "--model", model)
    assert outcome["window"] is False
    assert len(outcome["images"]) == 2


def test_models_import_makes_a_file_that_says_what_it_is(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bare, out = tmp_path / "bare.pth", tmp_path / "whole.pt"
    export = ["models", "export", str(model), "--format", "torchvision", "--out", str(bare)]
    assert main(export) == 0
    words = ("models", "import", bare, "--out", out, "--classes", "cell, square")
    config = document(capfd, *words)["config"]
    assert (config["arch"], config["class_names"]) == ("mobilenet_v2", ["cell", "square"])
    assert document(capfd, "models", "info", out)["config"] == config
    assert document(capfd, *words, code=2)["failed"] == []  # never over a file that is there
    other = tmp_path / "other.pt"
    wrong = ("models", "import", bare, "--out", other, "--classes", "cell")
    assert document(capfd, *wrong, code=2)["failed"] == []
    assert not other.exists()
