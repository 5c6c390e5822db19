"""What other programs make of the files that masklens writes.

    python -m tests.bench.study_peers LABELS [--python PYTHON ...] [--keep FOLDER]

The labels are written in each format; each peer that one of the Pythons has (labelme, pycocotools,
datumaro, supervision, ultralytics, cellpose) reads them in a process of its own and says which
pixels of which image have which label. The table says how many instances it found, and how many
of the labelled pixels differ from those in masklens. Outlines that are no more than pixels are
rasterised by each program in its own way, so that up to one pixel of the edge may differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Found = Iterator[tuple[str, str, Any]]
"""Stem of the image, label, mask (height, width) of one instance."""
_MARK = "peers: "


def by_labelme(at: Path) -> Found:
    import labelme

    for path in sorted((at / "labelme").rglob("*.json")):
        file = labelme.LabelFile(str(path))
        size = (
            json.loads(path.read_text())["imageHeight"],
            json.loads(path.read_text())["imageWidth"],
        )
        for shape in file.shapes:
            kind = shape["shape_type"]
            yield (
                path.stem,
                shape["label"],
                labelme.utils.shape_to_mask(size, shape["points"], kind),
            )


def by_pycocotools(at: Path) -> Found:
    from pycocotools.coco import COCO

    coco = COCO(str(at / "photos" / "coco.json"))
    for each in coco.anns.values():
        name = Path(coco.imgs[each["image_id"]]["file_name"]).stem
        yield name, coco.cats[each["category_id"]]["name"], coco.annToMask(each)


def by_supervision(kind: str) -> Callable[[Path], Found]:
    def read(at: Path) -> Found:
        import supervision as sv

        photos = str(at / "photos")
        if kind == "coco":
            found = sv.DetectionDataset.from_coco(
                photos, str(at / "photos" / "coco.json"), force_masks=True
            )
        elif kind == "labelme":
            found = sv.DetectionDataset.from_labelme(photos, str(at / "labelme"), force_masks=True)
        elif kind == "voc":
            found = sv.DetectionDataset.from_pascal_voc(
                str(at / "voc" / "JPEGImages"), str(at / "voc" / "Annotations"), force_masks=True
            )
        else:
            found = sv.DetectionDataset.from_yolo(
                str(at / "yolo" / "images" / "train"),
                str(at / "yolo" / "labels" / "train"),
                str(at / "yolo" / "data.yaml"),
                force_masks=True,
            )
        for path, _image, detections in found:
            if detections.mask is None:
                continue
            for mask, label in zip(detections.mask, detections.class_id, strict=True):
                yield Path(path).stem, found.classes[label], mask

    return read


def by_ultralytics(at: Path) -> Found:
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset, polygon2mask

    data = check_det_dataset(str(at / "yolo" / "data.yaml"), autodownload=False)
    for each in YOLODataset(img_path=data["train"], data=data, task="segment").labels:
        height, width = each["shape"]
        for label, ring in zip(each["cls"], each["segments"], strict=True):
            points = (ring * (width, height)).astype(np.float32)
            mask = polygon2mask((height, width), [points.reshape(-1)])
            yield Path(each["im_file"]).stem, data["names"][int(label[0])], mask


def by_datumaro(folder: str, kind: str) -> Callable[[Path], Found]:
    def read(at: Path) -> Found:
        import datumaro as dm
        from datumaro.util import mask_tools

        data = dm.Dataset.import_from(str(at / folder), kind)
        labels = data.categories()[dm.AnnotationType.label]
        for item in data:
            height, width = item.media_as(dm.Image).size
            for each in item.annotations:
                if isinstance(each, dm.Polygon):
                    runs = mask_tools.rles_to_mask([each.points], width, height)
                elif isinstance(each, dm.Mask):
                    runs = each.image
                else:
                    continue
                yield Path(item.id).stem, labels[each.label].name, runs

    return read


def by_cellpose(at: Path) -> Found:
    from cellpose import io

    for path in sorted((at / "photos").glob("*.jpg")):
        masks = io.imread(str(at / "png" / f"{path.stem}_masks.png"))
        for number in range(1, int(masks.max()) + 1):
            yield path.stem, "", masks == number


def by_cellpose_seg(at: Path) -> Found:
    for path in sorted((at / "cellpose").rglob("*_seg.npy")):
        masks = np.load(path, allow_pickle=True).item()["masks"]  # as its window does
        for number in range(1, int(masks.max()) + 1):
            yield path.name.removesuffix("_seg.npy"), "", masks == number


PEERS: dict[str, tuple[str, Callable[[Path], Found]]] = {
    "labelme: labelme": ("labelme", by_labelme),
    "labelme: supervision": ("supervision", by_supervision("labelme")),
    "coco: pycocotools": ("pycocotools", by_pycocotools),
    "coco: supervision": ("supervision", by_supervision("coco")),
    "coco: datumaro": ("datumaro", by_datumaro("coco_for_datumaro", "coco_instances")),
    "yolo: ultralytics": ("ultralytics", by_ultralytics),
    "yolo: supervision": ("supervision", by_supervision("yolo")),
    "yolo: datumaro": ("datumaro", by_datumaro("yolo", "yolo")),
    "voc: supervision": ("supervision", by_supervision("voc")),
    "voc: datumaro": ("datumaro", by_datumaro("voc", "voc_instance_segmentation")),
    "cvat: datumaro": ("datumaro", by_datumaro("cvat_for_datumaro", "cvat")),
    "openimages: datumaro": ("datumaro", by_datumaro("openimages", "open_images")),
    "png: cellpose": ("cellpose", by_cellpose),
    "cellpose: cellpose": ("cellpose", by_cellpose_seg),
}


def told(name: str, at: Path) -> dict[str, object]:
    """What a peer found: instances, and the pixels of each image and label in a file beside."""
    from importlib.metadata import version

    module, read = PEERS[name]
    count, masks = 0, {}
    for stem, label, mask in read(at):
        count += 1
        key = f"{stem}|{label}"
        mask = np.asarray(mask) != 0
        masks[key] = mask | masks[key] if key in masks else mask
    np.savez_compressed(at / "found.npz", **masks)
    return {"version": version(module), "count": count}


def write(source: Path, at: Path) -> dict[str, Any]:
    """Write the labels in each format; returns the masks that masklens has, by image and label."""
    import shutil

    from core.document.runs import rasterise
    from core.formats.convert import convert, read_labels

    found = read_labels(source, None).images
    for image in found:
        assert image.path is not None
        (at / "photos").mkdir(exist_ok=True)
        shutil.copy(image.path, at / "photos")
    for to, name, options in (
        ("labelme", "labelme", {}),
        ("coco", "photos/coco.json", {}),
        ("yolo", "yolo", {}),
        ("voc", "voc", {}),
        ("cvat", "photos/cvat.xml", {}),
        ("openimages", "openimages", {}),
        ("png", "png", {"layout": "cellpose"}),
        ("cellpose", "cellpose", {}),
    ):
        convert(source, to, at / name, options=options, images_dir=at / "photos")
    masks: dict[str, Any] = {}
    for image in found:
        assert image.path is not None
        assert image.width
        assert image.height
        for each in image.labels.instances:
            for key in (f"{image.path.stem}|{each.label}", f"{image.path.stem}|"):
                mask = rasterise(each.polygons, image.width, image.height)
                masks[key] = masks.get(key, False) | mask
    shutil.copytree(at / "photos", at / "coco_for_datumaro" / "images" / "train")
    shutil.copytree(at / "photos", at / "cvat_for_datumaro" / "images")
    shutil.copy(at / "photos" / "cvat.xml", at / "cvat_for_datumaro")
    (at / "coco_for_datumaro" / "annotations").mkdir()
    coco = at / "coco_for_datumaro" / "annotations" / "instances_train.json"
    shutil.copy(at / "photos" / "coco.json", coco)
    return masks


def compare(found: dict[str, Any], masks: dict[str, Any]) -> str:
    """How many of the labelled pixels differ."""
    wrong = whole = 0
    labelled = not any(key.endswith("|") for key in found)
    for key in {key for key in masks if key.endswith("|") != labelled} | set(found):
        one, other = masks.get(key), found.get(key)
        if one is None or other is None or one.shape != other.shape:
            return f"{key} is {'not there' if other is None else 'unknown or of another size'}"
        wrong += int((one != other).sum())
        whole += int(one.sum())
    return f"{100 * wrong / whole:.2f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--python", nargs="+", default=[sys.executable])
    parser.add_argument("--keep", type=Path, help="where the files stay")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(_MARK + json.dumps(told(options.read, options.labels)))
        return
    with tempfile.TemporaryDirectory() as name:
        at = options.keep or Path(name)
        at.mkdir(exist_ok=True)
        masks = write(options.labels, at)
        print("| Format and peer | version | instances | pixels that differ |\n|---|---|---|---|")
        for peer in PEERS:
            for python in options.python:
                done = subprocess.run(
                    [python, __file__, str(at), "--read", peer], capture_output=True, text=True
                )
                lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
                if not lines:
                    last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
                    if "ModuleNotFoundError" not in last and "PackageNotFound" not in last:
                        print(f"| {peer} | | | {last[:200]} |", flush=True)
                    continue
                said = json.loads(lines[0].removeprefix(_MARK))
                with np.load(at / "found.npz") as found:
                    differ = compare(dict(found), masks)
                print(f"| {peer} | {said['version']} | {said['count']} | {differ} |", flush=True)


if __name__ == "__main__":
    main()
