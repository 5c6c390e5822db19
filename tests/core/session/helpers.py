"""Small projects for tests of sessions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

from core.document.edits import Add, Edit, SetRejected
from core.document.instance import Source
from core.project.project import ImageEntry, Project
from core.project.suggestions import SuggestionSet
from core.session import ImageSession
from tests.core.document.strategies import blob

SIZE = (64, 48)


def make_image(path: Path, size: tuple[int, int] = SIZE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 150)).save(path)
    return path


def make_project(root: Path, *names: str, lock: bool = True) -> Project:
    for name in names or ("a.png",):
        make_image(root / name)
    project = Project(root)
    if lock:
        project.lock()
    return project


def entry(project: Project, name: str = "a.png") -> ImageEntry:
    return next(image for image in project.images() if image.name == name)


def open_session(project: Project, name: str = "a.png") -> ImageSession:
    return ImageSession.open(project, entry(project, name))


def draw(session: ImageSession, id: str, label: str = "cat") -> None:
    session.do(Add((blob(id, 20, 20, 5, label),)), "Draw")


def save(session: ImageSession) -> None:
    snapshot = session.snapshot()
    assert snapshot is not None
    outcome = snapshot.write()
    session.saved(outcome)
    assert outcome.ok, outcome.problem


def ids(session: ImageSession) -> list[str]:
    return [instance.id for instance in session.document.instances]


def labelme_file(path: Path, image: str = "a.png", label: str = "dog", **more: object) -> bytes:
    """A label file as another program writes it."""
    value = {
        "version": "5.2.1",
        "flags": {},
        "shapes": [
            {
                "label": label,
                "points": [[1, 1], [9, 1], [9, 9]],
                "group_id": None,
                "shape_type": "polygon",
                "flags": {},
            }
        ],
        "imagePath": image,
        "imageData": None,
        "imageHeight": SIZE[1],
        "imageWidth": SIZE[0],
        **more,
    }
    data = json.dumps(value).encode()
    path.write_bytes(data)
    return data


def suggest(*names: str, model: str = "m1") -> SuggestionSet:
    found = tuple(
        replace(blob(name, 20, 20, 5), source=Source.SUGGESTED, score=0.8, model=model)
        for name in names
    )
    return SuggestionSet(model, (("score", 0.5),), found)


def accept(suggestions) -> Edit:
    return Add(tuple(replace(each, source=Source.ACCEPTED) for each in suggestions))


def reject(*names: str) -> Edit:
    return SetRejected(names, rejected=True)
