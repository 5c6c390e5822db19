"""What a run will do: the request, filled in by the amount of data and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from core.codec import Codec, FieldError, pretty, wrong
from core.engine.config import ModelConfig
from core.learning.errors import LearningError
from core.learning.folder import NOT_A_RUN
from core.learning.schedule import RANGES, check_phases, phases_for, steps_for
from core.learning.spec import DEVICE, MOST_STEPS, MOST_THREADS, RunSpec
from core.storage import inside
from core.storage.atomic import write_atomic

_LEAST_SIDE: Final = 128
_DTYPES: Final = ("float32", "bfloat16", "float16")
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    **{name: bounds for name, bounds in RANGES.items() if name != "size"},
    "steps": (1, MOST_STEPS),
    "threads": (1, MOST_THREADS),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Every number of a run. Lengths are pixels of the resized image, shares 0 to 1."""

    steps: int
    seed: int
    batch: int
    side: int
    phases: tuple[tuple[int, float], ...]
    """Pairs of backbone stages that learn and share of the steps."""
    learning_rate: float
    backbone_rate: float
    warm_up: float
    clip: float
    weight_decay: float
    average: float
    flip: bool
    rotate: bool
    scale: float
    colour: bool
    copy_paste: float
    device: str
    dtype: str
    """`float32`, `bfloat16` or `float16`: the arithmetic of the convolutions."""
    threads: int
    planes: bool = False
    """Whether pyramid and RPN are laid out channel by channel, for the gradients of wide maps."""

    def __post_init__(self) -> None:
        """Hold what a file may say against what a machine can do. Raises FieldError."""
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise wrong(f"plan.{name}", f"expected {least:g} to {most:g}")
        check_phases(self.phases)
        if self.dtype not in _DTYPES:
            raise wrong("plan.dtype", f"expected one of {', '.join(_DTYPES)}")
        if DEVICE.fullmatch(self.device) is None:
            raise wrong("plan.device", "expected a device such as cpu")

    def stages(self, step: int) -> int:
        """How many stages of the backbone learn in a step, counted from 0."""
        passed = 0.0
        for stages, share in self.phases:
            passed += share * self.steps
            if step < passed - 1e-9:
                return stages
        return self.phases[-1][0]

    @property
    def most_stages(self) -> int:
        """How many stages of the backbone ever learn."""
        return max(stages for stages, share in self.phases if share > 0)

    def smaller(self) -> Plan | None:
        """The plan with half the batch, or smaller crops; None when nothing is left to give."""
        if self.batch > 1:
            return replace(self, batch=self.batch // 2)
        side = int(self.side * 0.7) // 32 * 32
        return replace(self, side=side) if side >= _LEAST_SIDE else None


PLAN: Final[Codec[Plan]] = Codec(Plan, "plan")


def make_plan(
    spec: RunSpec,
    config: ModelConfig,
    *,
    images: int,
    objects: int,
    new_network: bool,
    device: str,
    dtype: str,
    threads: int,
    planes: bool = False,
) -> Plan:
    """Fill in what the request leaves open; `images` and `objects` are those learned from."""
    asked = spec.schedule
    on_cpu = device == "cpu"
    side = min(max(256, -(-config.min_size // 32) * 32), 512 if on_cpu else 800)
    rate = 1e-3 if new_network else 5e-4
    return Plan(
        steps=spec.steps or steps_for(images, new_network=new_network),
        seed=spec.seed,
        batch=_or(asked.batch, 2 if on_cpu else 4),
        side=_or(asked.side, side),
        phases=_or(asked.phases, phases_for(images, objects, new_network=new_network)),
        learning_rate=_or(asked.learning_rate, rate),
        backbone_rate=_or(asked.backbone_rate, 0.2),
        warm_up=_or(asked.warm_up, 0.1),
        clip=_or(asked.clip, 5.0),
        weight_decay=_or(asked.weight_decay, 0.02),
        average=_or(asked.average, 0.95),
        flip=_or(asked.flip, True),
        rotate=_or(asked.rotate, False),
        scale=_or(asked.scale, 1.4),
        colour=_or(asked.colour, True),
        copy_paste=_or(asked.copy_paste, 0.0),
        device=device,
        dtype=dtype,
        threads=threads,
        planes=planes,
    )


def _or(chosen: Any, default: Any) -> Any:
    return default if chosen is None else chosen


def write_plan(path: Path, plan: Plan) -> None:
    """Write `plan.json`. Raises StorageError."""
    write_atomic(path, pretty(plan))


def read_plan(path: Path) -> Plan | None:
    """Read `plan.json`; None when the run was cut off before there was one."""
    try:
        return PLAN.decode(inside.read(path))
    except FileNotFoundError:
        return None
    except (OSError, FieldError) as error:
        raise LearningError(NOT_A_RUN.given(path=str(path.parent))) from error
