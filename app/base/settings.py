"""The user's settings: typed records with defaults, kept in one small JSON file.

Unknown or invalid values in the file are ignored (the default applies) and survive a save, so that
an older program does not destroy what a newer one wrote.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast

from msgspec import Meta
from PySide6.QtCore import QObject, Signal

from core.codec import Codec, FieldError, Name, loads, pretty
from core.storage.atomic import StorageError, write_atomic

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting: its key in the file, its default, and the type of the values it accepts."""

    key: str
    default: T
    kind: Any

    def accepts(self, value: object) -> bool:
        """Whether a value from the file, or from the window, is one of this setting."""
        try:
            Codec[T](self.kind, self.key).convert(value)
        except FieldError:
            return False
        return True


_Share = Annotated[float, Meta(ge=0, le=1)]
_Count = Annotated[float, Meta(ge=0, le=1e9)]
_Answered = dict[str, Annotated[list[_Count], Meta(min_length=40, max_length=40)]]
_BoxesFrom = dict[str, Annotated[list[str], Meta(min_length=3, max_length=3)]]
_Filters = dict[str, Annotated[list[str], Meta(min_length=2, max_length=2)]]
_Views = dict[
    str, Annotated[list[Annotated[float, Meta(ge=-1e7, le=1e7)]], Meta(min_length=3, max_length=3)]
]
_Pace = Annotated[list[Annotated[float, Meta(ge=0, le=1e6)]], Meta(max_length=2)]
"""Seconds a step and seconds for the rest of the latest run on this machine; empty at first."""


