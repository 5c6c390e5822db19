"""Label files with too much in them: the window is never busy for long, and says what is wrong."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer

from app.base.words import sentence_text
from core.document.edits import Add, Relabel, Reshape
from core.document.instance import Instance, Polygon, Source
from core.formats import labelme
from core.project.project import Project
from core.project.suggestions import SuggestionSet, save_suggestions
from core.sentences import english
from core.session import ImageSession, SessionError
from tests.app.window.conftest import Driver, driver, folder, make_driver, shape
from tests.leaks import no_leaks
from tests.pace import allowed

__all__ = ["driver", "folder", "make_driver", "no_leaks"]

SIDE = 1600
BUSY = 0.05  # seconds of the processor at a stretch
Points = list[list[float]]


def star(count: int, radius: float = 700.0) -> Points:
    """A ring that does not cross itself."""
    angle = np.linspace(0, 2 * math.pi, count, endpoint=False)
    far = radius * (0.8 + 0.1 * np.sin(50 * angle))
    ring = np.stack([SIDE / 2 + far * np.cos(angle), SIDE / 2 + far * np.sin(angle)], axis=1)
    return [[float(x), float(y)] for x, y in ring.round(3)]


def crossed(count: int) -> Points:
    ring = np.random.default_rng(0).uniform(10, SIDE - 10, (count, 2))
    return [[float(x), float(y)] for x, y in ring.round(3)]


def squares(count: int, label: Callable[[int], str]) -> list[dict[str, object]]:
    places = [(10 * (k % 150), 10 * (k // 150)) for k in range(count)]
    return [shape(label(k), (x, y), (x + 8, y), (x, y + 8)) for k, (x, y) in enumerate(places)]


def project(root: Path, shapes: list[dict[str, object]]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIDE, SIDE), (90, 90, 90)).save(root / "a.png")
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": SIDE,
        "imageWidth": SIDE,
    }
    (root / "a.json").write_text(json.dumps(content))
    return root


class Busy:
    """How long the thread of the window worked at a stretch, in seconds of the processor.

    The processor's time and not the clock's, so that a machine that is busy with other things
    does not count.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()
        self._timer = QTimer()
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def begin(self) -> None:
        self.longest, self._last = 0.0, time.thread_time()

    def stop(self) -> None:
        self._timer.stop()


@pytest.fixture
def busy() -> Iterator[Busy]:
    watched = Busy()
    yield watched
    watched.stop()


