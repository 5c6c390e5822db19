"""`masklens predict`: what is written, what is said, and what is never overwritten."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from core.cli import main
from core.document.instance import Source
from core.engine.predict import Predictor
from core.engine.weights import load_model
from core.formats import labelme

# pycocotools' decoder has not caught up with numpy 2.
OLD_ARRAYS = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def predict(*words: str | Path) -> int:
    return main(["predict", *map(str, words), "--precision", "float32", "--device", "cpu"])


def coco(folder: Path, model: Path, out: Path, *more: str) -> dict[str, Any]:
    assert predict(folder, "--model", model, "--format", "coco", "--out", out, *more) == 0
    return json.loads(out.read_text())


def test_coco_holds_the_network_s_own_boxes_scores_and_masks(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    content = coco(folder, model, tmp_path / "new" / "p.json")
    predictor = Predictor(load_model(model), precision="float32", device="cpu")
    names = [folder / name for name in ("a1.png", "a2.jpg", "a10.png")]
    assert [image["file_name"] for image in content["images"]] == [str(name) for name in names]
    assert [c["name"] for c in content["categories"]] == ["cell", "square"]
    for image in content["images"]:
        pixels = np.array(Image.open(image["file_name"]).convert("RGB"))
        wanted = predictor.predict(pixels)
        mine = [a for a in content["annotations"] if a["image_id"] == image["id"]]
        assert (image["height"], image["width"]) == pixels.shape[:2]
        assert len(mine) == len(wanted.scores) > 0
        for k, annotation in enumerate(mine):
            x, y, w, h = annotation["bbox"]
            assert np.array_equal(np.float32([x, y]), wanted.boxes[k, :2])
            np.testing.assert_allclose([x + w, y + h], wanted.boxes[k, 2:], rtol=1e-6)
            assert np.float32(annotation["score"]) == wanted.scores[k]
            assert annotation["category_id"] == wanted.labels[k]
            assert annotation["area"] == coco_mask.area(annotation["segmentation"])


def test_the_ids_of_a_ground_truth_are_taken(folder: Path, model: Path, tmp_path: Path) -> None:
    plain = coco(folder, model, tmp_path / "plain.json")
    truth = {
        "images": [{"id": 77, "file_name": "a2.jpg"}, {"id": 9, "file_name": "a1.png"}],
        "categories": [{"id": 91, "name": "square", "skeleton": []}, {"id": 5, "name": "other"}],
        "annotations": [],
    }
    (folder / "truth.json").write_text(json.dumps(truth))
    like = coco(folder, model, tmp_path / "p.json", "--like", str(folder / "truth.json"))
    ids = {Path(image["file_name"]).name: image["id"] for image in like["images"]}
    assert (ids["a1.png"], ids["a2.jpg"]) == (9, 77)
    assert len(set(ids.values())) == 3
    assert like["categories"][:2] == truth["categories"]
    names = [{c["id"]: c["name"] for c in each["categories"]} for each in (plain, like)]
    labels = [
        [known[a["category_id"]] for a in each["annotations"]]
        for known, each in zip(names, (plain, like), strict=True)
    ]
    assert labels[0] == labels[1]
    assert {"square", "cell"} >= set(labels[1])
    assert 91 in {a["category_id"] for a in like["annotations"]} or "square" not in labels[0]
    where = ("--out", tmp_path / "l", "--like", folder / "truth.json")
    assert predict(folder, "--model", model, *where) == 2


@OLD_ARRAYS
def test_pycocotools_loads_it(folder: Path, model: Path, tmp_path: Path) -> None:
    coco(folder, model, tmp_path / "p.json")
    loaded = COCO(str(tmp_path / "p.json"))
    annotations = loaded.loadAnns(loaded.getAnnIds())
    assert loaded.annToMask(annotations[0]).shape == (64, 80)
    results = loaded.loadRes(annotations)
    assert len(results.anns) == len(annotations)


@OLD_ARRAYS
def test_empty_masks_are_kept(folder: Path, model: Path, tmp_path: Path) -> None:
    content = coco(folder, model, tmp_path / "p.json", "--set", "mask=1.0")
    assert content["annotations"]
    assert {annotation["area"] for annotation in content["annotations"]} == {0}
    assert coco_mask.decode(content["annotations"][0]["segmentation"]).sum() == 0


def test_the_score_counts_before_the_last_nms(folder: Path, model: Path, tmp_path: Path) -> None:
    every = coco(folder, model, tmp_path / "all.json", "--score", "0")
    scores = sorted(a["score"] for a in every["annotations"])
    middle = scores[len(scores) // 2]
    few = coco(folder, model, tmp_path / "few.json", "--score", str(middle))
    assert few["annotations"]
    assert all(a["score"] > middle for a in few["annotations"])
    assert len(few["annotations"]) < len(every["annotations"])


def test_settings_are_taken(folder: Path, model: Path, tmp_path: Path) -> None:
    content = coco(folder, model, tmp_path / "p.json", "--set", "detections_per_image=2")
    assert len(content["annotations"]) == 6


def test_file_names_are_as_given(
    folder: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    given = ["./images/a1.png", "images/a2.jpg"]
    assert predict(*given, "--model", model, "--format", "coco", "--out", "p.json") == 0
    content = json.loads(Path("p.json").read_text())
    assert [image["file_name"] for image in content["images"]] == given


def test_labelme_files_hold_suggestions(folder: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    assert predict(folder, "--model", model, "--out", out) == 0
    for name in ("a1.png", "a2.jpg", "a10.png"):
        path = out / (Path(name).stem + ".json")
        file = labelme.read(path)
        assert file.instances
        assert {instance.source for instance in file.instances} == {Source.SUGGESTED}
        assert all(i.model and i.model.startswith("tiny@") for i in file.instances)
        assert (path.parent / file.image_name).resolve() == (folder / name).resolve()
        assert json.loads(path.read_text())["shapes"][0]["shape_type"] == "polygon"


def test_two_runs_give_the_same_and_replace_only_what_nobody_touched(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labels"
    assert predict(folder, "--model", model, "--out", out) == 0
    assert predict(folder, "--model", model, "--out", out) == 0
    touched = out / "a2.json"
    content = json.loads(touched.read_text())
    content["shapes"][0]["label"] = "mine"
    touched.write_text(json.dumps(content))
    before = touched.read_bytes()
    foreign = out / "a10.json"
    foreign.write_text("not even JSON")
    capsys.readouterr()
    assert predict(folder, "--model", model, "--out", out) == 1
    assert touched.read_bytes() == before
    assert foreign.read_text() == "not even JSON"
    said = capsys.readouterr().err
    assert "a2.json" in said
    assert "a10.json" in said


def test_images_that_share_a_stem_get_files_of_their_own(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "a1.png", folder / "a2.png")
    assert predict(folder, "--model", model, "--out", tmp_path / "out") == 0
    named = {labelme.read(path).image_name for path in (tmp_path / "out").iterdir()}
    assert len(named) == 4


def test_same_names_in_two_folders_cannot_share_a_label_file(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "a1.png", other / "a1.png")
    images = (folder / "a1.png", other / "a1.png")
    assert predict(*images, "--model", model, "--out", tmp_path / "out") == 1
    assert str(images[1]) in capsys.readouterr().err
    assert labelme.read(tmp_path / "out" / "a1.json").image_name == "../images/a1.png"


def test_a_coco_file_of_somebody_else_is_left_alone(
    folder: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.json"
    coco(folder, model, out)
    coco(folder, model, out)  # our own untouched file may be replaced
    content = json.loads(out.read_text())
    content["images"][0]["file_name"] = "mine"
    out.write_text(json.dumps(content))
    before = out.read_bytes()
    assert predict(folder, "--model", model, "--format", "coco", "--out", out) == 2
    assert out.read_bytes() == before
    assert "p.json" in capsys.readouterr().err


def test_what_fails_is_named_and_the_rest_is_done(
    folder: Path, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes(b"no image")
    empty = tmp_path / "empty"
    empty.mkdir()
    out = tmp_path / "p.json"
    words = (folder, "nothing.png", empty, "--model", model, "--format", "coco", "--out", out)
    assert predict(*words, "--json") == 1
    said = capfd.readouterr()
    document = json.loads(said.out)
    assert [Path(one["file"]).name for one in document["images"]] == ["a1.png", "a2.jpg", "a10.png"]
    failed = {Path(one["file"]).name for one in document["failed"]}
    assert failed == {"broken.png", "nothing.png", "empty"}
    for name in failed:
        assert name in said.err
    assert len(json.loads(out.read_text())["images"]) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "no such model", "--out", "x"],
        ["--model", "MODEL", "--out", "x", "--score", "7"],
        ["--model", "MODEL", "--out", "x", "--set", "nms"],
        ["--model", "MODEL", "--out", "x", "--set", "speed=9"],
        ["--model", "MODEL", "--out", "x", "--set", "nms=often"],
        ["--model", "MODEL", "--out", "x", "--device", "abacus"],
        ["--model", "MODEL", "--out", "x", "--format", "voc"],
        ["--model", "MODEL", "--out", "images/a1.png"],
        ["--model", "MODEL", "--out", "images", "--format", "coco"],
        ["--model", "MODEL"],
        ["--out", "x"],
    ],
)
def test_wrong_use_is_2(
    words: list[str],
    folder: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder.parent)
    words = [str(model) if word == "MODEL" else word for word in words]
    assert main(["predict", "images", *words]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err
    assert "Traceback" not in said.err


def test_a_damaged_model_file_is_1(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"PK\x03\x04 and nothing more")
    assert predict(folder, "--model", broken, "--out", tmp_path / "out") == 1
    assert "broken.pt" in capfd.readouterr().err


def test_a_bare_state_dict_that_does_not_tell_needs_its_architecture(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    odd = {"backbone.body.conv1.weight": torch.zeros(1), "roi_heads.x": torch.zeros(1)}
    torch.save(odd, tmp_path / "bare.pth")
    assert predict(folder, "--model", tmp_path / "bare.pth", "--out", tmp_path / "out") == 2
    assert "--arch" in capfd.readouterr().err


def test_ctrl_c_is_clean(
    folder: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "predict", interrupted)
    out = tmp_path / "p.json"
    assert predict(folder, "--model", model, "--format", "coco", "--out", out) == 130
    assert not out.exists()
    assert "Traceback" not in capfd.readouterr().err
    assert os.listdir(tmp_path) == ["images"]


def test_an_image_that_is_one_pixel_high_is_predicted_too(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    Image.fromarray(np.zeros((1, 2000, 3), dtype=np.uint8)).save(folder / "line.png")
    content = coco(folder, model, tmp_path / "p.json")
    assert "line.png" in {Path(image["file_name"]).name for image in content["images"]}


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain"])
def test_one_image_that_fails_is_named_and_the_rest_goes_on(
    command: str,
    folder: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from core.engine.predict import Predictor

    usual = Predictor.predict

    def predict_or_fail(self: Predictor, pixels: Any, *rest: Any, **named: Any) -> Any:
        if pixels.shape[0] == 40:
            raise RuntimeError("the network broke")
        return usual(self, pixels, *rest, **named)

    monkeypatch.setattr(Predictor, "predict", predict_or_fail)
    square = {"label": "cell", "points": [[5, 5], [30, 30]], "shape_type": "rectangle"}
    for name in ("a1.png", "a2.jpg", "a10.png"):
        height, width = (40 if name == "a2.jpg" else 64), 80
        labels = {"imagePath": name, "imageHeight": height, "imageWidth": width}
        text = json.dumps({**labels, "version": "5", "flags": {}, "shapes": [square]})
        (folder / name).with_suffix(".json").write_text(text)
    out = ("--out", str(tmp_path / "o")) if command == "predict" else ()
    capfd.readouterr()
    assert main([command, str(folder), "--model", str(model), *out, "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    (failed,) = document["failed"]
    assert "a2.jpg" in failed["file"]
    assert "the network broke" in failed["sentence"]
    done = {"predict": "images", "evaluate": "instances", "explain": "instances"}[command]
    assert document[done] == 2 if command == "evaluate" else len(document[done]) == 2
