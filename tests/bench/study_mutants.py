"""Break lines of engine and lens on purpose and see whether a test notices. By hand.

`python tests/bench/study_mutants.py [STAGE ...]` breaks one place of `mutants.toml` after the
other and runs the tests named beside it, up to the first that fails. No file is changed: a child
process reads the broken text in place of its module, so what the tests start as programs of their
own stays whole. First it looks whether each text stands once in its file and each list of tests
passes on whole sources; `--places` stops after the first of these. `--only NAME` takes some places.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import os
import shlex
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PLACES: Final = Path(__file__).with_name("mutants.toml")
LIBRARIES: Final = ("torch", "torchvision.models.detection", "pycocotools.mask", "shapely")
"""Read once, before the children are made: they take longer than most of the tests.
Nothing that comes with a plugin of pytest, which wants to read that itself."""
PATIENCE: Final = 300
"""Seconds after which a run counts as stuck."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A place that is changed, and the tests that should notice."""

    stage: str
    name: str
    file: str
    old: str
    new: str
    tests: str

    @property
    def module(self) -> str:
        """The name under which the place is imported."""
        return self.file.removesuffix(".py").replace("/", ".")

    def text(self) -> str:
        """The broken source. Raises ValueError unless the old text stands there once."""
        whole = (ROOT / self.file).read_text("utf-8")
        if whole.count(self.old) != 1:
            raise ValueError(f"{self.stage}, {self.name}: not once in {self.file}: {self.old}")
        return whole.replace(self.old, self.new)


class Broken(importlib.machinery.SourceFileLoader):
    """Reads another text in place of a module's own."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        """The broken module, never from a cache."""
        return compile(self._text, self.get_filename(fullname), "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Gives the broken text of one module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant, self._text = mutant, mutant.text()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module to break; None for every other."""
        if fullname != self._mutant.module:
            return None
        place = str(ROOT / self._mutant.file)
        loader = Broken(fullname, place, self._text)
        return importlib.machinery.ModuleSpec(fullname, loader, origin=place)


class First:
    """Remembers the first test that failed."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each phase of a test."""
        if report.failed and not self.name:
            self.name = report.nodeid.rpartition("::")[2]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Called by pytest for each file."""
        if report.failed and not self.name:
            self.name = f"import of {report.nodeid}"


def mutants() -> Iterator[Mutant]:
    """Every place of the table."""
    for stage, table in tomllib.loads(PLACES.read_text("utf-8")).items():
        for name, file, old, new, *nearer in table["places"]:
            yield Mutant(stage, name, file, old, new, nearer[0] if nearer else table["tests"])


def main() -> int:
    """Print for each mutant which test noticed it, and in the end what survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="all, unless some are named")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="places of these names alone")
    parser.add_argument("--places", action="store_true", help="only look whether the texts stand")
    parser.add_argument("--whole", action="store_true", help="leave out the run on whole sources")
    given = parser.parse_args()
    chosen = [one for one in mutants() if not given.stages or one.stage in given.stages]
    if given.only:
        unknown = sorted(set(given.only) - {one.name for one in chosen})
        if unknown:
            parser.error(f"no place is called {', '.join(unknown)}")
        chosen = [one for one in chosen if one.name in given.only]
    for mutant in chosen:
        mutant.text()
    print(f"{len(chosen)} places in {len({one.stage for one in chosen})} stages", flush=True)
    if given.places:
        return 0
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT)]
    for name in LIBRARIES:
        __import__(name)
    if not given.whole:
        for tests in dict.fromkeys(one.tests for one in chosen):
            failed = _first_to_fail(tests, None)
            if failed:
                print(f"{tests} fails as it is: {failed}")
                return 1
    survivors = []
    for mutant in chosen:
        start = time.monotonic()
        noticed = _first_to_fail(mutant.tests, mutant)
        survivors += [] if noticed else [mutant]
        took = f"{time.monotonic() - start:.0f} s"
        print(f"{mutant.stage}, {mutant.name}: {noticed or 'SURVIVES'} ({took})", flush=True)
    print(f"{len(survivors)} of {len(chosen)} survive")
    return 0


def _first_to_fail(tests: str, mutant: Mutant | None) -> str:
    """The first test that fails in a child process, or nothing when all pass."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        _run(tests, mutant, writes)
    os.close(writes)
    with os.fdopen(reads, "r", encoding="utf-8") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    return said or ("" if status == 0 else f"ended by {status}")


def _run(tests: str, mutant: Mutant | None, answer: int) -> None:
    """Run the tests and leave."""
    signal.alarm(PATIENCE)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if mutant is not None:
        sys.meta_path[:0] = [Finder(mutant)]
    first = First()
    arguments = ["-q", "-x", "-p", "no:cacheprovider", *shlex.split(tests)]
    status = int(pytest.main(arguments, plugins=[first]))
    said = first.name or f"pytest says {status}" if status else ""
    os.write(answer, said.encode())
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
