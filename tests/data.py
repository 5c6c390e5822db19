"""Where tests find the real images and files that are not part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_data(*parts: str) -> Path:
    """The shared data folder beside the checkout, or a path in it; skips where it is absent."""
    path = ROOT.parent.joinpath("shared", "data", *parts)
    if not path.exists():
        pytest.skip(f"shared data not here: {'/'.join(parts) or 'data'}")
    return path
