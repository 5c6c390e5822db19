"""The training page: what one training step would ask of this image, and what each item costs."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.base.icons import icon
from app.base.words import sentence_text
from app.lens.panel.layer_rows import LayerRows
from app.lens.panel.stepper import Strip
from app.lens.panel.table import StageTable
from app.lens.panel.training_bars import SUM, LossBars
from app.lens.training import MOST_SEED, Training
from app.lens.training_items import LOSSES_PLACE, PLACES, Spot
from app.lens.training_layers import OF_PLACE, TARGET, TrainingLayers
from app.lens.training_rows import SpotRows, rows_of
from app.lens.training_words import left_out_sentences, mask_sentence, place_sentence
from core.lens.evidence import BoxKind
from core.lens.items import Item
from core.sentences import say

_FIRST_LOSS = 2
"""The column of the table of losses in which the five begin."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("training", text)


def place_names() -> dict[str, str]:
    """The places in words, the eight steps by their numbers."""
    texts = (
        _tr("All losses, by item"),
        _tr("Anchors matched"),
        _tr("Anchors drawn"),
        _tr("1  Proposals and instances"),
        _tr("2  Overlaps"),
        _tr("3  Boxes with an object"),
        _tr("4  Boxes of background"),
        _tr("5  RoIs drawn"),
        _tr("6  Matched with instances"),
        _tr("7  Box deltas"),
        _tr("8  Mask targets"),
    )
    return dict(zip(PLACES, texts, strict=True))


class _Upper(QScrollArea):
    """As high as what it holds, where there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(90)

    def sizeHint(self) -> QSize:
        """The height that the texts need at this width."""
        body = self.widget()
        layout = None if body is None else body.layout()
        if layout is None:
            return super().sizeHint()
        return QSize(super().sizeHint().width(), layout.heightForWidth(self.width()))


class TrainingPage(QWidget):
    """Seed, losses, places, and the table of a place."""

    def __init__(self, training: Training, layers: TrainingLayers) -> None:
        super().__init__()
        self._training, self._layers = training, layers
        self._rows: SpotRows | None = None
        self._shown: tuple[object, str] = (None, "")
        self.bars = LossBars()
        self.strip = Strip(place_names(), self.tr("Steps of the training view"), timed=False)
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

    def _make_upper(self) -> QScrollArea:
        """Losses, places and words; they scroll where the window is low."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self.bars, self.strip, self.sentence, self.kept):
            column.addWidget(part)
        column.addStretch(1)
        self._upper = _Upper()
        self._upper.setWidget(body)
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
        self.table.pointed.connect(lambda item: training.hover(self._spot(item)))
        self.table.chosen.connect(lambda item: training.choose(self._spot(item)))
        self.table.narrowed.connect(lambda _kind, left: self._layers.narrow(self._rows, left))
        training.changed.connect(self._on_changed)
        training.busy_changed.connect(self._tell)
        training.active_changed.connect(self._on_changed)
        training.place_changed.connect(self._on_place)
        training.chosen_changed.connect(self._on_chosen)
        training.hovered_changed.connect(lambda: self.table.light(self._item(training.hovered)))

    # What a person does

    def draw_again(self) -> None:
        """Replay with the next seed."""
        self._training.set_seed(self._training.seed + 1)

    def _sort_by(self, bar: int) -> None:
        """The items of a loss, the costliest first."""
        self._training.set_place(LOSSES_PLACE)
        column = 1 if bar == SUM else _FIRST_LOSS + bar
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
            view = replayed.view
            steps = {name: step.count for name, step in replayed.steps.items()}
            counts = dict(
                zip(
                    PLACES,
                    (
                        len(view.objectness) + len(view.rois),
                        int((view.near_label > 0).sum()),
                        len(view.objectness),
                        *steps.values(),
                    ),
                    strict=True,
                )
            )
        self.strip.set_counts(counts, {}, {})
        self._on_place()
        self._tell()

    def _on_place(self) -> None:
        replayed, place = self._training.replayed, self._training.place
        self.strip.set_stage(place)
        row = self.strip.rectangle(place).translated(self.strip.pos())
        self._upper.ensureVisible(0, row.bottom(), 0, row.height())
        self._upper.ensureVisible(0, row.top(), 0, 0)
        self.sentence.setText("" if replayed is None else place_sentence(replayed, place))
        if self._shown != (replayed, place):
            self._shown = (replayed, place)
            self._rows = None if replayed is None else rows_of(replayed, place)
            rows = None if self._rows is None else self._rows.rows
            self.table.set_rows(rows, self._item(self._training.chosen))
        self._on_chosen()

    def _on_chosen(self) -> None:
        replayed = self._training.replayed
        self.table.choose(self._item(self._training.chosen))
        spot = None
        if replayed is not None and TARGET in OF_PLACE[self._training.place]:
            spot = self._layers.focus(replayed)
        text = "" if replayed is None or spot is None else mask_sentence(replayed, spot)
        self.kept.setText(text)
        self.kept.setVisible(bool(text))

    def _tell(self) -> None:
        """How far it is, who was left out; a sentence where there is nothing to see."""
        training, replayed = self._training, self._training.replayed
        self._state.setText(self.tr("replaying…") if training.busy else "")
        self.seed.setEnabled(training.has_labels)
        said: list[str] = []
        if replayed is not None:
            said = left_out_sentences(replayed)
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

    # The table tells its rows by number

    def _spot(self, item: object) -> Spot | None:
        if self._rows is None or not isinstance(item, Item):
            return None
        return self._rows.spot(item.index)

    def _item(self, spot: Spot | None) -> Item | None:
        number = None if spot is None or self._rows is None else self._rows.number(spot)
        return None if number is None else Item(BoxKind.PROPOSAL, number)


class TrainingSwitches(LayerRows):
    """The layers of the training view, for the page of layers; seen while it is looked at."""

    def __init__(self, training: Training, layers: TrainingLayers) -> None:
        titles = {
            "train_anchors": _tr("Anchors in training"),
            "train_rois": _tr("RoIs in training"),
            "train_arrows": _tr("What the deltas should be"),
            "train_target": _tr("Mask target"),
            "train_mask": _tr("Full mask"),
            "train_legend": _tr("Legend"),
        }
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
