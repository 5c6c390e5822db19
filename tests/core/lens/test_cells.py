"""Cells of one-stage detectors: decoded by hand, found under the pointer, told by their boxes."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch

from core.engine.predict import Predictor
from core.engine.proposers import dense
from core.engine.proposers.base import Boxes
from core.engine.proposers.detectors import KINDS, DetectorProposer
from core.engine.proposers.yolox import SIDE, cells_of, decode
from core.engine.weights import with_proposer
from core.lens.cells import CellLevel, Cells
from core.lens.export import arrays, document
from core.lens.hollow import with_fixed, without_fixed, without_maps
from core.lens.trace import Trace, to_numpy
from core.lens.views import LAYERS, VIEWS
from core.lens.views.base import Look
from core.lens.views.cells import decoded, scores
from core.lens.views.marks import CellsShown
from core.protocol import MessageReader, encode
from core.protocol.messages.lens import LensOpened
from tests.core.engine.networks import loaded, picture
from tests.core.engine.proposers.fakes import FakeProposer
from tests.core.engine.proposers.test_detectors import CLASSES, network

SECOND = 53
"""The second cell of the second row at stride 8 of YOLOX: 52 cells a row."""
FACTOR = 2.0
"""Pixels of YOLOX's input for one of the image."""


def one(system: str, raw: tuple[float, ...], inside: tuple[float, ...] = ()) -> Cells:
    """One answer whose start is 8 wide and 4 high with its middle at (14, 22)."""
    return Cells(
        system,
        (CellLevel(8, 1, 1, 1, (8, 8), (14, 22)),),
        np.array([[10, 20, 18, 24]], np.float32),
        np.array([raw], np.float32),
        np.array(inside, np.float32),
        np.array([0.64], np.float32),
        np.array([1]),
        np.array([0]),
    )


@pytest.mark.parametrize(
    ("system", "raw", "inside", "box", "score"),
    [
        # Ge et al. 2021: centre (10 + 0.5·8, 20 + 0.25·4), sides (2·8, 3·4).
        ("yolox", (0.5, 0.25, log(2), log(3)), (0.5,), (6, 15, 22, 27), 0.32),
        # Tian et al. 2019: 1·8 left, 0.5·4 up, 2·8 right, 1·4 down of the middle.
        ("fcos", (1, 0.5, 2, 1), (0.25,), (6, 20, 30, 26), 0.4),
        # Ren et al. 2015: centre (14 + 0.5·8, 22 − 0.25·4), sides (2·8, 0.5·4).
        ("retinanet", (0.5, -0.25, log(2), -log(2)), (), (10, 20, 26, 22), 0.64),
        # Liu et al. 2016: the same in tenths and fifths.
        ("ssd", (5, -2.5, 5 * log(2), -5 * log(2)), (), (10, 20, 26, 22), 0.64),
    ],
)
def test_a_cell_is_decoded_as_the_papers_say(
    system: str,
    raw: tuple[float, ...],
    inside: tuple[float, ...],
    box: tuple[int, ...],
    score: float,
) -> None:
    cells = one(system, raw, inside)
    np.testing.assert_allclose(decoded(cells, np.array([0]))[0], box, atol=1e-5)
    assert float(scores(cells)[0]) == pytest.approx(score)


def answer() -> torch.Tensor:
    """An answer of YOLOX: one strong cell, one that it suppresses, one weak, and silence."""
    found = torch.zeros((3549, 7))
    found[SECOND] = torch.tensor([0.5, 0.5, log(4), log(4), 1.0, 0.1, 0.9])
    found[SECOND + 1] = torch.tensor([-0.5, 0.5, log(4), log(4), 0.9, 0.1, 0.8])
    found[-1] = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.2])
    return found


def test_the_cells_of_yolox_are_those_that_its_boxes_are_made_of() -> None:
    torch.manual_seed(1)
    values = torch.randn(3549, 7) * 0.5
    cells = to_numpy(cells_of(values, FACTOR))
    boxes, table = decode(values, SIDE, SIDE)
    np.testing.assert_allclose(decoded(cells, cells.source), boxes / FACTOR, atol=1e-3)
    assert cells.start[SECOND].tolist() == [4, 4, 8, 8]
    assert cells.place(SECOND) == (0, 1, 1, 0)
    assert cells.place(52 * 52 + 27) == (1, 1, 1, 0)
    assert list(cells.answers(1, 1, 1)) == [52 * 52 + 27]
    assert cells.at(0, 4.1, 7.9) == (1, 1)
    assert cells.at(0, 3.9, 7.9) == (1, 0)
    assert cells.at(2, 207, 207) == (12, 12)
    assert cells.at(2, 209, 0) is None
    with pytest.raises(IndexError):
        cells.place(3549)
    assert table.shape == (3549, 2)


class Yolox(FakeProposer):
    """Reads one answer as YOLOX does."""

    def propose(self, image: torch.Tensor) -> Boxes:
        boxes, table = decode(answer(), SIDE, SIDE)
        score, label = table.max(dim=1)
        return Boxes(boxes / FACTOR, label + 1, score, lambda: cells_of(answer(), FACTOR))


