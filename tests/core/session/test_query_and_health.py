"""Questions about images, and what is wrong with their labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.main import main
from core.document.document import Document
from core.document.instance import Instance, Polygon, Source
from core.document.regions import labelled
from core.document.status import ImageStatus
from core.session.health import Kind, problems_of, repairs
from core.session.query import NUMBERS, TEXTS, Asked, Query, QueryError, Term, parse
from tests.core.document.strategies import blob
from tests.core.session.helpers import labelme_file, make_project

VALUES = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"])).map(str.casefold)
NUMBERS_AS_TEXT = st.floats(0, 1e9).map(lambda number: f"{number:.3f}")
TERMS = st.one_of(
    st.builds(Term, st.sampled_from(TEXTS), st.just(":"), VALUES, st.booleans()),
    st.builds(
        Term,
        st.sampled_from(NUMBERS),
        st.sampled_from(["<", "<=", ">", ">=", "="]),
        NUMBERS_AS_TEXT,
        st.booleans(),
    ),
    st.builds(Term, st.just("done"), st.just(""), st.just(""), st.booleans()),
)


@given(st.lists(TERMS, max_size=6))
def test_what_is_written_is_read_again(terms: list[Term]) -> None:
    query = Query(tuple(terms))
    assert parse(str(query)) == query


@given(st.text())
def test_any_text_is_a_question_or_is_refused_with_a_sentence(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        said = str(error)
    else:
        said = "condition"
        assert parse(str(query)) == query
    assert "condition" in said


CELL = replace(blob("a", 20, 20, 10, "cell"), score=0.4, source=Source.ACCEPTED)
DUST = replace(blob("b", 40, 20, 3, "dust"), score=0.9, flags=(("check", True),))
ASKED = Asked("b/Photo 1.png", ImageStatus.CORRECTED, (CELL, DUST), frozenset({"blurred"}))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("photo", True),
        ('"photo 1" b/', True),
        ("-photo", False),
        ("label:cell", True),
        ("label:cell score<0.5", True),
        ("label:dust score<0.5", False),  # it is another instance whose score is low
        ("score<0.5 size>1000", False),
        ("score>0.5 flag:check", True),
        ("flag:blurred label:cell", True),
        ("flag:blurred flag:check", True),
        ("-flag:check", False),
        ("-label:tree -done", True),
        ("done", False),
        ('"done"', False),
        ("status:corrected", True),
        ("source:accepted", True),
        ("count=2", True),
        ("count>2", False),
    ],
)
def test_what_holds(text: str, holds: bool) -> None:
    assert parse(text).holds(ASKED) is holds


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("cel", True),
        ("nucleus", False),
        ("bright", True),
        ("label:cel", False),
        ("label:cell -score<0.4", True),
        ("label:cell score<0.4", False),
        ("-source:drawn", False),
        ("done cell", True),
    ],
)
def test_what_is_meant_of_single_instances(text: str, means: bool) -> None:
    it = Instance("x", "Cell", (Polygon(SQUARE),), score=0.5, description="a Bright one")
    assert parse(text).means(it) is means
    assert bool(parse(text).of_images) is ("done" in text)


@pytest.mark.parametrize("text", ["score:0.5", "size>big", "colour:red", 'label:"open', "score<-1"])
def test_what_is_no_condition_is_named(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"label:cell {text}")
    assert text.split(":")[0][:4] in str(caught.value)


# Health

Ring = tuple[tuple[float, float], ...]
SQUARE: Ring = ((10, 10), (40, 10), (40, 40), (10, 40))


def one(id: str, *rings: Ring, label: str = "cell") -> Instance:
    return Instance(id, label, tuple(Polygon(ring) for ring in rings))


WRONG: dict[Kind, Callable[[], tuple[Instance, ...]]] = {
    Kind.CROSSING: lambda: (one("x", ((10, 10), (40, 40), (40, 10), (10, 40))),),
    Kind.TINY: lambda: (one("x", SQUARE, ((50, 40), (51, 40), (51, 41))),),
    Kind.OUTSIDE: lambda: (one("x", ((50, 10), (80, 10), (80, 40), (50, 40))),),
    Kind.DUPLICATE: lambda: (one("x", SQUARE), one("y", (*SQUARE[:3], (10, 40.2)))),
}


@pytest.mark.parametrize("kind", WRONG)
def test_each_kind_is_found_repaired_and_undone(kind: Kind) -> None:
    document = Document(64, 48, WRONG[kind]())
    before = document.shapes
    assert {each.kind for each in problems_of(document, "a.png")} == {kind}
    edit = repairs(document)
    assert edit is not None
    inverse, _ = document.apply(edit)
    assert list(problems_of(document, "a.png")) == []
    assert len(labelled(document.shapes)) == 1
    document.apply(inverse)
    assert document.shapes == before


def test_only_what_concerns_the_chosen_instances_is_repaired() -> None:
    document = Document(64, 48, (*WRONG[Kind.OUTSIDE](), one("z", SQUARE[::2] + SQUARE[1::2])))
    edit = repairs(document, frozenset({"z"}))
    assert edit is not None
    document.apply(edit)
    assert {each.kind for each in problems_of(document, "a.png")} == {Kind.OUTSIDE}


def test_touching_instances_of_two_labels_are_no_duplicates() -> None:
    document = Document(64, 48, (one("x", SQUARE), one("y", SQUARE, label="dust")))
    assert list(problems_of(document, "a.png")) == []


# On the command line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_project(tmp_path, "a.png", "b.png", "within/c.png", lock=False)
    shape = {"label": "cell", "shape_type": "polygon"}
    labelme_file(tmp_path / "a.json", shapes=[{**shape, "points": [[1, 1], [30, 1], [30, 30]]}])
    far = [[50, 10], [90, 10], [90, 40]]
    labelme_file(tmp_path / "within" / "c.json", shapes=[{**shape, "points": far}])
    labelme_file(tmp_path / "lost.json")
    return tmp_path


def test_images_are_listed_by_a_question(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["list", str(folder), "label:cell", "-a.png"]) == 0
    assert capfd.readouterr().out.split() == ["within/c.png"]
    assert main(["list", "--json", str(folder), "count=0"]) == 0
    assert json.loads(capfd.readouterr().out)["images"] == ["b.png"]
    assert main(["list", str(folder), "score:1"]) == 1
    assert "score:1" in capfd.readouterr().err


def test_a_folder_is_checked_and_repaired(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(folder)]) == 1
    found = json.loads(capfd.readouterr().out)["problems"]
    assert {(each["file"], each["kind"]) for each in found} == {
        ("lost.json", "no-image"),
        ("within/c.png", "outside"),
    }
    assert main(["check", "--repair", str(folder)]) == 1
    said = capfd.readouterr().out
    assert "lost.json" in said
    assert "within" not in said
    points = json.loads((folder / "within" / "c.json").read_text())["shapes"][0]["points"]
    assert max(x for x, _ in points) == 64
