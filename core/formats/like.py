"""The ids of a COCO file that stands as ground truth, so that predictions can be compared by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.formats.collect import collect
from core.formats.errors import FormatError
from core.formats.find_images import ImageFinder
from core.formats.label_file import Json
from core.sentences import say


@dataclass(frozen=True, slots=True)
class Like:
    """Ids and names of images by their files, and the categories as they stand there."""

    images: Mapping[Path, tuple[int | str, str]]
    categories: tuple[Json, ...]

    def category(self, name: str) -> int | None:
        """The id of the category of that name; None when there is none."""
        for category in self.categories:
            id = category.get("id")
            if category.get("name") == name and isinstance(id, int):
                return id
        return None

    def image(self, path: Path) -> tuple[int | str, str] | None:
        """Id and name of an image; None when the file does not list it."""
        return self.images.get(path.resolve())


def read_like(path: Path, images_dir: Path | None = None) -> Like:
    """Read the ids of a COCO file. Raises FormatError when it cannot be read or is none."""
    collection = collect(path)
    if collection.kind != "coco":
        raise FormatError(
            say("formats.like_coco", "{path} is no COCO file, so it has no ids.", path=str(path))
        )
    found = ImageFinder(images_dir).find(collection.images)
    images = {
        each.path.resolve(): (image.image_id, image.file_name)
        for image, each in zip(collection.images, found, strict=True)
        if each.path is not None and image.image_id is not None
    }
    listed = collection.extra.get("categories")
    categories = listed if isinstance(listed, list) else []
    return Like(images, tuple(each for each in categories if isinstance(each, dict)))
