"""COCO files: what is read, what is written, what pycocotools makes of it."""

from __future__ import annotations

import contextlib
import io
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from core.document.geometry import area
from core.document.instance import Instance, Polygon, Source
from core.document.runs import rasterise
from core.document.skeleton import Skeleton
from core.formats import coco
from core.formats.coco import CocoDataset, CocoImage, FormatError
from core.formats.masks import trace
from core.sentences import english
from tests.core.formats.making import HOLE, SQUARE, instances, json_values, ring
from tests.data import shared_data

# pycocotools has not caught up with numpy 2 where it decodes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PATH = Path("c.json")
FLAT = [value for point in SQUARE for value in point]


def annotation(**more) -> dict:
    return {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [FLAT], "iscrowd": 0, **more}


def file(*annotations: dict, **more) -> dict:
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": list(annotations),
        **more,
    }


def parse(value: object) -> CocoDataset:
    return coco.parse(json.loads(json.dumps(value)), PATH)


def one(**more) -> Instance:
    (image,) = parse(file(annotation(**more))).images
    return image.instances[0]


def dumped(*items: Instance, width: int = 100, height: int = 80) -> dict:
    labels = sorted({item.label for item in items})
    image = CocoImage(1, "a.png", width, height, items)
    return json.loads(coco.dumps([image], labels))


# Reading


def test_polygons_and_parts() -> None:
    triangle = [0, 0, 10, 0, 5, 9]
    instance = one(segmentation=[FLAT, triangle])
    assert instance.polygons == (Polygon(SQUARE), Polygon(((0, 0), (10, 0), (5, 9))))
    assert (instance.id, instance.label, instance.crowd) == ("coco-1", "cell", False)
    assert instance.source is Source.DRAWN


@pytest.mark.parametrize("crowd", [0, 1, True, False, 1.0])
@pytest.mark.parametrize("compressed", [True, False])
def test_run_lengths_whatever_iscrowd_says(crowd: object, compressed: bool) -> None:
    mask = np.zeros((80, 100), np.uint8)
    mask[10:60, 10:60] = 1
    mask[20:30, 20:30] = 0
    mask[70:75, 80:90] = 1
    runs: dict = {"size": [80, 100]}
    if compressed:
        runs["counts"] = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    else:
        flat = np.concatenate(([0], mask.ravel(order="F").astype(int)))
        runs["counts"] = np.diff([0, *np.flatnonzero(np.diff(flat)), mask.size]).tolist()
    instance = one(segmentation=runs, iscrowd=crowd)
    assert instance.crowd is bool(crowd)
    assert sum(len(polygon.holes) for polygon in instance.polygons) == 1
    assert np.array_equal(rasterise(instance.polygons, 100, 80), mask.astype(bool))


def test_ids_of_any_kind_and_categories_in_any_order() -> None:
    value = file(
        annotation(id=900, image_id="x", category_id=90),
        annotation(id=900, image_id="x", category_id=0),
        annotation(id="b", image_id="x", category_id=7),
        images=[{"id": "x", "file_name": "C:\\data\\a.png", "width": 100, "height": 80}],
        categories=[{"id": 90, "name": "z"}, {"id": 7, "name": "z"}, {"id": 0, "name": "a"}],
    )
    dataset = parse(value)
    assert dataset.labels == ("a", "z")
    assert [note.id for note in dataset.notes] == ["formats.category_twice"]
    (image,) = dataset.images
    assert (image.id, image.file_name) == ("x", "C:/data/a.png")
    assert [i.label for i in image.instances] == ["z", "a", "z"]
    assert len({i.id for i in image.instances}) == 3


def test_what_is_left_out_is_counted() -> None:
    dataset = parse(
        file(
            annotation(image_id=2),
            annotation(category_id=5),
            annotation(segmentation=[], bbox=[1, 2, 30, 40]),
            annotation(segmentation=None, bbox=[1, 2, 30, 0]),
            annotation(segmentation=[[1, 1, 2, 2, 3, 3]]),
            annotation(segmentation=[[1, 1, 9, 9]]),
            {"image_id": 1, "category_id": 1},
        )
    )
    counts = {note.id: dict(note.args)["count"] for note in dataset.notes}
    assert counts == {
        "formats.dangling": 2,
        "formats.boxes": 1,
        "formats.no_geometry": 2,
        "formats.no_area_dropped": 2,
    }
    assert [area(i) for i in dataset.images[0].instances] == [1200]


