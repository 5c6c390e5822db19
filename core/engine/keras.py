"""Weights of matterport's Mask R-CNN from an `.h5` file in the layout of Keras 2.

A group a layer, which lists its arrays in `weight_names`; the RPN is a model of its own within one
group. Nothing in such a file is run: links and arrays that live elsewhere are refused, and the
shape of an array is checked before it is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.models.detection import MaskRCNN, MaskRCNN_ResNet50_FPN_Weights

from core.engine import matterport
from core.engine.config import ModelConfig
from core.engine.model_reading import ModelFileError
from core.engine.zoo import build_model
from core.sentences import say
from core.storage import inside

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
UNUSED: Final = "unused"
"""What of a file no layer took, in `LoadedModel.extra`."""
_COCO_CLASSES: Final = 81
_MOST_CLASSES: Final = 10_000
_MOST_LAYERS: Final = 5000
_BLOCKS: Final = {"resnet50": 6, "resnet101": 23}
"""Blocks of the fourth stage; the others have 3, 4 and 3."""
NO_H5PY: Final = say(
    "engine.no_h5py",
    "{path} is a file of Keras; reading it needs the package h5py, which the extra `keras` of "
    "masklens brings.",
)
_UNUSABLE: Final = say(
    "engine.keras_unusable",
    "{path} does not hold the weights of matterport's Mask R-CNN: {problem}.",
)
Arrays = Mapping[tuple[str, str], Any]
"""Data sets of the file by layer and weight, such as `conv1` and `kernel`; not read yet."""


class _Unusable(Exception):
    """Why a file cannot be used, in words."""


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A network filled from a file, and what of the two did not meet."""

    module: MaskRCNN
    config: ModelConfig
    unused: tuple[str, ...]
    """Arrays of the file that no layer took."""


def is_keras(path: Path) -> bool:
    """Whether a file begins as HDF5 does; False for what cannot be read."""
    if inside.is_below_own(path):  # nothing of ours is written so
        return False
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE
    return False


