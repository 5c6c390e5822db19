"""The values of an image, and the range of them that is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from core.storage.images import ImageError, read_image, read_values
from core.storage.thumbnails import thumbnail
from core.storage.values import Values

DEEP = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) * 40 + 500


def written(path: Path, array: np.ndarray, **options: object) -> Path:
    pytest.importorskip("tifffile").imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("kind", ["grey.png", "turned.png", "grey.tif", "float.tif", "rgb.tif"])
def test_what_a_model_sees_is_one_range_of_the_values(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    if kind.endswith(".png"):
        exif = Image.Exif()
        exif[0x0112] = 6 if kind == "turned.png" else 1
        Image.fromarray(DEEP).save(path, exif=exif)
    elif kind == "rgb.tif":
        written(path, np.stack([DEEP, DEEP // 2, DEEP * 2], -1), photometric="rgb")
    else:
        written(path, DEEP.astype(np.float32) if kind == "float.tif" else DEEP)
    image, values = read_image(path), read_values(path)
    assert image.deep
    assert values is not None
    assert values.array.shape[:2] == image.pixels.shape[:2]
    shown = values.shown(*values.by_model)
    assert abs(shown.astype(int) - image.pixels).max() <= 1


def test_eight_bits_are_all_there_is(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    Image.fromarray(DEEP.astype(np.uint8)).save(path)
    assert not read_image(path).deep
    assert read_values(path) is None


@pytest.mark.parametrize("ways", ["pages", "samples"])
def test_any_of_many_channels_can_be_shown(ways: str, tmp_path: Path) -> None:
    stack = np.stack([np.full((20, 30), 100 * k, np.uint16) + DEEP // 50 for k in range(5)])
    path = tmp_path / "many.tif"
    if ways == "pages":
        written(path, stack, photometric="minisblack", metadata={"axes": "CYX"})
    else:
        written(path, stack.transpose(1, 2, 0).copy(), photometric="minisblack", planarconfig=1)
    values = read_values(path)
    assert read_image(path).deep
    assert values is not None
    assert values.bands == 5
    assert values.at(7, 3) == tuple(float(each) for each in stack[:, 7, 3])
    low, high = float(stack[4].min()), float(stack[4].max())
    shown = values.shown(low, high, 4)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[-1, -1].tolist() == [255, 255, 255]
    assert (values.shown(low, high, 0) == 0).any()
    with pytest.raises(IndexError):
        values.shown(low, high, 5)


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16, np.dtype(">u2"), np.int32, np.float32]),
        (4, 5, 1),
        elements=st.integers(0, 250),
    ),
    st.integers(0, 120),
    st.integers(121, 250),
)
def test_a_range_is_black_below_white_above_and_rises_between(
    array: np.ndarray, low: int, high: int
) -> None:
    shown = Values(array).shown(low, high)[..., 0]
    assert (shown[array[..., 0] <= low] == 0).all()
    assert (shown[array[..., 0] >= high] == 255).all()
    order = np.argsort(array, axis=None)
    assert (np.diff(shown.reshape(-1)[order].astype(int)) >= 0).all()


def test_a_thumbnail_is_the_image_made_small(tmp_path: Path) -> None:
    pixels = np.zeros((200, 320, 3), np.uint8)
    pixels[:100, :160] = (250, 20, 20)
    for name in ("a.jpg", "turned.jpg", "b.png"):
        exif = Image.Exif()
        exif[0x0112] = 6 if name == "turned.jpg" else 1
        Image.fromarray(pixels).save(tmp_path / name, exif=exif)
        small = thumbnail(tmp_path / name, 64)
        whole = Image.fromarray(read_image(tmp_path / name).pixels)
        whole.thumbnail((64, 64), Image.Resampling.BOX)
        assert small.shape == np.asarray(whole).shape
        assert abs(small.astype(int) - np.asarray(whole)).mean() < 6
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:300])
    with pytest.raises(ImageError):
        thumbnail(tmp_path / "cut.jpg", 64)
