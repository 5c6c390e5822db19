"""labelme's JSON files: reading, writing, and whose they are.

Reading is strict and names the place that is wrong. Shapes of one label and group are the parts of
one instance, or of one region. Shapes of unknown kinds are kept, and so are all
keys that we do not know, in their order. Writing puts everything back as it stood except for what
was changed: a rectangle or a mask whose instance is as it was stays a rectangle or a mask.

Files of labelme 2.5 to 7 and of X-AnyLabeling are read; what is written opens in all of them.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Container, Sequence
from itertools import chain
from pathlib import Path, PureWindowsPath
from typing import Final

import msgspec

from core.codec import (
    Codec,
    FieldError,
    NotJson,
    Size,
    encode,
    items,
    loads,
    members,
    uncollected,
    wrong,
)
from core.document.geometry.boxes import is_box
from core.document.instance import Instance, Polygon, Polygons, Shape, Source, source_after_change
from core.document.regions import by_flags
from core.formats.errors import FormatError, read_bytes, reading
from core.formats.fields import as_object
from core.formats.label_file import Kept, KeptShape, LabelFile
from core.formats.labelme_extras import Extra, attributes_of, details_of, foreign_score
from core.formats.labelme_provenance import Provenance, may_overwrite, provenance
from core.formats.labelme_repair import repaired_shape, repaired_top
from core.formats.labelme_shapes import (
    BOXES,
    LINES,
    OUTLINES,
    NearPoint,
    line_kind,
    outline,
    polygon,
)
from core.formats.labelme_write import dumps
from core.formats.splits import SPLITS
from core.sentences import Argument, Sentence, english, say
from core.storage import inside

__all__ = [
    "FormatError",
    "Provenance",
    "dumps",
    "line_kind",
    "may_overwrite",
    "parse",
    "provenance",
    "read",
]


_NO_OUTLINES: Final = say(
    "formats.not_outlines",
    "{path}: {count} shapes are no outlines of objects ({kinds}); they are kept as they are.",
)
_NO_AREA: Final = say(
    "formats.no_area", "{path}: shape {number} ({label}) encloses nothing; it is kept as it is."
)
_STALE_HOLE: Final = say(
    "formats.stale_hole",
    "{path}: the outline of shape {number} ({label}) was changed in another program after its "
    "holes were drawn, so the holes were dropped.",
)

_REPAIRED: Final = say("formats.shape_repaired", "{path}: {problem} It was read all the same.")
_SET_ASIDE: Final = say(
    "formats.shape_aside", "{path}: {problem} The shape is kept as it is, and not shown."
)
_MORE: Final = say("formats.shapes_more", "{path}: {count} more shapes have something wrong.")
_NAMED: Final = 20
"""So many shapes are named one by one; the rest is counted."""


class _Fields(msgspec.Struct, frozen=True):
    """The fields of a shape that mean something here; all others travel on."""

    label: str
    points: tuple[NearPoint, ...]
    # labelme 2 knew polygons only and did not say so.
    shape_type: str | None = None
    group_id: int | None = None
    flags: dict[str, bool] | None = None
    description: str | None = None
    mask: object = None
    score: object = None
    attributes: object = None
    masklens: Extra = Extra()


class _Marks(msgspec.Struct, frozen=True):
    """What masklens writes at the top of a file."""

    status: object = None
    split: object = None


class _File(msgspec.Struct, frozen=True):
    """The keys of a file that mean something here."""

    shapes: tuple[_Fields, ...]
    imagePath: str
    imageData: str | None = None
    imageHeight: Size | float | None = None
    imageWidth: Size | float | None = None
    masklens: _Marks = _Marks()
    flags: object = None
    description: object = None
    attributes: object = None


_ASIDE: Final = _Fields("", (), "unreadable")
"""Stands for a shape that cannot be read; the file keeps it as it is."""
_FILE: Final[Codec[_File]] = Codec(_File, "")
_FIELDS: Final[Codec[_Fields]] = Codec(_Fields, "")
_MANY: Final = 20_000
"""Opening brackets from which on a file is read shape by shape."""


def read(path: Path | str) -> LabelFile:
    """Read a label file. Raises FormatError, naming the shape and field that is wrong."""
    path = Path(path)
    return parse(read_bytes(path, inside.MOST_BYTES), path)


def parse(data: bytes, path: Path) -> LabelFile:
    """The label file in these bytes; `path` is what sentences call it. Raises FormatError."""
    with reading(path, "labelme"), uncollected():
        try:
            data.decode()  # what means nothing here is passed over, whatever its bytes are
            return _read(_decoded(data), data, str(path), ())
        except (NotJson, UnicodeDecodeError):
            # Another encoding, or what only some programs take for JSON: NaN, half a pair of
            # surrogates. It travels on where it means nothing here.
            value = loads(data, "file", constants=True)
            data = json.dumps(value).encode()
        except FieldError:
            value = loads(data, "file", constants=True)
        file, said = _one_by_one(value, path)
        return _read(file, data, str(path), said)


def _one_by_one(value: object, path: Path) -> tuple[_File, list[Sentence]]:
    """The file shape by shape: those that are wrong are repaired, or set aside, and named.

    Raises FieldError where the file itself is wrong.
    """
    shapes = value.get("shapes") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(shapes, list):
        return _FILE.convert(value, ""), []
    top = repaired_top({**value, "shapes": []}, path.stem)
    fields: list[_Fields] = []
    said: list[Sentence] = []
    for k, shape in enumerate(shapes):
        try:
            fields.append(_checked(shape, k))
            continue
        except FieldError as error:
            problem = english(error.sentence)
        try:
            fields.append(_checked(repaired_shape(as_object(shape, "")), k))
            said.append(_REPAIRED.given(path=str(path), problem=problem))
        except FieldError:
            fields.append(_ASIDE)
            said.append(_SET_ASIDE.given(path=str(path), problem=problem))
    rest = _FILE.convert(top, "")
    if len(said) > _NAMED:
        said[_NAMED:] = [_MORE.given(path=str(path), count=len(said) - _NAMED)]
    return msgspec.structs.replace(rest, shapes=tuple(fields)), said


def _checked(shape: object, number: int) -> _Fields:
    """The fields of a shape with its outline tried. Raises FieldError."""
    fields = _FIELDS.convert(shape, f"shapes[{number}]")
    _shape(fields, number)
    return fields


def _decoded(data: bytes) -> _File:
    """The file; where it has many points, shape by shape, so that other threads get their turn."""
    if data.count(b"[") < _MANY:
        return _FILE.decode_strictly(data, "")
    top = members(data, "")
    try:
        raws = items(top["shapes"], "shapes")
    except (KeyError, FieldError):
        return _FILE.decode_strictly(data, "")  # which says it in the usual words
    shapes = [_FIELDS.decode_strictly(raw, f"shapes[{k}]") for k, raw in enumerate(raws)]
    rest = _FILE.decode_strictly(encode({**top, "shapes": []}), "")
    return msgspec.structs.replace(rest, shapes=tuple(shapes))


def is_labelme(data: bytes) -> bool:
    """Whether bytes look like a label file of labelme's, well-formed or not further down."""
    try:
        return "shapes" in members(data)
    except FieldError:
        return False


