"""The effort curve: what each image cost, against other ways; as JSON and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from core.learning.effort import Effort

_SIZE: Final = (960, 586)
_FRAME: Final = (76, 62, 930, 502)
_WINDOW: Final = 5
_COLOURS: Final = {
    "hand": "#7a7a7a",
    "never": "#c4591a",
    "plain": "#8a4fa8",
    "loop": "#1a66b3",
    "faint": "#a9c6e4",
}


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


def draw(curves: Sequence[Curve], title: str, plain: Curve | None = None) -> bytes:
    """The curves as a PNG: actions per instance, as means over five images, on a logarithmic scale.

    Several curves, as of several orders of the same images, are drawn as their mean, and each
    loop faintly. `plain` is a loop that was trained in a simpler way. Vertical lines are
    trainings of the first curve.
    """
    picture = Image.new("RGB", _SIZE, "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    rows = _running([one.images for one in curves])
    lines = [("by_hand", "drawing everything", "hand", rows)]
    if any(row["never"] < row["by_hand"] for row in rows):
        lines.append(("never", "the same model, never trained again", "never", rows))
    if plain is not None:
        text = "trained again in the plainest way"
        lines.append(("loop", text, "plain", _running([plain.images])))
    lines.append(("loop", "trained again along the way", "loop", rows))
    single = [_running([one.images]) for one in curves] if len(curves) > 1 else []
    values = [row[name] for name, _, _, each in lines for row in each]
    values += [row["loop"] for each in single for row in each]
    low, high = min(values, default=0.1), max(values, default=10)
    scale = _Scale(len(rows), max(0.01, low * 0.8), max(1.0, high * 1.25))
    _axes(pen, scale, font)
    for one in curves[0].rounds if curves else ():
        x = scale.x(one.images - 0.5)
        pen.line((x, _FRAME[1], x, _FRAME[3]), fill="#d8d8d8")
    for each in single:
        _line(pen, scale, [row["loop"] for row in each], _COLOURS["faint"], 1)
    for name, _, colour, each in lines:
        _line(pen, scale, [row[name] for row in each], _COLOURS[colour], 3)
    _legend(pen, [(text, colour) for _, text, colour, _ in lines], font)
    pen.text((12, 10), title, fill="black", font=ImageFont.load_default(18))
    out = io.BytesIO()
    picture.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _running(orders: Sequence[Sequence[Labelled]]) -> list[dict[str, float]]:
    """Means over the last images at each place, over all orders that are that long."""
    length = max(map(len, orders), default=0)
    return [
        means([one for order in orders for one in order[max(0, k - _WINDOW + 1) : k + 1]])
        for k in range(length)
    ]


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


def _line(
    pen: ImageDraw.ImageDraw, scale: _Scale, values: Sequence[float], colour: str, width: int
) -> None:
    points = [(scale.x(k), scale.y(value)) for k, value in enumerate(values)]
    if len(points) > 1:
        pen.line(points, fill=colour, width=width)


def _legend(
    pen: ImageDraw.ImageDraw,
    entries: Sequence[tuple[str, str]],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Below the frame, two in a row."""
    for place, (text, colour) in enumerate(entries):
        x, y = _FRAME[0] + 240 + 300 * (place % 2), _FRAME[3] + 30 + 20 * (place // 2)
        pen.line((x, y + 9, x + 26, y + 9), fill=_COLOURS[colour], width=3)
        pen.text((x + 34, y), text, fill="black", font=font)


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
    pen.text((12, _FRAME[1] - 24), "actions per instance", fill="black", font=font)
