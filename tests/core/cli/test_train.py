from __future__ import annotations

import json

import pytest
import torch

from core.cli import main
from core.engine.weights import load_file
from core.formats import labelme
from core.formats.label_file import LabelFile
from tests.core.learning.making import SIDE, labelled_image
from tests.models import save_tiny_model

QUICK = [
    "--device", "cpu", "--precision", "float32", "--threads", "1", "--schedule", "side=64"
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "base.pt", size=64)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        write(labelled_image(folder, number), done=False)
    return folder


def write(image, done):
    file = LabelFile(image.path.name, SIDE, SIDE, image.instances, done)
    image.path.with_suffix(".json").write_bytes(labelme.dumps(file))


def run(*words):
    return main([str(word) for word in words])


def test_train_prints_the_figures_of_before_and_after(tmp_path, base, photos, capfd):
    out = tmp_path / "run"
    words = ["train", photos, "--model", base, "--out", out, "--steps", "2", *QUICK, "--json"]
    assert run(*words) == 0
    document = json.loads(capfd.readouterr().out)
    assert set(document) == {"steps", "seconds", "before", "after", "model"}
    assert document["steps"] == 2
    assert set(document["after"]) == set(document["before"])
    assert document["after"]["mask"].keys() == {"AP", "AP50", "AP75", "AR"}
    assert document["model"] == str(out / "model.pt")
    assert load_file(out / "model.pt").config.class_names == ("square",)
    names = {path.stem for path in out.iterdir()}
    assert "best" not in names

    assert run(*words) == 2  # there is a run already
    assert "--resume" in capfd.readouterr().err
    assert run(*words, "--resume") == 0  # it is finished: its figures again
    assert json.loads(capfd.readouterr().out) == document


def test_images_marked_done_are_the_only_ones_then(tmp_path, base, photos, capfd):
    for number in range(2):
        write(labelled_image(photos, number), done=True)
    out = tmp_path / "run"
    words = ["train", photos, "--model", base, "--out", out, "--steps", "1", *QUICK, "--json"]
    assert run(*words) == 0
    assert len((out / "labels.jsonl").read_text().splitlines()) == 3
    document = json.loads(capfd.readouterr().out)
    assert document["before"] is None  # two images hold nothing out


def test_a_run_that_failed_before_its_first_step_can_be_started_anew(tmp_path, base, photos, capfd):
    words = ["train", photos, "--model", base, "--out", tmp_path / "run", "--steps", "1"]
    assert run(*words, "--device", "cuda:63") == 1
    assert run(*words, *QUICK, "--hold-out", "0") == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--steps", "0"], "steps"),
        (["--schedule", "speed=3"], "speed"),
        (["--schedule", "speed"], "NAME=VALUE"),
        (["--hold-out", "1.5"], "hold_out"),
        (["--val", "nowhere.json"], "nowhere.json"),
        (["--backbone-weights", "none.pth"], "none.pth"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_wrong_options_are_named(tmp_path, base, photos, capfd, words, told):
    out = tmp_path / "run"
    assert run("train", photos, "--model", base, "--out", out, *words) != 0
    assert told in capfd.readouterr().err


def test_export_writes_a_plain_state_dict(tmp_path, base, capfd):
    out = tmp_path / "weights.pth"
    words = ["models", "export", base, "--format", "torchvision", "--out", out]
    assert run(*words) == 0
    state = torch.load(out, weights_only=True)
    own = load_file(base).module.state_dict()
    assert state.keys() == own.keys()
    assert all(torch.equal(state[name], own[name]) for name in own)
    assert run(*words) == 2  # never over a file that is there
    assert "--out" in capfd.readouterr().err


def test_bench_loop_gives_the_curve(tmp_path, base, photos, capfd):
    out = tmp_path / "curve"
    words = ["bench", "loop", photos, "--model", base, "--images", "4", "--every", "2"]
    assert run(*words, "--steps", "1", "--order", "3", "--out", out, *QUICK, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert [one["rounds"] for one in document["images"]] == [0, 0, 1, 1]
    assert document["rounds"][0]["images"] == 2
    assert document["all"]["by_hand"] == 4.0
    thresholds = [one["threshold"] for one in document["images"]]
    assert thresholds[0] == 0.5
    assert json.loads((out / "curve.json").read_text())["images"] == document["images"]


def test_bench_loop_with_the_tools_tells_what_each_saved(base, photos, capfd):
    words = ["bench", "loop", photos, "--model", base, "--images", "2", "--every", "2"]
    assert run(*words, "--steps", "1", "--assist", *QUICK, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    for one in document["images"]:
        loop = one["loop"]
        tools = ("accept", "grow", "sweeps", "strokes", "boxes", "ellipses", "clicks", "vertices")
        assert loop["actions"] == sum(loop[name] for name in tools)
        assert set(loop["saved"]) == {"sweep", "stroke", "click", "box", "ellipse", "grow"}
        assert loop["reached"] == loop["instances"] == one["unassisted"]["instances"]
        assert loop["lowest_iou"] >= 0.8
    row = document["all"]
    actions = sum(one["loop"]["actions"] for one in document["images"])
    assert row["loop"] == actions / sum(one["loop"]["instances"] for one in document["images"])
    assert row["reached"] == 1.0


def test_balloon_from_via_to_the_splash(tmp_path, base, capfd):
    """The round of matterport's balloon example: one class, heads alone, then colour on grey."""
    for part, count in (("train", 3), ("val", 1)):
        folder = tmp_path / "balloon" / part
        folder.mkdir(parents=True)
        regions = {}
        for number in range(count):
            image = labelled_image(folder, number)
            (ring,) = (part.outer for part in image.instances[0].polygons)
            outline = {
                "name": "polygon",
                "all_points_x": [round(x) for x, _ in ring],
                "all_points_y": [round(y) for _, y in ring],
            }
            name, size = image.path.name, image.path.stat().st_size
            regions[f"{name}{size}"] = {
                "filename": name,
                "size": size,
                "regions": {"0": {"shape_attributes": outline, "region_attributes": {}}},
                "fileref": "",
                "file_attributes": {},
            }
        (folder / "via_region_data.json").write_text(json.dumps(regions))
    out, data = tmp_path / "run", tmp_path / "balloon"
    words = ["train", data / "train", "--val", data / "val", "--model", base, "--out", out]
    assert run(*words, "--steps", "2", "--schedule", "phases=heads", *QUICK, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    learned = load_file(out / "model.pt")
    assert len(learned.config.class_names) == 1
    before = load_file(base).module.state_dict()
    trunk = [name for name in before if name.startswith("backbone.body.")]
    after = learned.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in trunk)
    assert not torch.equal(before["rpn.head.conv.0.0.weight"], after["rpn.head.conv.0.0.weight"])

    shown = tmp_path / "splash"
    words = ["splash", data / "val", "--model", document["model"], "--out", shown, "--json"]
    assert run(*words, "--score", "0.01") == 0
    (one,) = json.loads(capfd.readouterr().out)["images"]
    assert (shown / one["out"]).is_file()