def test_images_without_size() -> None:
    value = file(annotation(), images=[{"id": 1, "file_name": "a.png"}])
    (image,) = parse(value).images
    assert (image.width, image.height) == (None, None)
    runs = {"size": [4, 5], "counts": [0, 20]}
    value["annotations"] = [annotation(segmentation=runs)]
    assert len(parse(value).images[0].instances) == 1


def test_predictions_of_ours_are_suggestions() -> None:
    value = file(annotation(score=0.5), annotation(masklens={"source": "accepted"}))
    value["masklens"] = {"predicted": "0123"}
    first, second = parse(value).images[0].instances
    assert (first.source, first.score) == (Source.SUGGESTED, 0.5)
    assert second.source is Source.ACCEPTED


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({}, "file.categories"),
        (file(images={}), "images"),
    ],
)
def test_a_file_without_lists_is_refused(value: object, where: str) -> None:
    with pytest.raises(FormatError) as error:
        parse(value)
    assert f" {where}: " in str(error.value)


GOOD = {"image_id": 1, "category_id": 1, "segmentation": [FLAT]}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (file(images=[{"id": 1}]), "images[0].file_name"),
        (
            file(images=[{"id": 1, "file_name": name} for name in "ab"]),
            "images[1].id",
        ),
        (file(categories=[{"id": 1}]), "categories[0].name"),
        (file(categories=[{"id": 1, "name": name} for name in "ab"]), "categories[1].id"),
        (file("x"), "annotations[0]"),
        (file({"image_id": 1}), "annotations[0].category_id"),
        (file(annotation(image_id=[1])), "annotations[0].image_id"),
        (file(annotation(segmentation=[[1, 2, 3]])), "annotations[0].segmentation[0]"),
        (file(annotation(segmentation=[[1, "2", 3, 4]])), "annotations[0].segmentation[0][1]"),
        (file(annotation(segmentation={"counts": [1]})), "annotations[0].segmentation.size"),
        (file(annotation(iscrowd=2)), "annotations[0].iscrowd"),
        (file(annotation(segmentation=0, bbox=[1, 2, 3])), "annotations[0].bbox"),
        (file(annotation(masklens={"source": 1})), "annotations[0].masklens.source"),
    ],
)
def test_wrong_entries_are_left_out_and_named(value: dict, where: str) -> None:
    value["annotations"].append({**GOOD, "id": 77})
    read = parse(value)
    assert [f" {where}: " in english(note) for note in read.notes].count(True) == 1
    if where.startswith("annotations"):
        (image,) = read.images
        assert [each.id for each in image.instances] == ["coco-77"]


def test_what_can_be_repaired_is_read_and_said() -> None:
    value = file(
        annotation(segmentation=FLAT),
        annotation(id="5", image_id="1", iscrowd=None, category_id="1"),
    )
    value["images"] += [dict(value["images"][0]), {**value["images"][0], "id": 9}]
    value["images"][0]["width"] = -1
    value["annotations"].append(annotation(image_id=9))
    read = parse(value)
    (image,) = read.images
    assert len(image.instances) == 3
    assert {each.polygons for each in image.instances} == {(Polygon(SQUARE),)}
    assert image.width is None
    assert {note.id for note in read.notes} == {
        *("formats.flat_polygon", "formats.image_entry_twice", "formats.no_side"),
    }


def test_what_is_not_ours_travels_and_ids_stay() -> None:
    value = file(annotation(id=900, keypoints=[1, 2, 2], attributes={"occluded": True}, ignore=1))
    value["categories"] = [
        {"id": 91, "name": "cell", "supercategory": "x", "skeleton": [[1, 2]]},
        {"id": 3, "name": "unused"},
    ]
    value["annotations"][0]["category_id"] = 91
    value["licenses"] = [{"id": 4, "name": "CC"}]
    value["images"][0]["license"] = 4
    read = parse(value)
    back = json.loads(coco.dumps(read.images, read.labels, read.extra))
    assert back["categories"] == value["categories"]
    assert back["licenses"] == value["licenses"]
    assert back["images"][0]["license"] == 4
    (entry,) = back["annotations"]
    assert {
        key: entry[key] for key in ("id", "category_id", "keypoints", "attributes", "ignore")
    } == {
        "id": 900,
        "category_id": 91,
        "keypoints": [1, 2, 2],
        "attributes": {"occluded": True},
        "ignore": 1,
    }


