"""The end of a run: choose the weights, write the model, measure it, report."""

from __future__ import annotations

from typing import Final

from core.engine.predict import Predictor
from core.engine.train.changes import change_of
from core.engine.train.learning import Learning
from core.engine.train.measuring import Measurement, judged, measure_closely
from core.engine.train.prepare import Ready
from core.engine.train.telling import Teller
from core.engine.weights import load_file, save_model
from core.learning.classes import LEARNED_CLASSES
from core.learning.events import Measured
from core.learning.folder import RunFolder
from core.learning.frozen import FrozenImage
from core.learning.report import ImageChange, Kind, Report, write_report
from core.sentences import say

_TRUST_THE_END: Final = 0.01
"""The weights of the end are kept unless earlier ones were better by more than this AP."""


def finish(run: RunFolder, ready: Ready, learning: Learning, teller: Teller) -> Report:
    """Write `model.pt` and `report.json`. Raises StorageError when the disk
    refuses, and LearningError when all images have gone: nothing could be said of the outcome."""
    trainer, plan = learning.trainer, learning.trainer.plan
    ready.stream.check_images()
    if ready.labels.numbers(held_out=True):
        early = learning.best.step
        learning.consider(averaged=plan.average > 0, margin=_TRUST_THE_END)
        if plan.average > 0:
            learning.consider(averaged=False)
        kept = bool(learning.best.weights) and learning.best.step == early
        if kept and early < trainer.step:
            teller.note(
                say(
                    "learning.best_kept",
                    "The network was better after step {step} than at the end, so that one was "
                    "kept.",
                    step=learning.best.step,
                )
            )
    averaged = plan.average > 0
    if learning.best.weights:
        trainer.put(learning.best.weights)
        averaged = learning.best.averaged
    elif averaged:
        trainer.put(trainer.average.values)
    start = ready.start
    extra = {
        LEARNED_CLASSES: start.loaded.extra[LEARNED_CLASSES],
        "run": run.id,
        "base": start.base_revision,
        "steps": trainer.step,
        "images": len(ready.labels.numbers(held_out=False)),
        "instances": ready.labels.objects(held_out=False),
    }
    save_model(run.model_file, trainer.model, start.loaded.config, extra)
    seconds = learning.seconds
    model = load_file(run.model_file, backbone=ready.spec.backbone)
    predictor = Predictor(model, device=plan.device, precision=ready.spec.precision)
    after = _measure_after(run, ready, predictor, teller)
    report = Report(
        steps=trainer.step,
        seconds=round(seconds, 3),
        base=start.base_revision,
        model=model.revision,
        classes=start.loaded.config.class_names,
        reused=start.reused,
        averaged=averaged,
        before=None if ready.before is None else ready.before.in_full(),
        after=None if after is None else after.in_full(),
        images=_changes(ready, after),
        judged_by=_judged_by(ready, after),
    )
    write_report(run.report_file, report)
    return report


def _judged_by(ready: Ready, after: Measurement | None) -> Kind:
    """What the figures of the report stand or fall with."""
    if after is None or after.evaluation is None:
        return Kind.MASK if ready.start.loaded.config.draws_masks else Kind.BOX
    return judged(ready.start.loaded.config, after.evaluation)[0]


def _measure_after(
    run: RunFolder, ready: Ready, predictor: Predictor, teller: Teller
) -> Measurement | None:
    if ready.before is None:
        return None
    held_out = ready.labels.images(held_out=True)
    after = measure_closely(predictor, held_out, teller.note, run.seen_after_file)
    figures = after.in_full()
    if figures is not None:
        teller.tell(Measured(after=True, figures=figures))
    return after


def _changes(ready: Ready, after: Measurement | None) -> tuple[ImageChange, ...]:
    """The held-out images that were read both times, the one that gained most first."""
    if ready.before is None or after is None:
        return ()
    before = ready.before.found
    images: list[FrozenImage] = [
        image
        for image in ready.labels.images(held_out=True)
        if image.key in before and image.key in after.found
    ]
    changes = [change_of(image, before[image.key], after.found[image.key]) for image in images]
    return tuple(sorted(changes, key=lambda one: -one.change))