TOO_MUCH = {
    "a million points": lambda: [shape("a", *star(1_000_000))],
    "a crossing outline": lambda: [shape("a", *crossed(20_000))],
    "a small crossing outline": lambda: [shape("a", *crossed(1_000))],
    "many labels": lambda: squares(20_000, lambda k: f"label {k}"),
    "a long label": lambda: squares(1, lambda _k: "x" * 1_000_000),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_is_too_much_is_refused_with_a_sentence(
    driver: Driver, tmp_path: Path, busy: Busy, what: str
) -> None:
    root = project(tmp_path / "much", TOO_MUCH[what]())
    before = (root / "a.json").read_bytes()
    driver.bot.wait(200)
    busy.begin()
    driver.services.opener.open_paths([root])
    driver.bot.waitUntil(lambda: driver.services.workspace.staged is not None, timeout=90_000)
    driver.bot.wait(300)
    session = driver.services.workspace.session
    assert session is not None
    assert session.read_only is not None
    assert "left as it is" in sentence_text(session.read_only)
    assert driver.document.shapes == ()
    assert "image:read_only" in driver.services.central.banners.keys
    assert busy.longest < 2 * allowed(BUSY)  # the first opening also lays out the panels
    assert (root / "a.json").read_bytes() == before


LARGE = {
    "20,000 points": lambda: [shape("a", *star(20_000))],
    "it crosses itself": lambda: [shape("a", *crossed(300))],
    "ten of 5,000 points": lambda: [shape("a", *star(5_000, 300 + 40 * k)) for k in range(10)],
    "5,000 labels": lambda: squares(5_000, lambda k: f"label {k}"),
}


@pytest.mark.parametrize("what", LARGE)
def test_what_is_much_is_worked_on(driver: Driver, tmp_path: Path, busy: Busy, what: str) -> None:
    driver.open(project(tmp_path / "large", LARGE[what]()))
    driver.bot.wait(500)
    first = driver.document.shapes[0]
    spent: dict[str, float] = {}
    (polygon,) = first.polygons
    moved = (replace(polygon, outer=((1.0, 1.0), *polygon.outer[1:])),)
    workspace = driver.services.workspace

    def measure(name: str, do: Callable[[], object]) -> None:
        busy.begin()
        do()
        driver.bot.wait(150)
        # The better of two rounds: caches that others emptied are no fault of ours.
        spent[name] = min(busy.longest, spent.get(name, math.inf))

    for _ in range(2):
        driver.services.viewport.set_selection([])
        driver.bot.wait(50)
        measure("select", lambda: driver.services.viewport.set_selection([first.id]))
        measure("hover", lambda: driver.click(SIDE / 2, SIDE / 2))
        measure("label", lambda: workspace.do(Relabel.to("b", [first.id]), "label"))
        measure("undo", workspace.undo)
        measure("shape", lambda: workspace.do(Reshape(first.id, moved), "shape"))
        measure("shape back", workspace.undo)
        measure("save", driver.saved)
    assert max(spent.values()) < allowed(BUSY), spent


def test_a_person_cannot_make_what_could_not_be_shown_again(tmp_path: Path) -> None:
    root = project(tmp_path / "own", [])
    place = Project(root)
    place.lock()
    session = ImageSession.open(place, place.images()[0])
    ring = tuple((x, y) for x, y in star(20_001))
    with pytest.raises(SessionError, match=r"limits\.points|20001|20,001"):
        session.do(Add((Instance("i", "a", (Polygon(ring),), Source.DRAWN),)), "draw")
    assert session.document.shapes == ()
    place.unlock()


def test_suggestions_that_are_too_large_are_told_and_left_out(tmp_path: Path) -> None:
    root = project(tmp_path / "own", [])
    place = Project(root)
    place.lock()
    (image,) = place.images()
    ring = tuple((x, y) for x, y in star(30_000))
    proposed = Instance("i", "a", (Polygon(ring),), Source.SUGGESTED, 0.9)
    (root / ".masklens" / "suggestions").mkdir(exist_ok=True)
    save_suggestions(place.suggestions_path(image), SuggestionSet(instances=(proposed,)))
    session = ImageSession.open(place, image)
    assert session.pending == ()
    assert any(note.id == "limits.points" for note in session.notes)
    place.unlock()


def test_a_file_of_many_shapes_is_read_the_same_shape_by_shape(tmp_path: Path) -> None:
    root = project(tmp_path / "many", squares(9_000, lambda _k: "a"))
    whole = labelme.read(root / "a.json")
    assert len(whole.shapes) == 9_000
    assert labelme.dumps(whole).count(b'"polygon"') == 9_000
    value = json.loads((root / "a.json").read_bytes())
    value["shapes"][8_000]["points"][1] = ["x", 1]
    (root / "a.json").write_text(json.dumps(value))
    odd = labelme.read(root / "a.json")
    assert len(odd.shapes) == 8_999
    assert r"shapes[8000].points[1]" in english(odd.notes[0])


def test_equal_shapes_get_ids_of_their_own_quickly(tmp_path: Path) -> None:
    root = project(tmp_path / "equal", [shape("a", (1, 1), (9, 1), (1, 9))] * 30_000)
    begun = time.process_time()
    found = labelme.read(root / "a.json").shapes
    assert time.process_time() - begun < allowed(2)
    assert len({each.id for each in found}) == 30_000
    again = labelme.read(root / "a.json").shapes
    assert [each.id for each in again] == [each.id for each in found]
