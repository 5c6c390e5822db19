"""What was gained and lost, put into the window: a part of the report, a layer, an action."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.canvas.layers.gains import GainsLayer
from app.learning.gains import Gains
from app.learning.panel.gains_view import GainsView
from app.learning.panel.report_view import ReportView
from core.document.geometry.measure import bounds
from core.learning.gains import Change
from core.learning.history import RunSummary

if TYPE_CHECKING:
    from app.window.window import MainWindow


class GainsCorner(QObject):
    """Looks while the report is in sight and the switch is on."""

    def __init__(self, window: MainWindow, report: ReportView) -> None:
        super().__init__(window)
        self._viewport = window.viewport
        self._switch = window.actions_["learn_gains"]
        self._switch.setChecked(True)
        self.gains = Gains(window.parts.client, window.parts.workspace, window.parts.settings)
        self.layer = GainsLayer()
        self.view = GainsView(self.gains, self._switch)
        self._viewport.add_layer(self.layer)
        report.add_section(self.view)
        self._in_sight = False
        report.looked_at.connect(self._on_looked_at)
        self.gains.changed.connect(self._show)
        self.view.wanted.connect(self._point)

    def acts(self) -> dict[str, Callable[[bool], object]]:
        """What the action does, by its id."""
        return {"learn_gains": lambda _on: self._apply()}

    def show_summary(self, summary: RunSummary | None) -> None:
        """Compare the models of this run from now on."""
        if summary is None or summary.report is None or not summary.report.base:
            self.gains.show_run(None)
        else:
            self.gains.show_run(summary.run, summary.spec, summary.report)

    def _on_looked_at(self, in_sight: bool) -> None:
        self._in_sight = in_sight
        self._apply()

    def _apply(self) -> None:
        self.gains.set_active(self._in_sight and self._switch.isChecked())

    def _show(self) -> None:
        found = self.gains.found
        self.layer.show(() if found is None else found.changes)
        self.layer.visible = self.layer.count > 0
        self._viewport.layer_changed()

    def _point(self, change: Change | None) -> None:
        self.layer.lit = None if change is None else change.instance.id
        if change is not None:
            self._viewport.reveal(bounds(change.instance))
        self._viewport.layer_changed()
