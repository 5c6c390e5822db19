"""Keypoint R-CNN: torchvision's weights, prediction, targets and loss; training; OKS."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchvision.models.detection import KeypointRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor

from core.document.instance import Instance, Polygon
from core.document.skeleton import PERSON, Skeleton
from core.engine import encodings
from core.engine.config import ModelConfig
from core.engine.evaluate import Evaluator
from core.engine.keypoints import (
    keypoint_loss,
    keypoint_shares,
    keypoint_targets,
    mirrored_order,
)
from core.engine.lens_rerun import Rerunner
from core.engine.lens_training import replay
from core.engine.losses import training_pass
from core.engine.predict import Prediction, Predictor
from core.engine.weights import LoadedModel, load_file, save_model
from core.lens.trace import to_numpy
from core.lens.training import LOSSES
from core.lens.training_export import document, page_values
from core.lens.views import counts, of
from core.lens.views.base import Scene
from core.lens.views.training import PLACES
from core.lens.views.training.replayed import replayed
from core.protocol import MessageReader, encode
from core.protocol.messages.lens_training import LensTrained

PIXELS = np.random.default_rng(3).integers(0, 255, (90, 120, 3), dtype=np.uint8)
IMAGE = torch.from_numpy(PIXELS).permute(2, 0, 1) / 255


@pytest.fixture(scope="module")
def theirs() -> KeypointRCNN:
    torch.manual_seed(4)
    trunk = resnet_fpn_backbone(backbone_name="resnet18", weights=None)
    # Narrow heads: the tensors tell their widths too.
    model = KeypointRCNN(
        trunk,
        min_size=96,
        max_size=160,
        box_detections_per_img=6,
        rpn_post_nms_top_n_test=50,
        rpn_post_nms_top_n_train=100,
        box_head=TwoMLPHead(256 * 49, 32),
        box_predictor=FastRCNNPredictor(32, 2),
        keypoint_head=KeypointRCNNHeads(256, (16,) * 3),
        keypoint_predictor=KeypointRCNNPredictor(16, 17),
    ).eval()
    with torch.no_grad():
        model.rpn.head.cls_logits.weight.mul_(20)
        model.roi_heads.box_predictor.cls_score.weight.mul_(8)
        model.roi_heads.keypoint_predictor.kps_score_lowres.weight.mul_(30)
    return model


@pytest.fixture(scope="module")
def loaded(theirs: KeypointRCNN, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    path = tmp_path_factory.mktemp("keypoints") / "bare.pth"
    torch.save(theirs.state_dict(), path)
    found = load_file(path)  # its tensors tell
    found.module.transform.min_size, found.module.transform.max_size = (96,), 160
    few = found.config.settings.with_(detections_per_image=6, rpn_post_nms_top_n=50)
    rules = replace(found.config.training, rpn_post_nms_top_n=100)
    config = replace(found.config, min_size=96, max_size=160, settings=few, training=rules)
    found.module.rpn._post_nms_top_n["training"] = 100
    return replace(found, config=config)


def test_bare_weights_tell_a_persons_keypoints(loaded: LoadedModel) -> None:
    config = loaded.config
    assert (config.arch, config.mask_outputs, config.skeleton) == ("resnet18", "none", PERSON)
    assert (config.class_names, config.keypoint_channels, config.keypoint_layers) == (
        ("person",),
        16,
        3,
    )
    assert ModelConfig.from_json(config.to_json()) == config


def test_a_prediction_is_torchvisions_bit_for_bit(
    theirs: KeypointRCNN, loaded: LoadedModel
) -> None:
    with torch.no_grad():
        wanted = theirs([IMAGE])[0]
    predictor = Predictor(loaded, device="cpu", precision="float32")
    found = predictor.predict(PIXELS, keep_trace=True)
    assert len(wanted["boxes"]) == 6
    np.testing.assert_array_equal(found.boxes, wanted["boxes"])
    assert found.keypoints is not None
    np.testing.assert_array_equal(found.keypoints[..., :2], wanted["keypoints"][..., :2])
    np.testing.assert_array_equal(found.keypoints[..., 2], wanted["keypoints_scores"])
    shown = found.instances[0].keypoints
    assert len(shown) == 17
    assert {seen for _, _, seen in shown} == {2}
    assert found.trace is not None
    trace = to_numpy(found.trace)
    assert trace.stages[-1] == "keypoints"
    assert counts(trace)["keypoints"] == 6 * 17
    scene = Scene(trace, PIXELS, loaded.config.image_mean, loaded.config.image_std)
    assert len(of(trace)["keypoints"].tiles(scene)[0].marks) > 6 * 17
    # Under other settings the lens gives what a prediction with these would give.
    other = predictor.loaded.config.settings.with_(nms=0.3, detections_per_image=4)
    again = Rerunner(predictor, found.trace, PIXELS).run(other)
    whole = predictor.predict(PIXELS, other).keypoints
    assert whole is not None
    np.testing.assert_array_equal(again.keypoints.places, whole)


def test_what_is_suggested_from_an_encoding_has_its_keypoints(loaded: LoadedModel) -> None:
    predictor = Predictor(loaded, device="cpu", precision="float32")
    wanted = predictor.predict(PIXELS)
    assert wanted.keypoints is not None
    middle = float(wanted.scores[2])
    for surest_from in (None, middle):
        found = encodings.prediction_of(
            encodings.encode(predictor, PIXELS), surest_from=surest_from
        )
        assert found.keypoints is not None
        np.testing.assert_array_equal(found.keypoints, wanted.keypoints)
        assert [each.keypoints for each in found.instances] == [
            each.keypoints for each in wanted.instances
        ]


def targets(count: int = 3) -> list[dict[str, torch.Tensor]]:
    rng = np.random.default_rng(5)
    low = rng.uniform(0, 50, (count, 2))
    size = rng.uniform(15, 38, (count, 2))
    boxes = np.concatenate([low, low + size], 1)
    # Some lie outside of their box.
    points = low[:, None] + rng.uniform(-0.2, 1.2, (count, 17, 2)) * size[:, None]
    seen = rng.integers(0, 3, (count, 17, 1))
    return [
        {
            "boxes": torch.tensor(boxes, dtype=torch.float32),
            "labels": torch.ones(count, dtype=torch.int64),
            "keypoints": torch.tensor(np.concatenate([points, seen], 2), dtype=torch.float32),
            "masks": torch.zeros((count, 90, 120), dtype=torch.uint8),
        }
    ]


def test_the_losses_are_torchvisions(theirs: KeypointRCNN, loaded: LoadedModel) -> None:
    theirs.train()
    loaded.module.train()
    try:
        torch.manual_seed(7)
        wanted = theirs([IMAGE], [{k: v for k, v in targets()[0].items() if k != "masks"}])
        torch.manual_seed(7)
        found = training_pass(loaded.module, loaded.config, [IMAGE], targets()).losses
    finally:
        theirs.eval()
        loaded.module.eval()
    assert set(found) == {*wanted, "loss_mask"}
    for name, loss in wanted.items():
        torch.testing.assert_close(found[name], loss, rtol=0, atol=0)
    assert float(found["loss_keypoint"].detach()) > 1


def test_the_loss_is_the_cross_entropy_of_the_one_right_place(loaded: LoadedModel) -> None:
    """Written down from the paper: a one-hot 56×56 target, softmax over the places."""
    from torchvision.models.detection.roi_heads import keypointrcnn_loss

    logits = torch.randn(1, 2, 56, 56, generator=torch.Generator().manual_seed(1))
    box = torch.tensor([[10.0, 20.0, 38.0, 76.0]])  # 28 wide, 56 high
    points = torch.tensor([[[24.0, 48.5, 2.0], [5.0, 30.0, 2.0]]])  # the second lies outside
    found = keypointrcnn_loss(logits, [box], [points], [torch.tensor([0])])
    likely = logits[0, 0].flatten().log_softmax(0).reshape(56, 56)
    assert float(found) == pytest.approx(-float(likely[28, 28]), rel=1e-6)


def test_the_share_of_a_roi_is_its_own_loss_by_what_it_counts() -> None:
    """Against torchvision's mean over one RoI at a time; the counts are written down here."""
    logits = torch.randn(4, 2, 56, 56, generator=torch.Generator().manual_seed(1))
    boxes = [
        torch.tensor([[10.0, 20, 38, 76], [0, 0, 30, 30]]),
        torch.tensor([[5.0, 5, 45, 45]] * 2),
    ]
    inside, outside, absent = [24.0, 25.0, 2.0], [90.0, 30.0, 2.0], [24.0, 25.0, 0.0]
    points = [torch.tensor([[inside, inside]]), torch.tensor([[outside, inside], [absent, absent]])]
    matched = [torch.tensor([0, 0]), torch.tensor([0, 1])]
    targets = [{"keypoints": each} for each in points]
    found = keypoint_shares(logits, boxes, matched, targets)
    assert [len(each) for each in found] == [2, 2]
    counts, place = (2, 2, 1, 0), 0
    for image in range(2):
        for row in range(2):
            alone = [boxes[image][row : row + 1]], [matched[image][row : row + 1]]
            mean = keypoint_loss(logits[place : place + 1], *alone, [targets[image]])
            torch.testing.assert_close(found[image][row], mean * counts[place] / sum(counts))
            place += 1
    assert float(found[1][1]) == 0 < float(found[1][0])
    whole = keypoint_loss(logits, boxes, matched, targets)
    torch.testing.assert_close(torch.cat(found).sum(), whole)
    none = keypoint_shares(logits[:0], [boxes[0][:0]], [matched[0][:0]], targets[:1])
    assert [each.tolist() for each in none] == [[]]


