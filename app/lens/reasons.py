"""Why: was an instance missed, is a suggestion here, and where does the image or folder lose?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.base.jobs import Jobs, JobState
from app.base.tasks import Context, Task
from app.base.walk import Over, Walk
from app.base.words import error_text, sentence_text
from app.editor.workspace import Workspace
from app.engine.client import EngineClient, Question
from app.lens.layers import LensLayers
from app.lens.lens import Lens
from core.document.geometry import polygon_iou
from core.document.instance import Instance
from core.document.regions import comparable
from core.formats import labelme
from core.lens.evidence import BoxKind
from core.lens.false_positives import FalsePositive
from core.lens.funnel import Bar, funnel
from core.lens.items import Item
from core.lens.life import Cut
from core.lens.report import InstanceReport
from core.lens.verdict import Verdict
from core.project.project import ImageEntry
from core.protocol import Priority
from core.protocol.messages.lens import JudgeLens, LensJudged
from core.sentences import MasklensError, Sentence

ONE: Final = "lens:why"
HERE: Final = "lens:here"
IMAGE: Final = "lens:funnel"
FOLDER: Final = "lens:folder:"
AHEAD: Final = 2
STAGE_OF: Final = {
    Cut.PROPOSER: "proposer",
    Cut.ANCHORS: "anchors",
    Cut.RPN_TOPK: "decoded",
    Cut.RPN_SMALL: "decoded",
    Cut.RPN_NMS: "decoded",
    Cut.PROPOSAL_LIMIT: "decoded",
    Cut.BOX_HEAD: "box_head",
    Cut.CLASS: "box_head",
    Cut.SCORE: "candidates",
    Cut.NMS: "candidates",
    Cut.DETECTION_LIMIT: "candidates",
    Cut.MASK: "mask_logits",
}
"""Where one sees how an instance was lost."""
LIKELY: Final = 0.6
"""IoU from which a suggestion is taken for a detection of the trace."""

Labelled = tuple[ImageEntry, tuple[Instance, ...]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One instance of a funnel, and the image it is in."""

    path: Path
    report: InstanceReport


@dataclass(slots=True)
class Funnel:
    """The instances of an image or a folder; `total` images, `done` of them judged."""

    title: str
    total: int
    done: int
    instances: list[Judged]
    failed: int = 0

    def bars(self) -> tuple[Bar, ...]:
        """Instances alive, cut by cut."""
        return funnel(each.report.verdict.life for each in self.instances)

    def lost_at(self, bar: int) -> list[Judged]:
        """Who got to the bar before this one but not here; the first bar holds all."""
        if bar == 0:
            return self.instances
        return [each for each in self.instances if each.report.verdict.life.reached == bar - 1]


