"""Keypoints: as COCO writes them, typed by a person, and through edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec import encode
from core.document.document import Document
from core.document.edits import EDIT, EditError, Reshape
from core.document.instance import Instance, Polygon, Seen
from core.document.skeleton import (
    PERSON,
    Skeleton,
    flat,
    from_flat,
    labelled_count,
    nearest_keypoint,
    next_place,
    shifted,
    with_keypoint,
)
from tests.core.document.strategies import square

OUTLINE = (Polygon(square(0, 0, 10)),)
POINTS = ((1.0, 2.5, 2), (0.0, 0.0, 0), (30.0, 4.0, 1))
letters = st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=":,")
names = st.text(letters, min_size=1).map(str.strip)


def test_a_person_has_cocos_points_and_lines() -> None:
    # From the categories of person_keypoints_val2017.json, numbered from 1 there.
    assert PERSON.names[:3] == ("nose", "left_eye", "right_eye")
    assert PERSON.names[5:7] == ("left_shoulder", "right_shoulder")
    assert PERSON.names[15:] == ("left_ankle", "right_ankle")
    assert len(PERSON.names) == 17
    theirs = [
        *([16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8]),
        *([7, 9], [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7]),
    ]
    assert [[a + 1, b + 1] for a, b in PERSON.edges] == theirs


@given(st.lists(names.filter(bool), min_size=1, max_size=6, unique=True), st.data())
def test_a_skeleton_is_typed_as_it_is_shown(found: list[str], data: st.DataObject) -> None:
    place = st.integers(0, len(found) - 1)
    edges = data.draw(st.lists(st.tuples(place, place), unique=True).map(sorted))
    skeleton = Skeleton(tuple(found), tuple(edges))
    assert Skeleton.from_text(skeleton.text()) == skeleton


@pytest.mark.parametrize("text", ["", "a\na", "a: b", "a,b", "a:a:b\n"])
def test_what_is_no_skeleton_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|b"):
        Skeleton.from_text(text)


def test_cocos_list_is_read_as_it_is_written() -> None:
    assert flat(POINTS) == [1, 2.5, 2, 0, 0, 0, 30, 4, 1]
    assert from_flat(flat(POINTS), 3, 1e7) == POINTS
    assert labelled_count(POINTS) == 2


@pytest.mark.parametrize(
    "numbers",
    [
        None,
        [],
        "abc",
        [1, 2],
        [1, 2, 3],  # a visibility that COCO has not
        [1, 2, 1.5],
        [0, 0, 0],  # nothing is labelled: nothing is lost by leaving it where it is
        [1, "2", 2],
        [1, True, 2],
        [1, float("nan"), 2],
        [1, 1e9, 2],
        [1, 2, 2, 3, 4, 2],  # two points where the label has one
    ],
)
def test_what_is_no_list_of_cocos_is_none(numbers: object) -> None:
    assert from_flat(numbers, 1, 1e7) is None


def test_absent_points_do_not_move() -> None:
    assert shifted(POINTS, 2, -1) == ((3.0, 1.5, 2), (0.0, 0.0, 0), (32.0, 3.0, 1))


def test_points_are_set_in_order_and_found_by_place() -> None:
    skeleton = Skeleton(("a", "b", "c"))
    assert [next_place(each, skeleton) for each in ((), POINTS[:1], POINTS)] == [0, 1, 1]
    assert with_keypoint((), 1, (5.0, 6.0, 2)) == ((0.0, 0.0, 0), (5.0, 6.0, 2))
    assert with_keypoint(((5.0, 6.0, 2),), 0, (0.0, 0.0, 0)) == ()
    full = with_keypoint(POINTS, 1, (9.0, 9.0, Seen.VISIBLE))
    assert next_place(full, skeleton) is None
    assert nearest_keypoint(POINTS, (2, 2.5), 1.0) == 0
    assert nearest_keypoint(POINTS, (2.1, 2.5), 1.0) is None
    assert nearest_keypoint(POINTS, (0, 0), 2.0) is None  # an absent point is nowhere
    assert nearest_keypoint(((1.0, 1.0, 2), (1.0, 1.0, 2)), (1, 1), 1.0) == 1


def test_a_reshape_keeps_or_replaces_them_and_is_taken_back() -> None:
    shape = Instance("a", "person", OUTLINE, keypoints=POINTS)
    document = Document(50, 50, [shape])
    kept, _ = document.apply(Reshape("a", (Polygon(square(5, 5, 10)),)))
    assert document.shapes[0].keypoints == POINTS
    document.apply(kept)
    assert document.shapes == (shape,)
    edit = EDIT.decode(encode(Reshape("a", OUTLINE, keypoints=())))
    inverse, _ = document.apply(edit)
    assert document.shapes[0].keypoints == ()
    document.apply(EDIT.decode(encode(inverse)))
    assert document.shapes == (shape,)


@pytest.mark.parametrize("point", [(float("nan"), 0.0, 2), (0.0, 0.0, 3), (float("inf"), 0.0, 1)])
def test_keypoints_that_are_none_are_refused(point: tuple[float, float, int]) -> None:
    document = Document(50, 50, [Instance("a", "person", OUTLINE)])
    with pytest.raises(EditError):
        document.apply(Reshape("a", OUTLINE, keypoints=(point,)))
    assert document.shapes[0].keypoints == ()


def test_a_name_of_two_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        Skeleton(("a\x0cb",))
