"""torchvision's detectors as proposers: told by their names, loaded, and cut as they cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import detection
from torchvision.ops import batched_nms

from core.engine.proposers.base import ProposerError
from core.engine.proposers.detectors import ARCHES, KINDS, DetectorProposer, load_file
from tests.core.engine.networks import picture

CLASSES = 4
TWINS = {"fasterrcnn_mobilenet_v3_large_320_fpn": "fasterrcnn_mobilenet_v3_large_fpn"}
SPREAD = {"retinanet_resnet50_fpn_v2": 4, "ssd300_vgg16": 0.5}
SMALL = {"min_size": 64, "max_size": 96}


def network(arch: str, **more: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    made: torch.nn.Module = getattr(detection, arch)(
        weights=None, weights_backbone=None, num_classes=CLASSES, **more
    ).eval()
    for name, parameter in made.named_parameters():
        scores = "cls_" in name or "classification_head.module_list" in name
        if scores and name.endswith("weight"):
            parameter.data.mul_(SPREAD.get(arch, 30))  # so that scores differ, and none is 1
    return made


@pytest.mark.parametrize("arch", ARCHES)
def test_a_bare_state_dict_is_told_and_gives_the_detector_s_own_boxes(
    arch: str, tmp_path: Path
) -> None:
    fixed = "ssd" in arch  # its input has one size
    theirs = network(arch, **({} if fixed else SMALL))
    path = tmp_path / "weights.pth"
    torch.save({"model": theirs.state_dict()}, path)
    proposer = load_file(path)
    assert type(proposer.module) is type(theirs)
    assert proposer.class_names == ("class 1", "class 2", "class 3")
    assert proposer.revision.startswith("weights@")
    twin = load_file(path, arch)
    assert proposer.module.state_dict().keys() == twin.module.state_dict().keys()
    if not fixed:
        for each in (proposer, twin):
            each.module.transform.min_size, each.module.transform.max_size = (64,), 96
    image = torch.from_numpy(picture(60, 80)).permute(2, 0, 1)
    roi_heads = getattr(theirs, "roi_heads", None)
    nms = theirs.nms_thresh if roi_heads is None else roi_heads.nms_thresh
    with torch.inference_mode():
        wanted = theirs([image.float() / 255])[0]
    found = twin.propose(image)
    kept = batched_nms(found.boxes, found.score, found.label, nms)
    things = wanted["labels"] > 0  # the background is no answer
    wanted = {key: values[things] for key, values in wanted.items()}
    best = min(20, len(wanted["scores"]))
    assert best
    torch.testing.assert_close(found.score[kept][:best], wanted["scores"][:best])
    torch.testing.assert_close(found.boxes[kept][:best], wanted["boxes"][:best])


class Everything(torch.nn.Module):
    """A detector that finds the background, and a thing."""

    def forward(self, _images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        boxes = torch.tensor([[0.0, 0, 9, 9], [1, 1, 4, 4]])
        return [{"boxes": boxes, "labels": torch.tensor([0, 1]), "scores": torch.ones(2)}]


def test_the_background_is_not_handed_on() -> None:
    proposer = DetectorProposer(Everything(), "all", "1", 2, KINDS[ARCHES[0]])
    found = proposer.propose(torch.zeros((3, 20, 20), dtype=torch.uint8))
    assert found.label.tolist() == [1]
    assert found.boxes.tolist() == [[1, 1, 4, 4]]


def test_coco_s_names_are_known_by_their_number(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=91
    )
    torch.save(theirs.state_dict(), tmp_path / "ssdlite.pth")
    names = load_file(tmp_path / "ssdlite.pth").class_names
    assert len(names) == 90
    assert (names[0], names[-1]) == ("person", "toothbrush")


def test_what_is_none_of_them_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    for content in ({"weight": torch.zeros(3)}, {"weight": 3}, [1, 2], {}):
        torch.save(content, path)
        with pytest.raises(ProposerError, match=r"other\.pth is none of torchvision's detectors"):
            load_file(path)
    path.write_bytes(b"not a file of torch")
    with pytest.raises(ProposerError, match="none of torchvision's"):
        load_file(path)


def test_weights_of_another_detector_are_refused_with_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "resnet.pth"
    torch.save({"fc.weight": torch.zeros(3)}, path)
    with pytest.raises(ProposerError, match="do not fit ssd300_vgg16"):
        load_file(path, "ssd300_vgg16")
    with pytest.raises(ProposerError, match="Say which it is with --proposer-arch: fcos"):
        load_file(path, "yolo")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit",))


def test_a_file_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"model": Evil()}, path)
    with pytest.raises(ProposerError):
        load_file(path)
