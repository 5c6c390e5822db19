from __future__ import annotations

import errno
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from core.engine.train import learning as learning_module
from core.engine.train import measuring, session, trainer
from core.engine.weights import load_file
from core.learning import events
from core.learning.errors import LearningError
from core.learning.folder import create_run, lock_run
from core.learning.report import read_report
from core.learning.schedule import ScheduleChoices
from core.learning.seen import Outcome, SeenFile
from core.learning.state import Command, RunState
from core.sentences import say
from core.storage.images import ImageError
from tests.core.engine.networks import SMALL
from tests.core.engine.train.carrying import carry_out
from tests.core.learning.making import gathered, make_run, small_spec
from tests.models import save_tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "base.pt", size=64)


def weights(run):
    return load_file(run.model_file).module.state_dict()


def assert_same(one, two):
    expected = weights(two)
    for name, value in weights(one).items():
        assert torch.equal(value, expected[name]), name


def told(run, kind):
    return [one.event for one in run.events().read() if isinstance(one.event, kind)]


def test_a_run_ends_with_a_model_and_a_report(tmp_path, base):
    run = make_run(tmp_path, base, picture_every=2)
    heard = []
    report = carry_out(run, heard.append)
    assert report == read_report(run.report_file)
    assert report.steps == 4
    assert report.classes == ("square",)
    assert report.before["images"] == report.after["images"] == 1
    assert set(report.after["by_label"]) == {"square"}
    assert [image.key for image in report.images] == ["003.png"]
    assert [one.event for one in run.events().read()] == heard
    assert run.state() is RunState.DONE
    model = load_file(run.model_file)
    assert model.revision == report.model
    assert model.extra["learned_classes"] == ["square"]
    losses = told(run, events.Stepped)[-1].losses
    assert len(losses) == 6
    assert {one.step for one in told(run, events.Pictured)} == {2, 4}
    left = {path.name for path in run.path.iterdir()}
    assert left == {
        *("spec.json", "labels.jsonl", "plan.json", "events.jsonl", "lock"),
        *("model.pt", "report.json", "seen-before.jsonl", "seen-after.jsonl"),
    }


def test_as_many_detections_are_measured_as_count(monkeypatch):
    wanted, told = [], []

    def predict(_predictor, _path, settings):
        wanted.append(settings.detections_per_image)
        raise ImageError(say("a.b", "gone"))

    monkeypatch.setattr(measuring, "predict_file", predict)
    predictor = SimpleNamespace(loaded=SimpleNamespace(config=SMALL))
    assert SMALL.settings.detections_per_image != measuring.MAX_DETECTIONS
    done = measuring.measure(predictor, [SimpleNamespace(path=None)], told.append)
    assert (wanted, len(told), done.evaluation) == ([measuring.MAX_DETECTIONS], 1, None)


def test_what_both_models_see_in_held_out_images_is_kept(tmp_path, base):
    run = make_run(tmp_path, base)
    (change,) = carry_out(run).images
    image = next(run.labels().images(held_out=True))
    ids = {one.id for one in image.objects}
    found = {}
    for file in (run.seen_before_file, run.seen_after_file):
        seen = SeenFile(file).read(change.key)
        assert all((one.instance.score or 0) >= 0.5 for one in seen)
        found[file] = {one.found for one in seen if one.outcome is Outcome.FOUND}
        assert found[file] <= ids
    before, after = found.values()
    assert set(change.gained) == after - before
    assert set(change.lost) == before - after


def test_frozen_stages_stand_still_while_the_heads_learn(tmp_path, base):
    schedule = ScheduleChoices(side=64, phases=((0, 1.0),))
    run = make_run(tmp_path, base, schedule=schedule, validations=0)
    carry_out(run)
    start, end = load_file(base).module.state_dict(), weights(run)
    for name, value in end.items():
        if name.startswith("backbone.body"):
            assert torch.equal(value, start[name]), name
    moved = "roi_heads.mask_head.0.0.weight"
    assert not torch.equal(end[moved], start[moved])


