"""Files as tools and systems really write them: marks, encodings, line ends, commas, archives.

Each row is one way of writing; it must hold for every format that is a text.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.formats.collect import collect
from core.formats.convert import convert
from core.formats.errors import FormatError

POLYGON = [[10, 10], [60, 10], [60, 60], [10, 60]]
FLAT = [value for point in POLYGON for value in point]
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <image id="0" name="a.png" width="100" height="80">
    <polygon label="Zelle ü" points="10.5,10;60,10;60,60;10,60" />
  </image>
</annotations>
"""
VOC = """<annotation>
<filename>a.png</filename>
<size><width>100</width><height>80</height></size>
<object><name>Zelle ü</name>
<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>60</xmax><ymax>60</ymax></bndbox></object>
</annotation>
"""
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
    "categories": [{"id": 1, "name": "Zelle ü"}],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "segmentation": [FLAT],
        },
    ],
}
LABELME = {
    "version": "5.0.1",
    "shapes": [{"label": "Zelle ü", "points": POLYGON, "shape_type": "polygon"}],
    "imagePath": "a.png",
    "imageData": None,
}
VIA = {
    "a.png1": {
        "filename": "a.png",
        "size": 1,
        "regions": [
            {
                "shape_attributes": {
                    "name": "polygon",
                    "all_points_x": [10, 60, 60, 10],
                    "all_points_y": [10, 10, 60, 60],
                },
                "region_attributes": {"label": "Zelle ü"},
            }
        ],
    }
}
VIA_CSV = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
    "region_attributes\n"
    'a.png,1,"{}",1,0,"{""name"":""rect"",""x"":10,""y"":10,""width"":50,""height"":50}",'
    '"{""label"":""Zelle ü""}"\n'
)
TEXTS = {
    "cvat": ("c.xml", CVAT),
    "voc": ("a.xml", VOC),
    "coco": ("c.json", json.dumps(COCO, indent=1, ensure_ascii=False)),
    "labelme": ("a.json", json.dumps(LABELME, indent=1, ensure_ascii=False)),
    "via": ("v.json", json.dumps(VIA, indent=1, ensure_ascii=False)),
    "via csv": ("v.csv", VIA_CSV),
    "yolo": ("a.txt", "0 0.1 0.1 0.6 0.1 0.6 0.7 0.1 0.7\n"),
}
WAYS: dict[str, Callable[[str], bytes]] = {
    "with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.replace("utf-8", "utf-16").encode("utf-16"),
    "UTF-16, the other way": lambda text: (
        b"\xfe\xff" + text.replace("utf-8", "utf-16").encode("utf-16-be")
    ),
    "Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "carriage returns alone": lambda text: text.replace("\n", "\r").encode(),
}


def put(folder: Path, name: str, data: bytes) -> Path:
    Image.new("L", (100, 80)).save(folder / "a.png")
    (folder / "classes.txt").write_text("Zelle ü\n", encoding="utf-8-sig")
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_is_read_however_it_is_written(kind: str, way: str, tmp_path: Path) -> None:
    name, text = TEXTS[kind]
    found = collect(put(tmp_path, name, WAYS[way](text)))
    assert found.kind == kind.split()[0]
    assert [i.label for image in found.images for i in image.instances] == ["Zelle ü"]
    assert found.problems == ()


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", data)
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return out.getvalue() + data


ARCHIVES = {
    "gzip": gzip.compress,
    "zip": zipped,
    "tar": tarred,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_is_called_by_its_name(kind: str, tmp_path: Path) -> None:
    for name, text in TEXTS.values():
        path = put(tmp_path, name, ARCHIVES[kind](text.encode()))
        with pytest.raises(FormatError, match=rf"an archive \({kind}\): unpack it first"):
            collect(path)


ODD = {
    "cvat size 0": ("c.xml", CVAT.replace('"100"', '"0"').replace('"80"', '"-1"')),
    "cvat no size": ("c.xml", CVAT.replace('width="100" height="80"', "")),
    "cvat size 100.0": ("c.xml", CVAT.replace('"100"', '"100.0"')),
    "cvat decimal commas": ("c.xml", CVAT.replace("10.5,10;60,10", "10,5,10,0;60,0,10,0")),
    "cvat spaces": ("c.xml", CVAT.replace(";", " ; ").replace('60 "', '60; "')),
    "cvat mask, no size": (
        "c.xml",
        '<annotations><image name="a.png"><mask label="Zelle ü" rle="0, 4" left="1" top="1" '
        'width="2" height="2"/></image></annotations>',
    ),
    "voc size 0": ("a.xml", VOC.replace("<width>100", "<width>0")),
    "voc no size": ("a.xml", VOC.replace("<width>100</width><height>80</height>", "")),
    "voc size text": ("a.xml", VOC.replace("<width>100", "<width>unknown")),
    "voc decimal commas": ("a.xml", VOC.replace(">10<", ">10,5<")),
    "yolo comment": ("a.txt", "# made by hand\n\n0 0.5 0.5 0.2 0.2 # nut\n#0 0.1 0.1 0.1 0.1\n"),
    "yolo decimal commas": ("a.txt", "0 0,5 0,5 0,2 0,2\n"),
    "yolo commas between": ("a.txt", "0,0.5,0.5,0.2,0.2\n"),
    "yolo commas and spaces": ("a.txt", "0, 0.5, 0.5, 0.2, 0.2\n"),
    "yolo points in pairs": ("a.txt", "0 0.1,0.1 0.6,0.1 0.6,0.7 0.1,0.7\n"),
    "yolo semicolons": ("a.txt", "0;0,5;0,5;0,2;0,2\n"),
    "yolo tabs": ("a.txt", "0\t0.5\t0.5\t0.2\t0.2\t\n"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_other_tools_write_oddly_is_read(kind: str, tmp_path: Path) -> None:
    name, text = ODD[kind]
    path = put(tmp_path, name, text.encode())
    found = collect(path)
    (image,) = found.images
    assert [i.label for i in image.instances] == ["Zelle ü"]
    assert not any("left out" in str(note) for note in found.notes)
    out = tmp_path / "out"
    report = convert(path, "labelme", out)
    assert (report.instances, report.problems) == (1, ())
    written = json.loads(next(out.glob("*.json")).read_text())
    assert (written["imageWidth"], written["imageHeight"]) == (100, 80)
    points = [n for point in written["shapes"][0]["points"] for n in point]
    assert 0 <= min(points) < 50
    assert max(points) < 90
