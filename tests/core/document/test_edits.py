from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import FieldError, encode
from core.document.document import Document
from core.document.edits import (
    EDIT,
    Add,
    Batch,
    EditError,
    Relabel,
    Remove,
    Reshape,
    SetDone,
    SetFields,
    SetRejected,
)
from core.document.instance import Instance, Polygon, Region, Source, new_id
from tests.core.document.strategies import blob, copy_of, documents, edits_for, square, state


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_inverse_takes_an_edit_back_and_its_inverse_makes_it_again(data):
    document = data.draw(documents)
    edit = data.draw(edits_for(document))
    before = state(document)
    inverse, _ = document.apply(edit)
    after = state(document)
    again, _ = document.apply(inverse)
    assert state(document) == before
    document.apply(again)
    assert state(document) == after


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_edits_survive_json(data):
    document = data.draw(documents)
    edit = data.draw(edits_for(document))
    assert EDIT.decode(encode(edit)) == edit
    inverse, _ = document.apply(edit)
    assert EDIT.decode(encode(inverse)) == inverse


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_failing_batch_changes_nothing(data):
    document = data.draw(documents)
    edit = data.draw(edits_for(document))
    before = state(document)
    with pytest.raises(EditError):
        document.apply(Batch((edit, SetDone(not document.done), Remove(("nobody",)))))
    assert state(document) == before


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_what_changed_is_named(data):
    document = data.draw(documents)
    edit = data.draw(edits_for(document, depth=1))
    before = copy_of(document)
    _, changed = document.apply(edit)
    for id in {each.id for each in (*before.shapes, *document.shapes)}:
        if before.get(id) != document.get(id):
            assert id in changed.ids
            for each in filter(None, (before.get(id), document.get(id))):
                for polygon in each.polygons:
                    for x, y in polygon.outer:
                        assert changed.rect.x0 <= x <= changed.rect.x1
                        assert changed.rect.y0 <= y <= changed.rect.y1
    order = [each.id for each in before.shapes], [each.id for each in document.shapes]
    assert changed.order or order[0] == order[1]
    assert changed.done or before.done == document.done
    assert changed.rejected or before.rejected == document.rejected
    assert changed.details == (before.details != document.details)


BAD_RING = Polygon(((0, 0), (1, 1)))
NOT_FINITE = Polygon(((0, 0), (1, 1), (math.nan, 2)))
INFINITE = Polygon(((0, 0), (math.inf, 1), (-math.inf, 2)))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (Remove(("x",)), "edits.unknown_instance"),
        (Remove(("a", "a")), "edits.id_twice"),
        (Reshape("x", (Polygon(square(0, 0, 1)),)), "edits.unknown_instance"),
        (Reshape("a", ()), "edits.no_polygon"),
        (Reshape("a", (BAD_RING,)), "edits.short_ring"),
        (Reshape("a", (Polygon(square(0, 0, 9), (((1, 1), (2, 2)),)),)), "edits.short_ring"),
        (Reshape("a", (NOT_FINITE,)), "edits.not_finite"),
        (Reshape("a", (INFINITE,)), "edits.not_finite"),
        (Relabel.to("dog", ["a", "x"]), "edits.unknown_instance"),
        (Relabel((("a", "dog"), ("a", "cow"))), "edits.id_twice"),
        (Relabel((("a", "dog"),), (Source.DRAWN, Source.DRAWN)), "edits.sources"),
        (SetFields("x", (), "", False, None), "edits.unknown_instance"),
        (Add((blob("a", 0, 0, 1),)), "edits.id_twice"),
        (Add((blob("c", 0, 0, 1), blob("c", 0, 0, 1))), "edits.id_twice"),
        (Add((blob("", 0, 0, 1),)), "edits.no_id"),
        (Add((blob("c", 0, 0, 1),), (3,)), "edits.places"),
        (Add((blob("c", 0, 0, 1),), (-1,)), "edits.places"),
        (Add((blob("c", 0, 0, 1), blob("d", 0, 0, 1)), (1, 0)), "edits.places"),
        (Add((blob("c", 0, 0, 1),), (0, 1)), "edits.places"),
        (Add((), (0,)), "edits.places"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit, sentence):
    document = Document(9, 9, (blob("a", 1, 1, 1), blob("b", 5, 5, 1)))
    before = state(document)
    with pytest.raises(EditError) as caught:
        document.apply(edit)
    assert caught.value.sentence.id == sentence
    assert str(caught.value)
    assert state(document) == before


def test_a_document_with_an_id_twice_is_refused():
    with pytest.raises(EditError):
        Document(9, 9, (blob("a", 1, 1, 1), blob("a", 5, 5, 1)))


@pytest.mark.parametrize(
    ("source", "after"),
    [
        (Source.DRAWN, Source.DRAWN),
        (Source.EDITED, Source.EDITED),
        (Source.ACCEPTED, Source.EDITED),
        (Source.SUGGESTED, Source.EDITED),
    ],
)
def test_changing_what_a_model_proposed_makes_it_edited(source, after):
    instance = replace(blob("a", 5, 5, 2), source=source, score=0.5, model="m1")
    moved = (Polygon(square(0, 0, 3)),)
    for edit in (Reshape("a", moved), Relabel.to("dog", ["a"])):
        document = Document(9, 9, (instance,))
        inverse, _ = document.apply(edit)
        changed = document.get("a")
        assert (changed.source, changed.score, changed.model) == (after, 0.5, "m1")
        document.apply(inverse)
        assert document.get("a") == instance


