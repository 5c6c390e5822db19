"""Photos with instance masks, read from COCO files, and what training sees of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as rle

from resources.starter.scenes.scene import OBJECT, Scene

COMPLETE: Final = "coco_full"
"""The set in which everything is labelled."""
PARTIAL: Final = ("coco_traffic", "coco_person", "openimages_animals")
"""Sets in which an unlabelled object is not background."""
LEAST_AREA: Final = 24
"""Pixels of an instance below which it is passed over."""
LEAST_VISIBLE: Final = 0.12

Pixels = NDArray[np.uint8]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of the index. `masks` are COCO run lengths, `crowds` those of crowds."""

    path: Path
    height: int
    width: int
    complete: bool
    masks: tuple[Mapping[str, Any], ...]
    crowds: tuple[Mapping[str, Any], ...]
    names: tuple[str, ...]
    """The category of each mask."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image with its instances: `pixels` uint8 H×W×3, `masks` bool N×H×W, N label indices.

    In `unknown`, bool H×W, a thing without a label may stand.
    """

    pixels: Pixels
    masks: Bits
    labels: tuple[int, ...]
    unknown: Bits


def read_photos(folder: Path, sets: Sequence[str]) -> list[Photo]:
    """The photos of some sets below a folder with `index/SET.json` and `images/SET/`, in order.

    Raises OSError when a set is not there.
    """
    photos = []
    for name in sets:
        content = json.loads((folder / "index" / f"{name}.json").read_text())
        categories = {each["id"]: each["name"] for each in content["categories"]}
        of_image: dict[int, list[dict[str, Any]]] = {}
        for one in content["annotations"]:
            of_image.setdefault(one["image_id"], []).append(one)
        for image in content["images"]:
            size = image["height"], image["width"]
            ones = [one for one in of_image.get(image["id"], []) if one["area"] > 0]
            things = [one for one in ones if not one.get("iscrowd")]
            photos.append(
                Photo(
                    folder / "images" / name / image["file_name"],
                    *size,
                    name == COMPLETE,
                    tuple(_coded(one, *size) for one in things),
                    tuple(_coded(one, *size) for one in ones if one.get("iscrowd")),
                    tuple(categories[one["category_id"]] for one in things),
                )
            )
    return photos


def divide(photos: Sequence[Photo], held_out: int, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Photos to learn from, and complete ones to measure on, drawn by the seed."""
    complete = [i for i, photo in enumerate(photos) if photo.complete]
    drawn = set(np.random.default_rng(seed).permutation(complete)[:held_out].tolist())
    return (
        [photo for i, photo in enumerate(photos) if i not in drawn],
        [photo for i, photo in enumerate(photos) if i in drawn],
    )


def only(folder: Path, photos: Sequence[Photo]) -> dict[str, Any]:
    """The complete set's COCO file with some of its photos alone."""
    content: dict[str, Any] = json.loads((folder / "index" / f"{COMPLETE}.json").read_text())
    names = {photo.path.name for photo in photos}
    images = [image for image in content["images"] if image["file_name"] in names]
    kept = {image["id"] for image in images}
    ones = [one for one in content["annotations"] if one["image_id"] in kept]
    return content | {"images": images, "annotations": ones}


def cut_out(
    photo: Photo, side: int, shorter: float, rng: np.random.Generator, *, whole: bool = False
) -> Labelled:
    """A square of a photo whose shorter side has become `shorter` pixels, mirrored half the time.

    The square lies around an instance, or anywhere. What the photo does not reach is grey.
    With `whole` the photo is left as it lies, but for its size.
    """
    factor = shorter / min(photo.height, photo.width)
    size = max(1, round(photo.width * factor)), max(1, round(photo.height * factor))
    with Image.open(photo.path) as picture:
        pixels = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))
    masks = np.stack([_resized(each, size) for each in photo.masks]) if photo.masks else None
    if masks is None:
        masks = np.zeros((0, size[1], size[0]), dtype=bool)
    unknown = np.full(pixels.shape[:2], not photo.complete)
    for crowd in photo.crowds:
        unknown |= _resized(crowd, size)
    everything = Labelled(pixels, masks, (OBJECT,) * len(masks), unknown)
    if whole:
        return everything
    left, top = _place(everything, side, rng)
    part = _window(everything, left, top, side)
    return mirrored(part) if rng.random() < 0.5 else part


