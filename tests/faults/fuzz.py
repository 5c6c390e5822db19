"""Every reader, given files that were damaged at random: a sentence or a value, and nothing else.

    python -m tests.faults.fuzz --count 200000 [--seed 1] [--only coco] [--seconds 60]

Each target takes real files and files that the program wrote itself, and spoils them: bytes and
bits, cuts and copies, numbers and words of JSON in each other's places. A fault is any exception
but a `MasklensError`, more than two seconds of the processor, more than 300 MB, and any file that
was changed or made. Prints a line of JSON for each fault, with the seed that brings it back.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from core.document.edits import Add
from core.document.instance import Instance, Polygon, Source
from core.engine.train.plan import read_plan
from core.engine.weights import load_file
from core.formats import labelme
from core.formats.collect import collect
from core.formats.label_file import LabelFile
from core.formats.names import FORMAT_NAMES
from core.learning.choices import LearningChoices, load_choices, save_choices
from core.learning.folder import RunFolder
from core.learning.frozen import FrozenLabels
from core.learning.journal import EventReader
from core.learning.report import read_report
from core.learning.seen import SeenFile
from core.protocol.frames import Frame, FrameReader, write_frame
from core.sentences import MasklensError, english
from core.storage.images import image_size, read_image
from core.storage.journal import Journal, JournalHeader, read_journal
from core.storage.settings import ProjectSettings, load_settings, save_settings
from core.storage.suggestions import SuggestionSet, load_suggestions, save_suggestions
from core.storage.summary import summarise
from core.storage.versions import keep, read_version, versions
from tests.core.formats.test_every_format import FLAT, go, source
from tests.data import ROOT
from tests.models import save_tiny_model

SECONDS: Final = 2.0
MEGABYTES: Final = 300
LARGEST: Final = 200_000  # bytes of a file that is taken as a beginning
SHARED: Final = ROOT.parent / "shared" / "data"
WORDS: Final = (
    *(b"null", b"true", b"{}", b"[]", b'""', b"-1", b"0", b"1e999", b"NaN", b"-0.0", b"1e15"),
    *(
        b"99999999999",
        b"9223372036854775808",
        b"2147483648",
        b'"\\ud800"',
        b'"\xff"',
        b"[[[[[[]]]]]]",
    ),
    *(b"..", b"/", b"\0", b"\xff\xfe", b"<", b"&x;", b'{"a":{"a":{"a":1}}}', b"1000000", b"65536"),
)
_TOKEN: Final = re.compile(rb'-?\d+\.?\d*|"[^"]{0,40}"|true|false|null|[\w.]+')


Beginnings = Callable[[Path], Sequence[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: its beginnings by the name of the file, and what reads one.

    `whole`: the beginnings make a folder together, which is read with one of its files spoiled.
    """

    beginnings: Beginnings
    read: Callable[[Path], object]
    whole: bool = False


def shape(id: str = "i") -> Instance:
    ring = ((1.0, 1.0), (30.0, 1.0), (30.0, 20.0), (1.5, 20.25))
    hole = ((5.0, 5.0), (9.0, 5.0), (9.0, 9.0))
    return Instance(id, "cell", (Polygon(ring, (hole,)),), Source.SUGGESTED, 0.75, "m@1")


def shared(*patterns: str) -> Beginnings:
    """Real files, where they are at hand."""

    def find(_folder: Path) -> list[tuple[str, bytes]]:
        found = [path for pattern in patterns for path in sorted(SHARED.glob(pattern))]
        small = [path for path in found if path.is_file() and path.stat().st_size < LARGEST]
        return [(path.name, path.read_bytes()) for path in small]

    return find


def written(
    write: Callable[[Path], object], *names: str
) -> Callable[[Path], Sequence[tuple[str, bytes]]]:
    """What the program writes itself."""

    def make(folder: Path) -> list[tuple[str, bytes]]:
        write(folder)
        return [(Path(name).name, (folder / name).read_bytes()) for name in names]

    return make


def of_format(kind: str) -> Beginnings:
    """All files of a data set in a format, by their places in its folder."""

    def make(folder: Path) -> list[tuple[str, bytes]]:
        _, out = go(kind, source(folder), folder)
        root = out.parent if out.is_file() else out
        files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()]
        return [(path.relative_to(root).as_posix(), path.read_bytes()) for path in sorted(files)]

    return make


