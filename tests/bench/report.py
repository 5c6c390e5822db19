"""Figures of a benchmark with the machine they were taken on, as a table for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
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


def interleaved(
    contenders: dict[str, Callable[[], object]], rounds: int
) -> dict[str, tuple[float, float]]:
    """Best and median seconds of each contender; rounds alternate, so load strikes all alike.

    The first round warms up and does not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            start = time.perf_counter()
            work()
            if number:
                taken[name].append(time.perf_counter() - start)
    return {name: (min(each), statistics.median(each)) for name, each in taken.items()}


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