class Reasons(QObject):
    """`changed` when verdict, false positive or funnel are others."""

    changed = Signal()
    failed = Signal(str)
    said = Signal(str)

    def __init__(
        self,
        client: EngineClient,
        workspace: Workspace,
        lens: Lens,
        layers: LensLayers,
        jobs: Jobs,
    ) -> None:
        super().__init__(lens)
        self._client, self._workspace = client, workspace
        self._lens, self._layers, self._jobs = lens, layers, jobs
        self._wanted: tuple[str, Instance] | None = None
        self._walk: Walk[Labelled] | None = None
        self._reading: Task[list[Labelled]] | None = None
        self.shown_from: Callable[[], float] = lambda: 0.0
        """The score from which the window shows a suggestion."""
        self.instance: Instance | None = None
        self.report: InstanceReport | None = None
        self.false: FalsePositive | None = None
        self.detection: int | None = None
        self.funnel: Funnel | None = None
        workspace.image_changed.connect(self._on_image)
        workspace.project_changed.connect(self.cancel_folder)
        lens.trace_changed.connect(self._on_trace)

    @property
    def verdict(self) -> Verdict | None:
        """What became of the instance."""
        return None if self.report is None else self.report.verdict

    # Questions

    def why_missed(self, instance: Instance) -> None:
        """Ask what became of a person's instance, under the settings in force."""
        self._wanted = ("missed", instance)
        self._begin()

    def why_here(self, suggestion: Instance) -> None:
        """Ask where a suggestion comes from and whether it is right."""
        self._wanted = ("here", suggestion)
        self._begin()

    def why_detection(self, detection: int) -> None:
        """The same for a detection of the trace."""
        self.instance = self.report = self.false = None
        self.detection = detection
        self._lens.choose(Item(BoxKind.DETECTION, detection))
        self._layers.show_chain()
        self._judge(HERE, ())
        self.changed.emit()

    def try_remedy(self) -> None:
        """Run again with the setting that was offered, and ask again."""
        verdict, settings = self.verdict, self._lens.settings
        if verdict is None or verdict.remedy is None or settings is None or self.instance is None:
            return
        offered = verdict.remedy.setting
        self._wanted = ("missed", self.instance)
        self._lens.set_settings(settings.with_(**{offered.name: offered.value}))

    def clear(self) -> None:
        """Forget the last question."""
        self.instance = self.report = self.false = self.detection = None
        self.changed.emit()

    def _begin(self) -> None:
        """Put the question once there is a trace."""
        self._lens.set_active(True)
        if self._lens.trace is not None:
            self._put()

    def _on_trace(self) -> None:
        if self._lens.trace is not None and self._wanted is not None:
            self._put()

    def _put(self) -> None:
        wanted, self._wanted = self._wanted, None
        trace = self._lens.trace
        if wanted is None or trace is None:
            return
        kind, instance = wanted
        if kind == "missed":
            self.instance, self.report, self.false, self.detection = instance, None, None, None
            self._judge(ONE, (instance.id,))
            self.changed.emit()
            return
        best, overlap = -1, LIKELY
        for number, outline in enumerate(trace.polygons.outlines):
            if outline and trace.class_names[int(trace.detections.label[number]) - 1] == (
                instance.label
            ):
                shared = polygon_iou(outline, instance.polygons)
                if shared > overlap:
                    best, overlap = number, shared
        if best < 0:
            self.said.emit(
                self.tr("The model does not find this suggestion with the settings in force.")
            )
        else:
            self.why_detection(best)

    def judge_image(self) -> None:
        """The funnel of the open image."""
        document, path = self._workspace.document, self._workspace.path
        if document is None or path is None:
            return
        self.cancel_folder()
        self.funnel = Funnel(path.name, 1, 0, [])
        self._judge(IMAGE, ())
        self.changed.emit()

    def judge_folder(self) -> None:
        """The funnel of all labelled images, in the background."""
        project = self._workspace.project
        if project is None or self._walk is not None:
            return
        images = self._workspace.images
        document, open_path = self._workspace.document, self._workspace.path
        here = () if document is None else comparable(document.shapes)
        self.funnel = Funnel(project.root.name, 0, 0, [])

        def read(context: Context) -> list[Labelled]:
            found = []
            for image in images:
                context.check()
                instances = here if image.path == open_path else labels_of(image)
                if any(not each.crowd for each in instances):
                    found.append((image, instances))
            return found

        def start(found: list[Labelled]) -> None:
            if self.funnel is not None:
                self.funnel.total = len(found)
            walk.start(found)

        def failed(error: Exception) -> None:
            walk.job.end(JobState.FAILED, error_text(error))
            walk.stop()

        walk = self._walk = Walk(
            self._jobs, self.tr("Looking for losses"), self._judge_labelled, self._end, ahead=AHEAD
        )
        self._reading = self._workspace.tasks.run(read, done=start, failed=failed)
        self.changed.emit()

    def cancel_folder(self) -> None:
        """Stop the walk through the folder; what is known stays."""
        if self._walk is not None and self._reading is not None:
            self._reading.cancel()
            self._walk.stop()

    @property
    def has_labels(self) -> bool:
        """Whether a person has labelled anything in the open image."""
        document = self._workspace.document
        return document is not None and bool(document.instances)

    @property
    def folder_running(self) -> bool:
        """Whether the folder is being gone through."""
        return self._walk is not None

    # Walking

    def _judge_labelled(self, labelled: Labelled, over: Over) -> Question:
        image, instances = labelled
        request = JudgeLens(
            0,
            f"{FOLDER}{image.relative}",
            Priority.BATCH,
            path=str(image.path),
            settings=self._lens.settings,
            instances=instances,
            keep=False,
        )

        def done(answer: LensJudged) -> None:
            self._count(request, answer)
            over("")
            self.changed.emit()

        def failed(sentence: Sentence) -> None:
            if self.funnel is not None:
                self.funnel.done += 1
                self.funnel.failed += 1
            over(sentence_text(sentence))
            self.changed.emit()

        return self._client.ask(request, done=done, failed=failed, cancelled=lambda: over(""))

    def _end(self, walk: Walk[Labelled]) -> None:
        self._walk = None
        if walk.stopped:
            walk.job.end(JobState.CANCELLED, self.tr("stopped"))
        elif self.funnel is not None:
            text = self.tr("%n instance(s) judged", "", len(self.funnel.instances))
            walk.job.end(JobState.DONE, text)
        self.changed.emit()

    def _judge(self, purpose: str, only: tuple[str, ...]) -> None:
        document, path = self._workspace.document, self._workspace.path
        if document is None or path is None:
            return
        request = JudgeLens(
            0,
            purpose,
            path=str(path),
            settings=self._lens.settings,
            instances=comparable(document.shapes),
            only=only,
        )
        self._client.ask(
            request,
            done=lambda answer: self._on_answer(request, answer),
            failed=lambda sentence: self.failed.emit(sentence_text(sentence)),
        )

    # Answers

    def _on_answer(self, request: JudgeLens, answer: LensJudged) -> None:
        if Path(request.path) == self._workspace.path:
            if request.purpose == IMAGE:
                self._count(request, answer)
            elif request.purpose == ONE and answer.report.instances:
                self._take(answer.report.instances[0])
            elif request.purpose == HERE:
                every = answer.report.false_positives
                fits = [each for each in every if each.detection == self.detection]
                self.false = fits[0] if fits else None
        self.changed.emit()

    def _take(self, report: InstanceReport) -> None:
        verdict = report.verdict
        if self.instance is None or verdict.instance.id != self.instance.id:
            return
        self.report = report
        self._lens.set_stage("polygons" if verdict.cut is None else STAGE_OF[verdict.cut])
        seen = verdict.evidence.closest
        if verdict.detection is not None:
            self._lens.choose(Item(BoxKind.DETECTION, verdict.detection))
        elif seen is not None:
            self._lens.choose(Item(seen.kind, seen.index))
        self._layers.show_chain(self.instance.polygons)

    def _count(self, request: JudgeLens, answer: LensJudged) -> None:
        if self.funnel is None:
            return
        self.funnel.done += 1
        path = Path(request.path)
        self.funnel.instances += [Judged(path, each) for each in answer.report.instances]

    def _on_image(self) -> None:
        self._wanted = None
        if self.instance is not None or self.detection is not None:
            self.clear()


def labels_of(image: ImageEntry) -> tuple[Instance, ...]:
    """What is labelled in an image that is not open; nothing where it cannot be read."""
    try:
        shapes = labelme.read(image.label_file).shapes if image.label_file.exists() else ()
        return comparable(shapes)
    except (MasklensError, OSError):
        return ()
