from __future__ import annotations

import json

import pytest

from core.codec import FieldError, builtins
from core.learning.choices import (
    LearningChoices,
    UsedModel,
    choices_file,
    load_choices,
    save_choices,
)
from core.learning.errors import LearningError
from core.learning.schedule import ScheduleChoices

FULL = LearningChoices(
    models=(UsedModel("starter", "starter@1"), UsedModel("", "model@2", "run-1")),
    reuse=(("nucleus", "cell"), ("dust", "")),
    leave_out_accepted=True,
    hold_out=0.3,
    steps=77,
    device="cpu",
    schedule=ScheduleChoices(rotate=True, copy_paste=0.5, phases=((0, 0.5), (5, 0.5))),
    pinned="a/b.png",
    told="run-1",
)
PLAIN = {"masklens_learning": 1, **builtins(FULL)}


def test_choices_come_back_as_they_were(tmp_path):
    path = choices_file(tmp_path / "new")
    save_choices(path, FULL)
    assert load_choices(path) == FULL


def test_a_project_without_a_file_has_those_of_the_beginning(tmp_path):
    assert load_choices(choices_file(tmp_path)) == LearningChoices()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b"{",
        json.dumps({**PLAIN, "masklens_learning": 2}).encode(),
        json.dumps(builtins(FULL)).encode(),
        json.dumps({**PLAIN, "hold_out": 1.5}).encode(),
        json.dumps({**PLAIN, "steps": 0}).encode(),
        json.dumps({**PLAIN, "models": [3]}).encode(),
        json.dumps({**PLAIN, "reuse": [["a"]]}).encode(),
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path, broken):
    path = choices_file(tmp_path)
    path.write_bytes(broken)
    with pytest.raises(LearningError):
        load_choices(path)


def test_the_chain_of_models_goes_forward_and_back(tmp_path):
    choices = FULL.with_model(UsedModel("", "model@3", "run-2"))
    assert choices.current.run == "run-2"
    assert choices.previous.run == "run-1"
    assert choices.without_last_model() == FULL
    assert FULL.current.path_or_name(tmp_path) == str(tmp_path / "run-1" / "model.pt")
    assert FULL.previous.path_or_name(tmp_path) == "starter"


def test_a_deleted_run_leaves_the_chain():
    choices = FULL.with_model(UsedModel("", "model@3", "run-2"))
    assert [one.run for one in choices.without_run("run-1").models] == [None, "run-2"]
    assert FULL.without_run("run-1").models == ()


def test_an_answer_can_be_changed_and_taken_back():
    assert dict(FULL.with_reuse("dust", "cell").reuse) == {"nucleus": "cell", "dust": "cell"}
    assert dict(FULL.with_reuse("dust", None).reuse) == {"nucleus": "cell"}


def test_values_out_of_range_are_refused():
    with pytest.raises(FieldError):
        LearningChoices(hold_out=-0.1)
