"""Proposers by name: our own, those that other packages bring, and files of torchvision's weights.

Another package offers one through the entry-point group `masklens.proposers`: a callable without
arguments that returns a `Proposer`. It is loaded only when a person asks for it by its name;
nothing in a folder of images or in a model file can name one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final

from core.engine.light_import import complete_torch
from core.engine.proposers import detectors, yolox
from core.engine.proposers.base import Proposer, ProposerError
from core.sentences import say

_BROKEN: Final = say(
    "proposers.broken",
    "The proposer {name!r} that another package brings could not be made: {why}.",
)
GROUP: Final = "masklens.proposers"
BUNDLED: Final[Mapping[str, Callable[[], Proposer]]] = MappingProxyType(
    {yolox.NAME: yolox.load_bundled}
)


def names() -> tuple[str, ...]:
    """Every name that `load_proposer` takes: ours first, then other packages'."""
    others = {each.name for each in entry_points(group=GROUP)} - set(BUNDLED)
    return (*BUNDLED, *sorted(others))


def load_proposer(spec: str | Path, *, arch: str | None = None) -> Proposer:
    """A proposer by its name, or a state_dict of one of torchvision's detectors by its file.

    `arch` names the detector where the file does not tell (`detectors.ARCHES`).
    Raises ProposerError.
    """
    if arch is not None and spec in names():
        raise ProposerError(
            say(
                "proposers.arch_unneeded",
                "The proposer {name!r} is no file of weights, so naming {arch} as what is in it "
                "would do nothing; leave it out.",
                name=str(spec),
                arch=arch,
            )
        )
    if isinstance(spec, str) and spec in BUNDLED:
        return BUNDLED[spec]()
    if isinstance(spec, str) and spec in names():
        return _foreign(spec)
    path = Path(spec)
    if not path.is_file():
        known = ", ".join(names())
        raise ProposerError(
            say(
                "proposers.unknown",
                "{spec!r} is neither a file of weights nor one of the proposers {known}.",
                spec=str(spec),
                known=known,
            )
        )
    return detectors.load_file(path, arch)


def _foreign(name: str) -> Proposer:
    (entry,) = list(entry_points(group=GROUP, name=name))[:1]
    complete_torch()
    try:
        made = entry.load()()
    except Exception as error:
        raise ProposerError(_BROKEN.given(name=name, why=_short(error))) from error
    if not isinstance(made, Proposer):
        problem = f"it is a {type(made).__name__} and lacks what a proposer has"
        raise ProposerError(_BROKEN.given(name=name, why=problem))
    return made


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
