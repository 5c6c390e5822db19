"""What happens before the window: log file, crash traces, language."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from PySide6.QtCore import (
    QCoreApplication,
    QLibraryInfo,
    QLocale,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QtMsgType,
    QTranslator,
    qInstallMessageHandler,
)

import resources.translations

log = logging.getLogger("masklens")
LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
TRANSLATIONS: Final = Path(resources.translations.__file__).parent
LOG_BYTES: Final = 1_000_000


def start_logging(folder: Path, debug: bool) -> None:
    """Write to `folder/masklens.log` (rotating) and, in debug mode, to stderr as well.

    A crash of the interpreter leaves its trace in `folder/crash.log`. Where the folder cannot be
    written, stderr must do.
    """
    handlers: list[logging.Handler] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "masklens.log", maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8"
            )
        )
        # Kept open on purpose: the handler writes to it when nothing else works any more.
        faulthandler.enable(open(folder / "crash.log", "a", encoding="utf-8"))  # noqa: SIM115
    except OSError as error:
        print(f"masklens: no log in {folder}: {error}", file=sys.stderr)  # noqa: T201
    if debug or not handlers:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=handlers,
    )
    logging.getLogger("PIL").setLevel(logging.INFO)  # it tells of every tag of every TIFF
    qInstallMessageHandler(_qt_message)


def catch_exceptions(tell: Callable[[str, str], None]) -> None:
    """Log what nobody caught, and `tell(sentence, trace)`; the window goes on."""

    def caught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("nobody caught this", exc_info=(kind, error, trace))
        tell(f"{kind.__name__}: {error}", _formatted(kind, error, trace))

    def caught_in_thread(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value or args.exc_type()
        log.critical("a thread ended", exc_info=(args.exc_type, error, args.exc_traceback))

    sys.excepthook = caught
    threading.excepthook = caught_in_thread


def close_on_signals(parent: QObject, close: Callable[[], object]) -> None:
    """Call `close` on the thread of the window when the process is asked to end (Ctrl+C, SIGTERM).

    Python runs handlers only when it gets a turn, which a waiting event loop does not give it; a
    socket that every signal writes to wakes the loop.
    """
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    reading.setblocking(False)
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read, parent)

    def wake() -> None:
        with contextlib.suppress(BlockingIOError):
            reading.recv(64)
        close()

    notifier.activated.connect(wake)

    def forget() -> None:
        signal.set_wakeup_fd(-1)
        reading.close()
        writing.close()

    parent.destroyed.connect(forget)


def load_language(application: QCoreApplication, choice: str) -> None:
    """Install the translations for the system's language or the chosen one, where we have them.

    A language is a file `resources/translations/masklens_<language>.qm`.
    """
    locale = QLocale() if choice == "system" else QLocale(choice)
    if choice != "system":
        QLocale.setDefault(locale)
    qt = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    # English first, for its plural forms; what is installed later is asked first.
    for language, name, folder in (
        (QLocale("en"), "masklens", str(TRANSLATIONS)),
        (locale, "qtbase", qt),
        (locale, "masklens", str(TRANSLATIONS)),
    ):
        translator = QTranslator(application)
        if translator.load(language, name, "_", folder):
            application.installTranslator(translator)


def languages() -> list[str]:
    """The languages the window can speak, by their codes."""
    return sorted(path.stem.split("_", 1)[1] for path in TRANSLATIONS.glob("masklens_*.qm"))


def _formatted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    return "".join(traceback.format_exception(kind, error, trace))


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger("qt").log(LEVELS[kind], "%s", text)