def _read(file: _File, source: bytes, name: str, said: Sequence[Sentence]) -> LabelFile:
    parts = [_shape(fields, k) for k, fields in enumerate(file.shapes)]
    made, ids = _joined(parts)
    return LabelFile(
        image_name=PureWindowsPath(file.imagePath).as_posix(),
        width=_side(file.imageWidth, "imageWidth"),
        height=_side(file.imageHeight, "imageHeight"),
        shapes=tuple(made.values()),
        done=file.masklens.status == "done",
        details=details_of(file.flags, file.description, file.attributes),
        split=next((each for each in SPLITS if each == file.masklens.split), None),
        kept=Kept(
            source=source,
            shapes=tuple((id, part.kept) for id, part in zip(ids, parts, strict=True)),
            read=made,
        ),
        notes=(*said, *_notes(parts, name)),
    )


def _side(value: float | None, key: str) -> int | None:
    if isinstance(value, float) and (value < 1 or not value.is_integer()):
        raise wrong(key, "expected a whole number, at least 1")
    return None if value is None else int(value)


class _Shape(msgspec.Struct, frozen=True, eq=False):
    """A shape of the file with all its fields checked, and what follows from them."""

    kept: KeptShape
    fields: _Fields
    source: Source
    score: float | None
    lost_holes: bool