def cut_after(monkeypatch, step):
    """End the process, as it were, right after a step."""
    original = trainer.Trainer.learn

    def learn(self, batch):
        if self.step == step:
            raise KeyboardInterrupt
        return original(self, batch)

    monkeypatch.setattr(trainer.Trainer, "learn", learn)


@pytest.mark.slow
def test_a_run_that_goes_on_ends_with_the_same_weights(tmp_path, base, monkeypatch):
    schedule = ScheduleChoices(side=64, copy_paste=0.5, phases=((0, 0.5), (5, 0.5)))
    whole = make_run(tmp_path / "a", base, schedule=schedule)
    carry_out(whole)
    cut = make_run(tmp_path / "b", base, schedule=schedule)
    for step in (1, 3):
        with monkeypatch.context() as patch:
            cut_after(patch, step)
            with pytest.raises(KeyboardInterrupt):
                carry_out(cut)
        assert cut.is_left_over()
    assert carry_out(cut).steps == 4
    assert cut.state() is RunState.DONE
    assert_same(whole, cut)


def test_stop_keeps_what_was_learned(tmp_path, base):
    run = make_run(tmp_path, base, steps=50)

    def hear(event):
        if isinstance(event, events.Saved) and event.step == 2:
            run.ask(Command.STOP)

    report = carry_out(run, hear)
    assert report.steps == 2
    assert run.state() is RunState.STOPPED
    assert load_file(run.model_file).extra["steps"] == 2


def test_cancel_drops_the_run(tmp_path, base):
    run = make_run(tmp_path, base, steps=50)

    def hear(event):
        if isinstance(event, events.Saved):
            run.ask(Command.CANCEL)

    assert carry_out(run, hear) is None
    assert not run.path.exists()
    assert len(list((tmp_path / "images").iterdir())) == 4


def test_losses_that_are_not_finite_end_the_run_and_keep_the_checkpoint(
    tmp_path, base, monkeypatch
):
    run = make_run(tmp_path, base, steps=20)
    original = trainer.training_pass

    def broken(*args, **kwargs):
        done = original(*args, **kwargs)
        worse = {name: value * float("nan") for name, value in done.losses.items()}
        return replace(done, losses=worse if run.checkpoint_file.exists() else done.losses)

    monkeypatch.setattr(trainer, "training_pass", broken)
    with pytest.raises(LearningError, match="no longer finite"):
        carry_out(run)
    assert run.state() is RunState.FAILED
    assert told(run, events.Failed)[0].sentence.id == "learning.diverged"
    assert run.checkpoint_file.exists()
    state = torch.load(run.checkpoint_file, weights_only=True)["state"]
    assert all(torch.isfinite(value).all() for value in state["weights"].values())


def test_short_memory_halves_the_batch_then_the_size(tmp_path, base, monkeypatch):
    schedule = ScheduleChoices(side=256, batch=2)
    run = make_run(tmp_path, base, schedule=schedule)
    original = trainer.training_pass

    def hungry(model, config, images, targets, **more):
        if run.checkpoint_file.exists() and (len(images) > 1 or max(images[0].shape) > 60):
            raise torch.OutOfMemoryError("out of memory")
        return original(model, config, images, targets, **more)

    monkeypatch.setattr(trainer, "training_pass", hungry)
    with pytest.raises(LearningError, match="not enough memory"):
        carry_out(run)
    said = [one.sentence for one in told(run, events.Noted)]
    smaller = [dict(one.args) for one in said if one.id == "learning.smaller"]
    assert smaller == [{"batch": 1, "side": 256}, {"batch": 1, "side": 160}]


