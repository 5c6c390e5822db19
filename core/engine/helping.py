"""The engine as the helper of a simulated person: prompts for one encoded image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.document.geometry import Rect
from core.document.instance import Point, Polygons
from core.engine.encodings import Encoding
from core.engine.prompt_points import answer_points
from core.engine.prompts import answer_boxes
from core.lens.detail import Detail

MOST: Final = 6
"""Boxes under the points that are drawn to find the best."""


@dataclass(frozen=True, slots=True)
class EngineHelper:
    """Answers with the outline that is shown first; empty where there is none."""

    encoding: Encoding

    def box(self, box: Rect) -> Sequence[Polygons]:
        """What lies in a box: the outline that is shown, then the others."""
        corners = np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32)
        answers = answer_boxes(self.encoding, corners, Detail())[0]
        return [each.polygons for each in answers]

    def under(self, point: Point) -> tuple[Sequence[Polygons], int]:
        """The outlines under a point, by size, and which of them is shown."""
        spot, inside = np.array([point], np.float32), np.ones(1, np.bool_)
        answers, best = answer_points(self.encoding, spot, inside, Detail(), MOST)
        return [each.polygons for each in answers], best

    def click(self, points: Sequence[Point], inside: Sequence[bool], present: Polygons) -> Polygons:
        """What lies under the points; the present outline put right when there is one."""
        spots, kinds = np.array(points, np.float32), np.array(inside, np.bool_)
        answers, best = answer_points(self.encoding, spots, kinds, Detail(), MOST, present)
        return answers[best].polygons if best >= 0 else ()
