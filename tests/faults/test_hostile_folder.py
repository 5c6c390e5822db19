"""A folder that reaches out: nothing elsewhere is written, nothing in it is run or loaded."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from core.child import python_command, python_environment
from core.cli.main import main
from core.codec import FieldError, builtins, encode
from core.engine.train.plan import Plan, read_plan
from core.engine.train.session import run_training
from core.learning.choices import CHOICES, load_choices
from core.learning.errors import LearningError
from core.learning.folder import RunFolder, list_runs
from core.learning.history import summarise
from core.learning.journal import EventWriter
from core.learning.launch import start_run
from core.learning.reach import MODEL_NAMES, check_reach, files_of, is_inside, is_name, reach_of
from core.learning.spec import RunSpec
from core.project.project import Project
from core.sentences import MasklensError
from core.storage.atomic import StorageError
from tests.faults.hostile import CODE, change_spec, link_all, make_project, plant_module, tree

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_project(tmp_path / "photos")


def test_no_file_of_ours_that_is_a_link_is_followed(tmp_path: Path, run: RunFolder) -> None:
    """Whatever a window or a trainer does in such a folder, what is outside stays as it was."""
    project = Project(tmp_path / "photos")
    (image, *_) = project.images()
    for path in (
        project.folder / "project.json",
        project.folder / "learning.json",
        project.folder / "lock",
        project.suggestions_path(image),
        project.journal_path(image),
        *(run.path / name for name in ("lock", "events.jsonl", "command", "pinned", "plan.json")),
        *(run.path / name for name in ("checkpoint.pt", "start.pt", "model.pt", "run.log")),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}")
    precious = link_all(project.folder, tmp_path / "outside")
    before = tree(tmp_path / "outside")
    assert len(precious) == 16
    assert list_runs(project.runs_dir) == []
    assert not run.is_alive()
    assert run.events().read() == []
    assert run.asked() is None
    assert project.left_journals() == []
    for act in (
        lambda: project.lock(),
        lambda: project.load_settings(),
        lambda: load_choices(project.folder / "learning.json"),
        lambda: run.spec(),
        lambda: run.labels(),
        lambda: EventWriter(run.events_file),
        lambda: read_plan(run.plan_file),
        lambda: summarise(run),
    ):
        with pytest.raises(MasklensError):
            act()
    run.pin("x")  # written beside and renamed: the link goes, not what it leads to
    run.drop()
    assert not run.path.exists()
    assert tree(tmp_path / "outside") == before


def test_a_run_folder_that_is_a_link_is_no_run_and_is_not_emptied(tmp_path: Path) -> None:
    theirs = make_project(tmp_path / "theirs")
    before = tree(theirs.path)
    runs = tmp_path / "photos" / ".masklens" / "runs"
    runs.mkdir(parents=True)
    (runs / "evil").symlink_to(theirs.path)
    assert list_runs(runs) == []
    evil = RunFolder(runs / "evil")
    assert not evil.is_alive()
    with pytest.raises(StorageError):
        evil.drop()
    with pytest.raises(MasklensError):
        run_training(evil)
    assert tree(theirs.path) == before


def test_code_that_a_request_names_is_not_run(tmp_path: Path, run: RunFolder) -> None:
    mark = plant_module(tmp_path / "photos")
    for code in (CODE, "torch.distributed.run:main", "runpy:run_path", "os:abort"):
        change_spec(run, backbone=code)
        with pytest.raises(LearningError) as caught:
            run_training(run)
        assert caught.value.sentence.id == "learning.not_allowed"
        assert code in str(caught.value)
    # A trainer's process, started with the folder of photos as its own.
    change_spec(run, backbone=CODE)
    subprocess.run(
        python_command("core.engine.train", str(run.path)),
        env={**python_environment(), "MASKLENS_ALLOWED": "[]"},
        cwd=tmp_path / "photos",
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert not mark.exists()


def test_what_a_person_allows_reaches_the_trainer_and_nothing_else_does(
    run: RunFolder, monkeypatch
) -> None:
    seen: list[dict[str, str]] = []

    def note(command, **more):
        seen.append({"command": " ".join(command), **more["env"]})
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", note)
    change_spec(run, backbone=CODE)
    start_run(run, [CODE])
    start_run(run)
    assert [json.loads(one["MASKLENS_ALLOWED"]) for one in seen] == [[CODE], []]
    assert all(CODE not in one["command"] for one in seen)
    check_reach(run, run.spec(), [CODE])
    with pytest.raises(LearningError):
        check_reach(run, run.spec(), ["other:code"])


@pytest.mark.parametrize("field", ["model", "backbone_weights"])
@pytest.mark.parametrize(
    "path",
    ["/elsewhere/model.pt", "../../../model.pt", "model.pt", "\\\\host\\share\\m.pt", "http://x/m"],
)
def test_files_elsewhere_are_named_before_they_are_touched(run: RunFolder, field, path) -> None:
    change_spec(run, **{field: path})
    spec = run.spec()
    assert files_of(run, spec) == (path,)
    with pytest.raises(LearningError) as caught:
        check_reach(run, spec, ["something else"])
    assert path in str(caught.value)
    check_reach(run, spec, [path])


def test_names_and_files_of_the_project_need_nobody(tmp_path: Path, run: RunFolder) -> None:
    from core.engine.models import list_models
    from core.engine.zoo import ARCHES

    assert tuple(model.name for model in list_models()) == MODEL_NAMES
    assert all(is_name(name) for name in (*MODEL_NAMES, *ARCHES))
    for path in (tmp_path / "photos" / "own.pt", run.path.parent / "other" / "model.pt"):
        change_spec(run, model=str(path))
        assert reach_of(run, run.spec()) == ()
    root = tmp_path / "photos"
    (root / "link.pt").symlink_to(tmp_path / "secret.pt")
    for path in (root / "link.pt", root / ".." / "x.pt", Path(f"{root}2/x.pt"), root / "a\0b"):
        assert not is_inside(str(path), root)


@pytest.mark.parametrize(
    "values",
    [
        {"device": "privateuseone:0"},
        {"device": "cuda; rm"},
        {"device": ""},
        {"threads": 10**9},
        {"steps": 10**18},
        {"precision": "__class__"},
        {"checkpoint_seconds": "1"},
        {"exec": "x"},
    ],
)
def test_a_request_with_words_and_numbers_that_mean_nothing_is_no_run(run, values) -> None:
    change_spec(run, **values)
    with pytest.raises(LearningError):
        run.spec()


@pytest.mark.parametrize(
    "values",
    [
        {"dtype": "load"},
        {"dtype": "__loader__"},
        {"device": "meta"},
        {"batch": 10**9},
        {"side": 10**6},
        {"steps": -1},
        {"threads": "2"},
        {"scale": float("nan")},
    ],
)
def test_a_plan_with_values_that_mean_nothing_is_refused(run: RunFolder, values) -> None:
    plan = Plan(
        steps=2, seed=0, batch=1, side=64, phases=((0, 1.0),), learning_rate=1e-3,
        backbone_rate=0.2, warm_up=0.1, clip=5.0, weight_decay=0.0, average=0.9, flip=True,
        rotate=False, scale=1.0, colour=False, copy_paste=0.0, device="cpu", dtype="float32",
        threads=1,
    )  # fmt: skip
    good = builtins(plan)
    run.plan_file.write_text(json.dumps(good))
    assert read_plan(run.plan_file) is not None
    run.plan_file.write_text(json.dumps({**good, **values}))
    with pytest.raises(LearningError):
        read_plan(run.plan_file)


@pytest.mark.parametrize(
    "name", ["../../x", "..", "", "a/b", "a\\b", "-rf", "a\0b", "/x", "x" * 300]
)
def test_a_run_is_called_by_a_plain_name(name: str) -> None:
    models = [{"spec": "", "revision": "", "run": name}]
    with pytest.raises(FieldError):
        CHOICES.convert({"masklens_learning": 1, "models": models})


def test_frozen_labels_of_a_project_name_images_of_it(tmp_path: Path, run: RunFolder) -> None:
    assert run.labels().read(0).path == tmp_path / "photos" / "000.png"
    lines = run.labels_file.read_text().splitlines()
    for key, path in (("secret.png", "/elsewhere/secret.png"), ("../x.png", "../x.png")):
        first = {**json.loads(lines[1]), "path": path, "key": key}
        run.labels_file.write_text("\n".join([lines[0], json.dumps(first), *lines[2:], ""]))
        with pytest.raises(LearningError):
            run.labels().read(0)
    # A project that was moved finds its images again.
    run.labels_file.write_text("\n".join([*lines, ""]))
    (tmp_path / "photos").rename(tmp_path / "moved")
    moved = RunFolder(tmp_path / "moved" / run.path.relative_to(tmp_path / "photos"))
    assert moved.labels().read(0).path == tmp_path / "moved" / "000.png"


def test_the_command_line_names_code_anew_when_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    run = make_project(photos)
    mark = plant_module(photos)
    change_spec(run, backbone=CODE)
    monkeypatch.chdir(photos)
    monkeypatch.syspath_prepend(photos)  # it could be found, and is not looked for
    command = ["train", str(photos), "--model", "starter", "--out", str(run.path), "--resume"]
    assert main(command) != 0
    assert CODE in capsys.readouterr().err
    assert not mark.exists()


def test_a_request_that_was_written_is_read_again(run: RunFolder) -> None:
    spec = RunSpec(model="starter", dataset="x", backbone="mine:trunk", device="cuda:1", threads=3)
    run.spec_file.write_bytes(encode(spec))
    assert run.spec() == spec
