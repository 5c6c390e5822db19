"""The lens panel: the strip of stages, and below it pages for what they hold and why."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QLabel,
    QProgressBar,
    QProxyStyle,
    QPushButton,
    QStyle,
    QStyleOption,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.words import text_of
from app.lens.effect import Effect
from app.lens.layers import LensLayers
from app.lens.lens import Lens
from app.lens.panel.effect import EffectBox
from app.lens.panel.knobs import KnobsPage
from app.lens.panel.layers import LayersPage
from app.lens.panel.stepper import Strip
from app.lens.panel.table import StageTable
from app.lens.panel.training import TrainingPage, TrainingSwitches
from app.lens.panel.why import FunnelPage, WhyPage
from app.lens.reasons import Reasons
from app.lens.training import Training
from app.lens.training_layers import TrainingLayers
from core.lens.items import Item, counterpart
from core.lens.trace import Trace
from core.lens.views import VIEWS, counts


class _Close(QProxyStyle):
    """Tabs with little around their titles, so that all find room in a narrow panel."""

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """A few pixels beside the title of a tab; all else as usual."""
        if metric == QStyle.PixelMetric.PM_TabBarTabHSpace:
            return 13
        return super().pixelMetric(metric, option, widget)


class _Pages(QTabWidget):
    """Pages that scroll by themselves, so that the panel is no higher than its place for them."""

    def hasHeightForWidth(self) -> bool:
        """Their least height counts, not what the highest page would like to have."""
        return False


class LensPanel(QWidget):
    """`retry` asks for the trace again after it failed."""

    retry = Signal()

    def __init__(
        self,
        lens: Lens,
        layers: LensLayers,
        reasons: Reasons,
        training: Training,
        training_layers: TrainingLayers,
        effect: Effect,
    ) -> None:
        super().__init__()
        self._lens, self._layers = lens, layers
        self._training, self._training_layers = training, training_layers
        self._own_counts: dict[str, int] = {}
        self._shown: tuple[Trace | None, str] = (None, "")
        self.table, self.knobs = StageTable(), KnobsPage()
        self.effect = EffectBox(effect)
        self.knobs.put_first(self.effect)
        titles = {name: text_of(view.title) for name, view in VIEWS.items()}
        self.strip = Strip(titles, self.tr("Stages of the network"))
        self.layers, self.why = LayersPage(lens, layers), WhyPage(lens, reasons)
        self.funnel = FunnelPage(reasons)
        self.training = TrainingPage(training, training_layers)
        self.layers.add_rows(TrainingSwitches(training, training_layers))
        self._news = QLabel()
        self._news.setWordWrap(True)
        self._news.setContentsMargins(8, 4, 8, 0)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setContentsMargins(8, 2, 8, 4)
        self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        keeps = self._bar.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(keeps)
        self._off = QPushButton(self.tr("Settings are off the model's own: put them back"))
        self._off.clicked.connect(self.reset)
        self.pages = _Pages()
        self._close = _Close("fusion")
        self.pages.tabBar().setStyle(self._close)
        self.pages.setDocumentMode(True)
        self.pages.setUsesScrollButtons(True)  # in a narrow panel
        self.pages.setElideMode(Qt.TextElideMode.ElideNone)
        for page, title in (
            (self.table, self.tr("Table")),
            (self.layers, self.tr("Layers")),
            (self.knobs, self.tr("Knobs")),
            (self.why, self.tr("Why")),
            (self.funnel, self.tr("Losses")),
            (self.training, self.tr("Training")),
        ):
            self.pages.addTab(page, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._bar)
        column.addWidget(self._news)
        column.addWidget(self.strip)
        column.addWidget(self.about)
        column.addWidget(self._off)
        column.addWidget(self.pages, 1)
        self._wire()
        self._on_busy()
        self._on_settings()
        self._on_stage()

    def _wire(self) -> None:
        lens = self._lens
        self.strip.chosen.connect(lens.set_stage)
        self.table.pointed.connect(lens.hover)
        self.table.chosen.connect(lens.choose)
        self.table.narrowed.connect(self._layers.narrow)
        self.knobs.changed.connect(lens.set_settings)
        lens.trace_changed.connect(self._on_trace)
        lens.stage_changed.connect(self._on_stage)
        lens.chosen_changed.connect(lambda: self.table.choose(self._chosen_row()))
        lens.hovered_changed.connect(lambda: self.table.light(lens.hovered))
        lens.settings_changed.connect(self._on_settings)
        lens.busy_changed.connect(self._on_busy)
        lens.failed.connect(self._on_failed)
        self.pages.currentChanged.connect(lambda _index: self._follow())

    def reset(self) -> None:
        """All settings as the model has them."""
        if self._lens.own is not None:
            self._lens.set_settings(self._lens.own)

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentWidget(page)

    def next_page(self) -> None:
        """Bring the next page to the front and give it the keyboard."""
        self.pages.setCurrentIndex((self.pages.currentIndex() + 1) % self.pages.count())
        self.pages.currentWidget().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_strip(self) -> None:
        """Give the strip of stages, or of steps, the keyboard."""
        (self.training.strip if self._training.active else self.strip).setFocus()

    def _follow(self) -> None:
        """Look at training on its page, and go on while its layers are chosen."""
        page = self.pages.currentWidget()
        looked = page is self.training or (page is self.layers and self._training.active)
        self._training.set_active(self._lens.active and looked)
        self._training_layers.hide_stages()
        stages = page is not self.training and not self._training.active
        self.strip.setVisible(stages)
        self.about.setVisible(stages and bool(self._lens.stages))

    def _on_trace(self) -> None:
        trace = self._lens.trace
        if trace is None:
            self._own_counts = {}
            self.strip.set_counts({}, {}, {})
            self._news.clear()
        else:
            held = counts(trace)
            if trace.settings == self._lens.own:
                self._own_counts = held
            self.strip.set_counts(held, trace.milliseconds, self._own_counts)
        self._show_stages()
        if trace is not None:
            self.knobs.hide_idle(self._lens.idle)
        self._show_table()
        self._on_busy()

    def _on_stage(self) -> None:
        self._show_stages()
        self._show_table()

    def _show_stages(self) -> None:
        """The stages of the model and the words of one; nothing while they are not known."""
        self.strip.set_stages(self._lens.stages)
        self.strip.set_stage(self._lens.stage)
        self.about.setText(text_of(VIEWS[self._lens.stage].about))
        self._follow()

    def _show_table(self) -> None:
        trace = self._lens.trace
        if self._shown[0] is trace and self._shown[1] == self._lens.stage:
            return
        self._shown = (trace, self._lens.stage)
        here = trace is not None and self._lens.stage in trace.stages
        rows = VIEWS[self._lens.stage].table(trace) if here and trace is not None else None
        self.table.set_rows(rows, None)
        self.table.choose(self._chosen_row())

    def _chosen_row(self) -> Item | None:
        """The box of this stage that is the chosen one or on its way."""
        trace = self._lens.trace
        kind = self.table.model.left[0]
        return None if trace is None else counterpart(trace, self._lens.chosen, kind)

    def _on_settings(self) -> None:
        settings, own = self._lens.settings, self._lens.own
        self.knobs.show_settings(settings, own)
        self._off.setVisible(settings is not None and settings != own)

    def _on_busy(self) -> None:
        busy = self._lens.busy
        done, total = self._lens.progress or (0, 0)
        self._bar.setVisible(busy)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        if busy and self._lens.trace is None:
            self._news.setText(self.tr("Tracing the image through the network…"))
        elif not busy and self._lens.trace is None and not self._news.text():
            self._news.setText(self.tr("Open an image to look inside the model."))
        elif self._lens.trace is not None:
            self._news.clear()
        self._news.setVisible(bool(self._news.text()))

    def _on_failed(self, text: str) -> None:
        if self._lens.trace is None:
            self._news.setText(text)
            self._news.show()
