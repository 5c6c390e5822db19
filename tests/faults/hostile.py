"""Folders as an attacker would make them: each function spoils a project that is all right."""

from __future__ import annotations

import json
import os
from pathlib import Path

from core.learning.folder import RunFolder, create_run
from core.learning.spec import RunSpec
from tests.core.learning.making import gathered

CODE = "hostile_module:trunk"
RUN = "20260101-000000-abcd"


def make_project(root: Path) -> RunFolder:
    """A project with one run that was cut off."""
    data = gathered(root)
    spec = RunSpec(model="starter", dataset=str(root), steps=2)
    return create_run(root / ".masklens" / "runs" / RUN, spec, data)


def change_spec(run: RunFolder, **values: object) -> None:
    """Say something else in `spec.json`."""
    spec = json.loads(run.spec_file.read_bytes())
    run.spec_file.write_text(json.dumps({**spec, **values}))


def plant_module(root: Path) -> Path:
    """Code beside the images; it leaves a mark when it is run. Returns where the mark would be."""
    mark = root.parent / "it ran"
    code = f"open({str(mark)!r}, 'w').close()\ndef trunk(): raise SystemExit\n"
    (root / "hostile_module.py").write_text(code)
    (root / "__main__.py").write_text(code)
    return mark


def link_all(folder: Path, outside: Path) -> list[Path]:
    """Put a link to a precious file in place of each file of ours, and a folder in place of each
    folder; returns the precious files.
    """
    outside.mkdir()
    precious = []
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            continue
        target = outside / "-".join(path.relative_to(folder).parts)
        target.write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(target)
        precious.append(target)
    return precious


def tree(folder: Path) -> dict[str, bytes | str]:
    """All that lies in a folder, by name."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = os.readlink(path) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            found[name] = path.read_bytes()
    return found