def load_keras(path: Path) -> KerasModel:
    """Build the network that a file's layers tell of, and fill it.

    Depth and classes are read from the layers. Raises ModelFileError that names the layers which
    are missing or misshapen, or when h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ModelFileError(NO_H5PY.given(path=str(path))) from error
    try:
        length = path.stat().st_size
        with h5py.File(path, "r") as file:
            arrays = _arrays(file)
            if sum(each.size * each.dtype.itemsize for each in arrays.values()) > length:
                raise _Unusable("its arrays are compressed or empty")
            return _filled(arrays)
    except (_Unusable, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        problem = str(error) if isinstance(error, _Unusable) else "it is damaged"
        raise ModelFileError(_UNUSABLE.given(path=str(path), problem=problem)) from error


def _filled(arrays: Arrays) -> KerasModel:
    config = _config_of(arrays)
    module = build_model(config).eval()
    state = module.state_dict()
    used: set[tuple[str, str]] = set()
    problems: list[str] = []
    for place, change, name in _plan(config):
        if (place[0], place[1]) not in arrays:
            problems.append(f"{place[0]}/{place[1]} is missing")
            continue
        used.add(place)
        shape = tuple(state[name].shape)
        if change.shape(shape) != tuple(arrays[place].shape):
            found, needed = tuple(arrays[place].shape), change.shape(shape)
            problems.append(f"{place[0]}/{place[1]} has the shape {found}, not {needed}")
            continue
        values: NDArray[np.float32] = np.asarray(arrays[place][()], np.float32)
        if not np.isfinite(values).all():
            problems.append(f"{place[0]}/{place[1]} holds values that are no numbers")
            continue
        state[name] = torch.from_numpy(np.ascontiguousarray(change.values(values)))
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise _Unusable("; ".join(problems[:5]) + more)
    module.load_state_dict(state)
    unused = tuple(sorted("/".join(place) for place in arrays if place not in used))
    return KerasModel(module, config, unused)


def _config_of(arrays: Arrays) -> ModelConfig:
    blocks = sum(layer.startswith("res4") and layer.endswith("_branch2a") for layer, _ in arrays)
    blocks //= 2  # kernel and bias
    depth = next((name for name, count in _BLOCKS.items() if count == blocks), None)
    if depth is None:
        raise _Unusable(f"its fourth stage has {blocks} blocks instead of 6 or 23")
    classes = _width(arrays, "mrcnn_class_logits", -1)
    if not 2 <= classes <= _MOST_CLASSES:
        raise _Unusable(f"it tells {classes} classes apart")
    base = matterport.preset(depth, _names(classes))
    scores = _width(arrays, "rpn_class_raw", -1)
    if scores != 2 * len(base.aspect_ratios):
        raise _Unusable(f"it has {scores / 2:g} anchors a cell instead of 3")
    return replace(
        base,
        fpn_channels=_width(arrays, "fpn_p2", -1),
        box_head_width=_width(arrays, "mrcnn_class_conv1", -1),
        mask_channels=_width(arrays, "mrcnn_mask_conv1", -1),
    )


def _width(arrays: Arrays, layer: str, dimension: int) -> int:
    if (layer, "kernel") not in arrays or len(arrays[layer, "kernel"].shape) < 2:
        raise _Unusable(f"the layer {layer} is missing")
    width = int(arrays[layer, "kernel"].shape[dimension])
    if not 1 <= width <= 65536:
        raise _Unusable(f"the layer {layer} has {width} channels")
    return width


def _names(classes: int) -> tuple[str, ...]:
    if classes == _COCO_CLASSES:
        known = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"][1:]
        return tuple(name for name in known if name != "N/A")
    return tuple(f"class {index}" for index in range(1, classes))


def _arrays(file: Any) -> dict[tuple[str, str], Any]:
    """Every data set that the layers list. Raises _Unusable when one is not in the file itself."""
    root = _inside(file, "model_weights") if "model_weights" in file else file
    found: dict[tuple[str, str], Any] = {}
    for layer in _listed(root, "layer_names"):
        group = _inside(root, layer)
        for name in _listed(group, "weight_names"):
            # The RPN's layers stand in one group and say their own names; of others the group's
            # name counts, because Keras numbers layers that are made again.
            own = name.split("/")[-2] if layer == "rpn_model" and "/" in name else layer
            weight = name.split("/")[-1].partition(":")[0]
            data = _inside(group, name)
            if not hasattr(data, "dtype") or data.is_virtual or data.external:
                raise _Unusable(f"{layer}/{weight} lives in another file")
            if data.dtype.kind != "f":
                raise _Unusable(f"{layer}/{weight} does not hold floating-point numbers")
            found[own, weight] = data
    return found


def _listed(group: Any, attribute: str) -> Iterator[str]:
    names = group.attrs.get(attribute, ())
    # Lists that are too long for one attribute are cut into attributes with numbers.
    chunk = 0
    parts = [*names]
    while f"{attribute}{chunk}" in group.attrs:
        parts += [*group.attrs[f"{attribute}{chunk}"]]
        chunk += 1
    if len(parts) > _MOST_LAYERS:
        raise _Unusable("it lists too many layers")
    for name in parts:
        yield name.decode("utf-8") if isinstance(name, bytes) else str(name)


def _inside(group: Any, path: str) -> Any:
    """What a path leads to, without following a link out of the file."""
    import h5py

    for part in path.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise _Unusable(f"{path} is missing or a link")
        group = group[part]
    return group


@dataclass(frozen=True, slots=True)
class _Change:
    """How an array of Keras becomes one of torch: the shape it must have, and its values."""

    shape: Callable[[tuple[int, ...]], tuple[int, ...]]
    values: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _corners(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows by (dy, dx, log dh, log dw) as rows by (dx, dy, log dw, log dh)."""
    groups = values.reshape(-1, 4, *values.shape[1:])
    return groups[:, [1, 0, 3, 2]].reshape(values.shape)


