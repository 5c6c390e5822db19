"""What a command says and where: results on stdout, all else on stderr, progress on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TextIO, TypeVar

from core.sentences import MasklensError, Sentence, english, say

DONE: Final = 0
SOME_FAILED: Final = 1
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
"""The shell's code for a program that was stopped by Ctrl+C."""
PROGRESS_EVERY: Final = 0.1
ERROR_LENGTH: Final = 300
T = TypeVar("T")


FAILED: Final = say(
    "cli.failed",
    "Something unforeseen went wrong with {name}, which is left out: {error}",
)


class UsageError(MasklensError):
    """The command was called in a way that cannot work; ends it with exit code 2."""


class CommandError(MasklensError):
    """The command cannot go on; ends it with exit code 1."""


def unforeseen(name: str, error: Exception) -> Sentence:
    """What is said of an input at which something went wrong that nobody expected."""
    what = f"{type(error).__name__}: {error}".strip()[:ERROR_LENGTH]
    return FAILED.given(name=name, error=what)


class Console:
    """Where a command writes. `results` is stdout: with `--json` one document and nothing else."""

    def __init__(self, results: TextIO, *, as_json: bool) -> None:
        self._results = results
        self.as_json = as_json
        self.failures: list[dict[str, str]] = []
        self._said = False
        self._progress_shown = 0
        self._last_progress = 0.0
        self._counted = (0.0, 0, 0)

    def result(self, text: str, document: Mapping[str, object]) -> None:
        """The outcome, once: the document with `--json`, else the text."""
        self._clear()
        if self.as_json:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        print(text, file=self._results)
        self._results.flush()
        self._said = True

    def broke(self, error: MasklensError) -> None:
        """With `--json`, the document of a command that ended without a result."""
        if self.as_json and not self._said:
            self.result("", {"error": str(error), "failed": self.failures})

    def note(self, what: Sentence | str) -> None:
        """A remark on stderr."""
        self._clear()
        print(english(what) if isinstance(what, Sentence) else what, file=sys.stderr)

    def fail(self, name: str, why: Sentence) -> None:
        """Name an input that failed, with the reason; the exit code will be 1."""
        text = english(why)
        self.failures.append({"file": name, "sentence": text})
        self.note(text if name in text else f"{name}: {text}")

    def fail_with(self, why: Sentence) -> None:
        """Report a failure whose sentence names the input itself."""
        named = dict(why.args)
        self.fail(str(named.get("name", named.get("path", ""))), why)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Around the work on one input: whatever goes wrong, the input is named and left out.

        Wrong use of the command, and a reader who has left, end the command all the same.
        """
        try:
            yield
        except (UsageError, BrokenPipeError):
            raise
        except MasklensError as error:
            self.fail(name, error.sentence)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are done
            self.fail(name, unforeseen(name, error))

    def each(
        self, inputs: Sequence[T], name: Callable[[T], str], work: Callable[[T], object]
    ) -> None:
        """Work on one input after the other; what fails is named, and the rest is done."""
        for number, one in enumerate(inputs, start=1):
            self.progress(name(one), number, len(inputs))
            with self.attempt(name(one)):
                work(one)

    def progress(self, what: str, done: int = 0, total: int = 0) -> None:
        """How far it is, in one line that is overwritten; only on a terminal."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._last_progress < PROGRESS_EVERY:
            return
        self._last_progress = now
        line = f"[{done}/{total}] {self._left(done, total)}{what}" if total else what
        shown = line[:78]
        print("\r" + shown.ljust(self._progress_shown), end="", file=sys.stderr, flush=True)
        self._progress_shown = len(shown)

    def _left(self, done: int, total: int) -> str:
        """How long it will take yet, once that can be told; each new count begins anew."""
        now = time.monotonic()
        since, first, all = self._counted
        if total != all or done < first:
            self._counted = now, done, total
        elif done > first and now - since > PROGRESS_EVERY:
            seconds = (now - since) / (done - first) * (total - done)
            return f"{seconds:.0f} s left: "
        return ""

    def code(self) -> int:
        """The exit code: 1 when an input failed, else 0."""
        return SOME_FAILED if self.failures else DONE

    def _clear(self) -> None:
        if self._progress_shown:
            print("\r" + " " * self._progress_shown + "\r", end="", file=sys.stderr, flush=True)
            self._progress_shown = 0
