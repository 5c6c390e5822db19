"""The annotate panel: the labels, and below them the list of instances and suggestions,
and what else is said of those that are selected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from app.base.action_set import ActionSet
from app.editor.panels.details import DetailsPanel
from app.editor.panels.instances import InstancesPanel
from app.editor.panels.labels import LabelsPanel
from app.editor.panels.suggestions import SuggestionsPanel


class AnnotatePanel(QScrollArea):
    """The sections at the size of their place, with a scroll bar where that is too low for them."""

    def __init__(self, actions: ActionSet) -> None:
        super().__init__()
        self.labels = LabelsPanel(actions["add_label"])
        self.instances = InstancesPanel()
        self.details = DetailsPanel()
        self.suggestions = SuggestionsPanel(actions)
        stack = QSplitter(Qt.Orientation.Vertical)
        stack.setObjectName("annotate-sections")
        stack.setChildrenCollapsible(False)
        listed = QWidget()  # so that details that come and go move no row of the list
        column = QVBoxLayout(listed)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.instances, 1)
        column.addWidget(self.details)
        for place, section in enumerate((self.labels, listed, self.suggestions)):
            stack.addWidget(section)
            stack.setStretchFactor(place, (1, 2, 0)[place])
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(stack)
        self.setMinimumWidth(stack.minimumSizeHint().width())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
