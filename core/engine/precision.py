"""Which device and which precision: chosen from what the machine has and what is faster on it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar, cast

import platformdirs
import torch
from torchvision.models.detection import MaskRCNN

from core.engine import graphs
from core.engine.fusing import folded_copy, lowered_copy, lowered_parts
from core.engine.proposers.base import Proposer
from core.engine.stages.features import run_backbone, run_pyramid, run_rpn
from core.engine.stages.inputs import Batch
from core.engine.stages.numerics import ALL_PARTS, Numerics
from core.engine.weights import LoadedModel
from core.sentences import MasklensError, Sentence, say
from core.storage.atomic import StorageError, write_atomic

Precision = Literal["auto", "float32", "fast", "bf16"]
_Found = TypeVar("_Found")

_PROBE_SIZE: Final = (256, 320)
_ROUNDS: Final = 3
_WORTH_IT: Final = 0.9
"""A less exact way is taken when it needs at most this share of the time of a more exact one."""
_HOPELESS: Final = 3.0
"""A way that takes so many times as long as another in the same rounds is not timed again."""
_BY_EXACTNESS: Final = ("float32", "fast", "bf16")


class DeviceError(MasklensError):
    """The device that was asked for is not there."""


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` means CUDA, then MPS, then CPU. Raises DeviceError."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(
            say(
                "engine.device_unknown",
                "{name!r} is not the name of a device; use auto, cpu, cuda or mps.",
                name=name,
            )
        ) from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise DeviceError(
            say(
                "engine.device_missing",
                "The device {name!r} is not available on this machine.",
                name=name,
            )
        )
    return device


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How the convolutions and fully connected layers of a network are computed.

    With `fast` they are float32 still, but of a network made for it (`fast_copy`).
    """

    dtype: torch.dtype = torch.float32
    fast: bool = False

    def named(self, *, with_graphs: bool) -> str:
        """How a person is told."""
        name = str(self.dtype).removeprefix("torch.")
        if not self.fast:
            return name
        return f"{name} (ONNX Runtime)" if with_graphs else f"{name} (fast)"


def choose_prediction_arithmetic(
    loaded: LoadedModel,
    device: torch.device,
    precision: Precision,
    cache: Path | None = None,
    *,
    may_measure: bool = True,
) -> Arithmetic | None:
    """How to compute on a device.

    `auto` on a CPU runs the model's backbone in each way once and remembers the winner in
    `cache` (by default in the user's cache folder), by processor, versions of torch and of ONNX
    Runtime, number of threads and architecture; None when nothing is remembered and nothing
    `may_measure`. On CUDA `auto` is bfloat16 where the card has it, else float16; on MPS float32.
    `fast` is for CPUs; elsewhere it is float32.
    """
    if precision == "float32":
        return Arithmetic()
    if precision == "bf16":
        return Arithmetic(torch.bfloat16)
    if precision == "fast":
        return Arithmetic(fast=device.type == "cpu")
    if device.type == "cuda":
        return Arithmetic(torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)
    if device.type != "cpu":
        return Arithmetic()
    file = cache or _cache()
    answer = _read(file).get(_machine_key(loaded))
    if answer not in _BY_EXACTNESS:
        if not may_measure:
            return None
        answer = finished(_decision(loaded, file))
    dtype = torch.bfloat16 if answer == "bf16" else torch.float32
    return Arithmetic(dtype, fast=answer == "fast")


def deciding(loaded: LoadedModel, cache: Path | None = None) -> Iterator[None]:
    """Find out and remember what `auto` is for a model, a piece of work at each step.

    A piece takes a second at most. Graphs are made as well if they will be used, so that
    the next start finds them.
    """
    answer = yield from _decision(loaded, cache or _cache())
    if answer == "fast":
        yield
        fast_copy(loaded)


def fast_copy(
    loaded: LoadedModel, *, lasting: bool = True
) -> tuple[MaskRCNN, Proposer | None, Sentence | None]:
    """The network and its proposer made for a CPU, in float32; and why not as graphs, if so.

    Trunk and proposer are graphs that ONNX Runtime runs where it is installed and the model is
    `lasting`: one that changes with the next step is not worth an export.
    """
    proposer = loaded.proposer
    if not lasting:
        return folded_copy(loaded.module), proposer, None
    twin, why = _fast_network(loaded)
    if why is None and proposer is not None:
        try:
            proposer = graphs.with_graph(proposer)
        except graphs.GraphError as error:
            why = error.sentence
    return twin, proposer, why


