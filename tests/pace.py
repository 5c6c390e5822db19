"""What a piece of work may take here: so many times a fixed loop that is timed beside it.

Seconds alone measure the machine a test happens to run on. A budget says what the work takes on the
machine of `docs/benchmarks.md`; it is stretched by how much slower this machine, busy as it is,
runs a loop of plain Python in the same moment, and by `ROOM` for what the loop cannot tell (caches,
the garbage of other tests). It notices work that grew with the square, not a few per cent: those
are what `tests/bench` is for.
"""

from __future__ import annotations

import time
from typing import Final

LOOP_S: Final = 0.022
ROOM: Final = 3.0


def allowed(seconds: float) -> float:
    """Seconds of the processor that work of `seconds` may take on this machine at this moment."""
    return ROOM * seconds * max(1.0, min(_loop() for _ in range(3)) / LOOP_S)


def _loop() -> float:
    held: dict[int, tuple[int, float]] = {}
    begun = time.process_time()
    for k in range(100_000):
        held[k & 1023] = (k, float(k))
    return time.process_time() - begun
