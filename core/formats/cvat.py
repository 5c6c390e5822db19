"""CVAT's XML 1.1, for images and for video.

A mask is run lengths, line by line in its own box, that begin with pixels outside. Shapes of one
label and `group_id` are the parts of one instance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from core.codec import wrong
from core.document.instance import Instance, Point, Polygons
from core.document.runs import rasterise
from core.formats.errors import NO_AREA_DROPPED, FormatError, reading
from core.formats.file_names import image_name
from core.formats.format import Format, Located, Source, Writing, Written
from core.formats.label_file import Json
from core.formats.labelled import Collection, Labelled, group_numbers, used_labels
from core.formats.labelme_shapes import ellipse, polygon
from core.formats.limits import MAX_COORDINATE, check_size
from core.formats.masks import trace
from core.formats.places import name_from
from core.formats.remarks import Remarks
from core.formats.said import CVAT_KINDS, NO_SIDE
from core.formats.xml_safe import number_of, read_xml, side_in, text_of, whole_of

_OUTLINES: Final = ("polygon", "box", "ellipse", "mask")
_Size = tuple[int | None, int | None]
_OTHERS: Final = ("polyline", "points", "cuboid", "skeleton", "tag")


def _recognises(source: Source) -> bool:
    return source.suffix == ".xml" and b"<annotations" in source.head


def _read(source: Source) -> Collection:
    path = source.path
    root = read_xml(path)
    with reading(path, "CVAT"):
        if root.tag != "annotations":
            raise wrong("file", "expected the element annotations")
        remarks = Remarks(path)
        images = [
            _image(e, f"image[{k}]", source, remarks) for k, e in enumerate(root.iter("image"))
        ]
        images += _frames(root, source, remarks)
        found = tuple(image for image in images if image is not None)
        declared = [text_of(label, "name") for label in root.iterfind("./meta//labels/label")]
        used = used_labels(found)
        labels = tuple(dict.fromkeys([*(d for d in declared if d in used), *used]))
        return Collection("cvat", labels, found, remarks.notes())


def _image(element: Element, where: str, source: Source, remarks: Remarks) -> Labelled | None:
    with remarks.entry():
        name = image_name(element.get("name") or "")
        if not name:
            raise wrong(f"{where}.name", "expected a text that is not empty")
        width, height = _size(element.get, where, remarks)
        shapes = [(shape, f"{where}.{shape.tag}[{k}]") for k, shape in enumerate(element)]
        instances, extras = _instances(shapes, (width, height), remarks)
        subset = (element.get("subset") or "").lower()
        return Labelled(
            source.path,
            name,
            width,
            height,
            instances,
            extras=extras,
            split={"train": "train", "validation": "val", "val": "val", "test": "test"}.get(subset),
        )
    return None


def _frames(root: Element, source: Source, remarks: Remarks) -> Iterator[Labelled | None]:
    """The frames of a video's tracks, named as CVAT names them when it writes frames out."""
    frames: dict[int, list[tuple[Element, str]]] = {}
    for k, track in enumerate(root.iter("track")):
        for n, shape in enumerate(track):
            if shape.tag not in (*_OUTLINES, *_OTHERS) or shape.get("outside") == "1":
                continue
            where = f"track[{k}].{shape.tag}[{n}]"
            with remarks.entry():
                frame = whole_of(shape.get("frame"), f"{where}.frame")
                shape.set("label", track.get("label") or "")
                frames.setdefault(frame, []).append((shape, where))
    if not frames:
        return
    size = root.find("./meta//original_size")
    with remarks.entry():
        sides = (lambda _key: None) if size is None else partial(text_of, size)
        width, height = _size(sides, "meta.original_size", remarks)
        for frame in sorted(frames):
            instances, extras = _instances(frames[frame], (width, height), remarks)
            name = f"frame_{frame:06d}.png"
            yield Labelled(source.path, name, width, height, instances, extras=extras)


def _size(get: Callable[[str], str | None], where: str, remarks: Remarks) -> _Size:
    """Width and height, None where they are not known: then the image tells them."""
    width, height = side_in(get("width")), side_in(get("height"))
    remarks.count(NO_SIDE, (width is None) + (height is None))
    if width is not None and height is not None:
        check_size(width, height, where)
    return width, height


