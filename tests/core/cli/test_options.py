"""Every option of every command is used, or refused where it would do nothing."""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import datasets, main
from core.cli import options as shared
from core.cli.commands import COMMAND_NAMES
from tests.models import save_tiny_model

READ_BY_ARGPARSE = {"help", "version"}


def declared(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from declared(sub)
        if action.dest not in READ_BY_ARGPARSE:
            yield action.dest


def read_by(module: object) -> set[str]:
    """Names of attributes that a module reads, and texts by which it asks for one."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return names | {text.replace("-", "_") for text in texts}


@pytest.mark.parametrize("name", [*COMMAND_NAMES, "window"])
def test_every_option_is_read_by_its_command(name: str) -> None:
    module = importlib.import_module(f"core.cli.commands.{name}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    read = read_by(module) | read_by(shared) | read_by(datasets) | {"json"}
    if name == "bench":
        for other in ("core.cli.commands.train", "core.cli.bench_assist"):
            read |= read_by(importlib.import_module(other))
    assert set(declared(parser)) <= read


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    save_tiny_model(folder / "tiny.pt")
    (folder / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "photos" / "a.png")
    return folder


PREDICT = "predict photos --model tiny.pt --out out"
TRAIN = "train photos --out run --model "
NEW = "maskrcnn_resnet18_fpn"
IDLE = [
    (f"{PREDICT} --arch maskrcnn_resnet50_fpn", "--arch"),
    ("predict photos --model starter --out out --arch maskrcnn_resnet50_fpn", "--arch"),
    (f"{PREDICT} --backbone tests.core.engine.test_zoo:coarse_trunk", "--backbone"),
    (f"{PREDICT} --proposer-arch ssd300_vgg16", "--proposer-arch"),
    (f"{PREDICT} --proposer yolox-nano --proposer-arch ssd300_vgg16", "ssd300_vgg16"),
    (f"{PREDICT} --tiles 4", "--tiles"),
    (f"{PREDICT} --set proposer_tiles=4", "proposer_tiles"),
    (f"{PREDICT} --proposer yolox-nano --set rpn_nms=0.5", "rpn_nms"),
    (f"{PREDICT} --set roi_pool=crop --set roi_sampling=4", "roi_sampling"),
    ("predict photos --model starter --out out --set mask_activation=softmax", "each class"),
    (f"{PREDICT} --like labels.json", "--like"),
    ("trace photos/a.png --model tiny.pt --out walk --seed 3", "--seed"),
    ("models info tiny.pt --arch maskrcnn_resnet50_fpn", "--arch"),
    (f"{TRAIN}{NEW} --backbone f:make", "--backbone"),
    (f"{TRAIN}{NEW} --arch maskrcnn_resnet50_fpn", "--arch"),
    (f"{TRAIN}{NEW} --reuse a=b", "--reuse"),
    (f"{TRAIN}{NEW} --schedule steps=3", "learning_rate"),
    (f"{TRAIN}tiny.pt --backbone-weights tiny.pt", "--backbone-weights"),
    (f"{TRAIN}tiny.pt --val photos --hold-out 0.3", "--hold-out"),
]


@pytest.mark.parametrize(("words", "told"), IDLE)
def test_what_would_do_nothing_is_refused(
    here: Path,
    words: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(here)
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""
    assert {path.name for path in here.iterdir()} <= {"tiny.pt", "photos", "out", "walk"}
