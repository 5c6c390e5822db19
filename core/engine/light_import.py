"""Importing torchvision without torch's compiler, which nothing here uses.

`torchvision.ops.roi_align` imports one function of `torch._dynamo` for a path that is taken on
graphics cards with deterministic algorithms alone. With it come the compiler, a symbolic algebra
and more: two fifths of all that an engine loads before it can look at its first image.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Final

_COMPILER: Final = "torch._dynamo"
_UTILS: Final = f"{_COMPILER}.utils"


def import_torchvision() -> None:
    """Import torch and torchvision; the compiler is imported when somebody asks for it.

    Where torchvision should want more of it, it is imported as it is.
    """
    import torch

    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return
    package, utils = ModuleType(_COMPILER), ModuleType(_UTILS)
    package.__path__ = []
    utils.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    sys.modules[_COMPILER], sys.modules[_UTILS] = package, utils
    try:
        importlib.import_module("torchvision")
    except (ImportError, AttributeError):
        _clear(torch)
        importlib.import_module("torchvision")
    finally:
        _clear(torch)


def _clear(torch: Any) -> None:
    """Make way for the compiler itself."""
    for name in (_COMPILER, _UTILS):
        if name in sys.modules and not hasattr(sys.modules[name], "__file__"):
            del sys.modules[name]
    if not hasattr(torch.__dict__.get("_dynamo"), "__file__"):
        torch.__dict__.pop("_dynamo", None)


def _is_compile_supported(device_type: str) -> bool:
    found: bool = importlib.import_module(_UTILS).is_compile_supported(device_type)
    return found
