"""What an outline is drawn for: a new instance, another part of one, or a piece cut out of one."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

from core.document.edits import Add, Batch, Edit, Reshape
from core.document.geometry import GeometryError, subtract, union
from core.document.geometry.boxes import is_box
from core.document.instance import Instance, Line, Polygons, Region, new_id
from core.document.regions import DONE_REGION
from core.gestures.base import Cursor, Outcome
from core.gestures.scene import Scene
from core.gestures.shaping import settle
from core.sentences import Sentence, say

_NOTHING_SELECTED: Final = say(
    "gestures.nothing_selected", "Select the instance first that the outline belongs to."
)


class Purpose(Enum):
    """What becomes of a closed outline."""

    NEW = "new"  # a new instance with the active label
    ADD_PART = "add_part"  # what it covers is added to the selected instance
    CUT = "cut"  # what it covers is taken from the selected instances: holes, or pieces
    REGION = "region"  # a region of the image in which everything is labelled
    LINE = "line"  # a point, a line or a line strip with the active label


def edit_for(
    purpose: Purpose, scene: Scene, drawn: Polygons, name: Sentence, *, box: bool = False
) -> Outcome:
    """The edit that an outline leads to, or the reason why there is none.

    `name` is that of the edit when it draws a new instance, which is a box where `box` says so.
    """
    if purpose is Purpose.LINE:
        return replace(_new(scene, drawn, name, line=True), cursor=Cursor.CROSS)
    try:
        polygons = settle(drawn, scene.width, scene.height)
        if purpose is Purpose.NEW:
            outcome = _new(scene, polygons, name, box=box and is_box(polygons))
        elif purpose is Purpose.ADD_PART:
            outcome = _added(scene, polygons)
        elif purpose is Purpose.REGION:
            outcome = _region(polygons)
        else:
            outcome = _cut(scene, polygons)
    except GeometryError as error:
        outcome = Outcome(refusal=error.sentence)
    return replace(outcome, cursor=Cursor.CROSS)


def _new(
    scene: Scene, polygons: Polygons, name: Sentence, *, box: bool = False, line: bool = False
) -> Outcome:
    if not scene.label:
        return Outcome(
            refusal=say("gestures.no_label", "Choose a label first; Enter then closes the outline.")
        )
    kind = Line if line else Instance
    instance = kind(new_id(), scene.label, polygons, box=box, line=line)
    selection = frozenset({instance.id})
    return Outcome(edit=Add((instance,)), name=name, selection=selection, picked=frozenset())


def _region(polygons: Polygons) -> Outcome:
    region = Region(new_id(), DONE_REGION, polygons, flags=((DONE_REGION, True),))
    # Not selected: what is drawn next is the next region, or an instance in this one.
    return Outcome(edit=Add((region,)), name=say("gestures.draw_region", "mark a region as done"))


def _added(scene: Scene, polygons: Polygons) -> Outcome:
    selected = scene.outlines()
    if len(selected) != 1:
        return Outcome(refusal=_NOTHING_SELECTED)
    whole = union(selected[0], polygons)
    return Outcome(edit=Reshape(selected[0].id, whole), name=say("gestures.add_part", "add part"))


def _cut(scene: Scene, polygons: Polygons) -> Outcome:
    selected = scene.outlines()
    if not selected:
        return Outcome(refusal=_NOTHING_SELECTED)
    edits: list[Edit] = []
    for instance in selected:
        rest = subtract(instance, polygons)
        if not rest:
            return Outcome(
                refusal=say(
                    "gestures.nothing_left",
                    "That would leave nothing of the instance. Delete it instead.",
                )
            )
        edits.append(Reshape(instance.id, settle(rest, scene.width, scene.height)))
    edit = edits[0] if len(edits) == 1 else Batch(tuple(edits))
    return Outcome(edit=edit, name=say("gestures.cut", "cut out"))
