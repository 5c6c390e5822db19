"""The rule for instances that would cover each other."""

from __future__ import annotations

import statistics
import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Add, Batch, Edit, Overlap, Remove, Reshape, SetFields
from core.document.geometry import area, intersect, is_valid, union
from core.document.geometry.measure import Rect, bounds
from core.document.history import History
from core.document.instance import Instance, Line, Polygon, Shape, Source
from core.document.regions import DONE_REGION, IGNORED_LABEL
from core.gestures.overlap import SLIVER, settled, takes_part
from core.gestures.scene import Scene
from tests.core.gestures.scenes import FAR_PART, HOLE, SQUARE, TRIANGLE, instance
from tests.pace import allowed

OVER = ((40.0, 30.0), (80.0, 30.0), (80.0, 80.0), (40.0, 80.0))
"""Covers a quarter of SQUARE's right lower part, and some of TRIANGLE."""
NEW, OLD = Overlap.NEW, Overlap.OLD


def rect(x: float, y: float, width: float, height: float):
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def done(document: Document, edit: Edit, rule: Overlap) -> tuple[Shape, ...]:
    """Make an edit by the rule, look that undo gives what was, redo it; what is said to stay."""
    scene = Scene()
    scene.document = document
    found = settled(edit, document, rule, scene.all_in)
    history, before = History(document), document.shapes
    history.do(found.edit, "edit")
    after = document.shapes
    history.undo()
    assert document.shapes == before
    history.redo()
    assert document.shapes == after
    return found.kept


def shared(document: Document) -> float:
    """The most that two instances share."""
    pairs = combinations([each for each in document.shapes if takes_part(each)], 2)
    return max((area(intersect(a, b)) for a, b in pairs), default=0.0)


def page(*shapes: Shape) -> Document:
    return Document(100, 100, shapes)


def test_what_is_drawn_last_is_cut_out_of_what_was_there():
    document = page(instance("a", SQUARE, FAR_PART, holes=(HOLE,)), instance("b", TRIANGLE))
    assert done(document, Add((instance("n", OVER),)), NEW) == ()
    assert document.get("n").polygons[0].outer == OVER
    cut = document.get("a")
    assert area(cut) == 1600 - 100 + 400 - 200
    assert set(cut.polygons[0].holes[0]) == set(HOLE)
    assert cut.polygons[1] == Polygon(FAR_PART)
    assert shared(document) <= SLIVER


def test_or_what_was_there_out_of_what_is_drawn():
    a, b = instance("a", SQUARE), instance("b", TRIANGLE)
    document = page(a, b)
    done(document, Add((instance("n", OVER, box=True, source=Source.ACCEPTED),)), OLD)
    assert (document.get("a"), document.get("b")) == (a, b)
    new = document.get("n")
    assert area(new) == pytest.approx(2000 - 200 - area(b) + area(b) - 400 + 50, abs=51)
    assert (new.box, new.source) == (False, Source.EDITED)
    assert shared(document) <= SLIVER
    assert done(page(a), Add((instance("n", OVER),)), Overlap.KEEP) == ()


@pytest.mark.parametrize("rule", [NEW, OLD])
def test_what_would_vanish_stays_and_is_named(rule):
    a = instance("a", rect(40, 40, 10, 10)) if rule is NEW else instance("a", rect(20, 20, 60, 60))
    n = instance("n", rect(20, 20, 60, 60)) if rule is NEW else instance("n", rect(40, 40, 10, 10))
    document = page(a)
    (kept,) = done(document, Add((n,)), rule)
    assert kept == (a if rule is NEW else n)
    assert document.shapes == (a, n)
    # Scraps of less than a pixel are nothing either.
    document = page(instance("a", rect(39.6, 39.6, 20.8, 20.8)))
    kept = done(document, Add((instance("n", rect(40, 40, 20, 20)),)), rule)
    assert [each.id for each in kept] == (["a"] if rule is NEW else ["n"])


def test_the_locked_are_never_cut_and_what_is_no_object_takes_no_part():
    others = (
        instance("locked", SQUARE, locked=True),
        instance("done", rect(35, 35, 60, 60), flags=((DONE_REGION, True),)),
        instance("ignored", rect(70, 70, 20, 20), label=IGNORED_LABEL),
        Line("line", "cell", (Polygon(((0.0, 50.0), (90.0, 50.0))),), line=True),
    )
    document = page(*others)
    before = document.shapes
    assert done(document, Add((instance("n", OVER),)), NEW) == ()
    assert document.shapes[:4] == before
    assert area(document.get("n")) == 2000 - 200
    # A region that becomes an instance comes like any other.
    edit = SetFields("done", (), "", False, None)
    done(document, edit, NEW)
    assert area(document.get("n")) < 500
    assert area(intersect(document.get("done"), document.get("locked"))) <= SLIVER


