from __future__ import annotations

from dataclasses import replace

from core.learning.gains import compare
from tests.core.learning.making import square

LABELS = (square("a", 10, 10, 20), square("b", 60, 10, 20))


def seen(id, x, y, label="square", score=0.9):
    return square(id, x, y, 20, label, score=score)


def told(gains):
    return [(one.instance.id, one.gained, one.labelled) for one in gains.changes]


def test_gained_and_lost_are_told_with_what_the_labels_say():
    before = (seen("o1", 10, 10), seen("o2", 35, 30, score=0.6), seen("o3", 62, 11))
    after = (seen("n1", 11, 10), seen("n2", 5, 35, score=0.7))
    gains = compare(before, after, LABELS, 100, 60)
    assert told(gains) == [("n2", True, False), ("o3", False, True), ("o2", False, False)]
    assert [one.good for one in gains.changes] == [False, False, True]
    assert (gains.gained, gains.lost, gains.kept) == (1, 2, 1)


def test_an_old_detection_is_kept_by_one_new_one_only():
    gains = compare((seen("o", 10, 10),), (seen("n", 10, 10), seen("m", 12, 10)), (), 100, 60)
    assert told(gains) == [("m", True, False)]


def test_labels_must_fit_unless_one_took_over_or_is_new():
    old = (seen("o", 10, 10, "cell"), seen("p", 60, 10, "disc"))
    new = (seen("n", 10, 10, "nucleus"), seen("m", 60, 10, "disc"))
    assert compare(old, new, (), 100, 60).kept == 2
    mixed = (seen("n", 10, 10, "disc"), seen("m", 60, 10, "cell"))
    assert compare(old, mixed, (), 100, 60).kept == 0
    assert compare(old, mixed, (), 100, 60, {"disc": "cell", "cell": "disc"}).kept == 2


def test_crowds_are_no_labels():
    crowd = replace(LABELS[1], crowd=True)
    gains = compare((), (seen("n", 10, 10), seen("m", 60, 10)), (crowd,), 100, 60)
    assert [one.labelled for one in gains.changes] == [False, False]
    assert compare((), (), LABELS, 100, 60).changes == ()