def lay_over(under: Labelled, other: Labelled, most: int, rng: np.random.Generator) -> Labelled:
    """Some instances of one image copied over another of the same size (Ghiasi et al. 2021)."""
    sizes = other.masks.sum(axis=(1, 2))
    fitting = np.flatnonzero((sizes > 150) & (sizes < 0.3 * other.unknown.size))
    if not len(fitting):
        return under
    chosen = rng.choice(fitting, min(len(fitting), int(rng.integers(1, most + 1))), replace=False)
    new = other.masks[chosen]
    dy, dx = (int(rng.integers(-n // 3, n // 3 + 1)) for n in under.unknown.shape)
    new = np.stack([_shifted(mask, dy, dx) for mask in new])
    source = _shifted(other.pixels, dy, dx)
    cover: NDArray[np.bool_] = np.any(new, axis=0)
    pixels = np.where(cover[..., None], source, under.pixels)
    before = under.masks.sum(axis=(1, 2))
    rest = under.masks & ~cover
    stays = rest.sum(axis=(1, 2)) >= np.maximum(LEAST_AREA, LEAST_VISIBLE * before)
    gone = (rest & ~stays[:, None, None]).any(axis=0)
    large = new.sum(axis=(1, 2)) >= LEAST_AREA
    labels = [label for label, kept in zip(under.labels, stays, strict=True) if kept]
    labels += [other.labels[i] for i, kept in zip(chosen, large, strict=True) if kept]
    return Labelled(
        np.ascontiguousarray(pixels),
        np.concatenate([rest[stays], new[large]]),
        tuple(labels),
        (under.unknown & ~cover) | gone,
    )


def of_scene(scene: Scene) -> Labelled:
    """A generated scene: all of it is known."""
    return Labelled(
        scene.pixels, scene.masks(), scene.labels, np.zeros(scene.index.shape, dtype=bool)
    )


def mirrored(image: Labelled) -> Labelled:
    """Left and right exchanged."""
    return replace(
        image,
        pixels=np.ascontiguousarray(image.pixels[:, ::-1]),
        masks=np.ascontiguousarray(image.masks[:, :, ::-1]),
        unknown=np.ascontiguousarray(image.unknown[:, ::-1]),
    )


def _coded(one: Mapping[str, Any], height: int, width: int) -> Mapping[str, Any]:
    outline = one["segmentation"]
    if isinstance(outline, dict) and isinstance(outline["counts"], str):
        return outline
    parts = rle.frPyObjects(outline, height, width)
    return rle.merge(parts) if isinstance(parts, list) else parts  # type: ignore[no-any-return]


def _resized(coded: Mapping[str, Any], size: tuple[int, int]) -> Bits:
    mask = Image.fromarray(rle.decode(coded) * 255)
    return np.asarray(mask.resize(size, Image.Resampling.BILINEAR)) > 127


def _place(image: Labelled, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """The left and top of a square; outside the image where that is smaller."""
    height, width = image.unknown.shape
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    if len(image.masks) and rng.random() < 0.7:
        ys, xs = np.nonzero(image.masks[int(rng.integers(len(image.masks)))])
        if len(xs):
            x, y = xs.mean() + rng.normal(0, side / 6), ys.mean() + rng.normal(0, side / 6)
    left, top = (
        int(np.clip(c - side / 2, min(0, n - side), max(0, n - side)))
        for c, n in ((x, width), (y, height))
    )
    return left, top


def _window(image: Labelled, left: int, top: int, side: int) -> Labelled:
    height, width = image.unknown.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    pixels = np.full((side, side, 3), 120, dtype=np.uint8)
    masks = np.zeros((len(image.masks), side, side), dtype=bool)
    unknown = np.zeros((side, side), dtype=bool)
    to = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    pixels[to] = image.pixels[y0:y1, x0:x1]
    masks[:, *to] = image.masks[:, y0:y1, x0:x1]
    unknown[to] = image.unknown[y0:y1, x0:x1]
    stays = masks.sum(axis=(1, 2)) >= LEAST_AREA
    unknown |= masks[~stays].any(axis=0)
    labels = tuple(label for label, kept in zip(image.labels, stays, strict=True) if kept)
    return Labelled(pixels, masks[stays], labels, unknown)


def _shifted(values: NDArray[Any], dy: int, dx: int) -> NDArray[Any]:
    """The values moved down and right, zero where nothing comes from."""
    result = np.zeros_like(values)
    height, width = values.shape[:2]
    result[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = values[
        max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)
    ]
    return result
