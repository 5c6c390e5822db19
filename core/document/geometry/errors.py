"""The error of geometry."""

from __future__ import annotations

from core.sentences import MasklensError


class GeometryError(MasklensError):
    """An outline cannot be made, or be changed, as asked; the sentence says why."""
