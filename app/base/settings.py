"""The user's settings: typed records with defaults, kept in one small JSON file.

Unknown or invalid values in the file are ignored (the default applies) and survive a save, so that
an older program does not destroy what a newer one wrote.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

from PySide6.QtCore import QObject, Signal

from core.storage.atomic import StorageError, write_atomic

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting: its key in the file, its default, and what values it accepts."""

    key: str
    default: T
    accepts: Callable[[Any], bool]


def _one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _pace(value: Any) -> bool:
    """Seconds a step and seconds for the rest of the latest run on this machine; empty at first."""
    return isinstance(value, list) and (
        not value or (len(value) == 2 and all(_number(0, 1e6)(part) for part in value))
    )


def _keys(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and _texts(keys) for name, keys in value.items()
    )


def _named(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value.values())


THEME: Final = Setting("theme", "system", _one_of("system", "light", "dark"))
LANGUAGE: Final = Setting("language", "system", lambda value: isinstance(value, str))
WHEEL: Final = Setting("wheel", "zoom", _one_of("zoom", "scroll"))
OPACITY: Final = Setting("opacity", 0.35, _number(0.0, 1.0))
TAGS: Final = Setting("tags", True, lambda value: isinstance(value, bool))
CROSSHAIR: Final = Setting("crosshair", True, lambda value: isinstance(value, bool))
AUTOSAVE: Final = Setting("autosave_seconds", 1.5, _number(0.2, 60.0))
MODEL: Final = Setting("model", "starter", lambda value: isinstance(value, str) and value != "")
DEVICE: Final = Setting("device", "auto", _one_of("auto", "cpu", "cuda", "mps"))
PRECISION: Final = Setting("precision", "auto", _one_of("auto", "float32", "bf16"))
THRESHOLD: Final = Setting("suggestion_score", 0.5, _number(0.05, 1.0))
UNKNOWN_LABELS: Final = Setting("unknown_labels", "active", _one_of("active", "add"))
RECENT: Final[Setting[list[str]]] = Setting("recent_folders", [], _texts)
SEEN_LAST: Final[Setting[dict[str, str]]] = Setting("seen_last", {}, _named)
KEYS: Final[Setting[dict[str, list[str]]]] = Setting("keys", {}, _keys)
LEARNING_PACE: Final[Setting[list[float]]] = Setting("learning_pace", [], _pace)
KNOWN_MODELS: Final[Setting[list[str]]] = Setting("known_models", [], _texts)
"""Model files that the user chose, or let a folder choose, by path."""
GEOMETRY: Final = Setting("window_geometry", "", lambda value: isinstance(value, str))
LAYOUT: Final = Setting("window_layout", "", lambda value: isinstance(value, str))
RECENT_COUNT: Final = 10
KNOWN_COUNT: Final = 200


class Settings(QObject):
    """All settings of one user; `changed` carries the key of what was set."""

    changed = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._values = _read(path)
        self._closed = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="masklens-settings")

    def get(self, setting: Setting[T]) -> T:
        """The value in force: the user's where it is valid, else the default."""
        value = self._values.get(setting.key, setting.default)
        return cast(T, value) if setting.accepts(value) else setting.default

    def set(self, setting: Setting[T], value: T) -> None:
        """Set a value, write the file and tell everyone. Raises ValueError when not accepted."""
        if not setting.accepts(value):
            raise ValueError(f"{setting.key} does not accept {value!r}")
        if self.get(setting) == value:
            return
        self._values[setting.key] = value
        self._write()
        self.changed.emit(setting.key)

    def remember_folder(self, folder: Path) -> None:
        """Put a folder first among the recent ones."""
        text = str(folder)
        others = [name for name in self.get(RECENT) if name != text]
        self.set(RECENT, [text, *others][:RECENT_COUNT])

    def knows_model(self, path: str) -> bool:
        """Whether the user has chosen this model file before, or let a folder choose it."""
        return path in self.get(KNOWN_MODELS) or path == self.get(MODEL)

    def remember_model(self, path: str) -> None:
        """Ask no more about this model file."""
        known = [one for one in self.get(KNOWN_MODELS) if one != path]
        self.set(KNOWN_MODELS, [path, *known][:KNOWN_COUNT])

    def remember_image(self, folder: Path, name: str) -> None:
        """Note which image of a folder was seen last; forgotten with the folder."""
        recent = {str(folder), *self.get(RECENT)}
        kept = {key: seen for key, seen in self.get(SEEN_LAST).items() if key in recent}
        self.set(SEEN_LAST, {**kept, str(folder): name})

    def seen_last(self, folder: Path) -> str:
        """The image of a folder that was seen last; empty when that is not known."""
        return self.get(SEEN_LAST).get(str(folder), "")

    def close(self) -> None:
        """Wait until everything is on disk; what is set afterwards stays in memory."""
        self._closed = True
        self._writer.shutdown(wait=True)

    def _write(self) -> None:
        if self._closed:
            return
        data = json.dumps(self._values, indent=1, sort_keys=True).encode()
        self._writer.submit(_write, self._path, data)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    except (OSError, StorageError):
        log.warning("settings could not be written to %s", path, exc_info=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        log.warning("settings could not be read from %s", path, exc_info=True)
        return {}
    return value if isinstance(value, dict) else {}
