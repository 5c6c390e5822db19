from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.document.instance import Instance, Polygon
from core.document.marks import (
    DONE_REGION,
    IGNORE,
    comparable,
    is_ignored,
    is_marked,
    is_region,
    with_flag,
    without_regions,
)

RING = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


def marked(id: str, *flags: tuple[str, bool]) -> Instance:
    return Instance(id, "cell", (Polygon(RING),), flags=flags)


def test_regions_are_no_objects_and_ignored_areas_are_crowds():
    region, ignored = marked("r", (DONE_REGION, True)), marked("i", (IGNORE, True))
    plain, off = marked("p"), marked("o", (DONE_REGION, False), (IGNORE, False))
    assert [is_region(each) for each in (region, ignored, plain, off)] == [
        True,
        False,
        False,
        False,
    ]
    assert [is_ignored(each) for each in (region, ignored, off)] == [False, True, False]
    everything = (region, ignored, plain, off)
    assert without_regions(everything) == (ignored, plain, off)
    assert [(each.id, each.crowd) for each in comparable(everything)] == [
        ("i", True),
        ("p", False),
        ("o", False),
    ]


NAMES = st.sampled_from(["seen", "hard", IGNORE, DONE_REGION])


@given(st.dictionaries(NAMES, st.booleans()), NAMES, st.booleans())
def test_setting_a_flag_leaves_the_others(flags, name, on):
    instance = marked("x", *flags.items())
    changed = with_flag(instance, name, on)
    assert is_marked(marked("x", *changed), name) is on
    others = [pair for pair in flags.items() if pair[0] != name]
    assert [pair for pair in changed if pair[0] != name] == others
