"""What gives the boxes for a model: its own network, or another detector chosen for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.base.settings import BOXES_FROM, Settings

TILES: Final = (0, 4, 9)
"""At how many tiles a detector can be asked to look beside the whole image."""


@dataclass(frozen=True, slots=True)
class BoxesFrom:
    """A proposer by its name or file; empty for what the model has. `arch` is for a file."""

    proposer: str = ""
    arch: str = ""
    tiles: int = 0


NETWORK: Final = BoxesFrom()


class BoxesChoice(QObject):
    """Remembers for each model what the person chose, and fills the menu; `changed` carries the
    model."""

    changed = Signal(str)
    file_wanted = Signal(str)  # the model for which a file of weights is to be chosen

    def __init__(self, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings

    def of(self, spec: str) -> BoxesFrom:
        """What was chosen for a model."""
        kept = self._settings.get(BOXES_FROM).get(spec)
        if kept is None:
            return BoxesFrom()
        proposer, arch, tiles = kept
        return BoxesFrom(proposer, arch, int(tiles) if tiles in map(str, TILES) else 0)

    def choose(self, spec: str, choice: BoxesFrom) -> None:
        """Choose for a model."""
        if choice == self.of(spec):
            return
        others = {
            name: kept for name, kept in self._settings.get(BOXES_FROM).items() if name != spec
        }
        if choice.proposer:
            others[spec] = [choice.proposer, choice.arch, str(choice.tiles)]
        self._settings.set(BOXES_FROM, others)
        self.changed.emit(spec)

    def forget(self, spec: str) -> bool:
        """Take back what was chosen for a model, as it cannot be used; False if nothing was."""
        before = self._settings.get(BOXES_FROM)
        kept = dict(before)
        found = kept.pop(spec, None) is not None
        self._settings.set(BOXES_FROM, kept)
        return found

    def fill(self, menu: QMenu, spec: str, names: tuple[str, ...], arches: tuple[str, ...]) -> None:
        """The choices for a model: by name, a file, and how a detector looks."""
        now = self.of(spec)
        group = QActionGroup(menu)

        def entry(text: str, into: QMenu, group: QActionGroup, choice: BoxesFrom) -> None:
            _entry(text, into, group, choice == now, lambda: self.choose(spec, choice))

        entry(self.tr("As the model has it"), menu, group, BoxesFrom())
        for name in names:
            tiles = now.tiles if now.proposer else 0
            entry(name, menu, group, BoxesFrom(name, "", tiles))
        if now.proposer and now.proposer not in names:
            entry(Path(now.proposer).name, menu, group, now)
        menu.addAction(self.tr("A file of weights…"), lambda: self.file_wanted.emit(spec))
        if not now.proposer:
            return
        menu.addSeparator()
        tiles_menu = menu.addMenu(self.tr("Tiles it looks at beside the whole image"))
        of_tiles = QActionGroup(tiles_menu)
        for count in TILES:
            text = self.tr("none") if count == 0 else str(count)
            entry(text, tiles_menu, of_tiles, replace(now, tiles=count))
        if now.proposer in names:
            return
        kinds = menu.addMenu(self.tr("Which detector the file holds"))
        of_arches = QActionGroup(kinds)
        entry(self.tr("As its names tell"), kinds, of_arches, replace(now, arch=""))
        for arch in arches:
            entry(arch, kinds, of_arches, replace(now, arch=arch))


def _entry(
    text: str, menu: QMenu, group: QActionGroup, chosen: bool, do: Callable[[], None]
) -> None:
    action = QAction(text.replace("&", "&&"), menu)
    action.setCheckable(True)
    action.setChecked(chosen)
    action.setActionGroup(group)
    action.triggered.connect(lambda _checked: do())
    menu.addAction(action)