def _instances(
    shapes: list[tuple[Element, str]], size: _Size, remarks: Remarks
) -> tuple[tuple[Instance, ...], dict[str, Json]]:
    made: dict[object, Instance] = {}
    extras: dict[str, Json] = {}
    order = sorted(range(len(shapes)), key=lambda k: _level(shapes[k][0]))
    for k in order:
        shape, where = shapes[k]
        if shape.tag in _OTHERS:
            remarks.count(CVAT_KINDS, kinds=shape.tag)
            continue
        if shape.tag not in _OUTLINES:
            continue
        with remarks.entry():
            polygons = _outline(shape, size, where)
            if not polygons:
                remarks.count(NO_AREA_DROPPED)
                continue
            label, group = shape.get("label") or "", shape.get("group_id")
            key: object = (label, group) if group not in (None, "0", "") else k
            before = made.get(key)
            whole = polygons if before is None else (*before.polygons, *polygons)
            number = (
                int(group)
                if group and group.isdecimal() and len(group) < 12 and group != "0"
                else None
            )
            id = f"cvat-{k}" if before is None else before.id
            made[key] = Instance(id, label, whole, group_id=number)
            attributes = {a.get("name") or "": (a.text or "") for a in shape.iter("attribute")}
            kept = {name: v for name in ("occluded", "source", "z_order") if (v := shape.get(name))}
            if attributes:
                extras[id] = {"attributes": attributes, "cvat": kept}
            elif kept.get("occluded", "0") != "0" or kept.get("z_order", "0") != "0":
                extras[id] = {"cvat": kept}
    return tuple(made.values()), extras


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 12


def _level(shape: Element) -> float:
    try:
        return float(shape.get("z_order") or 0)
    except ValueError:
        return 0.0


def _outline(shape: Element, size: _Size, where: str) -> Polygons:
    def number(key: str) -> float:
        value = number_of(shape.get(key), f"{where}.{key}")
        if abs(value) > MAX_COORDINATE:
            raise wrong(f"{where}.{key}", "too far from the image")
        return value

    turn = math.radians(number_of(shape.get("rotation") or "0", f"{where}.rotation"))
    if shape.tag == "polygon":
        return polygon(_points(shape.get("points") or "", f"{where}.points"))
    if shape.tag == "box":
        x0, y0, x1, y1 = (number(key) for key in ("xtl", "ytl", "xbr", "ybr"))
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        return polygon(_turned(corners, ((x0 + x1) / 2, (y0 + y1) / 2), turn))
    if shape.tag == "ellipse":
        return ellipse((number("cx"), number("cy")), number("rx"), number("ry"), turn)
    return _mask(shape, size, where)


def _turned(corners: tuple[Point, ...], centre: Point, turn: float) -> tuple[Point, ...]:
    if not turn:
        return corners
    cos, sin = math.cos(turn), math.sin(turn)
    cx, cy = centre
    return tuple(
        (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos)
        for x, y in corners
    )


def _points(text: str, where: str) -> tuple[Point, ...]:
    points: list[Point] = []
    for k, pair in enumerate(filter(None, map(str.strip, text.split(";")))):
        parts = pair.split(",")
        if len(parts) == 4:  # decimal commas
            parts = [f"{parts[0]}.{parts[1]}", f"{parts[2]}.{parts[3]}"]
        if len(parts) != 2:
            raise wrong(f"{where}[{k}]", "expected two numbers")
        x, y = parts
        point = (number_of(x, f"{where}[{k}]"), number_of(y, f"{where}[{k}]"))
        if max(map(abs, point)) > MAX_COORDINATE:
            raise wrong(f"{where}[{k}]", "too far from the image")
        points.append(point)
    return tuple(points)


