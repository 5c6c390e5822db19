"""Which device and which precision: chosen from what the machine has and what is faster on it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

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

_PROBE_SIZE: Final = (256, 320)
_ROUNDS: Final = 3
_WORTH_IT: Final = 0.9
"""A less exact way is taken when it needs at most this share of the time of a more exact one."""
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
    loaded: LoadedModel, device: torch.device, precision: Precision, cache: Path | None = None
) -> Arithmetic:
    """How to compute on a device.

    `auto` on a CPU runs the model's backbone in each way once and remembers the winner in
    `cache` (by default in the user's cache folder), by processor, versions of torch and of ONNX
    Runtime, number of threads and architecture. On CUDA `auto` is bfloat16 where the card has it,
    else float16; on MPS float32. `fast` is for CPUs; elsewhere it is float32.
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
    file = cache or Path(platformdirs.user_cache_dir("masklens")) / "precision.json"
    return _remembered(loaded, file)


def fast_copy(
    loaded: LoadedModel, *, lasting: bool = True
) -> tuple[MaskRCNN, Proposer | None, Sentence | None]:
    """The network and its proposer made for a CPU, in float32; and why not as graphs, if so.

    Trunk and proposer are graphs that ONNX Runtime runs where it is installed and the model is
    `lasting`: one that changes with the next step is not worth an export.
    """
    twin, proposer = folded_copy(loaded.module), loaded.proposer
    if not lasting:
        return twin, proposer, None
    try:
        graphs.put_graph(twin)
        return twin, None if proposer is None else graphs.with_graph(proposer), None
    except graphs.GraphError as error:
        return twin, proposer, error.sentence


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


def measure(loaded: LoadedModel) -> dict[str, float]:
    """Seconds that backbone, pyramid and RPN take on a small image, by precision.

    The best of a few rounds, which alternate, so that other work slows all alike.
    """
    cpu = torch.device("cpu")
    low = choose_numerics(loaded.config.arch, cpu, torch.bfloat16)
    contenders = {
        "float32": (loaded.module, Numerics()),
        "fast": (fast_copy(loaded)[0], Numerics()),
        "bf16": (lowered_copy(loaded.module, low), low),
    }
    batch = Batch(torch.zeros(1, 3, *_PROBE_SIZE), (_PROBE_SIZE,), (_PROBE_SIZE,))
    best = dict.fromkeys(contenders, float("inf"))
    with torch.inference_mode():
        for round_number in range(_ROUNDS + 1):
            for name, (module, numerics) in contenders.items():
                start = time.perf_counter()
                levels = run_pyramid(module, run_backbone(module, batch, numerics), numerics)
                run_rpn(module, levels, numerics)
                if round_number:  # the first round warms up
                    best[name] = min(best[name], time.perf_counter() - start)
    return best


def _remembered(loaded: LoadedModel, file: Path) -> Arithmetic:
    key = _machine_key(loaded)
    known = _read(file)
    answer = known.get(key)
    if answer not in _BY_EXACTNESS:
        seconds = measure(loaded)
        answer, *others = _BY_EXACTNESS
        for each in others:
            if seconds[each] <= _WORTH_IT * seconds[answer]:
                answer = each
        # Without a place to remember it in, it is measured again next time.
        with contextlib.suppress(OSError, StorageError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, json.dumps({**known, key: answer}, indent=1).encode())
    dtype = torch.bfloat16 if answer == "bf16" else torch.float32
    return Arithmetic(dtype, fast=answer == "fast")


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