def _shape(fields: _Fields, number: int) -> _Shape:
    kind, extra = fields.shape_type or "polygon", fields.masklens
    polygons: Polygons = ()
    if kind == "polygon":
        polygons = polygon(fields.points, near=True)
    elif kind in LINES and fields.points and line_kind(fields.points, kind) == kind:
        polygons = (Polygon(fields.points),)
    elif kind in OUTLINES:
        polygons = outline(kind, fields.points, fields.mask, f"shapes[{number}]")
    # A mask has its holes itself: the rings of extras may belong to any other kind.
    moved = extra.ring is not None and extra.moved(
        polygons[0].outer if polygons and kind != "mask" else None
    )
    outdated = moved or extra.renamed(fields.label)
    if extra.holes and polygons and not moved:
        polygons = (Polygon(polygons[0].outer, extra.holes),)
    return _Shape(
        kept=KeptShape(number, kind, fields.group_id, polygons, outdated),
        fields=fields,
        source=source_after_change(extra.source) if outdated else extra.source,
        score=foreign_score(fields.score) if extra.score is None else extra.score,
        lost_holes=moved and bool(extra.holes),
    )


def _joined(parts: list[_Shape]) -> tuple[dict[str, Shape], list[str | None]]:
    """Instances and regions by id, in order of their first shapes, and of each shape the id."""
    groups: dict[object, list[_Shape]] = {}
    for part in parts:
        kept = part.kept
        if kept.polygons and (kept.group is None or kept.kind in LINES):
            groups[kept.number] = [part]
        elif kept.polygons:
            groups.setdefault((part.fields.label, kept.group), []).append(part)
    ids: list[str | None] = [None] * len(parts)
    made: dict[str, Shape] = {}
    copies: _Copies = {}
    taken = {part.fields.masklens.id for group in groups.values() for part in group}

    def id_for(wanted: str | None, label: str, group: int | None, polygons: Polygons) -> str:
        # A shape copied in another program brings its id along; only the first keeps it.
        if wanted and wanted not in made:
            return wanted
        return _made_up_id(label, group, polygons, taken, copies)

    for group in groups.values():
        instance = _instance(group, id_for)
        taken.add(instance.id)
        made[instance.id] = instance
        for part in group:
            ids[part.kept.number] = instance.id
    return made, ids


def _instance(
    parts: list[_Shape], id_for: Callable[[str | None, str, int | None, Polygons], str]
) -> Shape:
    first, fields, polygons = parts[0], parts[0].fields, parts[0].kept.polygons
    edited = False
    if len(parts) > 1:
        first = next((part for part in parts if part.fields.masklens.id), first)
        edited = any(part.source is Source.EDITED for part in parts)
        polygons = tuple(polygon for part in parts for polygon in part.kept.polygons)
    extra = first.fields.masklens
    own_group = extra.own_group(fields.group_id)
    shape = Instance(
        id_for(extra.id, fields.label, own_group, polygons),
        fields.label,
        polygons,
        Source.EDITED if edited else first.source,
        first.score,
        extra.model,
        tuple(fields.flags.items()) if fields.flags else (),
        fields.description or "",
        extra.crowd,
        own_group,
        attributes_of(fields.attributes),
        len(parts) == 1 and is_box(polygons) and (extra.box or parts[0].kept.kind in BOXES),
        extra.keypoints,
        parts[0].kept.kind in LINES,
        extra.locked,
    )
    return by_flags(shape)


# How far the ids of equal shapes have come, by what they have in common.
_Copies = dict[bytes, tuple["hashlib._Hash", int]]


def _made_up_id(
    label: str,
    group: int | None,
    polygons: Polygons,
    taken: Container[str | None],
    copies: _Copies,
) -> str:
    """An id that the same shape gets whenever the file is read, so that a journal can name it."""
    digest = hashlib.sha256(f"{label}\0{group}".encode(errors="surrogatepass"))
    for part in polygons:
        for ring in part.rings:
            digest.update(array("d", chain.from_iterable(ring)).tobytes())
    common = digest.digest()
    digest, number = copies.get(common, (digest, 0))
    while True:
        digest.update(b"%d" % number)
        id = digest.hexdigest()[:16]
        number += 1
        if id not in taken:
            copies[common] = (digest, number)
            return id


def _notes(parts: list[_Shape], name: str) -> tuple[Sentence, ...]:
    notes: list[Sentence] = []
    others: Counter[str] = Counter()
    for part in parts:
        kept = part.kept
        if (kept.polygons and not part.lost_holes) or part.fields is _ASIDE:
            continue
        named: dict[str, Argument] = {"number": kept.number + 1, "label": part.fields.label}
        if kept.kind not in OUTLINES:
            others[kept.kind] += 1
        elif not kept.polygons:
            notes.append(_NO_AREA.given(path=name, **named))
        if part.lost_holes:
            notes.append(_STALE_HOLE.given(path=name, **named))
    if others:
        kinds = ", ".join(sorted(others))
        notes.insert(0, _NO_OUTLINES.given(path=name, count=others.total(), kinds=kinds))
    return tuple(notes)
