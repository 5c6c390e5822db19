"""What each stage shows, a file each: table, boxes, pictures, legend, words and JSON.

A new stage is one file and one line here. Two painters draw any of it: the layers and the table of
the window, and `core.lens.painter` the pictures and the page of `masklens trace`.
"""

from __future__ import annotations

from typing import Final

from core.lens.views import candidates, roi_levels
from core.lens.views.base import Stage

VIEWS: Final[dict[str, Stage]] = {
    each.name: each
    for each in (
        roi_levels.STAGE,
        candidates.STAGE,
    )
}
"""By their names, in the order of the network."""
