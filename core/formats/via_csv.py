"""VIA's CSV files as the object that its JSON files hold: one row a region.

VIA 2 writes the attributes as JSON. VIA 1 writes `name=polygon;all_points_x=[1:2:3];...`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Final

from core.codec import wrong
from core.formats.errors import plain_text
from core.formats.fields import as_object
from core.formats.remarks import Remarks

_COLUMNS: Final = ("filename", "region_shape_attributes", "region_attributes")


def regions_of_csv(data: bytes, remarks: Remarks) -> Mapping[str, object]:
    """The files and regions in a CSV file; rows that are wrong are left out and named.

    Raises FieldError for a file that is none of VIA's.
    """
    try:
        rows = list(csv.reader(io.StringIO(plain_text(data, "strict")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise wrong("file", f"not a CSV file in UTF-8 ({error})") from error
    header = [name.lstrip("#").strip() for name in rows[0]] if rows else []
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise wrong("row 1", f"expected the column {missing[0]}")
    name_at, shape_at, attributes_at = (header.index(name) for name in _COLUMNS)
    entries: dict[str, dict[str, object]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row or row[0].startswith("#"):
            continue
        with remarks.entry():
            if len(row) < len(header):
                raise wrong(f"row {number}", f"expected {len(header)} columns")
            name = row[name_at]
            entry = entries.setdefault(name, {"filename": name, "regions": []})
            shape = _attributes(row[shape_at], f"row {number}.{_COLUMNS[1]}")
            regions = entry["regions"]
            if shape and isinstance(regions, list):
                where = f"row {number}.{_COLUMNS[2]}"
                attributes = _attributes(row[attributes_at], where, numbers=False)
                regions.append({"shape_attributes": shape, "region_attributes": attributes})
    return entries


def _attributes(text: str, where: str, *, numbers: bool = True) -> Mapping[str, object]:
    text = text.strip()
    if not text.startswith("{"):
        return _old_attributes(text, numbers)
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong(where, "expected an object in JSON") from error
    return as_object(value, where)


def _old_attributes(text: str, numbers: bool) -> Mapping[str, object]:
    pairs = (pair.partition("=") for pair in text.split(";") if "=" in pair)
    values = {name.strip(): value.strip() for name, _, value in pairs}
    return {name: _old_value(value) if numbers else value for name, value in values.items()}


def _old_value(text: str) -> object:
    if text.startswith("[") and text.endswith("]"):
        return [_old_value(part) for part in text[1:-1].split(":")] if text[1:-1] else []
    try:
        return float(text)
    except ValueError:
        return text
