"""Keep the real stdin and stdout for ourselves, so that a stray print or read cannot disturb them.

Prints of any library, also those of C code, end on stderr from then on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def set_stdout_aside() -> int:
    """Return a new descriptor of the real stdout, in binary mode; descriptor 1 becomes stderr."""
    sys.stdout.flush()
    aside = os.dup(1)
    os.dup2(2, 1)
    _set_binary(aside)
    return aside


def set_stdin_aside() -> int:
    """Return a new descriptor of the real stdin, in binary mode; descriptor 0 becomes empty."""
    aside = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    _set_binary(aside)
    return aside


def _set_binary(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)


@contextmanager
def stdout_for_one_document() -> Iterator[TextIO]:
    """Give the real stdout as a text file; all other prints go to stderr until the block ends.

    Works on the descriptors where there are some, and on `sys.stdout` in any case.
    """
    shown, sys.stdout = sys.stdout, sys.stderr
    try:
        shown.flush()
        aside = os.dup(1)
    except (OSError, ValueError):  # started without a stdout
        try:
            yield shown
        finally:
            sys.stdout = shown
        return
    try:
        os.dup2(2, 1)
        with os.fdopen(os.dup(aside), "w", encoding="utf-8", newline="\n") as document:
            yield document
    finally:
        os.dup2(aside, 1)
        os.close(aside)
        sys.stdout = shown
