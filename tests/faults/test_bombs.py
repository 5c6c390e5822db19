"""Small files that announce much end in a sentence, within two seconds and 300 MB."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch

from core.child import python_command, python_environment
from core.engine.weights import ModelFileError, load_file
from tests.faults.bombs import BOMBS
from tests.models import save_tiny_model

SECONDS = 2.0  # of the processor, so that a busy machine can hold the promise too
MEGABYTES = 300
# Nothing is wrong with these: they are read, and cost little.
FINE = {
    "event with an unknown sentence",
    "event with a long note",
    "event of 100 MB",
    "frame as large as frames may be",
    "half a character",
    "sentence of a file",
    "coco of 20,000 squared",
    "coco of a million squared",
    # Shapes that cannot be shown stay in the file as they are.
    "mask of labelme",
    "circle",
    "outline far away",
    "outline beyond numbers",
    "run length of 25 megapixels",
    "run length of 25 megapixels, in stripes",
    "run length of 25 megapixels, in dots",
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, object]]:
    done = subprocess.run(
        python_command("tests.faults.bombs"),
        env=python_environment(),
        capture_output=True,
        check=True,
        timeout=200,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["name"]: one for one in found}


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="measures on Linux")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_sentence(outcomes: dict[str, dict[str, object]], name: str) -> None:
    outcome = outcomes[name]
    expected = "fine" if name in FINE else "sentence"
    assert str(outcome["told"]).partition(":")[0] == expected, outcome
    assert float(str(outcome["seconds"])) < SECONDS, outcome
    assert int(str(outcome["megabytes"])) < MEGABYTES, outcome


def test_what_is_fine_holds_what_it_should(outcomes: dict[str, dict[str, object]]) -> None:
    told = {name: str(outcomes[name]["told"]) for name in FINE}
    assert told["event with an unknown sentence"] == "fine: (1, 7)"  # its id is shown
    assert told["event with a long note"] == "fine: (1, 5001)"
    assert told["event of 100 MB"] == "fine: [0, 0, 0]"
    assert told["frame as large as frames may be"] == "fine: []"  # it waits for what was announced
    for name in ("mask of labelme", "circle", "outline far away", "outline beyond numbers"):
        assert "shapes=()" in told[name]
    assert "Polygon" in told["run length of 25 megapixels"]
    assert "images=()" in told["coco of a million squared"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.pt"
    save_tiny_model(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load_file(path)
    return caught.value.sentence.id


def test_a_model_whose_entries_are_compressed_is_not_unpacked(model: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.pt"
    with (
        zipfile.ZipFile(model) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for entry in whole.infolist():
            archive.writestr(entry.filename, whole.read(entry) + bytes(1_000_000))
    assert refusal(packed) == "engine.model_unreadable"


def test_a_model_of_numbers_that_are_none_is_refused(model: Path, tmp_path: Path) -> None:
    content = torch.load(model, weights_only=True)
    name = next(key for key, value in content["state"].items() if value.is_floating_point())
    for value in (float("nan"), float("inf")):
        content["state"][name].view(-1)[0] = value
        torch.save(content, tmp_path / "bad.pt")
        assert refusal(tmp_path / "bad.pt") == "engine.weights_mismatch"


def test_a_model_file_that_cannot_be_read_ends_in_a_sentence(model: Path, tmp_path: Path) -> None:
    data = model.read_bytes()
    for broken in (b"", b"\0", data[:100], data[: len(data) // 2], b"PK\x03\x04" + bytes(50)):
        (tmp_path / "broken.pt").write_bytes(broken)
        assert refusal(tmp_path / "broken.pt") == "engine.model_unreadable"
    assert load_file(model).name == "model"
