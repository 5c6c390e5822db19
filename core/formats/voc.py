"""PASCAL VOC: an XML an image with boxes, and label images of instances and classes.

In `SegmentationObject` each value is an instance, in `SegmentationClass` a class; 0 is background
and 255 the border. Which box belongs to which value follows from where they are. Some tools write
polygons into the XML; they come before the label images.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path, PurePath
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from core.codec import wrong
from core.document.geometry import bounds
from core.document.instance import Instance, Polygons
from core.document.runs import encode
from core.formats.beside import Siblings, is_file
from core.formats.bridge import simple_parts
from core.formats.cvat import legal
from core.formats.errors import NO_AREA_DROPPED, plain_text, read_bytes
from core.formats.file_names import image_name
from core.formats.format import Format, Located, Source, Writing, Written
from core.formats.label_image import Values, instances_of, painted, palette, png_of, read_values
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.labelme_shapes import polygon, rectangle
from core.formats.limits import MAX_LIST, check_size
from core.formats.places import stems
from core.formats.remarks import Remarks
from core.formats.said import BOXES, BRIDGED, EMPTY, OVERLAPS, VOC_UNMATCHED
from core.formats.splits import split_of
from core.formats.xml_safe import number_of, read_xml, side_in, text_of
from core.sentences import say

_VOID: Final = 255
_NAMES: Final = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
_ENOUGH: Final = 0.5
_PRESENT: Final = re.compile(r"\s+-?[01]$")


def _recognises(source: Source) -> bool:
    if source.suffix == ".xml":
        return b"<annotation>" in source.head or b"<annotation " in source.head
    return source.is_dir and (source.path / "SegmentationObject").is_dir()


def _read(source: Source) -> Collection:
    if source.is_dir:
        return _masks_alone(source)
    remarks = Remarks(source.path)
    image = _image(source.path, read_xml(source.path), remarks)
    images = () if image is None else (image,)
    return Collection("voc", used_labels(images), images, remarks.notes())


def _image(path: Path, root: Element, remarks: Remarks) -> Labelled | None:
    with remarks.entry():
        folder, name = path.parent.parent, image_name(text_of(root, "filename"))
        size = root.find("size")
        width, height = (
            None if size is None else side_in(text_of(size, k)) for k in ("width", "height")
        )
        if width is not None and height is not None:
            check_size(width, height, "size")
        real = folder / "JPEGImages" / Path(name).name
        found = real if name and is_file(real) else Siblings().of(path)
        boxes = _objects(root, remarks)
        numbers = [k for k, (_, _, outlined) in enumerate(boxes) if not outlined]
        instances = [box for box, _, _ in boxes]
        if numbers:
            for k, better in _from_masks(path, [instances[k] for k in numbers], remarks).items():
                instances[numbers[k]] = better
        return Labelled(
            path,
            name or f"{path.stem}.jpg",
            width,
            height,
            tuple(instances),
            image_path=found,
            split=_splits(folder).get(path.stem),
        )
    return None


@lru_cache(maxsize=4)
def _splits(folder: Path) -> dict[str, str]:
    """The split of each stem that the lists of the data set name."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("ImageSets/*/*.txt")):
        split = split_of(PurePath(path.name))
        if split is not None and path.stat().st_size < MAX_LIST:
            for line in plain_text(read_bytes(path)).splitlines():
                name = line.strip().rpartition("/")[2]
                found.setdefault(name, split)
                # Lists of one class say behind the name whether it is there.
                found.setdefault(_PRESENT.sub("", name), split)
    return found


def _objects(root: Element, remarks: Remarks) -> list[tuple[Instance, str, bool]]:
    """The objects with an outline or a box: instance, place, and whether it has an outline."""
    zero_based = "VOC" not in (root.findtext("source/database") or "")
    found: list[tuple[Instance, str, bool]] = []
    for k, element in enumerate(root.iterfind("object")):
        where = f"object[{k}]"
        with remarks.entry():
            outlines = tuple(p for e in element.iterfind("polygon") for p in _polygon(e, where))
            polygons = outlines or _box(element.find("bndbox"), where, zero_based)
            if not polygons:
                remarks.count(NO_AREA_DROPPED)
                continue
            flags = tuple(
                (n, True) for n in ("difficult", "truncated") if text_of(element, n) == "1"
            )
            label = text_of(element, "name")
            found.append(
                (Instance(f"voc-{k}", label, polygons, flags=flags), where, bool(outlines))
            )
    return found


def _box(element: Element | None, where: str, zero_based: bool) -> Polygons:
    if element is None:
        raise wrong(f"{where}.bndbox", "missing")
    x0, y0, x1, y1 = (
        number_of(text_of(element, key), f"{where}.bndbox.{key}")
        for key in ("xmin", "ymin", "xmax", "ymax")
    )
    # VOC itself counts pixels from 1 and both ends in.
    shift = 0.0 if zero_based else 1.0
    return rectangle((x0 - shift, y0 - shift), (x1, y1))


def _polygon(element: Element, where: str) -> Polygons:
    values: dict[str, float] = {
        child.tag: number_of(child.text, f"{where}.polygon.{child.tag}")
        for child in element
        if child.tag[:1] in "xy" and child.tag[1:].isdecimal()
    }
    points = [
        (values[f"x{k}"], values[f"y{k}"])
        for k in range(1, len(values) // 2 + 1)
        if f"x{k}" in values and f"y{k}" in values
    ]
    return polygon(tuple(points))


def _from_masks(path: Path, boxes: list[Instance], remarks: Remarks) -> dict[int, Instance]:
    """The boxes that a label image has the mask of, by place, with the mask in place of the box."""
    file = path.parent.parent / "SegmentationObject" / f"{path.stem}.png"
    if not file.is_file():
        remarks.count(BOXES, len(boxes))
        return {}
    better: dict[int, Instance] = {}
    with remarks.entry():
        values = read_values(file, file.name)
        masks = instances_of(_without_border(values), lambda _: "", "voc", file.name)
        pairs = sorted(
            (
                (_overlap(mask, box), m, b)
                for m, mask in enumerate(masks)
                for b, box in enumerate(boxes)
            ),
            reverse=True,
        )
        used: set[int] = set()
        for overlap, m, b in pairs:
            if overlap >= _ENOUGH and b not in better and m not in used:
                used.add(m)
                better[b] = Instance(
                    boxes[b].id, boxes[b].label, masks[m].polygons, flags=boxes[b].flags
                )
        remarks.count(VOC_UNMATCHED, len(masks) - len(used))
    remarks.count(BOXES, len(boxes) - len(better))
    return better


def _without_border(values: Values) -> Values:
    return np.where(values == _VOID, 0, values)


def _overlap(a: Instance, b: Instance) -> float:
    """Intersection over union of the boxes of two instances."""
    first, second = bounds(a.polygons), bounds(b.polygons)
    w = min(first.x1, second.x1) - max(first.x0, second.x0)
    h = min(first.y1, second.y1) - max(first.y0, second.y0)
    if w <= 0 or h <= 0:
        return 0.0
    both = w * h
    return both / (first.width * first.height + second.width * second.height - both)


def _masks_alone(source: Source) -> Collection:
    """Label images without XML: the class comes from the image of classes beside them."""
    folder, remarks = source.path, Remarks(source.path)
    listed = folder / "class_names.txt"
    names = plain_text(read_bytes(listed)).split("\n") if listed.is_file() else _NAMES
    images: list[Labelled] = []
    for path in sorted((folder / "SegmentationObject").glob("*.png")):
        with remarks.entry():
            values = _without_border(read_values(path, path.name))
            other = folder / "SegmentationClass" / path.name
            classes = read_values(other, f"SegmentationClass/{path.name}")
            if classes.shape != values.shape:
                raise wrong(path.name, "it is of another size than the image of classes")
            label_of = partial(_class, values=values, classes=classes, names=names)
            found = instances_of(values, label_of, "voc", path.name)
            height, width = values.shape
            image = Siblings().image(folder / "JPEGImages", path.stem) or Siblings().of(path)
            name = f"{path.stem}.jpg" if image is None else image.name
            images.append(Labelled(path, name, width, height, found, image_path=image))
    return Collection("voc", used_labels(images), tuple(images), remarks.notes())


def _class(value: int, values: Values, classes: Values, names: tuple[str, ...] | list[str]) -> str:
    inside = classes[values == value]
    inside = inside[(inside != 0) & (inside != _VOID)]
    if not inside.size:
        return "object"
    kind = int(np.bincount(inside.astype(np.int64)).argmax()) if int(inside.max()) < 65_536 else -1
    return names[kind].strip() if 0 <= kind < len(names) else f"class_{kind}"


def _write(writing: Writing) -> Written:
    """The folders of a VOC data set."""
    sink, out = writing.sink, writing.out
    classes = {label: k for k, label in enumerate(writing.labels, 1)}
    listed: dict[str, list[str]] = {}
    images = instances = joined = hidden = 0
    for image, stem in zip(writing.each(), stems(writing.images, sink, flat=True), strict=True):
        name = stem.as_posix()
        found = [
            i
            for i in image.labels.instances
            if encode(i.polygons, image.width or 1, image.height or 1).area
        ]
        target = out / "Annotations" / f"{name}.xml"
        suffix = (
            image.path.suffix if image.path is not None else Path(image.labels.file_name).suffix
        )
        if image.path is not None:
            sink.copy(image.path, out / "JPEGImages" / f"{name}{suffix}")
        if not sink.put(target, _xml(f"{stem.name}{suffix}", image, found)):
            continue
        sink.written.append(target)
        hidden += _pngs(writing, image, found, name, classes)
        joined += sum(any(p.holes for p in i.polygons) for i in found)
        listed.setdefault(image.labels.split or "train", []).append(name)
        images, instances = images + 1, instances + len(found)
    for split, names in listed.items():
        sink.put(
            out / "ImageSets" / "Segmentation" / f"{split}.txt", "\n".join([*names, ""]).encode()
        )
    sink.put(
        out / "class_names.txt",
        "\n".join(["_background_", *writing.labels, ""]).encode("utf-8", "replace"),
    )
    sink.put(out / "labelmap.txt", _label_map(writing.labels))
    if joined:
        sink.notes.append(BRIDGED.given(count=joined, format="VOC"))
    if hidden:
        sink.notes.append(OVERLAPS.given(count=hidden))
    empty = sum(len(i.labels.instances) for i in writing.images) - instances
    if empty > 0 and images == len(writing.images):
        sink.notes.append(EMPTY.given(count=empty))
    return Written(images, instances)


def _label_map(labels: Sequence[str]) -> bytes:
    """The names and colours of the classes as CVAT and datumaro want them: without such a list
    they know VOC's own twenty classes only."""
    colours = palette()
    lines = ["# label:color_rgb:parts:actions"]
    for k, label in enumerate(("background", *labels)):
        r, g, b = colours[3 * k : 3 * k + 3] or (0, 0, 0)
        lines.append(f"{label}:{r},{g},{b}::")
    return "\n".join([*lines, ""]).encode("utf-8", "replace")


def _pngs(
    writing: Writing, image: Located, found: list[Instance], name: str, classes: dict[str, int]
) -> int:
    """Write the label images; returns how many instances lost pixels to others."""
    if len(found) >= _VOID or len(classes) >= _VOID:
        writing.sink.notes.append(
            say(
                "convert.too_many",
                "{name} has more instances or labels than a label image of VOC can hold; "
                "only its XML was written.",
                name=image.labels.file_name,
            )
        )
        return 0
    width, height = image.width or 1, image.height or 1
    values, lost = painted(found, width, height)
    table = np.array([0, *(classes[i.label] for i in found)])
    writing.sink.put(writing.out / "SegmentationObject" / f"{name}.png", png_of(values, True))
    writing.sink.put(writing.out / "SegmentationClass" / f"{name}.png", png_of(table[values], True))
    return lost


def _xml(name: str, image: Located, found: list[Instance]) -> bytes:
    width, height = image.width or 1, image.height or 1
    root = Element("annotation")
    SubElement(root, "folder").text = "JPEGImages"
    SubElement(root, "filename").text = legal(name)
    SubElement(SubElement(root, "source"), "database").text = "masklens"
    size = SubElement(root, "size")
    for tag, value in (("width", width), ("height", height), ("depth", 3)):
        SubElement(size, tag).text = str(value)
    SubElement(root, "segmented").text = "1"
    for instance in found:
        left, top, across, down = encode(instance.polygons, width, height).box
        element = SubElement(root, "object")
        SubElement(element, "name").text = legal(instance.label)
        SubElement(element, "pose").text = "Unspecified"
        for flag in ("truncated", "difficult"):
            SubElement(element, flag).text = str(int(dict(instance.flags).get(flag, False)))
        box = SubElement(element, "bndbox")
        for tag, side in zip(
            ("xmin", "ymin", "xmax", "ymax"), (left, top, left + across, top + down), strict=True
        ):
            SubElement(box, tag).text = f"{side:g}"
        for ring in simple_parts(instance.polygons, width, height):
            outline = SubElement(element, "polygon")
            for k, (x, y) in enumerate(ring, 1):
                SubElement(outline, f"x{k}").text = repr(x)
                SubElement(outline, f"y{k}").text = repr(y)
    indent(root, "\t")
    return bytes(tostring(root, "utf-8")) + b"\n"


FORMAT: Final = Format(
    name="voc",
    title="VOC",
    recognises=_recognises,
    read=_read,
    write=_write,
    splits=True,
    carries=frozenset(("size", "parts", "overlap", "bridges")),
)