def test_what_covered_each_other_before_still_does():
    shirt, button = instance("shirt", SQUARE), instance("button", rect(20, 20, 8, 8))
    narrower = Reshape("button", instance("", rect(21, 20, 7, 8)).polygons)
    away = Batch(
        (
            Reshape("shirt", instance("", rect(40, 10, 40, 40)).polygons),
            Reshape("button", instance("", rect(50, 20, 8, 8)).polygons),
        )
    )
    for rule in (NEW, OLD):
        document = page(shirt, button)
        assert done(document, narrower, rule) == ()
        assert document.get("shirt") == shirt
        assert done(document, away, rule) == ()
        assert area(document.get("shirt")) == 1600
        # Only what is gained is cut: the rest of the button stays on the shirt.
        document = page(shirt, button, instance("b", rect(48, 20, 20, 20)))
        done(document, Reshape("button", instance("", rect(20, 20, 35, 8)).polygons), rule)
        assert area(intersect(document.get("button"), document.get("shirt"))) == 64
        assert area(intersect(document.get("button"), document.get("b"))) <= SLIVER


def test_of_what_comes_together_the_surer_wins_and_order_alone_cuts_nothing():
    first = instance("low", SQUARE, score=0.4), instance("high", OVER, score=0.9)
    for shapes in (first, first[::-1]):
        for rule in (NEW, OLD):
            document = page()
            done(document, Add(shapes), rule)
            assert (area(document.get("high")), area(document.get("low"))) == (2000, 1400)
    there = instance("a", SQUARE), instance("b", OVER)
    document = page(*there)
    done(document, Batch((Remove(("a",)), Add((there[0],)))), NEW)
    assert document.shapes == there[::-1]


sizes = st.integers(3, 40)
boxes = st.tuples(st.integers(0, 60), st.integers(0, 60), sizes, sizes)


@given(st.lists(boxes, min_size=1, max_size=6), st.sampled_from([NEW, OLD]), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_no_two_share_anything_that_nobody_was_told_of(drawn, rule, locked):
    """One after the other, as a person draws; each may lose to what wins, and nothing else."""
    document, told = page(), set()
    for k, box in enumerate(drawn):
        there = document.shapes
        new = instance(str(k), rect(*box), locked=k == locked)
        told |= {each.id for each in done(document, Add((new,)), rule)}
        everything = union(*there, new)
        assert area(union(*document.shapes)) >= area(everything) - 1.0 * sum(
            each.width + each.height for each in map(bounds, (*there, new))
        )
        for each in there:
            now = document.get(each.id)
            assert now == each or (rule is NEW and not each.locked)
        assert all(is_valid(each) for each in document.shapes)
    for a, b in combinations(document.shapes, 2):
        assert area(intersect(a, b)) <= SLIVER or {a.id, b.id} & told


def test_among_five_thousand_an_edit_has_time_left():
    shapes = tuple(
        instance(f"{i}-{j}", tuple((10 * i + x / 8, 10 * j + y / 8) for x, y in ROUND))
        for i in range(100)
        for j in range(50)
    )
    document, scene = Document(1000, 500, shapes), Scene()
    scene.document = document
    taken = []
    for k in range(15):
        new = instance(f"n{k}", rect(30 + 60 * k, 100, 14, 14))
        scene.all_in(Rect(0, 0, 1, 1))  # as the pointer has, on its way there
        start = time.process_time()
        found = settled(Add((new,)), document, NEW, scene.all_in)
        taken.append(time.process_time() - start)
        assert isinstance(found.edit, Batch)
        document.apply(found.edit)
    assert statistics.median(taken) < allowed(0.004), taken


ROUND = tuple((40 + 44 * x, 40 + 44 * y) for x, y in (
    (0.1, -1), (0.7, -0.7), (1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7)
))  # fmt: skip


def test_hidden_neighbours_are_neighbours():
    scene = Scene()
    scene.document = page(instance("a", SQUARE), instance("b", TRIANGLE))
    scene.set_hidden(frozenset({"a", "gone"}))
    assert {each.id for each in scene.all_in(Rect(0, 0, 100, 100))} == {"a", "b"}
    assert isinstance(scene.get("a"), Instance)
