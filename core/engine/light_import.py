"""Importing torch and torchvision without what nothing here uses, until somebody asks for it.

`torchvision.ops.roi_align` imports one function of torch's compiler for a path that is taken on
graphics cards with deterministic algorithms alone; with it come a symbolic algebra and more: two
fifths of all that an engine loads before it can look at its first image. torch itself loads the
shapes that its operations give on the device `meta`, which compiling and exporting need, and
bindings of CUDA for its profiler. torchvision's data sets come on top.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any, Final

_COMPILER: Final = "torch._dynamo"
_UTILS: Final = f"{_COMPILER}.utils"
_DATA_SETS: Final = "torchvision.datasets"
_SHAPES: Final = "torch._meta_registrations"
_BINDINGS: Final = "cuda.bindings"
_BUILDING_ON_SHAPES: Final = frozenset(
    {
        _SHAPES,
        _COMPILER,
        "torch._decomp",
        "torch._functorch",
        "torch._inductor",
        "torch._prims",
        "torch._refs",
        "torch.export._trace",
    }
)


class Later(ModuleType):
    """Stands for a module, which is imported once something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _forget(self.__name__)
        return getattr(importlib.import_module(self.__name__), name)


class _Loaded(Loader):
    """Gives a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class _ShapesFirst(MetaPathFinder):
    """Imports the shapes before the first module that builds on them, as torch would have."""

    def __init__(self) -> None:
        self._done = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module comes from; None: from where it always does."""
        if self._done or fullname not in _BUILDING_ON_SHAPES:
            return None
        self._done = True
        if fullname == _SHAPES:
            return None
        importlib.import_module(_SHAPES)
        module = sys.modules.get(fullname)
        if module is None:
            return None
        # The import system takes the module's own word for where it comes from, and would load it
        # from there a second time.
        module.__spec__ = spec_from_loader(fullname, _Loaded(module))
        return module.__spec__


def import_torchvision() -> None:
    """Import torch and torchvision; what is left out is imported when somebody asks for it.

    Where torchvision should want more of the compiler, it is imported as it is.
    """
    with _uncollected():
        _import_torch()
        _import_torchvision()


def complete_torch() -> None:
    """Have all of torch that `import torch` promises: before code of others runs on it."""
    importlib.import_module(_SHAPES)


@contextlib.contextmanager
def without_compiler() -> Iterator[None]:
    """Let an optimiser of torch work: each of its calls would import the compiler.

    It only marks what is not to be compiled. Code of others has no place in here.
    """
    import torch

    if _COMPILER in sys.modules:
        yield
        return
    sys.modules[_COMPILER] = _no_compiler()
    try:
        yield
    finally:
        _clear(torch)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Looking for garbage among a million new objects that all stay takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _import_torch() -> None:
    if "torch" in sys.modules:
        return
    sys.modules[_SHAPES] = Later(_SHAPES)
    left_out: dict[str, Any] = sys.modules
    if _BINDINGS not in sys.modules:
        left_out[_BINDINGS] = None  # an ImportError for whoever asks
    try:
        torch = importlib.import_module("torch")
    finally:
        if sys.modules.get(_BINDINGS) is None:
            sys.modules.pop(_BINDINGS, None)
        is_left_out = isinstance(sys.modules.get(_SHAPES), Later)
        _forget(_SHAPES)
    if is_left_out:
        torch.__dict__.pop(_SHAPES.rpartition(".")[2], None)
        sys.meta_path.insert(0, _ShapesFirst())


def _import_torchvision() -> None:
    import torch

    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return
    package, utils = _no_compiler(), ModuleType(_UTILS)
    utils.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    sys.modules[_COMPILER], sys.modules[_UTILS] = package, utils
    sys.modules[_DATA_SETS] = Later(_DATA_SETS)
    try:
        importlib.import_module("torchvision")
        importlib.import_module("torchvision.tv_tensors")
    except (ImportError, AttributeError):
        _clear(torch)
        importlib.import_module("torchvision")
    finally:
        _clear(torch)


def _no_compiler() -> ModuleType:
    """A package that takes marks for what is not to be compiled."""
    package = ModuleType(_COMPILER)
    package.__path__ = []
    package.graph_break = lambda: None  # type: ignore[attr-defined]
    package.disable = lambda function, *_, **__: function  # type: ignore[attr-defined]
    return package


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
