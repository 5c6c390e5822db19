"""Importing torchvision without what nothing here uses, until somebody asks for it.

`torchvision.ops.roi_align` imports one function of torch's compiler for a path that is taken on
graphics cards with deterministic algorithms alone; with it come a symbolic algebra and more: two
fifths of all that an engine loads before it can look at its first image. Its data sets come on top.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Final

_COMPILER: Final = "torch._dynamo"
_UTILS: Final = f"{_COMPILER}.utils"
_DATA_SETS: Final = "torchvision.datasets"


class Later(ModuleType):
    """Stands for a module, which is imported once something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _forget(self.__name__)
        return getattr(importlib.import_module(self.__name__), name)


def import_torchvision() -> None:
    """Import torch and torchvision; what is left out is imported when somebody asks for it.

    Where torchvision should want more of the compiler, it is imported as it is.
    """
    import torch

    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return
    package, utils = ModuleType(_COMPILER), ModuleType(_UTILS)
    package.__path__ = []
    utils.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    sys.modules[_COMPILER], sys.modules[_UTILS] = package, utils
    sys.modules[_DATA_SETS] = Later(_DATA_SETS)
    try:
        importlib.import_module("torchvision")
    except (ImportError, AttributeError):
        _clear(torch)
        importlib.import_module("torchvision")
    finally:
        _clear(torch)


def _clear(torch: Any) -> None:
    """Make way for the compiler and the data sets themselves."""
    for name in (_COMPILER, _UTILS, _DATA_SETS):
        _forget(name)
    if not hasattr(torch.__dict__.get("_dynamo"), "__file__"):
        torch.__dict__.pop("_dynamo", None)


def _forget(name: str) -> None:
    """Drop what stands for a module, but not the module."""
    if not hasattr(sys.modules.get(name), "__file__"):
        sys.modules.pop(name, None)


def _is_compile_supported(device_type: str) -> bool:
    found: bool = importlib.import_module(_UTILS).is_compile_supported(device_type)
    return found
