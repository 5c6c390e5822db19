"""What a run tells while it goes: typed events, one JSON object a line in `events.jsonl`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

from core.document.fields import (
    as_bool,
    as_choice,
    as_int,
    as_list,
    as_number,
    as_object,
    as_text,
    get,
)
from core.document.instance import Instance
from core.document.instance_json import instance_from_json, instance_to_json
from core.learning.state import RunState
from core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The run came into another state."""

    KIND: ClassVar[str] = "state"
    state: RunState


@dataclass(frozen=True, slots=True)
class Noted:
    """Something a person should know; the run goes on."""

    KIND: ClassVar[str] = "note"
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the run could not go on."""

    KIND: ClassVar[str] = "failed"
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be done. `seconds` is how long that should take, measured on a trial step."""

    KIND: ClassVar[str] = "plan"
    steps: int
    batch: int
    side: int
    seconds: float
    device: str
    precision: str
    images: int
    held_out: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """Steps were taken. `losses` are means since the last event, by torchvision's names."""

    KIND: ClassVar[str] = "step"
    step: int
    losses: Mapping[str, float]
    rate: float
    """Learning rate of the heads."""
    left: float
    """Seconds until the end, as far as one can tell."""


@dataclass(frozen=True, slots=True)
class Validated:
    """The held-out images were measured on the way. `averaged` tells whose weights they were."""

    KIND: ClassVar[str] = "validation"
    step: int
    averaged: bool
    box_ap: float
    mask_ap: float
    kept: bool
    """Whether this is the best so far."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """What the network sees now in the pinned image; suggestions in pixels of that image."""

    KIND: ClassVar[str] = "picture"
    step: int
    key: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint is on the disk; a run that is cut off goes on from this step."""

    KIND: ClassVar[str] = "checkpoint"
    step: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of the held-out images `before` or `after`, as `evaluate` gives them."""

    KIND: ClassVar[str] = "measured"
    after: bool
    figures: Mapping[str, object]


Event = StateChanged | Noted | Failed | Planned | Stepped | Validated | Pictured | Saved | Measured
_EVENTS: Final[dict[str, type[Event]]] = {
    one.KIND: one
    for one in (
        StateChanged,
        Noted,
        Failed,
        Planned,
        Stepped,
        Validated,
        Pictured,
        Saved,
        Measured,
    )
}


def event_to_json(event: Event) -> dict[str, object]:
    """The event as a JSON object; `event` names its kind."""
    values = {item.name: _plain(getattr(event, item.name)) for item in fields(event)}
    return {"event": event.KIND, **values}


def event_from_json(value: object) -> Event:
    """Read what `event_to_json` wrote. Raises FieldError."""
    given = as_object(value, "event")
    kind = as_choice(get(given, "event", "event"), "event", _EVENTS)
    cls = _EVENTS[kind]
    values = {
        item.name: _READERS[str(item.type)](get(given, item.name, kind), f"{kind}.{item.name}")
        for item in fields(cls)
    }
    return cls(**values)


def _plain(value: Any) -> object:
    if isinstance(value, Sentence):
        return value.to_json()
    if isinstance(value, tuple):
        return [instance_to_json(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _sentence(value: object, where: str) -> Sentence:
    given = as_object(value, where)
    as_text(get(given, "id", where), f"{where}.id")
    for name, argument in as_object(given.get("args", {}), f"{where}.args").items():
        if not isinstance(argument, str):
            as_number(argument, f"{where}.args.{name}")
    return Sentence.from_json(value)


def _numbers(value: object, where: str) -> dict[str, float]:
    given = as_object(value, where).items()
    return {name: as_number(item, f"{where}.{name}") for name, item in given}


def _instances(value: object, where: str) -> tuple[Instance, ...]:
    return tuple(
        instance_from_json(one, f"{where}[{k}]") for k, one in enumerate(as_list(value, where))
    )


def _state(value: object, where: str) -> RunState:
    return RunState(as_choice(value, where, [state.value for state in RunState]))


_READERS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    "int": as_int,
    "float": as_number,
    "str": as_text,
    "bool": as_bool,
    "RunState": _state,
    "Sentence": _sentence,
    "Mapping[str, float]": _numbers,
    "Mapping[str, object]": as_object,
    "tuple[Instance, ...]": _instances,
}