def test_area_and_box_are_those_of_the_pixels_on_the_image() -> None:
    bow = ((10.0, 10.0), (60.0, 60.0), (60.0, 10.0), (10.0, 60.0))
    beyond = ((-30.0, -30.0), (20.0, -30.0), (20.0, 20.0), (-30.0, 20.0))
    outside = ((200.0, 10.0), (220.0, 10.0), (220.0, 30.0))
    rings = (bow, beyond, outside)
    items = [Instance(f"i{k}", "cell", (Polygon(each),)) for k, each in enumerate(rings)]
    value = dumped(*items)
    api = loaded(value)
    assert len(value["annotations"]) == 2
    for entry in value["annotations"]:
        mask = api.annToMask(entry)
        assert entry["area"] == mask.sum() > 0
    assert value["annotations"][1]["bbox"] == [0, 0, 20, 20]


def test_results_alone_are_no_data_set() -> None:
    with pytest.raises(FormatError, match="list of results"):
        parse([{"image_id": 1, "category_id": 1, "score": 0.5}])


# Writing


def loaded(value: dict) -> COCO:
    """The file as pycocotools loads it."""
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO()
        api.dataset = value
        api.createIndex()
    return api


def test_plain_objects_are_polygons() -> None:
    value = dumped(Instance("i", "cell", (Polygon(SQUARE),)))
    (entry,) = value["annotations"]
    assert entry == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "segmentation": [FLAT],
        "area": 2500,
        "bbox": [10, 10, 50, 50],
        "iscrowd": 0,
    }
    assert value["categories"] == [{"id": 1, "name": "cell", "supercategory": ""}]


def test_overlapping_parts_count_once() -> None:
    shifted = tuple((x + 25, y) for x, y in SQUARE)
    (entry,) = dumped(Instance("i", "cell", (Polygon(SQUARE), Polygon(shifted))))["annotations"]
    assert entry["area"] == 3750
    assert entry["bbox"] == [10, 10, 75, 50]


def test_holes_and_crowds_are_run_lengths() -> None:
    value = dumped(
        Instance("i", "cell", (Polygon(SQUARE, (HOLE,)),)),
        Instance("j", "cell", (Polygon(SQUARE),), crowd=True),
    )
    api = loaded(value)
    ring_shaped, crowd = value["annotations"]
    assert (ring_shaped["iscrowd"], ring_shaped["area"]) == (0, 2100)
    assert api.annToMask(ring_shaped).sum() == 2100
    assert (crowd["iscrowd"], crowd["area"], crowd["bbox"]) == (1, 2500, [10, 10, 50, 50])


def test_every_label_needs_a_category_and_every_image_a_size() -> None:
    instance = Instance("i", "cell", (Polygon(SQUARE),))
    with pytest.raises(ValueError, match="not among the labels"):
        coco.dumps([CocoImage(1, "a.png", 100, 80, (instance,))], ["other"])
    with pytest.raises(ValueError, match="no size"):
        coco.dumps([CocoImage(1, "a.png", None, None)], [])


@settings(max_examples=40, deadline=None)
@given(st.lists(instances(), max_size=5))
def test_what_is_written_is_read_and_means_the_same(drawn: list[Instance]) -> None:
    items = tuple(replace(i, id=f"coco-{k}", group_id=None) for k, i in enumerate(drawn, 1))
    value = dumped(*items)
    (image,) = parse(value).images
    assert len(image.instances) == len(items)
    api = loaded(value)
    for before, after, entry in zip(items, image.instances, value["annotations"], strict=True):
        drawn_before = rasterise(before.polygons, 100, 80)
        assert np.array_equal(api.annToMask(entry).astype(bool), drawn_before)
        assert np.array_equal(rasterise(after.polygons, 100, 80), drawn_before)
        plain = not before.crowd and not any(polygon.holes for polygon in before.polygons)
        kept = after if plain else replace(after, polygons=before.polygons)
        # Where an instance was imported from is not for the file to say.
        imported = before.source is Source.IMPORTED
        assert kept == (replace(before, source=Source.DRAWN) if imported else before)
        assert entry["area"] == drawn_before.sum()


@settings(max_examples=40, deadline=None)
@given(json_values("images", "annotations", "categories", "id", "segmentation", "counts", "size"))
def test_any_json_is_read_or_refused(value: object) -> None:
    for candidate in (value, file(annotation(segmentation=value)), file(value, images=value)):
        with suppress(FormatError):
            coco.parse(candidate, PATH)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_good_file_with_a_bad_spot_is_read_or_refused(data: st.DataObject) -> None:
    value = dumped(
        Instance("i", "cell", (Polygon(SQUARE, (HOLE,)),), source=Source.SUGGESTED, score=0.5),
        Instance("j", "cell", (Polygon(ring(40, 40, 9, 6)),)),
    )
    spots = [value, value["images"][0], value["categories"][0], *value["annotations"]]
    spots += [value["annotations"][0]["segmentation"], value["annotations"][0]["masklens"]]
    target = data.draw(st.sampled_from(spots))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(json_values("id", "size"))
    with suppress(FormatError):
        coco.parse(value, PATH)