def test_short_memory_that_passes_lets_the_run_end(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    original = trainer.training_pass

    def hungry(model, config, images, targets, **more):
        if run.checkpoint_file.exists() and len(images) > 1:
            raise MemoryError
        return original(model, config, images, targets, **more)

    monkeypatch.setattr(trainer, "training_pass", hungry)
    assert carry_out(run).steps == 4


def test_a_full_disk_ends_the_run_and_keeps_the_last_checkpoint(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    from core.storage import atomic

    original = atomic.write_all

    def full(handle, data):
        if len(data) > 100_000 and run.checkpoint_file.exists():
            raise OSError(errno.ENOSPC, "no space left")
        original(handle, data)

    monkeypatch.setattr(atomic, "write_all", full)
    with pytest.raises(LearningError):
        carry_out(run)
    assert told(run, events.Failed)[0].sentence.id == "storage.full"
    assert torch.load(run.checkpoint_file, weights_only=True)["state"]["step"] == 1
    assert not list(run.path.glob(".*tmp*"))
    monkeypatch.undo()
    assert carry_out(run).steps == 4


def test_images_that_vanish_end_the_run_in_a_sentence(tmp_path, base):
    run = make_run(tmp_path, base, steps=50)
    run_images = tmp_path / "images"

    def hear(event):
        if isinstance(event, events.Saved) and event.step == 2:
            run_images.rename(tmp_path / "elsewhere")

    # The pictures are small enough to stay in memory, so that has to be forbidden here.
    from core.engine.train import stream

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            stream.Pictures, "get", lambda self, image: stream.read_image(image.path).pixels
        )
        with pytest.raises(LearningError, match="None of the images"):
            carry_out(run, hear)
    assert run.state() is RunState.FAILED
    assert run.checkpoint_file.exists()


def test_a_label_folder_that_vanishes_ends_the_run_and_one_that_is_back_goes_on(tmp_path, base):
    photos, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    data = gathered(photos)
    run = create_run(photos / ".masklens" / "runs" / "one", small_spec(base), data)

    def hear(event):
        if isinstance(event, events.Saved) and event.step == 2:
            photos.rename(elsewhere)

    with pytest.raises(LearningError, match="no longer there"):
        carry_out(run, hear)
    assert not photos.exists()  # a drive that was taken out does not come into being again
    elsewhere.rename(photos)
    assert told(run, events.Failed)[0].sentence.id == "learning.folder_gone"
    assert torch.load(run.checkpoint_file, weights_only=True)["state"]["step"] == 2
    assert carry_out(run).steps == 4


def test_a_second_trainer_is_refused(tmp_path, base, monkeypatch):
    run = make_run(tmp_path, base)
    monkeypatch.setattr(session, "lock_run", lambda run: lock_run(run, patience=0.1))
    from core.storage.lock import FolderLock

    lock = FolderLock.acquire(run.path / "lock")
    with pytest.raises(LearningError, match="still at work"):
        carry_out(run)
    lock.release()


def test_the_class_order_is_kept_by_the_next_run(tmp_path, base):
    first = make_run(tmp_path, base, name="first")
    carry_out(first)
    second = make_run(tmp_path / "two", first.model_file, name="second")
    content = second.labels_file.read_text().replace('"label":"square"', '"label":"disc"')
    content = content.replace('["square"]', '["disc"]')
    second.labels_file.write_text(content)
    report = carry_out(second)
    assert report.classes == ("square", "disc")
    assert load_file(second.model_file).extra["learned_classes"] == ["square", "disc"]


def test_a_new_network_starts_from_its_architecture(tmp_path, monkeypatch):
    # It finds anything anywhere, and outlines of that would take half of the run.
    monkeypatch.setattr(measuring, "MAX_DETECTIONS", 12)
    run = make_run(
        tmp_path,
        "maskrcnn_mobilenet_v3_small_fpn",
        steps=2,
        validations=0,
        schedule=ScheduleChoices(side=64, size=64, batch=2),
    )
    assert carry_out(run).base.endswith("@new")
    config = load_file(run.model_file).config
    assert config.arch == "mobilenet_v3_small"
    assert json.loads(run.plan_file.read_text())["phases"][-1][0] == 5


def test_validation_steps_spread_over_the_run():
    assert learning_module._validation_steps(100, 4) == {20, 40, 60, 80}
    assert learning_module._validation_steps(2, 4) <= {0, 1}