def images(folder: Path) -> list[tuple[str, bytes]]:
    picture = np.random.default_rng(0).integers(0, 256, (24, 31, 3), dtype=np.uint8)
    made = []
    for suffix in ("png", "jpg", "bmp", "gif", "tif", "webp", "ppm", "tga"):
        path = folder / f"a.{suffix}"
        Image.fromarray(picture).save(path)
        made.append((path.name, path.read_bytes()))
    Image.fromarray(picture[..., 0].astype(np.uint16) * 200).save(folder / "w.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(folder / "e.jpg", exif=exif)
    return made + [(name, (folder / name).read_bytes()) for name in ("w.png", "e.jpg")]


def write_labelme(folder: Path) -> None:
    file = LabelFile("a.png", 40, 30, (shape("a"), shape("b")), done=True)
    (folder / "a.json").write_bytes(labelme.dumps(file))


def write_journal(folder: Path) -> None:
    journal = Journal(folder / "j.jsonl")
    journal.start(JournalHeader("a.png", 40, 30, None))
    journal.append(Add((shape("a"),)))
    journal.append(Add((shape("b"),)))


def write_run(folder: Path) -> None:
    from tests.faults.hostile import RUN, make_project

    root = folder / "project"
    make_project(root)
    for path in (root / ".masklens" / "runs" / RUN).iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())


def write_events(folder: Path) -> None:
    lines = [
        {"event": "note", "time": 1.0, "sentence": {"id": "x", "text": "a {b}", "args": {"b": 1}}},
        {"event": "state", "time": 2.0, "state": "running"},
        {"event": "step", "time": 3.0, "step": 1, "losses": {"loss": 1.5}},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "events.jsonl").write_text(text)


def run_file(name: str, read: Callable[[RunFolder], object]) -> Callable[[Path], object]:
    def in_run(path: Path) -> object:
        return read(RunFolder(path.parent))

    return in_run


def frames(path: Path) -> object:
    reader = FrameReader()
    data = path.read_bytes()
    return [list(reader.feed(data[k : k + 1000])) for k in range(0, len(data), 1000)]


def write_frame_file(folder: Path) -> None:
    arrays = (np.arange(12, dtype=np.float32).reshape(3, 4), np.zeros((2, 2), np.uint8))
    chunks = write_frame(Frame("x", b'{"a": 1, "b": [1, 2]}', arrays))
    (folder / "frame.bin").write_bytes(b"".join(map(bytes, chunks)))


def labels(path: Path) -> object:
    found = labelme.parse(path.read_bytes(), path)
    return labelme.dumps(found)


def events(path: Path) -> object:
    told = EventReader(path).read()
    return [english(one.event.sentence) for one in told if hasattr(one.event, "sentence")]


def frozen(path: Path) -> object:
    found = FrozenLabels(path)
    return [found.read(k) for k in range(min(len(found), 3))]


def seen(path: Path) -> object:
    found = SeenFile(path)
    return [found.read(key) for key in list(getattr(found, "keys", ()))[:3]]


def version(path: Path) -> object:
    folder = path.parent / "versions"
    keep(folder, b"{}", 1e9)
    (one,) = versions(folder)
    one.path.write_bytes(path.read_bytes())
    try:
        return read_version(one)
    finally:
        one.path.unlink()
        folder.rmdir()


SPEC = "spec.json"
TARGETS: Final[Mapping[str, Target]] = {
    "image": Target(images, lambda path: read_image(path, max_pixels=30_000_000)),
    "image size": Target(images, image_size),
    "labelme": Target(written(write_labelme, "a.json"), labels),
    "labelme of others": Target(
        shared("reports/*/*.json", "formats/labelme/*/*.json", "formats/x_anylabeling/*/*.json"),
        labels,
    ),
    "summary": Target(written(write_labelme, "a.json"), summarise),
    "data set, json": Target(
        shared("reports/*/*.json", "formats/*/*/*.json", "formats/isat/*.json"), collect
    ),
    "data set, xml": Target(shared("formats/**/*.xml", "reports/**/*.xml"), collect),
    "data set, csv": Target(
        shared("formats/**/*.csv", "reports/**/*.csv", "roofs_via/*.csv"), collect
    ),
    "suggestions": Target(
        written(
            lambda f: save_suggestions(f / "s.json", SuggestionSet(instances=(shape(),))), "s.json"
        ),
        load_suggestions,
    ),
    "settings": Target(
        written(
            lambda f: save_settings(f / "p.json", ProjectSettings().with_labels(["a", "b"])),
            "p.json",
        ),
        load_settings,
    ),
    "journal": Target(written(write_journal, "j.jsonl"), read_journal),
    "choices": Target(
        written(lambda f: save_choices(f / "l.json", LearningChoices()), "l.json"), load_choices
    ),
    "spec": Target(written(write_run, SPEC), run_file(SPEC, lambda run: run.spec())),
    "frozen labels": Target(written(write_run, "labels.jsonl"), frozen),
    "events": Target(written(write_events, "events.jsonl"), events),
    "plan": Target(lambda _f: [("plan.json", b'{"steps": 5, "batch": 2}')], read_plan),
    "report": Target(lambda _f: [("report.json", b'{"format": "masklens-report"}')], read_report),
    "seen": Target(lambda _f: [("seen-1.jsonl", b'{"key": "a", "outcomes": []}\n')], seen),
    "frame": Target(written(write_frame_file, "frame.bin"), frames),
    "version": Target(written(write_labelme, "a.json"), version),
    "model": Target(written(lambda f: save_tiny_model(f / "m.pt"), "m.pt"), load_file),
    **{
        f"format {name}": Target(of_format(name), collect, whole=True)
        for name in dict.fromkeys((*FLAT, *FORMAT_NAMES))
    },
}


