"""Every format that is read and written; in a folder of several the first of them is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

from core.formats.errors import check_unpacked
from core.formats.format import Format, Source
from core.formats.names import HOMES
from core.sentences import MasklensError, say

FORMATS: Final[tuple[Format, ...]] = tuple(
    import_module(f"core.formats.{home}").FORMAT for home in HOMES.values()
)
BY_NAME: Final[Mapping[str, Format]] = MappingProxyType({each.name: each for each in FORMATS})


def recognise(source: Source) -> Format | None:
    """The format of a file or folder, None when it is of none. Raises FormatError."""
    if not source.is_dir and source.suffix != ".npz":
        check_unpacked(source.data, source.path)
    coco = BY_NAME["coco"]
    if source.entries is not None and coco.recognises(source):
        return coco  # the others would take a large file as a whole to look at it
    return next((each for each in FORMATS if each.recognises(source)), None)


class OptionError(MasklensError):
    """A format has no such option, or not with that value."""


def choices(name: str, pairs: Sequence[str]) -> dict[str, str]:
    """Options given as NAME=VALUE for the format of this name. Raises OptionError."""
    offered = {option.name: option.choices for option in BY_NAME[name].options}
    chosen: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if value not in offered.get(key, ()):
            known = [f"{key}={value}" for key, values in offered.items() for value in values]
            options = ", ".join(known) or "-"
            raise OptionError(
                say(
                    "convert.option",
                    "{text} is no option of the format {format}; its options are: {options}.",
                    text=pair,
                    format=name,
                    options=options,
                )
            )
        chosen[key] = value
    return chosen
