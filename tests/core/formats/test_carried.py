"""A document with everything, written in each format and read back: what the page says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.runs import rasterise
from core.formats.collect import collect
from core.formats.convert import convert
from core.formats.dataset import open_dataset
from core.formats.labelled import Labelled
from core.formats.names import FORMAT_NAMES
from core.formats.registry import BY_NAME
from core.learning.gather import gather_dataset
from core.project.project import Project
from core.sentences import english
from tests.core.formats.carried import COLUMNS, PAGE, cell, page_with_table

SIZE = (120, 90)
PLAIN = [[2, 2], [22, 2], [22, 22], [2, 22]]
OUTER = [[40, 10], [80, 10], [80, 50], [40, 50]]
HOLE = [[50, 20], [70, 20], [70, 40], [50, 40]]
SECOND = [[90, 60], [110, 60], [110, 80], [90, 80]]


def shape(label: str, points: list[list[float]], **more: object) -> dict[str, object]:
    return {"label": label, "points": points, "shape_type": "polygon", "flags": {}, **more}


def ours(**more: object) -> dict[str, object]:
    return {"masklens": {"id": "it", **more}}


@dataclass(frozen=True)
class Thing:
    """What is carried or not: shapes that have it, whether labels have it, what names its loss."""

    shapes: list[dict[str, object]]
    has: Callable[[Labelled], bool]
    said: str


def area(image: Labelled, label: str) -> int:
    return sum(
        int(rasterise(each.polygons, *SIZE).sum())
        for each in image.instances
        if each.label == label and not each.crowd
    )


def one(image: Labelled, label: str = "it"):
    return [each for each in image.instances if each.label == label]


THINGS: dict[str, Thing] = {
    "holes": Thing(
        [shape("it", OUTER, **ours(holes=[HOLE]))],
        lambda i: any(p.holes for each in one(i) for p in each.polygons),
        "lines of no width",
    ),
    "parts": Thing(
        [shape("it", OUTER, group_id=1), shape("it", SECOND, group_id=1)],
        lambda i: len(one(i)) == 1 and len(one(i)[0].polygons) == 2,
        "lines of no width",
    ),
    "overlap": Thing(
        [shape("it", OUTER), shape("over", [[60, 10], [100, 10], [100, 50], [60, 50]])],
        lambda i: area(i, "it") == 1600 and area(i, "over") == 1600,
        "lie under others",
    ),
    "crowd": Thing([shape("it", OUTER, **ours(crowd=True))], lambda i: one(i)[0].crowd, "crowds"),
    "source": Thing(
        [shape("it", OUTER, **ours(source="suggested", model="m"))],
        lambda i: [each.source.value for each in one(i)] == ["suggested"],
        "suggestions",
    ),
    "group": Thing(
        [shape("it", OUTER, group_id=7)],
        lambda i: [each.group_id for each in one(i)] == [7],
        "group_id",
    ),
    "flags": Thing(
        [shape("it", OUTER) | {"flags": {"blurred": True}}],
        lambda i: [each.flags for each in one(i)] == [(("blurred", True),)],
        "flags",
    ),
    "description": Thing(
        [shape("it", OUTER, description="at dawn")],
        lambda i: [each.description for each in one(i)] == ["at dawn"],
        "description",
    ),
    "score": Thing(
        [shape("it", OUTER, score=0.5)], lambda i: [each.score for each in one(i)] == [0.5], "score"
    ),
    "attributes": Thing(
        [shape("it", OUTER, attributes={"colour": "red"})],
        lambda i: {"colour": "red"} in [e.get("attributes") for e in i.extras.values()],
        "colour",
    ),
    "regions": Thing(
        [shape("done_region", OUTER) | {"flags": {"done_region": True}}],
        lambda i: len(i.shapes) - len(i.instances) == 1,
        "finished regions",
    ),
    "others": Thing(
        [shape("tip", [[3, 3]]) | {"shape_type": "point"}],
        lambda i: any(each.line for each in i.shapes),
        "no outlines",
    ),
}


def there_and_back(thing: Thing, kind: str, tmp_path: Path) -> tuple[Labelled, str]:
    """The labels after a round trip, and all that was said."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    top = {"imagePath": "a.png", "imageWidth": SIZE[0], "imageHeight": SIZE[1]}
    shapes = [shape("plain", PLAIN), *thing.shapes]
    (tmp_path / "in" / "a.json").write_text(json.dumps({"shapes": shapes, **top}))
    out = tmp_path / f"out{BY_NAME[kind].ending}"
    report = convert(tmp_path / "in", kind, out)
    assert report.problems == ()
    (image,) = collect(out).images
    return image, "\n".join(map(english, report.notes))


@pytest.mark.parametrize("name", THINGS)
@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_the_table_is_true(kind: str, name: str, tmp_path: Path) -> None:
    thing = THINGS[name]
    image, said = there_and_back(thing, kind, tmp_path)
    assert image.instances, "the plain one comes back whatever else does"
    if kind == "dataset" and name in ("parts", "score"):
        pytest.skip("pieces become instances, of one label each")
    try:
        carried = thing.has(image)
    except IndexError:
        carried = False
    assert carried == (name in BY_NAME[kind].carries), (name, kind, said)
    assert carried or thing.said in said, said


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page_with_table(text), "run python -m tests.core.formats.carried"


def test_every_column_is_tried() -> None:
    assert set(COLUMNS) - set(THINGS) == {"size"}  # test_mismatch tries that
    assert cell(frozenset(("bridges",)), "holes") == "bridged"


def test_labels_that_are_none_are_named(tmp_path: Path) -> None:
    shapes = [
        shape("", OUTER),
        shape("_background_", SECOND),
        shape("__ignore__", SECOND),
        shape("it", OUTER),
    ]
    image, said = there_and_back(Thing(shapes, bool, ""), "coco", tmp_path)
    assert "a.json: shapes 2 on a.png have no label" in said
    assert "shapes 3 on a.png are labelled _background_" in said
    assert "shapes 4 on a.png are labelled __ignore__" in said
    assert [(each.label, each.crowd) for each in image.instances] == [
        ("plain", False),
        ("", False),
        ("__ignore__", True),
        ("it", False),
    ]
    gathered = gather_dataset(open_dataset(tmp_path / "in"), share=0)
    assert dict(gathered.counts) == {"plain": 1, "it": 1}
    assert {"formats.no_label", "formats.background", "formats.ignored"} <= {
        note.id for note in gathered.notes
    }


def test_losses_name_files_and_counts(tmp_path: Path) -> None:
    for name, count in (("a", 2), ("b", 1)):
        photo = Image.fromarray(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
        photo.save(tmp_path / f"{name}.png")
        shapes = [shape("it", OUTER, difficult=True, kie_linking=[]) for _ in range(count)]
        size = {"imageWidth": SIZE[0], "imageHeight": SIZE[1]}
        content = {"shapes": shapes, "imagePath": f"{name}.png", "tags": ["x"], **size}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    said = [english(note) for note in convert(tmp_path, "coco", tmp_path / "o.json").notes]
    assert any("“difficult”, which 3" in text and "a.json: 2, b.json: 1" in text for text in said)
    assert any("“tags”, which 2" in text for text in said)
    assert not any("kie_linking" in text for text in said)


def test_label_images_beside_images_are_no_images(tmp_path: Path) -> None:
    for name in ("a.png", "a_masks.tif", "b_cp_masks.png", "b.jpg", "alone_masks.png"):
        Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / name)
    assert [e.relative for e in Project(tmp_path).images()] == ["a.png", "alone_masks.png", "b.jpg"]
