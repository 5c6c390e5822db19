"""Verdicts on labels: over the image, and the numbers behind one."""

from __future__ import annotations

from core.lens.boxes import box_of
from core.lens.colours import FATES
from core.lens.report import ImageReport
from core.lens.trace import Fate
from core.lens.verdict import Evidence
from core.lens.views.base import Scene, Tile
from core.lens.views.marks import Entry, Label, Mark, Outline
from core.lens.views.table import Text, text
from core.lens.words import cut_off


def tiles(scene: Scene, report: ImageReport) -> tuple[Tile, ...]:
    """Found instances green, missed ones in red with their cut."""
    found, missed = FATES[Fate.KEPT], FATES[Fate.SUPPRESSED]
    verdicts = [one.verdict for one in report.instances]
    marks: list[Mark] = [
        Outline(each.instance.polygons, found if each.found else missed, fill=0.3)
        for each in verdicts
    ]
    for each in verdicts:
        box = box_of(each.instance.polygons, scene.trace.input.image_size)
        label, cut = each.instance.label, each.cut
        words = label if cut is None else f"{label}: {cut.value}"
        marks.append(Label(box[0], box[1], words, found if cut is None else missed))
    alive = sum(each.found for each in verdicts)
    keys = (
        Entry(text("{n} found", n=alive), found),
        Entry(text("{n} missed, and at which cut", n=len(verdicts) - alive), missed),
    )
    return (Tile(text("labelled instances"), marks, keys),)


def numbers(evidence: Evidence) -> list[tuple[Text, str]]:
    """The numbers behind a verdict, as names and values."""
    rows: list[tuple[Text, float | int | str | None]] = [
        (text("best anchor IoU"), evidence.best_anchor_iou),
        (text("best decoded IoU"), evidence.best_decoded_iou),
        (text("best refined IoU"), evidence.best_refined_iou),
        (text("best IoU with the right label"), evidence.best_labelled_iou),
        (text("best mask IoU, in pixels"), evidence.best_mask_iou),
        (text("rank in its level"), evidence.level_rank),
        (text("rank among proposals"), evidence.proposal_rank),
        (text("rank among candidates"), evidence.detection_rank),
        (text("objectness"), evidence.objectness),
        (text("class probability"), evidence.class_probability),
        (text("taken for"), evidence.stronger_class),
        (text("… with probability"), evidence.stronger_probability),
    ]
    if evidence.suppressor is not None:
        rows.append((text("IoU with the suppressor"), evidence.suppressor.iou))
    return [
        (name, f"{cut_off(value, 3):.3f}" if isinstance(value, float) else str(value))
        for name, value in rows
        if value is not None
    ]
