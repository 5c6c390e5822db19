"""Pictures of a stage lie where their values belong."""

from __future__ import annotations

import numpy as np
import pytest

from core.lens import pictures
from core.lens.trace import Trace
from tests.core.lens.cases import case


@pytest.fixture(scope="module")
def trace() -> Trace:
    return case(3).trace


@pytest.mark.parametrize("level", range(5))
def test_the_middle_of_an_objectness_cell_is_the_centre_of_its_anchors(
    trace: Trace, level: int
) -> None:
    drawn = pictures.objectness(trace.rpn.logits, trace.anchors, level, trace.input)
    rows, columns = trace.anchors.grids[level]
    assert drawn.pixels.shape == (rows, columns, 4)
    across, down = trace.input.scale
    for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)):
        x0, y0, x1, y1 = trace.anchors.boxes[trace.anchors.cell_index(level, row, column)]
        middle = ((x0 + x1) / 2 / across, (y0 + y1) / 2 / down)
        place = drawn.place
        x = place.x0 + (place.x1 - place.x0) * (column + 0.5) / columns
        y = place.y0 + (place.y1 - place.y0) * (row + 0.5) / rows
        # Anchors are rounded to whole pixels around their centre.
        assert np.allclose((x, y), middle, atol=0.51 / min(across, down))


def test_the_input_is_the_image_and_its_padding_the_mean(trace: Trace) -> None:
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    drawn = pictures.network_view(trace.input, mean, std)
    high, wide = trace.input.size
    padding = drawn.pixels[high:, :, :3].reshape(-1, 3)
    assert len(padding) == 0 or (padding == np.round(255 * np.array(mean) + 1e-6)).all()
    assert drawn.pixels.shape[:2] == trace.input.padded
    image_high, image_wide = trace.input.image_size
    scale = drawn.place.x1 / trace.input.padded[1], drawn.place.y1 / trace.input.padded[0]
    assert np.allclose((wide * scale[0], high * scale[1]), (image_wide, image_high))


def test_a_mask_lies_over_its_box_with_a_clear_border() -> None:
    logits = np.full((28, 28), 3.0, np.float32)
    drawn = pictures.mask_logits(logits, np.array([10.0, 20.0, 66.0, 76.0], np.float32))
    assert drawn.pixels.shape == (30, 30, 4)
    assert (drawn.pixels[0, :, 3] == 0).all()
    assert drawn.pixels[1:-1, 1:-1, 3].min() > 0
    cell = (drawn.place.x1 - drawn.place.x0) / 30
    assert abs(drawn.place.x0 + cell - 10) <= 1
    assert abs(drawn.place.y1 - cell - 76) <= 1