def _mask(shape: Element, size: _Size, where: str) -> Polygons:
    left, top, width, height = (
        whole_of(shape.get(key), f"{where}.{key}") for key in ("left", "top", "width", "height")
    )
    size = (size[0] or left + width, size[1] or top + height)
    check_size(max(width, 1), max(height, 1), where)
    if width < 1 or height < 1 or width > size[0] or height > size[1]:
        raise wrong(where, f"a mask of {width} x {height} does not fit the image")
    if not (0 <= left <= size[0] - width and 0 <= top <= size[1] - height):
        raise wrong(where, "the mask reaches beyond the image")
    try:
        runs = np.array([int(run) for run in (shape.get("rle") or "").split(",")], np.int64)
    except (ValueError, OverflowError):
        raise wrong(f"{where}.rle", "expected whole numbers") from None
    if runs.min() < 0 or runs.max() > width * height or int(runs.sum()) > width * height:
        raise wrong(f"{where}.rle", f"they do not add up to the {width * height} pixels of the box")
    # CVAT leaves out the last run where it is outside.
    flat = np.zeros(width * height, np.bool_)
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    flat[: len(inside)] = inside
    return trace(flat.reshape(height, width), left, top)


def _write(writing: Writing) -> Written:
    """One XML for images. Raises FormatError when there is one already."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    labels = SubElement(task, "labels")
    for label in writing.labels:
        entry = SubElement(labels, "label")
        SubElement(entry, "name").text = legal(label)
        SubElement(entry, "attributes")
    count = 0
    for number, image in enumerate(writing.each()):
        element = SubElement(
            root,
            "image",
            id=str(number),
            name=legal(name_from(image, writing.base)),
            width=str(image.width),
            height=str(image.height),
        )
        if image.labels.split:
            element.set("subset", image.labels.split)
        groups = group_numbers(image.labels.instances)
        for level, instance in enumerate(image.labels.instances):
            alone = len(instance.polygons) == 1 and instance.group_id is None
            _shapes(element, image, instance, level, 0 if alone else groups[level])
            count += 1
    data = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(
        root, "utf-8", xml_declaration=False
    )
    if not writing.sink.put(writing.out, data):
        raise FormatError(writing.sink.problems[-1])
    writing.sink.written.append(writing.out)
    return Written(len(writing.images), count)


def _shapes(parent: Element, image: Located, instance: Instance, level: int, group: int) -> None:
    """The shapes of an instance: a mask where it has holes, else a polygon a part."""
    extra = image.labels.extras.get(instance.id, {})
    own, attributes = extra.get("cvat"), extra.get("attributes")
    kept = own if isinstance(own, dict) else {}
    common = {
        "label": legal(instance.label),
        "source": str(kept.get("source", "manual")),
        "occluded": str(kept.get("occluded", "0")),
        "z_order": str(level),
    }
    if group:
        common["group_id"] = str(group)
    shapes: list[Element] = []
    if any(each.holes for each in instance.polygons):
        mask = _runs(instance, image.width or 1, image.height or 1)
        shapes = [SubElement(parent, "mask", {**common, **mask})] if mask else []
    else:
        for each in instance.polygons:
            points = ";".join(f"{x!r},{y!r}" for x, y in each.outer)
            shapes.append(SubElement(parent, "polygon", {**common, "points": points}))
    for shape in shapes[:1]:
        for name, value in (attributes if isinstance(attributes, dict) else {}).items():
            SubElement(shape, "attribute", name=legal(str(name))).text = legal(str(value))


def _runs(instance: Instance, width: int, height: int) -> dict[str, str]:
    """The mask of an instance in its own box as CVAT has it; nothing when it covers nothing."""
    mask = rasterise(instance.polygons, width, height)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return {}
    top, left = int(rows[0]), int(columns[0])
    box = mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    flat = np.concatenate(([False], box.ravel(), [not box.ravel()[-1]]))
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate(([0], changes)))
    return {
        "rle": ", ".join(map(str, runs.tolist())),
        "left": str(left),
        "top": str(top),
        "width": str(box.shape[1]),
        "height": str(box.shape[0]),
    }


def legal(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(
        c
        if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
        else "\ufffd"
        for c in text
    )


FORMAT: Final = Format(
    name="cvat",
    title="CVAT",
    recognises=_recognises,
    read=_read,
    write=_write,
    ending=".xml",
    declared=True,
    splits=True,
    carries=frozenset(("size", "group", "holes", "parts", "overlap", "attributes")),
)
