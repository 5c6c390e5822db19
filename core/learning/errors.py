"""The error of this package."""

from __future__ import annotations

from core.sentences import MasklensError


class LearningError(MasklensError):
    """A run cannot be prepared, read or carried on; no label is touched by it."""