THEME: Final = Setting("theme", "system", Literal["system", "light", "dark"])
LANGUAGE: Final = Setting("language", "system", str)
WHEEL: Final = Setting("wheel", "zoom", Literal["zoom", "scroll"])
OPACITY: Final = Setting("opacity", 0.35, _Share)
START: Final = Setting("start_with", "last", Literal["last", "empty"])
"""What a window without a folder begins with: the folder of the last one, or none."""
COLOUR_BY: Final = Setting("colour_by", "label", Literal["label", "instance", "source", "score"])
TAGS: Final = Setting("tags", True, bool)
CROSSHAIR: Final = Setting("crosshair", True, bool)
SNAPPING: Final = Setting("snapping", False, bool)
"""Whether vertices go onto the outlines of neighbours."""
LIVE_WIRE: Final = Setting("live_wire", False, bool)
"""Whether outlines follow the edges of the image."""
ASK_LABEL: Final = Setting("ask_label", False, bool)
"""Whether the label is asked for after something was drawn."""
OVERVIEW: Final = Setting("overview", False, bool)
"""Whether a small picture of the whole image shows which part of it is in sight."""
THUMBNAILS: Final = Setting("thumbnails", False, bool)
FOLDER_TREE: Final = Setting("folder_tree", False, bool)
"""Whether the list of images shows folders as a tree, or paths whole."""
AUTOSAVE: Final = Setting("autosave_seconds", 1.5, Annotated[float, Meta(ge=0.2, le=60)])
MODEL: Final = Setting("model", "starter", Name)
DEVICE: Final = Setting("device", "auto", Literal["auto", "cpu", "cuda", "mps"])
PRECISION: Final = Setting("precision", "auto", Literal["auto", "float32", "fast", "bf16"])
THRESHOLD: Final = Setting("suggestion_score", 0.5, Annotated[float, Meta(ge=0.05, le=1)])
UNKNOWN_LABELS: Final = Setting("unknown_labels", "names", Literal["names", "active"])
"""What names that a model says become where they are no labels of the project: labels too, unless
they name nothing; or the active label."""
PARTS: Final = Setting("suggested_parts", "hide", Literal["hide", "show"])
"""Whether a suggestion is shown that a better one covers."""
PREPARE: Final = Setting("prepare_images", "ahead", Literal["ahead", "shown", "asked"])
"""Which images are made ready for box and click: the neighbours too, what is shown, none."""
ENCODINGS: Final = Setting("encodings_mib", 1024, Annotated[int, Meta(ge=64, le=65536)])
"""Room in memory for images that are ready for box and click."""
MIRRORS: Final[Setting[list[str]]] = Setting("model_mirrors", [], list[str])
"""Web addresses below which models are looked for first."""
BOXES_FROM: Final[Setting[dict[str, list[str]]]] = Setting("boxes_from", {}, _BoxesFrom)
"""By model: the proposer chosen for it, the detector in its file, the number of tiles."""
ADVISED: Final[Setting[list[str]]] = Setting("advised_folders", [], list[str])
"""Folders of which was said which model suits them."""
FOLLOW: Final = Setting("suggestion_score_follows", True, bool)
"""Whether the least score is chosen from the model's figures and the person's answers."""
ANSWERED: Final[Setting[dict[str, list[float]]]] = Setting("answered_scores", {}, _Answered)
"""By model revision: suggestions accepted by score, then those rejected (`core.lens.scores`)."""
RECENT: Final[Setting[list[str]]] = Setting("recent_folders", [], list[str])
LOOKS: Final[Setting[dict[str, dict[str, Any]]]] = Setting("looks", {}, dict[str, dict[str, Any]])
"""By folder: how its images are shown, where that is not as they are."""
FILTERS: Final[Setting[dict[str, list[str]]]] = Setting("filters", {}, _Filters)
"""By folder: what its list of images was narrowed to, as typed and by status."""
SEEN_LAST: Final[Setting[dict[str, str]]] = Setting("seen_last", {}, dict[str, str])
VIEW_LEFT: Final[Setting[dict[str, list[float]]]] = Setting("view_left", {}, _Views)
"""By the image on the screen when the window was closed: middle and scale, where chosen."""
KEYS: Final[Setting[dict[str, list[str]]]] = Setting("keys", {}, dict[str, list[str]])
LEARNING_PACE: Final[Setting[list[float]]] = Setting("learning_pace", [], _Pace)
KNOWN_MODELS: Final[Setting[list[str]]] = Setting("known_models", [], list[str])
"""Model files that the user chose, or let a folder choose, by path."""
MODEL_ARCHS: Final[Setting[dict[str, str]]] = Setting("model_archs", {}, dict[str, str])
"""What network a file of bare weights is, where the user was asked, by path."""
MODEL_TRUNKS: Final[Setting[dict[str, str]]] = Setting("model_trunks", {}, dict[str, str])
"""The callable that makes the trunk of a model, FILE.py:FUNCTION as the user named it, by path."""
GEOMETRY: Final = Setting("window_geometry", "", str)
LAYOUT: Final = Setting("window_layout", "", str)
PANELS: Final[Setting[list[str]]] = Setting("window_panels", [], list[str])
"""Rails that are folded, and panels that are in front of others."""
SPLITTERS: Final[Setting[dict[str, list[int]]]] = Setting("splitters", {}, dict[str, list[int]])
"""The sizes of the sections of a panel, by its name."""
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

    def remember_filter(self, folder: Path, text: str, kind: str) -> None:
        """Note what the list of images of a folder is narrowed to; forgotten with the folder."""
        recent = {str(folder), *self.get(RECENT)}
        kept = {key: each for key, each in self.get(FILTERS).items() if key in recent}
        kept.pop(str(folder), None)
        self.set(FILTERS, {**kept, str(folder): [text, kind]} if text or kind else kept)

    def filter_of(self, folder: Path) -> tuple[str, str]:
        """What the list of images of a folder was narrowed to: as typed, and the status."""
        text, kind = self.get(FILTERS).get(str(folder), ("", ""))
        return text, kind

    def remember_look(self, folder: Path, look: dict[str, Any] | None) -> None:
        """Note how the images of a folder are shown; forgotten with the folder."""
        recent = {str(folder), *self.get(RECENT)}
        kept = {key: seen for key, seen in self.get(LOOKS).items() if key in recent}
        kept.pop(str(folder), None)
        self.set(LOOKS, kept if look is None else {**kept, str(folder): look})

    def close(self) -> None:
        """Wait until everything is on disk; what is set afterwards stays in memory."""
        self._closed = True
        self._writer.shutdown(wait=True)

    def _write(self) -> None:
        if self._closed:
            return
        data = pretty(dict(sorted(self._values.items())))
        self._writer.submit(_write, self._path, data)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    except (OSError, StorageError):
        log.warning("settings could not be written to %s", path, exc_info=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, FieldError):
        log.warning("settings could not be read from %s", path, exc_info=True)
        return {}
    return value if isinstance(value, dict) else {}
