"""The training page: what one training step would ask of this image, and what each item costs."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.words import sentence_text, text_of
from app.lens.panel.layer_rows import LayerRows
from app.lens.panel.stepper import Strip
from app.lens.panel.table import StageTable
from app.lens.panel.training_bars import LossBars
from app.lens.training import MOST_SEED, Training
from app.lens.training_layers import LEGEND, TrainingLayers
from app.widgets.scroll_page import UpperPart
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.lens.training_words import mask_kept, notes
from core.lens.views.training import LAYERS, PLACES
from core.lens.views.training.losses import LOSSES
from core.lens.views.training.targets import focus
from core.sentences import say

_FIRST_LOSS = 2
"""The column of the table of losses in which the single ones begin."""


class TrainingPage(QWidget):
    """Seed, losses, places, and the table of a place."""

    def __init__(self, training: Training, layers: TrainingLayers) -> None:
        super().__init__()
        self._training, self._layers = training, layers
        self._shown: tuple[object, str] = (None, "")
        self.bars = LossBars()
        titles = {name: text_of(place.title) for name, place in PLACES.items()}
        self.strip = Strip(titles, self.tr("Steps of the training view"), timed=False)
        self.table = StageTable(self.tr("Filter: loss>0.001 RoI object"))
        self.news, self.sentence, self.kept = _wrapped(), _wrapped(), _wrapped()
        self.news.setContentsMargins(8, 2, 8, 2)
        self._seen = QSplitter(Qt.Orientation.Vertical)
        self._seen.setChildrenCollapsible(False)
        self._seen.addWidget(self._make_upper())
        self._seen.addWidget(self.table)
        self._seen.setStretchFactor(1, 1)
        self.table.setMinimumHeight(90)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(2)
        whole.addLayout(self._make_head())
        whole.addWidget(self.news)
        whole.addWidget(self._seen, 1)
        self._rest = QWidget()
        whole.addWidget(self._rest, 1)
        self._wire()
        self._on_changed()

    def _make_upper(self) -> UpperPart:
        """Losses, places and words; they scroll where the window is low."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self.bars, self.strip, self.sentence, self.kept):
            column.addWidget(part)
        column.addStretch(1)
        self._upper = UpperPart(body)
        return self._upper

    def _make_head(self) -> QHBoxLayout:
        label = QLabel(self.tr("Seed"))
        self.seed = QSpinBox()
        self.seed.setRange(0, MOST_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.setAccessibleName(self.tr("Seed of the draw"))
        self.seed.setToolTip(self.tr("The same seed draws the same anchors and RoIs"))
        again = QToolButton()
        again.setIcon(icon("refresh"))
        again.setAutoRaise(True)
        text = self.tr("Draw again with the next seed")
        again.setToolTip(text)
        again.setAccessibleName(text)
        again.clicked.connect(self.draw_again)
        self._state = QLabel()
        self._state.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setContentsMargins(10, 0, 6, 0)
        for part in (label, self.seed, again):
            head.addWidget(part)
        head.addWidget(self._state, 1)
        return head

    def _wire(self) -> None:
        training = self._training
        self.seed.valueChanged.connect(training.set_seed)
        self.strip.chosen.connect(training.set_place)
        self.bars.chosen.connect(self._sort_by)
        self.table.pointed.connect(lambda item: training.hover(_number(item)))
        self.table.chosen.connect(lambda item: training.choose(_number(item)))
        self.table.narrowed.connect(lambda _kind, left: self._layers.narrow(left))
        training.changed.connect(self._on_changed)
        training.busy_changed.connect(self._tell)
        training.active_changed.connect(self._on_changed)
        training.place_changed.connect(self._on_place)
        training.chosen_changed.connect(self._on_chosen)
        training.hovered_changed.connect(lambda: self.table.light(_item(training.hovered)))

    # What a person does

    def draw_again(self) -> None:
        """Replay with the next seed."""
        self._training.set_seed(self._training.seed + 1)

    def _sort_by(self, bar: int) -> None:
        """The items of a loss, the costliest first."""
        self._training.set_place(LOSSES.name)
        column = 1 if bar == self.bars.sum_row else _FIRST_LOSS + bar
        self.table.view.sortByColumn(column, Qt.SortOrder.DescendingOrder)

    # What happens

    def _on_changed(self) -> None:
        training = self._training
        with QSignalBlocker(self.seed):
            self.seed.setValue(training.seed)
        replayed = training.replayed
        self.bars.set_losses(() if replayed is None else replayed.view.losses.tolist())
        counts = {}
        if replayed is not None:
            counts = {name: place.count(replayed) for name, place in PLACES.items()}
        self.strip.set_counts(counts, {}, {})
        self._on_place()
        self._tell()

    def _on_place(self) -> None:
        replayed, place = self._training.replayed, self._training.place
        self.strip.set_stage(place)
        row = self.strip.rectangle(place).translated(self.strip.pos())
        self._upper.ensureVisible(0, row.bottom(), 0, row.height())
        self._upper.ensureVisible(0, row.top(), 0, 0)
        said = "" if replayed is None else sentence_text(PLACES[place].sentence(replayed))
        self.sentence.setText(said)
        if self._shown != (replayed, place):
            self._shown = (replayed, place)
            table = None if replayed is None else PLACES[place].table(replayed)
            self.table.set_rows(table, _item(self._training.chosen))
        self._on_chosen()

    def _on_chosen(self) -> None:
        self.table.choose(_item(self._training.chosen))
        look, text = self._layers.look(), ""
        if look is not None and "train_target" in PLACES[self._training.place].draw:
            number = focus(look)
            row = None if number is None else look.replayed.positive_row(number)
            text = "" if row is None else sentence_text(mask_kept(look.replayed.view, row))
        self.kept.setText(text)
        self.kept.setVisible(bool(text))

    def _tell(self) -> None:
        """How far it is, who was left out; a sentence where there is nothing to see."""
        training, replayed = self._training, self._training.replayed
        self._state.setText(self.tr("replaying…") if training.busy else "")
        self.seed.setEnabled(training.has_labels)
        said: list[str] = []
        if replayed is not None:
            names = replayed.trace.class_names
            said = [sentence_text(each) for each in notes(replayed.view, names)]
        elif not training.has_labels:
            said = [
                sentence_text(
                    say(
                        "lens.no_labels",
                        "Nothing is labelled here, so there is nothing to train on.",
                    )
                )
            ]
        self.news.setText("\n".join(said))
        self.news.setVisible(bool(said))
        self._seen.setVisible(replayed is not None)
        self._rest.setVisible(replayed is None)


def _item(number: int | None) -> Item | None:
    return None if number is None else Item(BoxKind.TRAINED, number)


def _number(item: Item | None) -> int | None:
    return None if item is None else item.index


class TrainingSwitches(LayerRows):
    """The layers of the training view, for the page of layers; seen while it is looked at."""

    def __init__(self, training: Training, layers: TrainingLayers) -> None:
        titles = {name: text_of(title) for name, (title, _form) in LAYERS.items()}
        titles[LEGEND] = self.tr("Legend")
        super().__init__(titles, layers.all, layers.set_visible, layers.set_opacity)
        layers.changed.connect(self.refresh)
        training.active_changed.connect(lambda: self.setVisible(training.active))
        self.setVisible(training.active)


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setContentsMargins(10, 2, 8, 2)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label
