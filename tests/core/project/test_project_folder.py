"""The folder of a project: settings, suggestions, and one writer at a time."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import pytest

from core.document.instance import Source
from core.project.project import ImageEntry, Project
from core.project.settings import (
    PALETTE,
    AttributeKind,
    AttributeRow,
    LabelStyle,
    ProjectSettings,
)
from core.project.suggestions import SuggestionSet, load_suggestions, save_suggestions
from core.storage.atomic import StorageError
from core.storage.lock import FolderLock, FolderLocked
from tests.core.document.strategies import blob
from tests.core.project.test_project import touch
from tests.data import ROOT

# Settings


def test_settings_survive_and_keep_what_a_newer_version_wrote(tmp_path):
    project = Project(tmp_path)
    project.lock()
    assert project.load_settings() == ProjectSettings()
    mine = ProjectSettings().with_labels(["cat", "dög\n", "cat", ""])
    assert [label.name for label in mine.labels] == ["cat", "dög\n"]
    assert mine.active == "cat"
    ripe = AttributeRow("ripe", AttributeKind.CHOICE, ("no", "yes"))
    mine = replace(mine, attributes=(ripe, AttributeRow("note"))).renamed("cat", "Cat")
    mine = mine.renamed("Cat", "cat").renamed("dög\n", "dog")
    project.save_settings(mine)
    assert project.load_settings() == mine
    path = project.folder / "project.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "later": {"x": [1]}}))
    project.save_settings(project.load_settings().with_colour("cat", "#ABCDEF"))
    assert json.loads(path.read_text())["later"] == {"x": [1]}
    assert project.load_settings().colours()["cat"] == "#abcdef"


def test_labels_can_be_renamed_and_taken_out():
    mine = ProjectSettings().with_labels(["cat", "dog"])
    assert mine.renamed("cat", "lion").active == "lion"
    lions = mine.renamed("cat", "puma").renamed("puma", "lion").merged("dog", "lion")
    assert dict(lions.renames) == {"cat": "lion", "puma": "lion", "dog": "lion"}
    assert lions.renamed("lion", "cat").renames == (("puma", "cat"), ("dog", "cat"))
    assert mine.renamed("cat", "lion").renamed("lion", "cat") == mine
    assert mine.without_label("cat") == ProjectSettings((mine.labels[1],), "dog")
    assert mine.without_label("cat").without_label("dog") == ProjectSettings()
    with pytest.raises(ValueError, match="colour"):
        mine.with_colour("cat", "red")


def test_colours_are_used_evenly():
    many = ProjectSettings().with_labels(str(k) for k in range(2 * len(PALETTE)))
    colours = [label.colour for label in many.labels]
    assert colours == [*PALETTE, *PALETTE]


def test_the_colours_of_many_labels_stay_apart():
    def lab(colour):  # CIELAB of sRGB, D65
        parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        line = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        rows = ((0.4339, 0.3763, 0.1899), (0.2126, 0.7152, 0.0722), (0.0178, 0.1095, 0.8730))
        xyz = [sum(a * b for a, b in zip(row, line, strict=True)) for row in rows]
        x, y, z = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in xyz)
        return 116 * y - 16, 500 * (x - y), 200 * (y - z)

    seen = [lab(colour) for colour in PALETTE]
    assert len(seen) >= 48
    assert min(math.dist(a, b) for a, b in combinations(seen, 2)) > 15


GOOD = {"masklens_project": 1, "labels": [{"name": "cat", "colour": "#e69f00"}], "active": "cat"}


@pytest.mark.parametrize(
    "damage",
    [
        {"masklens_project": 2},
        {"labels": {}},
        {"labels": [{"name": "", "colour": "#e69f00"}]},
        {"labels": [{"name": "cat", "colour": "e69f00"}]},
        {"labels": [{"name": "cat", "colour": "#e69f00"}] * 2},
        {"active": "dog"},
        {"active": 3},
    ],
)
def test_broken_settings_are_told_and_set_aside_before_new_ones(tmp_path, damage):
    project = Project(tmp_path)
    project.lock()
    path = project.folder / "project.json"
    broken = json.dumps({**GOOD, **damage})
    path.write_text(broken)
    with pytest.raises(StorageError):
        project.load_settings()
    project.save_settings(ProjectSettings((LabelStyle("cat", "#e69f00"),), "cat"))
    assert project.load_settings().active == "cat"
    assert path.with_name("project.json.1").read_text() == broken


# Suggestions


def test_suggestions_survive(tmp_path):
    path = tmp_path / "s.json"
    assert load_suggestions(path) is None
    instance = replace(blob("s", 1, 1, 1), source=Source.SUGGESTED, score=0.25, model="m")
    settings = (("score", 0.5), ("precision", "auto"), ("n", 3), ("on", True), ("none", None))
    made = SuggestionSet("m", settings, (instance,), frozenset({"r"}), "aa")
    save_suggestions(path, made)
    assert load_suggestions(path) == made
    assert made.pending({"s": 1}) == ()
    assert replace(made, rejected=frozenset("s")).pending() == ()


def test_whatever_the_file_says_a_suggestion_is_one(tmp_path):
    path = tmp_path / "s.json"
    save_suggestions(path, SuggestionSet(instances=(blob("s", 1, 1, 1),)))
    assert load_suggestions(path).instances[0].source is Source.SUGGESTED


@pytest.mark.parametrize(
    "damage",
    [
        {"masklens_suggestions": 0},
        {"model": 1},
        {"settings": []},
        {"settings": {"x": []}},
        {"instances": [{}]},
        {"rejected": [1]},
        {"seen_label_file": 5},
    ],
)
def test_broken_suggestions_are_told(tmp_path, damage):
    path = tmp_path / "s.json"
    save_suggestions(path, SuggestionSet())
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(StorageError):
        load_suggestions(path)
    path.write_text("{")
    with pytest.raises(StorageError):
        load_suggestions(path)


# One writer


def test_one_masklens_a_folder(tmp_path):
    first, second = Project(tmp_path), Project(tmp_path)
    first.lock()
    first.lock()
    with pytest.raises(FolderLocked) as caught:
        second.lock()
    assert dict(caught.value.sentence.args)["pid"] == os.getpid()
    assert not second.locked
    with pytest.raises(StorageError):
        second.save_settings(ProjectSettings())
    first.unlock()
    first.unlock()
    second.lock()
    second.unlock()


def test_the_lock_of_a_killed_process_holds_nothing(tmp_path):
    code = (
        "import sys; from pathlib import Path; from core.project.project import Project\n"
        "p = Project(Path(sys.argv[1])); p.lock(); print('locked', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout.readline() == b"locked\n"
    with pytest.raises(FolderLocked) as caught:
        Project(tmp_path).lock()
    assert dict(caught.value.sentence.args)["pid"] == other.pid
    other.kill()
    other.communicate()
    project = Project(tmp_path)
    project.lock()
    project.unlock()


def test_who_holds_the_lock_is_told_whatever_stood_in_its_file(tmp_path):
    path = tmp_path / ".masklens" / "lock"
    path.parent.mkdir()
    path.write_text("x" * 500)
    holder = FolderLock.acquire(path)
    with pytest.raises(FolderLocked) as caught:
        FolderLock.acquire(path)
    assert dict(caught.value.sentence.args)["pid"] == os.getpid()
    holder.release()


def test_taking_the_lock_sweeps_every_folder_that_is_written_to(tmp_path):
    left = []
    for folder in (".", ".masklens", ".masklens/suggestions", ".masklens/journals"):
        (tmp_path / folder).mkdir(exist_ok=True)
        left.append(tmp_path / folder / ".1.masklens-tmp")
        left[-1].write_bytes(b"half")
        os.utime(left[-1], (1, 1))
    project = Project(tmp_path)
    project.lock()
    project.unlock()
    assert [path for path in left if path.exists()] == []


def test_a_lock_file_with_rubbish_in_it(tmp_path):
    (tmp_path / ".masklens").mkdir()
    path = tmp_path / ".masklens" / "lock"
    path.write_bytes(b"rubbish")
    held = FolderLock.acquire(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(FolderLocked):
        FolderLock.acquire(path)
    held.release()


def test_a_folder_where_nothing_can_be_written(tmp_path):
    (tmp_path / ".masklens").write_bytes(b"in the way")
    project = Project(tmp_path)
    with pytest.raises(StorageError):
        project.lock()
    assert not project.locked
    with pytest.raises(StorageError):
        Project(tmp_path / "gone").lock()


@pytest.mark.parametrize("name", ["", "suggestions", "journals", "project.json"])
def test_own_files_that_are_links_out_of_the_folder_are_refused(tmp_path, name):
    outside, root = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    root.mkdir()
    if name:
        (root / ".masklens").mkdir()
    (root / ".masklens" / name if name else root / ".masklens").symlink_to(outside)
    with pytest.raises(StorageError) as caught:
        Project(root).lock()
    assert caught.value.sentence.id == "storage.refused"
    assert list(outside.iterdir()) == []


def test_a_linked_image_has_its_labels_beside_the_link(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    root.mkdir()
    touch(outside, "real.png")
    (root / "link.png").symlink_to(outside / "real.png")
    (image,) = Project(root).images()
    assert image == ImageEntry(root / "link.png", "link.png", root, "link.json")
    assert Project(root).write_problem(image) is None
