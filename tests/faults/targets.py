"""The readers, and for each what a file for it looks like to begin with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
from PIL import Image

from core.document.edits import Add
from core.document.instance import Instance, Polygon, Source
from core.engine.train.plan import read_plan
from core.engine.weights import load_file
from core.formats import format, labelme
from core.formats.collect import collect
from core.formats.label_file import LabelFile
from core.formats.names import FORMAT_NAMES
from core.learning.choices import LearningChoices, load_choices, save_choices
from core.learning.folder import RunFolder
from core.learning.frozen import FrozenLabels
from core.learning.journal import EventReader
from core.learning.report import read_report
from core.learning.seen import SeenFile
from core.project.settings import ProjectSettings, load_settings, save_settings
from core.project.suggestions import SuggestionSet, load_suggestions, save_suggestions
from core.project.summary import summarise
from core.protocol.frames import Frame, FrameReader, write_frame
from core.sentences import MasklensError, english
from core.storage.images import image_size, read_image
from core.storage.journal import Journal, JournalHeader, read_journal
from core.storage.versions import keep, read_version, versions
from tests.core.formats.test_every_format import FLAT, go, source
from tests.data import ROOT
from tests.models import save_tiny_model

LARGEST: Final = 200_000  # bytes of a file that is taken as a beginning
SHARED: Final = ROOT.parent / "shared" / "data"


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


def entry_by_entry(path: Path) -> object:
    """A COCO file as a large one is read, in which the same must be found as in a small one."""
    found = []
    for least in (0, LARGEST * 2):
        with patch.object(format, "LARGE", least):
            try:
                collection = collect(path)
                found.append([(each.file_name, each.instances) for each in collection.images])
            except MasklensError:
                found.append([])
    assert repr(found[0]) == repr(found[1])
    return found


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
    "data set, large": Target(
        shared("reports/*/*.json", "formats/coco*/*.json", "formats/coco*/*/*.json"), entry_by_entry
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
