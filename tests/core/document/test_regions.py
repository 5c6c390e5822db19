from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.document.document import Document
from core.document.edits import Add, Batch, SetFields
from core.document.instance import Instance, Polygon, Region
from core.document.regions import (
    DONE_REGION,
    IGNORE,
    by_flags,
    comparable,
    is_done,
    is_ignored,
    is_marked,
    labelled,
    with_flag,
)
from tests.core.document.strategies import copy_of, documents, edits_for

RING = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


def marked(id: str, *flags: tuple[str, bool]) -> Instance | Region:
    return by_flags(Instance(id, "cell", (Polygon(RING),), flags=flags))


def test_regions_are_no_objects_and_ignored_areas_are_crowds():
    region, ignored = marked("r", (DONE_REGION, True)), marked("i", (IGNORE, True))
    plain, off = marked("p"), marked("o", (DONE_REGION, False), (IGNORE, False))
    both = marked("b", (IGNORE, True), (DONE_REGION, True))
    everything = (region, ignored, plain, off, both)
    assert [type(each) for each in everything] == [Region, Region, Instance, Instance, Region]
    assert [is_done(each) for each in everything] == [True, False, False, False, True]
    assert [is_ignored(each) for each in everything] == [False, True, False, False, False]
    assert labelled(everything) == (ignored, plain, off)
    assert [(each.id, type(each), each.crowd) for each in comparable(everything)] == [
        ("i", Instance, True),
        ("p", Instance, False),
        ("o", Instance, False),
    ]


NAMES = st.sampled_from(["seen", "hard", IGNORE, DONE_REGION])


@given(st.dictionaries(NAMES, st.booleans()), NAMES, st.booleans())
def test_setting_a_flag_leaves_the_others(flags, name, on):
    instance = marked("x", *flags.items())
    changed = with_flag(instance, name, on)
    assert is_marked(marked("x", *changed), name) is on
    others = [pair for pair in flags.items() if pair[0] != name]
    assert [pair for pair in changed if pair[0] != name] == others


def test_flags_move_a_shape_between_instances_and_regions_in_its_place():
    document = Document(20, 20, [marked("a"), marked("b"), marked("c", (IGNORE, True))])
    edit = SetFields("a", ((DONE_REGION, True),), "", False, None)
    inverse, _ = document.apply(Batch((edit, SetFields("c", (), "", False, None))))
    assert [each.id for each in document.shapes] == ["a", "b", "c"]
    assert [each.id for each in document.instances] == ["b", "c"]
    assert [each.id for each in document.regions] == ["a"]
    assert type(document.get("a")) is Region
    document.apply(inverse)
    assert [each.id for each in document.instances] == ["a", "b"]
    assert [each.id for each in document.regions] == ["c"]


def test_an_instance_with_the_flag_of_a_region_is_taken_in_as_one():
    outline = Instance("x", DONE_REGION, (Polygon(RING),), flags=((DONE_REGION, True),))
    document = Document(20, 20, [outline])
    assert (document.instances, [each.id for each in document.regions]) == ((), ["x"])
    document = Document(20, 20)
    document.apply(Add((outline,)))
    assert (document.instances, [each.id for each in document.regions]) == ((), ["x"])
    document.apply(
        Add((marked("y"), Instance("z", "a", outline.polygons, flags=outline.flags)), (0, 2))
    )
    assert [type(each) for each in document.shapes] == [Instance, Region, Region]


@given(st.data())
def test_every_shape_is_an_instance_or_a_region_whatever_is_done(data):
    document = copy_of(data.draw(documents))
    for _ in range(data.draw(st.integers(0, 4))):
        document.apply(data.draw(edits_for(document)))
    for each in document.shapes:
        region = is_marked(each, DONE_REGION) or is_marked(each, IGNORE)
        assert type(each) is (Region if region else Instance)
    assert [*document.instances] == [e for e in document.shapes if isinstance(e, Instance)]
    assert [*document.regions] == [e for e in document.shapes if isinstance(e, Region)]