_VECTOR: Final = _Change(lambda shape: shape, lambda values: values)
# Height, width, in, out; of the transposed convolution out before in.
_CONV: Final = _Change(lambda s: (s[2], s[3], s[1], s[0]), lambda v: v.transpose(3, 2, 0, 1))
_DENSE: Final = _Change(lambda s: (s[1], s[0]), lambda v: v.T)
_MOVES: Final = _Change(_CONV.shape, lambda v: _corners(_CONV.values(v)))
_DENSE_MOVES: Final = _Change(_DENSE.shape, lambda v: _corners(v.T))
_VECTOR_MOVES: Final = _Change(_VECTOR.shape, _corners)

_Step = tuple[tuple[str, str], _Change, str]


def _conv(layer: str, name: str, change: _Change = _CONV, bias: _Change = _VECTOR) -> list[_Step]:
    return [((layer, "kernel"), change, f"{name}.weight"), ((layer, "bias"), bias, f"{name}.bias")]


def _norm(layer: str, name: str) -> list[_Step]:
    pairs = (
        ("gamma", "weight"),
        ("beta", "bias"),
        ("moving_mean", "running_mean"),
        ("moving_variance", "running_var"),
    )
    return [((layer, theirs), _VECTOR, f"{name}.{ours}") for theirs, ours in pairs]


def _plan(config: ModelConfig) -> list[_Step]:
    """Every array that the network needs: its layer and weight, how it changes, and its name."""
    body, heads = "backbone.body", "roi_heads"
    steps = [*_conv("conv1", f"{body}.conv1"), *_norm("bn_conv1", f"{body}.bn1")]
    for stage, count in ((2, 3), (3, 4), (4, _BLOCKS[config.arch]), (5, 3)):
        for block in range(count):
            letter, place = chr(ord("a") + block), f"{body}.layer{stage - 1}.{block}"
            branches = [("2a", "conv1", "bn1"), ("2b", "conv2", "bn2"), ("2c", "conv3", "bn3")]
            if block == 0:
                branches.append(("1", "downsample.0", "downsample.1"))
            for branch, conv, norm in branches:
                steps += _conv(f"res{stage}{letter}_branch{branch}", f"{place}.{conv}")
                steps += _norm(f"bn{stage}{letter}_branch{branch}", f"{place}.{norm}")
    for level in range(4):
        lateral = f"fpn_c{level + 2}p{level + 2}"
        steps += _conv(lateral, f"backbone.fpn.inner_blocks.{level}.0")
        steps += _conv(f"fpn_p{level + 2}", f"backbone.fpn.layer_blocks.{level}.0")
    steps += _conv("rpn_conv_shared", "rpn.head.conv.0.0")
    steps += _conv("rpn_class_raw", "rpn.head.cls_logits")
    steps += _conv("rpn_bbox_pred", "rpn.head.bbox_pred", _MOVES, _VECTOR_MOVES)
    for number, at in ((1, 0), (2, 3)):
        steps += _conv(f"mrcnn_class_conv{number}", f"{heads}.box_head.{at}")
        steps += _norm(f"mrcnn_class_bn{number}", f"{heads}.box_head.{at + 1}")
    predictor = f"{heads}.box_predictor"
    steps += _conv("mrcnn_class_logits", f"{predictor}.cls_score", _DENSE)
    steps += _conv("mrcnn_bbox_fc", f"{predictor}.bbox_pred", _DENSE_MOVES, _VECTOR_MOVES)
    for number in range(config.mask_layers):
        steps += _conv(f"mrcnn_mask_conv{number + 1}", f"{heads}.mask_head.{number}.0")
        steps += _norm(f"mrcnn_mask_bn{number + 1}", f"{heads}.mask_head.{number}.1")
    steps += _conv("mrcnn_mask_deconv", f"{heads}.mask_predictor.conv5_mask")
    return steps + _conv("mrcnn_mask", f"{heads}.mask_predictor.mask_fcn_logits")
