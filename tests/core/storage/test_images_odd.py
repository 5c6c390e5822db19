"""Images that are too large, damaged or odd; lists of images; real awkward files."""

from __future__ import annotations

import csv
import io
import random
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.storage import image_limits, tiff
from core.storage.image_tree import list_images
from core.storage.images import (
    IMAGE_SUFFIXES,
    ImageError,
    decode_image,
    image_size,
    read_image,
)
from tests.core.storage.test_images import encoded, note_ids, picture, refused, turned
from tests.data import shared_data


def test_the_limit_is_checked_before_decoding() -> None:
    bomb = b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\xf0\0\0" + bytes(6)
    bomb += b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x01\0\0;"
    assert refused(bomb, "bomb.gif") == "images.too_large"
    small = encoded(Image.new("RGB", (100, 100)), "PNG")
    assert refused(small, max_pixels=9_999) == "images.too_large"
    assert decode_image(small, "a", max_pixels=10_000).width == 100
    # 400 megapixels in a few bytes: refused from the header, so at once and without the memory.
    header = small[:16] + struct.pack(">II", 20_000, 20_000) + small[24:]
    header = header[:29] + struct.pack(">I", zlib.crc32(header[12:29])) + header[33:]
    assert refused(header) == "images.too_large"


def test_tall_and_wide_images_are_copied_whole() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    assert np.array_equal(decode_image(encoded(Image.fromarray(noise), "BMP"), "a").pixels, noise)


