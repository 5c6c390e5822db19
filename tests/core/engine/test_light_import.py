"""torch and torchvision without what nothing uses, and all of it for whoever asks."""

from __future__ import annotations

import subprocess
import sys

from core.child import python_environment

CODE = """
import sys
from core.engine.light_import import import_torchvision
import_torchvision()
import torch, torchvision
left_out = ("sympy", "torch._inductor", "torch._dynamo", "torch._decomp", "torch._prims")
heavy = [name for name in (*left_out, "torchvision.datasets") if name in sys.modules]
assert not heavy, heavy
with torch.device("meta"):
    empty = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
assert empty[0].weight.is_meta
boxes = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
pooled = torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [boxes], 2)
assert pooled.shape == (1, 1, 2, 2)
import importlib
roi_align = importlib.import_module("torchvision.ops.roi_align")
assert roi_align.is_compile_supported("cpu") in (True, False)
assert torch._dynamo.__file__, "the compiler itself, now that it was asked"
assert torchvision.datasets.CocoDetection, "the data sets themselves"
assert sys.modules["torchvision.datasets"].__file__
assert empty(torch.ones(1, 3, 8, 8, device="meta")).shape == (1, 4, 6, 6)
from torch._meta_registrations import register_meta
assert callable(register_meta)
import_torchvision()
"""


def test_what_nothing_uses_is_left_out_until_it_is_asked() -> None:
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(
        command, env=python_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
