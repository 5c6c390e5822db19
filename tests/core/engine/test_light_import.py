"""torch and torchvision without what nothing uses, and all of it for whoever asks."""

from __future__ import annotations

import subprocess
import sys

from core.child import python_environment

CODE = """
import gc, sys
from core.engine.light_import import complete_torch, import_torchvision
import_torchvision()
assert gc.isenabled()
import torch, torchvision
left_out = ("sympy", "torch._inductor", "torch._dynamo", "torchvision.datasets")
left_out += ("torch._meta_registrations", "torch._decomp", "torch._refs", "cuda.bindings")
heavy = [name for name in left_out if name in sys.modules]
assert not heavy, heavy
assert not hasattr(torch, "_meta_registrations")
boxes = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
pooled = torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [boxes], 2)
assert pooled.shape == (1, 1, 2, 2)
import tempfile
from core.engine import graphs
if graphs.runtime():
    with tempfile.TemporaryDirectory() as folder:
        graphs.graph_of(torch.nn.Conv2d(3, 4, 3), graphs.Path(folder))
assert not [name for name in left_out if name in sys.modules], "a graph needs none of it"
import tests.core, types
package = sys.modules["tests.core.engine"] = types.ModuleType("tests.core.engine")
package.__path__ = [tests.core.__path__[0] + "/engine"]  # its own __init__ imports all of torch
from tests.core.engine.train.test_optimiser import batch, trainer
learning = trainer()
learning.learn(batch())
learning.restore(learning.state())
left_out = [name for name in left_out if name in sys.modules]
assert not left_out, f"to learn takes none of it: {left_out}"
import torch._refs.linalg
assert torch._meta_registrations.__file__, "the shapes come before what builds on them"
assert torch._refs.linalg.__file__ and torch._refs.__spec__.origin == torch._refs.__file__
assert len(torch._decomp.decomposition_table) > 100, "each module is loaded once"
complete_torch()
assert torch.linalg.lu_factor(torch.ones(3, 3, device="meta"))[0].shape == (3, 3)
import importlib
roi_align = importlib.import_module("torchvision.ops.roi_align")
assert roi_align.is_compile_supported("cpu") in (True, False)
assert torch._dynamo.__file__, "the compiler itself, now that it was asked"
assert torchvision.datasets.CocoDetection, "the data sets themselves"
assert sys.modules["torchvision.datasets"].__file__
import_torchvision()
"""


def test_what_nothing_uses_is_left_out_until_it_is_asked() -> None:
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(
        command, env=python_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
