"""Files that were made to harm, or are damaged: named and refused, never held or run."""

from __future__ import annotations

import io
import json
import pickle
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.codec import FieldError
from core.formats import inert_pickle
from core.formats.arrays import read_npy, read_npz
from core.formats.collect import collect
from core.formats.errors import FormatError
from core.formats.xml_safe import read_xml
from tests.pace import allowed


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("run",))


@pytest.mark.parametrize("protocol", range(6))
def test_no_pickle_is_run(protocol: int, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(FieldError):
        inert_pickle.load(pickle.dumps({"masks": Evil()}, protocol), "file")
    path = tmp_path / "a_seg.npy"
    np.save(path, {"masks": np.ones((3, 3), np.uint16), "other": Evil()}, allow_pickle=True)
    with pytest.raises(FormatError, match="not done"):
        collect(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_out_of_any_pickle(protocol: int) -> None:
    value = {
        "masks": np.arange(12, dtype=np.uint16).reshape(3, 4),
        "turned": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "numbers": [1, -5, 2.5, None, True, 10**20, np.float32(0.5), np.int64(7)],
        "text": "Zelle ü",
        "tuple": (1, (2, 3), {"a": b"x"}),
    }
    back = inert_pickle.load(pickle.dumps(value, protocol), "file")
    assert isinstance(back, dict)
    for name in ("masks", "turned"):
        assert back[name].dtype == value[name].dtype
        assert (back[name] == value[name]).all()
    assert back["numbers"] == [1, -5, 2.5, None, True, 10**20, 0.5, 7]
    assert (back["text"], back["tuple"]) == ("Zelle ü", [1, [2, 3], {"a": b"x"}])


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "xxxx">]><annotations>&x;</annotations>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>',
        "<annotations>" + "<a>" * 100 + "</a>" * 100 + "</annotations>",
        "<annotations><image></annotations>",
        "",
    ],
)
def test_xml_with_more_than_elements_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(FormatError, match="not XML that can be read safely"):
        read_xml(tmp_path / "a.xml")


def bomb(shape: tuple[int, ...]) -> bytes:
    """An array that claims a size and holds nothing."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": "<i8", "fortran_order": False, "shape": shape}
    )
    return out.getvalue()


def hostile(folder: Path) -> list[Path]:
    """Small files that claim to be large."""
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("instances.npy", bomb((10**6, 10**6)))
    (folder / "b_seg.npy").write_bytes(bomb((10**6, 10**6)))
    image = '<image id="0" name="a.png" width="{}" height="{}">{}</image>'
    mask = '<mask label="x" rle="0, 1" left="0" top="0" width="{0}" height="{0}"/>'
    polygon = '<polygon label="x" points="0,0;1e300,0;1e300,1e300"/>'
    ellipse = '<ellipse label="x" cx="1" cy="1" rx="1e15" ry="1e15"/>'
    big, small = image.format(10**6, 10**6, ""), image.format(50, 50, mask.format(10**6) + polygon)
    shapes = image.format(50, 50, ellipse)
    (folder / "c.xml").write_text(f"<annotations>{big}{small}{shapes}</annotations>")
    rle = {"format": "rle", "rle": [255] * 40, "brushlabels": ["x"]}
    result = {"type": "brushlabels", "original_width": 10**6, "original_height": 10**6}
    task = {"data": {"image": "a.png"}, "annotations": [{"result": [{**result, "value": rle}]}]}
    (folder / "d.json").write_text(json.dumps([task]))
    runs = {"size": [10**6, 10**6], "counts": [10**12]}
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": runs}
    far = {**annotation, "id": 2, "segmentation": [[0, 0, 1e12, 0, 1e12, 1e12]]}
    images = [{"id": 1, "file_name": "a.png", "width": 10**6, "height": 10**6}]
    categories = [{"id": 1, "name": "x"}]
    content = {"images": images, "categories": categories, "annotations": [annotation, far]}
    (folder / "e.json").write_text(json.dumps(content))
    return sorted(path for path in folder.iterdir() if path.is_file())


def test_claims_are_checked_before_anything_is_held(tmp_path: Path) -> None:
    for path in hostile(tmp_path):
        began = time.process_time()
        try:
            found = collect(path)
        except FormatError:
            continue
        finally:
            assert time.process_time() - began < allowed(0.7), path.name
        assert sum(len(image.instances) for image in found.images) <= 0, path.name
        assert any(note.id == "formats.left_out" for note in found.notes), path.name


def test_a_small_file_is_not_unpacked_to_a_large_array(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, instances=np.zeros((11_000, 11_000), np.uint8))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(FieldError, match="too large"):
        read_npz(path.read_bytes())
    np.savez(path, instances=np.ones((3, 4), np.uint8))
    data = path.read_bytes()
    assert read_npz(data)["instances"].shape == (3, 4)
    # A directory that leads to before the file.
    with pytest.raises(FieldError):
        read_npz(data[30:])


@pytest.mark.parametrize("header", ["{'descr': '<i4', 'shape'", "{", "''' ", "{'descr': 3}", "\n"])
def test_a_header_that_is_cut_or_no_text_is_a_sentence(header: str) -> None:
    text = header.encode().ljust(64) + b"\n"
    file = io.BytesIO(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(FieldError, match="no array"):
        read_npy(file, "file")


def test_an_image_is_no_label_file(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match="no format"):
        collect(tmp_path / "a.png")
    for name, said in (("a.pt", "PyTorch"), ("a.zip", "archive"), ("a.geojson", "GeoJSON")):
        (tmp_path / name).write_bytes(b"\x80\x02")
        with pytest.raises(FormatError, match=said):
            collect(tmp_path / name)
