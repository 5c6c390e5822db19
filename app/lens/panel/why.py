"""Why: the sentence, the evidence, the setting that would help; and the funnel of losses."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.base.words import count_text, sentence_text, setting_text, text_of
from app.lens.lens import Lens
from app.lens.reasons import Funnel, Judged, Reasons
from app.widgets.bars import Bars
from app.widgets.form import clear_rows
from app.widgets.scroll_page import UpperPart
from core.lens.funnel import LABELLED, Bar, funnel
from core.lens.life import Cut
from core.lens.lineage import in_words, lineage
from core.lens.report import InstanceReport
from core.lens.trace import Trace
from core.lens.views.verdicts import numbers
from core.lens.words import cut_off


class WhyPage(QScrollArea):
    """The answer to the last question."""

    asked_missed = Signal()
    asked_here = Signal()

    def __init__(self, lens: Lens, reasons: Reasons) -> None:
        super().__init__()
        self._lens, self._reasons = lens, reasons
        self._sentence = _wrapped()
        font = self._sentence.font()
        font.setBold(True)
        self._sentence.setFont(font)
        self._more = _wrapped()
        self._evidence = QFormLayout()
        self._evidence.setContentsMargins(0, 4, 0, 0)
        self._remedy = QPushButton()
        self._remedy.clicked.connect(reasons.try_remedy)
        missed = QPushButton(self.tr("Why was this missed?"))
        missed.setToolTip(self.tr("Ask for the selected instance"))
        missed.clicked.connect(self.asked_missed)
        here = QPushButton(self.tr("Why is this here?"))
        here.setToolTip(self.tr("Ask for the picked suggestion or the chosen detection"))
        here.clicked.connect(self.asked_here)
        buttons = QHBoxLayout()
        buttons.addWidget(missed)
        buttons.addWidget(here)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(buttons)
        column.addWidget(self._sentence)
        column.addWidget(self._remedy)
        column.addWidget(self._more)
        column.addLayout(self._evidence)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        reasons.changed.connect(self.refresh)
        lens.trace_changed.connect(self.refresh)
        self.refresh()

    @property
    def remedy(self) -> QPushButton:
        """The button that tries the setting which would help."""
        return self._remedy

    @property
    def text(self) -> str:
        """What is said at the top."""
        return self._sentence.text()

    def refresh(self) -> None:
        """Show the answer as it is now."""
        clear_rows(self._evidence)
        self._remedy.hide()
        report, trace = self._reasons.report, self._lens.trace
        if report is not None:
            self._show_report(report)
        elif self._reasons.instance is not None:
            self._say(self.tr("Looking…"), "")
        elif self._reasons.detection is not None and trace is not None:
            detection = self._reasons.detection
            if detection >= len(trace.detections.label):
                self._say("", "")
                return
            false = self._reasons.false
            lines = _lineage(trace, detection)
            head = self.tr("Detection {n} stands for a labelled instance, or nothing tells.")
            text = head.format(n=detection + 1) if false is None else sentence_text(false.sentence)
            self._say(text if self._reasons.has_labels else lines[-2] if lines else "", lines)
        else:
            self._say("", self.tr("Select one of your instances, or pick a suggestion, and ask."))

    def _show_report(self, report: InstanceReport) -> None:
        verdict = report.verdict
        first, *rest = (sentence_text(each) for each in report.sentences)
        hidden = self._hidden(verdict.detection)
        if hidden:
            rest.insert(0, hidden)
        self._say(first, rest)
        for name, value in numbers(verdict.evidence):
            self._evidence.addRow(text_of(name), QLabel(value))
        if verdict.remedy is not None:
            setting = verdict.remedy.setting
            text = self.tr("Try {name} = {value}")
            self._remedy.setText(text.format(name=setting.name, value=setting_text(setting.value)))
            self._remedy.show()

    def _hidden(self, detection: int | None) -> str:
        """What is said of an instance that was found but whose suggestion the slider hides."""
        trace, least = self._lens.trace, self._reasons.shown_from()
        if detection is None or trace is None or detection >= len(trace.detections.score):
            return ""
        score = float(trace.detections.score[detection])
        if score >= least:
            return ""
        return self.tr(
            "The suggestion is not shown: its score is {score}, and the score slider stands at "
            "{least}."
        ).format(score=f"{cut_off(score, 2):.2f}", least=f"{least:.2f}")

    def _say(self, head: str, rest: str | list[str]) -> None:
        self._sentence.setText(head)
        self._sentence.setVisible(bool(head))
        self._more.setText(rest if isinstance(rest, str) else "\n\n".join(rest))


class FunnelBars(Bars):
    """Bars of instances alive, cut by cut; `chosen` carries the bar whose losses are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Instances alive behind each cut"))
        self._titles: dict[str, str] = {
            LABELLED: self.tr("Labelled"),
            Cut.PROPOSER: self.tr("Proposer"),
            Cut.ANCHORS: self.tr("Anchors"),
            Cut.RPN_TOPK: self.tr("RPN top-k"),
            Cut.RPN_SMALL: self.tr("RPN size"),
            Cut.RPN_NMS: self.tr("RPN NMS"),
            Cut.PROPOSAL_LIMIT: self.tr("Proposal limit"),
            Cut.BOX_HEAD: self.tr("Box head"),
            Cut.CLASS: self.tr("Class"),
            Cut.SCORE: self.tr("Score"),
            Cut.NMS: self.tr("Last NMS"),
            Cut.DETECTION_LIMIT: self.tr("Detection limit"),
            Cut.MASK: self.tr("Mask: found"),
        }
        self._bars: list[int] = []
        self._names = tuple(self._titles[bar.stage] for bar in funnel(()))

    def set_bars(self, bars: Sequence[Bar]) -> None:
        """Show how many instances are alive behind each cut."""
        self._bars = [bar.alive for bar in bars]
        self._names = tuple(self._titles[bar.stage] for bar in bars)
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, count and what was lost."""
        painter = QPainter(self)
        metrics, row = self.fontMetrics(), self._row()
        names = max(metrics.horizontalAdvance(f"{name}  ") for name in self._names) + 8
        palette = self.palette()
        most = max(self._bars, default=0) or 1
        numbers = self.fontMetrics().horizontalAdvance("00,000  −00,000")
        room = max(self.width() - names - numbers - 8, 20)
        middle = Qt.AlignmentFlag.AlignVCenter
        for place, name in enumerate(self._names):
            y = 2 + place * row
            if place == self._at and self._bars:
                painter.fillRect(0, y, self.width(), row, palette.alternateBase())
            painter.setPen(palette.windowText().color())
            painter.drawText(QRect(8, y, names, row), middle, name)
            if not self._bars:
                continue
            alive = self._bars[place]
            wide = round(room * alive / most)
            painter.fillRect(names, y + 3, room, row - 6, palette.midlight())
            painter.fillRect(names, y + 3, wide, row - 6, palette.highlight())
            text = count_text(alive)
            lost = self._bars[place - 1] - alive if place else 0
            if lost:
                text += f"  −{count_text(lost)}"
            painter.drawText(QRect(names + room + 6, y, numbers, row), middle, text)
        painter.end()


class FunnelPage(QWidget):
    """`opened` carries a Judged instance that a person wants to see."""

    opened = Signal(object)

    def __init__(self, reasons: Reasons) -> None:
        super().__init__()
        self._reasons = reasons
        self._bar = 0
        self.bars = FunnelBars()
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Instances lost at the chosen cut"))
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(self._open)
        self.list.itemClicked.connect(self._open)
        self._title = _wrapped()
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._image = QPushButton(self.tr("This image"))
        self._folder = QPushButton(self.tr("Whole folder"))
        self._image.clicked.connect(reasons.judge_image)
        self._folder.clicked.connect(self._on_folder)
        buttons = QHBoxLayout()
        buttons.addWidget(self._image)
        buttons.addWidget(self._folder)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 4)
        column.addLayout(buttons)
        column.addWidget(self._title)
        self.list.setMinimumHeight(60)
        column.addWidget(UpperPart(self.bars))
        column.addWidget(self.list, 1)
        self.bars.chosen.connect(self._on_bar)
        reasons.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the funnel as far as it is known."""
        running = self._reasons.folder_running
        self._folder.setText(self.tr("Stop") if running else self.tr("Whole folder"))
        funnel = self._reasons.funnel
        if funnel is None:
            self._title.setText(self.tr("Where are labelled instances lost, cut by cut?"))
            return
        self._title.setText(self._describe(funnel))
        self.bars.set_bars(funnel.bars())
        self._fill()

    def _describe(self, funnel: Funnel) -> str:
        text = self.tr("{name}: {done} of {total} labelled images").format(
            name=self._short(funnel.title),
            done=count_text(funnel.done),
            total=count_text(funnel.total),
        )
        if funnel.failed:
            text += " · " + self.tr("%n could not be read", "", funnel.failed)
        return text

    def _short(self, name: str) -> str:
        """A name that has room on a line, cut in the middle where it is too long."""
        room = max(self.width() - 32, 160)
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names are cut to the new width."""
        super().resizeEvent(event)
        self.refresh()

    def _on_folder(self) -> None:
        if self._reasons.folder_running:
            self._reasons.cancel_folder()
        else:
            self._reasons.judge_folder()

    def _on_bar(self, bar: int) -> None:
        self._bar = bar
        self._fill()

    def _fill(self) -> None:
        funnel = self._reasons.funnel
        lost = [] if funnel is None else funnel.lost_at(self._bar)
        self.list.clear()
        for each in lost[:1000]:
            head = self._short(f"{each.path.name} · {each.report.verdict.instance.label}")
            item = QListWidgetItem(f"{head}\n{sentence_text(each.report.sentences[0])}")
            item.setToolTip(str(each.path))
            item.setData(Qt.ItemDataRole.UserRole, each)
            self.list.addItem(item)

    def _open(self, item: QListWidgetItem) -> None:
        lost = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(lost, Judged):
            self.opened.emit(lost)


def _lineage(trace: Trace, detection: int) -> list[str]:
    """The lineage of a detection as sentences; empty while its mask is on the way."""
    if detection >= len(trace.mask_logits.level):
        return []
    said = in_words(lineage(trace, detection), trace.roi_levels.canonical_size)
    return [sentence_text(sentence) for sentence in said]


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label
