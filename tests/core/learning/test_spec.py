from __future__ import annotations

import json

import pytest

from core.codec import FieldError, encode
from core.learning.schedule import ScheduleChoices
from core.learning.spec import SPEC, RunSpec

FULL = RunSpec(
    model="starter",
    dataset="photos",
    steps=120,
    seed=7,
    hold_out=0.25,
    reuse=(("nucleus", "cell"), ("dirt", "")),
    leave_out_accepted=True,
    schedule=ScheduleChoices(
        batch=1, size=384, side=256, phases=((0, 0.25), (5, 0.75)), flip=False
    ),
    precision="bf16",
    threads=2,
    pinned="a.png",
)


def test_a_request_survives_json():
    assert SPEC.decode(encode(FULL)) == FULL


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("steps", "many"),
        ("steps", True),
        ("hold_out", 1.0),
        ("hold_out", float("nan")),
        ("precision", "int8"),
        ("reuse", [["a"]]),
        ("schedule", {"speed": 1}),
        ("schedule", {"side": 100}),
        ("schedule", {"size": 1}),
        ("schedule", {"phases": [[0, 0.5]]}),
        ("schedule", {"phases": [[9, 1.0]]}),
        ("colour", "red"),
        ("version", 2),
        ("format", "other"),
    ],
)
def test_a_wrong_field_is_named(name, value):
    content = json.loads(encode(FULL)) | {name: value}
    with pytest.raises(FieldError) as caught:
        SPEC.decode(json.dumps(content).encode())
    assert name in str(caught.value) or value != value  # NaN is no JSON at all


def test_model_and_dataset_must_be_there():
    content = json.loads(encode(FULL))
    del content["model"]
    with pytest.raises(FieldError, match="model"):
        SPEC.decode(json.dumps(content).encode())
