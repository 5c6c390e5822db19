"""Every format: what is written comes back, pixel for pixel, by the same command."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.document.instance import Instance, Polygon
from core.document.runs import rasterise
from core.formats.collect import collect
from core.formats.convert import ConvertReport, FormatError, convert
from core.formats.dataset import Dataset, open_dataset
from core.formats.masks import trace
from core.formats.names import FORMAT_NAMES
from core.formats.registry import BY_NAME, FORMATS
from tests.core.formats.making import HOLE, SQUARE
from tests.core.formats.test_dataset import write_coco
from tests.data import shared_data

SIZE = (100, 80)
BLOB = ((70.25, 5.5), (95.0, 7.125), (90.0, 30.0), (72.0, 28.5))
FAR = ((70.0, 50.0), (95.0, 50.0), (82.0, 75.0))


def photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def ragged(seed: int) -> Instance:
    """An instance traced from a mask with pieces and holes, in the lower left."""
    mask = np.random.default_rng(seed).random((30, 40)) > 0.4
    return Instance("r", "ragged", trace(mask, 2, 45))


def objects(*, overlap: bool) -> tuple[Instance, ...]:
    plain = Instance("a", "cell", (Polygon(BLOB),))
    holed = Instance("b", "ring", (Polygon((*SQUARE[:2], (60.0, 42.0), (10.0, 42.0))),))
    parts = Instance(
        "c", "two parts", (Polygon(FAR), Polygon(((5.0, 2.0), (8.0, 2.0), (8.0, 8.0))))
    )
    found = (plain, holed, parts, ragged(3))
    if not overlap:
        return found
    return (*found, Instance("d", "ring", (Polygon(SQUARE, (HOLE,)),)))


def source(tmp_path: Path, *, overlap: bool = True, images: int = 2, bare: bool = True) -> Path:
    names = [f"sub/pic {k}.png" for k in range(images)]
    for k, name in enumerate(names):
        photo(tmp_path / "in" / name, k)
    found = objects(overlap=overlap)
    from core.formats import coco

    pictures = [coco.CocoImage(k, name, *SIZE, found) for k, name in enumerate(names, 1)]
    if bare:
        pictures[-1] = replace(pictures[-1], instances=())
    path = tmp_path / "in" / "c.json"
    coco.write(path, pictures, sorted({each.label for each in found}))
    return path


def drawn(instances: tuple[Instance, ...], size: tuple[int, int]) -> list[tuple[str, bytes]]:
    """Labels and masks, in an order of their own."""
    return sorted((i.label, rasterise(i.polygons, *size).tobytes()) for i in instances)


def same(before: Dataset, after: Dataset) -> None:
    assert len(after.items) == len(before.items)
    assert after.items
    assert seen(after) == seen(before)


def seen(dataset: Dataset) -> list[tuple[object, ...]]:
    """Each image by its bytes, with size, labels and masks."""
    return sorted(
        (i.image_path.read_bytes(), i.width, i.height, drawn(i.instances, (i.width, i.height)))
        for i in dataset.items
    )


def held(dataset: Dataset, kind: str) -> Dataset:
    """What a format can hold of a data set: images without instances are no row of OpenImages."""
    if kind != "openimages":
        return dataset
    return replace(dataset, items=tuple(item for item in dataset.items if item.instances))


def there(to: str, tmp_path: Path) -> Path:
    return tmp_path / f"out{BY_NAME[to].ending}"


LOSSLESS = [
    *("labelme", "via", "via:layout=csv", "coco", "isat", "cvat", "labelstudio", "voc", "npz"),
    *("openimages", "yolo", "png:layout=masks"),
]
FLAT = [*LOSSLESS, "png", "png:layout=indexed", "png:layout=cellpose", "cellpose"]


def go(kind: str, src: Path, tmp_path: Path) -> tuple[ConvertReport, Path]:
    to, _, option = kind.partition(":")
    name, _, value = option.partition("=")
    out = there(to, tmp_path)
    if value == "csv":
        out = out.with_suffix(".csv")
    return convert(src, to, out, options={name: value} if option else {}), out


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_round_trip_keeps_every_pixel(kind: str, tmp_path: Path) -> None:
    src = source(tmp_path)
    report, out = go(kind, src, tmp_path)
    assert report.problems == ()
    assert report.instances == 5
    assert collect(out).kind == kind.partition(":")[0]
    same(held(open_dataset(src), kind), open_dataset(out))


@pytest.mark.parametrize("kind", FLAT)
def test_a_round_trip_without_overlaps_keeps_every_pixel(kind: str, tmp_path: Path) -> None:
    src = source(tmp_path, overlap=False)
    report, out = go(kind, src, tmp_path)
    assert report.problems == ()
    assert "convert.overlaps" not in {note.id for note in report.notes}
    same(held(open_dataset(src), kind), open_dataset(out))
    again, back = convert(out, "coco", tmp_path / "back.json"), tmp_path / "back.json"
    assert again.problems == ()
    same(held(open_dataset(src), kind), open_dataset(back))


@pytest.mark.parametrize("kind", ["png", "cellpose", "voc", "dataset"])
def test_lost_pixels_are_said(kind: str, tmp_path: Path) -> None:
    report, _ = go(kind, source(tmp_path), tmp_path)
    assert "convert.overlaps" in {note.id for note in report.notes}


@pytest.mark.parametrize("kind", ["yolo", "via", "isat", "voc"])
def test_bridges_are_said(kind: str, tmp_path: Path) -> None:
    report, _ = go(kind, source(tmp_path), tmp_path)
    assert "convert.bridged" in {note.id for note in report.notes}


def test_json_to_dataset_keeps_the_pixels_of_each_label(tmp_path: Path) -> None:
    src = source(tmp_path, overlap=False)
    report, out = go("dataset", src, tmp_path)
    assert report.problems == ()
    before, after = open_dataset(src), open_dataset(out)
    assert set(after.labels) == {"cell", "ring", "two parts", "ragged"}
    for one, other in zip(before.items, after.items, strict=True):
        for label in before.labels:
            masks = [
                np.any(
                    [rasterise(i.polygons, *SIZE) for i in item.instances if i.label == label]
                    or [np.zeros((SIZE[1], SIZE[0]), bool)],
                    axis=0,
                )
                for item in (one, other)
            ]
            assert (masks[0] == masks[1]).all()


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_splits_come_back(kind: str, tmp_path: Path) -> None:
    src = source(tmp_path, images=10, bare=False)
    to = BY_NAME[kind]
    out = there(kind, tmp_path) if to.splits else tmp_path / "out"
    report = convert(src, kind, out, split=(0.5, 0.3, 0.2))
    assert report.problems == ()
    found = collect(out)
    splits = [image.split for image in found.images]
    assert {split: splits.count(split) for split in set(splits)} == {
        "train": 5,
        "val": 3,
        "test": 2,
    }


def test_the_registry_and_its_names_agree() -> None:
    assert tuple(format.name for format in FORMATS) == FORMAT_NAMES


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    src = source(tmp_path)
    for kind in FORMAT_NAMES:
        out = there(kind, tmp_path / kind)
        out.parent.mkdir()
        convert(src, kind, out)
        files = [path for path in sorted((tmp_path / kind).rglob("*")) if path.is_file()]
        for path in files:
            path.write_bytes(b"mine")
        if BY_NAME[kind].ending or kind == "openimages":
            with pytest.raises(FormatError, match="not overwritten"):
                convert(src, kind, out)
        else:
            assert convert(src, kind, out).problems, kind
        assert {path.read_bytes() for path in files} == {b"mine"}, kind


REAL = [
    ("formats/isat/five_photos_in_isat_labelme_yolo_coco/isat", "isat", 5),
    ("formats/isat/five_photos_in_isat_labelme_yolo_coco/yolo", "yolo", 5),
    ("formats/same_four_photos/cvat_1.1/annotations.xml", "cvat", 4),
    ("formats/datumaro_tests/cvat_dataset/for_images/export_task/train.xml", "cvat", 2),
    ("formats/datumaro_tests/cvat_dataset/for_video/annotations.xml", "cvat", 2),
    ("formats/same_four_photos/labelimg_voc", "voc", 4),
    ("formats/same_four_photos/labelimg_yolo", "yolo", 4),
    ("formats/same_four_photos/via_2/via_region_data.csv", "via", 4),
    ("formats/voc/icevision_voc", "voc", 2),
    ("formats/labelme/v4.0.0_instance_segmentation/data_dataset_voc", "voc", 3),
    ("formats/datumaro_tests/coco_dataset/coco_instances", "coco", 2),
    ("coco8_seg", "yolo", 8),
    ("nuclei_dsb2018/raw_layout", "png", 2),
    ("formats/x_anylabeling/instance_segmentation/labels", "yolo", 1),
]


@pytest.mark.parametrize(("place", "kind", "images"), REAL, ids=[place for place, _, _ in REAL])
def test_real_files_come_back(place: str, kind: str, images: int, tmp_path: Path) -> None:
    src = shared_data(*place.split("/"))
    if kind == "png":  # those of few nuclei: one file a mask takes its time
        folders = sorted(src.iterdir(), key=lambda f: (len([*f.glob("masks/*")]), f.name))
        for folder in folders[:images]:
            shutil.copytree(folder, tmp_path / "few" / folder.name)
        src = tmp_path / "few"
    found = collect(src)
    assert (found.kind, len(found.images)) == (kind, images)
    assert sum(len(image.instances) for image in found.images) > 0
    out = there(kind, tmp_path)
    option = {"layout": "masks"} if kind == "png" else {}
    report = convert(src, kind, out, options=option)
    before = open_dataset(
        src, shared_data("formats", "same_four_photos", "images") if "four" in place else None
    )
    if before.items:
        same(before, open_dataset(out))
    assert report.images > 0


def test_pictures_of_one_group_stay_on_one_side(tmp_path: Path) -> None:
    random.seed(1)
    names = [f"{k}_png.rf.{v}.jpg" for k in range(10) for v in "abc"]
    src = write_coco(tmp_path / "c.json", *names)
    from core.formats.splits import dealt

    sides: dict[str, set[str | None]] = {}
    for image in dealt(collect(src).images, (0.6, 0.2, 0.2)):
        sides.setdefault(image.file_name.split("_")[0], set()).add(image.split)
    assert all(len(found) == 1 for found in sides.values())
    assert {split for found in sides.values() for split in found} == {"train", "val", "test"}


@pytest.mark.parametrize("by", ["folder", r"^(\w+)/"])
def test_a_split_keeps_groups_together(by: str, tmp_path: Path) -> None:
    from core.formats.splits import SplitError, dealt, grouping

    src = write_coco(tmp_path / "c.json", *[f"p{k % 9}/{k}.png" for k in range(90)])
    images = dealt(collect(src).images, (0.6, 0.2, 0.2), grouping(by))
    sides: dict[str, set[str | None]] = {}
    for image in images:
        sides.setdefault(image.file_name.split("/")[0], set()).add(image.split)
    assert all(len(found) == 1 for found in sides.values())
    assert {split for found in sides.values() for split in found} == {"train", "val", "test"}
    alone = dealt(collect(src).images, (0.6, 0.2, 0.2), grouping("nowhere(x)"))
    assert [image.split for image in alone].count("train") == 54
    with pytest.raises(SplitError, match="neither folder nor"):
        grouping("(")
