"""Turns the published ONNX file of YOLOX-Nano into `resources/yolox_nano.pt`.

    python -m resources.starter.convert_yolox yolox_nano_coco.onnx

Needs the package `onnx`. Each convolution of the graph, in the order of its nodes, is given to the
convolution of our network that runs at the same place.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

import resources
from core.engine.proposers.yolox import FILE, FORMAT, NAME, YoloxNano
from core.storage.atomic import write_atomic


def convert(source: Path) -> dict[str, Tensor]:
    """The state_dict of our network. Raises ValueError when the graph is another."""
    graph = onnx.load(source).graph
    values = {
        one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer
    }
    given = [
        (values[node.input[1]], values[node.input[2]])
        for node in graph.node
        if node.op_type == "Conv"
    ]
    network = YoloxNano(len(class_names())).eval()
    for conv, (weight, bias) in zip(_in_order(network), given, strict=True):
        if conv.weight.shape != weight.shape:
            raise ValueError(f"a convolution is {tuple(weight.shape)}, not {conv}")
        conv.weight.data, conv.bias = weight, nn.Parameter(bias)
    return network.state_dict()


def _in_order(network: YoloxNano) -> list[nn.Conv2d]:
    """The convolutions in the order in which they run."""
    run: list[nn.Conv2d] = []
    hooks = [
        each.register_forward_hook(lambda module, inputs, output: run.append(module))
        for each in network.modules()
        if isinstance(each, nn.Conv2d)
    ]
    with torch.inference_mode():
        network(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return run


def class_names() -> tuple[str, ...]:
    """COCO's 80 names in the order of its ids."""
    listed = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"][1:]
    return tuple(name for name in listed if name != "N/A")


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("onnx", type=Path)
    content = {
        "format": FORMAT,
        "format_version": 1,
        "name": NAME,
        "class_names": list(class_names()),
        "notice": "YOLOX-Nano, Copyright (c) Megvii Inc., Apache License 2.0; see yolox_nano.txt",
        "state": convert(parser.parse_args().onnx),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(Path(resources.__file__).parent / FILE, buffer.getvalue())


if __name__ == "__main__":
    main()
