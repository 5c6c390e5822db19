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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.sentences import MasklensError, english
from tests.faults.targets import LARGEST, TARGETS

SECONDS: Final = 2.0
MEGABYTES: Final = 300
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
