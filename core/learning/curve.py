"""The effort curve: what each image cost, against other ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
            "images": [
                {
                    "key": one.key,
                    "rounds": one.rounds,
                    "threshold": one.threshold,
                    "loop": one.loop.to_json(),
                    "never": one.never.to_json(),
                }
                for one in self.images
            ],
            "rounds": [
                {"images": one.images, "steps": one.steps, "seconds": one.seconds}
                for one in self.rounds
            ],
            "all": means(self.images),
            "last_third": means(third),
            "seconds": self.seconds,
        }


def means(images: Sequence[Labelled]) -> dict[str, float]:
    """Actions per instance over some images, in each of the three ways."""
    instances = max(1, sum(one.loop.instances for one in images))
    return {
        "by_hand": sum(one.loop.by_hand for one in images) / instances,
        "never": sum(one.never.actions for one in images) / instances,
        "loop": sum(one.loop.actions for one in images) / instances,
    }
