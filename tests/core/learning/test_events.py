from __future__ import annotations

import json

import pytest

from core.codec import FieldError, encode
from core.learning import events
from core.learning.events import EVENT
from core.learning.journal import EventReader, EventWriter
from core.learning.state import RunState
from core.sentences import say
from tests.core.learning.making import square

ALL = [
    events.StateChanged(RunState.RUNNING),
    events.Noted(say("learning.went_on", "Going on from step {step}.", step=3)),
    events.Failed(say("learning.no_memory", "There is not enough memory.")),
    events.Planned(10, 2, 256, 12.5, "cpu", "float32", 8, 2),
    events.Stepped(3, {"loss_mask": 0.5}, 1e-4, 30.0),
    events.Validated(5, True, 0.3, 0.25, True),
    events.Pictured(5, "a.png", (square("1", 2, 3, 10),)),
    events.Saved(5),
    events.Measured(True, {"mask": {"AP": 0.5}}),
]


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_every_event_survives_json(event):
    assert EVENT.decode(encode(event)) == event


@pytest.mark.parametrize("change", [{"step": "x"}, {"event": "other"}, {"losses": {"a": None}}])
def test_a_wrong_event_is_refused(change):
    with pytest.raises(FieldError):
        EVENT.decode(json.dumps(json.loads(encode(ALL[4])) | change).encode())


def test_events_are_followed_as_they_come(tmp_path):
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    writer = EventWriter(path)
    writer.tell(ALL[0])
    assert [told.event for told in reader.read()] == ALL[:1]
    for event in ALL[1:]:
        writer.tell(event)
    assert [told.event for told in reader.read()] == ALL[1:]
    assert reader.read() == []
    writer.close()


def test_half_a_line_waits_for_its_end(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    writer.tell(ALL[7])
    writer.tell(ALL[7])
    writer.close()
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    path.write_bytes(data[: first + 9])
    reader = EventReader(path)
    assert len(reader.read()) == 1
    path.write_bytes(data)
    assert len(reader.read()) == 1


def test_a_line_torn_by_a_kill_costs_only_itself(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    writer.tell(ALL[0])
    writer.close()
    with path.open("ab") as file:
        file.write(b'{"event":"step","st')
    writer = EventWriter(path)
    writer.tell(ALL[1])
    writer.close()
    reader = EventReader(path)
    assert [told.event for told in reader.read()] == ALL[:2]
    assert reader.skipped == 1
