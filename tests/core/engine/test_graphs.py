"""Parts as graphs of ONNX Runtime say what they said before, and come from us alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.engine import graphs
from core.engine.fusing import folded_copy
from core.engine.graphs import MISSING, TOLERANCE, Graph, GraphError, graph_of, with_graph
from core.engine.predict import Predictor
from core.engine.proposers import yolox
from tests.core.engine.networks import loaded, picture

needs_runtime = pytest.mark.skipif(
    graphs.runtime() is None, reason="the extra `fast` is not installed"
)


class Doubled(nn.Module):
    """A part whose state does not tell how often it adds."""

    def __init__(self, times: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.times = times

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.conv(images) * self.times


@pytest.fixture
def part() -> Doubled:
    torch.manual_seed(0)
    return Doubled().eval()


def _no_export(_part: nn.Module) -> bytes:
    pytest.fail("exported once more")


@needs_runtime
def test_a_trunk_as_a_graph_says_the_same_of_images_of_any_size() -> None:
    trunk = folded_copy(loaded().module).backbone.body
    graph = graph_of(trunk)
    for shape in ((1, 3, 96, 160), (2, 3, 64, 32)):
        images = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            own, other = trunk(images), graph(images)
        assert list(own) == list(other) == ["0", "1", "2", "3"]
        for name, values in own.items():
            torch.testing.assert_close(other[name], values, atol=TOLERANCE, rtol=TOLERANCE)


@needs_runtime
def test_a_proposer_as_a_graph_finds_the_same_boxes(tmp_path: Path) -> None:
    own = yolox.load_bundled()
    fast = with_graph(own, tmp_path)
    image = torch.from_numpy(picture(120, 160)).permute(2, 0, 1)
    mine, other = own.propose(image), fast.propose(image)
    assert fast.revision == own.revision
    torch.testing.assert_close(other.boxes, mine.boxes, atol=0.01, rtol=TOLERANCE)
    torch.testing.assert_close(other.score, mine.score, atol=TOLERANCE, rtol=0)


@needs_runtime
def test_a_graph_is_kept_and_used_again(
    tmp_path: Path, part: Doubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph_of(part, tmp_path)
    monkeypatch.setattr(graphs, "_export", _no_export)
    images = torch.ones(1, 3, 8, 8)
    torch.testing.assert_close(graph_of(part, tmp_path)(images), part(images).detach())
    with torch.no_grad():
        part.conv.weight.mul_(2)
    with pytest.raises(pytest.fail.Exception, match="exported once more"):
        graph_of(part, tmp_path)


@needs_runtime
@pytest.mark.parametrize("spoilt", ["cut", "foreign", "stale"])
def test_a_kept_graph_that_says_something_else_is_made_anew(
    tmp_path: Path, part: Doubled, spoilt: str
) -> None:
    graph_of(part, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    if spoilt == "cut":
        file.write_bytes(whole[:-3])
    elif spoilt == "foreign":  # whole, and no graph
        graphs._keep(file, b"something else")
    else:  # what the part does has changed, and not what it weighs
        part.times = 3
    images = torch.ones(1, 3, 8, 8)
    torch.testing.assert_close(graph_of(part, tmp_path)(images), part(images).detach())


@needs_runtime
def test_what_would_say_something_else_is_refused(tmp_path: Path, part: Doubled) -> None:
    class Moody(Doubled):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images) * (1.0 if images.shape[-2] == 64 else 2.0)

    with pytest.raises(GraphError, match="its numbers would be others"):
        graph_of(Moody().eval(), tmp_path)
    assert not list(tmp_path.iterdir())


@needs_runtime
def test_old_graphs_make_room(
    tmp_path: Path, part: Doubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "KEPT_BYTES", 1)
    graph_of(part, tmp_path)
    before = set(tmp_path.iterdir())
    with torch.no_grad():
        part.conv.weight.mul_(2)
    graph_of(part, tmp_path)
    assert len(set(tmp_path.iterdir()) - before) == len(set(tmp_path.iterdir())) == 1


@needs_runtime
def test_a_fast_prediction_is_that_of_float32_and_so_is_its_trace() -> None:
    exact = Predictor(loaded(), device="cpu", precision="float32")
    fast = Predictor(loaded(), device="cpu", precision="fast")
    assert isinstance(fast.module.backbone.body, Graph)
    assert (fast.precision, fast.note) == ("float32 (ONNX Runtime)", None)
    want, found = exact.predict(picture()), fast.predict(picture())
    np.testing.assert_allclose(found.scores, want.scores, atol=TOLERANCE)
    np.testing.assert_allclose(found.boxes, want.boxes, atol=0.05)
    traced = fast.predict(picture(), keep_trace=True)
    np.testing.assert_array_equal(traced.scores, found.scores)


def test_without_the_runtime_the_network_is_fast_in_torch_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphs, "runtime", lambda: None)
    fast = Predictor(loaded(), device="cpu", precision="fast")
    assert (fast.precision, fast.note) == ("float32 (fast)", MISSING)
    want = Predictor(loaded(), device="cpu", precision="float32").predict(picture())
    np.testing.assert_allclose(fast.predict(picture()).scores, want.scores, atol=TOLERANCE)


def test_weights_that_change_with_the_next_step_are_not_exported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphs, "graph_of", lambda *_: pytest.fail("exported"))
    passing = Predictor(loaded(), device="cpu", precision="fast", lasting=False)
    assert (passing.precision, passing.note) == ("float32 (fast)", None)