def test_shares_of_all_images_sum_to_the_loss_of_the_batch(loaded: LoadedModel) -> None:
    batch = [*targets(), *targets(1)]
    passed = training_pass(loaded.module, loaded.config, [IMAGE, IMAGE.flip(1)], batch, items=True)
    for name, share in (("loss_keypoint", "keypoint"), ("loss_box_reg", "box_reg")):
        shares = [getattr(trace.losses, share) for trace in passed.traces]
        torch.testing.assert_close(torch.cat(shares).sum(), passed.losses[name])
        assert [len(each) for each in shares] == [
            int((t.rois.label > 0).sum()) for t in passed.traces
        ]


def test_the_training_view_shows_what_each_roi_costs(loaded: LoadedModel) -> None:
    predictor = Predictor(loaded, device="cpu", precision="float32")
    trace = predictor.predict(PIXELS, keep_trace=True).trace
    assert trace is not None
    instances = tuple(labelled(targets()[0]))
    view = replay(predictor, Rerunner(predictor, trace, PIXELS), instances, 1)
    assert view.loss_names == (*LOSSES, "loss_keypoint")
    assert view.keypoint is not None
    assert len(view.keypoint) == len(view.positive_rois) > 0
    shown = replayed(to_numpy(trace), view, instances)
    order = [view.loss_names.index(f"loss_{name}") for name in SHOWN]
    np.testing.assert_allclose(shown.losses.sum(axis=0), view.losses[order], rtol=1e-4, atol=1e-9)
    columns = {str(each.title): each.values for each in PLACES["losses"].table(shown).columns}
    assert columns["Keypoints"].sum() == pytest.approx(float(view.losses[5]), rel=1e-4)
    assert view.losses[5] > 0.1
    assert np.flatnonzero(columns["Keypoints"]).min() >= len(view.objectness)  # RoIs alone
    # It is in the files and on the page of a trace, and travels to the window.
    written = document(view)
    assert written["losses"]["loss_keypoint"] == pytest.approx(float(view.losses[5]), abs=1e-6)
    assert written["arrays"]["keypoint"] == [len(view.keypoint)]
    dearest = page_values(view, loaded.config.class_names)["dearest"]
    assert any("keypoints" in parts for *_, parts in dearest)
    sent = b"".join(bytes(chunk) for chunk in encode(LensTrained(1, view)))
    (heard,) = MessageReader().feed(sent)
    np.testing.assert_array_equal(heard.view.keypoint, view.keypoint)
    assert heard.view.loss_names == view.loss_names


