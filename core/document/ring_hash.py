"""A short mark of an outline, by which a change made by another program is noticed."""

from __future__ import annotations

import hashlib
import struct

from core.document.instance import Ring


def ring_hash(ring: Ring) -> str:
    """A hash of a ring that stays when its numbers are rounded to a hundredth of a pixel."""
    # Adding zero turns -0.0 into 0.0.
    numbers = [round(value, 2) + 0.0 for point in ring for value in point]
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()[:16]
