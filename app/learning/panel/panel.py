"""The learning panel: the model in use and the way back; pages to learn, to judge, to look back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.action_set import ActionSet
from app.base.icons import icon
from app.learning.panel.live import LivePage
from app.learning.panel.report_view import ReportView
from app.learning.panel.runs import RunsPage
from app.learning.panel.setup import SetupPage
from app.widgets.elided import ElidedLabel


class LearningPanel(QWidget):
    """Puts the pages together; what they ask for is answered by the corner of the window."""

    def __init__(
        self,
        setup: SetupPage,
        live: LivePage,
        report: ReportView,
        runs: RunsPage,
        actions: ActionSet,
    ) -> None:
        super().__init__()
        self.setup, self.live, self.report, self.runs = setup, live, report, runs
        self._model = ElidedLabel()
        self._back = _button(actions["model_back"])
        self._back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        keeps = self._back.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)  # so that nothing below moves when it comes
        self._back.setSizePolicy(keeps)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 6, 2)
        head.setSpacing(6)
        sign = QLabel(self.tr("Model"))
        sign.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        head.addWidget(sign)
        head.addWidget(self._model, 1)
        head.addWidget(self._back)
        self._learn = QStackedWidget()
        self._learn.addWidget(setup)
        self._learn.addWidget(live)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.setUsesScrollButtons(False)
        self._judge = self._judge_page(actions)
        for page, title in (
            (self._learn, self.tr("Learn")),
            (self._judge, self.tr("Report")),
            (runs, self.tr("Runs")),
        ):
            self.pages.addTab(page, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        self.setMinimumWidth(220)

    def _judge_page(self, actions: ActionSet) -> QWidget:
        self._no_report = QLabel(
            self.tr("When a run has come to its end, before and after will stand here.")
        )
        self._no_report.setWordWrap(True)
        self._no_report.setContentsMargins(10, 8, 10, 8)
        self._no_report.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._run = ElidedLabel()
        self.use = QPushButton(self.tr("Use this model"))
        self.use.setIcon(icon("model"))
        self.use.setMinimumHeight(30)
        self.use.setToolTip(actions["model_use"].toolTip())
        self.use.clicked.connect(actions["model_use"].trigger)
        row = QHBoxLayout()
        row.setContentsMargins(10, 6, 10, 4)
        row.addWidget(self._run, 1)
        row.addWidget(self.use)
        self._with_report = QWidget()
        column = QVBoxLayout(self._with_report)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.report, 1)
        page = QStackedWidget()
        page.addWidget(self._no_report)
        page.addWidget(self._with_report)
        return page

    def show_model(self, name: str, previous: str) -> None:
        """Name the model in use, and the one that *Back* leads to, if there is one."""
        self._model.setText(name)
        self._model.setToolTip(name)
        self._back.setVisible(bool(previous))
        text = self.tr("Back to {model}").format(model=previous)
        self._back.setText(self.tr("Back"))
        self._back.setToolTip(text)
        self._back.setAccessibleName(text)

    def show_report_of(self, name: str, state: str, *, usable: bool) -> None:
        """Say whose report is shown, and whether its model is in use, usable or on its way."""
        self.use.setEnabled(usable)
        self._run.setText(name)
        self._run.setToolTip(name)
        page = self._judge
        assert isinstance(page, QStackedWidget)
        page.setCurrentWidget(self._with_report if name else self._no_report)
        self.use.setText(state)

    def show_live(self, on: bool) -> None:
        """Show the run that goes, or what the next one would learn from."""
        self._learn.setCurrentWidget(self.live if on else self.setup)

    def show_learn(self) -> None:
        """Bring the first page to the front."""
        self.pages.setCurrentWidget(self._learn)

    def show_report_page(self) -> None:
        """Bring the report to the front."""
        self.pages.setCurrentWidget(self._judge)

    def next_page(self) -> None:
        """Bring the next page to the front."""
        self.pages.setCurrentIndex((self.pages.currentIndex() + 1) % self.pages.count())

    def take_focus(self) -> None:
        """Give the page in front the keyboard."""
        page = self.pages.currentWidget()
        if page is self._learn and self._learn.currentWidget() is self.setup:
            self.setup.start.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif page is self.runs:
            self.runs.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.pages.tabBar().setFocus(Qt.FocusReason.ShortcutFocusReason)


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(16, 16))
    button.setMinimumHeight(26)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return button
