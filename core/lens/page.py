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
_WORDS: Final = {
    "input": (
        say("stages.input_title", "Input"),
        say(
            "stages.input_about",
            "The image is normalised, resized so that its shorter side has a fixed length, and "
            "padded at the right and bottom to a multiple of 32. All boxes up to the detections "
            "are pixels of this resized image.",
        ),
    ),
    "backbone": (
        say("stages.backbone_title", "Backbone"),
        say(
            "stages.backbone_about",
            "A classification network turns the image into four maps of features, C2 to C5, each "
            "half as fine as the one before. Bright cells have long feature vectors: something "
            "there excites the network.",
        ),
    ),
    "pyramid": (
        say("stages.pyramid_title", "Feature pyramid"),
        say(
            "stages.pyramid_about",
            "The coarse maps, which know what is there, are added to the fine maps, which know "
            "where. The results P2 to P5 all have the same number of channels; P6 is every second "
            "cell of P5. In the pictures at the right, cells with like features have like colours.",
        ),
    ),
    "anchors": (
        say("stages.anchors_title", "Anchors"),
        say(
            "stages.anchors_about",
            "Each cell of each level proposes a few boxes of fixed shape, the anchors. They do "
            "not depend on the picture. An object whose shape is far from every anchor has a hard "
            "start.",
        ),
    ),
    "rpn": (
        say("stages.rpn_title", "Region proposal network: objectness"),
        say(
            "stages.rpn_about",
            "For each anchor a small network says how likely an object of about its size and "
            "shape is there (objectness), and how the box should move (deltas). The pictures show "
            "the best objectness of each cell, level by level.",
        ),
    ),
    "decoded": (
        say("stages.decoded_title", "Decoded boxes and their fates"),
        say(
            "stages.decoded_about",
            "Each anchor is moved by its deltas. Then most boxes go: those outside the strongest "
            "of their level (top-k), those that are too small, those that overlap a stronger box "
            "of their level (non-maximum suppression), and those over the limit.",
        ),
    ),
    "proposals": (
        say("stages.proposals_title", "Proposals"),
        say(
            "stages.proposals_about",
            "The boxes that remain, strongest first. From here on the network looks at these "
            "only; they have no class yet.",
        ),
    ),
    "box_head": (
        say("stages.box_head_title", "Box head"),
        say(
            "stages.box_head_about",
            "From the 7 by 7 cells two layers decide what the proposal is, one probability for "
            "each class and one for the background, and refine the box for each class.",
        ),
    ),
    "detections": (
        say("stages.detections_title", "Detections"),
        say(
            "stages.detections_about",
            "What survives, in pixels of the image. One proposal can become several detections, "
            "of different classes.",
        ),
    ),
    "mask_logits": (
        say("stages.mask_logits_title", "Masks"),
        say(
            "stages.mask_logits_about",
            "For each detection the mask head reads 14 by 14 cells from the level that suits the "
            "refined box and answers with 28 by 28 values for each class; only those of its own "
            "class count. Red is inside, blue is outside, and where the colour is faint it is "
            "unsure.",
        ),
    ),
    "polygons": (
        say("stages.polygons_title", "Outlines"),
        say(
            "stages.polygons_about",
            "Each mask is laid over its box, cut at the mask threshold, and traced as polygons "
            "with holes. These are the suggestions that a person accepts or corrects.",
        ),
    ),
}
"""Title of each stage, and what it is, for somebody who has read only the paper's abstract."""

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
    title, about = _WORDS[stage]
    return english(title), english(about)


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
