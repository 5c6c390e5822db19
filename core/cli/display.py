"""Can a window be opened here, and if not, what is missing?"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from core.child import python_environment
from core.sentences import Sentence, say

PROBE: Final = "from PySide6.QtGui import QGuiApplication; QGuiApplication(['probe'])"
PROBE_SECONDS: Final = 30.0
UNSEEN_PLATFORMS: Final = ("offscreen", "minimal", "minimalegl", "vnc", "vkkhrdisplay")
SCREEN_VARIABLES: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")

# What Qt's libraries and its xcb plugin load from the system, by package of Debian and Ubuntu.
PACKAGES: Final[Mapping[str, str]] = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}


def has_qt() -> bool:
    try:
        return importlib.util.find_spec("PySide6") is not None
    except (ImportError, ValueError):  # somebody keeps it from being found
        return False


def has_display(environment: Mapping[str, str] | None = None) -> bool:
    """Whether somebody could see a window, as far as the environment tells."""
    environment = os.environ if environment is None else environment
    if environment.get("QT_QPA_PLATFORM", "").partition(":")[0] in UNSEEN_PLATFORMS:
        return False
    return not sys.platform.startswith("linux") or any(
        environment.get(name) for name in SCREEN_VARIABLES
    )


def missing_packages() -> tuple[str, ...]:
    """Packages with the system libraries that Qt needs and cannot load, on Linux."""
    if not sys.platform.startswith("linux"):
        return ()
    return tuple(sorted({name for so, name in PACKAGES.items() if not _loads(so)}))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def qt_starts() -> bool:
    """Try in a child process whether Qt can connect to the display; takes some tenths of a second.

    The child's messages are not shown: they run over many lines.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", PROBE],
            env=python_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def why_no_window(*, after_failure: bool = False) -> Sentence | None:
    """The reason why no window can be opened here, or None when nothing speaks against it.

    Qt itself is tried only when a library is missing, or after a window has failed to open.
    """
    if not has_qt():
        return say(
            "cli.no_qt",
            "The window needs PySide6-Essentials, which is not installed: pip install "
            "'PySide6-Essentials<=6.11.3'. Without it, see masklens --help.",
        )
    if _names_no_display():
        return say(
            "cli.no_display",
            "There is no display to open a window on. masklens predict works without one.",
        )
    missing = missing_packages()
    if (missing or after_failure) and not qt_starts():
        if missing:
            return say(
                "cli.qt_packages",
                "Qt cannot open a window here. Install: sudo apt install {packages}",
                packages=" ".join(missing),
            )
        return say(
            "cli.qt_display",
            "Qt cannot open a window on this display. Check DISPLAY, WAYLAND_DISPLAY and "
            "QT_QPA_PLATFORM; masklens predict works without a window.",
        )
    return None


def _names_no_display() -> bool:
    known = any(os.environ.get(name) for name in SCREEN_VARIABLES)
    return sys.platform.startswith("linux") and not known
