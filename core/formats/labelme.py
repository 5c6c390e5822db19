"""labelme's JSON files: reading, writing, and whose they are.

Reading is strict and names the place that is wrong. Shapes of one label and group are the parts of
one instance, or of one region. Points, lines and shapes of unknown kinds are kept, and so are all
keys that we do not know, in their order. Writing puts everything back as it stood except for what
was changed: a rectangle or a mask whose instance is as it was stays a rectangle or a mask.

Files of labelme 2.5 to 7 and of X-AnyLabeling are read; what is written opens in all of them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from core.document.fields import as_bool, as_int, as_list, as_object, as_text, get
from core.document.instance import Instance, Polygon, Polygons, Ring, Shape, Source
from core.document.regions import by_flags
from core.formats.errors import FormatError, read_json, reading
from core.formats.label_file import Json, Kept, KeptShape, LabelFile
from core.formats.labelme_extras import KEY, Extras, read_extras
from core.formats.labelme_provenance import Provenance, may_overwrite, provenance
from core.formats.labelme_shapes import OUTLINES, outline, points_of
from core.formats.labelme_write import dumps
from core.sentences import Sentence, say
from core.storage import inside

__all__ = [
    "FormatError",
    "Provenance",
    "dumps",
    "may_overwrite",
    "parse",
    "provenance",
    "read",
]

Flags = tuple[tuple[str, bool], ...]


def read(path: Path | str) -> LabelFile:
    """Read a label file. Raises FormatError, naming the shape and field that is wrong."""
    path = Path(path)
    return parse(read_json(path, inside.MOST_BYTES), path)


def parse(value: object, path: Path) -> LabelFile:
    """The label file in a JSON value; `path` is what sentences call it. Raises FormatError."""
    with reading(path, "labelme"):
        return _file(value, str(path))


def _file(value: object, name: str) -> LabelFile:
    top = as_object(value, "file")
    items = as_list(get(top, "shapes", "file"), "shapes")
    image = as_text(get(top, "imagePath", "file"), "imagePath")
    if top.get("imageData") is not None:
        as_text(top["imageData"], "imageData")
    parts = [_shape(item, f"shapes[{k}]") for k, item in enumerate(items)]
    shapes, ids = _joined(parts)
    return LabelFile(
        image_name=PureWindowsPath(image).as_posix(),
        width=_side(top, "imageWidth"),
        height=_side(top, "imageHeight"),
        shapes=shapes,
        done=as_object(top.get(KEY, {}), KEY).get("status") == "done",
        kept=Kept(
            top={key: None if key == "shapes" else item for key, item in top.items()},
            shapes=tuple((id, shape.kept) for id, shape in zip(ids, parts, strict=True)),
            read={shape.id: shape for shape in shapes},
        ),
        notes=_notes(parts, name),
    )


def _side(top: Json, key: str) -> int | None:
    value = top.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else as_int(value, key, least=1)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape of the file with all its fields checked."""

    kept: KeptShape
    kind: str
    label: str
    group: int | None
    flags: Flags
    description: str
    extras: Extras


def _shape(value: object, where: str) -> _Shape:
    raw = as_object(value, where)
    label = as_text(get(raw, "label", where), f"{where}.label")
    # labelme 2 knew polygons only and did not say so.
    kind = as_text(raw.get("shape_type") or "polygon", f"{where}.shape_type")
    group = raw.get("group_id")
    description = raw.get("description")
    polygons: Polygons = ()
    if kind in OUTLINES:
        polygons = outline(kind, raw, where)
    else:
        points_of(get(raw, "points", where), f"{where}.points")
    extras = read_extras(raw, label, _own_ring(kind, polygons), where)
    if extras.holes and polygons:
        polygons = (Polygon(polygons[0].outer, extras.holes),)
    return _Shape(
        kept=KeptShape(raw, polygons, extras.outdated),
        kind=kind,
        label=label,
        group=None if group is None else as_int(group, f"{where}.group_id"),
        flags=_flags(raw.get("flags"), f"{where}.flags"),
        description="" if description is None else as_text(description, f"{where}.description"),
        extras=extras,
    )


