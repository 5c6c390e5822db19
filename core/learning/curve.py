"""The effort curve: what each image cost, against other ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.learning.assist import Assisted
from core.learning.effort import Effort


@dataclass(frozen=True, slots=True)
class Labelled:
    """One image of the simulation."""

    key: str
    rounds: int
    """How often the model had been trained when it saw this image."""
    loop: Effort
    never: Effort
    """With the model that is never trained."""
    threshold: float
    """Score from which on the suggestions of the trained model were shown."""
    assisted: Assisted | None = None
    """With strokes, boxes, clicks and sweeps, when they are simulated."""

    @property
    def costs(self) -> Effort | Assisted:
        """What the image cost in the end."""
        return self.assisted or self.loop

    def to_json(self) -> dict[str, object]:
        """The entry of an image; with the tools, `unassisted` is the same person without them."""
        entry = {
            "key": self.key,
            "rounds": self.rounds,
            "threshold": self.threshold,
            "loop": self.costs.to_json(),
            "never": self.never.to_json(),
        }
        return entry if self.assisted is None else {**entry, "unassisted": self.loop.to_json()}


@dataclass(frozen=True, slots=True)
class Round:
    """One training in between."""

    images: int
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A whole simulation."""

    images: tuple[Labelled, ...]
    rounds: tuple[Round, ...]
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Image by image, and in sum; `last_third` are the means over the last third."""
        third = self.images[-max(1, len(self.images) // 3) :]
        return {
            "images": [one.to_json() for one in self.images],
            "rounds": [
                {"images": one.images, "steps": one.steps, "seconds": one.seconds}
                for one in self.rounds
            ],
            "all": means(self.images),
            "last_third": means(third),
            "seconds": self.seconds,
        }


def means(images: Sequence[Labelled]) -> dict[str, float]:
    """Actions per instance over some images, in each way.

    With the tools there are also `unassisted`, what each tool saved (`saved_…`), and `reached`:
    the share of outlines with an IoU of 0.8 or more in the end.
    """
    instances = max(1, sum(one.loop.instances for one in images))
    found = {
        "by_hand": sum(one.loop.by_hand for one in images) / instances,
        "never": sum(one.never.actions for one in images) / instances,
        "loop": sum(one.costs.actions for one in images) / instances,
    }
    helped = [one.assisted for one in images if one.assisted is not None]
    if helped:
        found["unassisted"] = sum(one.loop.actions for one in images) / instances
        for tool in helped[0].saved:
            found[f"saved_{tool}"] = sum(one.saved[tool] for one in helped) / instances
        found["reached"] = sum(one.reached for one in helped) / instances
    return found
