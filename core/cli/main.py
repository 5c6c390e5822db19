"""Reads the command line and hands over to the sub-command, or opens the window."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, Protocol, cast

from core.cli.commands import COMMAND_NAMES
from core.cli.console import INTERRUPTED, SOME_FAILED, WRONG_USE, Console, UsageError
from core.sentences import MasklensError
from core.stdio import stdout_for_one_document

WINDOW: Final = "window"

USAGE: Final = """\
masklens [FOLDER | IMAGE ...]
       masklens COMMAND ..."""
EPILOG: Final = """\
A folder that is called like a command opens as ./NAME. `masklens COMMAND --help` tells more.
Exit codes: 0 done, 1 some inputs failed (each named on stderr), 2 wrong use."""


class Command(Protocol):
    """What a module in `core.cli.commands` offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Do it; returns the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the program's own) and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except SystemExit as end:  # argparse has said what it had to say
        return end.code if isinstance(end.code, int) else WRONG_USE
    except UsageError as error:
        print(f"masklens: {error}", file=sys.stderr)
        return WRONG_USE
    except MasklensError as error:
        print(f"masklens: {error}", file=sys.stderr)
        return SOME_FAILED
    except KeyboardInterrupt:
        print("\nmasklens: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return SOME_FAILED


def _run(words: list[str]) -> int:
    name = words[0] if words and words[0] in COMMAND_NAMES else WINDOW
    command = cast(Command, importlib.import_module(f"core.cli.commands.{name}"))
    parser = _window_parser() if name == WINDOW else _parser(name, command.HELP)
    command.add_arguments(parser)
    arguments = parser.parse_args(words if name == WINDOW else words[1:])
    if not getattr(arguments, "json", False):
        return command.run(arguments, Console(sys.stdout, as_json=False))
    with stdout_for_one_document() as document:
        console = Console(document, as_json=True)
        try:
            return command.run(arguments, console)
        except MasklensError as error:
            console.broke(error)
            raise


def _parser(name: str, help: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"masklens {name}", description=help, allow_abbrev=False)


def _window_parser() -> argparse.ArgumentParser:
    modules = [importlib.import_module(f"core.cli.commands.{name}") for name in COMMAND_NAMES]
    lines = [
        f"  {name:<10} {module.HELP}" for name, module in zip(COMMAND_NAMES, modules, strict=True)
    ]
    return argparse.ArgumentParser(
        prog="masklens",
        usage=USAGE,
        description="Label instance masks with a Mask R-CNN.\n\ncommands:\n" + "\n".join(lines),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
