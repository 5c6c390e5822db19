"""Looking at an image with two models, the one that a run started from and the one it made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.document.instance import Instance
from core.engine.jobs import Job
from core.engine.predict import Predictor
from core.engine.weights import load_model
from core.learning.seen import CERTAIN
from core.lru import Lru
from core.protocol.messages.comparing import Compare, Compared
from core.sentences import MasklensError, say
from core.storage.images import read_image

_KEPT: Final = 2

Report = Callable[[str, int, int], None]


class CompareError(MasklensError):
    """A model is not what it was when the run ended."""


class CompareAnswers:
    """Keeps the models that were compared last, apart from the one in use."""

    def __init__(self) -> None:
        self._kept: Lru[str, Predictor] = Lru(_KEPT)

    def compare(
        self, in_use: Predictor | None, request: Compare, job: Job, report: Report
    ) -> Compared:
        """What both models see. Raises ImageError, ModelFileError, CompareError."""
        pixels = read_image(Path(request.path)).pixels
        report("compare", 0, 2)
        before = self._model(
            in_use, request.before, request.before_revision, request.arch, request.backbone
        )
        seen_before = _look(before, pixels, job)
        report("compare", 1, 2)
        after = self._model(in_use, request.after, request.after_revision, None, request.backbone)
        return Compared(request.id, seen_before, _look(after, pixels, job))

    def _model(
        self,
        in_use: Predictor | None,
        spec: str,
        revision: str,
        arch: str | None,
        backbone: str | None,
    ) -> Predictor:
        if in_use is not None and in_use.loaded.revision == revision:
            return in_use
        kept = self._kept.get(revision)
        if kept is not None:
            return kept
        loaded = load_model(spec, arch=arch, backbone=backbone)
        if loaded.revision != revision:
            loaded = loaded.network  # what was trained is the network without its proposer
        if loaded.revision != revision:
            raise CompareError(
                say(
                    "learning.model_changed",
                    "The model {name} is not the one that the run began or ended with.",
                    name=loaded.name,
                )
            )
        device = "auto" if in_use is None else str(in_use.device)
        made = self._kept[revision] = Predictor(loaded, device=device, may_measure=False)
        return made


def _look(predictor: Predictor, pixels: NDArray[np.uint8], job: Job) -> tuple[Instance, ...]:
    found = predictor.predict(pixels, cancelled=job.should_stop).instances
    return tuple(each for each in found if (each.score or 0.0) >= CERTAIN)
