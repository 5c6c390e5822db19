from __future__ import annotations

import pytest

from core.learning.classes import LEARNED_CLASSES, class_order, likely_class, taught_classes


def test_known_classes_keep_their_order_and_unused_ones_go():
    order = class_order(("person", "car", "dog"), (), ("dog", "roof", "person"))
    assert order == ("person", "dog", "roof")


def test_what_an_earlier_run_taught_stays_even_if_unused_now():
    assert class_order(("a", "b", "c"), ("a", "b"), ("c", "d")) == ("a", "b", "c", "d")


def test_taught_classes_come_from_the_model_file():
    assert taught_classes({LEARNED_CLASSES: ["a", 3, "b"]}) == ("a", "b")
    assert taught_classes({LEARNED_CLASSES: "abc"}) == ()
    assert taught_classes({}) == ()


@pytest.mark.parametrize(
    ("label", "known", "likely"),
    [
        ("Cells", ("cell", "object"), "cell"),
        ("berries", ("berry",), "berry"),
        ("blood cell", ("cell", "object"), "cell"),
        ("glass", ("glas",), None),
        ("nucleus", ("cell", "object"), None),
        ("hot dog", ("dog", "hot plate"), None),
    ],
)
def test_likely_classes_by_name(label, known, likely):
    assert likely_class(label, known) == likely