def test_a_new_place_in_the_z_order_is_kept():
    a, b, c = (blob(id, 1, 1, 1) for id in "abc")
    document = Document(9, 9, (a, b, c))
    inverse, _ = document.apply(Remove(("c", "a")))
    assert inverse == Add((a, c), (0, 2))
    document.apply(inverse)
    assert document.instances == (a, b, c)


def test_rejecting_twice_is_undone_once():
    document = Document(9, 9, rejected=["a"])
    inverse, changed = document.apply(SetRejected(("a", "b", "b"), rejected=True))
    assert document.rejected == {"a", "b"}
    assert changed.rejected
    document.apply(inverse)
    assert document.rejected == {"a"}
    assert inverse == SetRejected(("b",), rejected=False)


def test_new_ids_differ():
    assert len({new_id() for _ in range(1000)}) == 1000


GOOD = encode(Add((replace(blob("a", 1, 1, 1), score=0.5, flags=(("x", True),)),), (0,)))


def _damaged(path, value):
    damaged = json.loads(GOOD)
    target = damaged
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return damaged


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["do"], "explode", "edit.do"),
        (["instances"], {}, "edit.instances"),
        (["instances", 0, "id"], "", "edit.instances[0].id"),
        (["instances", 0, "label"], 3, "edit.instances[0].label"),
        (["instances", 0, "source"], "stolen", "edit.instances[0].source"),
        (["instances", 0, "score"], 1.5, "edit.instances[0].score"),
        (["instances", 0, "score"], True, "edit.instances[0].score"),
        (["instances", 0, "flags", 0], ["x"], "edit.instances[0].flags[0]"),
        (["instances", 0, "flags", 0, 1], 1, "edit.instances[0].flags[0][1]"),
        (["instances", 0, "crowd"], 1, "edit.instances[0].crowd"),
        (["instances", 0, "group_id"], True, "edit.instances[0].group_id"),
        (["instances", 0, "polygons"], [], "edit.instances[0].polygons"),
        (["instances", 0, "polygons", 0, "outer"], [], "edit.instances[0].polygons[0].outer"),
        (
            ["instances", 0, "polygons", 0, "outer", 2],
            [0, math.nan],
            "edit",
        ),
        (
            ["instances", 0, "polygons", 0, "outer", 2],
            [0, 10**400],
            "edit.instances[0].polygons[0].outer[2][1]",
        ),
        (["at"], [-1], "edit.at[0]"),
        (["at"], [0.5], "edit.at[0]"),
    ],
)
def test_a_damaged_edit_is_refused_by_the_name_of_the_field(path, value, where):
    with pytest.raises(FieldError) as caught:
        EDIT.decode(json.dumps(_damaged(path, value)).encode())
    assert dict(caught.value.sentence.args)["where"] == where


@pytest.mark.parametrize("value", [None, 3, [], "add", {}, {"do": ["add"]}])
def test_what_is_no_edit_is_refused(value):
    with pytest.raises(FieldError):
        EDIT.decode(json.dumps(value).encode())


@pytest.mark.parametrize("depth", [17, 200])
def test_batches_nested_without_end_are_refused(depth):
    value = {"do": "set_done", "done": True}
    for _ in range(depth):
        value = {"do": "batch", "name": "", "edits": [value]}
    with pytest.raises(FieldError):
        EDIT.decode(json.dumps(value).encode())


def test_instances_are_frozen():
    instance: Instance = blob("a", 1, 1, 1)
    with pytest.raises(AttributeError):
        instance.label = "dog"


def test_a_region_in_an_edit_of_an_older_version_is_read_as_one():
    value = {
        "do": "add",
        "instances": [
            {
                "id": "r",
                "label": "done_region",
                "source": "drawn",
                "polygons": [{"outer": [[0, 0], [9, 0], [9, 9]]}],
                "flags": [["done_region", True]],
            }
        ],
        "at": [],
    }
    edit = EDIT.decode(json.dumps(value).encode())
    assert type(edit.shapes[0]) is Region
    written = json.loads(encode(edit))["instances"][0]
    # What is left out here is written with its default, which older versions read.
    assert written["flags"] == value["instances"][0]["flags"]
    assert written["polygons"][0]["outer"] == value["instances"][0]["polygons"][0]["outer"]
    assert (written["score"], written["model"], written["group_id"]) == (None, None, None)


def test_what_is_locked_is_found_in_any_edit_but_the_one_that_unlocks_it():
    free, held, new = (Instance(id, "cell", (Polygon(square(0, 0, 9)),)) for id in "abc")
    held = replace(held, locked=True)
    document = Document(9, 9, (free, held))
    unlocked = SetFields.of(replace(held, locked=False))
    for edit in (
        Remove(("a", "b")),
        Reshape("b", free.polygons),
        Relabel.to("x", ["b"]),
        SetFields.of(replace(held, description="x")),
        Batch((Remove(("a",)), Batch((Remove(("b",)),)))),
    ):
        assert document.locked_by(edit) is held
    for edit in (Remove(("a",)), unlocked, SetDone(True), Add((new,))):
        assert document.locked_by(edit) is None
    document.apply(unlocked)
    assert document.locked_by(Remove(("b",))) is None
