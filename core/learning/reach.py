"""What the request of a run reaches for beyond its own project: code of a user's own, other files.

`spec.json` lies in a folder that may come from anybody. What it may say by itself is a name that we
know or a file of its own project. All else, a person has to allow: by the command line, or in the
window, where they are asked when a run goes on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from core.learning.errors import LearningError
from core.learning.folder import RunFolder
from core.learning.spec import RunSpec
from core.sentences import say
from core.storage import inside

MODEL_NAMES: Final = ("starter", "photos", "coco", "coco-v2")
_ARCH: Final = re.compile(
    r"(mask|faster|keypoint)rcnn_[a-z0-9_]{1,40}_fpn(_v2)?|fasterrcnn_vgg16"
    r"|matterport_[a-z0-9]{1,20}"
)
_ALLOWED: Final = "MASKLENS_ALLOWED"


def is_name(model: str) -> bool:
    """Whether this names a model or an architecture, and no file."""
    return model in MODEL_NAMES or _ARCH.fullmatch(model) is not None


def is_inside(path: str, root: Path) -> bool:
    """Whether a file lies in a folder, links resolved; a name elsewhere is not even looked up."""
    if "\0" in path or not Path(path).is_absolute():
        return False
    plain = Path(os.path.normpath(path))
    return plain.is_relative_to(root) and Path(os.path.realpath(plain)).is_relative_to(
        os.path.realpath(root)
    )


def root_of(run: RunFolder) -> Path:
    """The project of a run; of one that lies elsewhere the folder that holds it."""
    return inside.project_of(run.path) or run.path.absolute().parent


def code_of(spec: RunSpec) -> str | None:
    """The callable of a user's own that a request names."""
    return spec.backbone


def files_of(run: RunFolder, spec: RunSpec) -> tuple[str, ...]:
    """The files outside its project that a request names."""
    root = root_of(run)
    named = [] if is_name(spec.model) else [spec.model]
    named += [] if spec.backbone_weights is None else [spec.backbone_weights]
    return tuple(path for path in dict.fromkeys(named) if not is_inside(path, root))


def reach_of(run: RunFolder, spec: RunSpec) -> tuple[str, ...]:
    """All that a person has to allow before a run works."""
    code = code_of(spec)
    return (*(() if code is None else (code,)), *files_of(run, spec))


def check_reach(run: RunFolder, spec: RunSpec, allowed: Collection[str]) -> None:
    """Raise LearningError when a request reaches for something that nobody has allowed."""
    for what in reach_of(run, spec):
        if what not in allowed:
            raise LearningError(
                say(
                    "learning.not_allowed",
                    "{path} asks for {what}, which is no part of its project. Nothing was loaded. "
                    "Name it on the command line, or allow it in the window, if you know it.",
                    path=str(run.spec_file),
                    what=what,
                )
            )


def in_environment(allowed: Collection[str]) -> Mapping[str, str]:
    """What tells a trainer's process what a person has allowed."""
    return {_ALLOWED: json.dumps(sorted(allowed))}


def from_environment() -> frozenset[str]:
    """What a person has allowed this process."""
    try:
        found = json.loads(os.environ.get(_ALLOWED, "[]"))
    except ValueError:
        return frozenset()
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()
