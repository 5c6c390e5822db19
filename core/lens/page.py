"""One self-contained HTML page that walks through the stages of a trace: images are inlined."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined
from PIL import Image

from core.lens.false_positives import FalsePositive
from core.lens.report import ImageReport, InstanceReport
from core.lens.trace import Trace
from core.lens.training_export import page_values
from core.lens.training_view import TrainingView
from core.lens.views import VIEWS
from core.sentences import english

_QUALITY: Final = 86
_TEMPLATE: Final = "page.html"
Values = dict[str, object]
"""What the template takes."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the lens says of the labels of the image, and the picture that shows it."""

    report: ImageReport
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Training:
    """The training view of the image, and the picture that shows it."""

    view: TrainingView
    picture: Image.Image


def page(
    trace: Trace,
    image_name: str,
    pictures: Mapping[str, Image.Image],
    labelled: Labelled | None = None,
    changed: Sequence[str] = (),
    training: Training | None = None,
) -> str:
    """The page as HTML text.

    `pictures` holds one for each stage; `changed` names the settings that are not the model's.
    """
    stages = [_stage(trace, name, picture) for name, picture in pictures.items()]
    links = [_link(str(s["name"]), str(s["heading"]), str(s["count"])) for s in stages]
    values: Values = {"labels": None, "training": None}
    if labelled is not None:
        values["labels"] = labels = _labels(labelled)
        total = len(labelled.report.instances)
        links.append(_link("labels", "Labels", f"{labels['found']} of {total}"))
    if training is not None:
        said = page_values(training.view, trace.class_names)
        values["training"] = {**said, "image": _inlined(training.picture)}
        links.append(_link("training", "Training", f"{training.view.losses.sum():.3f}"))
    template = files("core.lens").joinpath(_TEMPLATE).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        title=image_name,
        links=links,
        about=_about(trace),
        settings=[(name, _value_text(value)) for name, value in trace.settings.to_json().items()],
        changed=changed,
        stages=stages,
        **values,
    )


def _inlined(image: Image.Image) -> Values:
    """A picture as a data URI with its size."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"uri": uri, "width": image.width, "height": image.height}


def _about(trace: Trace) -> str:
    height, width = trace.input.image_size
    total = sum(trace.milliseconds.values()) / 1000
    ends = f"{len(trace.detections.boxes):,} detections in {total:.2f} s."
    if trace.proposer is not None:
        first = f"{len(trace.proposer.boxes):,} boxes of {trace.proposer.name}"
    else:
        proposals = len(trace.proposals.boxes)
        first = f"{len(trace.anchors.boxes):,} anchors became {proposals:,} proposals"
    return f"{width} by {height} pixels, through {trace.model}: {first}, and {ends}"


def _link(anchor: str, title: str, count: str) -> Values:
    return {"anchor": anchor, "title": title, "count": count}


def _stage(trace: Trace, name: str, picture: Image.Image) -> Values:
    view = VIEWS[name]
    return {
        "name": name,
        "heading": str(view.heading),
        "about": str(view.about),
        "count": f"{view.count(trace):,}",
        "ms": f"{trace.milliseconds.get(name, 0.0):.1f}",
        "image": _inlined(picture),
        "details": view.details(trace),
    }


def _labels(labelled: Labelled) -> Values:
    instances = labelled.report.instances
    missed = [one for one in instances if not one.verdict.found]
    found = [one for one in instances if one.verdict.found]
    return {
        "found": len(found),
        "image": _inlined(labelled.picture),
        "rows": [_verdict_row(one) for one in (*missed, *found)],
        "wrong": [_false_row(one) for one in labelled.report.false_positives],
    }


def _verdict_row(one: InstanceReport) -> tuple[str, str, str]:
    verdict = one.verdict
    cut = "found" if verdict.cut is None else verdict.cut.value
    return verdict.instance.label, cut, one.text


def _false_row(one: FalsePositive) -> tuple[str, str, str]:
    name = f"{one.detection + 1} {one.label} {one.score:.2f}"
    return name, one.kind.value, english(one.sentence)


def _value_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
