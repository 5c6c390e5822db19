"""Memory that runs out, on a device or in the machine, is a sentence and no traceback."""

from __future__ import annotations

from typing import NoReturn

import pytest
import torch

from core.engine import serve
from core.engine.jobs import Job, is_memory_short
from core.protocol import Failed, ListModels

ALLOCATOR = (
    "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 900000000000 bytes. Error code 12 (Cannot allocate memory)"
)
SHORT = (MemoryError(), RuntimeError(ALLOCATOR), torch.OutOfMemoryError("CUDA out of memory."))


@pytest.mark.parametrize("error", SHORT, ids=lambda error: type(error).__name__)
def test_it_is_a_sentence(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(*_arguments: object) -> NoReturn:
        raise error

    monkeypatch.setattr(serve, "HANDLERS", {ListModels: run_out})
    request = ListModels(7, "models")
    answered = serve.answer(serve.Engine(), Job(request, 0), lambda _answer: None)
    assert answered == Failed(7, serve.OUT_OF_MEMORY)


def test_what_the_machine_says_itself() -> None:
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert is_memory_short(caught.value)
    assert not is_memory_short(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