# Real files


def test_coco_tiny_keeps_its_areas() -> None:
    path = shared_data("coco_tiny", "annotations", "instances_train2017.json")
    raw = json.loads(path.read_text(encoding="utf-8"))
    dataset = coco.read(path)
    back = json.loads(coco.dumps(dataset.images, dataset.labels))
    assert len(back["annotations"]) == len(raw["annotations"]) == 470
    areas = {entry["id"]: entry for entry in raw["annotations"]}
    ids = [int(i.id.removeprefix("coco-")) for image in dataset.images for i in image.instances]
    api, old = loaded(back), loaded(raw)
    for id, entry in zip(ids, back["annotations"], strict=True):
        before = areas[id]
        assert np.array_equal(api.annToMask(entry), old.annToMask(before))
        assert entry["area"] == old.annToMask(before).sum()


def test_nuclei_keep_their_pixels() -> None:
    raw = json.loads(shared_data("nuclei_dsb2018", "instances.json").read_text(encoding="utf-8"))
    raw["annotations"] = raw["annotations"][::20]
    dataset = coco.parse(raw, PATH)
    back = json.loads(coco.dumps(dataset.images, dataset.labels))
    areas = {entry["id"]: entry["area"] for entry in raw["annotations"]}
    ids = [int(i.id.removeprefix("coco-")) for image in dataset.images for i in image.instances]
    assert [entry["area"] for entry in back["annotations"]] == [areas[id] for id in ids]


def test_traced_objects_count_their_pixels() -> None:
    mask = np.zeros((80, 100), bool)
    mask[3:9, 4:8] = True
    (entry,) = dumped(Instance("i", "cell", trace(mask)))["annotations"]
    assert (entry["area"], entry["bbox"]) == (24, [4, 3, 4, 6])
    assert isinstance(entry["segmentation"], list)


# Keypoints


def pointed(numbers: object, **category) -> dict:
    value = file(annotation(keypoints=numbers, num_keypoints=2))
    value["categories"][0].update(category)
    return value


def test_keypoints_are_read_and_written_as_pycocotools_has_them(tmp_path: Path) -> None:
    numbers = [10, 20.5, 2, 0, 0, 0, 30, 40, 1]
    value = pointed(numbers, keypoints=["a", "b", "c"], skeleton=[[1, 3], [2, 3]])
    read = parse(value)
    (shape,) = read.images[0].instances
    assert shape.keypoints == ((10.0, 20.5, 2), (0.0, 0.0, 0), (30.0, 40.0, 1))
    assert read.skeletons == {"cell": Skeleton(("a", "b", "c"), ((0, 2), (1, 2)))}
    assert read.images[0].extras[shape.id] == {"coco": {"id": 1}}
    moved = replace(shape, keypoints=(*shape.keypoints[:2], (31.0, 40.0, 2)))
    images = [replace(read.images[0], instances=(moved,))]
    # A label that the file does not know gets its keypoints from the project.
    path = tmp_path / "c.json"
    path.write_bytes(coco.dumps(images, read.labels, {}, read.skeletons))
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(path))
    (entry,) = theirs.loadAnns(theirs.getAnnIds())
    assert entry["keypoints"] == [10, 20.5, 2, 0, 0, 0, 31, 40, 2]
    assert entry["num_keypoints"] == 2
    (category,) = theirs.loadCats(theirs.getCatIds())
    assert (category["keypoints"], category["skeleton"]) == (["a", "b", "c"], [[1, 3], [2, 3]])


@pytest.mark.parametrize("odd", [[1, 2], [1, 2, 7], "none", [1, 2, 2] * 2])
def test_keypoints_that_are_none_of_cocos_travel_as_they_stand(odd: object) -> None:
    value = pointed(odd, keypoints=["a"])
    read = parse(value)
    assert read.images[0].instances[0].keypoints == ()
    back = json.loads(coco.dumps(read.images, read.labels, read.extra, read.skeletons))
    assert back["annotations"][0]["keypoints"] == odd
    assert back["annotations"][0]["num_keypoints"] == 2
    assert back["categories"] == value["categories"]