@pytest.fixture(scope="module")
def trace() -> Trace:
    pair = with_proposer(loaded(), Yolox(), "pair", proposer_tiles=2)
    predictor = Predictor(pair, device="cpu", precision="float32")
    return to_numpy(predictor.predict(picture(), keep_trace=True).trace)


def test_a_cell_under_the_pointer_says_its_numbers_and_its_fate(trace: Trace) -> None:
    shown = LAYERS["cells"].draw(Look(trace))
    assert isinstance(shown, CellsShown)
    best, *others = shown.at(5, 5)
    assert [best.level, *sorted(each.level for each in others)] == [0, 1, 2]
    assert (best.number, best.cell) == (SECOND, (4, 4, 8, 8))
    np.testing.assert_allclose(best.box, (-2, -2, 14, 14), atol=1e-4)
    assert [str(line) for line in best.lines] == [
        "stride 8, row 2, column 2",
        "dx 0.50 · dy 0.50 · log w 1.39 · log h 1.39",
        "Objectness 1.000, pear 0.900: score 0.900",
        "kept",
    ]
    beside = shown.at(9, 5)[0]
    assert str(beside.lines[-1]) == f"suppressed by box {SECOND + 1}"
    assert str(shown.at(1, 1)[0].lines[-1]) == "low score: not above 0.3"
    assert shown.at(500, 5) == ()
    assert shown.of(SECOND) == best
    assert shown.of(3549) is None  # seen in a tile
    said = [str(getattr(line, "text", "")) for line in shown.legend]
    assert "stride 32: 13 × 13 cells, boxes of each: 1" in said
    assert "centre = corner + (dx, dy) × stride; sides = exp(log w, log h) × stride" in said


def test_table_page_and_files_tell_of_the_cells(trace: Trace) -> None:
    table = VIEWS["proposer"].table(trace)
    row = {str(column.title): column.text(SECOND + 1) for column in table.columns}
    assert (row["Stride"], row["Row"], row["Column"]) == ("8", "2", "3")
    assert (row["dx"], row["Fate"], row["By"]) == ("-0.50", "suppressed", str(SECOND + 1))
    tiled = {str(column.title): column.text(3549) for column in table.columns}
    assert (tiled["Tile"], tiled["Stride"], tiled["Row"], tiled["dx"]) == ("1", "", "", "")
    told = document(trace, "proposer")["cells"]
    assert [level["stride"] for level in told["levels"]] == [8, 16, 32]
    first, second = told["strongest"][:2]
    assert (first["row"], first["column"], first["label"], first["fate"]) == (1, 1, "pear", "kept")
    assert (second["index"], second["suppressed_by"]) == (SECOND + 1, SECOND)
    assert arrays(trace, "proposer")["cells.raw"].shape == (3549, 4)
    details = VIEWS["proposer"].details(trace)
    assert details is not None
    assert details.rows[0][:4] == (str(SECOND + 1), "8", "2", "2")
    assert details.remark.startswith("No anchors: each box starts from the upper left corner")


def test_they_travel_once_and_are_put_together_again(trace: Trace) -> None:
    sent = LensOpened(1, without_maps(trace), trace.settings, (0.7, 0.3))
    (heard,) = MessageReader().feed(b"".join(map(bytes, encode(sent))))
    assert isinstance(heard, LensOpened)
    bare = without_fixed(trace)
    assert bare.proposer is not None
    assert bare.proposer.cells is not None
    assert not bare.proposer.cells.raw.any()
    whole = with_fixed(bare, heard.trace).proposer
    assert whole is not None
    assert whole.cells is not None
    assert trace.proposer is not None
    assert trace.proposer.cells is not None
    for name in ("start", "raw", "inside", "probability", "label", "source"):
        np.testing.assert_array_equal(
            getattr(whole.cells, name), getattr(trace.proposer.cells, name)
        )


def test_each_of_torchvision_s_boxes_comes_from_the_answer_that_decodes_to_it() -> None:
    """SSDLite with random weights: grids, strides, first centres, and every source."""
    arch = "ssdlite320_mobilenet_v3_large"
    proposer = DetectorProposer(network(arch), "ssd", "ssd@1", CLASSES, KINDS[arch])
    image = torch.from_numpy(picture(60, 80)).permute(2, 0, 1)
    seen = proposer.propose(image)
    assert seen.cells is not None
    cells = to_numpy(seen.cells())
    grids = [(each.rows, each.per_cell) for each in cells.levels]
    assert grids == [(20, 6), (10, 6), (5, 6), (3, 6), (2, 6), (1, 6)]
    assert [each.stride for each in cells.levels] == [16, 32, 64, 107, 160, 320]
    assert cells.levels[0].first == pytest.approx((2, 1.5))  # half of 16, in 80×60 for 320×320
    assert (cells.source >= 0).all()
    wanted = np.asarray(seen.boxes)
    found = np.clip(decoded(cells, cells.source), 0, [80, 60, 80, 60])
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_two_stages_have_no_cells() -> None:
    assert dense.Heard(torch.nn.Identity()).system is None
