"""The messages, one file a topic; each file lists its own in `MESSAGES`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from core.protocol.messages.base import Message


@cache
def message_types() -> Mapping[str, type[Message]]:
    """Every message by its name on the wire. Raises ValueError when two use one name."""
    found: dict[str, type[Message]] = {}
    for module in pkgutil.iter_modules(__path__):
        kinds = getattr(importlib.import_module(f"{__name__}.{module.name}"), "MESSAGES", ())
        for kind in kinds:
            if found.setdefault(kind.TYPE, kind) is not kind:
                raise ValueError(f"two messages are called {kind.TYPE}")
    return MappingProxyType(found)
