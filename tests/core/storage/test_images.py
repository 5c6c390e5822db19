"""Every usual image file becomes upright RGB; every other one a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.storage import tiff
from core.storage.images import (
    DecodedImage,
    ImageError,
    decode_image,
    image_size,
    read_image,
)

# Red, green, blue, white in the corners: left to right, top to bottom.
CORNERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
EXACT = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}


def picture(width: int = 24, height: int = 16) -> np.ndarray:
    return np.repeat(np.repeat(CORNERS, height // 2, axis=0), width // 2, axis=1)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def note_ids(image: DecodedImage) -> list[str]:
    return [note.id for note in image.notes]


def refused(data: bytes, name: str = "photo.png", **options) -> str:
    with pytest.raises(ImageError) as error:
        decode_image(data, name, **options)
    assert name in str(error.value)
    return error.value.sentence.id


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "PPM", "TGA", "WEBP", "JPEG"])
def test_usual_formats(kind: str, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(picture()), kind, **EXACT.get(kind, {}))
    image = decode_image(data, "a.tga" if kind == "TGA" else "a")
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    assert image.pixels.flags.writeable
    assert (image.height, image.width, 3) == image.pixels.shape == (16, 24, 3)
    assert image.notes == ()
    error = np.abs(image.pixels.astype(int) - picture())
    assert error.mean() < (2 if kind == "JPEG" else 0.01)
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(data)
    assert image_size(path) == (24, 16)
    assert np.array_equal(read_image(path).pixels, image.pixels)


def turned(orientation: object, kind: str) -> bytes:
    """The picture stored so that the orientation turns it upright; odd values turn nothing."""
    inverse = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    image = Image.fromarray(picture())
    if orientation in inverse:
        exif = image.getexif()
        exif[0x0112] = inverse[orientation]
        image = ImageOps.exif_transpose(image)
    if kind == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[0x0112] = orientation
        return encoded(image, kind, tiffinfo=tags)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, kind, exif=exif, **EXACT.get(kind, {}))


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4711])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_orientation(orientation: int, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(turned(orientation, kind))
    image = read_image(path)
    assert (image.width, image.height) == image_size(path) == (24, 16)
    if kind != "JPEG":
        assert np.array_equal(image.pixels, picture())
    else:
        assert np.abs(image.pixels.astype(int) - picture()).mean() < 2


def test_orientation_that_is_text_is_ignored() -> None:
    entry = struct.pack("<HHI4s", 0x0112, 2, 2, b"6\0\0\0")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    data = encoded(Image.fromarray(picture()), "PNG", exif=exif)
    assert np.array_equal(decode_image(data, "a").pixels, picture())


def test_twelve_bits_in_sixteen_are_not_black() -> None:
    values = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        image = decode_image(encoded(Image.fromarray(values), kind), "a")
        assert image.pixels.min() == 0
        assert image.pixels.max() == 255
        assert abs(image.pixels.mean() - 127.5) < 1
        assert note_ids(image) == ["images.stretched"]
        assert np.all(np.diff(image.pixels[:, :, 0].ravel().astype(int)) >= 0)


def test_eight_bits_in_sixteen_are_shown_as_they_are() -> None:
    values = np.tile(np.arange(256, dtype=np.uint16), (16, 1))
    image = decode_image(encoded(Image.fromarray(values), "PNG"), "a")
    assert np.array_equal(image.pixels[:, :, 0], values)
    assert note_ids(image) == []


def test_a_few_hot_pixels_do_not_darken_the_picture() -> None:
    values = np.linspace(100, 200, 10_000).reshape(100, 100).astype(np.uint16)
    values[0, 0] = 65535
    assert 120 < decode_image(encoded(Image.fromarray(values), "PNG"), "a").pixels.mean() < 135


@pytest.mark.parametrize(("value", "shown"), [(0, 0), (700, 128)])
def test_one_value_everywhere(value: int, shown: int) -> None:
    image = decode_image(encoded(Image.fromarray(np.full((4, 4), value, np.uint16)), "PNG"), "a")
    assert np.unique(image.pixels).tolist() == [shown]


def test_sparse_values_are_seen() -> None:
    values = np.zeros((100, 100), np.uint16)
    values[50, 50] = 3
    image = decode_image(encoded(Image.fromarray(values), "PNG"), "a")
    assert image.pixels[50, 50, 0] == 255
    assert image.pixels[0, 0, 0] == 0


def test_floats_with_gaps_and_extremes() -> None:
    values = np.linspace(-3e38, 3e38, 400).reshape(20, 20).astype(np.float32)
    values[0, :3] = [np.nan, np.inf, -np.inf]
    image = decode_image(encoded(Image.fromarray(values), "TIFF"), "a")
    assert image.pixels[0, :3, 0].tolist() == [0, 255, 0]
    assert abs(int(image.pixels[10, 0, 0]) - 128) < 3
    nothing = Image.fromarray(np.full((2, 2), np.nan, np.float32))
    assert decode_image(encoded(nothing, "TIFF"), "a").pixels.max() == 0


def test_thirty_two_bit_integers() -> None:
    values = np.linspace(-70_000, 70_000, 400).reshape(20, 20).astype(np.int32)
    image = decode_image(encoded(Image.fromarray(values), "TIFF"), "a")
    assert image.source_mode == "I"
    assert abs(image.pixels.mean() - 127.5) < 1


def test_sixteen_bit_colour_shows_its_upper_bytes() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    row = b"\0" + struct.pack(">6H", 0x1234, 0xFF00, 0x00FF, 0x8000, 0x7FFF, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row))
        + chunk(b"IEND", b"")
    )
    image = decode_image(data, "a.png")
    assert image.pixels.tolist() == [[[0x12, 0xFF, 0], [0x80, 0x7F, 0]]]
    assert note_ids(image) == ["images.high_bytes"]


def test_transparency_is_laid_over_grey() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0] = [[255, 255, 255, 0], [255, 0, 0, 255], [200, 200, 200, 128]]
    image = decode_image(encoded(Image.fromarray(rgba), "PNG"), "a")
    assert image.pixels[0].tolist() == [[128] * 3, [255, 0, 0], [164] * 3]
    assert note_ids(image) == ["images.transparent"]
    rgba[..., 3] = 255
    assert note_ids(decode_image(encoded(Image.fromarray(rgba), "PNG"), "a")) == []


def test_transparent_palette_entry_and_grey_value() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    image = decode_image(encoded(palette, "PNG", transparency=1), "a")
    assert image.pixels[0].tolist() == [[255, 0, 0], [128, 128, 128]]
    several = encoded(palette, "PNG", transparency=bytes([255, 0]))
    assert np.array_equal(decode_image(several, "a").pixels, image.pixels)
    deep = Image.fromarray(np.array([[0, 500, 1000]], np.uint16))
    grey = decode_image(encoded(deep, "PNG", transparency=500), "a")
    assert grey.pixels[0, :, 0].tolist() == [0, 128, 255]


def test_one_bit() -> None:
    image = decode_image(encoded(Image.fromarray(np.eye(8, dtype=bool)), "PNG"), "a")
    assert np.array_equal(image.pixels[..., 0], np.eye(8, dtype=np.uint8) * 255)


def test_cmyk_of_both_kinds() -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert decode_image(encoded(red, "TIFF"), "a").pixels[4, 4].tolist() == [255, 0, 0]
    # Pillow writes JPEG as Adobe does, with inverted inks and a marker that says so.
    data = encoded(red, "JPEG", quality=100)
    assert b"Adobe" in data
    assert np.abs(decode_image(data, "a").pixels[4, 4].astype(int) - [255, 0, 0]).max() < 4


def test_lab() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    there = ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
    soft = picture() // 4 + 80
    image = ImageCms.applyTransform(Image.fromarray(soft), there)
    back = decode_image(encoded(image, "TIFF"), "a")
    assert back.source_mode == "LAB"
    assert np.abs(back.pixels.astype(int) - soft).max() < 4


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG", "MPO"])
def test_first_of_several_pictures(kind: str) -> None:
    colours = [(200, 30, 60), (0, 0, 0), (10, 200, 10)]
    frames = [Image.new("RGB", (16, 16), colour) for colour in colours]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    image = decode_image(data, "a")
    assert np.abs(image.pixels[8, 8].astype(int) - colours[0]).max() < 6
    assert note_ids(image) == ["images.first_frame"]
    assert dict(image.notes[0].args)["frames"] == 3


def bands(tmp_path: Path, array: np.ndarray, **options) -> Path:
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "bands.tif"
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_three_bands_of_floats(planar: str, tmp_path: Path) -> None:
    array = np.linspace(0, 1, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    stored = array if planar == "contig" else array.transpose(2, 0, 1).copy()
    path = bands(tmp_path, stored, photometric="rgb", planarconfig=planar)
    image = read_image(path)
    assert image_size(path) == (30, 20)
    assert image.pixels.shape == (20, 30, 3)
    assert abs(image.pixels.astype(int) - np.rint(array * 255)).max() <= 1
    assert note_ids(image) == ["images.stretched"]


def test_a_stack_of_bands_shows_its_first_page(tmp_path: Path) -> None:
    array = np.zeros((4, 20, 30, 3), np.float32)
    array[0, :, 15:] = 1
    image = read_image(bands(tmp_path, array, photometric="rgb"))
    assert image.pixels[0, 0].tolist() == [0, 0, 0]
    assert image.pixels[0, 29].tolist() == [255, 255, 255]


def test_bands_without_tifffile_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bands(tmp_path, np.zeros((4, 4, 3), np.float32), photometric="rgb")
    monkeypatch.setattr(tiff, "available", lambda: False)
    with pytest.raises(ImageError, match="masklens\\[tiff\\]"):
        read_image(path)
    broken = path.read_bytes()[:40]
    assert refused(broken, "cut.tif") == "images.damaged"
