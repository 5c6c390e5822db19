from __future__ import annotations

import pytest

from core.learning.compared import Compared, Kind, Part, compared, ground
from core.learning.report import ImageChange, Report


def four(ap):
    return {"AP": ap, "AP50": ap, "AP75": ap, "AR": ap}


def figures(ap, images=5, instances=80, **more):
    both = {"box": four(ap / 2), "mask": four(ap)}
    return {**both, "images": images, "instances": instances, "crowds": 0, **more}


def make_report(before, after, images: tuple[ImageChange, ...] = ()):
    return Report(
        steps=10,
        seconds=20.0,
        base="starter@1",
        model="model@2",
        classes=("nucleus",),
        reused=(),
        averaged=True,
        before=before,
        after=after,
        images=images,
    )


def parts(ap):
    return {"box": four(ap), "mask": four(ap)}


def test_all_labels_and_sizes_stand_side_by_side():
    before = figures(0.2, by_label={"": parts(0.2)}, by_size={"large": parts(0.1)})
    after = figures(
        0.4,
        by_label={"nucleus": parts(0.4), "debris": parts(0.3)},
        by_size={"small": parts(0.2), "large": parts(0.5)},
    )
    rows = compared(make_report(before, after), Kind.MASK)
    assert [(row.part, row.name) for row in rows] == [
        (Part.ALL, ""),
        (Part.LABEL, ""),
        (Part.LABEL, "nucleus"),
        (Part.LABEL, "debris"),
        (Part.SIZE, "small"),
        (Part.SIZE, "large"),
    ]
    whole = rows[0].figures[0]
    assert (whole.name, whole.before, whole.after, whole.sign) == ("AP", 0.2, 0.4, 1)
    assert rows[1].figures[0].after is None
    assert rows[4].figures[0].before is None
    assert rows[4].figures[0].change is None
    assert rows[5].figures[3].change == pytest.approx(0.4)
    boxes = compared(make_report(before, after), Kind.BOX)
    assert boxes[0].figures[0].after == 0.2


def test_the_only_label_is_compared_with_what_was_measured_whatever_its_class():
    before = figures(0.2, by_label={"": parts(0.2)})
    after = figures(0.4, by_label={"nucleus": parts(0.4)})
    (_, row) = compared(make_report(before, after), Kind.MASK)
    assert (row.name, row.figures[0].before, row.figures[0].after) == ("nucleus", 0.2, 0.4)


def test_without_figures_there_are_no_rows():
    report = make_report(None, None)
    assert compared(report, Kind.MASK) == ()
    assert ground(report) is None


@pytest.mark.parametrize(
    ("images", "instances", "thin"), [(5, 80, False), (3, 80, True), (5, 9, True)]
)
def test_little_ground_is_said_to_be_thin(images, instances, thin):
    found = ground(make_report(None, figures(0.2, images, instances)))
    assert (found.images, found.instances, found.is_thin) == (images, instances, thin)


def test_numbers_from_outside_that_make_no_sense_are_left_out():
    broken = figures(0.2) | {"mask": {"AP": True, "AP50": -1, "AP75": "x"}, "by_label": [1]}
    rows = compared(make_report(broken, broken), Kind.MASK)
    assert [one.before for one in rows[0].figures] == [None] * 4
    assert len(rows) == 1


def test_a_change_below_a_hundredth_is_none():
    assert Compared("AP", 0.5, 0.503).sign == 0
    assert Compared("AP", 0.5, 0.49).sign == -1
    assert Compared("AP", None, 0.49).sign == 0
