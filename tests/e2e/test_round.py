"""The real program, the real engine, a real display: a first session from end to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.child import python_command
from core.formats import labelme
from tests.models import save_tiny_model

TIMEOUT = 900


def make_folder(folder: Path) -> Path:
    folder.mkdir()
    random = np.random.default_rng(1)
    for name in ("1.png", "2.png"):
        pixels = random.integers(0, 255, (120, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def write_settings(environment: dict[str, str], **values: object) -> None:
    folder = Path(environment["XDG_CONFIG_HOME"]) / "masklens"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(values))


@pytest.mark.slow
@pytest.mark.timeout(1000)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_a_first_session(environment: dict[str, str], tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "images")
    model = save_tiny_model(tmp_path / "tiny.pt", class_names=("cell",))
    write_settings(
        environment,
        model=str(model),
        suggestion_score=0.05,
        suggestion_score_follows=False,
        precision="float32",
    )
    coco = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.round", str(folder), str(coco)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["problem"] == "", found["problem"] + done.stderr
    assert found["code"] == 0
    assert found["platform"] == environment["QT_QPA_PLATFORM"]
    assert found["moved"] == "edited"
    assert found["came_back"] is True
    assert found["threads"] == ["MainThread"]
    assert found["spared"] > 10_000

    labels = labelme.read(folder / "1.json")
    assert [each.source.value for each in labels.instances].count("drawn") == 1
    assert len(labels.instances) == 3
    from pycocotools.coco import COCO

    dataset = COCO(str(coco))
    assert len(dataset.anns) == 3
    assert {image["file_name"] for image in dataset.imgs.values()} == {"1.png"}
    assert all(dataset.annToMask(each).any() for each in dataset.anns.values())


@pytest.mark.slow
@pytest.mark.timeout(1000)
def test_the_window_is_there_and_ends_on_request(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "images")
    process = subprocess.Popen(python_command("app", str(folder)), env=environment)
    try:
        lock = folder / ".masklens" / "lock"
        until = time.monotonic() + 60
        while not lock.exists() and time.monotonic() < until:
            assert process.poll() is None
            time.sleep(0.1)
        assert lock.exists()
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(1000)
def test_the_tools_that_help(environment: dict[str, str], tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "images")
    model = save_tiny_model(tmp_path / "tiny.pt", class_names=("cell",))
    write_settings(
        environment,
        model=str(model),
        suggestion_score=0.05,
        suggestion_score_follows=False,
        precision="float32",
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.assist_round", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["problem"] == "", found["problem"] + done.stderr
    assert found["code"] == 0
    assert found["boxed"] == "prompted"
    assert found["refused"] == "gestures.stretch_met_nothing"
    assert found["stretched"] == "edited"
    before, after = found["areas"]
    assert abs(after - before) > 1
    assert found["swept"] >= 1
    assert found["undone"] == 0
    assert found["made_again"] is True
    assert found["hint"] != ""
    labels = labelme.read(folder / "1.json")
    assert len(labels.instances) >= 3
