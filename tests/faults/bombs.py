"""Small files that announce much. `python -m tests.faults.bombs` runs them one by one, each in a
child of its own, and tells what came of it, how long it took and how much memory.
"""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from core.formats import coco, labelme
from core.formats.masks import trace_runs
from core.learning.folder import RunFolder, list_runs
from core.learning.journal import EventReader
from core.project.settings import load_settings
from core.project.suggestions import load_suggestions
from core.protocol.frames import MAGIC, MAX_BODY, PREFIX, VERSION, FrameReader
from core.sentences import MasklensError, english, say
from core.storage.images import image_size, read_image

Bomb = Callable[[Path], object]


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def gif(width: int, height: int) -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0;"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + frame


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def rle(width: int, height: int, counts: list[int]) -> Bomb:
    runs = {"size": [height, width], "counts": counts}
    return lambda _folder: trace_runs(runs, width, height, "annotations[0].segmentation")


def coco_file(width: int, height: int, counts: list[int]) -> Bomb:
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": width, "height": height}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "iscrowd": 1,
                "bbox": [0, 0, 1, 1],
                "area": 1,
                "segmentation": {"size": [height, width], "counts": counts},
            }
        ],
    }
    return lambda folder: coco.read(put(folder, "coco.json", json.dumps(value).encode()))


def shape(kind: str, points: object, **more: object) -> Bomb:
    one = {"label": "a", "points": points, "shape_type": kind, "group_id": None, "flags": {}}
    value = {
        "version": "5.5.0",
        "flags": {},
        "shapes": [{**one, **more}],
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 100,
        "imageWidth": 100,
    }
    return lambda folder: labelme.read(put(folder, "a.json", json.dumps(value).encode()))


