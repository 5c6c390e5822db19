"""VIA's files as one of the formats: one JSON or CSV for all images."""

from __future__ import annotations

import csv
import io
from typing import Final

from core.document.instance import Instance
from core.formats import via
from core.formats.bridge import bridged
from core.formats.errors import FormatError
from core.formats.fields import json_text
from core.formats.format import Format, Located, Option, Source, Writing, Written
from core.formats.label_file import Json
from core.formats.labelled import Collection, Labelled, used_labels
from core.formats.places import name_from
from core.formats.said import BRIDGED

LABEL: Final = "label"
_HEADER: Final = (
    *("filename", "file_size", "file_attributes", "region_count", "region_id"),
    *("region_shape_attributes", "region_attributes"),
)


def _recognises(source: Source) -> bool:
    if source.suffix == ".csv":
        return b"region_shape_attributes" in source.head
    return source.is_json and via.is_via(source.json)


def _read(source: Source) -> Collection:
    path = source.path
    file = via.read(path) if source.suffix == ".csv" else via.parse(source.json, path)
    images = tuple(
        Labelled(path, i.file_name, None, None, i.instances, extra=i.extra, extras=i.extras)
        for i in file.images
    )
    return Collection("via", used_labels(images), images, file.notes)


def _write(writing: Writing) -> Written:
    """One JSON file of VIA 2, or its CSV. Raises FormatError when there is one already."""
    entries = [_entry(image, writing) for image in writing.each()]
    as_csv = writing.out.suffix.lower() == ".csv" or writing.options.get("layout") == "csv"
    data = _csv(entries) if as_csv else _json(entries)
    several = sum(
        sum(len(part.rings) for part in each.polygons) > 1
        for image in writing.images
        for each in image.labels.instances
    )
    if several:
        writing.sink.notes.append(BRIDGED.given(count=several, format="VIA"))
    if not writing.sink.put(writing.out, data):
        raise FormatError(writing.sink.problems[-1])
    writing.sink.written.append(writing.out)
    return Written(len(entries), sum(len(image.labels.instances) for image in writing.images))


def _entry(image: Located, writing: Writing) -> dict[str, object]:
    try:
        size = image.path.stat().st_size if image.path is not None else -1
    except OSError:
        size = -1
    return {
        "filename": name_from(image, writing.base),
        "size": size,
        "regions": [_region(each, image) for each in image.labels.instances],
        "file_attributes": image.labels.extra.get("file_attributes", {}),
    }


def _region(instance: Instance, image: Located) -> dict[str, object]:
    ring = bridged(instance.polygons, image.width or 1, image.height or 1)
    attributes = image.labels.extras.get(instance.id, {}).get("attributes", {})
    others = attributes if isinstance(attributes, dict) else {}
    return {
        "shape_attributes": {
            "name": "polygon",
            "all_points_x": [x for x, _ in ring],
            "all_points_y": [y for _, y in ring],
        },
        "region_attributes": {**others, LABEL: instance.label},
    }


def _json(entries: list[dict[str, object]]) -> bytes:
    keyed = {f"{entry['filename']}{entry['size']}": entry for entry in entries}
    return json_text(keyed).encode("ascii")


def _csv(entries: list[dict[str, object]]) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_HEADER)
    for entry in entries:
        regions: list[Json] = entry["regions"]  # type: ignore[assignment]
        own = [entry["filename"], entry["size"], json_text(entry["file_attributes"]), len(regions)]
        if not regions:
            rows.writerow([*own, 0, "{}", "{}"])
        for number, region in enumerate(regions):
            shape, attributes = region["shape_attributes"], region["region_attributes"]
            rows.writerow([*own, number, json_text(shape), json_text(attributes)])
    return text.getvalue().encode("utf-8", "surrogatepass")


FORMAT: Final = Format(
    name="via",
    title="VIA",
    recognises=_recognises,
    read=_read,
    write=_write,
    ending=".json",
    carries=frozenset(("overlap", "bridges", "attributes")),
    options=(Option("layout", ("json", "csv")),),
)
