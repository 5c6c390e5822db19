"""Curves of `masklens bench loop` over several orders, as one picture and a table; run by hand.

    python -m tests.bench.effort_figures "Nuclei" nuclei.png order0/curve.json order1/curve.json \
        --plain plain/curve.json
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from core.learning.curve import Curve, Labelled, Round, means
from core.learning.effort import Effort
from tests.bench.report import table

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
PARTS = ("accept", "false", "moved", "drawn")


def read(path: Path) -> Curve:
    """A curve as `bench loop` wrote it; with `--assist`, of the person without the tools."""
    content: dict[str, Any] = json.loads(path.read_text())
    images = [
        Labelled(
            i["key"],
            i["rounds"],
            effort(i.get("unassisted", i["loop"])),
            effort(i["never"]),
            i["threshold"],
        )
        for i in content["images"]
    ]
    rounds = [Round(**one) for one in content["rounds"]]
    return Curve(tuple(images), tuple(rounds), content["seconds"])


def effort(numbers: dict[str, int]) -> Effort:
    """The cost of an image; the sum of the actions is worked out again."""
    return Effort(**{name: value for name, value in numbers.items() if name != "actions"})


def third(curve: Curve) -> tuple[Labelled, ...]:
    """The last third of the images."""
    return curve.images[-max(1, len(curve.images) // 3) :]


def row(name: str, curve: Curve) -> list[object]:
    """What an instance costs in the last third, in each way, and what that is made of."""
    images = third(curve)
    count = sum(one.loop.instances for one in images)

    def each(values: list[int]) -> float:
        return sum(values) / count

    hand = each([one.loop.by_hand for one in images])
    loop = each([one.loop.actions for one in images])
    parts = [each([getattr(one.loop, part) for one in images]) for part in PARTS]
    return [name, hand, each([one.never.actions for one in images]), loop, hand / loop, *parts]


def main() -> None:
    """Draw the picture, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("title")
    parser.add_argument("picture", type=Path)
    parser.add_argument("curves", type=Path, nargs="+")
    parser.add_argument("--plain", type=Path)
    arguments = parser.parse_args()
    curves = [read(path) for path in arguments.curves]
    plain = None if arguments.plain is None else read(arguments.plain)
    arguments.picture.write_bytes(draw(curves, arguments.title, plain))
    rows = [row(f"order {k}", curve) for k, curve in enumerate(curves)]
    if len(rows) > 1:
        columns = list(zip(*rows, strict=True))[1:]
        rows.append(["mean", *(statistics.mean(map(float, map(str, c))) for c in columns)])
    if plain is not None:
        rows.append(row("plain choices", plain))
    head = ("last third", "by hand", "never trained", "loop", "times fewer", *PARTS)
    print(table(head, [[r[0], *(f"{value:.2f}" for value in r[1:])] for r in rows]))


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


if __name__ == "__main__":
    main()
