"""A test that leaves threads, timers or windows behind fails."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from core.codec import set_loaded_aside


@pytest.fixture
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """Compare threads, repeating timers and windows before and after."""
    # What is there by now is neither searched for cycles nor for timers again.
    set_loaded_aside()
    threads = set(threading.enumerate())
    windows = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    until = time.monotonic() + 5
    while (left := set(threading.enumerate()) - threads) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left, f"threads left: {left}"
    ticking = _running_timers()
    assert not ticking, f"timers left: {[(t.parent(), t.interval()) for t in ticking]}"
    shown = [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in windows and widget.isVisible()
    ]
    assert not shown, f"windows left: {shown}"


def _running_timers() -> list[QTimer]:
    """Those made since the last freeze."""
    return [
        each
        for each in gc.get_objects()
        if issubclass(type(each), QTimer)  # isinstance would ask odd objects for their class
        and shiboken6.isValid(each)
        and each.isActive()
        and not each.isSingleShot()
    ]
