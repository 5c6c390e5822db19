"""An engine without torch that proposes two squares in every image, and dies on one called die.

In an image called twice it proposes one square under two labels. Of images whose pixels are sent it
keeps the latest, and forgets that after `FORGETS` prompts.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np

from core.document.instance import Instance, Polygon, Source, new_id
from core.lens.settings import StageSettings
from core.protocol import (
    Cancel,
    Cancelled,
    CancelReason,
    Download,
    Downloaded,
    Failed,
    Heartbeat,
    ListModels,
    LoadModel,
    Message,
    MessageReader,
    ModelInfo,
    ModelLoaded,
    Models,
    Predict,
    Prediction,
    Progress,
    Readiness,
    Ready,
    Shutdown,
    encode,
)
from core.protocol.messages.prompts import (
    Encode,
    Encoded,
    PixelsWanted,
    Prompt,
    Prompted,
    PromptKind,
    PromptOrigin,
)
from core.sentences import MasklensError, say
from core.stdio import set_stdin_aside, set_stdout_aside

source, target = set_stdin_aside(), set_stdout_aside()
lock = threading.Lock()
FORGETS = 2
sent: dict[str, tuple[str, int]] = {}


def send(message: Message) -> None:
    with lock:
        for chunk in encode(message):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(target, rest) :]


def beat() -> None:
    while not threading.Event().wait(0.2):
        send(Heartbeat(None, 0))


def square(x: float, y: float, side: float, label: str, score: float) -> Instance:
    ring = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return Instance(
        new_id(), label, (Polygon(ring),), source=Source.SUGGESTED, score=score, model="squares@1"
    )


def predict(request: Predict) -> None:
    send(Progress(request.id, "begun"))
    name = os.path.basename(request.path or "")
    if name.startswith("die"):
        print("this image is too much", file=sys.stderr, flush=True)
        os._exit(3)
    if name.startswith("bad"):
        send(Failed(request.id, say("process.no_model", "No model is loaded yet.")))
        return
    if name.startswith("slow"):
        return
    found = (square(10, 10, 20, "thing", 0.9), square(50, 30, 20, "thing", 0.3))
    if name.startswith("twice"):
        found = (square(10, 10, 20, "thing", 0.9), square(10, 10, 20, "other", 0.8))
    boxes = np.array([[10, 10, 30, 30], [50, 30, 70, 50]], np.float32)
    scores = np.array([0.9, 0.3], np.float32)
    labels = np.ones(2, np.int64)
    send(Prediction(request.id, "squares@1", 0, 0, found, boxes, labels, scores))


def rectangle(x0: float, y0: float, x1: float, y1: float, score: float) -> Instance:
    ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return Instance(new_id(), "thing", (Polygon(ring),), Source.PROMPTED, score, "squares@1")


def inset(instance: Instance, by: float) -> Instance:
    xs = [x for x, _ in instance.polygons[0].outer]
    ys = [y for _, y in instance.polygons[0].outer]
    return rectangle(min(xs) + by, min(ys) + by, max(xs) - by, max(ys) - by, 0.9)


def prompt(request: Prompt) -> None:
    """A box holds itself and a smaller one; a point two squares, or of a mended one the half."""
    if request.kind is PromptKind.BOX:
        x0, y0, x1, y1 = request.boxes[0].tolist()
        found = (
            rectangle(x0, y0, x1, y1, 0.8),
            rectangle(x0 + 1, y0 + 1, x1 - 1, y1 - 1, 0.7),
        )[: request.most]
    elif request.kind is PromptKind.ALIKE:
        # Four squares in a row; one that was turned down takes the one to its right along.
        last = min((each.polygons[0].outer[0][0] for each in request.turned_down), default=96)
        there = {each.polygons for each in (*request.present, *request.there)}
        row = [rectangle(5.0 + 22 * k, 50.0, 20.0 + 22 * k, 65.0, 0.4) for k in range(4)]
        free = [each for each in row if each.polygons not in there]
        found = tuple(each for each in free if each.polygons[0].outer[0][0] < last)
    elif request.kind is PromptKind.TIGHTEN:
        by = 10 * (request.detail.threshold - 0.4)
        found = tuple(inset(each, by) for each in request.present)
    elif request.present:
        xs = [x for x, _ in request.present[0].polygons[0].outer]
        ys = [y for _, y in request.present[0].polygons[0].outer]
        middle = (min(xs) + max(xs)) / 2
        found = (rectangle(min(xs), min(ys), middle, max(ys), 0.6),)
    else:
        x, y = request.points.mean(axis=0).tolist()
        found = tuple(rectangle(x - r, y - r, x + r, y + r, 0.5) for r in (5.0, 9.0))
    if "nothing" in os.path.basename(request.path):
        found = ()
    count = len(found)
    send(
        Prompted(
            request.id,
            kind=request.kind,
            path=request.path,
            version=request.version,
            model="squares@1",
            width=96,
            height=72,
            instances=found,
            prompt=np.arange(count) * (request.kind is PromptKind.TIGHTEN),
            origin=(PromptOrigin.DRAWN,) * count,
            steadiness=np.ones(count, np.float32),
            likeness=np.zeros(count, np.float32),
            boxes=np.zeros((count, 4), np.float32),
            first=np.array([0 if count else -1], np.int64),
            line=0.0,
            encode_milliseconds=0.0,
            prompt_milliseconds=1.0,
        )
    )


def fetch_stand_in(request: Download) -> None:
    """Fetch a small file in place of the model's."""
    from core.engine import fetching  # what it needs is long in coming, and few tests fetch

    wanted = json.loads(os.environ["MASKLENS_STAND_IN"])
    path, url = Path(wanted["path"]), wanted["url"]

    def tell(done: int, total: int) -> None:
        send(Progress(request.id, "bytes", done, total))

    try:
        urls = fetching.mirrored(url, request.mirrors)
        file = fetching.Wanted(request.name, path, wanted["sha256"], wanted["bytes"], urls)
        if request.file is None:
            fetching.fetch(file, tell)
        else:
            fetching.take(file, Path(request.file), tell)
    except MasklensError as error:
        send(Failed(request.id, error.sentence))
    else:
        send(Downloaded(request.id, request.name))