def _own_ring(kind: str, polygons: Polygons) -> Ring | None:
    """The ring that extras of a shape may belong to: a mask has its holes itself."""
    return polygons[0].outer if polygons and kind != "mask" else None


def _flags(value: object, where: str) -> Flags:
    if value is None:
        return ()
    return tuple(
        (name, as_bool(on, f"{where}.{name}")) for name, on in as_object(value, where).items()
    )


def _joined(shapes: list[_Shape]) -> tuple[tuple[Shape, ...], list[str | None]]:
    """Instances and regions in order of their first shapes, and for each shape the id of its."""
    members: dict[object, list[int]] = {}
    for k, shape in enumerate(shapes):
        if shape.kept.polygons:
            alone = shape.group is None
            members.setdefault(k if alone else (shape.label, shape.group), []).append(k)
    ids: list[str | None] = [None] * len(shapes)
    made: dict[str, Shape] = {}
    taken = {shape.extras.id for shape in shapes if shape.kept.polygons and shape.extras.id}
    for numbers in members.values():
        instance = _instance([shapes[k] for k in numbers])
        # A shape copied in another program brings its id along; only the first keeps it.
        if not instance.id or instance.id in made:
            instance = replace(instance, id=_made_up_id(instance, taken))
        taken.add(instance.id)
        made[instance.id] = instance
        for k in numbers:
            ids[k] = instance.id
    return tuple(made.values()), ids


def _instance(parts: list[_Shape]) -> Shape:
    extras = next((part.extras for part in parts if part.extras.id), parts[0].extras)
    edited = any(part.extras.source is Source.EDITED for part in parts)
    shape = Instance(
        id=extras.id or "",
        label=parts[0].label,
        polygons=tuple(polygon for part in parts for polygon in part.kept.polygons),
        source=Source.EDITED if edited else extras.source,
        score=extras.score,
        model=extras.model,
        flags=parts[0].flags,
        description=parts[0].description,
        crowd=extras.crowd,
        group_id=parts[0].group,
    )
    return by_flags(shape)


def _made_up_id(instance: Shape, taken: Container[str]) -> str:
    """An id that the same shape gets whenever the file is read, so that a journal can name it."""
    digest = hashlib.sha256(f"{instance.label}\0{instance.group_id}".encode(errors="surrogatepass"))
    for polygon in instance.polygons:
        for ring in polygon.rings:
            digest.update(array("d", [value for point in ring for value in point]).tobytes())
    number = 0
    while True:
        digest.update(b"%d" % number)
        id = digest.hexdigest()[:16]
        if id not in taken:
            return id
        number += 1


def _notes(shapes: list[_Shape], name: str) -> tuple[Sentence, ...]:
    notes: list[Sentence] = []
    others = Counter(shape.kind for shape in shapes if shape.kind not in OUTLINES)
    if others:
        kinds = ", ".join(sorted(others))
        notes.append(
            say(
                "formats.not_outlines",
                "{path}: {count} shapes are no outlines of objects ({kinds}); they are kept as "
                "they are.",
                path=name,
                count=others.total(),
                kinds=kinds,
            )
        )
    for k, shape in enumerate(shapes):
        if shape.kind in OUTLINES and not shape.kept.polygons:
            notes.append(
                say(
                    "formats.no_area",
                    "{path}: shape {number} ({label}) encloses nothing; it is kept as it is.",
                    path=name,
                    number=k + 1,
                    label=shape.label,
                )
            )
        if shape.extras.lost_holes:
            notes.append(
                say(
                    "formats.stale_hole",
                    "{path}: the outline of shape {number} ({label}) was changed in another "
                    "program after its holes were drawn, so the holes were dropped.",
                    path=name,
                    number=k + 1,
                    label=shape.label,
                )
            )
    return tuple(notes)
