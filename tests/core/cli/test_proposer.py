"""`--proposer` and `--tiles` wherever a model is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import resources
from core.cli import main

SAMPLE = Path(resources.__file__).parent / "sample" / "things-1.jpg"
PLAIN = ("--precision", "float32", "--device", "cpu", "--json")


def ask(capfd: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    capfd.readouterr()
    assert main([*map(str, words), *PLAIN]) == code
    return json.loads(capfd.readouterr().out)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "images" / "a.png"
    path.parent.mkdir()
    with Image.open(SAMPLE) as sample:
        sample.resize((160, 120)).save(path)
    return path


def predict(
    capfd: pytest.CaptureFixture[str], image: Path, model: Path, out: Path, *more: str
) -> tuple[Any, Any]:
    said = ask(capfd, "predict", image, "--model", model, "--format", "coco", "--out", out, *more)
    return said, json.loads(out.read_text())


def test_predict_takes_boxes_and_names_from_the_proposer(
    capfd: pytest.CaptureFixture[str], image: Path, model: Path, tmp_path: Path
) -> None:
    more = ("--proposer", "yolox-nano", "--set", "score=0.001", "--set", "detections_per_image=7")
    said, content = predict(capfd, image, model, tmp_path / "p.json", *more)
    assert said["model"].startswith("tiny+yolox-nano@")
    names = [each["name"] for each in content["categories"]]
    assert (len(names), names[0], names[-1]) == (80, "person", "toothbrush")
    assert len(content["annotations"]) == 7
    many = ("--proposer", "yolox-nano", "--set", "score=0.001", "--set", "detections_per_image=999")
    counts = []
    for tiles in ("0", "4"):
        out = tmp_path / f"{tiles}.json"
        said, _ = predict(capfd, image, model, out, *many, "--tiles", tiles)
        counts.append(said["images"][0]["detections"])
    assert 7 < counts[0] < counts[1]


def test_trace_writes_the_stage_of_the_proposer(
    capfd: pytest.CaptureFixture[str], image: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "walk"
    said = ask(
        capfd, "trace", image, "--model", model, "--proposer", "yolox-nano", "--tiles", "4",
        "--set", "score=0.001", "--out", out,
    )  # fmt: skip
    assert [stage["name"] for stage in said["stages"]] == [
        "input", "backbone", "pyramid", "proposer", "candidates", "detections", "mask_logits",
        "polygons",
    ]  # fmt: skip
    stage = json.loads((out / "04_proposer.json").read_text())
    assert stage["proposer"] == "yolox-nano"
    assert len(stage["tiles"]) == 4
    assert "boxes of yolox-nano" in (out / "index.html").read_text()


def test_the_options_are_refused_when_they_name_nothing(
    capfd: pytest.CaptureFixture[str], image: Path, model: Path, tmp_path: Path
) -> None:
    for more, said in (
        (("--proposer", "yolo"), "one of the proposers yolox-nano"),
        (("--proposer", "yolox-nano", "--tiles", "65"), "a whole number from 0 to 64"),
        (("--proposer", str(image)), "none of torchvision's detectors"),
    ):
        words = ("predict", image, "--model", model, "--out", tmp_path / "o", *more, *PLAIN)
        assert main([str(word) for word in words]) == 2
        assert said in capfd.readouterr().err


def test_photos_is_a_model_by_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "info", "photos", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["name"] == "photos"
    assert said["proposer"].startswith("yolox-nano@")
    assert said["config"]["settings"]["proposer_tiles"] == 4
    assert main(["models", "list", "--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capfd.readouterr().out)["models"]}
    assert listed["photos"]["present"]
    assert listed["photos"]["classes"] == 80
