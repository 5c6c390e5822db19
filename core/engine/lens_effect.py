"""What settings of the lens do to the AP of a model: images counted in one by one.

Before and after are matched by `core.engine.evaluate` and share a trace: only what follows from the
settings is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from core.document.instance import Instance
from core.engine.evaluate import Evaluation, Evaluator, Figures
from core.engine.lens_rerun import Rerunner
from core.engine.pipeline import Run
from core.engine.predict import Prediction, Predictor
from core.lens.settings import StageSettings
from core.lens.trace import Trace
from core.protocol.messages.lens_effect import EffectRow, Precision
from core.sentences import MasklensError, say

_NOTHING: Final = say(
    "lens.nothing_to_measure",
    "The done images hold no instance, so there is nothing that AP could be measured on.",
)
_BEGUN_ANEW: Final = say(
    "lens.measuring_lost",
    "The engine or the model was changed while images were measured. Ask again.",
)


class EffectError(MasklensError):
    """There are no figures."""


class Effect:
    """Gathers images under the model's own settings and under others."""

    def __init__(self, measuring: str, predictor: Predictor, settings: StageSettings) -> None:
        self.measuring, self.predictor, self.settings = measuring, predictor, settings
        loaded = predictor.loaded
        self.own = loaded.config.settings
        self._before, self._after = (
            Evaluator(loaded.class_names, one.mask, loaded.config.skeleton)
            for one in (self.own, settings)
        )
        self.images = 0

    def add(
        self,
        traced: Rerunner,
        instances: Sequence[Instance],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Count an image in. `check` is called in between and may raise: then it counts nowhere."""
        before = prediction_of(self.predictor, traced.quick(self.own))
        check()
        after = prediction_of(self.predictor, traced.quick(self.settings))
        check()
        self._before.add(instances, before)
        self._after.add(instances, after)
        self.images += 1

    @property
    def instances(self) -> int:
        """How many instances count."""
        return self._before.instances

    def rows(self) -> tuple[EffectRow, ...]:
        """The figures of both sides. Raises EffectError where nothing is labelled."""
        if not self.instances:
            raise EffectError(_NOTHING)
        before, after = _kinds(self._before.evaluate()), _kinds(self._after.evaluate())
        return tuple(
            EffectRow(kind, _precision(one), _precision(after[kind]))
            for kind, one in before.items()
            if kind in after
        )


def of(known: Effect | None, measuring: str, predictor: Predictor, images: int) -> Effect:
    """What was measured, when it is still whole. Raises EffectError."""
    if (
        known is None
        or known.predictor is not predictor
        or (known.measuring, known.images) != (measuring, images)
    ):
        raise EffectError(_BEGUN_ANEW)
    return known


def prediction_of(predictor: Predictor, trace: Trace) -> Prediction:
    """The prediction that a whole trace belongs to."""
    done = Run(
        trace.input, trace.detections, trace.mask_logits, trace.polygons, None, trace.keypoints
    )
    return predictor.as_prediction(done, {})


def _kinds(done: Evaluation) -> dict[str, Figures]:
    found = {"box": done.box, "mask": done.mask}
    return found if done.keypoints is None else {**found, "keypoints": done.keypoints}


def _precision(figures: Figures) -> Precision:
    return Precision(figures.ap, figures.ap50)
