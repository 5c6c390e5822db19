"""`python -m app [FOLDER | IMAGE ...]`: the window."""

from __future__ import annotations

import argparse
import gc
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.base.paths import Paths
from app.engine.client import EngineClient
from app.window.bootstrap import (
    catch_exceptions,
    close_on_signals,
    load_language,
    start_logging,
)

if TYPE_CHECKING:
    from app.window.window import MainWindow


def main(
    argv: Sequence[str] | None = None, *, ready: Callable[[MainWindow], None] | None = None
) -> int:
    """Open the window and run until it is closed; returns the exit code.

    `ready` is called with the window as soon as it is shown.
    """
    arguments = _parser().parse_args(argv)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("masklens")
    application.setDesktopFileName("masklens")
    paths = Paths.of_user()
    start_logging(paths.logs, arguments.debug)
    # The engine loads torch in its own process while the window is imported and made.
    command = shlex.split(arguments.engine)
    client = EngineClient(application, command=command or None, elsewhere=bool(command))
    client.start()
    return _run(arguments, application, paths, client, ready)


def _run(
    arguments: argparse.Namespace,
    application: QApplication,
    paths: Paths,
    client: EngineClient,
    ready: Callable[[MainWindow], None] | None,
) -> int:
    # Looking for garbage among what is only being imported and made takes a tenth of the time.
    gc.disable()
    from app.base.settings import LANGUAGE, THEME, Settings
    from app.base.theme import Theme
    from app.base.watchdog import StallWatchdog
    from app.window.assembly import make_window
    from core.codec import set_loaded_aside
    from core.protocol.messages import message_types

    settings = Settings(paths.config / "settings.json", application)
    load_language(application, settings.get(LANGUAGE))
    theme = Theme(application)
    theme.choose(settings.get(THEME))
    settings.changed.connect(
        lambda key: theme.choose(settings.get(THEME)) if key == THEME.key else None
    )
    window = make_window(paths, settings, theme, application, client)
    services = window.services
    catch_exceptions(lambda text, trace: services.notices.fail("error", text, trace))
    close_on_signals(window, window.close_unasked)
    watchdog = StallWatchdog(application) if arguments.debug else None
    window.show()
    gc.enable()
    # Learning all messages takes a while; here it does not keep the window waiting.
    services.tasks.run(
        lambda _context: message_types(),
        done=lambda _types: set_loaded_aside(),
        failed=lambda _error: None,
    )
    QTimer.singleShot(0, window, services.models.start)
    if arguments.paths:
        then = services.annotator.suggest_folder if arguments.preannotate else None
        services.opener.open_paths(arguments.paths, then)
    else:
        services.opener.open_last()
    if ready is not None:
        QTimer.singleShot(0, window, lambda: ready(window))
    code = application.exec()
    services.client.shutdown()
    services.tasks.close()
    services.workspace.abandon()
    settings.close()
    if watchdog is not None:
        watchdog.close()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description="The masklens window.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="FOLDER | IMAGE")
    parser.add_argument(
        "--preannotate", action="store_true", help="ask the model for suggestions for the folder"
    )
    parser.add_argument(
        "--engine",
        default="",
        metavar="COMMAND",
        help="start the engine with this command, e.g. on another machine: "
        "'ssh HOST python -m core.engine.worker'",
    )
    parser.add_argument(
        "--debug", action="store_true", help="log to stderr and report a blocked window"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