def large_mask() -> str:
    buffer = io.BytesIO()
    Image.new("1", (17_000, 17_000)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def image_data(folder: Path) -> object:
    path = folder / "a.json"
    with path.open("wb") as file:
        file.write(b'{"shapes": [], "imagePath": "a.png", "imageData": "')
        for _ in range(200):
            file.write(b"A" * 1_000_000)
        file.write(b'"}')
    return labelme.read(path)


def events(*lines: bytes) -> Bomb:
    def bomb(folder: Path) -> object:
        reader = EventReader(put(folder, "events.jsonl", b"\n".join(lines) + b"\n"))
        told = [one for _ in range(3) for one in reader.read()]
        texts = [english(one.event.sentence) for one in told if hasattr(one.event, "sentence")]
        return len(told), max(map(len, texts), default=0)

    return bomb


def long_line(megabytes: int) -> Bomb:
    def bomb(folder: Path) -> object:
        path = folder / "events.jsonl"
        with path.open("wb") as file:
            file.write(b'{"event": "note", "sentence": {"id": "x", "text": "')
            for _ in range(megabytes):
                file.write(b"A" * 1_000_000)
            file.write(b'", "args": {}}, "time": 1}\n')
        reader = EventReader(path)
        return [len(reader.read()) for _ in range(3)]

    return bomb


def deep_run(folder: Path) -> object:
    for name, text in (("good", b"{}"), ("deep", b"[" * 1_000_000)):
        (folder / name).mkdir()
        put(folder / name, "spec.json", text)
    assert len(list_runs(folder)) == 2
    return RunFolder(folder / "deep").spec()


def frame(size: int) -> Bomb:
    """The begin of a message that is to be so many bytes long."""
    arrays = [{"dtype": "|u1", "shape": [size]}]
    header = json.dumps({"type": "x", "fields": {}, "arrays": arrays}).encode()
    prefix = PREFIX.pack(MAGIC, VERSION, len(header), size)
    return lambda _folder: list(FrameReader().feed(prefix + header + b"\0" * 1000))


NOTE: Final = {"event": "note", "time": 1.0}
BOMBS: Final[Mapping[str, Bomb]] = {
    "png of one column": lambda folder: read_image(put(folder, "a.png", png(1, 299_000_000))),
    "png of one column, its size": lambda folder: image_size(
        put(folder, "a.png", png(1, 299_000_000))
    ),
    "png of 289 megapixels": lambda folder: read_image(put(folder, "a.png", png(17_000, 17_000))),
    "gif": lambda folder: read_image(put(folder, "a.gif", gif(17_000, 17_000))),
    "gif, its size": lambda folder: image_size(put(folder, "a.gif", gif(65_535, 65_535))),
    "run length of 20,000 squared": rle(20_000, 20_000, [0, 400_000_000]),
    "run length of a million squared": rle(10**6, 10**6, [0, 10**12]),
    "run length of 2^40": rle(1, 2**40, [0, 2**40]),
    "run length of 289 megapixels": rle(17_000, 17_000, [0, 17_000**2]),
    "run length of 25 megapixels": rle(5000, 5000, [0, 25_000_000]),
    "run length of 25 megapixels, in stripes": rle(5000, 5000, [2500] * 10_000),
    "run length of 25 megapixels, in dots": rle(5000, 5000, [99, 1] * 250_000),
    "coco of 20,000 squared": coco_file(20_000, 20_000, [0, 400_000_000]),
    "coco of a million squared": coco_file(10**6, 10**6, [0, 10**12]),
    "mask of labelme": shape("mask", [[0, 0], [17_000, 17_000]], mask=large_mask()),
    "circle": shape("circle", [[0, 0], [1e15, 0]]),
    "outline far away": shape("polygon", [[0, 0], [1e12, 0], [0, 1e12]]),
    "outline beyond numbers": shape("polygon", [[0, 0], [10**400, 0], [0, 1]]),
    "image data": image_data,
    "event with an unknown sentence": events(
        json.dumps({**NOTE, "sentence": {"id": "no.such", "args": {}}}).encode()
    ),
    "event with a long note": events(
        json.dumps({**NOTE, "sentence": {"id": "x", "text": "A" * 3_000_000, "args": {}}}).encode()
    ),
    "event of 100 MB": long_line(100),
    "deep request": deep_run,
    "deep project": lambda folder: load_settings(put(folder, "project.json", b"[" * 1_000_000)),
    "deep suggestions": lambda folder: load_suggestions(put(folder, "s.json", b'{"a":' * 500_000)),
    "deep labels": lambda folder: labelme.read(put(folder, "a.json", b'{"shapes":' * 500_000)),
    "half a character": shape("polygon", [[0, 0], [9, 0], [0, 9]], label="\ud800"),
    "frame of four gigabytes": frame(4 << 30),
    "frame as large as frames may be": frame(MAX_BODY),
    "sentence of a file": lambda _folder: len(english(say("x", "{a}" * 90_000, a="b" * 1000))),
}


def _told(bomb: Bomb, folder: Path) -> str:
    try:
        return f"fine: {str(bomb(folder))[:200]}"
    except MasklensError as error:
        return f"sentence: {english(error.sentence)[:300]}"
    except BaseException as error:  # noqa: BLE001 - what a person would see as a traceback
        return f"fault: {type(error).__name__}: {str(error)[:200]}"


def run(name: str) -> dict[str, object]:
    """One bomb in a child: what came of it, seconds of the processor, and megabytes more than
    before.
    """
    with tempfile.TemporaryDirectory() as folder:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            # What the parent had at its peak would count for the child too.
            Path("/proc/self/clear_refs").write_text("5")
            before, begun = _peak(), time.process_time()
            told = _told(BOMBS[name], Path(folder))
            seconds = round(time.process_time() - begun, 2)
            grown = (_peak() - before) // 1024
            spent = {"told": told, "seconds": seconds, "megabytes": grown}
            os.write(writing, json.dumps(spent).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            data = answer.read()
        os.waitpid(pid, 0)
        died = {"told": "fault: died", "seconds": 0.0, "megabytes": 0}
        return {"name": name, **(json.loads(data) if data else died)}


def _peak() -> int:
    """Kilobytes of memory at the peak."""
    text = Path("/proc/self/status").read_text("ascii")
    return int(text.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    for each in sys.argv[1:] or BOMBS:
        print(json.dumps(run(each)), flush=True)
