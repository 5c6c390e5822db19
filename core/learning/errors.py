"""The error of this package."""

from __future__ import annotations

from typing import Final

from core.sentences import MasklensError, say

NO_REPORT: Final = say("learning.no_report", "There is no report {path}, or it is damaged.")


class LearningError(MasklensError):
    """A run cannot be prepared, read or carried on; no label is touched by it."""
