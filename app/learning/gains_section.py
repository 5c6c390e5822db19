"""What was gained and lost: a section of the report, and a layer on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.canvas.layers.gains import GainsLayer
from app.editor.services import Services
from app.learning.gains import Gains
from app.learning.panel.gains_view import GainsView
from app.learning.panel.report_view import ReportView
from core.document.geometry.measure import bounds
from core.learning.gains import Change
from core.learning.history import RunSummary


class GainsSection(QObject):
    """Looks while the report is in sight and somebody wants to see it."""

    def __init__(self, services: Services, report: ReportView) -> None:
        super().__init__(services.workspace)
        self._viewport = services.viewport
        self._in_sight = False
        self.wanted = True
        self.gains = Gains(services.client, services.workspace, services.settings)
        self.layer = GainsLayer()
        self.view = GainsView(self.gains, services.actions["learn_gains"])
        self._viewport.add_layer(self.layer)
        report.add_section(self.view)
        report.looked_at.connect(self._on_looked_at)
        self.gains.changed.connect(self._show)
        self.view.wanted.connect(self._point)

    def set_wanted(self, wanted: bool) -> None:
        """Show it, or not."""
        self.wanted = wanted
        self.gains.set_active(self._in_sight and self.wanted)

    def show_summary(self, summary: RunSummary | None) -> None:
        """Compare the models of this run from now on."""
        if summary is None or summary.report is None or not summary.report.base:
            self.gains.show_run(None)
        else:
            self.gains.show_run(summary.run, summary.spec, summary.report)

    def _on_looked_at(self, in_sight: bool) -> None:
        self._in_sight = in_sight
        self.gains.set_active(self._in_sight and self.wanted)

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
