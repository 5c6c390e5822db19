"""An engine without torch that misbehaves on demand: what it does is the name of the image."""

from __future__ import annotations

import os
import sys
import threading
import time

import numpy as np

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
    MessageReader,
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
from core.sentences import say
from core.stdio import set_stdin_aside, set_stdout_aside

source, target = set_stdin_aside(), set_stdout_aside()
lock = threading.Lock()
quiet = threading.Event()


def send(message: object) -> None:
    with lock:
        for chunk in encode(message):  # type: ignore[arg-type]
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(target, rest) :]


def beat() -> None:
    while not quiet.wait(0.05):
        send(Heartbeat(None, 0))


def predict(request: Predict) -> None:
    send(Progress(request.id, "begun"))
    name = os.path.basename(request.path or "pixels")
    if name == "die":
        os._exit(3)
    elif name == "crash":
        os.kill(os.getpid(), 9)
    elif name == "garbage":
        os.write(target, b"Traceback (most recent call last):\n")
    elif name == "hang":
        quiet.set()
        time.sleep(3600)
    elif name == "flood":
        while True:
            os.write(2, b"noise\n" * 10_000)
    elif name == "never":
        pass
    elif name == "fails":
        send(Failed(request.id, say("process.no_model", "No model is loaded yet.")))
    else:
        send(answer(request))


def answer(request: Predict) -> Prediction:
    side = 0 if request.pixels is None else request.pixels.shape[0]
    return Prediction(
        request.id,
        "fake@1",
        int(side),
        int(os.getpid()),
        (),
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int64),
        np.zeros(0, np.float32),
    )


def receive(message: object) -> None:
    if isinstance(message, Shutdown):
        if "stubborn" not in sys.argv:
            os._exit(0)
    elif isinstance(message, LoadModel):
        if message.spec == "bad":
            send(Failed(message.id, say("process.model_not_finite", "Its numbers are not finite.")))
        else:
            spec, settings = message.spec, StageSettings()
            send(ModelLoaded(message.id, spec, spec, f"{spec}@1", ("a",), "cpu", "x", settings))
    elif isinstance(message, Predict):
        predict(message)
    elif isinstance(message, ListModels):
        send(Models(message.id, ()))
    elif isinstance(message, Download):
        send(Progress(message.id, "bytes", 1, 2))
        send(Downloaded(message.id, message.name))
    elif isinstance(message, Cancel):
        send(Cancelled(message.id, CancelReason.ASKED))


if "dead on arrival" in sys.argv:
    sys.exit("no engine today")
send(Ready(Readiness.STARTING, os.getpid()))
threading.Thread(target=beat, daemon=True).start()
send(Ready(Readiness.READY, os.getpid(), "cpu", "none"))
print("a stray print")
reader = MessageReader()
while data := os.read(source, 1 << 16):
    for message in reader.feed(data):
        receive(message)
while "stubborn" in sys.argv:
    time.sleep(1)
os._exit(0)
