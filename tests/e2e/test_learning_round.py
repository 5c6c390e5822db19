"""The real program, engine and trainer: what was corrected is learned from while one draws."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Source
from core.formats import labelme
from core.formats.label_file import LabelFile
from tests.core.learning.making import picture, square
from tests.e2e.test_round import write_settings
from tests.models import save_tiny_model

SIDE = 128
LONGEST_STALL = 0.4  # seconds, on a machine that tests, an engine and a trainer share


def make_project(folder: Path) -> Path:
    """Six images of bright squares; three of them are finished."""
    folder.mkdir()
    for number in range(1, 7):
        pixels, squares = picture(number)
        big = np.kron(pixels, np.ones((2, 2, 1), np.uint8))
        path = folder / f"{number}.png"
        Image.fromarray(big).save(path)
        if number > 3:
            instances = tuple(
                square(f"{number}-{k}", 2.0 * x, 2.0 * y, 2.0 * size, "cell", source=Source.DRAWN)
                for k, (x, y, size) in enumerate(squares)
            )
            file = LabelFile(path.name, SIDE, SIDE, instances, True)
            path.with_suffix(".json").write_bytes(labelme.dumps(file))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1000)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_a_learning_round(environment: dict[str, str], tmp_path: Path) -> None:
    folder = make_project(tmp_path / "images")
    model = save_tiny_model(tmp_path / "tiny.pt", class_names=("cell",))
    write_settings(
        environment,
        model=str(model),
        suggestion_score=0.05,
        suggestion_score_follows=False,
        precision="float32",
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.learning_round", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["problem"] == "", found["problem"] + done.stderr
    assert found["code"] == 0
    assert (found["state"], found["steps"]) == ("done", 12)
    assert found["drawn"] >= 1
    assert found["instances"] == found["drawn"]
    assert found["longest_stall"] < LONGEST_STALL
    assert found["second_model"] != found["first_model"] == found["third_model"]
    assert found["threads"] == ["MainThread"]
    # The labels that were drawn meanwhile are in their file, and the run never saw them.
    assert len(labelme.read(folder / "2.json").instances) == found["drawn"]
    (run,) = (folder / ".masklens" / "runs").iterdir()
    assert '"2.png"' not in (run / "labels.jsonl").read_text()
    assert (run / "model.pt").is_file()
