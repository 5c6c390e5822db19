"""Run by an interpreter that has labelme: load each file with labelme's own code and save it again.

Usage: real_labelme.py FILE... ; prints a line of JSON a file: its shapes.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    for name in sys.argv[1:]:
        shapes = load_and_save(name)
        keys = ("label", "shape_type", "points", "group_id")
        print(json.dumps([{key: shape[key] for key in keys} for shape in shapes]))


def load_and_save(name: str) -> list[dict]:
    """What labelme makes of a file, which it then writes back as its window does."""
    try:
        from labelme._label_file import read_label_file, write_label_file
    except ImportError:  # labelme 5
        from labelme.label_file import LabelFile

        file = LabelFile(name)
        shapes = [{**s, **s.get("other_data", {}), "mask": None} for s in file.shapes]
        for shape in shapes:
            shape.pop("other_data", None)
        with open(name, encoding="utf-8") as stream:
            sides = json.load(stream)
        file.save(
            name,
            shapes,
            file.imagePath,
            sides["imageHeight"],
            sides["imageWidth"],
            otherData=file.otherData,
            flags=file.flags,
        )
        return file.shapes
    data = read_label_file(filename=name)
    with open(name, encoding="utf-8") as stream:
        sides = json.load(stream)
    size = {"image_height": sides["imageHeight"], "image_width": sides["imageWidth"]}
    try:
        write_label_file(filename=name, annotation=data, save_image_data=False, **size)
    except TypeError:  # labelme 6
        shapes = [{**shape, **shape["other_data"], "mask": None} for shape in data.shapes]
        for shape in shapes:
            del shape["other_data"]
        write_label_file(
            filename=name,
            shapes=shapes,
            image_path=data.image_path,
            other_data=data.other_data,
            flags=data.flags,
            **size,
        )
    return data.shapes


main()
