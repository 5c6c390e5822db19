"""Curves of `masklens bench loop` over several orders, as one picture and a table; run by hand.

    python -m tests.bench.effort_figures "Nuclei" nuclei.png order0/curve.json order1/curve.json \
        --plain plain/curve.json
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from core.learning.curve import Curve, Labelled, Round, draw
from core.learning.effort import Effort
from tests.bench.report import table

PARTS = ("accept", "false", "moved", "drawn")


def read(path: Path) -> Curve:
    """A curve as `bench loop` wrote it."""
    content: dict[str, Any] = json.loads(path.read_text())
    images = [
        Labelled(i["key"], i["rounds"], effort(i["loop"]), effort(i["never"]), i["threshold"])
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


if __name__ == "__main__":
    main()
