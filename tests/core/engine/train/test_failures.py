"""What goes wrong with disk and memory ends in a sentence, and the run can go on afterwards."""

from __future__ import annotations

import errno

import pytest
import torch

from core.engine.train import trainer
from core.learning import events, journal
from core.learning.errors import LearningError
from core.learning.schedule import ScheduleChoices
from core.learning.seen import SeenFile, SeenWriter
from core.learning.state import RunState
from core.storage import atomic
from core.storage.atomic import StorageError
from tests.core.engine.train.carrying import carry_out
from tests.core.learning.making import make_run
from tests.models import save_tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "base.pt", size=64)


def told(run, kind):
    return [one.event for one in run.events().read() if isinstance(one.event, kind)]


def no_space(*_args):
    raise OSError(errno.ENOSPC, "no space left")


def goes_on(run):
    """The run comes to its end once there is room again."""
    assert run.is_left_over() or run.state() is RunState.FAILED
    assert carry_out(run).steps == 4
    assert run.state() is RunState.DONE
    assert run.model_file.is_file()


def test_a_disk_that_is_full_at_the_end_costs_no_step(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    original = atomic.write_all

    def full_at_the_end(handle, data):
        if run.checkpoint_file.exists() and RunState.STOPPING in states(run):
            no_space()
        original(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_all", full_at_the_end)
        with pytest.raises(LearningError, match="full"):
            carry_out(run)
    assert told(run, events.Failed)[0].sentence.id == "storage.full"
    assert torch.load(run.checkpoint_file, weights_only=True)["state"]["step"] == 4
    assert not run.model_file.exists()
    goes_on(run)


def states(run):
    return [one.state for one in told(run, events.StateChanged)]


def test_a_disk_without_room_for_a_word_leaves_a_run_that_goes_on(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    original = journal.write_all

    def full(handle, data):
        if run.checkpoint_file.exists():
            no_space()
        original(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "write_all", full)
        with pytest.raises(LearningError, match="full"):
            carry_out(run)
    assert run.is_left_over()
    goes_on(run)


def test_a_disk_without_room_for_what_was_seen_ends_in_a_sentence(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)

    def full(self, key, detections):
        raise StorageError(atomic.explain(OSError(errno.ENOSPC, "full"), run.seen_before_file))

    with monkeypatch.context() as patch:
        patch.setattr(SeenWriter, "add", full)
        with pytest.raises(LearningError, match="full"):
            carry_out(run)
    assert told(run, events.Failed)[0].sentence.id == "storage.full"
    goes_on(run)
    assert "003.png" in SeenFile(run.seen_before_file)


def test_a_checkpoint_that_is_not_ours_is_named(tmp_path, base):
    run = make_run(tmp_path, base)
    run.checkpoint_file.write_bytes(b"PK not a checkpoint")
    with pytest.raises(LearningError, match="checkpoint"):
        carry_out(run)
    assert told(run, events.Failed)[0].sentence.id == "learning.checkpoint_damaged"
    run.checkpoint_file.unlink()
    goes_on(run)


def hungry(monkeypatch, most_images, most_side):
    original = trainer.training_pass

    def training_pass(model, config, images, targets, **more):
        if len(images) > most_images or max(images[0].shape) > most_side:
            raise torch.OutOfMemoryError("out of memory")
        return original(model, config, images, targets, **more)

    monkeypatch.setattr(trainer, "training_pass", training_pass)


def test_memory_that_is_short_from_the_beginning_is_said_too(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base, schedule=ScheduleChoices(side=256, batch=2))
    hungry(monkeypatch, most_images=1, most_side=10_000)
    assert carry_out(run).steps == 4
    said = [one.sentence for one in told(run, events.Noted)]
    smaller = [dict(one.args) for one in said if one.id == "learning.smaller"]
    assert smaller == [{"batch": 1, "side": 256}]
    (planned,) = told(run, events.Planned)
    assert (planned.batch, planned.side) == (1, 256)


def test_memory_that_does_for_nothing_ends_in_a_sentence(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    hungry(monkeypatch, most_images=1, most_side=10)
    with pytest.raises(LearningError, match="not enough memory"):
        carry_out(run)
    assert told(run, events.Failed)[0].sentence.id == "learning.no_memory"
    assert run.state() is RunState.FAILED


def test_a_run_whose_images_all_vanish_does_not_call_itself_done(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    images = [run.labels().read(k).path for k in range(4)]

    def vanish(event):
        if isinstance(event, events.Stepped):
            for path in images:
                path.rename(path.with_suffix(".away")) if path.exists() else None

    with pytest.raises(LearningError, match="images"):
        carry_out(run, vanish)
    assert states(run)[-1] is RunState.FAILED
    assert "learning.best_kept" not in [one.sentence.id for one in told(run, events.Noted)]
    assert not run.model_file.exists()
    for path in images:
        path.with_suffix(".away").rename(path)
    goes_on(run)
