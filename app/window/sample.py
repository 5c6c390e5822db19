"""The sample: generated images that come with the program, copied to a folder of the user."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from core.storage.atomic import write_atomic
from core.storage.images import is_image_name


def copy_sample(target: Path) -> Path:
    """Copy the sample images to `target`, leaving alone what is there; returns it.

    Raises OSError or StorageError when that cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    with as_file(files("resources").joinpath("sample")) as source:
        for image in sorted(source.iterdir()):
            place = target / image.name
            if is_image_name(image.name) and not place.exists():
                write_atomic(place, image.read_bytes())
    return target