def _fast_network(loaded: LoadedModel) -> tuple[MaskRCNN, Sentence | None]:
    """The network made for a CPU; and why its trunk is no graph, if so."""
    twin = folded_copy(loaded.module)
    try:
        graphs.put_graph(twin)
    except graphs.GraphError as error:
        return twin, error.sentence
    return twin, None


def choose_numerics(arch: str, device: torch.device, dtype: torch.dtype) -> Numerics:
    """Which parts of a network run in a dtype: on a CPU those that gain by it, elsewhere all."""
    if dtype == torch.float32:
        return Numerics()
    return Numerics(dtype, lowered_parts(arch) if device.type == "cpu" else ALL_PARTS)


def wide_maps_want_planes() -> bool:
    """Whether the gradients of 3×3 convolutions on wide maps are found sooner channel by channel.

    With AVX2 alone oneDNN takes a quarter of the time so for those of the kernels, see
    docs/benchmarks.md; with AVX-512 the channels are better last. It is told by the processor and
    not by measuring, so that a run of the same numbers gives the same weights.
    """
    return torch.backends.cpu.get_cpu_capability() == "AVX2"


def measuring(loaded: LoadedModel) -> Generator[None, None, dict[str, float]]:
    """Seconds that backbone, pyramid and RPN take on a small image, by precision; in pieces.

    The best of a few rounds, which alternate, so that other work slows all alike. A way that is
    `_HOPELESS` times as slow as a more exact one takes part in no further round.
    """
    cpu = torch.device("cpu")
    low = choose_numerics(loaded.config.arch, cpu, torch.bfloat16)
    makers: dict[str, Callable[[], tuple[MaskRCNN, Numerics]]] = {
        "float32": lambda: (loaded.module, Numerics()),
        "fast": lambda: (_fast_network(loaded)[0], Numerics()),
        "bf16": lambda: (lowered_copy(loaded.module, low), low),
    }
    contenders: dict[str, tuple[MaskRCNN, Numerics]] = {}
    for name, make in makers.items():
        contenders[name] = make()
        yield
    best = dict.fromkeys(contenders, float("inf"))
    warm = dict(best)
    for round_number in range(_ROUNDS + 1):
        times = best if round_number else warm  # in the first round much is made ready
        for name in list(contenders):
            times[name] = min(times[name], _seconds(*contenders[name]))
            if times[name] > _HOPELESS * min(times.values()):
                best[name] = min(best[name], times[name])
                del contenders[name]
            yield
    return best


def finished(work: Generator[None, None, _Found]) -> _Found:
    """What comes of work in pieces, done at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast(_Found, end.value)


@torch.inference_mode()
def _seconds(module: MaskRCNN, numerics: Numerics) -> float:
    batch = Batch(torch.zeros(1, 3, *_PROBE_SIZE), (_PROBE_SIZE,), (_PROBE_SIZE,))
    start = time.perf_counter()
    levels = run_pyramid(module, run_backbone(module, batch, numerics), numerics)
    run_rpn(module, levels, numerics)
    return time.perf_counter() - start


def _decision(loaded: LoadedModel, file: Path) -> Generator[None, None, str]:
    """The precision that pays, remembered in a file."""
    seconds = yield from measuring(loaded)
    answer, *others = _BY_EXACTNESS
    for each in others:
        if seconds[each] <= _WORTH_IT * seconds[answer]:
            answer = each
    # Without a place to remember it in, it is measured again next time.
    with contextlib.suppress(OSError, StorageError):
        file.parent.mkdir(parents=True, exist_ok=True)
        known = {**_read(file), _machine_key(loaded): answer}
        write_atomic(file, json.dumps(known, indent=1).encode())
    return answer


def _cache() -> Path:
    return Path(platformdirs.user_cache_dir("masklens")) / "precision.json"


def _read(file: Path) -> dict[str, str]:
    """What was remembered; a file that is missing or broken is no more than forgotten."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return cast(dict[str, str], content) if isinstance(content, dict) else {}


def _machine_key(loaded: LoadedModel) -> str:
    parts = (
        _processor(),
        torch.backends.cpu.get_cpu_capability(),
        torch.__version__,
        graphs.runtime() or "",
        str(torch.get_num_threads()),
        loaded.config.arch,
        str(loaded.config.version),
        str(loaded.config.fpn_channels),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name with its abilities where the system tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "model\t", "cpu family", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))