def test_images_over_pillows_own_limit_are_read() -> None:
    wide = encoded(Image.new("1", (20_000, 10_000)), "PNG")
    assert decode_image(wide, "a").width == 20_000


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(60 * 40 * 3)
    whole = {
        kind: encoded(Image.frombytes("RGB", (60, 40), noise), kind) for kind in ("PNG", "JPEG")
    }
    assert refused(whole["PNG"][: len(whole["PNG"]) // 2]) == "images.truncated"
    assert refused(whole["JPEG"][: len(whole["JPEG"]) // 2], "a.jpg") == "images.truncated"
    assert refused(whole["PNG"][:20]) in {"images.damaged", "images.truncated"}
    assert refused(b"just some text", "a.jpg") == "images.not_an_image"
    assert refused(b"RIFF\x10\0\0\0WEBPVP8 rubbish", "a.webp") == "images.damaged"
    with pytest.raises(ImageError, match="not there"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match="not there"):
        read_image("nul\0byte.png")
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match="empty file"):
        image_size(tmp_path / "empty.png")


def test_damage_anywhere_gives_a_sentence_and_nothing_else() -> None:
    rng = random.Random(0)
    noise = Image.frombytes("RGB", (40, 30), rng.randbytes(3600))
    exif = Image.Exif()
    exif[0x0112] = 6
    tags = ImageFileDirectory_v2()
    tags[0x0112] = 6
    files = {
        "a.png": encoded(noise, "PNG", exif=exif),
        "a.jpg": encoded(noise, "JPEG", exif=exif),
        "a.webp": encoded(noise, "WEBP", exif=exif),
        "a.bmp": encoded(noise, "BMP"),
        "a.gif": encoded(noise, "GIF", save_all=True, append_images=[noise.rotate(90)]),
        "a.tif": encoded(noise, "TIFF", tiffinfo=tags),
        "b.tif": encoded(noise, "TIFF", compression="tiff_lzw"),
        "a.ppm": encoded(noise, "PPM"),
        "a.tga": encoded(noise, "TGA"),
    }
    read = 0
    for name, data in files.items():
        for _ in range(120):
            broken = bytearray(data)
            for _ in range(rng.randint(1, 6)):
                # Headers matter most, so most of the damage goes there.
                end = len(data) if rng.random() < 0.3 else min(len(data), 200)
                broken[rng.randrange(end)] = rng.randrange(256)
            try:
                image = decode_image(bytes(broken), name, max_pixels=2_000_000)
            except ImageError as error:
                said = str(error)  # the template fits its arguments
                continue
            read += 1
            assert image.pixels.shape == (image.height, image.width, 3)
        assert name in said
    assert read > 100


def test_no_warning_leaks_from_many_threads() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    odd = encoded(palette, "PNG", transparency=bytes([255, 0]))
    tags = encoded(Image.new("L", (4, 4)), "TIFF")
    broken_tags = tags[:-6] + b"\xff" * 6
    before = list(warnings.filters)

    def read(number: int) -> bool:
        try:
            decode_image(odd if number % 2 else broken_tags, "a")
        except ImageError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(read, range(200)))
    assert list(warnings.filters) == before


def test_list_images(tmp_path: Path) -> None:
    names = ["b10.png", "b9.JPG", "a.tiff", ".hidden.png", "notes.txt", "c.json", "B1.webp"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = [path.name for path in list_images(tmp_path)]
    assert found == ["a.tiff", "B1.webp", "b9.JPG", "b10.png"]
    with pytest.raises(ImageError):
        list_images(tmp_path / "none")
    assert ".jpeg" in IMAGE_SUFFIXES


def test_awkward_files_as_expected() -> None:
    folder = shared_data("awkward")
    with (folder / "EXPECTED.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 50
    for row in rows:
        path = folder / row["file"]
        bands_of_floats = "3_bands" in path.name
        if row["load"] != "ok" and not bands_of_floats:
            with pytest.raises(ImageError):
                read_image(path)
            continue
        if bands_of_floats and not tiff.available():
            with pytest.raises(ImageError, match="tifffile"):
                read_image(path)
            continue
        image = read_image(path)
        assert (image.width, image.height) == image_size(path), path.name
        if row["load"] == "ok":
            shown = int(row["shown_width"]), int(row["shown_height"])
            assert (image.width, image.height) == shown, path.name
            several = int(row["frames"]) > 1
            assert ("images.first_frame" in note_ids(image)) == several, path.name


def test_exif_photos_look_the_same() -> None:
    folder = shared_data("awkward", "exif_photo")
    first = read_image(folder / "Landscape_1.jpg").pixels[::20, ::20].astype(int)
    for path in list_images(folder):
        difference = np.abs(read_image(path).pixels[::20, ::20] - first).mean()
        assert difference < 12, path.name


def test_the_size_of_a_png_is_read_without_decoding_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = tmp_path / "early.png"
    early.write_bytes(turned(6, "PNG"))
    data = early.read_bytes()
    start = data.index(b"eXIf") - 4
    end = start + 12 + struct.unpack_from(">I", data, start)[0]
    late = tmp_path / "late.png"
    late.write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    assert np.array_equal(read_image(late).pixels, picture())
    assert image_size(late) == (24, 16)

    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", refuse)
    assert image_size(early) == (24, 16)


def damaged_png(rng: np.random.Generator) -> bytes:
    """Whole in all but one byte of its pixels."""
    buffer = io.BytesIO()
    pixels = rng.integers(0, 255, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    start = data.index(b"IDAT") + 4
    place = int(rng.integers(start + 10, len(data) - 40))
    data[place] ^= 0x55
    return bytes(data)


def test_a_png_with_damaged_pixels_is_refused_and_never_shown_as_whole():
    rng = np.random.default_rng(1)
    for _ in range(100):
        assert refused(damaged_png(rng)) in ("images.damaged", "images.truncated")


def pages(damage: int) -> bytes:
    """A TIFF of three pages, dark to bright, the description of one of them destroyed."""
    dark, *others = (Image.new("L", (32, 32), 60 * (k + 1)) for k in range(3))
    buffer = io.BytesIO()
    dark.save(buffer, "TIFF", save_all=True, append_images=others)
    data = bytearray(buffer.getvalue())
    places, place = [], struct.unpack_from("<I", data, 4)[0]
    while place:
        places.append(place)
        count = struct.unpack_from("<H", data, place)[0]
        place = struct.unpack_from("<I", data, place + 2 + 12 * count)[0]
    start = places[damage]
    count = struct.unpack_from("<H", data, start)[0]
    data[start + 2 : start + 2 + 12 * count] = b"\xff" * (12 * count)
    return bytes(data)


def test_a_damaged_page_of_a_tiff_never_makes_another_one_the_first():
    for later in (1, 2):
        image = decode_image(pages(later), "a.tif")
        assert image.pixels.min() == image.pixels.max() == 60
        assert [note.id for note in image.notes] == ["images.first_page"]
    assert refused(pages(0)) in ("images.damaged", "images.needs_tifffile")


def test_a_file_too_short_for_its_pixels_is_refused_before_anything_is_made():
    header = struct.pack(">IIBBBBB", 20_000, 14_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    data += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IDAT"
    data += struct.pack(">I", zlib.crc32(b"IDAT"))
    assert refused(data) == "images.truncated"


def test_a_long_side_is_refused():
    with pytest.raises(ImageError) as caught:
        image_limits.check_size("a", (1, image_limits.MAX_SIDE + 1), image_limits.MAX_PIXELS)
    assert caught.value.sentence.id == "images.too_long"


def test_a_blank_image_is_not_taken_for_one_that_is_too_short():
    for format, mode in (("PNG", "1"), ("PNG", "RGB"), ("GIF", "L"), ("JPEG", "L"), ("BMP", "1")):
        buffer = io.BytesIO()
        Image.new(mode, (3000, 2000)).save(buffer, format, optimize=True, progressive=True)
        assert decode_image(buffer.getvalue(), "a").width == 3000


def test_memory_is_asked_before_a_large_image_is_made(monkeypatch):
    monkeypatch.setattr(image_limits, "_free_memory", lambda: 150_000_000)
    image_limits.check_memory("a", (4000, 4000))
    with pytest.raises(ImageError) as caught:
        image_limits.check_memory("a", (5000, 5000))
    assert caught.value.sentence.id == "images.out_of_memory"


def png_of(rows: int, *, height: int = 40, interlaced: bool = False, value: int = 200) -> bytes:
    """An 8-bit grey PNG of 30 columns whose stream of pixels ends after some rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    width = 30
    lines: list[bytes] = []
    if interlaced:
        for left, top, across, down in (
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
            (0, 1, 1, 2),
        ):  # fmt: skip
            columns = len(range(left, width, across))
            lines += [b"\0" + bytes([value] * columns) for _ in range(top, height, down)]
    else:
        lines = [b"\0" + bytes([value] * width) for _ in range(height)]
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, int(interlaced))
    body = zlib.compress(b"".join(lines[:rows]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_whose_pixels_end_early_is_refused_and_no_black_is_shown(interlaced: bool) -> None:
    for value in (0, 200):
        whole = decode_image(png_of(10_000, interlaced=interlaced, value=value), "a.png")
        assert (whole.pixels == value).all()
        for rows in (0, 1, 20, 39):
            cut = png_of(rows, interlaced=interlaced, value=value)
            assert refused(cut) == "images.truncated", (rows, value)
