"""Opening model files: nothing in them runs, and nothing unpacks to more than the file holds."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from core.sentences import MasklensError, say
from core.storage import inside

# What torch.load raises for files that are cut, mixed up or something else altogether.
_BROKEN: Final = (
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
MODEL_UNREADABLE: Final = say(
    "engine.model_unreadable",
    "{path} is not a model file that can be loaded safely. It must be a *.pt file of masklens or "
    "a state_dict saved by torch.save.",
)


class ModelFileError(MasklensError):
    """A model file is missing, unreadable, damaged or does not fit its architecture."""


def read_checked(path: Path) -> Mapping[str, Any]:
    """The top-level mapping of a `torch.save` file, read without running any code in it.

    Raises ModelFileError when there is no such file or it is not such a mapping.
    """
    if not (inside.is_file(path) if inside.is_below_own(path) else path.is_file()):
        raise ModelFileError(
            say("engine.model_missing", "There is no model file {path}.", path=str(path))
        )
    try:
        _check_unpacked(path)
        content = _load(path)
    except (*_BROKEN, OSError) as error:
        raise ModelFileError(MODEL_UNREADABLE.given(path=str(path))) from error
    if not isinstance(content, Mapping):
        raise ModelFileError(MODEL_UNREADABLE.given(path=str(path)))
    return content


def _load(path: Path) -> object:
    # torchvision's reference scripts store their command line in the checkpoint. Files that are no
    # checkpoints make torch warn before it fails.
    with (
        warnings.catch_warnings(action="ignore"),
        torch.serialization.safe_globals([argparse.Namespace]),
        _open(path) as file,
    ):
        return torch.load(file, map_location="cpu", weights_only=True)


def _open(path: Path) -> io.BufferedReader:
    """A model file that a person named may be a link, one of a project not."""
    return inside.open_reading(path) if inside.is_below_own(path) else path.open("rb")


def sha256(path: Path) -> str:
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_unpacked(path: Path) -> None:
    """Raise ValueError where entries are compressed: torch writes none, and a small file could
    fill the memory.
    """
    with _open(path) as file:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > file.seek(0, os.SEEK_END):
            raise ValueError("its entries are compressed")