SHOWN = ("objectness", "rpn_box_reg", "classifier", "box_reg", "mask", "keypoint")
"""The columns of the table of losses, in their order."""


def labelled(target: dict[str, torch.Tensor]) -> list[Instance]:
    """A person's instances as a target has them."""
    made = []
    for number, (box, points) in enumerate(
        zip(target["boxes"].tolist(), target["keypoints"].tolist(), strict=True)
    ):
        x0, y0, x1, y1 = box
        outline = (Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1))),)
        places = tuple((x, y, int(seen)) for x, y, seen in points)
        made.append(Instance(str(number), "person", outline, keypoints=places))
    return made


def test_it_learns_and_is_kept(loaded: LoadedModel, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = load_copy(loaded, tmp_path).module.train()
    module.transform.min_size, module.transform.max_size = (96,), 160
    module = module.to(memory_format=torch.channels_last)  # as a trainer has it
    learning = [p for n, p in module.named_parameters() if "keypoint" in n]
    with torch.no_grad():  # as a new one begins
        module.roi_heads.keypoint_predictor.kps_score_lowres.weight.div_(30)
    optimiser = torch.optim.Adam(learning, 1e-3)
    seen = []
    for _ in range(3):
        torch.manual_seed(1)
        loss = training_pass(module, loaded.config, [IMAGE], targets()).losses["loss_keypoint"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(float(loss.detach()))
    assert seen[2] < seen[0]


def load_copy(loaded: LoadedModel, folder: Path) -> LoadedModel:
    save_model(folder / "m.pt", loaded.module, loaded.config)
    copy = load_file(folder / "m.pt")
    assert copy.config == loaded.config
    for name, value in loaded.module.state_dict().items():
        torch.testing.assert_close(copy.module.state_dict()[name], value, rtol=0, atol=0)
    return copy


def test_a_mirror_exchanges_left_and_right() -> None:
    order = mirrored_order(PERSON)
    assert [PERSON.names[k] for k in order[:5]] == [
        *("nose", "right_eye", "left_eye", "right_ear", "left_ear")
    ]
    assert [order[k] for k in order] == list(range(17))
    assert mirrored_order(Skeleton(("head", "left_hand"))) == [0, 1]  # no twin


def test_targets_are_padded_and_cut() -> None:
    made = keypoint_targets([(), ((1.0, 2.0, 2),), ((1.0, 2.0, 2),) * 3], 2)
    assert made.tolist() == [[[0, 0, 0]] * 2, [[1, 2, 2], [0, 0, 0]], [[1, 2, 2]] * 2]


def test_oks_is_that_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    evaluator = Evaluator(("person",), skeleton=PERSON)
    images, truths, detections = [], [], []
    for number in range(1, 4):
        images.append({"id": number, "width": 100, "height": 100})
        for k in range(2):
            x0, y0 = 5.0 + 45 * k, 10.0
            square = ((x0, y0), (x0 + 40, y0), (x0 + 40, y0 + 60), (x0, y0 + 60))
            points = np.concatenate(
                [rng.uniform((x0, y0), (x0 + 40, y0 + 60), (17, 2)), rng.integers(0, 3, (17, 1))],
                axis=1,
            )
            if number == 3 and k == 1:
                points[:] = 0  # nothing labelled: neither for nor against
            truths.append((number, square, points))
            moved = points[:, :2] + rng.normal(0, 2.5 * k + 1, (17, 2))
            detections.append((number, np.array([x0, y0, x0 + 40, y0 + 60]), moved, 0.9 - 0.1 * k))
    for number in range(1, 4):
        here = [each for each in detections if each[0] == number]
        instances = [
            Instance(
                f"{k}",
                "person",
                (Polygon(square),),
                keypoints=tuple((x, y, int(v)) for x, y, v in points.tolist()),
            )
            for k, (image, square, points) in enumerate(truths)
            if image == number
        ]
        evaluator.add(instances, prediction(here))
    found = evaluator.evaluate().keypoints
    assert found is not None
    theirs = summarised(images, truths, detections)
    assert (found.ap, found.ap50, found.ap75, found.ar) == pytest.approx(theirs, abs=1e-9)
    assert 0.05 < found.ap < 0.95


def prediction(here: list) -> Prediction:
    boxes = np.array([box for _, box, _, _ in here], np.float32)
    points = np.stack([np.c_[points, np.ones(17)] for _, _, points, _ in here])
    return Prediction(
        *(100, 100, boxes, np.ones(len(here), np.int64), ("person",) * len(here)),
        scores=np.array([score for _, _, _, score in here], np.float32),
        mask_probs=np.ones((len(here), 28, 28), np.float32),
        mask_boxes=boxes,
        instances=(),
        instance_detections=(),
        trace=None,
        ms={},
        keypoints=points.astype(np.float32),
    )


def summarised(images: list, truths: list, detections: list) -> tuple[float, ...]:
    """AP, AP50, AP75 and AR as pycocotools itself sums them up."""
    coco = COCO()
    coco.dataset = {
        "images": images,
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [
            {
                "id": k,
                "image_id": image,
                "category_id": 1,
                "iscrowd": 0,
                "area": 40 * 60,
                "bbox": [*square[0], 40, 60],
                "keypoints": points.flatten().tolist(),
                "num_keypoints": int((points[:, 2] > 0).sum()),
            }
            for k, (image, square, points) in enumerate(truths, 1)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        result = coco.loadRes(
            [
                {
                    "image_id": image,
                    "category_id": 1,
                    "score": score,
                    "keypoints": np.c_[points.astype(np.float32), np.ones(17)].flatten().tolist(),
                }
                for image, _, points, score in detections
            ]
        )
        evaluator = COCOeval(coco, result, "keypoints")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    ap, ap50, ap75, _, _, ar, *_ = evaluator.stats
    return ap, ap50, ap75, ar
