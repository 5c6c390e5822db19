"""Figures of a benchmark with the machine they were taken on, as a table for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch


def machine() -> str:
    """Processor, its abilities that matter here, threads, versions and the load right now."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    flags = set(text.split())
    able = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores "
        f"({', '.join(able) or 'no vector extensions known'}; "
        f"{'AMX' if 'amx_bf16' in flags else 'no AMX'}), "
        f"torch {torch.__version__} with {torch.get_num_threads()} threads, load {load}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one contender: the best of its rounds."""

    wall: float
    cpu: float
    """Processor time over all threads: other work on the machine hardly blurs it."""


def interleaved(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, Taken]:
    """Best times of each contender; rounds alternate, so that load strikes all alike.

    The first round warms up and does not count.
    """
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            work()
            if number:
                wall[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - start_cpu)
    return {name: Taken(min(wall[name]), min(cpu[name])) for name in contenders}


class PeakMemory:
    """Resident memory of this process above a mark, in bytes; Linux, where peaks can be reset."""

    def __init__(self) -> None:
        self.mark = 0
        self.reset()

    def reset(self) -> None:
        """Set the mark to what is resident now."""
        Path("/proc/self/clear_refs").write_text("5")
        self.mark = self._status("VmRSS")

    def above(self) -> int:
        """The most that was resident since the mark, less what was then."""
        return self._status("VmHWM") - self.mark

    @staticmethod
    def _status(name: str) -> int:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise OSError(f"/proc/self/status has no {name}")
