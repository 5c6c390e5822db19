"""What to say of a file that is of no format we read: what it seems to be, and what can be done."""

from __future__ import annotations

from typing import Final

from core.formats.errors import PACKED
from core.formats.format import Source
from core.formats.said import RESULTS, UNKNOWN
from core.formats.via import VIA3
from core.sentences import Sentence, say

_SEEMS: Final = say(
    "formats.seems",
    "{path} seems to be a file of {program}, which is not read: export its labels from there as "
    "COCO, or as another format in docs/formats.md.",
)
# Keys that give a program's JSON away, all of them at the top or in the first entry of a list.
_SIGNS: Final = (
    (("type", "features"), "GeoJSON (QuPath, GIS)"),
    (("annotations", "item"), "Darwin V7"),
    (("data_row", "projects"), "Labelbox"),
    (("Labels", "Labeled Data"), "Labelbox"),
    (("instances", "metadata"), "SuperAnnotate"),
    (("objects", "size", "tags"), "Supervisely"),
    (("frames", "videos"), "Scalabel"),
    (("asset", "regions"), "VoTT"),
    (("metadata", "file", "view"), "VIA 3"),
)
_ARCHIVES: Final = (".zip", ".gz", ".tgz", ".tar", ".7z", ".bz2", ".xz", ".rar")
_ENDINGS: Final = {
    ".pt": "PyTorch (a model)",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".mat": "MATLAB",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".tfrecord": "TensorFlow",
    ".parquet": "Parquet",
    ".xml": "XML of another kind",
    ".geojson": "GeoJSON (QuPath, GIS)",
    ".roi": "ImageJ",
}


def explain(source: Source) -> Sentence:
    """The sentence about a file that no format recognises. Raises FormatError."""
    path = str(source.path)
    if source.suffix in _ARCHIVES:
        return PACKED.given(path=path, kind=source.suffix.lstrip("."))
    if not source.is_json:
        program = _ENDINGS.get(source.suffix)
        return _SEEMS.given(path=path, program=program) if program else UNKNOWN.given(path=path)
    value = source.json
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(value, list) and (not value or _is_result(first)):
        return RESULTS.given(path=path)
    if isinstance(value, dict) and "project" in value and "view" in value:
        return VIA3.given(path=path)
    if isinstance(first, dict):
        for keys, program in _SIGNS:
            if all(key in first for key in keys):
                return _SEEMS.given(path=path, program=program)
    return UNKNOWN.given(path=path)


def _is_result(entry: object) -> bool:
    return isinstance(entry, dict) and "image_id" in entry and "category_id" in entry
