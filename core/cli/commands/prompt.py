"""`masklens prompt`: outline what lies in boxes or under points of an image."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli.console import Console, UsageError
from core.cli.options import add_json, add_model, chosen_settings, load_predictor
from core.sentences import say

if TYPE_CHECKING:
    from core.engine.encodings import Encoding
    from core.engine.prompts import Drawn

Box = tuple[float, float, float, float]
Spot = tuple[float, float, bool]

HELP: Final = "Outline what lies in boxes or under points of an image"

_BOX: Final = say(
    "cli.prompt_box", "{text!r} is no box; give X0,Y0,X1,Y1 in pixels, the lesser first."
)
_POINT: Final = say("cli.prompt_point", "{text!r} is no point; give X,Y,in or X,Y,out in pixels.")
_EITHER: Final = say("cli.prompt_either", "Give at least one --box, or at least one --point.")
_ALL_OUTSIDE: Final = say(
    "cli.prompt_inside", "At least one point must lie inside of what is meant: X,Y,in."
)
_NOTHING: Final = say("cli.prompt_nothing", "There is nothing to outline there.")
_MOST: Final = 12
"""Boxes under the points that are drawn to find the best."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="what to look at")
    add_model(parser)
    parser.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="outline what lies in a box, in pixels; may be given several times",
    )
    parser.add_argument(
        "--point",
        action="append",
        default=[],
        metavar="X,Y,in|out",
        help="outline the one thing that all these points are in, or out of",
    )
    parser.set_defaults(settings=[])
    add_json(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """One instance a box, and one for all points; print them with their outlines."""
    boxes = [_box(text) for text in arguments.box]
    points = [_point(text) for text in arguments.point]
    if not boxes and not points:
        raise UsageError(_EITHER)
    if points and not any(inside for *_, inside in points):
        raise UsageError(_ALL_OUTSIDE)
    predictor = load_predictor(arguments, console)
    from core.engine.files import encode_file

    settings = chosen_settings(arguments, predictor.loaded)
    encoding, notes = encode_file(predictor, Path(arguments.image), settings)
    for note in notes:
        console.note(note)
    start = time.perf_counter()
    found = _prompted(encoding, boxes, points, console)
    milliseconds = {
        "encode": round(sum(encoding.milliseconds.values()), 3),
        "prompt": round((time.perf_counter() - start) * 1000, 3),
    }
    document = {
        "model": predictor.loaded.revision,
        "image": arguments.image,
        "instances": [_as_json(one) for one in found],
        "ms": milliseconds,
        "failed": console.failures,
    }
    console.result(_as_text(found, milliseconds), document)
    return console.code()


def _prompted(
    encoding: Encoding, boxes: list[Box], points: list[Spot], console: Console
) -> list[Drawn]:
    """One answer a prompt; a prompt without any is reported."""
    import numpy as np

    from core.engine.prompt_points import answer_points
    from core.engine.prompts import answer_boxes
    from core.lens.detail import Detail

    found = []
    answers = answer_boxes(encoding, np.array(boxes, np.float32).reshape(-1, 4), Detail(), 1)
    for box, each in zip(boxes, answers, strict=True):
        if each:
            found.append(each[0])
        else:
            console.fail(",".join(f"{value:g}" for value in box), _NOTHING)
    if points:
        places = np.array([point[:2] for point in points], np.float32)
        inside = np.array([point[2] for point in points])
        under, best = answer_points(encoding, places, inside, Detail(), _MOST)
        if best >= 0:
            found.append(under[best])
        else:
            console.fail("--point", _NOTHING)
    return found


def _numbers(text: str, count: int) -> tuple[float, ...] | None:
    words = text.split(",")
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def _box(text: str) -> Box:
    values = _numbers(text, 4)
    if values is None or values[0] >= values[2] or values[1] >= values[3]:
        raise UsageError(_BOX.given(text=text))
    return values[0], values[1], values[2], values[3]


def _point(text: str) -> Spot:
    place, _, side = text.rpartition(",")
    values = _numbers(place, 2)
    if values is None or side not in ("in", "out"):
        raise UsageError(_POINT.given(text=text))
    return values[0], values[1], side == "in"


def _as_json(one: Drawn) -> dict[str, object]:
    """`bbox` is x, y, width, height, as in COCO files."""
    from core.document.geometry import bounds

    box = bounds(one.polygons)
    return {
        "label": one.label,
        "score": one.score,
        "polygons": [[list(ring) for ring in polygon.rings] for polygon in one.polygons],
        "bbox": [box.x0, box.y0, box.width, box.height],
    }


def _as_text(found: list[Drawn], milliseconds: dict[str, float]) -> str:
    from core.document.geometry import bounds

    lines = []
    for one in found:
        box = bounds(one.polygons)
        score = "" if one.score is None else f" {one.score:.2f}"
        vertices = sum(len(ring) for polygon in one.polygons for ring in polygon.rings)
        lines.append(
            f"{one.label or '(no label)'}{score}: {vertices} vertices in "
            f"{box.x0:.1f},{box.y0:.1f},{box.x1:.1f},{box.y1:.1f}"
        )
    lines.append(
        f"encoded in {milliseconds['encode']:.0f} ms, prompts {milliseconds['prompt']:.0f} ms"
    )
    return "\n".join(lines)
