"""What a run tells while it goes: typed events, one JSON object a line in `events.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from core.codec import Codec
from core.document.instance import Instance
from core.learning.report import Kind
from core.learning.state import RunState
from core.sentences import Sentence


class StateChanged(msgspec.Struct, frozen=True, tag_field="event", tag="state"):
    """The run came into another state."""

    state: RunState


class Noted(msgspec.Struct, frozen=True, tag_field="event", tag="note"):
    """Something a person should know; the run goes on."""

    sentence: Sentence


class Failed(msgspec.Struct, frozen=True, tag_field="event", tag="failed"):
    """Why the run could not go on."""

    sentence: Sentence


class Planned(msgspec.Struct, frozen=True, tag_field="event", tag="plan"):
    """What will be done. `seconds` is how long that should take, measured on a trial step."""

    steps: int
    batch: int
    side: int
    seconds: float
    device: str
    precision: str
    images: int
    held_out: int


class Stepped(msgspec.Struct, frozen=True, tag_field="event", tag="step"):
    """Steps were taken. `losses` are means since the last event, by torchvision's names."""

    step: int
    losses: Mapping[str, float]
    rate: float
    """Learning rate of the heads."""
    left: float
    """Seconds until the end, as far as one can tell."""


class Validated(msgspec.Struct, frozen=True, tag_field="event", tag="validation"):
    """The held-out images were measured on the way. `averaged` tells whose weights they were."""

    step: int
    averaged: bool
    box_ap: float
    mask_ap: float
    kept: bool
    """Whether this is the best so far."""
    judged_by: Kind = Kind.MASK
    """By which of the figures that is decided."""
    keypoint_ap: float | None = None
    """By OKS, where network and labels have keypoints."""

    @property
    def figures(self) -> dict[Kind, float]:
        """AP of what the network was taught; where that is no mask, its masks are left out."""
        found = {Kind.MASK: self.mask_ap} if self.judged_by is Kind.MASK else {}
        found[Kind.BOX] = self.box_ap
        return found if self.keypoint_ap is None else {**found, Kind.KEYPOINTS: self.keypoint_ap}


class Pictured(msgspec.Struct, frozen=True, tag_field="event", tag="picture"):
    """What the network sees now in the pinned image; suggestions in pixels of that image."""

    step: int
    key: str
    instances: tuple[Instance, ...]


class Saved(msgspec.Struct, frozen=True, tag_field="event", tag="checkpoint"):
    """A checkpoint is on the disk; a run that is cut off goes on from this step."""

    step: int


class Measured(msgspec.Struct, frozen=True, tag_field="event", tag="measured"):
    """Figures of the held-out images `before` or `after`, as `evaluate` gives them."""

    after: bool
    figures: Mapping[str, object]


Event = StateChanged | Noted | Failed | Planned | Stepped | Validated | Pictured | Saved | Measured
EVENT: Final[Codec[Event]] = Codec(Event, "event")
"""Events as JSON objects; `event` names their kind."""
