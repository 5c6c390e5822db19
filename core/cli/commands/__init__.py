"""One file a sub-command, found by its name.

Each has HELP (one line), `add_arguments(parser)` and `run(arguments, console) -> exit code`, and
loads what is slow to load only inside `run`.
"""

from __future__ import annotations

from typing import Final

COMMAND_NAMES: Final[tuple[str, ...]] = (
    "predict",
    "prompt",
    "evaluate",
    "explain",
    "trace",
    "list",
    "check",
    "models",
    "convert",
    "train",
    "bench",
    "shapes",
    "splash",
    "demo",
)
"""In the order in which `masklens --help` lists them."""
