"""`masklens prompt`: one instance a box, one for all points, as JSON and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.document.geometry import bounds, contains
from core.document.instance import Polygon, Polygons


def prompt(*words: str | Path) -> int:
    return main(["prompt", *map(str, words), "--precision", "float32", "--device", "cpu"])


def document(capfd: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    capfd.readouterr()
    assert prompt(*words, "--json") == code
    return json.loads(capfd.readouterr().out)


def polygons(one: dict[str, Any]) -> Polygons:
    return tuple(
        Polygon(tuple(map(tuple, outer)), tuple(tuple(map(tuple, hole)) for hole in holes))
        for outer, *holes in one["polygons"]
    )


def test_each_box_gives_one_instance_and_all_points_together_one(
    folder: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = folder / "a1.png"
    words = ("--box", "5,5,40,50", "--box", "30,10,79,60", "--point", "30,30,in")
    found = document(capfd, image, "--model", model, *words, "--point", "75,60,out")
    assert len(found["instances"]) == 3
    for one in found["instances"]:
        assert set(one) == {"label", "score", "polygons", "bbox"}
        assert one["label"] in ("cell", "square")
        box = bounds(polygons(one))
        assert one["bbox"] == [box.x0, box.y0, box.width, box.height]
    pointed = polygons(found["instances"][2])
    assert contains(pointed, 30, 30)
    assert not contains(pointed, 75, 60)
    assert set(found["ms"]) == {"encode", "prompt"}
    assert min(found["ms"].values()) > 0


def test_in_words(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prompt(folder / "a2.jpg", "--model", model, "--box", "5,5,40,35") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert "vertices in" in first
    assert last.startswith("encoded in")


def test_a_box_beside_the_image_fails_alone(
    folder: Path, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("--box", "900,900,950,950", "--box", "5,5,40,50")
    found = document(capfd, folder / "a1.png", "--model", model, *words, code=1)
    assert len(found["instances"]) == 1
    assert [one["file"] for one in found["failed"]] == ["900,900,950,950"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--box", "1,2,3"),
        ("--box", "5,5,1,9"),
        ("--box", "1,2,nan,9"),
        ("--point", "4,5"),
        ("--point", "4,5,inside"),
        ("--point", "4,5,out"),
    ],
)
def test_wrong_prompts_are_wrong_use(
    words: tuple[str, ...], folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prompt(folder / "a1.png", "--model", model, *words) == 2
    assert capsys.readouterr().out == ""


def test_a_missing_image_is_named(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prompt(tmp_path / "gone.png", "--model", model, "--box", "1,1,9,9") == 1
    assert "gone.png" in capsys.readouterr().err