def receive(message: Message) -> None:
    match message:
        case Encode(path=path, version=version, pixels=pixels):
            if pixels is not None:
                sent[path] = (version, FORGETS)
                assert pixels.shape == (72, 96, 3)
            if not os.path.basename(path).startswith("slow"):
                send(Encoded(message.id, path, "", "squares@1", 96, 72, False, ()))
        case Prompt(path=path, version=version) if version:
            known, left = sent.get(path, ("", 0))
            if known != version or not left:
                send(PixelsWanted(message.id, path, version))
                return
            sent[path] = (known, left - 1)
            prompt(message)
        case Prompt():
            prompt(message)
        case Shutdown():
            os._exit(0)
        case LoadModel(spec=spec, try_on=image):
            if image is not None and os.path.basename(image).startswith("bad"):
                send(
                    Failed(
                        message.id,
                        say(
                            "process.model_finds_nothing",
                            "It finds nothing at all in {image}.",
                            image=image,
                        ),
                    )
                )
            elif spec == "missing" or message.proposer == "other":
                send(
                    Failed(
                        message.id, say("process.model_not_finite", "Its numbers are not finite.")
                    )
                )
            else:
                name = f"{spec}+{message.proposer}" if message.proposer else spec
                name += f"x{message.tiles}" if message.tiles else ""
                loaded = (spec, name, "squares@1", ("thing",), "cpu", "float32", StageSettings())
                send(ModelLoaded(message.id, *loaded))
        case ListModels():
            starter = ModelInfo(
                "starter", say("models.starter", "Small general model"), "resnet18", 1, 1, True
            )
            about = say(
                "models.coco",
                "{arch}: box AP {box}, mask AP {mask}",
                arch="resnet50",
                box=37.9,
                mask=34.6,
            )
            coco = ModelInfo("coco", about, "resnet50", 80, 177_000_000, False)
            pair = ModelInfo("photos", say("models.photos", "For photos"), "resnet18", 80, 1, True)
            listed = (starter, pair, coco)
            send(Models(message.id, listed, ("yolox-nano", "other"), ("fcos_resnet50_fpn",)))
        case Download() if "MASKLENS_STAND_IN" in os.environ:
            threading.Thread(target=fetch_stand_in, args=(message,)).start()
        case Download(name=name):
            why = {"name": name, "why": "no connection", "url": "there", "path": "here"}
            send(
                Failed(
                    message.id,
                    say(
                        "models.offline",
                        "{name} could not be fetched ({why}): fetch {url}, put it at {path}.",
                        **why,
                    ),
                )
            )
        case Predict():
            predict(message)
        case Cancel(id=id):
            send(Cancelled(id, CancelReason.ASKED))


send(Ready(Readiness.STARTING, os.getpid()))
threading.Thread(target=beat, daemon=True).start()
send(Ready(Readiness.READY, os.getpid(), "cpu", "none"))
reader = MessageReader()
while data := os.read(source, 1 << 16):
    for each in reader.feed(data):
        receive(each)
os._exit(0)
