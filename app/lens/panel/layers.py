"""The layers of the lens: a switch, a count and an opacity each, and what a stage lets choose."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.base.words import count_text, text_of
from app.lens.layers import LEGEND, LensLayers
from app.lens.lens import Lens
from app.lens.panel.layer_rows import LayerRows
from core.lens.pictures import PictureKind
from core.lens.trace import BACKBONE_LEVELS, PYRAMID_LEVELS
from core.lens.views import LAYERS, has_layer
from core.lens.views.common import one_level


class LayersPage(QScrollArea):
    """One row a layer, and below them the options."""

    def __init__(self, lens: Lens, layers: LensLayers) -> None:
        super().__init__()
        self._lens, self._layers = lens, layers
        names = {name: text_of(view.title) for name, view in LAYERS.items()}
        names[LEGEND] = self.tr("Legend")
        self._rows = LayerRows(names, layers.all, layers.set_visible, layers.set_opacity)
        body = self._body = QWidget()
        column = self._column = QVBoxLayout(body)
        column.setContentsMargins(8, 6, 6, 6)
        column.addWidget(self._rows)
        self._form = self._make_options()
        column.addLayout(self._form)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layers.changed.connect(self.refresh)
        lens.trace_changed.connect(self._on_trace)

    def add_rows(self, rows: QWidget) -> None:
        """Put more rows of layers above the others."""
        self._column.insertWidget(0, rows)

    def _make_options(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 8, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        kinds = (
            (self.tr("norm"), PictureKind.NORM),
            (self.tr("one channel"), PictureKind.CHANNEL),
            (self.tr("three principal components"), PictureKind.COMPONENTS),
        )
        self._kind = self._choice(kinds, lambda v: {"feature_kind": v})
        self._channel = QSpinBox()
        self._channel.setRange(0, 4095)
        self._channel.valueChanged.connect(lambda value: self._set(channel=value))
        backbone = tuple((name, n) for n, name in enumerate(BACKBONE_LEVELS))
        pyramid = tuple((name, n) for n, name in enumerate(PYRAMID_LEVELS))
        every = ((self.tr("all"), None),)
        self._backbone = self._choice(backbone, lambda v: {"backbone_level": v}, 1)
        self._pyramid = self._choice(pyramid, lambda v: {"pyramid_level": v}, 1)
        steps = (
            (self.tr("after the 3 × 3: as it goes on"), ""),
            (self.tr("after the lateral 1 × 1"), "lateral"),
            (self.tr("after the sum"), "sum"),
        )
        self._step = self._choice(steps, lambda v: {"pyramid_step": v})
        self._objectness = self._choice(pyramid, lambda v: {"objectness_level": v}, 1)
        self._anchors = self._choice((*every, *pyramid), lambda v: {"anchor_level": v})
        self._shapes = self._choice(every, lambda v: {"anchor_shape": v})
        colours = (
            (self.tr("cell under the pointer"), "cell"),
            (self.tr("objectness"), "objectness"),
            (self.tr("fate"), "fate"),
            (self.tr("level"), "level"),
            (self.tr("match with the labels"), "match"),
        )
        self._colour = self._choice(colours, lambda v: {"anchor_colour": v})
        self._colour.setToolTip(
            self.tr("Match: green positive, yellow ignored, pink forced, grey negative")
        )
        self._bins = self._choice(
            ((self.tr("7 × 7, box head"), 7), (self.tr("14 × 14, mask head"), 14)),
            lambda v: {"bins": v},
        )
        self._label = self._choice(((self.tr("its own"), 0),), lambda v: {"mask_label": v})
        most = tuple((count_text(n), n) for n in (30, 100, 300, 1000))
        self._most = self._choice(most, lambda v: {"most": v}, 2)
        self._most.setToolTip(self.tr("How many boxes of a stage are drawn: the strongest"))
        self._fields: dict[QWidget, str] = {}
        for title, field, layer in (
            (self.tr("Boxes at most"), self._most, "detections"),
            (self.tr("Feature map"), self._kind, "features"),
            (self.tr("Channel"), self._channel, "features"),
            (self.tr("Backbone"), self._backbone, "features"),
            (self.tr("Pyramid"), self._pyramid, "features"),
            (self.tr("Step of the pyramid"), self._step, "features"),
            (self.tr("Objectness"), self._objectness, "objectness"),
            (self.tr("Anchors of"), self._anchors, "anchors"),
            (self.tr("Shape"), self._shapes, "anchors"),
            (self.tr("Colour by"), self._colour, "anchors"),
            (self.tr("RoIs read into"), self._bins, "sampling"),
            (self.tr("Mask of"), self._label, "mask_logits"),
        ):
            field.setAccessibleName(title)
            form.addRow(title, field)
            self._fields[field] = layer
        return form

    def _choice(self, entries: object, change: object, at: int = 0) -> QComboBox:
        box = QComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for title, value in entries:  # type: ignore[attr-defined]
            box.addItem(title, value)
        box.setMinimumContentsLength(8)
        box.setCurrentIndex(at)
        box.currentIndexChanged.connect(
            lambda _index: self._set(**change(box.currentData()))  # type: ignore[operator]
        )
        return box

    def _set(self, **changes: object) -> None:
        self._layers.set_options(replace(self._layers.options, **changes))  # type: ignore[arg-type]

    def refresh(self) -> None:
        """Follow switches and counts."""
        self._rows.refresh()

    def _on_trace(self) -> None:
        trace = self._lens.trace
        self._body.setEnabled(trace is not None)
        if trace is None:
            return
        self._rows.show_only(lambda name: name in (LEGEND, "chain") or has_layer(trace, name))
        for field, layer in self._fields.items():
            self._form.setRowVisible(field, has_layer(trace, layer))
        for box, count in ((self._label, trace.class_names), (self._shapes, None)):
            names: list[tuple[str, object]] = []
            if count is not None:
                names = [(name, n + 1) for n, name in enumerate(count)]
            else:
                names = [(str(n + 1), n) for n in range(trace.anchors.per_cell)]
            if [box.itemText(n) for n in range(1, box.count())] != [name for name, _ in names]:
                with QSignalBlocker(box):
                    while box.count() > 1:
                        box.removeItem(1)
                    for name, value in names:
                        box.addItem(name, value)
        alone = one_level(trace)
        for box in (self._pyramid, self._objectness, self._anchors):
            box.setEnabled(alone is None)  # else there is one level to see
        deepest = max((each.shape[0] for each in trace.backbone.maps), default=1)
        self._channel.setMaximum(max(deepest, 1) - 1)