def spoiled(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The data with a few damages; pieces of `other` may come in."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        place = chance.randrange(len(out) + 1)
        match chance.randrange(8):
            case 0:
                out[place : place + 1] = bytes((chance.randrange(256),))
            case 1:
                del out[place : place + chance.choice((1, 4, 64, 4096))]
            case 2:
                out[place:place] = out[place : place + chance.choice((1, 16, 512))]
            case 3 if len(out) > place:
                out[place] ^= 1 << chance.randrange(8)
            case 4:
                out[place:place] = chance.choice(WORDS)
            case 5:
                start = chance.randrange(len(other) + 1)
                out[place : place + 64] = other[start : start + chance.choice((8, 64, 1024))]
            case _:
                tokens = list(_TOKEN.finditer(bytes(out[:LARGEST])))
                if tokens:
                    token = chance.choice(tokens)
                    out[token.start() : token.end()] = chance.choice(WORDS)
    return bytes(out)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, at which target, and the number of the input."""

    target: str
    number: int
    what: str


class Fuzzer:
    """Feeds one target in a folder of its own."""

    def __init__(self, name: str, folder: Path, seed: int) -> None:
        self._name, self._seed = name, seed
        self._target = TARGETS[name]
        made = folder / "made"
        self._work = folder / "work"
        for each in (made, self._work):
            each.mkdir()
        self._beginnings = [one for one in self._target.beginnings(made) if one[1]]
        self._precious = self._work / "precious.bin"
        self._precious.write_bytes(b"precious")
        if self._target.whole:
            for name, data in self._beginnings:
                (self._work / name).parent.mkdir(parents=True, exist_ok=True)
                (self._work / name).write_bytes(data)
        self._there = self._files()

    def _files(self) -> frozenset[Path]:
        return frozenset(self._work.rglob("*"))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to begin with on this machine."""
        return not self._beginnings

    def input(self, number: int) -> tuple[str, bytes]:
        """Input `number`, the same each time."""
        chance = random.Random(f"{self._seed}/{self._name}/{number}")
        (name, data), (_, other) = (chance.choice(self._beginnings) for _ in range(2))
        return name, data if number == 0 else spoiled(data, other, chance)

    def feed(self, number: int) -> Fault | None:
        """Read one input; what was wrong about that."""
        name, data = self.input(number)
        path = self._work / name
        usual = path.read_bytes() if self._target.whole else None
        path.write_bytes(data)
        before = _peak()
        begun = time.process_time()
        wrong = ""
        try:
            self._target.read(self._work if self._target.whole else path)
        except MasklensError as error:
            if not english(error.sentence):
                wrong = "an empty sentence"
        except Exception:  # noqa: BLE001 - a person would see it as a traceback
            wrong = traceback.format_exc(limit=-3)
        spent, grown = time.process_time() - begun, _peak() - before
        if spent > SECONDS:
            wrong = wrong or f"{spent:.1f} seconds"
        if grown > MEGABYTES:
            wrong = wrong or f"{grown} MB"
        if path.read_bytes() != data or self._precious.read_bytes() != b"precious":
            wrong = wrong or "a file was changed"
        path.unlink() if usual is None else path.write_bytes(usual)
        if self._files() != self._there:
            wrong = wrong or f"files were made: {sorted(self._files() - self._there)}"
        return Fault(self._name, number, wrong) if wrong else None


def run(
    count: int, seed: int, seconds: float = float("inf"), only: str = ""
) -> Iterator[Fault | tuple[str, int]]:
    """Feed each target its share; yields faults, and of each target how many inputs it got."""
    names = [name for name in TARGETS if only in name]
    until = time.monotonic() + seconds
    for place, name in enumerate(names):
        share = (until - time.monotonic()) / (len(names) - place)
        stop = time.monotonic() + share
        fed = 0
        with tempfile.TemporaryDirectory() as folder:
            fuzzer = Fuzzer(name, Path(folder), seed)
            while not fuzzer.empty and fed < count // len(names) and time.monotonic() < stop:
                fault = fuzzer.feed(fed)
                fed += 1
                if fault is not None:
                    yield fault
        yield name, fed


def _peak() -> int:
    """Megabytes of memory at the peak of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Run by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    fed: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for found in run(args.count, args.seed, args.seconds, args.only):
        if isinstance(found, Fault):
            kind = f"{found.target}: {found.what.strip().splitlines()[-1][:100]}"
            kinds[kind] += 1
            if kinds[kind] == 1:
                print(json.dumps({"n": found.number, "what": found.what, "in": found.target}))
        else:
            fed[found[0]] = found[1]
            print(json.dumps({found[0]: found[1]}), flush=True)
    print(json.dumps({"inputs": fed.total(), "faults": dict(kinds)}))
    os._exit(bool(kinds))


if __name__ == "__main__":
    main()
