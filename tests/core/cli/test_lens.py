"""`masklens trace` and `masklens explain`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.cli.commands.trace import read_labels
from core.cli.console import Console
from core.document.instance import Instance, Polygon, Region, Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from core.lens.life import CUTS
from core.lens.settings import StageSettings
from core.lens.trace import STAGES
from core.lens.training import LOSSES

SQUARE = [5, 5, 35, 5, 35, 35, 5, 35]
KINDS = {"background", "wrong class", "duplicate", "poor box", "poor box and wrong class"}


def test_labels_to_judge_hold_no_done_region_and_areas_to_ignore_as_crowds(tmp_path: Path) -> None:
    ring = (Polygon(((1.0, 1.0), (20.0, 1.0), (20.0, 20.0))),)
    shapes = (
        Region("r", "done_region", ring, flags=(("done_region", True),)),
        Region("i", "cell", ring, flags=(("ignore", True),)),
        Instance("c", "cell", ring),
        Instance("s", "cell", ring, Source.SUGGESTED, 0.5),
    )
    path = tmp_path / "a.json"
    path.write_bytes(labelme.dumps(LabelFile("a.png", 60, 40, shapes)))
    found = read_labels(path, tmp_path / "a.png", Console(io.StringIO(), as_json=True))
    assert [(each.id, each.crowd) for each in found] == [("i", True), ("c", False)]


def document(capfd: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    capfd.readouterr()
    assert main([*map(str, words), "--precision", "float32", "--json"]) == code
    return json.loads(capfd.readouterr().out)


@pytest.fixture
def dataset(folder: Path) -> Path:
    """Two images with an instance each and a crowd; the second image cannot be read."""
    names = ("a1.png", "broken.png")
    (folder / "broken.png").write_bytes((folder / "a1.png").read_bytes()[:60])
    images = [
        {"id": k, "file_name": name, "width": 80, "height": 64} for k, name in enumerate(names)
    ]
    one = {"category_id": 3, "bbox": [5, 5, 30, 30], "area": 900, "segmentation": [SQUARE]}
    crowd = {**one, "segmentation": {"size": [64, 80], "counts": [0, 64 * 80]}, "iscrowd": 1}
    annotations = [
        {**one, "id": 1, "image_id": 0, "iscrowd": 0},
        {**crowd, "id": 2, "image_id": 0},
        {**one, "id": 3, "image_id": 1, "iscrowd": 0},
    ]
    categories = [{"id": 3, "name": "cell"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    return folder / "labels.json"


def test_trace_writes_each_stage_as_numbers_and_a_picture(
    folder: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "walk"
    words = ("trace", folder / "a1.png", "--model", model, "--out", out)
    answer = document(capfd, *words)
    assert set(answer) == {"stages"}
    assert [stage["name"] for stage in answer["stages"]] == list(STAGES)
    for stage in answer["stages"]:
        assert set(stage) == {"name", "count", "ms", "files"}
        for name in stage["files"]:
            data = (out / name).read_bytes()
            if name.endswith(".png"):
                with Image.open(out / name) as picture:
                    assert picture.width > 300
            elif name.endswith(".npy"):
                assert np.load(out / name, allow_pickle=False) is not None
            else:
                assert json.loads(data)["count"] == stage["count"]
        assert {Path(name).suffix for name in stage["files"]} >= {".png", ".json"}
    assert json.loads((out / "trace.json").read_text())["settings"]["score"] == 0.05
    page = (out / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == len(STAGES)
    # Nothing outside the page is needed to show it.
    assert 'src="http' not in page
    assert "<link" not in page


def test_stages_that_hold_nothing_have_their_pictures_too(
    folder: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("trace", folder / "a1.png", "--model", model, "--out", tmp_path / "none")
    answer = document(capfd, *words, "--set", "rpn_score=1")
    counts = {stage["name"]: stage["count"] for stage in answer["stages"]}
    assert counts["proposals"] == counts["candidates"] == counts["polygons"] == 0
    pictures = [name for stage in answer["stages"] for name in stage["files"] if "png" in name]
    assert len(pictures) == len(STAGES)


def test_trace_judges_the_labels_that_it_is_given(
    dataset: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "judged"
    out.mkdir()
    (out / "trace.json").write_text("{}")  # a folder of an earlier trace may be written again
    image = dataset.parent / "a1.png"
    document(capfd, "trace", image, "--model", model, "--out", out, "--labels", dataset)
    verdicts = json.loads((out / "labels.json").read_text())
    assert [each["id"] for each in verdicts["instances"]] == ["coco-1"]
    assert (out / "labels.png").is_file()
    training = json.loads((out / "training.json").read_text())
    assert len(training["steps"]) == 8
    assert set(training["losses"]) == set(LOSSES)
    assert all(
        np.load(out / f"training.{name}.npy").shape == tuple(shape)
        for name, shape in training["arrays"].items()
    )
    assert (out / "training.png").is_file()
    assert 'id="training"' in (out / "index.html").read_text()
    words = ["trace", str(image), "--model", str(model), "--out", str(dataset.parent)]
    assert main(words) == 2


@pytest.mark.parametrize(
    "extra",
    [("--set", "score=2"), ("--set", "colour=1"), ("--labels", "nowhere.json"), ("--seed", "-1")],
)
def test_what_cannot_be_done_is_refused(
    folder: Path, model: Path, tmp_path: Path, extra: tuple[str, str]
) -> None:
    words = ["trace", str(folder / "a1.png"), "--model", str(model), "--out", str(tmp_path / "o")]
    assert main([*words, *extra]) == 2


def test_explain_names_each_instance_once_and_what_failed(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = document(capfd, "explain", dataset, "--model", model, code=1)
    assert [each["file"] for each in answer["failed"]] == ["broken.png"]
    (one,) = answer["instances"]
    assert set(one) >= {"image", "id", "found", "stage", "sentence", "evidence"}
    assert (one["image"], one["id"]) == ("a1.png", "coco-1")
    assert one["found"] is (one["stage"] is None)
    assert one["stage"] is None or one["stage"] in {cut.value for cut in CUTS}
    setting = one["evidence"]["setting"]
    if setting is not None:
        assert set(setting) == {"name", "value"}
        StageSettings().with_(**{setting["name"]: setting["value"]})
    for each in answer["false_positives"]:
        assert set(each) >= {"image", "label", "score", "kind", "sentence"}
        assert each["kind"] in KINDS
    alive = [bar["alive"] for bar in answer["funnel"]]
    assert [bar["stage"] for bar in answer["funnel"]] == ["labelled", *CUTS]
    assert alive[0] == 1
    assert alive == sorted(alive, reverse=True)


def test_a_setting_changes_what_explain_says(
    dataset: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("explain", dataset, "--model", model, "--set", "score=1")
    answer = document(capfd, *words, code=1)
    assert answer["settings"]["score"] == 1
    assert answer["false_positives"] == []
    assert answer["instances"][0]["found"] is False
