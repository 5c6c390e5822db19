"""The samples of a run in their order. A step's batch depends on seed and step alone.

So a run that goes on sees exactly what it would have seen, and threads may work ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.engine.config import ModelConfig
from core.engine.losses import Target
from core.engine.train.mixing import paste
from core.engine.train.plan import Plan
from core.engine.train.sample import Sample, make_sample
from core.learning.errors import LearningError
from core.learning.frozen import FrozenImage, FrozenLabels
from core.lru import Lru
from core.sentences import Sentence, say
from core.storage.images import ImageError, read_image

_CACHE_BYTES: Final = 256 * 2**20
_AHEAD: Final = 2
_IMAGES_GONE: Final = say(
    "learning.images_gone",
    "None of the images to learn from can be read any more. Were they moved or taken away?",
)


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """What a step learns from."""

    images: list[Tensor]
    targets: list[Target]


class Pictures:
    """Decoded images; the last ones used stay in memory, up to a limit in bytes."""

    def __init__(self, limit: int = _CACHE_BYTES) -> None:
        self._held: Lru[str, NDArray[np.uint8]] = Lru(limit, lambda pixels: pixels.nbytes)
        self._guard = Lock()

    def get(self, image: FrozenImage) -> NDArray[np.uint8]:
        """The pixels of an image. Raises ImageError."""
        with self._guard:
            held = self._held.get(image.key)
        if held is not None:
            return held
        pixels = read_image(image.path).pixels
        with self._guard:
            self._held[image.key] = pixels
        return pixels


class Stream:
    """Makes the batch of any step. `on_problem` hears once of each image that cannot be read."""

    def __init__(
        self,
        labels: FrozenLabels,
        config: ModelConfig,
        on_problem: Callable[[Sentence], None],
    ) -> None:
        self._labels = labels
        self._config = config
        self._numbers = labels.numbers(held_out=False)
        self._gone: set[int] = set()
        self._pictures = Pictures()
        self._on_problem = on_problem
        self._guard = Lock()

    def batch(self, step: int, plan: Plan) -> TrainingBatch:
        """The batch of a step, counted from 0. Raises LearningError when no image is left."""
        samples = [self._sample(step * plan.batch + k, plan) for k in range(plan.batch)]
        return TrainingBatch([s.image for s in samples], [s.target() for s in samples])

    def check_images(self) -> None:
        """Raise LearningError when no image of the run, of either side, is there any more."""
        if not any(self._labels.read(n).path.exists() for n in range(len(self._labels))):
            raise LearningError(_IMAGES_GONE)

    def _sample(self, position: int, plan: Plan) -> Sample:
        rng = np.random.default_rng((plan.seed, position))
        sample = self._view(position, plan, rng)
        if plan.copy_paste > 0 and rng.random() < plan.copy_paste:
            other = int(rng.integers(0, len(self._numbers)))
            sample = paste(sample, self._view(other, plan, rng), rng)
        return sample

    def _view(self, position: int, plan: Plan, rng: np.random.Generator) -> Sample:
        """The sample of an image; one that cannot be read is passed over for the next."""
        count = len(self._numbers)
        for further in range(count):
            number = _place(self._numbers, position + further, plan.seed)
            if number in self._gone:
                continue
            image = self._labels.read(number)
            try:
                pixels = self._pictures.get(image)
                _check_size(image, pixels)
            except ImageError as error:
                self._lose(number, error.sentence)
                continue
            return make_sample(image, pixels, self._config, plan, rng)
        raise LearningError(_IMAGES_GONE)

    def _lose(self, number: int, why: Sentence) -> None:
        with self._guard:
            new = number not in self._gone
            self._gone.add(number)
        if new:
            self._on_problem(why)


def _check_size(image: FrozenImage, pixels: NDArray[np.uint8]) -> None:
    if pixels.shape[:2] != (image.height, image.width):
        raise ImageError(
            say(
                "learning.image_changed",
                "{path} has another size than when the run began.",
                path=str(image.path),
            )
        )


def _place(numbers: Sequence[int], position: int, seed: int) -> int:
    """Which image comes at a position: each epoch goes through all of them in another order."""
    epoch, place = divmod(position, len(numbers))
    order = np.random.default_rng((seed, epoch, 1)).permutation(len(numbers))
    return numbers[int(order[place])]


def batches(stream: Stream, first: int, plan: Plan, threads: int) -> Iterator[TrainingBatch]:
    """The batches from step `first` to the end; threads, if any, work some steps ahead."""
    if threads < 1:
        yield from (stream.batch(step, plan) for step in range(first, plan.steps))
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[TrainingBatch]] = deque()
        following = iter(range(first, plan.steps))
        try:
            for step in following:
                waiting.append(pool.submit(stream.batch, step, plan))
                if len(waiting) > threads * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
