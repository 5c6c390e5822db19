"""The command `masklens`: opens windows, and does the same work without a screen."""

from __future__ import annotations

from core.cli.main import main

__all__ = ["main"]
