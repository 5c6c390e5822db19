"""Parts of a network as graphs that ONNX Runtime runs: float32 on the CPU, for inference only.

A graph is exported here from the part as it was loaded, kept in the user's cache folder by what
the part is and weighs, and held against the part itself each time before it is used. No graph
comes from anywhere else. The exporter and the runtime are the extra `fast`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import logging
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast

import platformdirs
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN

from core.engine.backbones import CustomTrunk
from core.engine.proposers.base import Proposer
from core.engine.proposers.yolox import YoloxProposer
from core.sentences import MasklensError, say
from core.storage.atomic import StorageError, write_atomic

log = logging.getLogger(__name__)

TOLERANCE: Final = 4e-4
"""How far a graph may be from its part, as a share of the largest value where that is above 1."""
KEPT_BYTES: Final = 512 * 1024 * 1024
RUNTIME: Final = "onnxruntime"
_NEEDED: Final = (RUNTIME, "onnx")
_TRACED, _CHECKED = (1, 3, 64, 64), (2, 3, 96, 64)
"""Shapes of the images that a part is exported with and checked with."""
_DIGEST: Final = hashlib.sha256().digest_size
_IMAGES, _ONLY, _MAP = "images", "only", "map "
MISSING: Final = say(
    "engine.graphs_missing",
    "onnxruntime and onnx are not installed, so the network runs in torch alone, with the same "
    "numbers and more slowly. They come with: pip install 'masklens[fast]'",
)
REFUSED: Final = say(
    "engine.graphs_refused",
    "ONNX Runtime cannot be used for this model, so it runs in torch alone, more slowly: {why}.",
)

Values = Tensor | Mapping[str, Tensor]


class GraphError(MasklensError):
    """A part of a network cannot be run as a graph."""


def runtime() -> str | None:
    """The version of ONNX Runtime where all that is needed is installed."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        return None
    return version(RUNTIME)


class Graph(nn.Module):
    """A graph in place of the part that it was made from: N×C×H×W float32 in, for any N, H, W."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._sessions: dict[int, Any] = {}

    def forward(self, images: Tensor) -> Values:
        """What the part says to the same images."""
        session = self._session(torch.get_num_threads())
        names = [output.name for output in session.get_outputs()]
        given = {_IMAGES: images.float().contiguous().numpy()}
        found = [torch.from_numpy(array) for array in session.run(None, given)]
        if names == [_ONLY]:
            return found[0]
        places = (name.removeprefix(_MAP) for name in names)
        return OrderedDict(zip(places, found, strict=True))

    def _session(self, threads: int) -> Any:
        """The graph made ready for so many threads; they sleep while there is nothing to do."""
        known = self._sessions.get(threads)
        if known is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.enable_cpu_mem_arena = False  # it would never give memory back
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            options.log_severity_level = 3
            known = self._sessions[threads] = onnxruntime.InferenceSession(
                self._data, options, providers=["CPUExecutionProvider"]
            )
        return known


def put_graph(model: MaskRCNN, folder: Path | None = None) -> None:
    """Put a graph in the place of a model's trunk, whose normalisation is folded in.

    Pyramid and heads gain nothing by one (docs/benchmarks.md). `folder` keeps the graphs, by
    default in the user's cache. Raises GraphError, and leaves the model as it was, when none can
    be made.
    """
    if isinstance(model.backbone.body, CustomTrunk):
        raise GraphError(REFUSED.given(why="its trunk is code of your own"))
    model.backbone.body = graph_of(model.backbone.body, folder)


def with_graph(proposer: Proposer, folder: Path | None = None) -> Proposer:
    """The proposer with its network as a graph, where it is one of ours. Raises GraphError."""
    if not isinstance(proposer, YoloxProposer):
        return proposer
    graph = graph_of(proposer.module, folder)
    return YoloxProposer(graph, proposer.class_names, proposer.revision)


def graph_of(part: nn.Module, folder: Path | None = None) -> Graph:
    """A part in eval mode on the CPU as a graph: the kept one if there is one that says the same.

    The part takes images and gives a tensor, or maps by name. Raises GraphError.
    """
    if runtime() is None:
        raise GraphError(MISSING)
    folder = folder or Path(platformdirs.user_cache_dir("masklens")) / "graphs"
    file = folder / f"{_key(part)}.graph"
    kept = _kept(file, part)
    if kept is not None:
        return kept
    try:
        data = _export(part)
        graph = Graph(data)
        agrees = _agree(graph, part)
    except Exception as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise GraphError(REFUSED.given(why=why)) from error
    if not agrees:
        raise GraphError(REFUSED.given(why="its numbers would be others"))
    # Without a place to keep it in, it is made again next time.
    with contextlib.suppress(OSError, StorageError):
        _keep(file, data)
    return graph


def _kept(file: Path, part: nn.Module) -> Graph | None:
    """The graph that was kept, if it still says what the part does."""
    data = _read(file)
    if data is None:
        return None
    try:
        graph = Graph(data)
        return graph if _agree(graph, part) else None
    except Exception:
        log.exception("%s cannot be used, so it is made anew", file)
        return None


class _Flat(nn.Module):
    """A part that gives tensors one after the other, as the exporter wants it."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(_named(self.part(images)).values())


def _export(part: nn.Module) -> bytes:
    images, buffer = _noise(_TRACED), io.BytesIO()
    # The exporter is an old one, and tells of what it traces.
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):
        torch.onnx.export(
            _Flat(part),
            (images,),
            cast(Any, buffer),  # a file in memory is taken too, whatever its types say
            dynamo=False,
            input_names=[_IMAGES],
            output_names=list(_named(part(images))),
            dynamic_axes={_IMAGES: {0: "count", 2: "rows", 3: "columns"}},
        )
    return buffer.getvalue()


@torch.inference_mode()
def _agree(graph: Graph, part: nn.Module) -> bool:
    """Whether a graph says what its part does of images of another size than it was traced with."""
    images = _noise(_CHECKED)
    own, other = _named(part(images)), _named(graph(images))
    return list(own) == list(other) and all(
        mine.shape == other[name].shape
        and float((mine - other[name]).abs().max()) <= TOLERANCE * max(1, float(mine.abs().max()))
        for name, mine in own.items()
    )


def _named(values: Values) -> Mapping[str, Tensor]:
    if isinstance(values, Tensor):
        return {_ONLY: values}
    return {f"{_MAP}{name}": value for name, value in values.items()}


def _noise(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _key(part: nn.Module) -> str:
    """What tells a part from others: what it is made of and what it weighs."""
    told = hashlib.sha256(f"{torch.__version__} {torchvision.__version__}\n{part}".encode())
    for name, tensor in part.state_dict().items():
        told.update(f"{name} {tuple(tensor.shape)}\n".encode())
        told.update(memoryview(tensor.contiguous().numpy()).cast("B"))
    return told.hexdigest()[:32]


def _read(file: Path) -> bytes | None:
    """A graph that was kept, if it is whole."""
    try:
        content = file.read_bytes()
        file.touch()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None


def _keep(file: Path, data: bytes) -> None:
    """Keep a graph behind its hash; of those that were not used for longest, none above a limit."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, hashlib.sha256(data).digest() + data)
    known = [(each.stat(), each) for each in file.parent.glob("*.graph")]
    room = KEPT_BYTES
    for stat, each in sorted(known, key=lambda one: one[0].st_mtime, reverse=True):
        room -= stat.st_size
        if room < 0 and each != file:
            each.unlink(missing_ok=True)
