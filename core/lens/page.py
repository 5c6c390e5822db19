"""One self-contained HTML page that walks through the stages of a trace: images are inlined."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.lens.false_positives import FalsePositive
from core.lens.lineage import in_words, lineage
from core.lens.page_style import SCRIPT, STYLE
from core.lens.report import ImageReport, InstanceReport
from core.lens.trace import STAGES, Fate, Trace
from core.lens.training_export import section as training_section
from core.lens.training_view import TrainingView
from core.lens.views import VIEWS
from core.lens.views.base import Stage
from core.sentences import english, say

_QUALITY: Final = 86
_LINEAGES: Final = 30

_PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style></head>
<body>
<nav><h1>$title</h1><ol>$links</ol>
<p class="hint"><kbd>j</kbd> next, <kbd>k</kbd> previous</p></nav>
<main><header><p>$about</p><dl>$facts</dl></header>
$sections
<footer>Made by masklens from one prediction. Numbers of anchors, proposals and candidates count
from 0 in the files beside this page; detections count from 1 in words.</footer></main>
<script>$script</script></body></html>
""")


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
    plates: Mapping[str, Image.Image],
    labelled: Labelled | None = None,
    changed: Sequence[str] = (),
    training: Training | None = None,
) -> str:
    """The page as HTML text.

    `plates` holds a picture for each stage; `changed` names the settings that are not the model's.
    """
    counts = trace.counts()
    links = [_link(stage, _words(stage)[0], f"{counts[stage]:,}") for stage in STAGES]
    sections = [
        _stage(trace, stage, number, plates[stage], counts[stage])
        for number, stage in enumerate(STAGES, start=1)
    ]
    if labelled is not None:
        found = sum(one.verdict.found for one in labelled.report.instances)
        total = len(labelled.report.instances)
        links.append(_link("labels", "Labels", f"{found} of {total}"))
        sections.append(_labels(labelled))
    if training is not None:
        links.append(_link("training", "Training", f"{training.view.losses.sum():.3f}"))
        shown = _picture(training.picture, "Training")
        sections.append(training_section(training.view, trace.class_names, shown))
    return _PAGE.substitute(
        title=escape(image_name),
        style=STYLE,
        script=SCRIPT,
        links="".join(links),
        about=escape(_about(trace)),
        facts=_facts(trace, changed),
        sections="\n".join(sections),
    )


def inlined(image: Image.Image) -> str:
    """A picture as a data URI."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _picture(image: Image.Image, title: str) -> str:
    return (
        f'<img src="{inlined(image)}" alt="{escape(title)}" '
        f'width="{image.width}" height="{image.height}" loading="lazy">'
    )


def _about(trace: Trace) -> str:
    height, width = trace.input.image_size
    total = sum(trace.milliseconds.values()) / 1000
    return (
        f"{width} by {height} pixels, through {trace.model}: {len(trace.anchors.boxes):,} anchors "
        f"became {len(trace.proposals.boxes):,} proposals and {len(trace.detections.boxes):,} "
        f"detections in {total:.2f} s."
    )


def _facts(trace: Trace, changed: Sequence[str]) -> str:
    rows = []
    for name, value in trace.settings.to_json().items():
        mark = ' class="changed" title="not the model\'s own value"' if name in changed else ""
        rows.append(f"<div{mark}><dt>{name}</dt><dd>{value:g}</dd></div>")
    return "".join(rows)


def _link(anchor: str, title: str, count: str) -> str:
    return f'<li><a href="#{anchor}">{escape(title)}<b>{escape(count)}</b></a></li>'


def _stage(trace: Trace, stage: str, number: int, plate: Image.Image, count: int) -> str:
    title, about = _words(stage)
    taken = trace.milliseconds.get(stage, 0.0)
    extra = _details(VIEWS[stage]) if stage in VIEWS else _EXTRAS.get(stage)
    return (
        f'<section id="{stage}"><h2><span>{number}</span>{escape(title)}'
        f"<small>{count:,} &middot; {taken:.1f} ms</small></h2><p>{escape(about)}</p>"
        f"{_picture(plate, title)}"
        f"{extra(trace) if extra else ''}</section>"
    )


def _fates_of_boxes(trace: Trace) -> str:
    return _fate_table(trace.decoded.fate)


def _words(stage: str) -> tuple[str, str]:
    """The heading of a stage and what is said of it."""
    if stage in VIEWS:
        return str(VIEWS[stage].heading), str(VIEWS[stage].about)
    return english(say(f"stages.{stage}_title")), english(say(f"stages.{stage}_about"))


def _details(view: Stage) -> Callable[[Trace], str] | None:
    details = view.details
    return None if details is None else lambda trace: _table(("fate", "boxes"), details(trace))


def _fate_table(fates: NDArray[np.int8]) -> str:
    counts = [(kind.name.lower().replace("_", " "), int((fates == kind).sum())) for kind in Fate]
    rows = [(name, f"{count:,}") for name, count in counts if count]
    return _table(("fate", "boxes"), rows)


def _detection_list(trace: Trace) -> str:
    entries = []
    total = len(trace.detections.boxes)
    for number in range(min(total, _LINEAGES)):
        one = lineage(trace, number)
        words = " ".join(
            english(sentence) for sentence in in_words(one, trace.roi_levels.canonical_size)
        )
        entries.append(
            f"<details><summary><b>{number + 1}</b> {escape(one.label_name)} "
            f"<i>{one.score:.3f}</i> &larr; proposal {one.proposal + 1} &larr; anchor "
            f"{one.anchor} on {one.level}</summary><p>{escape(words)}</p></details>"
        )
    if total > _LINEAGES:
        entries.append(f"<p>The other {total - _LINEAGES} stand in the files.</p>")
    return f'<div class="list">{"".join(entries)}</div>' if entries else "<p>There are none.</p>"


_EXTRAS: Final = {
    "decoded": _fates_of_boxes,
    "detections": _detection_list,
}


def _labels(labelled: Labelled) -> str:
    report = labelled.report
    missed = [one for one in report.instances if not one.verdict.found]
    found = [one for one in report.instances if one.verdict.found]
    rows = [_verdict_row(one) for one in (*missed, *found)]
    wrong = [_false_row(one) for one in report.false_positives]
    return (
        f'<section id="labels"><h2>Labels<small>{len(found)} of {len(report.instances)} found'
        f"</small></h2><p>Every labelled instance, and where the network lost those that it missed."
        f"</p>{_picture(labelled.picture, 'Labels')}"
        f"{_table(('instance', 'lost at', 'why'), rows)}"
        f"<h3>{len(wrong)} false positives</h3>"
        f"{_table(('detection', 'kind', 'why'), wrong) if wrong else ''}</section>"
    )


def _verdict_row(one: InstanceReport) -> tuple[str, str, str]:
    verdict = one.verdict
    cut = "found" if verdict.cut is None else verdict.cut.value
    return verdict.instance.label, cut, one.text


def _false_row(one: FalsePositive) -> tuple[str, str, str]:
    name = f"{one.detection + 1} {one.label} {one.score:.2f}"
    return name, one.kind.value, english(one.sentence)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
