"""Regions: parts of an image that are done, or to be ignored, and no objects.

They are told by flags, so they travel in label files like any other flag, and drawing, undoing
and saving them is what it is for an instance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any, Final

from core.document.instance import Instance, Line, Region, Shape

DONE_REGION: Final = "done_region"
"""Inside the outline everything is labelled. Also the label of such a region."""
IGNORE: Final = "ignore"
"""Inside the outline nothing is learned and nothing is compared."""


BACKGROUND: Final = "_background_"
"""labelme's label for what is no object."""
NO_OBJECTS: Final = ("", BACKGROUND)
"""Labels of outlines that nothing is learned from: none was given, or it is no object."""
IGNORED_LABEL: Final = "__ignore__"
"""labelme's label for what is neither an object nor background."""


def is_marked(shape: Shape, flag: str) -> bool:
    """Whether a flag is set on a shape."""
    return bool(shape.flags) and dict(shape.flags).get(flag, False)


def is_done(shape: Shape) -> bool:
    """Whether a shape is a done region. One with both flags is."""
    return isinstance(shape, Region) and is_marked(shape, DONE_REGION)


def is_ignored(shape: Shape) -> bool:
    """Whether a shape is an area to ignore."""
    return isinstance(shape, Region) and not is_done(shape)


def by_flags(shape: Shape) -> Shape:
    """The shape as the line, the instance, or the region that it says it is."""
    if not shape.flags and type(shape) is Instance and not shape.line:
        return shape  # as nearly all
    region = is_marked(shape, DONE_REGION) or is_marked(shape, IGNORE)
    kind = Line if shape.line else Region if region else Instance
    return shape if type(shape) is kind else kind(**_values(shape))


def _values(shape: Shape) -> dict[str, Any]:
    return {field.name: getattr(shape, field.name) for field in fields(Shape)}


def labelled(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """Instances, areas to ignore and lines: all that has a label of the project."""
    shapes = tuple(shapes)
    if Region not in set(map(type, shapes)):  # as in most images
        return shapes
    return tuple(each for each in shapes if not is_done(each))


def covering(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """Instances and areas to ignore: all that has a label, and an area that it covers."""
    return tuple(each for each in shapes if not (isinstance(each, Line) or is_done(each)))


def comparable(
    shapes: Iterable[Shape], without: Collection[str] = NO_OBJECTS
) -> tuple[Instance, ...]:
    """The instances as a model is compared with them, areas to ignore among them as crowds.

    Outlines with one of the labels `without` are not among them.
    """
    return tuple(
        each
        if isinstance(each, Instance) and each.label != IGNORED_LABEL
        else Instance(**_values(each) | {"crowd": True})
        for each in covering(shapes)
        if each.label not in without
    )


def with_flag(shape: Shape, flag: str, on: bool) -> tuple[tuple[str, bool], ...]:
    """The flags of a shape with one of them set or taken away; the others stay in order."""
    if not on:
        return tuple(pair for pair in shape.flags if pair[0] != flag)
    if flag in dict(shape.flags):
        return tuple((name, value or name == flag) for name, value in shape.flags)
    return (*shape.flags, (flag, True))
