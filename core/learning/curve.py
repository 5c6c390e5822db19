"""The effort curve: what each image cost, against other ways; as JSON and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from core.learning.effort import Effort

_SIZE: Final = (960, 560)
_FRAME: Final = (76, 46, 930, 486)
_WINDOW: Final = 5
_COLOURS: Final = {"hand": "#7a7a7a", "never": "#c4591a", "loop": "#1a66b3"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One image of the simulation."""

    key: str
    rounds: int
    """How often the model had been trained when it saw this image."""
    loop: Effort
    never: Effort
    """With the model that is never trained."""


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


def draw(curve: Curve, title: str) -> bytes:
    """The curve as a PNG: actions per instance, as means over five images, on a logarithmic scale.

    Vertical lines are trainings.
    """
    picture = Image.new("RGB", _SIZE, "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    rows = [means(curve.images[max(0, k - _WINDOW + 1) : k + 1]) for k in range(len(curve.images))]
    lows = min((min(row.values()) for row in rows), default=0.1)
    highs = max((max(row.values()) for row in rows), default=10)
    scale = _Scale(len(rows), max(0.01, lows * 0.8), max(1.0, highs * 1.25))
    _axes(pen, scale, font)
    for one in curve.rounds:
        x = scale.x(one.images - 0.5)
        pen.line((x, _FRAME[1], x, _FRAME[3]), fill="#d8d8d8")
    names = {
        "by_hand": ("drawing everything", "hand"),
        "never": ("the same model, never trained again", "never"),
        "loop": ("trained again along the way", "loop"),
    }
    for place, (name, (text, colour)) in enumerate(names.items()):
        points = [(scale.x(k), scale.y(row[name])) for k, row in enumerate(rows)]
        if len(points) > 1:
            pen.line(points, fill=_COLOURS[colour], width=3)
        y = _FRAME[1] + 10 + 20 * place
        pen.line((_FRAME[0] + 400, y + 8, _FRAME[0] + 430, y + 8), fill=_COLOURS[colour], width=3)
        pen.text((_FRAME[0] + 440, y), text, fill="black", font=font)
    pen.text((_FRAME[0], 14), title, fill="black", font=ImageFont.load_default(18))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Scale:
    """From images and actions to pixels of the picture."""

    count: int
    low: float
    high: float

    def x(self, image: float) -> float:
        return _FRAME[0] + (image + 0.5) / max(1, self.count) * (_FRAME[2] - _FRAME[0])

    def y(self, actions: float) -> float:
        share = log(max(actions, self.low) / self.low) / log(self.high / self.low)
        return _FRAME[3] - share * (_FRAME[3] - _FRAME[1])


def _axes(
    pen: ImageDraw.ImageDraw,
    scale: _Scale,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    pen.rectangle(_FRAME, outline="black")
    for value in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
        if scale.low <= value <= scale.high:
            y = scale.y(value)
            pen.line((_FRAME[0], y, _FRAME[2], y), fill="#ececec")
            pen.text((_FRAME[0] - 44, y - 9), f"{value:g}", fill="black", font=font)
    step = max(1, scale.count // 12)
    for number in range(step, scale.count + 1, step):
        pen.text((scale.x(number - 1) - 8, _FRAME[3] + 8), str(number), fill="black", font=font)
    pen.text((_FRAME[0], _FRAME[3] + 34), "images labelled", fill="black", font=font)
    pen.text((12, _FRAME[1] - 26), "actions per instance", fill="black", font=font)
